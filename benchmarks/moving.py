"""Series that grow or have seasons, and tables that change with time: scored forward.

Each row is trained with three seeds in each way; beside it are the naive forecasts, and the tuned
scikit-learn model that a workflow compares with, on the same training and validation rows.

Run: .venv/bin/python benchmarks/moving.py [EPOCHS]

Rows from statsmodels' package (co2, electrical equipment, sea surface temperature) are left out
where it is not installed.
"""

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import goldilocks
from goldilocks.config import command_line
from goldilocks.encoding.targets import standardized, targets_of
from goldilocks.evaluation.baseline import baseline_scores
from goldilocks.evaluation.scores import scores
from goldilocks.reference import tune

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"
SEEDS = (0, 1, 2)
SECONDS = 20  # for the reference
SERIES = ("dataset=series", "dataset.time=when", "dataset.target=y", "model=mlp")
TABLE = ("dataset=table", "dataset.target=y", "dataset.date_parts=none")


def packaged() -> dict[str, pd.DataFrame]:
    """Return real series from statsmodels, if it is there."""
    spec = importlib.util.find_spec("statsmodels")
    if spec is None or spec.origin is None:
        return {}
    folder = Path(spec.origin).parent / "datasets"
    co2 = pd.read_csv(folder / "co2" / "co2.csv").set_axis(["when", "y"], axis=1)
    co2["when"] = pd.to_datetime(co2["when"].astype(str))
    monthly = co2.set_index("when").resample("MS").mean().dropna().round(2).reset_index()
    equipment = pd.read_csv(folder / "elec_equip" / "elec_equip.csv").set_axis(
        ["when", "y"], axis=1
    )
    equipment["when"] = pd.to_datetime(equipment["when"], format="%b-%d-%Y")
    sea = pd.read_csv(folder / "elnino" / "elnino.csv").melt("YEAR", value_name="y")
    sea["when"] = pd.to_datetime(sea["YEAR"].astype(str) + sea["variable"], format="%Y%b")
    sea = sea.dropna().sort_values("when")[["when", "y"]]
    return {"CO2, months": monthly, "electrical equipment": equipment, "sea temperature": sea}


def beside(words: list[str]) -> dict[str, float]:
    """Return the mean absolute error of the baseline, and the reference, on validation rows."""
    settings = command_line.compose_settings(words, CONF)
    dataset = settings.builder("dataset")()
    splits = settings.builder("protocol")(dataset)
    problem = standardized(settings.problem(dataset.problem), dataset, splits)
    rows = splits[0].validation
    reference = tune(dataset, problem, splits, seed=0, seconds=SECONDS)
    truth = targets_of(problem, dataset, rows)
    naive = {
        name: scores(problem, truth, forecast[rows])["mae"]
        for name, forecast in dataset.naive.items()
    }
    constant = baseline_scores(problem, dataset, rows)["mae"]
    return (naive or {"constant": constant}) | {"reference": reference.scores["mae"]}


def main(epochs: int) -> None:
    """Print a line for each row."""
    sys.path.append(str(ROOT / "docs"))
    from example_files import sales, turning, walk

    series = {"sales (made)": sales().set_axis(["when", "y"], axis=1), **packaged()}
    ways = {"values": ("dataset.difference=0",), "changes": ("dataset.difference=auto",)}
    rows = [(name, frame, SERIES, ways) for name, frame in series.items()]
    split = {"at random": (), "by time": ("dataset.time=day",)}
    rows += [
        ("walk", walk(), TABLE, split),
        ("a relation that turns", turning(), TABLE, split),
    ]

    for name, frame, usual, variants in rows:
        frame.to_csv("file.csv", index=False)
        print(f"\n{name}: {len(frame)} rows")
        for variant, words in variants.items():
            words = [*usual, "dataset.file=file.csv", *words, f"trainer.epochs={epochs}"]
            runs = [goldilocks.train(*words, f"seed={seed}", quiet=True) for seed in SEEDS]
            errors = [run.metrics["best_val_mae"] for run in runs]
            others = ", ".join(f"{key} {value:.3g}" for key, value in beside(words).items())
            print(
                f"  {variant:9}  val_mae {np.mean(errors):.3g} ± {np.std(errors, ddof=1):.2g}"
                f"  ({others}); {', '.join(run.verdict.word for run in runs)}",
                flush=True,
            )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
