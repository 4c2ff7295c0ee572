"""What a run logs, on this disk first: an append-only file, then sent to the store.

A process that is killed leaves everything that it had logged; whoever comes next sends the rest.
"""

import contextlib
import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

FOLDER = Path(".goldilocks")  # in the working folder
RUNS = FOLDER / "runs"

Entry = tuple[str, Any]  # its kind and its value; see `tracking.sender`


class Journal:
    """The entries of one run, oldest first, and how many of them the store has.

    While its lock is held, the run's process is alive: the operating system frees the lock of a
    process that is gone.
    """

    def __init__(self, folder: Path):
        """Create nothing yet: `held` does that."""
        self.folder = folder
        self._file = folder / "journal.jsonl"
        self._sent = folder / "sent"
        self._lock = threading.Lock()
        # Outside of the folder: over NFS, a folder with an open file in it cannot be removed.
        self._held = FileLock(folder.with_name(f"{folder.name}.lock"), thread_local=False)

    @property
    def run_id(self) -> str:
        """The ID of its run."""
        return self.folder.name

    @property
    def checkpoint(self) -> Path:
        """The file from which an interrupted training resumes."""
        return self.folder / "checkpoint.npz"

    @property
    def is_left(self) -> bool:
        """Whether it is (still) here."""
        return self._file.exists()

    @contextlib.contextmanager
    def held(self, *, seconds: float = 0) -> Generator[bool]:
        """Hold the lock, and yield whether that was possible: not while the run's process lives.

        Args:
            seconds: To wait for another process, which may hold it for a moment to repair the run.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            held = self._held.acquire(timeout=seconds)
        except Timeout:
            yield False
            return

        with held:
            self.folder.mkdir(exist_ok=True)
            self._mend()
            yield True

    def _mend(self) -> None:
        """Cut off a last line that a kill or a full disk left incomplete."""
        if self._file.exists():
            text = self._file.read_bytes()
            with self._file.open("r+b") as file:
                file.truncate(text.rfind(b"\n") + 1)

    def add(self, kind: str, value: Any) -> None:
        """Append an entry; it is on its way to the disk when this returns.

        Args:
            kind: What to do with it: see `tracking.sender`.
            value: Anything that JSON can hold.

        Raises:
            OSError: There is no room; the journal is as it was.
        """
        line = (json.dumps([kind, value]) + "\n").encode()
        with self._lock, self._file.open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file))
            except OSError:
                file.truncate(size)
                raise

    def entries(self) -> list[Entry]:
        """Return every entry, without lines that a power cut or a full disk has damaged."""
        try:
            lines = self._file.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []

        entries = []
        for line in lines:
            if line.endswith(b"\n"):
                with contextlib.suppress(ValueError):
                    entries.append(tuple(json.loads(line)))
        return entries

    @property
    def sent(self) -> int:
        """How many entries the store has."""
        try:
            return int(self._sent.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    @sent.setter
    def sent(self, count: int) -> None:
        fresh = self.folder / "sent.new"
        fresh.write_text(str(count))
        fresh.replace(self._sent)

    def remove(self) -> None:
        """Delete the journal, which is held: the store has everything."""
        self._file.unlink(missing_ok=True)  # First: what is left without it is nothing to send.
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            Path(self._held.lock_file).unlink()


def of(run_id: str) -> Journal:
    """Return the journal of a run in this working folder."""
    return Journal(RUNS.absolute() / run_id)


def all_left() -> list[Journal]:
    """Return the journals that are here: of runs under way, interrupted, or not wholly sent."""
    return [Journal(folder) for folder in sorted(RUNS.absolute().glob("*")) if folder.is_dir()]


def last_epoch(entries: Sequence[Entry]) -> int:
    """Return the last epoch whose metrics were logged; 0 if there is none."""
    return max((value["epoch"] for kind, value in entries if kind == "metrics"), default=0)


def milliseconds() -> int:
    """Return the time of day in milliseconds since 1970, as MLflow has it."""
    return int(time.time() * 1000)
