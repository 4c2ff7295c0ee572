"""A sweep of small models by `-m`, beside a shell's loop over as many single runs, both tracked.

    python benchmarks/sweep.py [JOBS]

It also says how long after a task function has returned the next job's process is at work, and its
task function: between the two, Hydra composes the job's configuration. For that, one job runs at a
time, and does nothing.
"""

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

JOBS = 24
ROOT = Path(__file__).parents[1]
SMALL = ["dataset=boston", "dataset.source=stand_in", "trainer.epochs=5"]
CLOCK = """
import sys, time
BEGAN = time.time()  # in a job's process, too, which imports this file
import hydra

@hydra.main(version_base="1.3", config_path={conf!r}, config_name="config")
def main(cfg):
    with open("clock", "a") as file:
        file.write(f"[{{sys.modules['__mp_main__'].BEGAN}}, {{time.time()}}]\\n")

if __name__ == "__main__":
    main()
"""


def by_sweep(folder: Path, jobs: int) -> float:
    """Seconds of one command with -m."""
    return _seconds(folder, ["-m", *SMALL, f"seed=range({jobs})"])


def by_loop(folder: Path, jobs: int) -> float:
    """Seconds of a command for each job, one after the other."""
    return sum(_seconds(folder, [*SMALL, f"seed={seed}"]) for seed in range(jobs))


def starts(folder: Path, jobs: int) -> tuple[list[float], list[float]]:
    """Of every job but the first: seconds from the end of the one before to its process, and to its
    task function.
    """
    (folder / "clock.py").write_text(CLOCK.format(conf=str(ROOT / "conf")))
    keys = ["hydra.launcher.n_jobs=1", "~hydra.callbacks.sweep", f"seed=range({jobs})"]
    subprocess.run(
        [sys.executable, "clock.py", "-m", *keys], cwd=folder, check=True, capture_output=True
    )
    lines = [json.loads(line) for line in (folder / "clock").read_text().splitlines()]
    pairs = list(itertools.pairwise(lines))
    return [after[0] - before[1] for before, after in pairs], [
        after[1] - before[1] for before, after in pairs
    ]


def _seconds(folder: Path, arguments: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - began


def main():
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else JOBS
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        processes, tasks = starts(Path(one), jobs)
        print(
            f"next job: process after {statistics.median(processes):.3f} s, task after "
            f"{statistics.median(tasks):.3f} s"
        )
        _seconds(
            Path(other), [*SMALL, "tracking=none"]
        )  # The data is now there, and in the page cache.
        sweep, loop = by_sweep(Path(one), jobs), by_loop(Path(other), jobs)
    print(f"{jobs} jobs: sweep {sweep:.1f} s, loop {loop:.1f} s, ratio {loop / sweep:.2f}")


if __name__ == "__main__":
    main()
