"""Kill -9 at every write of a run, one after the other; then the same command, then a repair.

    python benchmarks/kill_campaign.py [CASE ...] [--every N] [--word WORD] [--list]

For each case, a run in peace notes its writes to the store, the journal, the artifacts and the
cache (`kill_hook`). Then, for each of them, in a folder of its own: the command is killed there,
the same command is typed once more, and `goldilocks repair` after it. All of it must then be as
after the run in peace: the same runs, FINISHED, each metric of a step once, the same files, as many
READY models, nothing RUNNING or PENDING, no journal left, and nothing to repair. It prints a table,
each fault with its folder, and ends with 1 where there was a fault.

Processes are forked from one that has imported everything, as the jobs of a sweep are.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import os
import random
import runpy
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import kill_hook

ROOT = Path(__file__).parents[1]
TINY = (
    *("dataset=table", "dataset.file=rows.csv", "dataset.target=y", "model.units=[4]"),
    *("trainer.epochs=2", "trainer.checkpoint_seconds=0"),
    "trainer.steps_per_execution=1",
)
SMALL_IMAGES = ("dataset=images", "dataset.dir=pictures", "trainer.epochs=1", "model=baseline")
SECONDS = 300  # after which a command hangs
READY = 2  # the status of a logged model
AND = ", then "  # between the places of two kills
NOTHING = "Nothing to repair.\n"


@dataclasses.dataclass(frozen=True)
class Case:
    """A command that is killed at each of its writes.

    Attributes:
        arguments: Of train.py; none of a case that trains nothing, and logs what a run does.
        fresh: Whether the store is made by the command too.
        whole: Whether it starts processes of its own, and so is started as a person starts it.
        every: One of so many places is taken.
        word: Places without it are left out.
        twice: Whether the command that follows is killed too, at a place that is drawn.
    """

    arguments: tuple[str, ...] = ()
    fresh: bool = False
    whole: bool = False
    every: int = 1
    word: str = ""
    twice: bool = False


CASES = {
    "log": Case(),
    "log-twice": Case(twice=True),
    "plain": Case(TINY),
    "final": Case((*TINY, "final=true")),
    "kfold": Case((*TINY, "protocol=kfold", "protocol.k=2")),
    "images": Case(SMALL_IMAGES),
    "fresh": Case(TINY, fresh=True, every=7),
    "sweep": Case(("-m", *TINY, "seed=0,1,2", "hydra.launcher.n_jobs=2"), whole=True, every=10),
    "search": Case(
        (
            *("-m", *TINY[:3], *TINY[4:], "hydra/sweeper=search", "hydra.sweeper.trials=3"),
            "model.units=[2],[4],[8]",
        ),
        whole=True,
        every=10,
    ),
}


@dataclasses.dataclass
class Outcome:
    """What one kill came to.

    Attributes:
        place: Where it was, as `kill_hook` names it.
        killed: Whether the process came by there.
        faults: What was not as after a run in peace.
        folder: Where all of it is, if there was a fault.
    """

    place: str
    killed: bool
    faults: list[str]
    folder: Path


def forked(function: Callable[[], object], folder: Path, log: Path) -> int:
    """Make a call in a process of its own, in a folder, and return how the process ended."""
    process = os.fork()
    if process:
        return _awaited(process)

    code = 1
    try:
        os.setpgrp()
        os.chdir(folder)
        _environment(folder)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1)
        os.dup2(file, 2)
        signal.alarm(SECONDS)
        function()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
        if isinstance(ended.code, str):
            print(ended.code)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _awaited(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _environment(folder: Path) -> None:
    os.environ |= {"GOLDILOCKS_CACHE": str(folder / "cache"), "TMPDIR": str(folder.parent / "tmp")}
    tempfile.tempdir = None


def train(case: Case) -> None:
    """Do what `python train.py ...` does."""
    import multiprocessing  # noqa: F401

    sys.argv = [str(ROOT / "train.py"), *case.arguments]
    sys.path.insert(0, str(ROOT))
    runpy.run_path(sys.argv[0], run_name="__main__")


def log_alone() -> None:
    """Do what a run does with the store, without a training."""
    import keras
    import numpy as np

    from goldilocks.tracking import local, query

    fingerprint = "f" * 32
    store = local.connect(uri=None, experiment="goldilocks")
    store.repair()
    stored = query.find_run(store, fingerprint)
    if stored is not None and stored.status == "FINISHED":
        return
    params = {f"key.{number}": number for number in range(150)}  # Two batches.
    resume = None if stored is None else stored.run_id
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with store.start_run(
        "a run", parent=None, params=params, tags={"fingerprint": fingerprint}, resume=resume
    ) as tracker:
        for epoch in (1, 2, 3):
            tracker.epoch(epoch, {"loss": 1 / epoch, "val_loss": 2 / epoch})
            tracker.checkpoint.write_bytes(b"weights")
        tracker.flush()
        tracker.model(model, np.zeros((2, 2), np.float32))
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "plots").mkdir()
            for file in ("history.csv", "plots/curves.png", "summary.md"):
                (Path(name) / file).write_text("something")
            tracker.files(Path(name))
        tracker.metrics({"best_epoch": 3, "best_val_loss": 2 / 3})
        tracker.tags({"verdict": "underfits", "weights": "w"})
        tracker.describe("A run.")


def repair() -> None:
    """Do what `goldilocks repair` does."""
    from goldilocks import cli

    cli.main(["repair"])


def command(case: Case, folder: Path, log: Path, place: str | None = None) -> int:
    """Run the command of a case, and return its exit status.

    Args:
        case: It.
        folder: Where it runs.
        log: Takes what it prints.
        place: Where it is killed; "" for nowhere, with its writes noted; None for no hook.
    """
    places = folder.parent / "places"
    if not case.whole:

        def call() -> None:
            if place is not None:
                kill_hook.install([str(folder)], places, place)
            train(case) if case.arguments else log_alone()

        return forked(call, folder, log)

    ledger = {"GOLDILOCKS_LEDGER": str(folder / "ledger.db")}
    variables = {**os.environ, "GOLDILOCKS_CACHE": str(folder / "cache"), **ledger}
    if place is not None:
        variables |= kill_hook.variables(folder.parent / "hook", [str(folder)], places, place)
    with log.open("wb") as file:
        done = subprocess.run(
            [sys.executable, str(ROOT / "train.py"), *case.arguments],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
        )
    return done.returncode


def prepared(case: Case, scratch: Path) -> Path:
    """Return a new working folder for a case."""
    folder = Path(tempfile.mkdtemp(dir=scratch)) / "work"
    folder.mkdir()
    (folder.parent / "tmp").mkdir()
    if not case.fresh:
        shutil.copy(scratch / "mlflow.db", folder)
    shutil.copy(scratch / "rows.csv", folder)
    if case.arguments == SMALL_IMAGES:
        shutil.copytree(scratch / "pictures", folder / "pictures")
        time.sleep(2.5)  # The cache keeps no digest of younger files.
    return folder


def state(folder: Path) -> dict[str, object]:
    """Return what is in a folder after a run, but for what differs from run to run."""
    with sqlite3.connect(folder / "mlflow.db") as store:
        rows = store.execute(
            "SELECT r.name, r.status, r.run_uuid, t.value FROM runs r LEFT JOIN tags t ON "
            "t.run_uuid = r.run_uuid AND t.key = 'weights'"
        ).fetchall()
        names = {run_id: name for name, _, run_id, _ in rows}
        metrics = store.execute("SELECT run_uuid, key, step FROM metrics").fetchall()
        places = store.execute(
            "SELECT artifact_location FROM experiments UNION ALL SELECT artifact_uri FROM runs "
            "UNION ALL SELECT artifact_location FROM logged_models"
        ).fetchall()
        models = store.execute("SELECT status, source_run_id FROM logged_models").fetchall()
        outputs = store.execute(
            "SELECT source_id FROM inputs WHERE destination_type = 'MODEL_OUTPUT'"
        ).fetchall()
        params = store.execute("SELECT run_uuid, key FROM params").fetchall()
    store.close()

    twice = [key for key, count in collections.Counter(metrics).items() if count > 1]
    return {
        "runs": sorted((name, status, weights) for name, status, _, weights in rows),
        "metrics logged twice": twice,
        "metrics": sorted((names[run], *rest) for run, *rest in metrics),
        "params": sorted((names[run], key) for run, key in params),
        "models not READY": [status for status, _ in models if status != READY],
        "models": sorted(names[run] for _, run in models),
        "outputs": sorted(names.get(run, "?") for (run,) in outputs),
        "places of artifacts": sorted(_without_ids(place) for (place,) in places),
        "artifacts": sorted(_files(folder / "mlruns")),
        "empty files": list(_files(folder / "mlruns", largest=0)),
        "journals": sorted(_files(folder / ".goldilocks" / "runs")),
        # A lock alone holds nothing: the next one that is made there removes it.
        "cache": sorted(name for name in _files(folder / "cache") if name[-5:] != ".lock"),
    }


def _files(folder: Path, largest: float = float("inf")) -> Iterator[str]:
    """Yield the files in a folder, without what differs from run to run in their names."""
    for file in folder.rglob("*"):
        if file.is_file() and file.stat().st_size <= largest:
            yield _without_ids(str(file.relative_to(folder)))


def _without_ids(name: str) -> str:
    """Return a path without what differs from run to run."""
    for pattern, text in kill_hook.CHANGING:
        name = pattern.sub(text, name)
    return name


def differences(peace: dict[str, object], now: dict[str, object]) -> list[str]:
    """Return how a folder differs from one in which nothing was killed."""
    faults = []
    for name, expected in peace.items():
        if now[name] == expected:
            continue
        more = collections.Counter(map(repr, now[name])) - collections.Counter(map(repr, expected))
        less = collections.Counter(map(repr, expected)) - collections.Counter(map(repr, now[name]))
        faults.append(
            f"{name}: {sum(more.values())} too many {list(more)[:3]}, "
            f"{sum(less.values())} missing {list(less)[:3]}"
        )
    return faults


def killed(case: Case, scratch: Path, place: str, peace: dict[str, object]) -> Outcome:
    """Kill a command at a place, type it again, repair, and look."""
    folder = prepared(case, scratch)
    above, faults = folder.parent, []
    came_by = True
    for number, at in enumerate(place.split(AND)):
        command(case, folder, above / f"1-killed-{number}.log", at)
        came_by = came_by and (above / "places.killed").exists()
        (above / "places.killed").unlink(missing_ok=True)

    code = command(case, folder, above / "2-again.log")
    if code:
        faults.append(f"the same command ended with {code}: {_last_line(above / '2-again.log')}")
    code = forked(repair, folder, above / "3-repair.log")
    said = (above / "3-repair.log").read_text()
    if code or said != NOTHING:
        faults.append(f"repair ended with {code}: {said.strip()}")
    for log in sorted(above.glob("*.log")):
        if "Traceback" in log.read_text(errors="replace"):
            faults.append(f"a traceback in {log.name}")
    try:
        faults += differences(peace, state(folder))
    except sqlite3.Error as error:
        faults.append(f"the store cannot be read: {error}")
    if not faults:
        shutil.rmtree(above)
    return Outcome(place, came_by, faults, above)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def campaign(name: str, case: Case, scratch: Path, *, processes: int, listed: bool) -> int:
    """Print the row of a case, and return the number of its faults."""
    folder = prepared(case, scratch)
    code = command(case, folder, folder.parent / "peace.log", "")
    if code:
        sys.exit(f"{name}: the command ends with {code} in peace; see {folder.parent}/peace.log")
    writes = list(dict.fromkeys((folder.parent / "places").read_text().splitlines()))
    peace = state(folder)
    places = [place for place in kill_hook.places(writes) if case.word in place]
    if case.twice:
        seconds = random.Random(0).sample(places, len(places))
        places = [f"{one}{AND}{other}" for one, other in zip(places, seconds, strict=True)]
    places = places[:: case.every]
    if listed:
        print(name, *writes, sep="\n  ")
        return 0

    began = time.monotonic()
    # Threads fork: each waits for its processes, and no thread has a lock of anything imported.
    outcomes = []
    for number, outcome in enumerate(_outcomes(case, scratch, places, peace, processes), start=1):
        outcomes.append(outcome)
        for fault in outcome.faults:
            print(f"  {name}: {outcome.place}: {fault} ({outcome.folder})", flush=True)
        if number % 10 == 0:
            print(f"  {name}: {number} of {len(places)}", flush=True)
    faulty = sum(bool(outcome.faults) for outcome in outcomes)
    reached = sum(outcome.killed for outcome in outcomes)
    print(
        f"| {name} | {len(writes)} | {len(places)} | {reached} | {faulty} | "
        f"{time.monotonic() - began:.0f} s |",
        flush=True,
    )
    return faulty


def _outcomes(
    case: Case, scratch: Path, places: list[str], peace: dict[str, object], processes: int
) -> Iterator[Outcome]:
    """Yield the outcome of each place; as many at once as there are processes."""
    with concurrent.futures.ThreadPoolExecutor(processes) as threads:
        waiting = [threads.submit(killed, case, scratch, place, peace) for place in places]
        for future in concurrent.futures.as_completed(waiting):
            yield future.result()


def write_data(folder: Path) -> None:
    """Write a table of 120 rows, and a folder of 60 pictures of two classes."""
    import numpy as np
    import pandas as pd
    from PIL import Image

    dice = np.random.default_rng(0)
    table = pd.DataFrame(dice.normal(size=(120, 3)), columns=["a", "b", "c"])
    table.assign(y=table["a"] - 2 * table["b"]).to_csv(folder / "rows.csv", index=False)
    folder = folder / "pictures"
    for number in range(60):
        label = ("dark", "light")[number % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        pixels = dice.integers(0, 128, (16, 16, 3)) + 127 * (number % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / label / f"{number}.png")


def saved_blank(figure: object, path: str | Path) -> Path:
    """Write the file of a figure without drawing it, which takes a third of a run."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no picture")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="CASE")
    parser.add_argument("--every", type=int, help="take one of so many places")
    parser.add_argument("--word", default="", help="take places with it alone, such as cache")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="list the writes, kill nothing")
    args = parser.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # Each case has a store of its own.

    import goldilocks.sweep.preload  # noqa: F401
    from goldilocks.plots import style
    from goldilocks.tracking import database

    style.save = saved_blank

    scratch = Path(tempfile.mkdtemp(prefix="kill-campaign-"))
    os.chdir(scratch)
    (scratch / "tmp").mkdir()
    write_data(scratch)
    forked(lambda: database.reach("sqlite:///mlflow.db"), scratch, scratch / "store.log")
    with sqlite3.connect(scratch / "mlflow.db") as store:
        store.execute("PRAGMA journal_mode=DELETE")
    store.close()

    print("| case | writes | places | reached | faults | time |")
    print("|---|---|---|---|---|---|", flush=True)
    faults = 0
    for name in args.cases:
        case = dataclasses.replace(CASES[name], word=args.word)
        if args.every:
            case = dataclasses.replace(case, every=args.every)
        faults += campaign(name, case, scratch, processes=args.processes, listed=args.list)
    if not faults:
        shutil.rmtree(scratch)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
