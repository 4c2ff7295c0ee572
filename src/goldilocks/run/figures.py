"""Every figure of a run, drawn into a folder."""

from pathlib import Path

import keras
import numpy as np

from goldilocks.encoding import encoder
from goldilocks.evaluation import scores
from goldilocks.model import Regularizer
from goldilocks.plots import confusion, curves, images, predictions, series, style, texts, weights
from goldilocks.run.outcome import Outcome
from goldilocks.training.batches import augmentation

SAMPLES, MISTAKES, VARIANTS = (
    15,
    15,
    14,
)  # images; a gallery has rows of five, and the variants their original


def draw(
    outcome: Outcome,
    model: keras.Model,
    regularizer: Regularizer,
    rows: np.ndarray,
    predicted: np.ndarray,
    folder: Path,
) -> None:
    """Draw a run's figures as PNG files.

    Args:
        outcome: What the run found.
        model: With the weights that `predicted` comes from.
        regularizer: Its augmentation is shown.
        rows: The rows that were predicted, int64 (n,): of a final run the test rows, else the
            validation rows.
        predicted: float32 (n, outputs).
        folder: Where to; it is there.
    """
    dataset, problem, verdict = outcome.dataset, outcome.problem, outcome.verdict
    figures = {
        "learning_curves": curves.learning_curves(
            outcome.result.history,
            metric=problem.metric,
            best_epoch=outcome.result.best_epoch if outcome.result.monitor else None,
            verdict=verdict.name if verdict else None,
            reason=verdict.reason if verdict else None,
            baseline=outcome.baseline,
            title=outcome.settings.name,
        ),
        "weight_histograms": weights.weight_histograms(
            {variable.path: np.asarray(variable) for variable in model.trainable_variables}
        ),
    }
    truth = dataset.y[rows]
    if problem.type in ("binary", "multiclass"):
        pairs = (truth.astype("int64"), scores.decided(problem, predicted))
        counts = np.zeros((len(dataset.classes), len(dataset.classes)), dtype="int64")
        np.add.at(counts, pairs, 1)
        figures["confusion_matrix"] = confusion.confusion_matrix(counts, dataset.classes)
    elif problem.type != "multilabel":
        figures["predicted_against_true"] = predictions.predicted_against_true(
            truth.ravel(), predicted.ravel(), unit=dataset.unit, name="target"
        )
    worst = scores.worst(problem, truth, predicted, most=MISTAKES)
    true = _words(outcome, truth[worst.rows])
    said = _words(outcome, scores.answers(problem, predicted[worst.rows]))
    title = f"{outcome.settings.name}: worst mistakes"
    if dataset.kind == "image":
        figures |= dict(_samples(outcome, regularizer))
        figures["worst_mistakes"] = images.worst_mistakes(
            encoder.pixels(dataset, rows[worst.rows]), true, said, worst.sizes, title=title
        )
    elif dataset.kind == "table":
        figures["worst_mistakes"] = predictions.worst_rows(
            dataset.x.iloc[rows[worst.rows]], true, said, title=title, unit=dataset.unit
        )
    elif dataset.kind == "text":
        chosen = list(dataset.x[rows[worst.rows]])
        figures["worst_mistakes"] = texts.worst_texts(
            chosen, true, said, list(worst.sizes), title=title
        )
    else:
        figures |= dict(_over_time(outcome, rows, predicted))
    for name, figure in figures.items():
        style.save(figure, folder / f"{name}.png")


def _samples(outcome: Outcome, regularizer: Regularizer):
    """A grid of training images, and one of them as the augmentation changes it."""
    dataset = outcome.dataset
    rng = np.random.default_rng(0)
    rows = np.sort(
        rng.choice(outcome.split.train, size=min(SAMPLES, len(outcome.split.train)), replace=False)
    )
    shown, labels = encoder.pixels(dataset, rows), _words(outcome, dataset.y[rows])
    yield "samples", images.sample_grid(shown, labels, title=f"{dataset.name}: training images")
    if regularizer.augments:
        change = augmentation(regularizer, seed=0)
        copies = np.repeat(shown[:1], VARIANTS, axis=0).astype("float32")
        variants = keras.ops.convert_to_numpy(change(copies, training=True))
        yield (
            "augmented",
            images.augmented(shown[0], variants.clip(0, 255).astype("uint8"), labels[0]),
        )


def _over_time(outcome: Outcome, rows: np.ndarray, predicted: np.ndarray):
    """The series with its parts, and the predictions over time."""
    dataset, split, windows = outcome.dataset, outcome.split, outcome.dataset.x
    name, target = windows.columns[windows.target], windows.values[:, windows.target]
    reach = (
        windows.lookback + windows.delay - 1
    )  # points from a window's first to the predicted one
    spans = {"train": split.train, "validation": split.validation, "test": split.test}
    # A part is drawn where its predicted points lie, the first one with what it sees.
    bounds = {
        part: (int(own[0]) + reach, int(own[-1]) + reach) for part, own in spans.items() if len(own)
    }
    bounds["train"] = (int(split.train[0]), bounds["train"][1])
    how = {"name": name, "unit": dataset.unit}
    sealed = outcome.test is None
    yield (
        "series",
        series.parts(
            target, bounds, title=f"{dataset.name}: {name} and its parts", sealed=sealed, **how
        ),
    )
    title = f"{outcome.settings.name}: predictions over time"
    yield (
        "forecast",
        series.forecast(
            dataset.y[rows].ravel(),
            predicted.ravel(),
            windows.persistence[rows],
            title=title,
            **how,
        ),
    )


def _words(outcome: Outcome, values: np.ndarray) -> list[str]:
    """Targets or answers as a person says them: class names, or numbers in the target's unit."""
    classes = outcome.dataset.classes
    if outcome.problem.type == "multilabel":
        return [
            " ".join(name for name, given in zip(classes, row, strict=True) if given) or "none"
            for row in values
        ]
    if outcome.problem.type in ("binary", "multiclass"):
        return [classes[int(value)] for value in values.ravel()]
    return [f"{value:.4g}" for value in values.ravel()]
