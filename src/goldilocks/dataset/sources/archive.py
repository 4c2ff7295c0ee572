"""Fetch archives once, check their checksums, and unpack them whole or not at all."""

import sys
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pooch
import requests

from goldilocks import console
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError, SourceUnavailable

CHUNK = 2**16  # Bytes that are written at a time.
# Seconds to wait for the connection, and for the next bytes. Short: without a network, `auto` turns
# to the stand-in.
TIMEOUT = (10, 60)
# Bytes that an archive may unpack to: the largest one that we fetch holds 0.9 GB; 16 GiB of zeros
# zip to 16 MiB.
SIZE_LIMIT = 16 * 2**30
# What the libraries raise for an archive that is damaged.
DAMAGE = (zipfile.BadZipFile, EOFError, zlib.error, RuntimeError)


def fetch(url: str, sha256: str | None, *, name: str) -> Path:
    """Download the file behind a URL once into the cache, and verify its checksum.

    Args:
        url: Where it is published (http or https).
        sha256: The SHA-256, hexadecimal, that it was published with; None of a file that was
            published without one, whose content the caller checks.
        name: The data set's name, for messages and for the name in the cache.

    Returns:
        The path in `cache_dir()/downloads`, of a file that is whole and verified.

    Raises:
        SourceUnavailable: No network, the server refuses, the download breaks off, or the checksum
            differs.
        DataError: The cache folder cannot be written.
    """
    file = f"{name}-{PurePosixPath(urlsplit(url).path).name}"
    folder = cache.cache_dir() / "downloads" / file
    fix = f"Try again later, or give the files that you have: dataset.dir=FOLDER (dataset={name})."
    responses: list[requests.Response] = []

    def take(response: requests.Response, **options: object) -> None:
        responses.append(response)
        if response.ok and not response.is_redirect:
            console.note(f"downloading {response.url}, once ...")

    def download(building: Path) -> None:
        # pooch verifies, and renames the temporary file at the end, or removes it. What it says
        # before there is a connection, and of a file without a checksum, is not for people.
        pooch.get_logger().setLevel("WARNING")
        pooch.retrieve(
            url,
            known_hash=f"sha256:{sha256}" if sha256 else None,
            fname=file,
            path=building,
            downloader=pooch.HTTPDownloader(
                sys.stderr.isatty(), CHUNK, timeout=TIMEOUT, hooks={"response": [take]}
            ),
        )

    try:
        return cache.made(folder, download) / file
    except (requests.RequestException, ValueError) as error:
        # Of the chain of errors the first one says it shortest: "Connection refused". ValueError is
        # pooch's, with both checksums.
        reason: BaseException = error
        while reason.__context__:
            reason = reason.__context__
        raise SourceUnavailable(
            f"Could not download {url}: {str(reason).rstrip('.')}. {fix}",
            offline=isinstance(error, requests.ConnectionError | requests.Timeout),
        ) from error
    except OSError as error:
        raise DataError(
            f"Could not store {url} in {folder}: {error}. Make room, or set GOLDILOCKS_CACHE to a "
            "folder that can be written."
        ) from error
    finally:
        for response in responses:  # pooch leaves the connection of a refusal or a break open.
            response.close()


def extract(archive: Path, folder: Path) -> Path:
    """Unpack a zip archive; the folder exists only when everything is in it.

    Args:
        archive: The file.
        folder: Where to. If it exists, it is taken for what an earlier call unpacked, and nothing
            is done.

    Returns:
        `folder`.

    Raises:
        DataError: The archive is damaged, no zip, or larger than `SIZE_LIMIT` when unpacked.
    """

    def unpack(building: Path) -> None:
        with zipfile.ZipFile(archive) as opened:
            # zipfile never writes more than the sizes declared here, nor outside the folder, nor a
            # link.
            if sum(member.file_size for member in opened.infolist()) > SIZE_LIMIT:
                raise DataError(
                    f"{archive} unpacks to more than {SIZE_LIMIT / 2**30:.0f} GiB, the limit for "
                    "an archive. Nothing was unpacked. If you trust it, unpack it yourself and "
                    "give the folder: dataset.dir=FOLDER."
                )
            console.note(f"unpacking {archive.name}, once ...")
            opened.extractall(building)

    try:
        return cache.made(folder, unpack, checked=False)
    except DAMAGE as error:
        raise DataError(
            f"{archive} is damaged: {error}. Delete it, so that it is fetched again."
        ) from error
    except OSError as error:
        raise DataError(
            f"Could not unpack {archive} to {folder}: {error}. Make room, or unpack it elsewhere."
        ) from error
