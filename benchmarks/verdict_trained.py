"""Real training curves whose truth is known by intervention: `python benchmarks/verdict_trained.py`
(15 minutes).

Each run is one setting of a small network on one small data set. The same is trained again from
other seeds, for twice the epochs, with four times the units, and with more regularization, and what
that does to the loss of held-out rows, which the curve does not show, says what the run truly was.
Everything goes to `verdict_curves.csv`, a run a line, and `verdict.py` judges that file in seconds.
"""

import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from verdict_networks import Task, Trained, train
from verdict_tasks import Setting, draw, task

FILE = Path(__file__).with_name("verdict_curves.csv")
RUNS = 240
SEEDS = 6
PENALTIES = (
    (0.001, 0.0),
    (0.01, 0.0),
    (0.0, 0.5),
)  # "more regularization": l2, dropout; added to what the run has


def interventions(setting: Setting, data: Task) -> tuple[Trained, Trained, list[Trained]]:
    """The run for twice its epochs, with four times its units, and with each penalty; from `SEEDS`
    seeds each.
    """
    seeds = [1000 * setting.number + seed for seed in range(SEEDS)]
    fixed = {
        "layers": setting.layers,
        "optimizer": setting.optimizer,
        "learning_rate": setting.learning_rate,
    }
    own = {"l2": np.full(SEEDS, setting.l2), "dropout": np.full(SEEDS, setting.dropout)}
    epochs, end = setting.epochs, {setting.epochs - 1}
    every = {*range(epochs), 2 * epochs - 1}
    longer = train(
        data, units=setting.units, epochs=2 * epochs, seeds=seeds, watched=every, **fixed, **own
    )
    larger = train(
        data, units=4 * setting.units, epochs=epochs, seeds=seeds, watched=end, **fixed, **own
    )
    l2, dropout = (np.repeat(part, SEEDS) for part in np.transpose(PENALTIES))
    calmer = train(
        data, units=setting.units, epochs=epochs, seeds=seeds * len(PENALTIES), watched=end, **fixed,
        l2=setting.l2 + l2, dropout=np.maximum(setting.dropout, dropout),
    )  # fmt: skip
    parts = [slice(SEEDS * number, SEEDS * (number + 1)) for number in range(len(PENALTIES))]
    split = [
        Trained(*(getattr(calmer, name)[part] for name in Trained.__dataclass_fields__))
        for part in parts
    ]
    return longer, larger, split


