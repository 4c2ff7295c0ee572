"""The figures of a run, drawn into a folder."""

from pathlib import Path

import keras
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix

from goldilocks.encoding import encoder
from goldilocks.evaluation import probabilities, scores
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.formatting import number
from goldilocks.model import Regularizer
from goldilocks.plots import confusion, curves, images, layout, series, style, tables, weights
from goldilocks.plots import predictions as scatter_plots
from goldilocks.plots import probabilities as probability_plots
from goldilocks.run import description
from goldilocks.run.outcome import Outcome
from goldilocks.training.batches import augmentation
from goldilocks.training.fit import FitSpec

# Numbers of images; a grid has rows of five, and the augmented ones stand beside their original.
SAMPLES = 15
MISTAKES = 15
AUGMENTED = 14
MOST_OUTPUTS = 6  # of several numbers that are drawn


def draw(
    outcome: Outcome, fit_spec: FitSpec, rows: np.ndarray, predictions: np.ndarray, folder: Path
) -> None:
    """Draw a run's figures as PNG files.

    Args:
        outcome: The outcome of the training.
        fit_spec: Has the model that made the predictions, and the augmentation.
        rows: The predicted rows, int64 (n,): of a final run the test rows, else the validation
            rows.
        predictions: Predictions, float32 (n, outputs).
        folder: Of the files; it is made.
    """
    trainable = fit_spec.model.trainable_variables
    figures = {
        "learning_curves": learning_curves(outcome, outcome.spec.settings.name),
        "weight_histograms": weights.weight_histograms(
            {variable.path: np.asarray(variable) for variable in trainable}
        ),
    }
    figures |= _predictions(outcome, rows, predictions)
    kind = outcome.context.dataset.kind
    if kind == "image":
        figures |= _samples(outcome, fit_spec.regularizer)
    if kind == "series":
        figures |= _over_time(outcome, rows, predictions)
    else:
        figures["worst_mistakes"] = _worst_mistakes(outcome, rows, predictions)

    for name, figure in figures.items():
        style.save(figure, folder / f"{name}.png")


def learning_curves(outcome: Outcome, title: str) -> Figure:
    """Draw the curves of a training, or of the mean of several, with the verdict."""
    monitor = (outcome.result.monitor or "").removeprefix("val_").removeprefix("data_")
    return curves.learning_curves(
        outcome.result.history,
        metrics=[outcome.context.problem.metric, monitor],
        best_epoch=outcome.result.best_epoch if outcome.result.monitor else None,
        verdict=outcome.tags.get("verdict"),
        reason=outcome.tags.get("verdict.reason"),
        baseline=outcome.baseline,
        title=title,
    )


def _predictions(outcome: Outcome, rows: np.ndarray, predictions: np.ndarray) -> dict[str, Figure]:
    """Draw predictions against targets: of classes a confusion matrix, of numbers a scatter."""
    dataset, problem = outcome.context.dataset, outcome.context.problem
    truth = dataset.y[rows]
    if not problem.classifies:
        truth = truth.reshape(predictions.shape)
        return {
            f"predicted_against_true{suffix}": scatter_plots.predicted_against_true(
                truth[:, index], predictions[:, index], unit=dataset.unit, name=name
            )
            for suffix, (index, name) in _drawn(outcome).items()
        }

    figures: dict[str, Figure] = {}
    if np.isfinite(predictions).all():
        figures = _probabilities(outcome, truth, predictions)
    decided = scores.decided(problem, predictions)
    if problem.type == "multilabel":
        counts = multilabel_confusion_matrix(truth, decided)
        return figures | {"confusion_matrix": confusion.label_confusion(counts, dataset.classes)}
    counts = confusion_matrix(truth, decided, labels=np.arange(len(dataset.classes)))
    return figures | {"confusion_matrix": confusion.confusion_matrix(counts, dataset.classes)}


def _probabilities(
    outcome: Outcome, truth: np.ndarray, predictions: np.ndarray
) -> dict[str, Figure]:
    """Draw how well probabilities tell classes apart, and whether they hold."""
    classes, problem = outcome.context.dataset.classes, outcome.context.problem
    curves = probabilities.curves(
        problem, classes, truth, predictions, most=probability_plots.MOST_CURVES
    )
    table, name = description.per_class(outcome), outcome.spec.settings.name
    decided = {row.Index: (row.recall, row.precision) for row in table.itertuples()}
    title = f"{name}: precision, recall and ROC"
    if predictions.shape[1] > len(curves):
        title += f" of the {len(curves)} rarest of {len(classes)}"
    of = {"binary": classes[-1], "multiclass": "the predicted class", "multilabel": "a label"}
    return {
        "precision_recall_roc": probability_plots.precision_recall_roc(
            curves, decided, title=title
        ),
        "calibration": probability_plots.calibration(
            probabilities.calibration(problem, truth, predictions),
            of=of[problem.type],
        ),
    }


