"""What the universal workflow comes to: `python benchmarks/workflows.py BUDGET [FOLDER_OF_PHOTOGRAPHS] [NAME ...]`.

The stand-ins of four of the book's data sets, three data sets that scikit-learn ships, written out
as files, and a folder of photographs, with a folder per class. One after another, each in a folder
of its own below `workflows/`; what is there is taken. Prints a row a workflow, from its
`story.json`.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from mlflow.tracking import MlflowClient
from PIL import Image
from sklearn import datasets

ROOT, HERE = Path(__file__).parent.parent, Path("workflows")
STAND_INS = ("boston", "imdb", "mnist", "catsdogs")


def arguments(name: str, folder: Path, photographs: Path | None) -> list[str]:
    """What is typed behind `workflow.py` for a data set, whose files are written into a folder."""
    if name in STAND_INS:
        return [f"dataset={name}", "dataset.source=stand_in"]
    if name == "photographs":
        assert photographs is not None
        return ["dataset=images", f"dataset.dir={photographs.resolve()}"]
    if name == "digits":
        found = datasets.load_digits()
        for number, (image, label) in enumerate(zip(found.images, found.target, strict=True)):
            file = folder / "digits" / f"digit_{label}" / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((image * 15).astype("uint8")).save(file)
        return ["dataset=images", "dataset.dir=digits", "dataset.image_size=16"]
    frame = {"breast_cancer": datasets.load_breast_cancer, "diabetes": datasets.load_diabetes}[
        name
    ](as_frame=True).frame
    if name == "breast_cancer":
        frame["target"] = frame["target"].map({0: "malignant", 1: "benign"})
    frame.to_csv(folder / f"{name}.csv", index=False)
    return ["dataset=table", f"dataset.file={name}.csv", "dataset.target=target"]


def story(folder: Path) -> dict | None:
    """The story of the workflow that was finished in a folder."""
    if not (folder / "mlflow.db").exists():
        return None
    client = MlflowClient(f"sqlite:///{folder.resolve() / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("goldilocks")
    if experiment is None:
        return None
    found = client.search_runs(
        [experiment.experiment_id], "tags.role = 'workflow' AND attributes.status = 'FINISHED'"
    )
    if not found:
        return None
    where = folder / str(found[0].info.artifact_uri) / "story.json"
    return json.loads(where.read_text())


def row(name: str, told: dict, seconds: float) -> str:
    """A row of the table."""
    steps = {step["name"]: step for step in told["steps"]}
    if "tune" not in steps:
        return f"| {name} | {told['steps'][-1]['decision']} | | | | | | | {seconds / 60:.1f} |"
    versus = {
        each["candidate"].partition(":")[0]: each for each in steps["tune"]["chosen"]["versus"]
    }
    measure = next(key for key in versus["winner"] if key.startswith("val_"))
    cells = [
        f"{versus[key][measure]:.4g}" if key in versus else ""
        for key in ("baseline", "reference", "small")
    ]
    cells.append(f"{(versus.get('overfit') or versus['largest'])[measure]:.4g}")
    cells.append(
        f"{versus['winner'][measure]:.4g} "
        f"({versus['winner']['candidate'].removeprefix('winner: ')})"
    )
    final = steps["final"]["chosen"]
    if final:
        ends = f" ({final['low']:.4g} to {final['high']:.4g})" if final["low"] is not None else ""
        low, gain, high = final["reference_gain"]
        cells += [f"{final['test']:.4g}{ends}", f"{gain:+.3g} ({low:+.3g} to {high:+.3g})"]
    else:
        cells += ["", ""]
    return f"| {name} ({measure}) | {' | '.join(cells)} | {seconds / 60:.1f} |"


def main(budget: str, photographs: Path | None, names: list[str]) -> None:
    print("| data | baseline | reference | small | overfit | winner | test (95 % interval) | test, "
          "better than the "
          "reference by | minutes |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name in names:
        folder = HERE / name
        folder.mkdir(parents=True, exist_ok=True)
        typed = arguments(name, folder, photographs)
        if (told := story(folder)) is None:
            began = time.monotonic()
            command = [sys.executable, ROOT / "workflow.py", *typed, f"budget={budget}"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            (folder / "output.txt").write_text(done.stdout + done.stderr)
            (folder / "seconds").write_text(str(time.monotonic() - began))
            if done.returncode or (told := story(folder)) is None:
                print(f"| {name} | failed: see {folder / 'output.txt'} |", flush=True)
                continue
        print(row(name, told, float((folder / "seconds").read_text())), flush=True)


if __name__ == "__main__":
    given = [Path(each) for each in sys.argv[2:3] if Path(each).is_dir()]
    asked = sys.argv[2 + len(given) :]
    everything = [
        *STAND_INS,
        "breast_cancer",
        "diabetes",
        "digits",
        *(["photographs"] if given else []),
    ]
    main(sys.argv[1], given[0] if given else None, asked or everything)
