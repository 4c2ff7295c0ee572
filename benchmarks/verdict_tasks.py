"""Tasks to train small networks on, and which of them the verdict is tuned or tested by.

A family is a task under an architecture. Families, and not curves, are assigned to tuning or
testing, by a hash of their name: what is learned of one task must hold of others.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn import datasets as sets
from sklearn.feature_extraction.text import CountVectorizer

from goldilocks.dataset import boston, mnist, reuters

TESTED = 0.4  # share of the families
FARTHEST = 5.0  # deviations that a feature may be away: some pixels are dark in all training rows
WORDS, LENGTH = 500, 32  # of texts
SIDE = 16  # pixels of a drawn picture
POINTS = 48  # of a drawn series

Rows = tuple[np.ndarray, np.ndarray]
Draw = Callable[[int, np.random.Generator], Rows]


@dataclass(frozen=True)
class Task:
    """Where rows come from.

    Attributes:
        kind: "binary", "multiclass" or "regression".
        architectures: That fit its rows: "dense", "embedding", "conv", "conv1d" or "rnn".
        draw: Number of rows, random numbers -> features and targets; a shipped task returns what
            it has.
        shipped: Whether its rows are few and real.
    """

    kind: str
    architectures: tuple[str, ...]
    draw: Draw
    shipped: bool = False


def is_tested(family: str) -> bool:
    """Whether a family is one that the verdict is tested by, and never tuned."""
    number = int.from_bytes(hashlib.sha256(family.encode()).digest()[:4], "big")
    return number / 2**32 < TESTED


def _seed(random: np.random.Generator) -> int:
    return int(random.integers(2**31))


def _shipped(load: Callable[..., Rows]) -> Draw:
    return lambda _count, _random: load(return_X_y=True)


def _moons(count: int, random: np.random.Generator) -> Rows:
    return sets.make_moons(count, noise=random.choice([0.1, 0.25, 0.4]), random_state=_seed(random))


def _circles(count: int, random: np.random.Generator) -> Rows:
    noise = random.choice([0.05, 0.15])
    return sets.make_circles(count, noise=noise, factor=0.6, random_state=_seed(random))


def _spirals(count: int, random: np.random.Generator) -> Rows:
    y = random.integers(0, 2, count)
    turn = 3 * np.pi * np.sqrt(random.random(count))
    x = np.stack([turn * np.cos(turn + np.pi * y), turn * np.sin(turn + np.pi * y)], axis=1)
    return x + random.normal(0, 0.4, x.shape), y


def _classification(classes: int, weights: tuple[float, ...] | None = None) -> Draw:
    def draw(count: int, random: np.random.Generator) -> Rows:
        return sets.make_classification(
            count,
            20,
            n_informative=8,
            n_classes=classes,
            weights=weights,
            class_sep=random.choice([0.7, 1.0, 2.0]),
            flip_y=0,
            random_state=_seed(random),
        )

    return draw


def _blobs(classes: int) -> Draw:
    def draw(count: int, random: np.random.Generator) -> Rows:
        centers = random.normal(0, 1, (classes, 16))
        y = random.integers(0, classes, count)
        return centers[y] + random.normal(0, random.choice([0.3, 0.7, 1.2]), (count, 16)), y

    return draw


def _quantiles(count: int, random: np.random.Generator) -> Rows:
    return sets.make_gaussian_quantiles(
        n_samples=count, n_features=6, n_classes=4, random_state=_seed(random)
    )


def _parity(count: int, random: np.random.Generator) -> Rows:
    x = random.integers(0, 2, (count, 10))
    return x.astype(float), x[:, :3].sum(axis=1) % 2


def _checkerboard(count: int, random: np.random.Generator) -> Rows:
    x = random.uniform(0, 4, (count, 4))
    return x, np.floor(x[:, :2]).sum(axis=1).astype(int) % 2


def _teacher(outputs: int, *, regression: bool = False) -> Draw:
    def draw(count: int, random: np.random.Generator) -> Rows:
        x = random.normal(0, 1, (count, 12))
        hidden = np.tanh(x @ random.normal(0, 0.6, (12, 16)))
        values = hidden @ random.normal(0, 1, (16, outputs))
        if regression:
            return x, values if outputs > 1 else values[:, 0]
        return x, values.argmax(axis=1)

    return draw


def _sparse(count: int, random: np.random.Generator) -> Rows:
    x = random.normal(0, 1, (count, 60))
    return x, (x[:, :4].sum(axis=1) + random.normal(0, 1, count) > 0).astype(int)


def _linear(count: int, random: np.random.Generator) -> Rows:
    x = random.normal(0, 1, (count, 80))
    return x, x @ random.normal(0, 1, 80) + random.normal(0, 4, count)


def _friedman(make: Callable[..., Rows], **options: int) -> Draw:
    return lambda count, random: make(count, **options, random_state=_seed(random))


def _sine(count: int, random: np.random.Generator) -> Rows:
    x = random.uniform(-1, 1, (count, 2))
    return x, np.sin(6 * x[:, 0]) + 0.5 * np.cos(9 * x[:, 1])


def _skewed(count: int, random: np.random.Generator) -> Rows:
    x = random.normal(0, 1, (count, 8))
    return x, np.exp(x[:, 0] + 0.5 * x[:, 1] * x[:, 2] + random.normal(0, 0.3, count))


def _steps(count: int, random: np.random.Generator) -> Rows:
    x = random.uniform(0, 1, (count, 6))
    return x, np.floor(4 * x[:, 0]) * (x[:, 1] > 0.5) + np.floor(3 * x[:, 2])


@functools.cache
def _boston() -> Rows:
    dataset = boston.load(source="stand_in", subset=None)
    return np.asarray(dataset.x, float), np.asarray(dataset.y, float)


@functools.cache
def _mnist() -> Rows:
    dataset = mnist.load(source="stand_in", subset=None)
    pixels = np.asarray(dataset.x, float)[..., 0].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4))
    return pixels / 255, np.asarray(dataset.y)


@functools.cache
def _newswires() -> tuple[np.ndarray, np.ndarray]:
    options = {"encoding": "sequence", "hashing": False, "token": "word", "max_tokens": WORDS}
    options |= {"maxlen": LENGTH, "truncating": "pre", "padding": "pre", "reverse": False}
    dataset = reuters.load(source="stand_in", subset=None, **options)
    topics, y = np.unique(dataset.y, return_inverse=True)
    frequent = np.isin(y, np.bincount(y, minlength=len(topics)).argsort()[-20:])
    return np.asarray(dataset.x)[frequent], np.unique(y[frequent], return_inverse=True)[1]


@functools.cache
def _words() -> CountVectorizer:
    return CountVectorizer(max_features=WORDS - 2).fit(_newswires()[0][:4000])


def _bags(_count: int, _random: np.random.Generator) -> Rows:
    texts, y = _newswires()
    return (_words().transform(texts).toarray() > 0).astype(float), y


@functools.cache
def _tokens() -> np.ndarray:
    words, analyze = _words().vocabulary_, _words().build_analyzer()
    tokens = np.zeros((len(_newswires()[0]), LENGTH), "int32")
    for row, text in zip(tokens, _newswires()[0], strict=True):
        known = [words.get(word, -1) + 2 for word in analyze(text)[:LENGTH]]
        row[LENGTH - len(known) :] = known
    return tokens


def _newswire_tokens(_count: int, _random: np.random.Generator) -> Rows:
    return _tokens(), _newswires()[1]


def _is_earnings(_count: int, _random: np.random.Generator) -> Rows:
    y = _newswires()[1]
    return _tokens(), (y == np.bincount(y).argmax()).astype(int)


def _keywords(count: int, random: np.random.Generator) -> Rows:
    """Return token sequences in which some words speak for a class, each a little."""
    weights = random.normal(0, 1, WORDS) * (random.random(WORDS) < 0.2)
    tokens = _zipf(count, random)
    return tokens, (weights[tokens].sum(axis=1) + random.logistic(0, 0.5, count) > 0).astype(int)


def _topics(count: int, random: np.random.Generator) -> Rows:
    y = random.integers(0, 8, count)
    tokens, topical = _zipf(count, random), random.random((count, LENGTH)) < 0.25
    own = 2 + (y[:, None] * 60 + random.integers(0, 60, (count, LENGTH))) % (WORDS - 2)
    return np.where(topical, own, tokens), y


def _order(count: int, random: np.random.Generator) -> Rows:
    """Return token sequences whose class is which of two groups of words comes first."""
    tokens = random.integers(2, 60, (count, LENGTH))
    first = np.where(tokens < 8, np.arange(LENGTH), LENGTH).min(axis=1)
    second = np.where((tokens >= 8) & (tokens < 14), np.arange(LENGTH), LENGTH).min(axis=1)
    return tokens.astype("int32"), (first < second).astype(int)


def _sums(count: int, random: np.random.Generator) -> Rows:
    weights, tokens = random.normal(0, 1, WORDS), _zipf(count, random)
    return tokens, weights[tokens].mean(axis=1) + random.normal(0, 0.05, count)


def _zipf(count: int, random: np.random.Generator) -> np.ndarray:
    """Return token sequences with the frequencies of words, int32 (count, LENGTH)."""
    chance = 1 / np.arange(1, WORDS - 1)
    words = random.choice(WORDS - 2, (count, LENGTH), p=chance / chance.sum())
    return (words + 2).astype("int32")


def _digits_image(_count: int, _random: np.random.Generator) -> Rows:
    x, y = sets.load_digits(return_X_y=True)
    return x.reshape(-1, 8, 8, 1) / 16, y


def _mnist_image(_count: int, _random: np.random.Generator) -> Rows:
    x, y = _mnist()
    return x[..., None], y


def _shapes(count: int, random: np.random.Generator) -> Rows:
    """Return noisy pictures of a disc, a square or a cross somewhere."""
    y, center = random.integers(0, 3, count), random.uniform(5, SIDE - 5, (count, 2, 1, 1))
    size = random.uniform(2, 4.5, (count, 1, 1))
    down, right = np.abs(np.indices((SIDE, SIDE))[None] - center).transpose(1, 0, 2, 3)
    disc, square = np.hypot(down, right) < size, np.maximum(down, right) < 0.9 * size
    cross = (np.minimum(down, right) < 1) & (np.maximum(down, right) < 1.3 * size)
    pictures = np.stack([disc, square, cross])[y, np.arange(count)]
    return (pictures + random.normal(0, 0.7, pictures.shape))[..., None], y


def _gratings(count: int, random: np.random.Generator) -> Rows:
    y, (down, right) = random.integers(0, 6, count), np.indices((SIDE, SIDE))
    angle = (y * np.pi / 6)[:, None, None]
    wave = np.cos(angle) * down + np.sin(angle) * right
    pictures = np.sin(1.2 * wave + random.uniform(0, 6.3, (count, 1, 1)))
    return (pictures + random.normal(0, 1.5, pictures.shape))[..., None], y


def _spots(count: int, random: np.random.Generator) -> Rows:
    """Return pictures with 0 to 6 spots, and how many."""
    y, pictures = random.integers(0, 7, count), random.normal(0, 0.3, (count, SIDE, SIDE))
    for row, spots in enumerate(y):
        for down, right in random.integers(0, SIDE - 2, (spots, 2)):
            pictures[row, down : down + 2, right : right + 2] += 1
    return pictures[..., None], y.astype(float)


def _sizes(count: int, random: np.random.Generator) -> Rows:
    """Return pictures of a disc somewhere, and its radius."""
    y, center = random.uniform(2, 6, count), random.uniform(5, SIDE - 5, (count, 2, 1, 1))
    down, right = np.abs(np.indices((SIDE, SIDE))[None] - center).transpose(1, 0, 2, 3)
    pictures = (np.hypot(down, right) < y[:, None, None]).astype(float)
    return (pictures + random.normal(0, 1, pictures.shape))[..., None], y


def _corners(count: int, random: np.random.Generator) -> Rows:
    """Return pictures that are brighter in two opposite corners, or in two neighbouring ones."""
    y, pictures = random.integers(0, 2, count), random.normal(0, 1, (count, SIDE, SIDE))
    pictures[:, :6, :6] += 0.5
    pictures[y == 0, -6:, -6:] += 0.5
    pictures[y == 1, :6, -6:] += 0.5
    return pictures[..., None], y


def _peaks(count: int, random: np.random.Generator) -> Rows:
    """Return noisy series with 0 to 5 peaks, and how many."""
    y, values = random.integers(0, 6, count), random.normal(0, 0.4, (count, POINTS))
    for row, peaks in enumerate(y):
        for start in random.integers(0, POINTS - 4, peaks):
            values[row, start : start + 3] += [1, 2, 1]
    return values[..., None], y.astype(float)


def _waves(count: int, random: np.random.Generator) -> Rows:
    """Return noisy series of five wave forms."""
    y = random.integers(0, 5, count)
    speed, start = random.uniform(0.2, 0.5, (count, 1)), random.uniform(0, 6.3, (count, 1))
    phase = speed * np.arange(POINTS) + start
    saw = (phase / np.pi) % 2 - 1
    forms = np.stack(
        [np.sin(phase), np.sign(np.sin(phase)), saw, 2 * np.abs(saw) - 1, np.sin(phase) ** 3]
    )
    values = forms[y, np.arange(count)]
    return (values + random.normal(0, 0.6, values.shape))[..., None], y


def _motif(count: int, random: np.random.Generator) -> Rows:
    y, values = random.integers(0, 2, count), random.normal(0, 1, (count, POINTS))
    for row, start in zip(np.flatnonzero(y), random.integers(0, POINTS - 6, count), strict=False):
        values[row, start : start + 6] += [2, -2, 2, 2, -2, 1]
    return values[..., None], y


def _frequency(count: int, random: np.random.Generator) -> Rows:
    speed = random.uniform(0.1, 1.0, (count, 1))
    values = np.sin(speed * np.arange(POINTS) + random.uniform(0, 6.3, (count, 1)))
    return (values + random.normal(0, 0.5, values.shape))[..., None], speed[:, 0]


def _adding(count: int, random: np.random.Generator) -> Rows:
    """Return the adding problem (Hochreiter and Schmidhuber, 1997), twelve steps long."""
    values, marks = random.random((count, 12)), np.zeros((count, 12))
    first, second = random.integers(0, 6, count), random.integers(6, 12, count)
    row = np.arange(count)
    marks[row, first] = marks[row, second] = 1
    return np.stack([values, marks], axis=2), values[row, first] + values[row, second]


def _forecast(count: int, random: np.random.Generator) -> Rows:
    """Return stretches of an autoregressive season, and what comes four steps after each."""
    noise = random.normal(0, 0.5, count + 60)
    series = np.zeros(count + 60)
    for time in range(2, len(series)):
        series[time] = 1.2 * series[time - 1] - 0.5 * series[time - 2] + noise[time]
    series += 1.5 * np.sin(np.arange(len(series)) * 2 * np.pi / 24)
    windows = np.lib.stride_tricks.sliding_window_view(series, 28)[:count]
    return windows[:, :24, None], windows[:, -1]


TASKS = {
    "breast_cancer": Task("binary", ("dense",), _shipped(sets.load_breast_cancer), True),
    "wine": Task("multiclass", ("dense",), _shipped(sets.load_wine), True),
    "iris": Task("multiclass", ("dense",), _shipped(sets.load_iris), True),
    "digits": Task("multiclass", ("dense",), _shipped(sets.load_digits), True),
    "diabetes": Task("regression", ("dense",), _shipped(sets.load_diabetes), True),
    "boston": Task("regression", ("dense",), lambda _count, _random: _boston(), True),
    "mnist_pixels": Task(
        "multiclass", ("dense",), lambda _c, _r: (_mnist()[0].reshape(-1, 196), _mnist()[1]), True
    ),
    "newswire_bags": Task("multiclass", ("dense",), _bags, True),
    "moons": Task("binary", ("dense",), _moons),
    "circles": Task("binary", ("dense",), _circles),
    "spirals": Task("binary", ("dense",), _spirals),
    "classification": Task("binary", ("dense",), _classification(2)),
    "rare": Task("binary", ("dense",), _classification(2, (0.94,))),
    "parity": Task("binary", ("dense",), _parity),
    "checkerboard": Task("binary", ("dense",), _checkerboard),
    "sparse": Task("binary", ("dense",), _sparse),
    "teacher_binary": Task("binary", ("dense",), _teacher(2)),
    "classes": Task("multiclass", ("dense",), _classification(5)),
    "rare_classes": Task("multiclass", ("dense",), _classification(4, (0.8, 0.1, 0.06))),
    "blobs": Task("multiclass", ("dense",), _blobs(20)),
    "many_blobs": Task("multiclass", ("dense",), _blobs(60)),
    "quantiles": Task("multiclass", ("dense",), _quantiles),
    "teacher_classes": Task("multiclass", ("dense",), _teacher(10)),
    "friedman1": Task("regression", ("dense",), _friedman(sets.make_friedman1, n_features=10)),
    "friedman2": Task("regression", ("dense",), _friedman(sets.make_friedman2)),
    "friedman3": Task("regression", ("dense",), _friedman(sets.make_friedman3)),
    "linear": Task("regression", ("dense",), _linear),
    "teacher": Task("regression", ("dense",), _teacher(1, regression=True)),
    "teacher_vector": Task("regression", ("dense",), _teacher(3, regression=True)),
    "sine": Task("regression", ("dense",), _sine),
    "skewed": Task("regression", ("dense",), _skewed),
    "steps": Task("regression", ("dense",), _steps),
    "newswires": Task("multiclass", ("embedding", "conv1d", "rnn"), _newswire_tokens, True),
    "earnings": Task("binary", ("embedding", "conv1d", "rnn"), _is_earnings, True),
    "keywords": Task("binary", ("embedding", "rnn"), _keywords),
    "topics": Task("multiclass", ("embedding", "conv1d"), _topics),
    "order": Task("binary", ("embedding", "rnn"), _order),
    "sums": Task("regression", ("embedding",), _sums),
    "digits_image": Task("multiclass", ("conv",), _digits_image, True),
    "mnist_image": Task("multiclass", ("conv",), _mnist_image, True),
    "shapes": Task("multiclass", ("conv",), _shapes),
    "gratings": Task("multiclass", ("conv",), _gratings),
    "spots": Task("regression", ("conv",), _spots),
    "sizes": Task("regression", ("conv",), _sizes),
    "corners": Task("binary", ("conv",), _corners),
    "peaks": Task("regression", ("conv1d", "rnn"), _peaks),
    "waves": Task("multiclass", ("conv1d", "rnn"), _waves),
    "motif": Task("binary", ("conv1d", "rnn"), _motif),
    "frequency": Task("regression", ("conv1d", "rnn"), _frequency),
    "adding": Task("regression", ("rnn",), _adding),
    "forecast": Task("regression", ("rnn",), _forecast),
}
FAMILIES = [f"{name}/{kind}" for name, task in TASKS.items() for kind in task.architectures]
