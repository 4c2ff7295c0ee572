"""Every figure of what a network has learned, by the kind of its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from matplotlib.figure import Figure

from goldilocks import console
from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder as encoding
from goldilocks.encoding import vectorization
from goldilocks.encoding.targets import encode_targets
from goldilocks.evaluation import scores
from goldilocks.interpret import activations, filters, gradcam, importance, saliency, words
from goldilocks.interpret.layer_graph import opened
from goldilocks.plots import activations as maps_plot
from goldilocks.plots import filters as filters_plot
from goldilocks.plots import heat_maps as heat_plot
from goldilocks.plots import importance as importance_plot
from goldilocks.plots import style
from goldilocks.plots import words as words_plot
from goldilocks.problem import Problem
from goldilocks.training.predict import predict

Figures = Iterator[tuple[str, Figure]]

LAYERS_SHOWN, LAYERS_CLIMBED = 8, 6  # layers with a grid of activations, and of filters
FILTERS, SIDE, STEPS, STEP = (
    64,
    64,
    40,
    1.0,
)  # of a layer; pixels of a pattern; and of a step (Chollet, section 5.4.2)
RIGHT, WRONG = 4, 4  # rows shown of each
TEXTS = 3  # texts shown that were understood, and that were not
WORDS, NEIGHBOURS = 20, 6
REPEATS = 5  # shuffles of a column
WINDOWS = 400  # rows of a series that are shuffled or whose gradients are averaged
CLASSES = ("binary", "multiclass")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A trained network, and rows to look at it with.

    Attributes:
        name: Of the run, for people.
        model: Raw rows -> predictions.
        encoder: Raw rows -> features.
        network: Features -> predictions.
        dataset: What it was trained on.
        problem: What it predicts.
        rows: Rows of `dataset` that it has not been trained on, int64 (n,).
    """

    name: str
    model: keras.Model
    encoder: keras.Model
    network: keras.Model
    dataset: Dataset
    problem: Problem
    rows: np.ndarray


def figures(
    subject: Subject, *, layer: str | None, image: np.ndarray | None, asked: Sequence[str]
) -> Figures:
    """The figures that suit the kind of the rows, each with its name, one after the other.

    Args:
        subject: What to look into.
        layer: Of images: the one layer whose filters, and whose evidence, are shown; None: several,
            and the last.
        image: Of images: pixels to look at in place of rows, uint8 (height, width, channels); or
            None.
        asked: Of texts: words whose neighbours are shown, besides those that say most.

    Raises:
        AnalysisError: There is no such layer.
    """
    kind = subject.dataset.kind
    if kind == "image":
        yield from _of_images(subject, layer, image)
    elif kind == "text":
        yield from _of_texts(subject, asked)
    else:
        yield from _of_columns(subject)


def of_network(model: keras.Model, image: np.ndarray, *, name: str, layer: str | None) -> Figures:
    """The feature maps of an image, and the patterns of filters.

    Args:
        model: Pixels from 0 to 255 -> anything.
        image: uint8 (height, width, channels), as the model takes it.
        name: For titles.
        layer: The one layer whose filters are shown; None: up to six convolutions.
    """
    network = opened(model)
    climbed = (
        [network.convolution(layer)] if layer else _spread(network.convolutions(), LAYERS_CLIMBED)
    )
    found = activations.activations(model, image)
    for number, each in enumerate(_spread(list(found), LAYERS_SHOWN), 1):
        grid = activations.normalized(found[each])
        silent = activations.silent(found[each])
        drawn = maps_plot.activation_grid(grid, image, name=each, silent=silent, title=name)
        yield f"activations_{number}_{_file_name(each)}", drawn
    size = min(SIDE, *image.shape[:2])
    for each in climbed:
        total = int(network.tensors[each].shape[-1])
        console.note(
            f"  climbing to what excites {min(total, FILTERS)} of {total} filters of {each}"
        )
        some = range(min(total, FILTERS))
        made = filters.patterns(model, each, some, size=size, steps=STEPS, step=STEP, seed=0)
        rise = made.losses[-1] - made.losses[0]
        yield (
            f"filters_{_file_name(each)}",
            filters_plot.filter_grid(made.images, rise, total=total, name=each, title=name),
        )


def _of_images(subject: Subject, layer: str | None, image: np.ndarray | None) -> Figures:
    """Feature maps, filters and heat maps; nothing of a network without convolutions."""
    if not opened(subject.model).convolutions() and layer is None:
        console.note(
            f"  {subject.network.name} has no convolutions: there is nothing to show of images."
        )
        return
    if image is not None:
        shown, captions = image[np.newaxis], None
        predicted = keras.ops.convert_to_numpy(subject.model(shown, training=False))
    else:
        predicted = predict(subject.encoder, subject.network, subject.dataset, subject.rows)
        places = _examples(subject, predicted, RIGHT, WRONG)
        shown = encoding.pixels(subject.dataset, subject.rows[places])
        predicted, captions = (
            predicted[places],
            [_caption(subject, place, predicted) for place in places],
        )
    yield from of_network(subject.model, shown[0], name=subject.name, layer=layer)
    if subject.problem.type not in CLASSES:
        return
    heats = gradcam.heat_maps(subject.model, shown, layer=layer)
    captions = captions or [
        f"given image, said {subject.dataset.classes[heat.label]} {heat.probability:.2f}"
        for heat in heats
    ]
    yield (
        "grad_cam",
        draw_heats(
            shown, heats, captions, title=f"Where it looks ({style.shortened(subject.name, 60)})"
        ),
    )


