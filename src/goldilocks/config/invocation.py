"""How a program is typed in the folder where a person is."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from goldilocks.config.literals import as_typed

SCRIPTS = {"train": "train.py", "workflow": "workflow.py"}  # of the repository


def command(program: str, words: Sequence[str]) -> str:
    """Return the command line of a training or a workflow.

    In the repository's folder it is `python train.py`, elsewhere `goldilocks train`.

    Args:
        program: "train" or "workflow".
        words: What stands behind it.
    """
    script = SCRIPTS[program]
    if Path(script).is_file():
        return as_typed([path("python"), script, *words])
    return as_typed([path("goldilocks"), program, *words])


def path(name: str) -> str:
    """Return a program of this Python environment as a person types it here.

    That is "mlflow" in an activated environment, ".venv/bin/mlflow" in one of this folder, and else
    the whole path of a program that would not be found by its name.
    """
    folder = Path(sys.prefix)
    file = folder / ("Scripts" if os.name == "nt" else "bin") / name
    if os.environ.get("VIRTUAL_ENV") == sys.prefix:
        return name
    if folder.is_relative_to(Path.cwd()):
        return str(file.relative_to(Path.cwd()))
    return name if name == "python" or shutil.which(name) or not file.exists() else str(file)
