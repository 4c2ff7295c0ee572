"""A hook in every writer of a process, which kills it with -9 at one chosen write.

A write is whatever changes what stays on disk below a folder: a file opened to be written, a
rename, a removal, a new folder (Python's audit events), and a commit or a change of tables of a
database (SQLAlchemy and `sqlite3`). It has a name that is the same in every process, such as
`open .goldilocks/runs/ID/journal.jsonl #3`. A process can be killed before it or after it; a file
that was opened is empty, or has nothing new, after it.

`install` puts the hook into this process. `variables` puts it into all processes of a command.
"""

import collections
import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
TABLES = ("CREATE", "ALTER", "DROP")  # statements that SQLite commits by themselves
# Parts of paths that differ from process to process.
CHANGING = (
    (re.compile(r"[0-9a-f]{32}"), "ID"),
    (re.compile(r"(files|model)-[a-z0-9_]{8}"), r"\1-*"),
    (re.compile(r"\d{4}-\d{2}-\d{2}(.)\d{2}-\d{2}-\d{2}(-\d+)?"), "TIME"),
    (re.compile(r"\.\d+$"), ".PID"),
    (re.compile(r"[0-9a-f]{24}"), "KEY"),
    (re.compile(r"tmp[a-z0-9_]{8}"), "tmp*"),
)
FOLDER, PLACE, LOG = "KILLED_BELOW", "KILLED_AT", "KILLED_LOG"  # environment variables
# Each change of the file system: what does it, so that the kill can come after it.
CHANGES: Mapping[str, Callable[..., object]] = {
    "os.rename": os.rename,
    "os.remove": os.remove,
    "os.mkdir": os.mkdir,
    "os.rmdir": os.rmdir,
    "os.link": os.link,
    "os.symlink": os.symlink,
}


def places(writes: Sequence[str]) -> Iterator[str]:
    """Yield where a process can be killed: before each write, and after those that may be half done
    or that another thread waits for. After others is before the next.
    """
    for write in writes:
        yield f"before {write}"
        if write.startswith(("open ", "commit ")):
            yield f"after {write}"


class Hook:
    """Counts writes below folders, notes them in a log, and kills at one of them, once.

    Args:
        folders: What is below them counts.
        log: Each write is appended to it.
        place: Moment and name of a write, "after open mlflow.db #2"; "" for none.
    """

    def __init__(self, folders: list[str], log: Path, place: str):
        self.folders = [os.path.realpath(folder) for folder in folders]
        self.moment, _, self.name = place.partition(" ")
        self.log = log
        self._counts: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self._inside = threading.local()

    def audit(self, event: str, args: tuple) -> None:
        """Take an event of Python's."""
        if getattr(self._inside, "hook", False):
            return
        self._inside.hook = True
        try:
            if event == "open":
                path, _, flags = args
                if not isinstance(path, int) and isinstance(flags, int) and flags & WRITING:
                    self._at("open", path, lambda: _opened(path, flags))
            elif event in CHANGES:
                self._change(event, args)
        finally:
            self._inside.hook = False

    def around(self, name: str, call: Callable[[], object]) -> object:
        """Make a call that writes to a database."""
        is_place = self._counted(name)
        if is_place and self.moment == "before":
            self._kill()
        answer = call()
        if is_place:
            self._kill()
        return answer

    def _change(self, event: str, args: tuple) -> None:
        """Take a change of names or folders."""
        paths = [os.fsdecode(arg) for arg in args if isinstance(arg, (str, bytes, os.PathLike))]
        descriptor = args[-1]  # Of the folder that the path is in, as `rmtree` has it; or -1.
        if len(paths) == 1 and isinstance(descriptor, int) and descriptor >= 0:
            paths = [str(Path(f"/proc/self/fd/{descriptor}").readlink() / paths[0])]
        # What is there already is not made again, what is in no folder cannot be.
        is_made = event == "os.mkdir"
        if os.path.lexists(paths[0]) != is_made and Path(paths[0]).parent.is_dir():
            self._at(event.removeprefix("os."), paths[0], lambda: CHANGES[event](*paths))

    def _at(self, kind: str, path: str | bytes | os.PathLike, change: Callable[[], object]) -> None:
        """Kill before a change of a file, or make it and kill after it, if it is the place."""
        short = self._short(str(Path(os.fsdecode(path)).absolute()))
        if short is None or not self._counted(f"{kind} {short}"):
            return
        if self.moment == "after":
            change()
        self._kill()

    def _short(self, path: str) -> str | None:
        """Return a path below one of the folders with what changes left out."""
        for folder in self.folders:
            if path.startswith(folder + os.sep):
                short = path.removeprefix(folder + os.sep)
                for pattern, text in CHANGING:
                    short = pattern.sub(text, short)
                return short
        return None

    def _counted(self, name: str) -> bool:
        """Note a write, and return whether it is the one to be killed at."""
        with self._lock:
            self._counts[name] += 1
            numbered = f"{name} #{self._counts[name]}"
            descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.write(descriptor, f"{numbered}\n".encode())
            os.close(descriptor)
        return numbered == self.name

    def _kill(self) -> None:
        with contextlib.suppress(FileExistsError):  # One process, once.
            os.close(os.open(f"{self.log}.killed", os.O_CREAT | os.O_EXCL))
            os.kill(os.getpid(), signal.SIGKILL)


