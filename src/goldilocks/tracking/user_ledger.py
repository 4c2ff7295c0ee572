"""The test ledger of a person's own data: one file for all their folders and stores.

It is a SQLite file, with the secret of its keys beside it. Without the secret nobody can tell what
is in it; who has both can guess what short cells hold.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import secrets
import socket
import sqlite3
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import platformdirs
import psutil
from filelock import BaseFileLock, FileLock

from goldilocks.dataset.overlap import Kept
from goldilocks.errors import StoreError
from goldilocks.tracking import ledger
from goldilocks.tracking.journal import milliseconds
from goldilocks.tracking.query import StoredRun

VARIABLE = "GOLDILOCKS_LEDGER"
SECRET_BYTES = 32
FOREIGN = 86400.0  # seconds that a process of another machine is taken to live
TABLES = """
CREATE TABLE IF NOT EXISTS test_rows (digest TEXT PRIMARY KEY, kept BLOB);
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, name TEXT, tags TEXT, metrics TEXT, process TEXT
);
"""


def path() -> Path:
    """Return the file: `$GOLDILOCKS_LEDGER`, else one in the person's folder of data."""
    default = platformdirs.user_data_path("goldilocks") / "test_ledger.db"
    return Path(os.environ.get(VARIABLE) or default).expanduser().absolute()


def lock() -> BaseFileLock:
    """Return the lock that one process of this person on this machine holds at a time.

    Raises:
        StoreError: The folder of the file cannot be written.
    """
    with _explained():
        path().parent.mkdir(parents=True, exist_ok=True)
        return FileLock(f"{path()}.lock", is_singleton=True)


@dataclass(frozen=True)
class UserLedger:
    """The open file; its methods are those of `ledger.StoreLedger`.

    Attributes:
        file: The SQLite file.
        secret: Of its keys.
    """

    file: Path
    secret: bytes

    def runs(self) -> list[StoredRun]:
        """Return the runs that were evaluated on test rows, or are about to be in a process."""
        with self._open() as connection:
            rows = connection.execute("SELECT * FROM runs ORDER BY rowid").fetchall()
        runs: list[StoredRun] = []
        for run_id, name, tags, metrics, process in rows:
            run = entry(run_id, name, json.loads(tags), json.loads(metrics))
            if ledger.evaluated_at(run) or _lives(process):
                runs.append(run)
        return runs

    def kept(self, run: StoredRun) -> Kept:
        """Return the keys of the test rows of a run."""
        with self._open() as connection:
            digest = run.tags[ledger.DIGEST]
            [content] = connection.execute("SELECT kept FROM test_rows WHERE digest = ?", [digest])
        return ledger.unpacked(content[0])

    @contextlib.contextmanager
    def claim(self, run: StoredRun, kept: Kept) -> Generator[None]:
        """Record that a run is about to be evaluated, until it ends or is."""
        content = io.BytesIO()
        ledger.pack(kept, content)
        with self._open() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO test_rows VALUES (?, ?)",
                [run.tags[ledger.DIGEST], content.getvalue()],
            )
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, ?, '{}', ?) "
                "ON CONFLICT (run_id) DO UPDATE SET process = excluded.process",
                [run.run_id, run.name, json.dumps(dict(run.tags)), _this_process()],
            )
        try:
            yield
        finally:
            with self._open() as connection:
                connection.execute("UPDATE runs SET process = '' WHERE run_id = ?", [run.run_id])

    def record(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Record that a run is evaluated now, or with which scores on test rows it was."""
        tag = f'$."{ledger.EVALUATED}"'
        with self._open() as connection:
            connection.execute(
                "UPDATE runs SET tags = json_insert(tags, ?, ?), metrics = ? WHERE run_id = ?",
                [tag, ledger.now(), json.dumps(metrics), run_id],
            )

    @contextlib.contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        with (
            _explained(),
            contextlib.closing(sqlite3.connect(self.file, timeout=60)) as connection,
            connection,  # Commits.
        ):
            connection.executescript(TABLES)
            yield connection


def of_person() -> UserLedger:
    """Open the file, and create it and its secret where they are not there yet.

    Raises:
        StoreError: They cannot be read or written.
    """
    file, secret = path(), path().with_suffix(".key")
    with lock(), _explained():
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_bytes(secrets.token_bytes(SECRET_BYTES))
        if not file.exists():
            file.touch(mode=0o600)
        return UserLedger(file, secret.read_bytes())


def entry(
    run_id: str,
    name: str,
    tags: Mapping[str, str],
    metrics: Mapping[str, float] = MappingProxyType({}),
) -> StoredRun:
    """Return a run as this file has it: about to be evaluated, as long as its process lives."""
    return StoredRun(run_id, name, "RUNNING", {}, tags, metrics, (), started=milliseconds())


def _this_process() -> str:
    process = psutil.Process()
    return f"{socket.gethostname()} {process.pid} {process.create_time()}"


def _lives(written: str) -> bool:
    """Return whether a process of this machine lives; of another machine it is taken to."""
    if not written:
        return False
    host, pid, started = written.rsplit(" ", 2)
    if host != socket.gethostname():  # A folder that machines share: whether it lives is unknown.
        return time.time() - float(started) < FOREIGN
    try:
        return psutil.Process(int(pid)).create_time() == float(started)
    except psutil.Error:
        return False


@contextlib.contextmanager
def _explained() -> Generator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the test ledger {path()} cannot be read or written: {error}. Expected a file of "
            f"Goldilocks in a folder that can be written; {VARIABLE}=FILE names another one."
        ) from error
