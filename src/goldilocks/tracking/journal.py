"""What a run logs, on this disk first: an append-only file a run, from which it is sent to the store.

A process that is killed leaves everything that it had logged; whoever comes next sends the rest.
"""

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

FOLDER = Path(".goldilocks")  # in the working folder
RUNS = FOLDER / "runs"


class Journal:
    """The entries of one run, oldest first, and how many of them the store has.

    While its lock is held, the run's process is alive: the operating system frees the lock of a process that is gone.
    """

    def __init__(self, folder: Path):
        """Nothing is made yet: `held` does that."""
        self.folder = folder
        self._file, self._sent, self._lock = folder / "journal.jsonl", folder / "sent", threading.Lock()
        self._held = FileLock(folder / "lock", thread_local=False)

    @property
    def checkpoint(self) -> Path:
        """Where the training of this run keeps what it needs to go on."""
        return self.folder / "checkpoint.npz"

    @property
    def is_left(self) -> bool:
        """Whether it is (still) here."""
        return self._file.exists()

    def mend(self) -> None:
        """Cut off a last line that a kill or a full disk left incomplete, so that the next entry begins a new one."""
        if self._file.exists():
            text = self._file.read_bytes()
            with self._file.open("r+b") as file:
                file.truncate(text.rfind(b"\n") + 1)

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the lock; gives whether that was possible: it is not while the run's process lives."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._held.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            self._held.release()

    def add(self, kind: str, value: Any) -> None:
        """Append an entry; it is on its way to the disk when this returns.

        Args:
            kind: What to do with it: see `tracking.sender`.
            value: Anything that JSON can hold.
        """
        line = json.dumps([kind, value]) + "\n"
        with self._lock, self._file.open("a") as file:
            file.write(line)

    def entries(self) -> list[tuple[str, Any]]:
        """Every entry; a last line that was cut short is none."""
        try:
            lines = self._file.read_text().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return [tuple(json.loads(line)) for line in lines if line.endswith("\n")]

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

    def keep(self, source: Path, name: str) -> Path:
        """Move a folder into the journal's, for an entry that names it; one of the same name is replaced."""
        kept = self.folder / name
        shutil.rmtree(kept, ignore_errors=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, kept)
        return kept

    def remove(self) -> None:
        """Delete the journal: the store has everything."""
        shutil.rmtree(self.folder)


def of(run_id: str) -> Journal:
    """The journal of a run in this working folder."""
    return Journal(RUNS.absolute() / run_id)


def all_left() -> list[Journal]:
    """The journals that are still here: of runs under way, interrupted, or not wholly sent."""
    return [Journal(folder) for folder in sorted(RUNS.absolute().glob("*")) if folder.is_dir()]