def _opened(path: str, flags: int) -> None:
    """Leave a file as opening it for writing does."""
    os.close(os.open(path, flags & ~os.O_CLOEXEC, 0o600))


def _database(hook: Hook) -> None:
    """Put the hook into SQLAlchemy, as soon as it is imported, and into our own use of SQLite."""
    from sqlalchemy.engine.default import DefaultDialect

    commit, execute = DefaultDialect.do_commit, DefaultDialect.do_execute

    def do_commit(self, connection) -> None:
        if not getattr(connection, "in_transaction", True):
            return commit(self, connection)
        return hook.around(f"commit {_writer()}", lambda: commit(self, connection))

    def do_execute(self, cursor, statement, parameters, context=None) -> None:
        def call() -> None:
            execute(self, cursor, statement, parameters, context)

        words = statement.split()
        if not words or words[0].upper() not in TABLES:
            return call()
        return hook.around(f"tables {' '.join(words[:3])}", call)

    DefaultDialect.do_commit, DefaultDialect.do_execute = do_commit, do_execute

    from goldilocks.tracking import database

    for name in ("make_movable", "store_artifacts_nearby", "_write_ahead"):
        setattr(database, name, _around(hook, f"commit {name}", getattr(database, name)))


def _around(hook: Hook, name: str, function: Callable) -> Callable:
    return lambda *args: hook.around(name, lambda: function(*args))


def _writer() -> str:
    """Return the name of the store's method that commits."""
    frame, name = sys._getframe(), "?"
    while frame is not None:
        if frame.f_code.co_filename.endswith("sqlalchemy_store.py"):
            name = frame.f_code.co_name  # The last is the outermost.
        frame = frame.f_back
    return name


class _Late:
    """Puts the hook into databases once goldilocks has imported its own."""

    def __init__(self, hook: Hook):
        self.hook = hook

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Find nothing; MLflow's store is imported after `tracking.database`."""
        if name == "mlflow.store.tracking.sqlalchemy_store":
            sys.meta_path.remove(self)
            _database(self.hook)


def install(folders: list[str], log: Path, place: str = "") -> None:
    """Put the hook into this process for good."""
    hook = Hook(folders, log, place)
    if "mlflow.store.tracking.sqlalchemy_store" in sys.modules:
        _database(hook)
    else:
        sys.meta_path.insert(0, _Late(hook))
    sys.addaudithook(hook.audit)


def variables(scratch: Path, folders: list[str], log: Path, place: str = "") -> dict[str, str]:
    """Return environment variables that put the hook into every Python process of a command.

    Args:
        scratch: A folder for the file with which Python starts.
        folders: As of `Hook`.
        log: As of `Hook`.
        place: As of `Hook`.
    """
    here = str(Path(__file__).parent)
    scratch.mkdir(exist_ok=True)
    (scratch / "sitecustomize.py").write_text(
        f"import sys\nsys.path.append({here!r})\nimport kill_hook\nkill_hook.from_environment()\n"
    )
    path = os.pathsep.join([str(scratch), os.environ.get("PYTHONPATH", "")])
    return {"PYTHONPATH": path, FOLDER: os.pathsep.join(folders), LOG: str(log), PLACE: place}


def from_environment() -> None:
    """Put the hook into this process as `variables` says."""
    install(os.environ[FOLDER].split(os.pathsep), Path(os.environ[LOG]), os.environ[PLACE])
