"""What a result came from: the code, its state in git, the packages and the machine."""

import functools
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
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
    """The state of the code, looked up once."""
    hashed = hashlib.sha256()
    for file in sorted(Path(goldilocks.__file__).parent.rglob("*.py")):
        hashed.update(file.read_bytes())
    commit, diff = _git("rev-parse", "HEAD"), _git("diff", "HEAD")
    return Code(hashed.hexdigest(), commit.strip(), bool(diff), diff)


def tags() -> dict[str, str]:
    """What a run can be found by: its commit, and whether the checkout differed from it."""
    return {
        "git.commit": code().commit,
        "git.dirty": str(code().dirty).lower(),
        "code.digest": code().digest,
    }


def packages() -> str:
    """Every installed package with its version, a line each, as `pip freeze` writes them."""
    found = {dist.metadata["Name"]: dist.version for dist in importlib.metadata.distributions()}
    return "".join(
        f"{name}=={version}\n"
        for name, version in sorted(found.items(), key=lambda item: item[0].lower())
    )


def program(name: str) -> str:
    """A program of this Python environment as one types it here: ".venv/bin/mlflow", or "mlflow" if activated."""
    folder = Path(sys.prefix)
    if os.environ.get("VIRTUAL_ENV") == sys.prefix or not folder.is_relative_to(Path.cwd()):
        return name
    return str(folder.relative_to(Path.cwd()) / "bin" / name)


def machine() -> dict[str, str]:
    """The machine and its Python, in words."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "cores": str(os.cpu_count()),
    }


def _git(*arguments: str) -> str:
    """What git prints; "" outside of a checkout, before its first commit, or without git."""
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
