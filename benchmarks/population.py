"""Many small networks as one program, logged, beside the other ways to train as many.

    python benchmarks/population.py [ROW ...]

Run: without a ROW all of them: folds, sweep, sweep240, imdb, members.
Takes: about half an hour for all on 2 idle cores; `members` 3 minutes, `sweep` 5
Expect: seconds of each way as the median of three turns with the lowest and the highest, and how
    many times those of `trainer=population` they are.

The ways take turns. `population` and `fit` are commands as a person types them, from the start of
Python to its end, each in an empty folder whose store is made anew. What would take hours is
measured on a part and scaled, and the line says of what. `loop` is a command for each training,
`bare` is Keras's `fit` of arrays in a process that has imported TensorFlow, nothing kept, and
`alone` the
program without its runs: networks are built and trained, and get their best weights, after the
imports.
"""

import contextlib
import dataclasses
import functools
import itertools
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import case
import keras
import psutil

from goldilocks.encoding import encoder
from goldilocks.encoding.targets import standardized
from goldilocks.run import programs
from goldilocks.run.context import RunContext
from goldilocks.run.run import training_specs

ROOT = Path(__file__).parents[1]
TURNS = 3
EPOCHS = 6  # that `bare` is measured on: the first one builds its functions
COMMANDS = 2  # that `loop` is measured on
MEMBERS = (8, 24, 240, 1000)
BOSTON = ("dataset=boston", "dataset.source=stand_in")
SMALL = (*BOSTON, "trainer.epochs=30", "trainer.batch_size=16")
IMDB = ("dataset=imdb", "dataset.source=stand_in", "model.units=[16,16]", "trainer.epochs=20")


@dataclasses.dataclass(frozen=True)
class Row:
    """What is trained.

    Attributes:
        title: For people.
        words: Of each command.
        all: What makes them all; of a sweep with -m.
        few: What makes a few, on which `fit` is measured.
        alone: What makes them all in one run.
        trainings: Number of all, and of the few.
    """

    title: str
    words: tuple[str, ...]
    all: tuple[str, ...]
    few: tuple[str, ...]
    alone: str
    trainings: tuple[int, int]


ROWS = {
    "folds": Row(
        "boston, 4 folds x 8 seeds x 100 epochs, batch 1",
        (*BOSTON, "protocol=kfold", "protocol.k=4", "trainer.epochs=100", "trainer.batch_size=1"),
        ("trainer.repeats=8",),
        ("trainer.repeats=1",),
        "trainer.repeats=8",
        (32, 4),
    ),
    "sweep": Row(
        "boston, 24 jobs of 30 epochs, batch 16",
        SMALL,
        ("-m", "seed=range(24)"),
        ("-m", "seed=range(24)"),
        "trainer.repeats=24",
        (24, 24),
    ),
    "sweep240": Row(
        "boston, 240 jobs of 30 epochs, batch 16",
        SMALL,
        ("-m", "seed=range(240)"),
        ("-m", "seed=range(24)"),
        "trainer.repeats=240",
        (240, 24),
    ),
    "imdb": Row(
        "IMDB dense, 32 jobs of 20 epochs, batch 512",
        (*IMDB, "trainer.batch_size=512"),
        ("-m", "optimizer.learning_rate=0.0003,0.001,0.003,0.01", "seed=range(8)"),
        ("-m", "seed=range(4)"),
        "trainer.repeats=32",
        (32, 4),
    ),
}


def command(*words: str, runs: int) -> float:
    """Return the seconds of a command in an empty folder; show what it leaves to `fit`.

    Raises:
        SystemExit: So many runs are not finished in the end.
    """
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(ROOT / "train.py"), *words],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - began
        if runs:
            with contextlib.closing(sqlite3.connect(Path(folder, "mlflow.db"))) as store:
                query = "SELECT COUNT(*) FROM runs WHERE status = 'FINISHED'"
                finished = 0
                with contextlib.suppress(sqlite3.OperationalError):  # There is no store.
                    [finished] = store.execute(query).fetchone()
            if finished < runs:
                sys.exit(f"{finished} of {runs} runs finished:\n{done.stdout}{done.stderr}")
    for line in done.stderr.splitlines():
        if "networks, one by one" in line:
            print(f"  {line.strip()}", flush=True)
    return seconds


class Clock(keras.callbacks.Callback):
    """Note when each epoch has ended."""

    def on_train_begin(self, logs=None):
        """Note the start."""
        self.times = [time.perf_counter()]

    def on_epoch_end(self, epoch, logs=None):
        """Note the end of an epoch."""
        self.times.append(time.perf_counter())


