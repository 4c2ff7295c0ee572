"""Every figure of what a network has learned, by the kind of its rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
from matplotlib.figure import Figure

from goldilocks import console
from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder as encoding
from goldilocks.encoding import vectorization
from goldilocks.encoding.targets import targets_of
from goldilocks.evaluation import scores
from goldilocks.interpret import embeddings, feature_maps, gradcam, patterns, permutation, saliency
from goldilocks.interpret.layer_graph import unnest
from goldilocks.plots import images, importance, style, tables
from goldilocks.plots.words import weighted_words
from goldilocks.problem import Problem
from goldilocks.training.predict import predict

Figures = Iterator[tuple[str, Figure]]

LAYERS_SHOWN, LAYERS_CLIMBED = 8, 6  # layers with a grid of activations, and of filters
FILTERS, SIDE, STEPS = 64, 64, 40  # filters of a layer; pixels of a pattern; steps to it
IMAGES, TEXTS = 4, 3  # shown with a right prediction, and as many with a wrong one; or labels
WORDS, NEIGHBOURS = 20, 6
REPEATS = 5  # shuffles of a column
WINDOWS = 400  # rows of a series that are shuffled or whose gradients are averaged


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A trained network, and the rows that show what it has learned.

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

    def title(self, text: str) -> str:
        """Return a title with the name of the run."""
        return f"{text} ({style.shortened(self.name, 50)})"


def figures(
    subject: Subject, *, layer: str | None, image: np.ndarray | None, words: Sequence[str]
) -> Figures:
    """Yield the figures that suit the kind of the rows, each with its name.

    Args:
        subject: The network and its rows.
        layer: Of images: the one layer whose filters, and whose evidence, are shown; None: several,
            and the last.
        image: Of images: pixels to use in place of rows, uint8 (height, width, channels); or None.
        words: Of texts: words whose neighbours are shown, besides those that training moved most.

    Raises:
        AnalysisError: There is no such layer.
    """
    kind = subject.dataset.kind
    if kind == "image":
        yield from _image_figures(subject, layer, image)
    elif kind == "text":
        yield from _text_figures(subject, words)
    else:
        yield from _column_figures(subject)


def network_figures(
    model: keras.Model, image: np.ndarray, *, name: str, layer: str | None
) -> Figures:
    """Yield the feature maps of an image, and the patterns of filters.

    Args:
        model: Pixels from 0 to 255 -> anything.
        image: uint8 (height, width, channels), as the model takes it.
        name: For titles.
        layer: The one layer whose filters are shown; None: up to six convolutions.
    """
    graph = unnest(model)
    climbed = _spread(graph.convolutions(), LAYERS_CLIMBED)
    if layer:
        climbed = [graph.convolution(layer)]

    name = style.shortened(name, 40)
    maps = feature_maps.feature_maps(model, image)
    for number, shown in enumerate(_spread(list(maps), LAYERS_SHOWN), 1):
        pixels, silent = feature_maps.normalized(maps[shown]), feature_maps.silent(maps[shown])
        drawn = images.activation_grid(pixels, image, name=shown, silent=silent, title=name)
        yield f"activations_{number}_{_file_name(shown)}", drawn

    size = min(SIDE, *image.shape[:2])
    for shown in climbed:
        total = int(graph.calls[shown].output.shape[-1])
        count = min(total, FILTERS)
        console.note(f"  climbing to what excites {count} of {total} filters of {shown}")
        exciting = patterns.patterns(model, shown, range(count), size=size, steps=STEPS)
        rise = exciting.losses[-1] - exciting.losses[0]
        drawn = images.filter_grid(exciting.images, rise, total=total, name=shown, title=name)
        yield f"filters_{_file_name(shown)}", drawn


def _image_figures(subject: Subject, layer: str | None, image: np.ndarray | None) -> Figures:
    """Yield feature maps, filters and heat maps; nothing of a network without convolutions."""
    if not unnest(subject.model).convolutions() and layer is None:
        console.note(
            f"  {subject.network.name} has no convolutions: there is nothing to show of images."
        )
        return

    shown, captions, labels = encoding.pixels(subject.dataset, subject.rows[:1]), [], None
    if image is not None:
        shown = image[np.newaxis]
    elif subject.problem.classifies:
        rows, captions, labels = _examples(subject, IMAGES)
        shown = encoding.pixels(subject.dataset, rows)
    yield from network_figures(subject.model, shown[0], name=subject.name, layer=layer)

    if subject.problem.classifies:
        if image is not None and subject.problem.type == "multilabel":
            probabilities = subject.model.predict(shown, verbose=0)[0]
            labels = np.argsort(-probabilities)[: 2 * IMAGES]
            shown = np.repeat(shown, len(labels), axis=0)
        heats = gradcam.heat_maps(subject.model, shown, labels=labels, layer=layer)
        if image is not None:
            names = [subject.dataset.classes[heat.label] for heat in heats]
            captions = [
                f"given image, {name} {heat.probability:.2f}"
                for name, heat in zip(names, heats, strict=True)
            ]
        title = subject.title("Where it looks")
        drawn = [heat.heat for heat in heats]
        yield (
            "grad_cam",
            images.heat_maps(shown, drawn, captions, layer=heats[0].layer, title=title),
        )


def _text_figures(subject: Subject, wanted: Sequence[str]) -> Figures:
    """Yield the neighbours of words in an embedding, and the words that predictions depend on."""
    vocabulary = vectorization.vocabulary(subject.encoder)
    matrix = embeddings.vectors(subject.network)
    if vocabulary and matrix is not None:
        unknown = [word for word in wanted if word not in vocabulary]
        if unknown:
            console.note(f"  not in the vocabulary of {len(vocabulary)}: {', '.join(unknown)}")
        outlying = embeddings.outlying(matrix, vocabulary, WORDS)
        chosen = list(dict.fromkeys([*wanted, *outlying]))
        neighbours = embeddings.nearest(matrix, vocabulary, chosen, NEIGHBOURS)
        title = subject.title("Words whose vectors stand out most, and their neighbours")
        yield "nearest_words", tables.neighbours(neighbours, title=title)

    how = subject.dataset.vectorization
    if not subject.problem.classifies or how is None:
        return
    if how["hashing"]:
        console.note("  the encoder keeps no words (hashing), so none can be coloured.")
        return

    rows, captions, labels = _examples(subject, TEXTS)
    features = encoding.features(subject.dataset, subject.encoder, rows)
    features = features.astype(subject.encoder.output.dtype)
    contributions = saliency.saliency(subject.network, features, labels).contributions
    texts = [
        embeddings.word_weights(subject.encoder, how, subject.dataset.x[row], *parts)
        for row, *parts in zip(rows, features, contributions, strict=True)
    ]
    title = subject.title("The words that predictions depend on")
    yield "saliency", weighted_words(texts, captions, title=title)


def _column_figures(subject: Subject) -> Figures:
    """Yield the importance of columns; of a series, its course over time as well."""
    dataset, problem, rows = subject.dataset, subject.problem, subject.rows
    of_series = dataset.kind == "series"
    if of_series:
        rows = sample(rows, WINDOWS)
    truth = targets_of(problem, dataset, rows)
    columns = encoding.raw(dataset, rows)
    if isinstance(columns, np.ndarray):
        columns = dict(zip(dataset.x.columns, np.moveaxis(columns, -1, 0), strict=True))

    def loss(columns: Mapping[str, np.ndarray]) -> float:
        inputs = np.stack(list(columns.values()), axis=-1) if of_series else columns
        predicted = keras.ops.convert_to_numpy(subject.model(inputs))
        return scores.scores(problem, truth, predicted)["loss"]

    console.note(f"  shuffling {len(columns)} columns of {len(rows)} rows, {REPEATS} times each")
    importances = permutation.permutation_importance(loss, columns, repeats=REPEATS, seed=0)
    title = subject.title("Permutation importance of each column")
    bars = importance.importance_bars(importances, loss=problem.loss, repeats=REPEATS, title=title)
    yield "permutation_importance", bars
    if of_series:
        features = encoding.features(dataset, subject.encoder, rows)
        mean = saliency.saliency(subject.network, features).strengths.mean(axis=0)
        title = subject.title("Which column matters when")
        before = dataset.x.span - 1 - dataset.x.offsets
        lines = importance.saliency_over_time(
            mean, before, dataset.x.columns, rows=len(rows), title=title
        )
        yield "saliency_over_time", lines


def _examples(subject: Subject, count: int) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return rows with their captions, and the class or label that each is an example of.

    Of classes these are right predictions, at random, and the worst mistakes; of the most frequent
    labels a row that has it and is said to, and its worst mistake, each.
    """
    dataset, problem = subject.dataset, subject.problem
    predicted = predict(subject.encoder, subject.network, dataset, subject.rows)
    truth, decided = dataset.y[subject.rows], scores.decided(problem, predicted)
    if problem.type != "multilabel":
        hits = np.flatnonzero(decided == truth)
        rows, captions = _captioned(problem, dataset.classes, truth, predicted, hits, count)
        return subject.rows[rows], captions, decided[rows]

    examples, captions, labels = list[int](), list[str](), list[int]()
    for label in np.argsort(-truth.sum(axis=0), kind="stable")[:count].tolist():
        name, column = dataset.classes[label], slice(label, label + 1)
        one = replace(problem, type="binary", thresholds=problem.thresholds[column])
        hits = np.flatnonzero(decided[:, label] * truth[:, label])
        names, has = (f"no {name}", name), truth[:, label]
        some, words = _captioned(one, names, has, predicted[:, column], hits, 1)
        examples, captions = examples + some.tolist(), captions + words
        labels += [label] * len(some)
    return subject.rows[examples], captions, np.array(labels, "int64")


