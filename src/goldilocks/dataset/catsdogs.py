"""Cats and dogs: photographs, chapter 6's first problem from raw images.

Original: Asirra (Elson, Douceur, Howell and Saul, CCS 2007), photographs from Petfinder.com,
    published by Microsoft Research as kagglecatsanddogs_5340.zip; the data behind Kaggle's "Dogs
    vs. Cats".
Licence: Microsoft Research licence agreement (MSR-LA, in the archive): for research, not
    commercial; we fetch it, and pass nothing on.
Counts: 25,000 JPEGs, 12,500 cats and 12,500 dogs, numbered 0 to 12499 in each class; the chapter
    uses 4,000 of them, 1,000 + 500 + 500 (train, validation, test) of each class, in order of
    number.
Balance: 50 % cats (0), 50 % dogs (1). Majority baseline: accuracy 0.5.
Shape: RGB of varied size, mostly at most 500 pixels a side; resized to `image_size`, uint8, 0 to
    255.
Archive: 824,887,076 bytes; the SHA-256 below is the one that the GoMLX project pins.
Known broken: Cat/666.jpg and Dog/11702.jpg are empty. TensorFlow Datasets drops 1,738 that do not
    begin as JFIF; we keep those of them that decode. Two Thumbs.db lie beside the photographs.
Stand-in: 4,000 faces drawn by `goldilocks.dataset.stand_ins.faces` from seed 0.
"""

import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from goldilocks import console
from goldilocks.dataset import Dataset, cell_keys, images
from goldilocks.dataset.readers import content, folders
from goldilocks.dataset.sources import archive, cache
from goldilocks.dataset.stand_ins import faces, heads
from goldilocks.errors import DataError

URL = (
    "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
    "kagglecatsanddogs_5340.zip"
)
SHA256 = "b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9"
CLASSES = ("cat", "dog")
# Images of each class in the chapter's splits, taken in this order.
SPLIT: Mapping[str, int] = {"train": 1000, "validation": 500, "test": 500}
DRAWN = 4000


def load(
    *,
    source: str,
    dir: str | None,
    image_size: int,
    cache_gib: float,
    broken_limit: float,
    pixel_limit: float,
    subset: int | None,
) -> Dataset:
    """Load cats (0) and dogs (1).

    Where each class has 2,000 images, these are the chapter's 4,000 rows with its splits.

    Args:
        source: "auto", "original" or "stand_in"; of no effect where `dir` is given.
        dir: A folder of the photographs in one of the layouts of `folders.find`, or None to fetch
            or draw them.
        image_size: Height and width in pixels.
        cache_gib: GiB of decoded pixels up to which images are held; beyond, they are streamed.
        broken_limit: Fraction of the files, 0 to 1, that may be broken.
        pixel_limit: Megapixels that an image may have; larger ones are broken.
        subset: Number of training rows to keep, or None for all.

    Raises:
        DataError: The folder does not hold cats and dogs, or has more broken files than the limit.
        SourceUnavailable: `source` is "original" and the archive cannot be fetched.
    """
    options = {
        "image_size": image_size,
        "cache_gib": cache_gib,
        "broken_limit": broken_limit,
        "pixel_limit": pixel_limit,
    }

    def original() -> Dataset:
        folder = cache.cache_dir() / "unpacked" / f"catsdogs-{SHA256[:12]}"
        if not folder.is_dir():
            archive.extract(archive.fetch(URL, SHA256, name="catsdogs"), folder)
        return _photographs(folder, URL, options)

    def stand_in() -> Dataset:
        return _drawn(image_size)

    if dir is not None:
        dataset = _photographs(Path(str(dir)).expanduser(), str(dir), options)
    else:
        dataset = cache.choose(source, name="catsdogs", original=original, stand_in=stand_in)
    return replace(dataset, classes=CLASSES, fixed=split(dataset.y), subset=subset)


def _photographs(folder: Path, location: str, options: Mapping[str, Any]) -> Dataset:
    listing = folders.find(folder, content.IMAGES, outer="classes")
    names = [name.casefold() for name in listing.classes]
    if len(names) != 2 or not (names[0].startswith("cat") and names[1].startswith("dog")):
        raise DataError(
            f"{folder} holds the classes {', '.join(listing.classes)}, expected one that begins "
            "with 'cat' and one that begins with 'dog'. For other classes: dataset=images "
            f"dataset.dir={folder}."
        )

    def read(per_class: int | None) -> Dataset:
        return images.read(
            listing,
            name="catsdogs",
            problem="binary",
            location=location,
            subset=None,
            per_class=per_class,
            **options,
        )

    per_class = sum(SPLIT.values())
    if np.bincount(listing.labels).min() >= per_class:
        dataset = read(per_class)
        # Else broken files left fewer than the split takes: all rows, and the protocol splits them.
        if split(dataset.y):
            return dataset
    return read(None)


def split(y: np.ndarray) -> dict[str, np.ndarray]:
    """Return the chapter's split: of each class, in order, training, validation and test rows.

    Args:
        y: Labels 0 and 1, (rows,), each class in order of its numbers.

    Returns:
        int64 row arrays by the names of `SPLIT`; empty where a class has fewer images than the
        split takes.
    """
    members = [np.flatnonzero(y == label) for label in range(len(CLASSES))]
    ends = np.cumsum(list(SPLIT.values()))
    if min(map(len, members)) < ends[-1]:
        return {}

    # The rows of each part, class by class; what is behind the last end is in none.
    parts = zip(*(np.split(rows, ends) for rows in members), strict=True)
    return {name: np.concatenate(rows) for name, rows in zip(SPLIT, parts, strict=False)}


def _drawn(image_size: int) -> Dataset:
    def build() -> dict[str, np.ndarray]:
        console.note(f"drawing {DRAWN} faces of cats and dogs, once ...")
        x, y = faces.draw(DRAWN, size=image_size, seed=0)
        return {"x": x, "y": y, "digest": np.array([cache.digest(x, y)])}

    # The pencil is part of the key: another version of it draws other faces.
    pencil = cache.digest(*map(inspect.getsource, (faces, heads)), str(heads.SPECIES))
    arrays = cache.prepared({"faces": pencil, "rows": DRAWN, "size": image_size, "seed": 0}, build)
    return Dataset(
        name="catsdogs",
        kind="image",
        problem="binary",
        x=arrays["x"],
        y=np.array(arrays["y"]),
        classes=CLASSES,
        source="stand_in",
        drawn=True,
        location=f"{DRAWN} faces drawn by goldilocks.dataset.stand_ins.faces, seed 0",
        digest=str(arrays["digest"][0]),
        # The same faces in every size.
        cell_keys=cell_keys.of_frame(pd.DataFrame(np.arange(DRAWN))),
    )
