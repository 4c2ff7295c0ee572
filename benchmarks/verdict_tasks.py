"""Small data sets and settings of small networks: what `verdict_trained.py` trains."""

from dataclasses import dataclass

import numpy as np
from sklearn import datasets
from verdict_networks import Task

HELD_ROWS = (
    2000  # of the families that are drawn; those that are shipped hold half of their rows back
)
FARTHEST = (
    5.0  # standard deviations that a feature may be away: some pixels are dark in all training rows
)
SHIPPED = {
    "breast_cancer": ("binary", datasets.load_breast_cancer),
    "wine": ("multiclass", datasets.load_wine),
    "digits": ("multiclass", datasets.load_digits),
    "diabetes": ("regression", datasets.load_diabetes),
}
DRAWN = {
    "moons": "binary",
    "classification": "binary",
    "classes": "multiclass",
    "friedman": "regression",
}


@dataclass(frozen=True)
class Setting:
    """One run.

    Attributes:
        number: Of the run; it decides the rows and the seeds.
        family: The data set.
        rows: To learn from; a shipped data set may have fewer.
        val_rows: Of the curve; a shipped data set may have fewer.
        noise: Share of wrong labels, or the standard deviation of the noise of real targets in that
            of the targets.
        shuffled: Whether the targets have been shuffled, so that there is nothing to learn.
        units: Of each hidden layer.
        layers: How many.
        epochs: How many.
        optimizer: "adam" or "sgd".
        learning_rate: Of it.
        l2: Penalty.
        dropout: Rate.
    """

    number: int
    family: str
    rows: int
    val_rows: int
    noise: float
    shuffled: bool
    units: int
    layers: int
    epochs: int
    optimizer: str
    learning_rate: float
    l2: float
    dropout: float


def draw(number: int) -> Setting:
    """The setting of a run; every seventh learns from shuffled targets, every fifteenth far too
    fast.
    """
    random = np.random.default_rng([2026, number])
    shuffled, fast = number % 7 == 3, number % 15 == 5
    families = ["diabetes", "friedman"] if fast else [*SHIPPED, *DRAWN]
    units = int(random.choice([1, 2, 4, 16, 64, 256]))
    l2, dropout = [(0.0, 0.0), (0.0, 0.0), (0.001, 0.0), (0.0, 0.3)][random.integers(4)]
    return Setting(
        number=number,
        family=str(random.choice(families)),
        rows=int(random.choice([100, 200, 300, 500])),
        val_rows=int(random.choice([150, 300, 1000])),
        noise=float(random.choice([0.0, 0.05, 0.2, 0.3])),
        shuffled=bool(shuffled),
        units=16 if fast else units,
        layers=1 if units > 16 else int(random.integers(1, 3)),
        epochs=int(random.choice([5, 8, 12, 20, 30, 50])),
        optimizer="sgd" if fast else "adam",
        learning_rate=float(random.choice([0.3, 1.0, 3.0] if fast else [0.001, 0.003, 0.01, 0.03])),
        l2=l2,
        dropout=dropout,
    )


def rows_of(
    setting: Setting, random: np.random.Generator
) -> tuple[str, np.ndarray, np.ndarray, int]:
    """The problem, features, targets (rows,), and how many rows are held back."""
    seed = int(random.integers(2**31))
    if setting.family in SHIPPED:
        kind, load = SHIPPED[setting.family]
        x, y = load(return_X_y=True)
        return kind, x, y, len(x) // 2
    count = setting.rows + setting.val_rows + HELD_ROWS
    if setting.family == "moons":
        x, y = datasets.make_moons(count, noise=0.25, random_state=seed)
    elif setting.family == "friedman":
        x, y = datasets.make_friedman1(count, n_features=10, random_state=seed)
    else:
        classes = 2 if setting.family == "classification" else 5
        x, y = datasets.make_classification(
            count,
            20,
            n_informative=8,
            n_classes=classes,
            n_clusters_per_class=2,
            flip_y=0,
            random_state=seed,
        )
    return DRAWN[setting.family], x, y, HELD_ROWS


def task(setting: Setting) -> Task:
    """The rows of a run: scaled by its training rows, with noise and shuffling as it says."""
    random = np.random.default_rng([setting.number, 7])
    kind, x, y, held = rows_of(setting, random)
    order = random.permutation(len(x))
    x, y = x[order], y[order]
    if kind == "regression":
        y = y + random.normal(0, setting.noise * y.std(), len(y))
    else:
        wrong = random.random(len(y)) < setting.noise
        y = np.where(wrong, random.permutation(y), y)
    y = random.permutation(y) if setting.shuffled else y
    val = min(setting.val_rows, (len(x) - held) // 3)
    rows = min(setting.rows, len(x) - held - val)
    x = np.clip(
        (x - x[:rows].mean(axis=0)) / np.maximum(x[:rows].std(axis=0), 1e-6), -FARTHEST, FARTHEST
    )
    if kind == "regression":
        y = ((y - y[:rows].mean()) / y[:rows].std())[:, None]
    else:
        y = np.eye(int(y.max()) + 1)[y.astype(int)] if kind == "multiclass" else y[:, None]
    x, y = x.astype("float32"), y.astype("float32")
    ends = (slice(0, rows), slice(rows, rows + val), slice(len(x) - held, None))
    return Task(kind, *((x[part], y[part]) for part in ends))
