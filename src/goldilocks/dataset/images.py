"""The user's own images: a folder of images with a subfolder per class.

Source, licence, counts and balance: the user's. `Dataset.notes` says what was ignored or skipped:
    broken files are counted, named and skipped up to a limit.
Shape: RGB, resized to `image_size`, uint8, 0 to 255. Images that fit are decoded once and
    memory-mapped; more of them than that are streamed from their files.
Checksum: `Dataset.digest`, of the files, their names and the size that they are decoded to.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console as RichConsole
from rich.progress import track

from goldilocks import console
from goldilocks.dataset import Dataset
from goldilocks.dataset.readers import (
    content,
    depth,
    folders,
    labels,
    pixels,
    problems,
    splits,
    tabular,
)
from goldilocks.dataset.readers.content import UnreadableFile
from goldilocks.dataset.readers.files import Header
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError

# Part of the key of decoded arrays: to be raised whenever decoding gives other pixels than before.
DECODER = 3


def load(
    *,
    dir: str,
    validation_dir: str | None,
    test_dir: str | None,
    outer_folders: str,
    drop_classes: Sequence[str],
    file: str | None,
    validation_file: str | None,
    test_file: str | None,
    split: str | int | None,
    target: str | int | Sequence[str] | None,
    problem: str,
    header: Header,
    decimal: str,
    missing: Sequence[str],
    ignore_case: bool,
    image_size: int,
    cache_gib: float,
    broken_limit: float,
    pixel_limit: float,
    subset: int | None,
) -> Dataset:
    """Load the images of a folder, with classes as folders or with a table of targets.

    Args:
        dir: The folder; its layouts are described in `folders.find`.
        validation_dir: Another one, whose images are for validation; or None.
        test_dir: Another one, whose images are for the test; or None.
        outer_folders: What the first folders inside are, as in `layouts.arrange`.
        drop_classes: Names of folders, or of classes or labels in the table, that are left out.
        file: Path of a table that names images, as `labels.read` takes it; or None.
        validation_file: Path of one with the same columns, whose rows are for validation; or None.
        test_file: Path of one with the same columns, whose rows are for the test; or None.
        split: Name of the table's column that says the part of each row; or None.
        target: Names of the table's columns to predict, or None, as in `labels.read`.
        problem: Of a table: a problem type, or "auto" to infer it from the target.
        header: Of a table: as `files.read_cells` takes it.
        decimal: As in `ReadingOptions`, and so are the others up to `ignore_case`.
        missing: As in `ReadingOptions`.
        ignore_case: As in `ReadingOptions`.
        image_size: Height and width in pixels that every image is resized to, its shape not kept.
        cache_gib: GiB of decoded pixels up to which images are held (memory-mapped); beyond, `x`
            are paths to stream from.
        broken_limit: Fraction of the files, 0 to 1, that may be broken.
        pixel_limit: Megapixels that an image may have; larger ones are broken.
        subset: Number of training rows to keep, or None for all.

    Raises:
        DataError: A folder that is no set of images, or more broken files than the limit.
    """
    folder = Path(str(dir)).expanduser()
    if file is None:
        listing = folders.find(
            folder,
            content.IMAGES,
            outer=outer_folders,
            drop=drop_classes,
            parts={"validation": validation_dir, "test": test_dir},
        )
    else:
        others = {"validation": validation_file, "test": test_file}
        listing = labels.read(
            folder,
            content.IMAGES,
            splits.read(tabular.path_of(file), header=header, others=others, split=split),
            split=split,
            target=target,
            options=ReadingOptions(
                decimal=decimal, missing=missing, ignore_case=ignore_case, problem=problem
            ),
            drop_classes=drop_classes,
        )
    return read(
        listing,
        name="images",
        problem=problem,
        location=str(folder),
        image_size=image_size,
        cache_gib=cache_gib,
        broken_limit=broken_limit,
        pixel_limit=pixel_limit,
        subset=subset,
        per_class=None,
    )


def read(
    listing: folders.Listing,
    *,
    name: str,
    problem: str,
    location: str,
    image_size: int,
    cache_gib: float,
    broken_limit: float,
    pixel_limit: float,
    subset: int | None,
    per_class: int | None,
) -> Dataset:
    """Read listed images as a `Dataset`, rows class by class in the listing's order.

    Args:
        listing: The files.
        name: The option of `dataset`.
        problem: As in `load`.
        location: Where the files came from, for people.
        image_size: As in `load`.
        cache_gib: As in `load`.
        broken_limit: As in `load`.
        pixel_limit: As in `load`.
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
    key: dict[str, object] = {
        "images": cache.digest(hashes, *(f"{file}\n" for file in listing.files)),
        "decoder": DECODER,
        "pixel_limit": pixel_limit,
        "per_class": per_class,
    }
    if held:  # Whether a file is broken does not depend on its size.
        key["image_size"] = size
    decoded = cache.prepared(
        key, lambda: _decode_all(listing, size, pixel_limit, per_class, most, held=held)
    )

    rows, broken, reasons = decoded["rows"], decoded["broken"], decoded["reasons"]
    total = len(rows) + len(broken)
    # Rounded up, so that the images are accepted as they are.
    limit = np.ceil(len(broken) / total * 1000) / 1000
    notes = listing.notes + folders.skipped(
        [f"{listing.files[row]} ({why})" for row, why in zip(broken, reasons, strict=True)],
        total,
        broken_limit,
        f"images in {listing.folder} cannot be decoded",
        f"Expected at most the fraction {broken_limit:g}. Repair or delete them, or allow more: "
        f"dataset.broken_limit={limit:g}.",
    )
    folders.check_left(listing, listing.labels[rows], "images that can be decoded", notes)

    files = [listing.files[row] for row in rows]
    notes += _remarks(listing.folder, files, decoded["facts"])
    x, streamed_size = decoded.get("x"), None
    if not held:
        streamed_size = size
        folder = listing.folder.absolute()
        x = np.array([str(folder / file) for file in files])
    parts = [listing.parts[row] for row in rows]
    digest = cache.digest("".join(f"{file}\n" for file in files), hashes[rows], f"{size} {DECODER}")
    groups, classes, target = listing.groups, listing.classes, ""
    if groups is not None:
        groups = groups[rows]
        digest = cache.digest(digest, groups)
    y, outputs = listing.labels[rows], {}
    if listing.answers is not None:
        target = ", ".join(listing.answers)
        problem, y, classes, inferred = problems.prepare(listing.answers.iloc[rows], problem)
        notes += tuple(inferred)
        outputs = problems.outputs(list(listing.answers), y, classes, {})
        digest = cache.digest(digest, y, json.dumps(classes))
    else:
        fitting = "multiclass"
        if len(classes) == 2:
            fitting, y = "binary", y.astype(np.float32)
        if problem not in ("auto", fitting):
            raise DataError(
                f"dataset.problem is {problem}, and {listing.folder} has {len(classes)} classes; "
                "expected auto, or a table with another target: dataset.file=FILE."
            )
        problem = fitting
    return Dataset(
        name=name,
        kind="image",
        problem=problem,
        x=x,
        y=y,
        classes=classes,
        source="original",
        location=location,
        digest=splits.digest(digest, parts),
        fixed=splits.fixed(parts),
        groups=groups,
        target=target,
        outputs=outputs,
        target_reading=listing.target_reading,
        subset=subset,
        image_size=streamed_size,
        cell_keys=np.ascontiguousarray(hashes[rows, :8]).view(np.uint64),
        levels=_levels(decoded["facts"]),
        notes=notes,
    )


