"""Rows of different parts of a split that are nearly the same, of which a person is warned.

What is nearly the same is told for each kind of rows by the usual means: images by a difference
hash (N. Krawetz, "Kind of like that", 2013) and the correlation of their thumbnails, texts by the
cosine of their TF-IDF vectors (Manning, Raghavan and Schuetze, Introduction to Information
Retrieval, 2008, section 6.3), tables by the distance of their standardized rows. Windows of a
series overlap by nature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from goldilocks.dataset import Dataset, row_keys
from goldilocks.protocol import Split

HASH_SIDE = 8  # pixels; the hash has 8 x 8 bits
MOST_BITS = 3  # of the 64 in which the hashes of two images may differ
THUMBNAIL = 16  # pixels; those of two images with such hashes are compared
# of their gray levels, at least: simple drawings have much the same hash when they are not the same
CORRELATION = 0.99
COSINE = 0.95  # of two texts, at least
WORDS = 20_000  # of the vocabulary, the most frequent
DISTANCE = 0.01  # of two rows of a table, at most, in standard deviations of each of their columns
NUMBERS_AT_ONCE = 20_000_000  # of distances
ROWS_AT_ONCE = 500
EXAMPLES = 3

Sides = Sequence[
    tuple[np.ndarray, np.ndarray]
]  # rows that are judged, and those that they are held against


def near_duplicates(dataset: Dataset, split: Split) -> list[tuple[int, int]]:
    """Each test or validation row that has a near duplicate in a part before it, with the nearest such row.

    Test rows are held against training and validation rows, validation rows against training rows.
    Identical rows are not meant, which `duplicates` keeps in one part. Memory grows with the rows,
    not with the pairs.

    Args:
        dataset: Of any kind; of a series there are none.
        split: Of its rows.

    Returns:
        Pairs of a test or validation row and the row that it is like, ascending, each row once at
        most.
    """
    if dataset.kind == "series":
        return []
    used = np.concatenate([split.train, split.validation, split.test])
    keys = row_keys.keys(dataset)
    nearest = {"image": _images, "text": _texts, "table": _table}[dataset.kind]
    sides = [
        (split.test, np.union1d(split.train, split.validation)),
        (split.validation, split.train),
    ]
    held = [(judged, others) for judged, others in sides if len(judged) and len(others)]
    assert keys is not None
    return sorted(
        (row, other) for row, other in nearest(dataset, used, held) if keys[row] != keys[other]
    )


def warning(dataset: Dataset, split: Split, pairs: list[tuple[int, int]]) -> str:
    """How many near duplicates there are, with up to three examples, in a sentence; "" where there are none.

    Args:
        dataset: Of the rows.
        split: Of the rows.
        pairs: As `near_duplicates` found them.
    """
    if not pairs:
        return ""
    tested = int(np.isin([row for row, _ in pairs], split.test).sum())
    counts = [f"{tested} of {len(split.test)} test rows"] * (tested > 0)
    if len(pairs) > tested:
        counts.append(f"{len(pairs) - tested} of {len(split.validation)} validation rows")
    shown = ", ".join(
        f"{_named(dataset, row)} and {_named(dataset, other)}" for row, other in pairs[:EXAMPLES]
    )
    more = ", ..." if len(pairs) > EXAMPLES else ""
    return (
        f"{' and '.join(counts)} nearly repeat a row of another part, which flatters the score: "
        f"{shown}{more}. Look at "
        "them; if they show the same thing, remove them or keep them together as a group."
    )


def _named(dataset: Dataset, row: int) -> str:
    """A row as a person finds it: a file's name, the beginning of a text, or a number."""
    if dataset.image_size is not None:
        return "/".join(str(dataset.x[row]).split("/")[-2:])
    if dataset.kind == "text":
        text = " ".join(str(dataset.x[row]).split())
        return f"row {row} ({text[:30]!r}{'...' if len(text) > 30 else ''})"
    return f"row {row}"


