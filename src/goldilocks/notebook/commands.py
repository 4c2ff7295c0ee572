"""A program, run in a process of its own -> the run that it has tracked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from goldilocks import console, errors
from goldilocks.errors import JobError, UserError
from goldilocks.notebook.tracked_run import Run, load_run


def run(program: str, words: Sequence[str], *, quiet: bool) -> Run:
    """Run a program, show what it prints, and return its run.

    Raises:
        UserError: What the command ended with.
        JobError: It ended without a word.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "goldilocks", program, *words]
        environment = {**os.environ, console.ANSWER: str(answer)}
        with subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            lines = _shown(process, quiet=quiet)
        values = json.loads(answer.read_text()) if answer.exists() else {}

    if "error" in values:
        kind = getattr(errors, values["error"], UserError)
        raise kind(values["message"])
    if process.returncode or "uri" not in values:
        raise JobError(
            f"goldilocks {program} ended with exit status {process.returncode}. Its last lines: "
            + "\n".join(lines[-20:])
        )
    return load_run(values["run_id"], uri=values["uri"])


def _shown(process: subprocess.Popen[str], *, quiet: bool) -> list[str]:
    """Show what a process prints while it runs, and return its lines; Ctrl-C is for it as well."""
    lines: list[str] = []
    assert process.stdout is not None
    while True:
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                if not quiet:
                    sys.stdout.write(line)
            process.wait()
            return lines
        except KeyboardInterrupt:
            # Of a terminal it has had the same signal; a notebook sends it to this process alone.
            process.terminate()
            process.wait()
            raise
