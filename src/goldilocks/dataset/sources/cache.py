"""The choice between the original and the stand-in, and the cache of prepared arrays."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pooch
from filelock import FileLock

from goldilocks.errors import SourceUnavailable

# The originals that this process could not reach: a sweep decides, and warns, once.
_UNREACHABLE: set[str] = set()

Loaded = TypeVar("Loaded")


def cache_dir() -> Path:
    """Return the folder of downloads and prepared arrays.

    It is `$GOLDILOCKS_CACHE`, else the operating system's cache folder.
    """
    return Path(os.environ.get("GOLDILOCKS_CACHE") or pooch.os_cache("goldilocks"))


def choose(
    source: str, *, name: str, original: Callable[[], Loaded], stand_in: Callable[[], Loaded]
) -> Loaded:
    """Load the data set from the source that was asked for.

    Args:
        source: "original", "stand_in", or "auto": the original (from its cache, else downloaded),
            and where it cannot be reached the stand-in, with one warning.
        name: The data set's name, for messages.
        original: Loads the original; raises `SourceUnavailable` where it cannot be reached.
        stand_in: Loads the stand-in.

    Raises:
        SourceUnavailable: `source` is "original" and the original cannot be reached.
    """
    if source == "stand_in" or (source == "auto" and name in _UNREACHABLE):
        return stand_in()
    try:
        return original()
    except SourceUnavailable as error:
        if source == "original":
            raise
        _UNREACHABLE.add(name)
        warnings.warn(
            f"dataset={name}: {error} Using the stand-in instead (dataset.source=stand_in).",
            stacklevel=2,
        )
        return stand_in()


def digest(*parts: np.ndarray | str) -> str:
    """Return the SHA-256, hexadecimal, of arrays and strings, in order.

    Of an array its shape, dtype and content count.
    """
    hashed = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            hashed.update(f"{part.dtype.str}{part.shape}".encode())
            hashed.update(np.ascontiguousarray(part).data)
        else:
            hashed.update(part.encode())
    return hashed.hexdigest()


def prepared(
    key: Mapping[str, object], build: Callable[[], Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return arrays that are made once and memory-mapped, read-only, ever after.

    Args:
        key: What the arrays depend on (source digest and every preprocessing setting), JSON-able.
        build: Makes the arrays, when they are not in the cache.

    Returns:
        The arrays by the names that `build` gave them. Workers of a sweep share their pages. Never
        unpickled.
    """
    name = digest(json.dumps(key, sort_keys=True))[:24]
    folder = cache_dir() / "prepared" / name
    if not folder.is_dir():
        with complete(folder) as building:
            for file, array in build().items():
                np.save(building / f"{file}.npy", array, allow_pickle=False)
            (building / "key.json").write_text(json.dumps(key, sort_keys=True, indent=2))
    return {
        file.stem: np.load(file, mmap_mode="r", allow_pickle=False)
        for file in sorted(folder.glob("*.npy"))
    }


def remembered(key: Mapping[str, object], build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return facts that are found out once and read from a file of JSON ever after.

    Args:
        key: What the facts depend on, JSON-able.
        build: Finds them out, when they are not in the cache.

    Returns:
        What `build` gave, as JSON holds it.
    """
    file = cache_dir() / "facts" / f"{digest(json.dumps(key, sort_keys=True))[:24]}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock")):  # Jobs that start at once find them out once.
        if not file.is_file():
            building = file.with_suffix(".building")
            building.write_text(json.dumps(build()))
            building.replace(file)
    return json.loads(file.read_text())


@contextlib.contextmanager
def complete(folder: Path) -> Generator[Path]:
    """Yield a temporary folder, which becomes `folder` in one step once all is in it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix="building-"))
    try:
        yield building
        try:
            building.rename(folder)
        except OSError:
            # Another process may have finished the same folder first; that is as good.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
