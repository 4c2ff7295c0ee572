"""How often shuffled labels stop a workflow: `python benchmarks/power.py [TRIALS [FIRST]]`.

Four data sets that scikit-learn ships, as CSV files, with their target shuffled, each trial with
another seed; then the same four as they are, which must pass. The target of the digits is whether
one is below 3: the rarer class has 30 % of the rows, so a network that learns nothing predicts the
same class for all rows. The budget is too small to go far beyond step 3. Trials before FIRST are
left out: they have been done.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn import datasets

ROOT = Path(__file__).parent.parent
SETS = {
    "breast_cancer": datasets.load_breast_cancer,
    "diabetes": datasets.load_diabetes,
    "wine": datasets.load_wine,
    "digits": datasets.load_digits,
}


def steps(name: str, shuffle: int | None) -> tuple[str, float]:
    """The last step whose gate opened, and the seconds that it took to come there."""
    frame = SETS[name](as_frame=True).frame
    if name == "digits":
        frame["target"] = frame["target"] < 3
    if name != "diabetes":
        frame["target"] = [f"class {label}" for label in frame["target"]]
    if shuffle is not None:
        frame["target"] = np.random.default_rng(shuffle).permutation(frame["target"])
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(Path(folder) / f"{name}.csv", index=False)
        began = time.monotonic()
        typed = ["dataset=table", f"dataset.file={name}.csv", "dataset.target=target", "budget=0.5"]
        done = subprocess.run(
            [sys.executable, ROOT / "workflow.py", *typed],
            cwd=folder,
            capture_output=True,
            text=True,
            env={**os.environ, "GOLDILOCKS_LEDGER": f"{folder}/ledger.db"},
        )
        if done.returncode:
            sys.exit(done.stderr)
        [results] = (Path(folder) / ".goldilocks" / "workflows").iterdir()
        passed = json.loads((results / "power.json").read_text())["report"]["passed"]
        return "passed" if passed else "stopped", time.monotonic() - began


def main(trials: int, first: int) -> None:
    stopped = 0
    for trial in range(first, trials):
        name = list(SETS)[trial % len(SETS)]
        end, seconds = steps(name, trial)
        stopped += end == "stopped"
        print(f"shuffled {name}, seed {trial}: {end} ({seconds:.0f} s)", flush=True)
    print(f"{stopped} of {trials - first} workflows on shuffled targets stopped at step 3")
    for name in SETS:
        end, seconds = steps(name, None)
        print(f"{name} as it is: {end} ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    main(*arguments, *(20, 0)[len(arguments) :])
