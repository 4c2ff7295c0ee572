"""A store before its first use: reached, created, migrated and set up, by one process at a time.

MLflow 3.17.2 creates its tables in every process that finds none, and all but one of them fail.
"""

import atexit
import contextlib
import hashlib
import logging
import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import mlflow
import requests
import sqlalchemy
import sqlalchemy.exc
from alembic.runtime.migration import MigrationContext
from filelock import BaseFileLock, FileLock
from mlflow.tracking import MlflowClient

from goldilocks import console
from goldilocks.errors import StoreError

SQLITE = "sqlite:///"
SECONDS_TO_ANSWER = 10  # that a tracking server, or whoever holds a lock, has
SECONDS_TO_MIGRATE = 300

SCHEMA = "dc11669786a5"  # of the tables of MLflow 3.17.2, as they name it themselves

# The columns in which MLflow stores absolute paths below its folder of artifacts.
LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
)


def reach(uri: str) -> None:
    """Make a store ready, or fail soon: MLflow itself would retry for minutes.

    A SQLite file that is not there yet, or that an older MLflow wrote, is made ready, by one
    process.

    Raises:
        StoreError: There can be no store of this address, or it is of a newer MLflow.
        OSError, sqlite3.Error: It cannot be reached or written.
    """
    configure_mlflow()
    check_address(uri)
    if uri.startswith("http"):
        requests.get(uri, timeout=SECONDS_TO_ANSWER)
        return

    if uri.startswith(SQLITE):
        database(uri).parent.mkdir(parents=True, exist_ok=True)
        with _connected(uri) as connection:
            if _is_ready(uri, connection):
                connection.execute("BEGIN IMMEDIATE")  # Fails where it cannot be written.
                connection.rollback()
                return

    with lock(uri):
        _migrate(uri)


def check_address(uri: str) -> None:
    """Raise unless a store can have this address, before anything is created for it.

    Raises:
        StoreError: It cannot; with what it should be.
    """
    if uri.startswith(SQLITE) and ("?" in uri or unquote(uri) != uri):
        raise StoreError(
            f"the store {uri} has ? or % in its path, which databases read otherwise; expected a "
            "path without them. Rename the folder, or name a file elsewhere: "
            "tracking.uri=sqlite:////FOLDER/mlflow.db"
        )
    if "%" in mlflow.__file__ and not uri.startswith("http"):
        raise StoreError(
            f"MLflow is installed in {Path(mlflow.__file__).parent}, and cannot open a database "
            "where that path has a %; expected an environment in a folder without one."
        )
    try:
        parts = urlsplit(uri)
        if parts.scheme in ("http", "https") and not (parts.hostname and parts.port != 0):
            raise ValueError("it names no host")
        if parts.scheme not in ("", "file", "http", "https", "databricks"):
            sqlalchemy.make_url(uri).get_dialect().import_dbapi()
    except ImportError as error:
        raise StoreError(
            f"the store {uri} needs a database driver that is not installed: {error}. Install it; "
            'that of postgresql:// is had with: pip install "psycopg[binary]"'
        ) from error
    except (ValueError, sqlalchemy.exc.ArgumentError) as error:
        raise StoreError(
            f"{uri} is not the address of a store: {error}. Expected http://HOST:PORT, "
            "sqlite:///FILE or postgresql://USER@HOST:PORT/DATABASE."
        ) from error


def readable(uri: str) -> str:
    """Return the address at which a store can be read, without writing where it is.

    That is its own, but for a SQLite file in a folder that cannot be written, in which SQLite would
    make files, and for one with the tables of another version of MLflow: a temporary copy.

    Raises:
        StoreError: There is no store, or it is a server's with tables of another MLflow.
        OSError, SQLAlchemyError: It cannot be reached.
    """
    configure_mlflow()
    check_address(uri)
    if uri.startswith("http"):
        requests.get(uri, timeout=SECONDS_TO_ANSWER)
        return uri

    if urlsplit(uri).scheme in ("", "file"):  # A folder with a file for each value.
        if not any(Path(unquote(urlsplit(uri).path)).glob("*/meta.yaml")):
            raise _no_store(uri)
        return uri

    address = uri
    if uri.startswith(SQLITE) and not database(uri).is_file():
        raise _no_store(uri)
    if uri.startswith(SQLITE) and not os.access(database(uri).parent, os.W_OK):
        address = _copied(uri)

    version = _tables_version(address)
    if version is None:
        raise _no_store(uri)
    if version == SCHEMA:
        return address
    if not uri.startswith(SQLITE):
        raise _other_version(uri, version)
    return _read_as_ours(uri, version)


