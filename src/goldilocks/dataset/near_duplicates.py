"""Find pairs of rows that are nearly the same.

What is nearly the same is told for each kind of rows by the usual means. Images: the correlation of
their thumbnails. Texts: the cosine of their TF-IDF vectors (Manning, Raghavan and Schuetze,
Introduction to Information Retrieval, 2008, section 6.3). Tables: rows agree in four of five
columns, and more closely than chance would bring rows together; one column may differ, and
several may be off by a little. Windows of a series overlap by nature, so they are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import csr_matrix
from scipy.stats import false_discovery_control, gamma, iqr
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from goldilocks.dataset import Dataset, row_keys
from goldilocks.dataset.checks.evidence import as_numbers
from goldilocks.dataset.readers.pixels import decode_all

THUMBNAIL = 16  # Pixels.
CORRELATION = 0.99  # Of the gray levels of two thumbnails, at least.
COSINE = 0.95  # Of two texts, at least.
WORDS = 20_000  # Of the vocabulary, the most frequent.

# Of two rows of a table.
AGREE = 0.05  # Standard deviations between two numbers that agree, at most.
COLUMNS = 0.8  # Of the columns agree, at least.
CHANCE = 0.01  # Of the pairs that are named are brought by chance, at most.

# Of the search for such pairs: rows are sorted by some of their columns, cut into wide bins, and
# only neighbours are compared. Each search takes other columns and other bins.
SEARCHES = 16
BIN = 0.25  # Standard deviations: so wide that numbers that agree are mostly in one bin.
NEIGHBOURS = 3
SAMPLE = 20_000  # Pairs drawn to learn how often chance brings rows so near.

MOST = {"table": 100_000, "text": 4_000, "image": 4_000}  # Rows that are compared, drawn by seed.


def near_duplicates(dataset: Dataset, parts: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    """Return pairs of rows that are nearly the same; identical rows are not meant.

    Of a table, all pairs that are found, in a time that grows with the rows. Of images and texts,
    each row with the nearest one of an earlier part.

    Args:
        dataset: Of any kind; of a series there are none.
        parts: Its rows, int64 each: those of the training first. Of more than `MOST` rows, so many
            are drawn by seed.

    Returns:
        Pairs of a row and a row of an earlier part, or of an earlier row of the same; ascending.
    """
    keys = row_keys.keys(dataset)
    if keys is None:
        return []

    number = np.repeat(np.arange(len(parts)), list(map(len, parts)))
    rows, most = np.concatenate(parts), MOST[dataset.kind]
    if len(rows) > most:
        drawn = np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False))
        rows, number = rows[drawn], number[drawn]
    if len(rows) < 2:
        return []

    if dataset.kind == "table":
        pairs = _of_table(dataset.x.iloc[rows])
    elif dataset.kind == "text":
        pairs = _nearest(_texts(dataset, rows), number, COSINE)
    else:
        pairs = _nearest(_images(dataset, rows), number, CORRELATION)
    pairs = rows[np.sort(pairs, axis=1)[:, ::-1]]
    differ = keys[pairs[:, 0]] != keys[pairs[:, 1]]
    return sorted(map(tuple, pairs[differ].tolist()))


def _nearest(vectors: np.ndarray | csr_matrix, part: np.ndarray, limit: float) -> np.ndarray:
    """Return positions of rows and their nearest of an earlier part, int64 (pairs, 2)."""
    cosines = np.where(part[:, None] > part, cosine_similarity(vectors), -1)
    nearest = cosines.argmax(axis=1)
    alike = np.flatnonzero(cosines.max(axis=1) >= limit)
    return np.stack([alike, nearest[alike]], axis=1)


def _images(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """Return the gray levels of each image's thumbnail; their cosine is their correlation."""
    images = map(dataset.x.__getitem__, rows)
    if dataset.image_size is not None:
        small = (2 * THUMBNAIL, 2 * THUMBNAIL)  # A JPEG is then decoded small, and quickly.
        images = decode_all(dataset.x[rows], small, dataset.levels)
    size, box = (THUMBNAIL, THUMBNAIL), Image.Resampling.BOX
    grays = [Image.fromarray(np.squeeze(image)).convert("L").resize(size, box) for image in images]
    levels = np.stack([np.asarray(gray).ravel() for gray in grays])
    return levels - levels.mean(axis=1, keepdims=True, dtype=np.float32)