def _worst_mistakes(outcome: Outcome, rows: np.ndarray, predictions: np.ndarray) -> Figure:
    dataset, problem = outcome.context.dataset, outcome.context.problem
    worst = scores.worst(problem, dataset.y[rows], predictions, most=MISTAKES)
    worst_rows = rows[worst.rows]
    title = f"{outcome.spec.settings.name}: worst mistakes"
    if not len(worst_rows):
        return layout.message(title, "There are no mistakes among these rows.")

    true = _words(outcome, dataset.y[worst_rows], worst.outputs)
    answers = scores.answers(problem, predictions[worst.rows])
    predicted = _words(outcome, answers, worst.outputs)
    numbers = [dataset.row_number(row) for row in worst_rows]
    if dataset.kind == "table":
        table = dataset.x.iloc[worst_rows].set_axis(numbers)
        return tables.worst_rows(table, true, predicted, title=title, unit=dataset.unit)

    details = _details(outcome, predictions[worst.rows], worst)
    if dataset.kind == "image":
        pixels = encoder.pixels(dataset, worst_rows)
        words = zip(true, predicted, details, strict=True)
        captions = [f"true {name}\nsaid {answer}\n{detail}" for name, answer, detail in words]
        return images.gallery(pixels, captions, title=title)
    table = pd.DataFrame({"text, from its beginning": dataset.x[worst_rows]}, index=numbers)
    sized = [f"{answer} ({detail})" for answer, detail in zip(predicted, details, strict=True)]
    return tables.worst_rows(table, true, sized, title=title)


def _details(outcome: Outcome, predictions: np.ndarray, worst: scores.Mistakes) -> list[str]:
    """Return the probability of each predicted class, or of the label, or the error of a number."""
    classes, problem = outcome.context.dataset.classes, outcome.context.problem
    if problem.type == "multilabel":
        return [
            f"{classes[label]} {number(row[label])}"
            for label, row in zip(worst.outputs, predictions, strict=True)
        ]
    if problem.classifies:
        return [f"probability {number(size)}" for size in worst.sizes]
    unit = " deviations" * (predictions.shape[1] > 1 and bool(problem.scale))
    return [f"off by {number(size)}{unit}" for size in worst.sizes]


def _samples(outcome: Outcome, regularizer: Regularizer) -> dict[str, Figure]:
    """Draw a grid of training images, and one of them as the augmentation changes it."""
    dataset, train = outcome.context.dataset, outcome.spec.split.train
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(train, size=min(SAMPLES, len(train)), replace=False))
    pixels, labels = encoder.pixels(dataset, rows), _words(outcome, dataset.y[rows])
    figures = {"samples": images.gallery(pixels, labels, title=f"{dataset.name}: training images")}
    if not regularizer.augments:
        return figures

    augment = augmentation(regularizer, seed=0)
    copies = np.repeat(pixels[:1], AUGMENTED, axis=0).astype("float32")
    augmented = keras.ops.convert_to_numpy(augment(copies, training=True))
    augmented = augmented.clip(0, 255).astype("uint8")
    variants = [f"variant {number}" for number in range(1, AUGMENTED + 1)]
    title = f"{labels[0]}: one training image and {AUGMENTED} augmented variants"
    pictures = np.concatenate([pixels[:1], augmented])
    figures["augmented"] = images.gallery(pictures, ["original", *variants], title=title)
    return figures


def _over_time(outcome: Outcome, rows: np.ndarray, predictions: np.ndarray) -> dict[str, Figure]:
    """Draw the series with its parts, and the predictions over time."""
    dataset, split = outcome.context.dataset, outcome.spec.split
    windows = dataset.x

    # A part is drawn where its predicted points lie.
    points = {part: windows.starts[of] + windows.reach for part, of in split.parts.items()}
    bounds = {part: (int(at[0]), int(at[-1])) for part, at in points.items() if len(at)}
    figures: dict[str, Figure] = {}
    for position, column in enumerate(windows.target[:MOST_OUTPUTS], start=1):
        name = windows.columns[column]
        figures[f"series_{position}" if len(windows.target) > 1 else "series"] = series.parts(
            windows.values[:, column],
            bounds,
            title=f"{dataset.name}: {name} and its parts",
            sealed=not outcome.spec.settings.tree["final"],
            name=name,
            unit=dataset.unit,
        )

    problem = outcome.context.problem
    baseline = baseline_predictions(problem, dataset, rows, problem.metric)
    truth = dataset.y[rows].reshape(predictions.shape)
    for suffix, (index, name) in _drawn(outcome).items():
        figures[f"forecast{suffix}"] = series.forecast(
            truth[:, index],
            predictions[:, index],
            baseline[:, index],
            title=f"{outcome.spec.settings.name}: predictions over time",
            name=name,
            unit=dataset.unit,
        )
    return figures


def _drawn(outcome: Outcome) -> dict[str, tuple[int, str]]:
    """Return which numbers are drawn, and their names, by the ends of their figures' names.

    Of many they are some from the first to the last.
    """
    dataset = outcome.context.dataset
    names = list(dataset.outputs)
    if not names:
        return {"": (0, dataset.target or "target")}
    indices = np.unique(np.linspace(0, len(names) - 1, MOST_OUTPUTS).astype(int)).tolist()
    return {f"_{index + 1}": (index, names[index]) for index in indices}


def _words(outcome: Outcome, values: np.ndarray, outputs: np.ndarray | None = None) -> list[str]:
    """Return targets or answers in words: class names, or numbers in the target's unit.

    Args:
        outcome: Knows what is predicted.
        values: (rows, ...).
        outputs: Which one of several numbers is shown, int64 (rows,); None for all of them.
    """
    classes, problem = outcome.context.dataset.classes, outcome.context.problem
    if problem.type == "multilabel":
        labels = [np.compress(row, classes) for row in values]
        return [", ".join(names) or "none" for names in labels]
    if problem.type in ("binary", "multiclass"):
        return [classes[int(value)] for value in values.ravel()]
    if names := list(outcome.context.dataset.outputs):
        words = {
            name: [f"{name} {number(value)}" for value in column]
            for name, column in zip(names, values.T, strict=True)
        }
        if outputs is None:
            return [", ".join(of_row) for of_row in zip(*words.values(), strict=True)]
        return [words[names[output]][row] for row, output in enumerate(outputs)]
    return [number(value) for value in values.ravel()]