def _copied(uri: str) -> str:
    """Return the address of a copy of a SQLite store that goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="goldilocks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = database(uri)
    for part in (file, file.with_name(f"{file.name}-wal")):  # What was written last.
        if part.is_file():
            shutil.copyfile(part, folder / part.name)
    return f"{SQLITE}{folder / file.name}"


def _read_as_ours(uri: str, version: str) -> str:
    """Return the address of a copy with the tables of the installed MLflow."""
    address = _copied(uri)
    if _is_older(version):
        _make_tables(address)
    else:  # MLflow adds to its tables: what this version reads is there, if it went on so.
        with _connected(address) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (SCHEMA,))
    console.note(
        f"the store {uri} has the tables of another MLflow (version {version}): a copy is read"
    )
    return address


def _is_older(version: str) -> bool:
    """Return whether the installed MLflow has a way from this version of the tables to its own."""
    migrations = Path(mlflow.__file__).parent / "store" / "db_migrations" / "versions"
    return any(migrations.glob(f"{version}_*.py"))


def _other_version(uri: str, version: str) -> StoreError:
    if _is_older(version):
        return StoreError(
            f"the store {uri} has the tables of an older MLflow (version {version}); expected "
            f"those of 3.17.2. Make a copy of the database, then type: mlflow db upgrade {uri}"
        )
    return StoreError(
        f"the store {uri} has tables (version {version}) that MLflow 3.17.2 does not know, those "
        "of a newer MLflow; nothing was changed in it. Expected a store of 3.17.2 or older: name "
        "another with tracking.uri=URI."
    )


def configure_mlflow() -> None:
    """Keep MLflow quiet and quick to give up; what a person has set in the environment stays."""
    # A new store is migrated step by step, and every step logs a line.
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # A traceback for every try to reach a store that is full or gone; `failures` has a sentence.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # A line for every try to reach a server.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

    # The journal repeats a call that failed; MLflow itself would repeat it for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    # With a server, two addresses whenever a run ends; a run of ours says where to see it.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    # A progress bar for each file of a few kilobytes.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


def lock(uri: str) -> BaseFileLock:
    """Return the lock of a store, so that one process at a time creates what is missing in it."""
    file = f"{database(uri)}.lock"
    if not uri.startswith(SQLITE):
        # Several users may share the folder; on Windows each has their own.
        user = os.getuid() if hasattr(os, "getuid") else "user"
        name = hashlib.sha256(uri.encode()).hexdigest()[:16]
        file = f"{tempfile.gettempdir()}/goldilocks-{user}-{name}.lock"
    return FileLock(file, timeout=SECONDS_TO_MIGRATE)


def database(uri: str) -> Path:
    """Return the file of a SQLite URI."""
    return Path(uri.removeprefix(SQLITE)).absolute()


def located(uri: str, location: str) -> str:
    """Return where artifacts are; a relative location is relative to the store's SQLite file."""
    if uri.startswith(SQLITE) and "://" not in location:
        return str(database(uri).parent / location)
    return location


def make_movable(uri: str) -> None:
    """Write artifact paths relative to the SQLite file, so that the folder can be moved.

    MLflow itself finds them again wherever the folder is: `mlflow ui` in it takes them as relative
    to it.
    """
    if not uri.startswith(SQLITE):
        return
    start = f"{database(uri).parent}/"
    with _connected(uri) as connection, connection:
        for table, column in LOCATIONS:
            for beginning in (start, f"file://{start}"):
                connection.execute(
                    f"UPDATE {table} SET {column} = substr({column}, ?) "
                    f"WHERE substr({column}, 1, ?) = ?",
                    (len(beginning) + 1, len(beginning), beginning),
                )


