"""The user's own images: a folder of images with a subfolder per class.

Source, licence, counts and balance: the user's. `Dataset.notes` says what was ignored or skipped:
    broken files are counted, named and skipped up to a limit.
Shape: RGB, resized to `image_size`, uint8, 0 to 255. Images that fit are decoded once and
    memory-mapped; more of them than that are streamed from their files by `decode`, in `tf.data`.
Checksum: `Dataset.digest`, of the files, their names and the size that they are decoded to.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers import folders, splits
from goldilocks.dataset.sources import cache

# Part of the key of decoded arrays: to be raised whenever `decode` gives other pixels than before.
DECODER = 1


def load(
    *,
    dir: str,
    validation_dir: str | None,
    test_dir: str | None,
    outer_folders: str,
    drop_classes: Sequence[str],
    image_size: int,
    cache_gib: float,
    broken_limit: float,
    subset: int | None,
) -> Dataset:
    """Load the images of a folder: a binary problem for two classes, else a multiclass one.

    Args:
        dir: The folder; its layouts are described in `folders.find`.
        validation_dir: Another one, whose images are for validation; or None.
        test_dir: Another one, whose images are for the test; or None.
        outer_folders: What the first folders inside are, as in `layouts.arrange`.
        drop_classes: Names of folders that are left out.
        image_size: Height and width in pixels that every image is resized to, its shape not kept.
        cache_gib: GiB of decoded pixels up to which images are held (memory-mapped); beyond, `x`
            are paths to stream from.
        broken_limit: Fraction of the files, 0 to 1, that may be broken.
        subset: Number of training rows to keep, or None for all.

    Raises:
        DataError: A folder that is no set of images, or more broken files than the limit.
    """
    folder = Path(str(dir)).expanduser()
    return read(
        folders.find(
            folder,
            folders.IMAGES,
            outer=outer_folders,
            drop=drop_classes,
            parts={"validation": validation_dir, "test": test_dir},
        ),
        name="images",
        location=str(folder),
        image_size=image_size,
        cache_gib=cache_gib,
        broken_limit=broken_limit,
        subset=subset,
        per_class=None,
    )


def read(
    listing: folders.Listing,
    *,
    name: str,
    location: str,
    image_size: int,
    cache_gib: float,
    broken_limit: float,
    subset: int | None,
    per_class: int | None,
) -> Dataset:
    """Read listed images as a `Dataset`, rows class by class in the listing's order.

    Args:
        listing: The files.
        name: The option of `dataset`.
        location: Where the files came from, for people.
        image_size: As in `load`.
        cache_gib: As in `load`.
        broken_limit: As in `load`.
        subset: As in `load`.
        per_class: Number of images, the first ones that can be decoded, to take of each class; None
            for all.

    Raises:
        DataError: More broken files than the limit, or a class with too few images left.
    """
    size = (image_size, image_size)
    hashes = folders.hashes(listing)
    counts = np.bincount(listing.labels)
    most = int(np.minimum(counts, per_class or counts).sum())
    held = most * image_size * image_size * 3 <= cache_gib * 2**30
    key = {
        "images": cache.digest(hashes, *(f"{file}\n" for file in listing.files)),
        "decoder": DECODER,
        "per_class": per_class,
        "image_size": size if held else None,  # Whether a file is broken does not depend on it.
    }
    decoded = cache.prepared(key, lambda: _decode_all(listing, size, per_class, most, held=held))

    rows, broken = decoded["rows"], decoded["broken"]
    total = len(rows) + len(broken)
    # Rounded up, so that the images are accepted as they are.
    limit = np.ceil(len(broken) / total * 1000) / 1000
    notes = listing.notes + folders.skipped(
        [_named(listing, row) for row in broken],
        total,
        broken_limit,
        f"images in {listing.folder} cannot be decoded",
        f"Expected at most the fraction {broken_limit:g}. Repair or delete them, or allow more: "
        f"dataset.broken_limit={limit:g}.",
    )
    folders.check_left(listing, rows, "images that can be decoded", notes)

    files = [listing.files[row] for row in rows]
    x = decoded.get("x")
    if not held:
        folder = listing.folder.absolute()
        x = np.array([str(folder / file) for file in files])
    problem, dtype = "multiclass", np.int64
    if len(listing.classes) == 2:
        problem, dtype = "binary", np.float32
    names = "".join(f"{file}\n" for file in files)
    digest = cache.digest(names, hashes[rows], f"{size} {DECODER}")
    parts = [listing.parts[row] for row in rows]
    groups = listing.groups
    if groups is not None:
        groups = groups[rows]
        digest = cache.digest(digest, groups)
    return Dataset(
        name=name,
        kind="image",
        problem=problem,
        x=x,
        y=listing.labels[rows].astype(dtype),
        classes=listing.classes,
        source="original",
        location=location,
        digest=splits.digest(digest, parts),
        fixed=splits.fixed(parts),
        groups=groups,
        subset=subset,
        image_size=None if held else size,
        notes=notes,
    )


def decode(path: Any, image_size: tuple[int, int]):
    """Decode an image from its file, for `tf.data.Dataset.map`, to the pixels of held arrays.

    Args:
        path: Scalar string tensor.
        image_size: Height and width in pixels.

    Returns:
        uint8 tensor (height, width, 3), RGB, 0 to 255. Gray is repeated, transparency dropped, the
        first picture of an animation taken, the camera's orientation mark (EXIF) ignored; resized
        bilinearly with antialiasing.
    """
    # Seconds, so only when images are decoded: a run of known result needs no TensorFlow.
    from goldilocks.backend import tf

    image = tf.io.decode_image(tf.io.read_file(path), channels=0, expand_animations=False)

    # 1 or 2 channels are gray (and alpha), 3 or 4 are RGB (and alpha). Not `channels=3`: it refuses
    # some WebP files.
    gray = tf.shape(image)[-1] < 3
    image = tf.cond(gray, lambda: tf.repeat(image[..., :1], 3, axis=-1), lambda: image[..., :3])

    # Images that have the size already are left as they are: resizing would cost three times as
    # much as decoding.
    def resized():
        return tf.saturate_cast(
            tf.round(tf.image.resize(image, image_size, antialias=True)), tf.uint8
        )

    fits = tf.reduce_all(tf.shape(image)[:2] == image_size)
    return tf.ensure_shape(tf.cond(fits, lambda: image, resized), (*image_size, 3))


def gray(pixels: np.ndarray) -> np.ndarray:
    """Return RGB images, uint8 (rows, height, width, 3), as gray ones, (rows, height, width, 1).

    Luma of ITU-R Recommendation BT.601: 0.299 R + 0.587 G + 0.114 B, rounded, in integers as Pillow
    computes it.
    """
    weights = np.array([19595, 38470, 7471], np.uint32)  # Of 65,536.
    return ((pixels.astype(np.uint32) @ weights + 0x8000) >> 16).astype(np.uint8)[..., np.newaxis]


def _decode_all(
    listing: folders.Listing, size: tuple[int, int], per_class: int | None, most: int, *, held: bool
) -> Mapping[str, np.ndarray]:
    """Decode every file once, or `per_class` of each class: at most `most` in all.

    Returns:
        rows: int64 (rows,), the files that can be decoded; broken: int64 (broken,), those before
        them that cannot; and where `held`, x: uint8 (rows, height, width, 3).
    """
    from goldilocks.backend import tf  # As in `decode`.

    x = np.empty((most if held else 0, *size, 3), dtype=np.uint8)
    rows: list[int] = []
    broken: list[int] = []
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=most <= 500 or not console.is_terminal
    ) as progress:
        task = progress.add_task("Decoding images" if held else "Checking images", total=most)
        for label in range(len(listing.classes)):
            files = np.flatnonzero(listing.labels == label)
            paths = [str(listing.folder / listing.files[row]) for row in files]
            # A file that cannot be decoded is an error of its element alone, and missing from what
            # comes out.
            batches = (
                tf.data.Dataset.from_tensor_slices((files, paths))
                .map(
                    lambda row, path: (row, decode(path, size)), num_parallel_calls=tf.data.AUTOTUNE
                )
                .ignore_errors()
                .take(per_class or -1)
                .batch(64)
                .prefetch(2)
            )
            good: list[int] = []
            for of_batch, images in batches.as_numpy_iterator():
                if held:
                    filled = len(rows) + len(good)
                    x[filled : filled + len(images)] = images
                good += of_batch.tolist()
                progress.advance(task, len(images))

            tried = files
            if per_class and len(good) == per_class:
                tried = files[files <= good[-1]]
            broken += np.setdiff1d(tried, good).tolist()
            rows += good

    decoded: dict[str, np.ndarray] = {
        "rows": np.array(rows, dtype=np.int64),
        "broken": np.array(broken, dtype=np.int64),
    }
    if held:
        decoded["x"] = x[: len(rows)]
    return decoded


def _named(listing: folders.Listing, row: int) -> str:
    file = listing.files[row]
    if (listing.folder / file).stat().st_size == 0:
        return f"{file} (empty)"
    return f"{file} (damaged, or no image)"
