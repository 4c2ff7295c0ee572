"""What features are worth: parts of dates, the target's logarithm, columns left out.

Each row is a drawn table, trained without and with the feature with three seeds; beside it gradient
boosting of scikit-learn on the same training and validation rows, with the same columns.

Run: .venv/bin/python benchmarks/features.py
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import make_friedman1
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error

import goldilocks
from goldilocks.config import command_line
from goldilocks.reference import rows

CONF = Path(__file__).parents[1] / "conf"
USUAL = ("dataset=table", "dataset.target=y", "trainer.epochs=40", "protocol=holdout")
SEEDS = (0, 1, 2)


def dated() -> pd.DataFrame:
    """2,000 times of four years: an effect of each month, a wave of the day, and a number."""
    random = np.random.default_rng(1)
    hours = np.sort(random.integers(0, 4 * 365 * 24, 2000))
    when = pd.Timestamp("2019-01-01") + pd.to_timedelta(hours, unit="h")
    of_month = np.array([5, 3, 0, -2, -5, 2, 8, 9, 1, -4, -3, 6])[when.month - 1]
    of_hour, size = 4 * np.sin(2 * np.pi * (when.hour - 7) / 24), random.normal(size=2000)
    y = 50 + of_month + of_hour + 3 * size + random.normal(size=2000)
    return pd.DataFrame({"when": when, "size": size.round(4), "y": y.round(3)})


def skewed() -> pd.DataFrame:
    """1,500 targets whose deviation is a half of their mean, which is a product."""
    random = np.random.default_rng(1)
    x = random.normal(size=(1500, 4)).round(4)
    mean = np.exp(2 + 0.8 * x[:, 0] - 0.6 * x[:, 1] + 0.5 * x[:, 2] * x[:, 3])
    return pd.DataFrame(x, columns=list("abcd")).assign(y=random.gamma(4, mean / 4).round(5))


def noisy() -> pd.DataFrame:
    """Friedman's function of five columns, beside twenty that say nothing, of 400 rows."""
    x, y = make_friedman1(n_samples=400, n_features=25, noise=1.0, random_state=0)
    names = [*"abcde", *(f"n{number}" for number in range(20))]
    return pd.DataFrame(x.round(5), columns=names).assign(y=y.round(4))


DROPPED = f"dataset.drop=[{','.join(f'n{number}' for number in range(20))}]"
ROWS = (
    ("month and hour", dated, ("dataset.date_parts=none",), ()),
    (
        "the same, by time",
        dated,
        ("dataset.time=when", "dataset.date_parts=none"),
        ("dataset.time=when",),
    ),
    ("skewed target", skewed, (), ("problem.log_target=true",)),
    ("20 columns of noise", noisy, (), (DROPPED,)),
)


def reference(words: list[str]) -> float:
    """Return the error of gradient boosting, with scikit-learn's defaults, on validation rows."""
    settings = command_line.compose_settings(words, CONF)
    dataset = settings.builder("dataset")()
    [split] = settings.builder("protocol")(dataset)
    trees = HistGradientBoostingRegressor(loss="absolute_error", random_state=0)
    trees.fit(rows.read(dataset, split.train), dataset.y[split.train])
    predicted = trees.predict(rows.read(dataset, split.validation))
    return mean_absolute_error(dataset.y[split.validation], predicted)


def main() -> None:
    """Print a row for each table."""
    print("| table | val_mae without | with | trees without | with |\n|---|---|---|---|---|")
    for name, draw, *variants in ROWS:
        draw().to_csv("table.csv", index=False)
        cells: list[str] = []
        trees: list[str] = []
        for variant in variants:
            words = [*USUAL, "dataset.file=table.csv", *variant]
            errors = [
                goldilocks.train(*words, f"seed={seed}", quiet=True).metrics["best_val_mae"]
                for seed in SEEDS
            ]
            cells.append(f"{np.mean(errors):.3g} ± {np.std(errors, ddof=1):.2g}")
            trees.append(f"{reference(words):.3g}")
        print(f"| {name} | {' | '.join(cells + trees)} |", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