def improvement(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """By how much the loss of the same rows (seeds, rows) fell, and its standard error over seeds
    and rows.
    """
    fell = np.asarray(before, float) - np.asarray(after, float)
    over_seeds = fell.mean(axis=1).std(ddof=1) / np.sqrt(len(fell))
    over_rows = fell.mean(axis=0).std(ddof=1) / np.sqrt(fell.shape[1])
    return float(fell.mean()), float(np.hypot(over_seeds, over_rows))


def best_of(losses: np.ndarray) -> np.ndarray:
    """For each seed the choice with the lowest mean held-out loss of all other seeds, so that luck
    chooses nothing.

    Args:
        losses: Held-out losses, (seeds, choices, rows).

    Returns:
        The rows' losses of the choice, (seeds, rows).
    """
    means = np.nan_to_num(
        losses.mean(axis=2, dtype=float), nan=1e30, posinf=1e30
    )  # what diverged is no choice
    others = means.sum(axis=0) - means
    return losses[np.arange(len(losses)), others.argmin(axis=1)]


def measured(setting: Setting) -> dict[str, object]:
    """A line of the file: the setting, the curves of the first seed, and what each intervention
    brought.
    """
    data = task(setting)
    with np.errstate(all="ignore"):
        longer, larger, calmer = interventions(setting, data)
    epochs = setting.epochs
    end = longer.held[:, epochs - 1]
    prior = data.train[1].mean(axis=0)
    line: dict[str, object] = dict(vars(setting)) | {
        "source": "numpy",
        "kind": data.kind,
        "rows": len(data.train[0]),
    }
    line |= {"val_rows": len(data.val[0])} | baseline(data, prior)
    with np.errstate(all="ignore"):
        best = best_of(longer.held[:, :epochs])
        nothing = prior_losses(data.kind, prior, data.held[1])
        held = power(data, prior, longer, epochs) | {
            "fewer": improvement(end, best),
            "more": improvement(end, longer.held[:, -1]),
            "calmer": improvement(
                end, best_of(np.stack([each.held[:, -1] for each in calmer], axis=1))
            ),
            "larger": improvement(end, larger.held[:, -1]),
        }
        line |= {
            "held_base": float(nothing.mean(dtype=float)),
            "held_best": float(best.mean(dtype=float)),
        }
        line |= {"held_end": float(end.mean(dtype=float))}
    for name, (mean, error) in held.items():
        line |= {name: mean, f"{name}_error": error}
    curves = (longer.loss, longer.val_loss, longer.val_metric)
    return line | written(*(curve[0, :epochs] for curve in curves))


def power(
    data: Task, prior: np.ndarray, trained: Trained, epochs: int
) -> dict[str, tuple[float, float]]:
    """By how much the run itself beats the baseline on held-out rows, and its standard error over
    the rows.

    The run is the first network, at the epochs with the best validation loss and the best
    validation metric.

    Args:
        data: The rows.
        prior: Class shares, or the mean target, of the training rows, (outputs,).
        trained: The networks.
        epochs: Of the run, from its start.
    """
    loss, score = trained.val_loss[0, :epochs], trained.val_metric[0, :epochs]
    best_score = (
        np.nan_to_num(score, nan=np.inf).argmin() if data.kind == "regression" else score.argmax()
    )
    nothing = prior_losses(data.kind, prior, data.held[1])
    gained = nothing - trained.held[0, np.nan_to_num(loss, nan=np.inf).argmin()]
    scored = prior_scores(data.kind, prior, data.held[1]) - trained.held_metric[0, best_score]
    scored = scored if data.kind == "regression" else -scored
    root = np.sqrt(len(nothing))
    return {
        "power": (float(gained.mean(dtype=float)), float(gained.std(dtype=float) / root)),
        "power_metric": (float(scored.mean(dtype=float)), float(scored.std(dtype=float) / root)),
    }


def prior_scores(kind: str, prior: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether each row is right (rows,), or its absolute error, where the prior (outputs,) is all
    that is predicted.
    """
    if kind == "regression":
        return np.abs(y - prior).mean(axis=1)
    if kind == "binary":
        return ((prior > 0.5) == (y > 0.5)).mean(axis=1)
    return (y.argmax(axis=1) == prior.argmax()).astype(float)


def prior_losses(kind: str, prior: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The loss of each row (rows,) where class shares, or the mean target, (outputs,) are all that
    is predicted.
    """
    if kind == "regression":
        return ((y - prior) ** 2).mean(axis=1)
    shares = np.concatenate([1 - prior, prior]) if kind == "binary" else prior
    classes = y[:, 0].astype(int) if kind == "binary" else y.argmax(axis=1)
    return -np.log(np.maximum(shares, 1e-7))[classes]


def baseline(data: Task, prior: np.ndarray) -> dict[str, float]:
    """What the dummy baseline reaches on the rows of the curve."""
    y = data.val[1]
    return {
        "base_loss": float(prior_losses(data.kind, prior, y).mean()),
        "base_metric": float(prior_scores(data.kind, prior, y).mean()),
    }


def written(loss: np.ndarray, val_loss: np.ndarray, val_metric: np.ndarray) -> dict[str, str]:
    """Curves as they stand in the file: numbers of five digits with spaces between."""
    curves = {"loss": loss, "val_loss": val_loss, "val_metric": val_metric}
    return {name: " ".join(f"{value:.5g}" for value in curve) for name, curve in curves.items()}


def lines(numbers: range) -> Iterator[dict[str, object]]:
    for number in numbers:
        began = time.monotonic()
        setting = draw(number)
        line = measured(setting)
        print(
            f"{number:3} {setting.family:14} {setting.units:3} units "
            f"{time.monotonic() - began:5.1f} s",
            flush=True,
        )
        yield {
            name: f"{value:.5g}" if isinstance(value, float) else value
            for name, value in line.items()
        }


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with FILE.open("w", newline="") as file:
        for number, line in enumerate(lines(range(count))):
            writer = csv.DictWriter(file, list(line), lineterminator="\n")
            if not number:
                writer.writeheader()
            writer.writerow(line)
            file.flush()


if __name__ == "__main__":
    main()
