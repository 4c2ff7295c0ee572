"""Find rows of different parts of a split that are nearly the same, to warn of them.

What is nearly the same is told for each kind of rows by the usual means. Images: a difference hash
(N. Krawetz, "Kind of like that", 2013) and the correlation of their thumbnails. Texts: the cosine
of their TF-IDF vectors (Manning, Raghavan and Schuetze, Introduction to Information Retrieval,
2008, section 6.3). Tables: the distance of their standardized rows. Windows of a series overlap by
nature, so they are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from goldilocks.dataset import Dataset, row_keys
from goldilocks.protocol import Split

HASH_SIDE = 8  # Pixels; the hash has 8 x 8 bits.
MOST_BITS = 3  # Of the 64 in which the hashes of two images may differ.
THUMBNAIL = 16  # Pixels; those of two images with such hashes are compared.
# Of their gray levels, at least: different simple drawings have much the same hash.
CORRELATION = 0.99
COSINE = 0.95  # Of two texts, at least.
WORDS = 20_000  # Of the vocabulary, the most frequent.
DISTANCE = 0.01  # Of two rows of a table, at most, in standard deviations of each of their columns.
NUMBERS_AT_ONCE = 20_000_000  # Of distances.
ROWS_AT_ONCE = 500
EXAMPLES = 3

# Held-out rows, and the rows that they are compared with, both int64.
Sides = Sequence[tuple[np.ndarray, np.ndarray]]


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

    sides = [
        (split.test, np.union1d(split.train, split.validation)),
        (split.validation, split.train),
    ]
    sides = [(held_out, others) for held_out, others in sides if len(held_out) and len(others)]
    rows = np.concatenate([split.train, split.validation, split.test])
    nearest = {"image": _images, "text": _texts, "table": _table}[dataset.kind]
    pairs = nearest(dataset, rows, sides)
    return sorted((row, other) for row, other in pairs if keys[row] != keys[other])


def warning(dataset: Dataset, split: Split, pairs: list[tuple[int, int]]) -> str:
    """Return how many near duplicates there are, with three examples; "" where there are none.

    Args:
        dataset: Of the rows.
        split: Of the rows.
        pairs: As `near_duplicates` found them.
    """
    if not pairs:
        return ""

    of_test = int(np.isin([row for row, _ in pairs], split.test).sum())
    counts = []
    if of_test:
        counts.append(f"{of_test} of {len(split.test)} test rows")
    if len(pairs) > of_test:
        counts.append(f"{len(pairs) - of_test} of {len(split.validation)} validation rows")

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


def _images(dataset: Dataset, rows: np.ndarray, sides: Sides) -> Iterator[tuple[int, int]]:
    """Yield pairs of images whose hashes differ in a few bits, and whose thumbnails agree."""
    hashes, thumbnails = _hashes_and_thumbnails(dataset, rows)
    index_of = np.full(len(dataset.y), -1)
    index_of[rows] = np.arange(len(rows))

    for held_out, others in sides:
        left, right = index_of[held_out], index_of[others]
        step = max(1, NUMBERS_AT_ONCE // len(right))
        for start in range(0, len(left), step):
            different = hashes[left[start : start + step], None] ^ hashes[right]
            near = np.bitwise_count(different) <= MOST_BITS

            for number in np.flatnonzero(near.any(axis=1)).tolist():
                candidates = np.flatnonzero(near[number])
                agreement = thumbnails[right[candidates]] @ thumbnails[left[start + number]]
                if agreement.max() >= CORRELATION:
                    yield int(held_out[start + number]), int(others[candidates[agreement.argmax()]])


def _hashes_and_thumbnails(dataset: Dataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference hash of each image, and a thumbnail.

    Returns:
        uint64 (rows,), of 8 x 8 pixels whether each is lighter than the next one to the right; and
        float32 (rows, 256), gray levels with the mean 0 and the length 1, all 0 of a plain image.
    """
    hashes = np.empty(len(rows), np.uint64)
    thumbnails = np.empty((len(rows), THUMBNAIL**2), np.float32)
    for index, row in enumerate(rows):
        gray = _gray(dataset, row)

        small = np.asarray(gray.resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX))
        hashes[index] = np.packbits(small[:, :-1] > small[:, 1:]).view(np.uint64)[0]

        thumbnail = gray.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
        levels = np.asarray(thumbnail, np.float32).ravel()
        thumbnails[index] = levels - levels.mean()

    lengths = np.linalg.norm(thumbnails, axis=1, keepdims=True)
    return hashes, thumbnails / np.maximum(lengths, 1e-6)


def _gray(dataset: Dataset, row: int) -> Image.Image:
    if dataset.image_size is not None:
        with Image.open(str(dataset.x[row])) as picture:
            # A JPEG is then decoded small, and quickly.
            picture.draft("L", (2 * THUMBNAIL, 2 * THUMBNAIL))
            return picture.convert("L")

    pixels = dataset.x[row]
    channels = pixels[..., :3]
    if pixels.shape[-1] < 3:
        channels = pixels[..., 0]
    return Image.fromarray(channels).convert("L")


def _texts(dataset: Dataset, rows: np.ndarray, sides: Sides) -> Iterator[tuple[int, int]]:
    """Yield pairs of texts whose TF-IDF vectors point the same way."""
    vectors = TfidfVectorizer(max_features=WORDS, dtype=np.float32, token_pattern=r"(?u)\b\w+\b")
    try:
        vectors.fit(dataset.x[rows])
    except ValueError:  # There is no word in any text.
        return

    for held_out, others in sides:
        left, right = (vectors.transform(dataset.x[part]) for part in (held_out, others))
        yield from _nearest(left, right, held_out, others, "cosine", 1 - COSINE)


def _table(dataset: Dataset, rows: np.ndarray, sides: Sides) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows that have the same texts and gaps, and nearly the same numbers."""
    frame = pd.DataFrame(dataset.x)
    numbers = frame.select_dtypes("number").to_numpy(np.float64)
    spread = np.nanstd(numbers[rows], axis=0)
    numbers = numbers[:, spread > 0] / spread[spread > 0]
    if not numbers.shape[1]:
        return

    gaps = [str(row) for row in np.isnan(numbers).tolist()]
    rest = frame.select_dtypes(exclude="number").assign(gaps=gaps).astype(str)
    kinds = pd.util.hash_pandas_object(rest, index=False).to_numpy()
    numbers = np.nan_to_num(numbers)
    limit = DISTANCE * np.sqrt(numbers.shape[1])

    for held_out, others in sides:
        for kind in np.intersect1d(kinds[held_out], kinds[others]):
            left, right = held_out[kinds[held_out] == kind], others[kinds[others] == kind]
            yield from _nearest(numbers[left], numbers[right], left, right, "euclidean", limit)


def _nearest(
    left: np.ndarray | csr_matrix,
    right: np.ndarray | csr_matrix,
    held_out: np.ndarray,
    others: np.ndarray,
    metric: str,
    limit: float,
) -> Iterator[tuple[int, int]]:
    """Yield each held-out row that is no farther than the limit from its nearest other row."""
    search = NearestNeighbors(n_neighbors=1, metric=metric).fit(right)
    for start in range(0, len(held_out), ROWS_AT_ONCE):
        distances, places = search.kneighbors(left[start : start + ROWS_AT_ONCE])
        for number in np.flatnonzero(distances[:, 0] <= limit).tolist():
            yield int(held_out[start + number]), int(others[places[number, 0]])
