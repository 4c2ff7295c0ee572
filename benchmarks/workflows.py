"""What the workflow achieves: `python benchmarks/workflows.py BUDGET [PHOTOS] [NAME ...]`.

The stand-ins of four of the book's data sets, three data sets that scikit-learn ships, written out
as files, and a folder of photographs, with a folder per class. One after another, each in a folder
of its own below `workflows/`; finished ones are not repeated. Prints a row per workflow, from its
logged report.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from mlflow.tracking import MlflowClient
from PIL import Image
from sklearn import datasets

from goldilocks.formatting import number, signed
from goldilocks.report.workflow.results import FILE, WorkflowReport, from_json

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
        digits = datasets.load_digits()
        for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
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


def logged_report(folder: Path) -> WorkflowReport | None:
    """The report of the workflow that was finished in a folder."""
    if not (folder / "mlflow.db").exists():
        return None
    client = MlflowClient(f"sqlite:///{folder.resolve() / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("goldilocks")
    if experiment is None:
        return None
    finished = client.search_runs(
        [experiment.experiment_id], "tags.role = 'workflow' AND attributes.status = 'FINISHED'"
    )
    if not finished:
        return None
    return from_json(
        WorkflowReport, (folder / str(finished[0].info.artifact_uri) / FILE).read_text()
    )


def row(name: str, report: WorkflowReport, seconds: float) -> str:
    """A row of the table."""
    minutes = f"{seconds / 60:.1f}"
    tune = report.results.tune
    if tune is None:
        return f"| {name} | {report.results.steps[-1].decision} | | | | | | | {minutes} |"

    by_role = {str(cells["candidate"]).partition(":")[0]: cells for cells in tune.comparison}
    by_role["overfit"] = by_role.get("overfit") or by_role["largest"]
    metric = next(key for key in by_role["winner"] if key.startswith("val_"))
    values = {role: number(float(cells[metric] or 0)) for role, cells in by_role.items()}
    winner = str(by_role["winner"]["candidate"]).removeprefix("winner: ")
    cells = [values.get(role, "") for role in ("baseline", "reference", "small", "overfit")]
    cells.append(f"{values['winner']} ({winner})")

    final, test, gain = report.results.score, "", ""
    if final is not None:
        gain = (
            f"{signed(final.gain, 3)} ({signed(final.gain_low, 3)} to {signed(final.gain_high, 3)})"
        )
        test = number(final.test)
        if final.low is not None and final.high is not None:
            test += f" ({number(final.low)} to {number(final.high)})"
    return f"| {name} ({metric}) | {' | '.join([*cells, test, gain])} | {minutes} |"


def main(budget: str, photographs: Path | None, names: list[str]) -> None:
    print("| data | baseline | reference | small | overfit | winner | test (95 % interval) | test, "
          "better than the "
          "reference by | minutes |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name in names:
        folder = HERE / name
        folder.mkdir(parents=True, exist_ok=True)
        typed = arguments(name, folder, photographs)
        if (report := logged_report(folder)) is None:
            began = time.monotonic()
            command = [sys.executable, ROOT / "workflow.py", *typed, f"budget={budget}"]
            env = {**os.environ, "GOLDILOCKS_LEDGER": str(folder.resolve() / "ledger.db")}
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env)
            (folder / "output.txt").write_text(done.stdout + done.stderr)
            (folder / "seconds").write_text(str(time.monotonic() - began))
            if done.returncode or (report := logged_report(folder)) is None:
                print(f"| {name} | failed: see {folder / 'output.txt'} |", flush=True)
                continue
        print(row(name, report, float((folder / "seconds").read_text())), flush=True)


if __name__ == "__main__":
    folders = [Path(each) for each in sys.argv[2:3] if Path(each).is_dir()]
    names = sys.argv[2 + len(folders) :]
    everything = [
        *STAND_INS,
        "breast_cancer",
        "diabetes",
        "digits",
        *(["photographs"] if folders else []),
    ]
    main(sys.argv[1], folders[0] if folders else None, names or everything)