def draw_heats(
    images: np.ndarray, heats: Sequence[gradcam.HeatMap], captions: Sequence[str], *, title: str
) -> Figure:
    """The figure of some heat maps, each enlarged to its image (uint8)."""
    large = [
        gradcam.resized(found.heat, *image.shape[:2])
        for found, image in zip(heats, images, strict=True)
    ]
    return heat_plot.heat_maps(list(images), large, captions, layer=heats[0].layer, title=title)


def _of_texts(subject: Subject, asked: Sequence[str]) -> Figures:
    """The neighbours of words, and the words that predictions hang on."""
    vocabulary, matrix = vectorization.vocabulary(subject.encoder), words.vectors(subject.network)
    if vocabulary and matrix is not None:
        lost = [word for word in asked if word not in vocabulary]
        if lost:
            console.note(f"  not in the vocabulary of {len(vocabulary)}: {', '.join(lost)}")
        chosen = list(dict.fromkeys([*asked, *words.telling(matrix, vocabulary, WORDS)]))
        near = words.nearest(matrix, vocabulary, chosen, NEIGHBOURS)
        drawn = words_plot.neighbours(
            [each.word for each in near],
            [each.nearest for each in near],
            [each.cosines for each in near],
            title="Words whose vectors stand out most, and their neighbours "
            f"({style.shortened(subject.name, 30)})",
        )
        yield "nearest_words", drawn
    if subject.problem.type not in CLASSES:
        return
    predicted = predict(subject.encoder, subject.network, subject.dataset, subject.rows)
    how = subject.dataset.vectorization
    assert how is not None
    places = _examples(subject, predicted, TEXTS, TEXTS)
    features = encoding.features(subject.dataset, subject.encoder, subject.rows[places])
    found = saliency.saliency(subject.network, features.astype(subject.encoder.output.dtype))
    texts = [
        words.weighed(subject.encoder, how, subject.dataset.x[subject.rows[place]], row, shares)
        for place, row, shares in zip(places, features, found.shares, strict=True)
    ]
    if how.hashing:
        console.note("  the encoder keeps no words (hashing), so none can be coloured.")
        return
    captions = [_caption(subject, place, predicted) for place in places]
    yield (
        "saliency",
        words_plot.weighted_words(
            texts,
            captions,
            title=f"The words that predictions hang on ({style.shortened(subject.name, 50)})",
        ),
    )


def _of_columns(subject: Subject) -> Figures:
    """What columns are worth; of a series, when as well."""
    dataset, problem = subject.dataset, subject.problem
    rows = _sample(subject.rows, WINDOWS) if dataset.kind == "series" else subject.rows
    outputs = int(subject.model.output_shape[-1])
    truth = encode_targets(problem, outputs, dataset.y)[rows]
    raw = encoding.raw(dataset, rows)

    def loss(given) -> float:
        said = (
            subject.model.predict(given, verbose=0)
            if isinstance(given, np.ndarray)
            else subject.model(given)
        )
        return scores.scores(problem, truth, keras.ops.convert_to_numpy(said))["loss"]

    names = list(dataset.x.columns) if dataset.kind == "series" else list(raw)
    console.note(f"  shuffling {len(names)} columns of {len(rows)} rows, {REPEATS} times each")
    found = importance.importance(loss, raw, names, repeats=REPEATS, seed=0)
    drawn = importance_plot.importance_bars(
        [each.column for each in found],
        [each.mean for each in found],
        [each.std for each in found],
        loss=problem.loss,
        repeats=REPEATS,
        title=f"What each column is worth ({style.shortened(subject.name, 50)})",
    )
    yield "permutation_importance", drawn
    if dataset.kind == "series":
        windows = dataset.x
        hangs = saliency.saliency(
            subject.network, encoding.features(dataset, subject.encoder, rows)
        )
        yield (
            "saliency_over_time",
            importance_plot.saliency_over_time(
                hangs.strengths.mean(axis=0),
                windows.lookback - 1 - windows.offsets,
                windows.columns,
                rows=len(rows),
                title=f"When it looks at what ({style.shortened(subject.name, 50)})",
            ),
        )


def _examples(subject: Subject, predicted: np.ndarray, right: int, wrong: int) -> np.ndarray:
    """Places among the rows: some that were predicted rightly, drawn at random, and the worst mistakes."""
    truth = subject.dataset.y[subject.rows]
    if subject.problem.type not in CLASSES:
        return np.arange(min(len(truth), right + wrong))
    good = np.flatnonzero(scores.decided(subject.problem, predicted) == truth)
    bad = scores.worst(subject.problem, truth, predicted, most=wrong).rows
    return np.concatenate([_sample(good, right), bad]).astype("int64")


def _caption(subject: Subject, place: int, predicted: np.ndarray) -> str:
    """What is true of a row, and what was said of it."""
    truth, said = subject.dataset.y[subject.rows[place]], predicted[place]
    if subject.problem.type not in CLASSES:
        return (
            f"true {np.array2string(truth, precision=3)}, said {np.array2string(said, precision=3)}"
        )
    label = int(scores.decided(subject.problem, said[np.newaxis])[0])
    sure = said[label] if len(said) > 1 else max(said[0], 1 - said[0])
    name, true = subject.dataset.classes[label], subject.dataset.classes[int(truth)]
    return f"{'right' if name == true else 'wrong'}: true {true}, said {name} {sure:.2f}"


def _sample(values: np.ndarray, most: int) -> np.ndarray:
    """At most so many of some values, drawn with seed 0, in their order."""
    if len(values) <= most:
        return values
    return np.sort(np.random.default_rng(0).choice(values, size=most, replace=False))


def _spread(names: list[str], most: int) -> list[str]:
    """At most so many of some names, evenly spread from the first to the last."""
    if len(names) <= most:
        return names
    return [names[round(place)] for place in np.linspace(0, len(names) - 1, most)]


def _file_name(layer: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in layer)