def bare(row: Row) -> float:
    """Return the seconds of all trainings by Keras's `fit` of arrays, from a few epochs of one."""
    settings = case.settings_of(*row.words, "tracking=none")  # A store would be that of commands.
    trainer = settings.tree["trainer"]
    spec = case.fit_spec(settings)
    parts = [
        (encoder.features(spec.dataset, spec.encoder, rows), spec.targets[rows])
        for rows in (spec.split.train, spec.split.validation)
    ]
    clock, problem = Clock(), spec.problem
    began = time.perf_counter()
    spec.model.compile(optimizer=spec.optimizer(1), loss=problem.loss, metrics=["mae"])
    spec.model.fit(
        *parts[0],
        validation_data=parts[1],
        batch_size=trainer["batch_size"],
        epochs=EPOCHS,
        verbose=0,
        callbacks=[clock],
    )
    epochs = [after - before for before, after in itertools.pairwise(clock.times)]
    epoch = statistics.median(epochs[1:])
    first = clock.times[1] - began - epoch
    return row.trainings[0] * (first + trainer["epochs"] * epoch)


def alone(*words: str) -> dict[str, float]:
    """Return the seconds of a program in a process of its own, and the peaks of memory in MiB."""
    done = subprocess.run(
        [sys.executable, __file__, "alone", *words, "tracking=none", "trainer=population"],
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)


def train_alone(*words: str) -> None:
    """Train all networks of a command, and print what it has taken."""
    settings = case.settings_of(*words)
    dataset = settings.builder("dataset")()
    problem = settings.problem(dataset.problem)
    splits = settings.builder("protocol")(dataset)
    if settings.standardizes:
        problem = standardized(problem, dataset, splits)
    store = settings.builder("tracking")()
    context = RunContext(settings, store, dataset, problem)
    pairs = [(context, spec) for spec in training_specs(settings, splits, subset=False)]
    peaks = [0]
    threading.Thread(target=watch_children, args=(peaks,), daemon=True).start()
    began = time.perf_counter()
    trained = programs.train(pairs, "")
    seconds = time.perf_counter() - began
    assert len(trained) == len(pairs), "fit would have to train some"
    parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "parent": parent / 1024, "jax": max(peaks) / 1024}))


def watch_children(peaks: list[int]) -> None:
    """Add the peak of the memory of this process's children, in KiB, again and again."""
    while True:
        for child in psutil.Process().children():
            with contextlib.suppress(OSError, IndexError):  # It has just ended.
                status = Path(f"/proc/{child.pid}/status").read_text()
                peaks.append(int(status.partition("VmHWM:")[2].split()[0]))
        time.sleep(0.1)


def ways(row: Row) -> dict[str, Callable[[], float]]:
    """Return how all trainings of a row can be made, each with what it is measured on."""
    every, few = row.trainings
    names = {
        "population": lambda: command(*row.all, *row.words, "trainer=population", runs=every),
        f"fit, once, of {few} trainings": functools.cache(
            lambda: command(*row.few, *row.words, runs=few) * every / few
        ),
        f"bare, of {EPOCHS} epochs": lambda: bare(row),
        "alone": lambda: alone(*row.words, row.alone)["seconds"],
    }
    if "-m" in row.all:
        names[f"loop, of {COMMANDS} commands"] = lambda: (
            sum(command(*row.words, f"seed={seed}", runs=1) for seed in range(COMMANDS))
            * every
            / COMMANDS
        )
    return names


def show(row: Row) -> None:
    """Print the seconds of each way, and how many times those of the population they are."""
    print(f"{row.title}; load {os.getloadavg()[0]:.1f}", flush=True)
    arms = ways(row)
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(TURNS):
        for name, arm in arms.items():
            seconds[name].append(arm())
            print(
                f"    {name}: {seconds[name][-1]:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True
            )
    for name, turns in seconds.items():
        ratios = [one / other for one, other in zip(turns, seconds["population"], strict=True)]
        print(f"  {name}: {spread(turns)} s, {spread(ratios)} times", flush=True)


def spread(values: list[float]) -> str:
    """Return the median of values, the lowest and the highest."""
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def show_members() -> None:
    """Print seconds and memory of programs of more and more members."""
    print(f"boston, 30 epochs, batch 16, alone; load {os.getloadavg()[0]:.1f}")
    for members in MEMBERS:
        turns = [alone(*SMALL, f"trainer.repeats={members}") for _ in range(TURNS)]
        cells = {name: [turn[name] for turn in turns] for name in turns[0]}
        print(
            f"  {members} members: {spread(cells['seconds'])} s, parent "
            f"{max(cells['parent']):.0f} MiB, JAX {max(cells['jax']):.0f} MiB",
            flush=True,
        )


def main():
    if sys.argv[1:2] == ["alone"]:
        train_alone(*sys.argv[2:])
        return
    chosen = sys.argv[1:] or [*ROWS, "members"]
    for words in (SMALL, ROWS["imdb"].words):  # The data is now there, and in the page cache.
        command(*words, "trainer.epochs=1", "tracking=none", runs=0)
    for name in chosen:
        if name == "members":
            show_members()
        else:
            show(ROWS[name])


if __name__ == "__main__":
    main()