def _texts(dataset: Dataset, rows: np.ndarray) -> np.ndarray | csr_matrix:
    """Return the TF-IDF vectors of texts."""
    tfidf = TfidfVectorizer(max_features=WORDS, dtype=np.float32, token_pattern=r"(?u)\b\w+\b")
    try:
        return tfidf.fit_transform(dataset.x[rows])
    except ValueError:  # There is no word in any text.
        return np.zeros((len(rows), 1))


def _of_table(frame: pd.DataFrame) -> np.ndarray:
    """Return positions of rows that are nearly the same, int64 (pairs, 2).

    How near two rows are in a column is the share of random pairs that are as near: p. As in
    Fisher's combined test, -2 * log(p) is added up over the columns. Columns depend on each other,
    so the sum follows a scaled chi-squared distribution whose mean and variance are those of random
    pairs (Brown, A method for combining non-independent, one-sided tests of significance, 1975).
    Of the pairs that are returned, 1 % are expected to be so near by chance (Benjamini and
    Hochberg, Controlling the false discovery rate, 1995).
    """
    frame = frame.replace("", np.nan)
    varying = frame.loc[:, frame.nunique(dropna=False) > 1]
    values, random = varying.apply(_standardized).to_numpy(float), np.random.default_rng(0)
    chance = np.sort(_distances(values, _random_pairs(len(values), random)), axis=0)
    nearness = _nearness(_distances(values, _random_pairs(len(values), random)), chance)
    nearness = np.minimum(nearness, np.quantile(nearness, 0.995))  # Without near duplicates.
    if nearness.var() == 0:
        return np.zeros((0, 2), np.int64)

    pairs = _candidates(values, random)
    distances = _distances(values, pairs)
    agree = (distances <= AGREE).mean(axis=1) >= COLUMNS
    scale = nearness.var() / nearness.mean()
    likely = gamma.sf(_nearness(distances[agree], chance), nearness.mean() / scale, scale=scale)
    # Of all pairs of rows, the others are as likely as can be.
    others = len(values) * (len(values) - 1) / 2 / max(1, len(likely))
    return pairs[agree][false_discovery_control(likely) * others <= CHANCE]


def _random_pairs(rows: int, random: np.random.Generator) -> np.ndarray:
    """Return positions of two different rows each, int64 (SAMPLE, 2)."""
    first = random.integers(rows, size=SAMPLE)
    return np.stack([first, (first + random.integers(1, rows, size=SAMPLE)) % rows], axis=1)


def _standardized(column: pd.Series) -> pd.Series:
    """Return numbers in their usual spread, and words as numbers far apart; gaps as infinite."""
    numbers, spread = as_numbers(column), 1.0
    if column.dtype != object:
        # Of an interquartile range that a few large values do not move.
        spread = iqr(numbers, scale="normal", nan_policy="omit") or numbers.std() or 1.0
    return (numbers / spread).fillna(np.inf)


def _distances(values: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return how far the rows of pairs are apart, float64 (pairs, columns)."""
    left, right = values[pairs[:, 0]], values[pairs[:, 1]]
    with np.errstate(invalid="ignore"):
        return np.where(left == right, 0.0, np.abs(left - right))


def _nearness(distances: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Return -log of the share of random pairs that are as near, summed: float64 (pairs,)."""
    total = np.zeros(len(distances))
    for distance, sample in zip(distances.T, chance.T, strict=True):
        nearer = np.searchsorted(sample, distance, side="right")
        total -= np.log((nearer + 1) / (len(sample) + 1))
    return total


def _candidates(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return positions of rows that may be nearly the same, int64 (pairs, 2), each pair once."""
    rows, columns = values.shape
    sample = _random_pairs(rows, random)
    pairs = []
    for _ in range(SEARCHES):
        bins = np.floor(values / BIN + random.random(columns))[:, random.permutation(columns)]
        # So many columns that about one pair of different rows in a row's number agrees.
        shares = (bins[sample[:, 0]] == bins[sample[:, 1]]).mean(axis=0).cumprod()
        taken = np.flatnonzero(shares[:-1] * rows >= 1 / np.e).max(initial=-1) + 2
        key = row_keys.of_raw("table", bins[:, :taken])
        order = np.lexsort([values[:, random.integers(columns)], key])
        for lag in range(1, NEIGHBOURS + 1):
            same = key[order[lag:]] == key[order[:-lag]]
            pairs.append(np.stack([order[lag:][same], order[:-lag][same]], axis=1))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
