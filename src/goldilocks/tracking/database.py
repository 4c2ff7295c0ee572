"""A store before its first use: reached, created, migrated and set up once, however many processes come at a time.

MLflow 3.17.2 creates its tables in every process that finds none, and all but one of them die of
it.
"""

import contextlib
import hashlib
import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from filelock import FileLock
from mlflow.tracking import MlflowClient

from goldilocks import console

# A new store is migrated step by step, and every step logs a line.
for _name in ("mlflow", "alembic"):
    logging.getLogger(_name).setLevel(logging.ERROR)
# It writes a traceback at every try to reach a store that is full or gone; what it raises is said
# in a sentence.
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
logging.getLogger("urllib3.connectionpool").setLevel(
    logging.ERROR
)  # A line for every try to reach a server.

# A call that fails is made again from the journal: MLflow itself would go on for minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
# Of a server, it prints two addresses whenever a run ends; a run of ours says itself where it is
# seen.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
# It shows a bar for each file of a few kilobytes that is read.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

SQLITE = "sqlite:///"
SECONDS_TO_ANSWER = 10  # that a tracking server, or whoever holds a lock, has
SECONDS_TO_MIGRATE = 300

SCHEMA = "dc11669786a5"  # of the tables of MLflow 3.17.2, as they name it themselves

# Where MLflow writes down, absolute, what lies in its folder of artifacts.
LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
)


def reach(uri: str) -> None:
    """Touch a store once, where MLflow would go on trying for minutes: ask the server, or lock the SQLite file.

    A SQLite file that is not there yet, or that an older MLflow wrote, is made ready, by one
    process.

    Raises:
        OSError, sqlite3.Error: It cannot be reached or written.
    """
    if uri.startswith("http"):
        requests.get(uri, timeout=SECONDS_TO_ANSWER)
        return
    if uri.startswith(SQLITE):
        file = database(uri)
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(file, timeout=SECONDS_TO_ANSWER)) as connection:
            if _is_ready(connection):
                connection.execute("BEGIN IMMEDIATE")  # Fails where it cannot be written.
                connection.rollback()
                return
    with lock(uri):
        _migrate(uri)


@contextlib.contextmanager
def lock(uri: str) -> Iterator[None]:
    """Hold the lock of a store: one process of this machine at a time creates what is missing in it."""
    name = hashlib.sha256(uri.encode()).hexdigest()[:16]
    beside = (
        f"{database(uri)}.lock"
        if uri.startswith(SQLITE)
        else f"{tempfile.gettempdir()}/goldilocks-{os.getuid()}-{name}.lock"
    )
    with FileLock(beside, timeout=SECONDS_TO_MIGRATE):
        yield


def database(uri: str) -> Path:
    """The file of a SQLite URI."""
    return Path(uri.removeprefix(SQLITE)).absolute()


def located(uri: str, location: str) -> str:
    """Where artifacts are: a relative location is relative to the store's SQLite file, wherever this process runs."""
    if uri.startswith(SQLITE) and "://" not in location:
        return str(database(uri).parent / location)
    return location


def make_movable(uri: str) -> None:
    """Write paths of artifacts that lie beside a SQLite file relative to it, so that the folder can be moved.

    MLflow itself finds them again wherever the folder is: `mlflow ui` in it takes them as relative
    to it.
    """
    if not uri.startswith(SQLITE):
        return
    file = database(uri)
    start = f"{file.parent}/"
    with (
        contextlib.closing(sqlite3.connect(file, timeout=SECONDS_TO_ANSWER)) as connection,
        connection,
    ):
        for table, column in LOCATIONS:
            for beginning in (start, f"file://{start}"):
                connection.execute(
                    f"UPDATE {table} SET {column} = substr({column}, ?) WHERE substr({column}, 1, "
                    "?) = ?",
                    (len(beginning) + 1, len(beginning), beginning),
                )


def beside(uri: str, experiment_id: str) -> None:
    """Have a new experiment keep its artifacts beside the SQLite file, in whatever folder it was created from."""
    if uri.startswith(SQLITE):
        with (
            contextlib.closing(
                sqlite3.connect(database(uri), timeout=SECONDS_TO_ANSWER)
            ) as connection,
            connection,
        ):
            connection.execute(
                "UPDATE experiments SET artifact_location = 'mlruns/' || experiment_id WHERE "
                "experiment_id = ?",
                (experiment_id,),
            )


def _is_ready(connection: sqlite3.Connection) -> bool:
    """Whether a SQLite store has its tables, and lets others read while one writes (write-ahead log)."""
    try:
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:  # It has no tables yet.
        return False
    return version == (SCHEMA,) and connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def _migrate(uri: str) -> None:
    """Create the tables, bring those of an older MLflow up to date after a copy, and turn on the write-ahead log."""
    if uri.startswith(SQLITE):
        with contextlib.closing(
            sqlite3.connect(database(uri), timeout=SECONDS_TO_ANSWER)
        ) as connection:
            if _is_ready(connection):  # Another process has done it meanwhile.
                return
            _write_ahead(connection)
            old = connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE name = 'experiments'"
            ).fetchone()[0]
            if old and connection.execute("SELECT version_num FROM alembic_version").fetchone() != (
                SCHEMA,
            ):
                _upgrade(uri, connection)
    MlflowClient(uri).search_experiments(max_results=1)  # Creates what is not there.
    make_movable(uri)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log, for good; over a network file system SQLite keeps what it has.

    For this SQLite does not wait until others have read: it says that the database is locked.
    """
    until = time.monotonic() + SECONDS_TO_ANSWER
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _upgrade(uri: str, connection: sqlite3.Connection) -> None:
    """Bring the tables of an older MLflow up to date, with MLflow's own command, and keep a copy."""
    file, tries = database(uri), 1
    while (kept := file.with_suffix(f".before-upgrade{f'-{tries}' * (tries > 1)}.db")).exists():
        tries += 1  # An upgrade that failed half-way must not replace the good copy.
    with contextlib.closing(sqlite3.connect(kept)) as copy:
        connection.backup(copy)
    console.note(f"the store {uri} is of an older MLflow: upgrading it; a copy stays in {kept}")
    upgrade = [sys.executable, "-m", "mlflow", "db", "upgrade", uri]
    done = subprocess.run(
        upgrade, capture_output=True, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"}
    )
    if done.returncode:
        raise OSError(
            "`mlflow db upgrade` failed: "
            f"{(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
        )
