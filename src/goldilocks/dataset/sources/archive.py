"""Fetch archives once, check their checksums, and unpack them so that they cannot do harm."""

import lzma
import stat
import tarfile
import time
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import urlsplit

import pooch
import requests
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
    track,
)

from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError, SourceUnavailable

# An interrupted download is resumed this many times before it counts as failed.
RESUMES = 4
# Seconds before it is resumed.
PAUSE = 1.0
# Seconds to wait for the connection, and for the next bytes. Short: without a network, `auto` turns
# to the stand-in.
TIMEOUT = (10, 60)
# Bytes that an archive may unpack to: the largest one that we fetch holds 0.9 GB; 16 GiB of zeros
# zip to 16 MiB.
SIZE_LIMIT = 16 * 2**30
# What the libraries raise for an archive that is damaged.
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, RuntimeError)


def fetch(url: str, sha256: str | None, *, name: str) -> Path:
    """Download the file behind a URL once into the cache, and verify its checksum.

    Args:
        url: Where it is published (http or https).
        sha256: The SHA-256, hexadecimal, that it was published with; None of a file that was
            published without one, whose content the caller checks.
        name: The data set's name, for messages and for the name in the cache.

    Returns:
        The path in `cache_dir()/downloads`. A file has its final name only when it is whole and
        verified.

    Raises:
        SourceUnavailable: No network, the server refuses, the download breaks off too often, or the
            checksum differs.
        DataError: The cache folder cannot be written.
    """
    folder = cache.cache_dir() / "downloads"
    fix = f"Try again later, or give the files that you have: dataset.dir=FOLDER (dataset={name})."
    try:
        # pooch writes one plain line to stderr as it begins, verifies, and renames the temporary
        # file at the end.
        path = pooch.retrieve(
            url,
            known_hash=f"sha256:{sha256}" if sha256 else None,
            fname=f"{name}-{PurePosixPath(urlsplit(url).path).name}",
            path=folder,
            # pooch names the parameters otherwise than it calls.
            downloader=_download,  # pyright: ignore[reportArgumentType]
        )
    except requests.HTTPError as error:
        raise SourceUnavailable(f"The server refused {url}: {error}. {fix}") from error
    except requests.RequestException as error:
        # Of the chain of errors the first one says it shortest: "Connection refused".
        reason: BaseException = error
        while reason.__context__:
            reason = reason.__context__
        raise SourceUnavailable(f"Could not download {url}: {reason}. {fix}") from error
    except ValueError as error:  # pooch's sentence has both checksums.
        raise SourceUnavailable(f"{url} did not send the published file: {error} {fix}") from error
    except OSError as error:
        raise DataError(
            f"Could not store {url} in {folder}: {error}. Make room, or set GOLDILOCKS_CACHE to a "
            "folder that can be written."
        ) from error
    return Path(path)


def _download(url: str, output_file: str, _pooch: object) -> None:
    """Append what is missing of `url` to the temporary `output_file`; called by pooch."""
    target = Path(output_file)
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        name = PurePosixPath(urlsplit(url).path).name
        task = progress.add_task(name, total=None)
        for remaining in range(RESUMES, -1, -1):
            try:
                _append(url, target, progress, task)
                return
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
                broke_off = isinstance(error, requests.exceptions.ChunkedEncodingError)
                # No connection at all: waiting would only delay the stand-in.
                never_began = not broke_off and target.stat().st_size == 0
                if remaining == 0 or never_began:
                    raise
                time.sleep(PAUSE)


def _append(url: str, target: Path, progress: Progress, task: TaskID) -> None:
    received = target.stat().st_size
    headers = {"Accept-Encoding": "identity"}
    if received:
        headers["Range"] = f"bytes={received}-"

    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        mode = "ab"
        if response.status_code != requests.codes.partial_content:
            mode, received = "wb", 0
        length = response.headers.get("Content-Length")
        progress.update(task, completed=received, total=received + int(length) if length else None)
        with target.open(mode) as file:
            for chunk in response.iter_content(chunk_size=2**16):
                file.write(chunk)
                progress.advance(task, len(chunk))


def extract(archive: Path, folder: Path) -> Path:
    """Unpack a zip or tar archive; the folder exists only when everything is in it.

    Args:
        archive: A .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz file, told by its content.
        folder: Where to. If it exists, it is taken for what an earlier call unpacked, and nothing
            is done.

    Returns:
        `folder`.

    Raises:
        DataError: The archive is damaged, of another format, larger than `SIZE_LIMIT` when
            unpacked, or has a member that would be written outside `folder`, is a link or is a
            device.
    """
    if folder.is_dir():
        return folder
    try:
        with cache.complete(folder) as building:
            # First, since an uncompressed tar that ends with a zip looks like a zip, too.
            if tarfile.is_tarfile(archive):
                _extract_tar(archive, building)
            elif zipfile.is_zipfile(archive):
                _extract_zip(archive, building)
            else:
                raise DataError(
                    f"{archive} is neither a zip nor a tar archive. Delete it, so that it is "
                    "fetched again."
                )
    except DAMAGE as error:
        raise DataError(
            f"{archive} is damaged: {error}. Delete it, so that it is fetched again."
        ) from error
    except OSError as error:
        raise DataError(
            f"Could not unpack {archive} to {folder}: {error}. Make room, or unpack it elsewhere."
        ) from error
    return folder


def _extract_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        total = 0
        for member in members:
            # Unix permission bits are the upper 16 of the attributes; a zip made elsewhere has 0
            # there.
            kind = stat.S_IFMT(member.external_attr >> 16)
            total += member.file_size  # zipfile never writes more than the size declared here.
            # The original name: zipfile cuts `filename` at a NUL byte.
            _check(archive, member.orig_filename, kind in (0, stat.S_IFREG, stat.S_IFDIR), total)

        console = Console(stderr=True)
        silent = not console.is_terminal or len(members) < 500
        for member in track(members, "Unpacking", console=console, transient=True, disable=silent):
            opened.extract(member, folder)


def _extract_tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        total = 0
        for member in opened:
            total += member.size
            _check(archive, member.name, member.isreg() or member.isdir(), total)
        opened.extractall(folder, filter="data")  # The library's own fence behind ours.


def _check(archive: Path, name: str, plain: bool, total: int) -> None:
    """Raise DataError for a member that may do harm.

    Args:
        archive: For the message.
        name: Of the member.
        plain: Whether it is a file or a folder, not a link or a device.
        total: Bytes of all members so far.
    """
    outside = (
        ".." in name.replace("\\", "/").split("/")
        or name.startswith(("/", "\\"))
        or PureWindowsPath(name).drive
    )
    if outside or "\0" in name:
        problem = f"has the member {name!r}, which would be written outside the folder"
    elif not plain:
        problem = (
            f"has the member {name!r}, which is a link or a device, expected files and folders only"
        )
    elif total > SIZE_LIMIT:
        problem = f"unpacks to more than {SIZE_LIMIT / 2**30:.0f} GiB, the limit for an archive"
    else:
        return
    raise DataError(
        f"{archive} {problem}. Nothing was unpacked. If you trust it, unpack it yourself and give "
        "the folder: dataset.dir=FOLDER."
    )
