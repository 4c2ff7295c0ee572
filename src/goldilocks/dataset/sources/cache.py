"""The choice between the original and the stand-in, and the cache of prepared arrays."""

import contextlib
import hashlib
import json
import os
import shutil
import warnings
import zlib
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pooch
from filelock import FileLock, Timeout

from goldilocks.errors import DataError, SourceUnavailable

# The originals that this process could not reach: a sweep decides, and warns, once.
_UNREACHABLE: set[str] = set()

Loaded = TypeVar("Loaded")

CHECKSUMS = "checksums.json"  # of the other files of a folder, CRC-32


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
        text = f"dataset={name}: {error} Using the stand-in instead (dataset.source=stand_in)."
        if error.offline:
            text = f"offline: dataset={name} uses its stand-in (dataset.source=original says why)"
        warnings.warn(text, stacklevel=2)
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
        build: Makes the arrays, when they are not in the cache, or damaged there.

    Returns:
        The arrays by the names that `build` gave them. Workers of a sweep share their pages. Never
        unpickled.

    Raises:
        DataError: The cache cannot be written.
    """
    name = digest(json.dumps(key, sort_keys=True))[:24]

    def fill(folder: Path) -> None:
        arrays = build()
        with writing():
            for file, array in arrays.items():
                np.save(folder / f"{file}.npy", array, allow_pickle=False)

    folder = made(cache_dir() / "prepared" / name, fill)
    return {
        file.stem: np.load(file, mmap_mode="r", allow_pickle=False)
        for file in sorted(folder.glob("*.npy"))
    }


def remembered(key: Mapping[str, object], build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return facts that are found out once and read from the cache ever after.

    Args:
        key: What the facts depend on, JSON-able.
        build: Finds them out, when they are not in the cache.

    Returns:
        What `build` gave, as JSON holds it.
    """

    def pack() -> dict[str, np.ndarray]:
        return {"json": np.frombuffer(json.dumps(build()).encode(), np.uint8)}

    return json.loads(prepared({"facts": key}, pack)["json"].tobytes())


def made(folder: Path, fill: Callable[[Path], object], *, checked: bool = True) -> Path:
    """Return a folder of the cache that is made once, in one step, by one process at a time.

    What killed processes left beside it is removed.

    Args:
        folder: Where it is, or shall be.
        fill: Writes its files into the empty folder that it is given.
        checked: Whether the folder is made again where a file in it is missing or damaged, for
            which each call reads all of it (2.5 GB/s); else it counts as whole if it is there.

    Raises:
        DataError: The cache cannot be written.
    """

    def whole() -> bool:
        return _is_undamaged(folder) if checked else folder.is_dir()

    if whole():
        return folder
    with writing():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder.parent)
        lock = FileLock(f"{folder}.lock")
        lock.acquire()

    building = Path(f"{folder}.building")
    try:
        if not whole():  # Another process may have made it meanwhile.
            with writing():
                building.mkdir()
            fill(building)
            with writing():
                if checked:
                    _write_checksums(building)
                shutil.rmtree(folder, ignore_errors=True)
                building.rename(folder)
    finally:
        _remove(lock)
    return folder


@contextlib.contextmanager
def writing() -> Generator[None]:
    """Turn an error of the file system into a sentence that names the cache.

    Raises:
        DataError: The cache cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise DataError(
            f"The cache of prepared data in {cache_dir()} could not be written: {error}. Expected "
            "a folder that can be written, with room. Make room there, or set GOLDILOCKS_CACHE to "
            "another folder."
        ) from error


def _remove_leftovers(parent: Path) -> None:
    """Remove what processes that are gone left half made."""
    for file in parent.glob("*.lock"):
        lock = FileLock(file, blocking=False)
        with contextlib.suppress(Timeout):
            lock.acquire()
            _remove(lock)


def _remove(lock: FileLock) -> None:
    """Release a lock, without its file and what was built under it."""
    file = Path(lock.lock_file)
    shutil.rmtree(file.with_suffix(".building"), ignore_errors=True)
    file.unlink(missing_ok=True)  # Who waits for it makes it anew.
    lock.release()


def _write_checksums(folder: Path) -> None:
    checksums = {}
    for path in folder.rglob("*"):
        if path.is_file():
            checksums[path.relative_to(folder).as_posix()] = _checksum(path)
    (folder / CHECKSUMS).write_text(json.dumps(checksums))
    for name in [*checksums, CHECKSUMS]:
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())  # On the disk, before the folder has its name.


def _is_undamaged(folder: Path) -> bool:
    try:
        checksums = json.loads((folder / CHECKSUMS).read_text())
        return all(_checksum(folder / name) == value for name, value in checksums.items())
    except (OSError, ValueError, AttributeError):  # Missing or empty; or no JSON, or none of ours.
        return False


def _checksum(path: Path) -> int:
    return zlib.crc32(np.memmap(path, mode="r").data)
