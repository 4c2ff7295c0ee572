"""Find rows of different parts of a split that are nearly the same, to warn of them.

What is nearly the same is told for each kind of rows by the usual means. Images: the correlation of
their thumbnails. Texts: the cosine of their TF-IDF vectors (Manning, Raghavan and Schuetze,
Introduction to Information Retrieval, 2008, section 6.3). Tables: the distance of their
standardized rows. Windows of a series overlap by nature, so they are left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from goldilocks.dataset import Dataset, row_keys
from goldilocks.dataset.readers.pixels import decode_all
from goldilocks.protocol import Split

THUMBNAIL = 16  # Pixels.
CORRELATION = 0.99  # Of the gray levels of two thumbnails, at least.
COSINE = 0.95  # Of two texts, at least.
WORDS = 20_000  # Of the vocabulary, the most frequent.
DISTANCE = 0.01  # Of two rows of a table, at most, in standard deviations of each of their columns.
EXAMPLES = 3


# Numbers (rows, dimensions) that rows are compared by; the kind of each row, since those of
# different kinds are not compared; the metric; and the largest distance of near-duplicates.
Compared = tuple[np.ndarray | csr_matrix, np.ndarray, str, float]


def near_duplicates(dataset: Dataset, split: Split) -> list[tuple[int, int]]:
    """Return held-out rows that nearly repeat a row of another part, each with the nearest one.

    Test rows are compared with training and validation rows, validation rows with training rows.
    Identical rows are not meant, which `duplicates` keeps in one part. Memory grows with the rows,
    not with the pairs.

    Args:
        dataset: Of any kind; of a series there are none.
        split: Of its rows.

    Returns:
        Pairs of a test or validation row and the row that it is like, ascending, each row once at
        most.
    """
    keys = row_keys.keys(dataset)
    if keys is None:
        return []

    rows = np.sort(np.concatenate([split.train, split.validation, split.test]))
    compared = {"image": _images, "text": _texts, "table": _table}[dataset.kind]
    values, kinds, metric, limit = compared(dataset, rows)
    if not values.shape[1]:
        return []

    pairs: list[tuple[int, int]] = []
    for held_out, others in (
        (split.test, np.union1d(split.train, split.validation)),
        (split.validation, split.train),
    ):
        left, right = np.searchsorted(rows, held_out), np.searchsorted(rows, others)
        for kind in np.intersect1d(kinds[left], kinds[right]):
            queries, candidates = left[kinds[left] == kind], right[kinds[right] == kind]
            search = NearestNeighbors(n_neighbors=1, metric=metric).fit(values[candidates])
            distances, nearest = search.kneighbors(values[queries])
            alike = np.flatnonzero(distances[:, 0] <= limit)
            matches = rows[np.stack([queries[alike], candidates[nearest[alike, 0]]], axis=1)]
            pairs += [(row, other) for row, other in matches.tolist() if keys[row] != keys[other]]
    return sorted(pairs)


def warning(dataset: Dataset, split: Split) -> str:
    """Return how many near duplicates there are, with three examples; "" where there are none.

    Args:
        dataset: Of the rows.
        split: Of the rows.
    """
    pairs = near_duplicates(dataset, split)
    if not pairs:
        return ""

    rows = [row for row, _ in pairs]
    counts = [
        f"{count} of {len(part)} {name} rows"
        for name, part in (("test", split.test), ("validation", split.validation))
        if (count := np.isin(rows, part).sum())
    ]
    examples = [
        f"{_named(dataset, row)} and {_named(dataset, other)}" for row, other in pairs[:EXAMPLES]
    ]
    if len(pairs) > EXAMPLES:
        examples.append("...")
    return (
        f"{' and '.join(counts)} nearly repeat a row of another part, which flatters the score: "
        f"{', '.join(examples)}. Look at them; if they show the same thing, remove them or keep "
        "them together as a group."
    )


def _named(dataset: Dataset, row: int) -> str:
    """Return a row as a person finds it: a file's name, the beginning of a text, or a number."""
    if dataset.image_size is not None:
        return "/".join(str(dataset.x[row]).split("/")[-2:])
    if dataset.kind != "text":
        return f"row {row}"
    text = " ".join(str(dataset.x[row]).split())
    dots = "..." if len(text) > 30 else ""
    return f"row {row} ({text[:30]!r}{dots})"


def _images(dataset: Dataset, rows: np.ndarray) -> Compared:
    """Return the gray levels of each image's thumbnail; their cosine is their correlation."""
    size, box = (THUMBNAIL, THUMBNAIL), Image.Resampling.BOX
    levels = np.stack([np.asarray(_gray(dataset, row).resize(size, box)).ravel() for row in rows])
    centered = levels - levels.mean(axis=1, keepdims=True, dtype=np.float32)
    return centered, np.zeros(len(rows)), "cosine", 1 - CORRELATION


def _gray(dataset: Dataset, row: int) -> Image.Image:
    if dataset.image_size is not None:
        small = (2 * THUMBNAIL, 2 * THUMBNAIL)  # A JPEG is then decoded small, and quickly.
        [image] = decode_all(dataset.x[[row]], small, dataset.levels)
    else:
        image = np.squeeze(dataset.x[row])
    return Image.fromarray(image).convert("L")


def _texts(dataset: Dataset, rows: np.ndarray) -> Compared:
    """Return the TF-IDF vectors of texts."""
    tfidf = TfidfVectorizer(max_features=WORDS, dtype=np.float32, token_pattern=r"(?u)\b\w+\b")
    try:
        values = tfidf.fit_transform(dataset.x[rows])
    except ValueError:  # There is no word in any text.
        values = np.zeros((len(rows), 0))
    return values, np.zeros(len(rows)), "cosine", 1 - COSINE


def _table(dataset: Dataset, rows: np.ndarray) -> Compared:
    """Return the numbers of each row; rows of one kind have the same texts and gaps."""
    frame = pd.DataFrame(dataset.x).iloc[rows]
    numbers = frame.select_dtypes("number").to_numpy(np.float64)
    spread = np.nanstd(numbers, axis=0)
    numbers = numbers[:, spread > 0] / spread[spread > 0]
    gaps = [str(row) for row in np.isnan(numbers).tolist()]
    rest = frame.select_dtypes(exclude="number").assign(gaps=gaps).astype(str)
    kinds = pd.util.hash_pandas_object(rest, index=False).to_numpy()

    limit = DISTANCE * np.sqrt(numbers.shape[1])
    return np.nan_to_num(numbers), kinds, "euclidean", limit
