"""What a result came from: the code, its state in git, the packages and the machine."""

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import goldilocks


@dataclass(frozen=True)
class Code:
    """The state of the code.

    Attributes:
        digest: SHA-256, hexadecimal, of the package's source files.
        commit: Of the git checkout that holds the package; "" where it was installed without one.
        dirty: Whether tracked files differ from that commit.
        diff: How they differ.
    """

    digest: str
    commit: str
    dirty: bool
    diff: str


@functools.cache
def code() -> Code:
    """Return the state of the code; it is determined once per process."""
    hashed = hashlib.sha256()
    for file in sorted(Path(goldilocks.__file__).parent.rglob("*.py")):
        hashed.update(file.read_bytes())
    commit, diff = _git("rev-parse", "HEAD"), _git("diff", "HEAD")
    return Code(hashed.hexdigest(), commit.strip(), bool(diff), diff)


def digest(packages: Sequence[str]) -> str:
    """Return the SHA-256, hexadecimal, of our code and of the source files of other packages."""
    if not packages:
        return code().digest
    return hashlib.sha256((code().digest + own_digest(packages)).encode()).hexdigest()


def own_digest(packages: Sequence[str]) -> str:
    """Return the SHA-256, hexadecimal, of the source files of packages; "" of none."""
    if not packages:
        return ""
    hashed = hashlib.sha256()
    for package in packages:
        spec = importlib.util.find_spec(package)
        folders = [] if spec is None else spec.submodule_search_locations or [spec.origin or ""]
        for folder in map(Path, folders):
            for file in (folder, *sorted(folder.rglob("*.py"))):
                if file.is_file():
                    hashed.update(file.read_bytes())
    return hashed.hexdigest()


def tags() -> dict[str, str]:
    """Return what a run can be found by: its commit, and whether the checkout differed from it."""
    return {
        "git.commit": code().commit,
        "git.dirty": str(code().dirty).lower(),
        "code.digest": code().digest,
    }


@functools.cache  # It reads a file of each, and none changes what this process has imported.
def packages() -> str:
    """Return every installed package with its version, a line each, as `pip freeze` writes them."""
    versions = {dist.metadata["Name"]: dist.version for dist in importlib.metadata.distributions()}
    return "".join(f"{name}=={versions[name]}\n" for name in sorted(versions, key=str.lower))


def machine() -> dict[str, str]:
    """Return the machine and its Python, in words."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cores": str(os.cpu_count()),
    }


def _git(*arguments: str) -> str:
    """Return what git prints; "" outside of a checkout, before its first commit, or without git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(Path(goldilocks.__file__).parent), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