def store_artifacts_nearby(uri: str, experiment_id: str) -> None:
    """Make a new experiment store its artifacts in `mlruns/` next to the SQLite file."""
    if uri.startswith(SQLITE):
        with _connected(uri) as connection, connection:
            connection.execute(
                "UPDATE experiments SET artifact_location = 'mlruns/' || experiment_id "
                "WHERE experiment_id = ?",
                (experiment_id,),
            )


def _connected(uri: str) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(database(uri), timeout=SECONDS_TO_ANSWER))


def _no_store(uri: str) -> StoreError:
    text = f"there is no store at {uri}; expected one that runs were logged to. "
    if uri == f"{SQLITE}{Path.cwd() / 'mlflow.db'}":
        text += f"Nothing was trained in {Path.cwd()}: you are in another folder. "
    return StoreError(text + "Call this in the folder in which you trained, or add --uri=URI.")


def _tables_version(uri: str) -> str | None:
    """Return the version of a database's tables, as MLflow names it; None if it has no tables."""
    engine = sqlalchemy.create_engine(uri)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def _is_ready(uri: str, connection: sqlite3.Connection) -> bool:
    """Return whether a SQLite store has its tables, and lets others read while one writes."""
    try:
        ahead = connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        return ahead and _tables_version(uri) == SCHEMA
    except (
        sqlite3.OperationalError,
        sqlalchemy.exc.OperationalError,
    ):  # Whoever makes it holds it.
        return False


def _migrate(uri: str) -> None:
    """Create the tables, or upgrade those of an older MLflow, and turn on the write-ahead log.

    A process that is killed in here leaves the file as it was, or one that is done again.
    """
    version = _tables_version(uri)
    is_other = version not in (None, SCHEMA)
    if is_other and not (uri.startswith(SQLITE) and _is_older(str(version))):
        raise _other_version(uri, str(version))

    if not uri.startswith(SQLITE):
        MlflowClient(uri).search_experiments(max_results=1)  # Creates what is not there.
        return

    with _connected(uri) as connection:
        if _is_ready(uri, connection):  # Another process has done it meanwhile.
            return
        if is_other:
            _back_up(uri, str(version), connection)
        if version != SCHEMA:
            _make_tables_at_once(connection)
        MlflowClient(uri).search_experiments(max_results=1)  # Creates the first experiment.
        make_movable(uri)
        _write_ahead(connection)  # Last: from now on it is ready.


def _make_tables_at_once(connection: sqlite3.Connection) -> None:
    """Make the tables in a copy of a database, then replace what is in it in one step."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mlflow.db")
        with contextlib.closing(sqlite3.connect(file)) as copy:
            connection.backup(copy)
        _make_tables(f"{SQLITE}{file}")
        with contextlib.closing(sqlite3.connect(file)) as copy:
            copy.backup(connection)


def _make_tables(uri: str) -> None:
    """Create MLflow's tables, or upgrade those of an older MLflow.

    MLflow itself would create them on opening the store, step by step, and refuses older ones.
    """
    # Takes a second, once for a store; MLflow has no public name for it.
    from mlflow.store.db.utils import _initialize_tables  # pyright: ignore[reportPrivateUsage]

    engine = sqlalchemy.create_engine(uri)
    _initialize_tables(engine)
    engine.dispose()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn on the write-ahead log for good; over a network file system SQLite keeps what it has.

    SQLite does not wait for readers here: it raises that the database is locked.
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


def _back_up(uri: str, version: str, connection: sqlite3.Connection) -> None:
    """Copy a SQLite store beside itself, one copy for each version of its tables."""
    backup = database(uri).with_suffix(f".before-{version}.db")
    console.note(f"the store {uri} is of an older MLflow: upgrading it; a copy stays in {backup}")
    with contextlib.closing(sqlite3.connect(backup)) as copy:
        connection.backup(copy)