def _captioned(
    problem: Problem,
    classes: Sequence[str],
    truth: np.ndarray,
    predicted: np.ndarray,
    hits: np.ndarray,
    count: int,
) -> tuple[np.ndarray, list[str]]:
    """Return some of the hits and the worst mistakes, `count` each, with captions.

    A caption is the true and the predicted class in words.
    """
    decided = scores.decided(problem, predicted)
    mistakes = scores.worst(problem, truth, predicted, most=count).rows
    examples = np.concatenate([sample(hits, count), mistakes]).astype("int64")
    if predicted.shape[1] == 1:
        predicted = np.hstack([1 - predicted, predicted])

    captions = []
    for example in examples:
        index = int(decided[example])
        name, true = classes[index], classes[int(truth[example])]
        answer = "right" if name == true else "wrong"
        captions.append(f"{answer}: true {true}, said {name} {predicted[example, index]:.2f}")
    return examples, captions


def sample(values: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of some values, drawn with seed 0, in their order."""
    if len(values) <= most:
        return values
    return np.sort(np.random.default_rng(0).choice(values, size=most, replace=False))


def _spread(names: list[str], most: int) -> list[str]:
    """Return at most so many of some names, evenly spread from the first to the last."""
    positions = np.linspace(0, len(names) - 1, min(most, len(names)))
    return [names[round(position)] for position in positions]


def _file_name(layer: str) -> str:
    return re.sub(r"[^\w-]", "_", layer)
