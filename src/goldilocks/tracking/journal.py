"""What a run logs, on this disk first: an append-only file, then sent to the store.

A process that is killed leaves everything that it had logged; whoever comes next sends the rest.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import threading
import time
import uuid
import zlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

FOLDER = Path(".goldilocks")  # in the working folder
RUNS = FOLDER / "runs"
DAMAGED = FOLDER / "damaged"  # copies of journals, as they were found
HEARTBEAT = "goldilocks.heartbeat"  # tag of a run: when its process lived, in milliseconds
NEW = "new-"  # how the folder of a journal begins whose run has no ID yet
# What a value of each kind has at least; `tracking.sender` says what is done with it.
KINDS: Mapping[str, Mapping[str, type]] = {
    "begin": {"uri": str, "name": str},
    "opened": {},
    "resumed": {},
    "params": {},
    "metrics": {"epoch": int, "time": int, "values": dict},
    "tags": {},
    "dataset": {"dataset": dict, "context": str},
    "files": {"folder": str},
    "model": {"folder": str},
    "lost": {"numbers": list},
    "end": {"status": str, "time": int},
}


@dataclass(frozen=True)
class Entry:
    """What happened to a run.

    Attributes:
        number: Its place in the journal, from 0.
        kind: One of `KINDS`.
        value: What JSON can hold, with the keys of its kind.
    """

    number: int
    kind: str
    value: dict[str, Any]


class Journal:
    """The entries of one run, oldest first, and how many of them the store has.

    It is there before the run is, so that no run is without one. While its lock is held, the run's
    process is alive: the operating system frees the lock of a process that is gone.
    """

    def __init__(self, folder: Path):
        """Create nothing yet: `held` does that."""
        self.folder = folder
        self._file = folder / "journal.jsonl"
        self._sent = folder / "sent"
        self._lock = threading.Lock()
        self._next = 0
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
            try:
                yield True
            finally:
                if not self.folder.exists():  # It has moved, or is removed.
                    Path(self._held.lock_file).unlink(missing_ok=True)

    def _mend(self) -> None:
        """Cut off a last line that a kill or a full disk left incomplete, and count the others."""
        if not self._file.exists():
            return
        text = self._file.read_bytes()
        with self._file.open("r+b") as file:
            file.truncate(text.rfind(b"\n") + 1)
        whole, lost = self._read()
        self._next = max([entry.number for entry in whole] + lost, default=-1) + 1

    def move(self, run_id: str) -> Journal:
        """Move to the place of the run that was created; both places are held by the caller."""
        run = of(run_id)
        run.folder.rmdir()  # Which `held` has made.
        self.folder.rename(run.folder)
        run._mend()
        return run

    def add(self, kind: str, value: Any) -> Entry:
        """Append an entry; it is on its way to the disk when this returns.

        Args:
            kind: One of `KINDS`.
            value: With the keys of its kind.

        Raises:
            OSError: There is no room; the journal is as it was.
        """
        if not self._file.exists():
            self._file.touch(mode=0o600)  # The address of the store may have a password.
        with self._lock, self._file.open("ab", buffering=0) as file:
            entry = Entry(self._next, kind, value)
            line, size = _line(entry), file.seek(0, os.SEEK_END)
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._file))
            except OSError:
                file.truncate(size)
                raise
            self._next += 1
        return entry

    def entries(self) -> list[Entry]:
        """Return every entry that is whole, each once, by its number."""
        return self._read()[0]

    def _read(self) -> tuple[list[Entry], list[int]]:
        """Return the entries that are whole, and the numbers of others that are not reported.

        A last line that is not finished is left out.
        """
        try:
            *lines, _ = self._file.read_bytes().split(b"\n")
        except FileNotFoundError:
            return [], []

        whole, reported, last = dict[int, Entry](), set[int](), -1
        for number, line in enumerate(lines):
            entry = _entry(line, number)
            if entry is None or not self._has_files(entry):
                last += 1  # Damaged, or its files are gone.
                continue
            last = max(last, entry.number)
            whole[entry.number] = entry
            if entry.kind == "lost":
                reported.update(entry.value["numbers"])
        lost = set(range(last + 1)) - whole.keys() - reported
        return [whole[number] for number in sorted(whole)], sorted(lost)

    def fence(self) -> list[int]:
        """Keep a copy of a damaged journal aside, and go on with what is whole; it is held.

        Returns:
            The numbers of the entries that are lost; none of a whole journal, which stays as it is.
        """
        whole, lost = self._read()
        if not lost:
            return []
        DAMAGED.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self._file, DAMAGED / f"{self.run_id}.jsonl")

        whole.append(Entry(self._next, "lost", {"numbers": lost}))
        fresh = self.folder / "journal.new"
        fresh.touch(mode=0o600)
        fresh.write_bytes(b"".join(map(_line, whole)))
        fresh.replace(self._file)
        self._next += 1
        return lost

    def _has_files(self, entry: Entry) -> bool:
        """Whether the files that an entry speaks of are there, if it speaks of any."""
        return "folder" not in entry.value or (self.folder / entry.value["folder"]).is_dir()

    @property
    def sent(self) -> int:
        """The number of the first entry that the store may lack; 0 where that is not known."""
        try:
            count, checksum = self._sent.read_text(encoding="ascii").split()
        except (FileNotFoundError, ValueError):
            return 0
        if checksum != _checksum(count.encode()):
            return 0
        return int(count)

    @sent.setter
    def sent(self, count: int) -> None:
        fresh = self.folder / "sent.new"
        fresh.write_text(f"{count} {_checksum(str(count).encode())}")
        fresh.replace(self._sent)

    def unsent(self) -> list[Entry]:
        """Return the entries that the store may lack."""
        sent = self.sent
        return [entry for entry in self.entries() if entry.number >= sent]

    def remove(self) -> None:
        """Delete the journal, which is held: the store has everything."""
        self._file.unlink(missing_ok=True)  # First: what is left without it is nothing to send.
        shutil.rmtree(self.folder, ignore_errors=True)


def of(run_id: str) -> Journal:
    """Return the journal of a run in this working folder."""
    return Journal(RUNS.absolute() / run_id)


def new() -> Journal:
    """Return the journal of a run that is about to be created."""
    return of(f"{NEW}{uuid.uuid4().hex}")


def all_left() -> list[Journal]:
    """Return the journals that are here: of runs under way, interrupted, or not wholly sent.

    Where a process was killed as it removed one, the lock may be all that is left.
    """
    paths = [path for path in RUNS.glob("*") if path.is_dir() or path.suffix == ".lock"]
    return [of(name) for name in sorted({path.stem for path in paths})]


def _checksum(text: bytes) -> str:
    return f"{zlib.crc32(text):08x}"


def _line(entry: Entry) -> bytes:
    text = json.dumps([entry.number, entry.kind, entry.value]).encode()
    return f"{_checksum(text)} ".encode() + text + b"\n"


def _entry(line: bytes, number: int) -> Entry | None:
    """Return the entry of a line; None of a damaged one.

    Args:
        line: Its checksum and its text; of a journal of version 0.1 the text alone, in which an
            entry is a kind and a value.
        number: Of the line, which was the number of its entry then.
    """
    checksum, _, text = line.partition(b" ")
    try:
        if line.startswith(b"["):
            kind, value = json.loads(line)
        elif checksum == _checksum(text).encode():
            number, kind, value = json.loads(text)
        else:
            return None
        whole = all(isinstance(value[key], type_) for key, type_ in KINDS[kind].items())
    except (LookupError, TypeError, ValueError):
        return None
    if whole and isinstance(value, dict):
        return Entry(number, kind, value)
    return None


def last_epoch(entries: Sequence[Entry]) -> int:
    """Return the last epoch whose metrics were logged; 0 if there is none."""
    epochs = [entry.value["epoch"] for entry in entries if entry.kind == "metrics"]
    return max(epochs, default=0)


def milliseconds() -> int:
    """Return the time of day in milliseconds since 1970, as MLflow has it."""
    return int(time.time() * 1000)
