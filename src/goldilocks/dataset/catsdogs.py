"""The option `dataset=catsdogs`: photographs of cats and dogs, chapter 6's first problem from raw images.

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
Archive: 824,887,076 bytes; the SHA-256 in `SHA256` is the one that the GoMLX project pins.
Known broken: Cat/666.jpg and Dog/11702.jpg are empty. TensorFlow Datasets drops 1,738 that do not
begin as JFIF; we
    keep those of them that decode. Two Thumbs.db lie beside the photographs.
Stand-in: 4,000 faces drawn by `goldilocks.dataset.stand_ins.faces` from seed 0.
"""

import dataclasses
import inspect
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from goldilocks import console
from goldilocks.dataset import Dataset, images
from goldilocks.dataset.readers import folders
from goldilocks.dataset.sources import archive, cache
from goldilocks.errors import DataError

URL = "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/kagglecatsanddogs_5340.zip"
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
    subset: int | None,
) -> Dataset:
    """Cats (0) and dogs (1), cut to the chapter's 4,000 rows and with its splits where each class has 2,000 images.

    Args:
        source: "auto", "original" or "stand_in"; not looked at where `dir` is given.
        dir: A folder of the photographs in one of the layouts of `folders.find`, or None to fetch
            or draw them.
        image_size: Height and width in pixels.
        cache_gib: GiB of decoded pixels up to which images are held; beyond, they are streamed.
        broken_limit: Fraction of the files, 0 to 1, that may be broken.
        subset: Number of training rows to keep, or None for all.

    Raises:
        DataError: The folder does not hold cats and dogs, or has more broken files than the limit.
        SourceUnavailable: `source` is "original" and the archive cannot be fetched.
    """

    def photographs(folder: Path, location: str) -> Dataset:
        listing = folders.find(folder, folders.IMAGES)
        if len(listing.classes) != 2 or not all(
            found.casefold().startswith(name)
            for found, name in zip(listing.classes, CLASSES, strict=True)
        ):
            raise DataError(
                f"{folder} holds the classes {', '.join(listing.classes)}, expected one that "
                "begins with 'cat' and one "
                f"that begins with 'dog'. For other classes: dataset=images dataset.dir={folder}."
            )
        enough = np.bincount(listing.labels).min() >= sum(SPLIT.values())
        for per_class in (sum(SPLIT.values()), None) if enough else (None,):
            dataset = images.read(
                listing,
                name="catsdogs",
                source="original",
                location=location,
                image_size=image_size,
                cache_gib=cache_gib,
                broken_limit=broken_limit,
                subset=subset,
                per_class=per_class,
            )
            fixed = split(dataset.y)
            # Else broken files left fewer than the split takes: all rows, and the protocol splits
            # them.
            if fixed:
                break
        return dataclasses.replace(dataset, classes=CLASSES, fixed=fixed)

    def original() -> Dataset:
        folder = cache.cache_dir() / "unpacked" / f"catsdogs-{SHA256[:12]}"
        if not folder.is_dir():
            archive.extract(archive.fetch(URL, SHA256, name="catsdogs"), folder)
        return photographs(folder, URL)

    def stand_in() -> Dataset:
        return _draw(image_size, subset)

    if dir is not None:
        return photographs(Path(str(dir)).expanduser(), str(dir))
    return cache.choose(source, name="catsdogs", original=original, stand_in=stand_in)


def split(y: np.ndarray) -> dict[str, np.ndarray]:
    """The chapter's split: of each class, in order, the rows for training, then validation, then test.

    Args:
        y: Labels 0 and 1, (rows,), each class in order of its numbers.

    Returns:
        int64 row arrays by the names of `SPLIT`; empty where a class has fewer images than the
        split takes.
    """
    members = [np.flatnonzero(y == label) for label in range(len(CLASSES))]
    ends = np.cumsum(list(SPLIT.values()))
    if min(len(rows) for rows in members) < ends[-1]:
        return {}
    return {
        name: np.concatenate([rows[end - count : end] for rows in members])
        for (name, count), end in zip(SPLIT.items(), ends, strict=True)
    }


def _draw(image_size: int, subset: int | None) -> Dataset:
    from goldilocks.dataset.stand_ins import faces, heads

    def build() -> dict[str, np.ndarray]:
        console.note(f"drawing {DRAWN} faces of cats and dogs, once ...")
        x, y = faces.draw(DRAWN, size=image_size, seed=0)
        y = np.asarray(y, dtype=np.float32)
        return {"x": x, "y": y, "digest": np.array([cache.digest(x, y)])}

    # The pencil is part of the key: another version of it draws other faces.
    pencil = cache.digest(*map(inspect.getsource, (faces, heads)))
    found = cache.prepared({"faces": pencil, "rows": DRAWN, "size": image_size, "seed": 0}, build)
    return Dataset(
        name="catsdogs",
        kind="image",
        problem="binary",
        x=found["x"],
        y=np.array(found["y"]),
        classes=CLASSES,
        source="stand_in",
        location=f"{DRAWN} faces drawn by goldilocks.dataset.stand_ins.faces, seed 0",
        digest=str(found["digest"][0]),
        fixed=split(found["y"]),
        subset=subset,
    )