def _images(dataset: Dataset, used: np.ndarray, sides: Sides) -> Iterator[tuple[int, int]]:
    """Pairs of images whose hashes differ in a few bits, and whose thumbnails agree."""
    hashes, thumbnails = _seen(dataset, used)
    place = np.full(len(dataset.y), -1)
    place[used] = np.arange(len(used))
    for judged, others in sides:
        left, right = place[judged], place[others]
        step = max(1, NUMBERS_AT_ONCE // len(right))
        for start in range(0, len(left), step):
            near = (
                np.bitwise_count(hashes[left[start : start + step], None] ^ hashes[right])
                <= MOST_BITS
            )
            for number in np.flatnonzero(near.any(axis=1)).tolist():
                candidates = np.flatnonzero(near[number])
                agreement = thumbnails[right[candidates]] @ thumbnails[left[start + number]]
                if agreement.max() >= CORRELATION:
                    yield int(judged[start + number]), int(others[candidates[agreement.argmax()]])


def _seen(dataset: Dataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The difference hash of each image, and a thumbnail.

    Returns:
        uint64 (rows,), of 8 x 8 pixels whether each is lighter than the next one to the right; and
        float32 (rows, 256), gray levels with the mean 0 and the length 1, all 0 of a plain image.
    """
    from PIL import Image

    hashes, thumbnails = (
        np.empty(len(rows), np.uint64),
        np.empty((len(rows), THUMBNAIL**2), np.float32),
    )
    for place, row in enumerate(rows):
        if dataset.image_size is not None:
            with Image.open(str(dataset.x[row])) as picture:
                picture.draft(
                    "L", (2 * THUMBNAIL, 2 * THUMBNAIL)
                )  # A JPEG is then decoded small, and quickly.
                gray = picture.convert("L")
        else:
            pixels = dataset.x[row]
            gray = Image.fromarray(
                pixels[..., 0] if pixels.shape[-1] < 3 else pixels[..., :3]
            ).convert("L")
        small = np.asarray(gray.resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX))
        hashes[place] = np.packbits(small[:, :-1] > small[:, 1:]).view(np.uint64)[0]
        levels = np.asarray(
            gray.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), np.float32
        ).ravel()
        thumbnails[place] = levels - levels.mean()
    return hashes, thumbnails / np.maximum(np.linalg.norm(thumbnails, axis=1, keepdims=True), 1e-6)


def _texts(dataset: Dataset, used: np.ndarray, sides: Sides) -> Iterator[tuple[int, int]]:
    """Pairs of texts whose TF-IDF vectors point the same way."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(max_features=WORDS, dtype=np.float32, token_pattern=r"(?u)\b\w+\b")
    try:
        vectors.fit(dataset.x[used])
    except ValueError:  # There is no word in any text.
        return
    for judged, others in sides:
        left, right = (vectors.transform(dataset.x[rows]) for rows in (judged, others))
        yield from _nearest(left, right, judged, others, "cosine", 1 - COSINE)


def _table(dataset: Dataset, used: np.ndarray, sides: Sides) -> Iterator[tuple[int, int]]:
    """Pairs of rows that have the same texts and gaps, and nearly the same numbers."""
    import pandas

    frame = dataset.x if isinstance(dataset.x, pandas.DataFrame) else pandas.DataFrame(dataset.x)
    numbers = frame.select_dtypes("number").to_numpy(np.float64)
    spread = np.nanstd(numbers[used], axis=0)
    numbers = numbers[:, spread > 0] / spread[spread > 0]
    same = frame.select_dtypes(exclude="number").assign(
        gaps=[str(gaps) for gaps in np.isnan(numbers).tolist()]
    )
    kinds = pandas.util.hash_pandas_object(same.astype(str), index=False).to_numpy()
    numbers = np.nan_to_num(numbers)
    limit = DISTANCE * np.sqrt(max(1, numbers.shape[1]))
    if not numbers.shape[1]:
        return
    for judged, others in sides:
        for kind in np.intersect1d(kinds[judged], kinds[others]):
            left, right = judged[kinds[judged] == kind], others[kinds[others] == kind]
            yield from _nearest(numbers[left], numbers[right], left, right, "euclidean", limit)


def _nearest(
    left, right, judged: np.ndarray, others: np.ndarray, metric: str, limit: float
) -> Iterator[tuple[int, int]]:
    """For each of the rows on the left the nearest on the right, where it is no farther than the limit."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=1, metric=metric).fit(right)
    for start in range(0, len(judged), ROWS_AT_ONCE):
        distances, places = search.kneighbors(left[start : start + ROWS_AT_ONCE])
        for number in np.flatnonzero(distances[:, 0] <= limit).tolist():
            yield int(judged[start + number]), int(others[places[number, 0]])