def _levels(facts: np.ndarray) -> depth.Levels | None:
    """Return what becomes 0 and 255 in the images of more than 8 bits; None without any."""
    if np.isnan(facts[:, 2:]).all():
        return None
    return depth.levels_of(np.nanmin(facts[:, 2]), np.nanmax(facts[:, 3]))


def _remarks(folder: Path, files: Sequence[str], facts: np.ndarray) -> tuple[str, ...]:
    """Return sentences about images that could be shown in other ways."""
    animated, transparent, spans, _ = facts.T
    low, high = _levels(facts) or (0, 0)
    remarks = {
        "hold several pictures, of which the first one is taken": animated > 0,
        "are transparent, and put on white": transparent > 0,
        f"have more than 8 bits a channel: {low:g} to {high:g} became 0 to 255": spans > -np.inf,
    }
    return tuple(
        f"{has.sum()} of {len(files)} images in {folder} {remark}: "
        f"{content.shortened([files[row] for row in np.flatnonzero(has).tolist()])}."
        for remark, has in remarks.items()
        if has.any()
    )


def _decode_all(
    listing: folders.Listing,
    size: tuple[int, int],
    pixel_limit: float,
    per_class: int | None,
    most: int,
    *,
    held: bool,
    levels: depth.Levels | None = None,
) -> Mapping[str, np.ndarray]:
    """Decode every file once, or `per_class` of each class: at most `most` in all.

    Where images have more than 8 bits a channel, all are decoded twice: they have one range.

    Returns:
        rows: int64 (rows,), the files that can be decoded; broken: int64 (broken,), those before
        them that cannot, and why, reasons: str (broken,); facts: float64 (rows, 4), of the rows
        whether they are animated, transparent, and their `Picture.span`; and where `held`, x: uint8
        (rows, height, width, 3).
    """
    x = np.empty((most if held else 0, *size, 3), dtype=np.uint8)
    rows: list[int] = []
    broken: dict[int, str] = {}
    facts: list[tuple[float, ...]] = []
    terminal = RichConsole(stderr=True, force_jupyter=False)
    for label, name in enumerate(listing.classes):
        files = np.flatnonzero(listing.labels == label).tolist()
        end = len(rows) + (per_class or len(files))
        paths = [listing.folder / listing.files[row] for row in files]
        pictures = track(
            pixels.attempts(paths, size, levels=levels, pixel_limit=pixel_limit),
            f"Decoding {name}",
            total=end - len(rows),
            console=terminal,
            transient=True,
            disable=most <= 500 or not console.draws_progress(),
        )
        for row, picture in zip(files, pictures, strict=True):
            if len(rows) == end:
                break
            if isinstance(picture, UnreadableFile):
                broken[row] = str(picture)
                continue

            if held:
                x[len(rows)] = picture.pixels
            rows.append(row)
            facts.append((picture.animated, picture.transparent, *picture.span))

    decoded: dict[str, np.ndarray] = {
        "rows": np.array(rows, np.int64),
        "broken": np.array(list(broken), np.int64),
        "reasons": np.array(list(broken.values()), np.str_),
        "facts": np.array(facts, np.float64).reshape(-1, 4),
    }
    common = _levels(decoded["facts"])
    if held and common != levels:
        return _decode_all(listing, size, pixel_limit, per_class, most, held=True, levels=common)
    if held:
        decoded["x"] = x[: len(rows)]
    return decoded
