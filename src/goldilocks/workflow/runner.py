"""Configurations -> trained runs: each in a process of its own, several at once, none twice."""

from __future__ import annotations

import functools
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks.config.settings import PARENT_FILE, Settings, key_of
from goldilocks.errors import JobError, UserError
from goldilocks.evaluation.differences import Predictions
from goldilocks.jobs import records
from goldilocks.jobs.pool import INTERRUPTED, Pool
from goldilocks.jobs.process import Job, JobResult
from goldilocks.jobs.resources import Room
from goldilocks.jobs.stream import stream
from goldilocks.problem import higher_is_better
from goldilocks.run.context import PREDICTIONS
from goldilocks.sweep import expand
from goldilocks.tracking import Store
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import PARTS
from goldilocks.workflow.budget import Budget


@dataclass(frozen=True)
class Candidate:
    """What may be trained.

    Attributes:
        name: What sets it apart from the others, for people.
        overrides: Beyond those that all runs of the workflow have; a later one replaces an earlier
            of the same key.
    """

    name: str
    overrides: tuple[str, ...]

    def overridden(self, name: str, *overrides: str) -> Candidate:
        """The same by another name, with other values of some keys."""
        keys = set(map(key_of, overrides))
        kept = [word for word in self.overrides if key_of(word) not in keys]
        return Candidate(name, (*kept, *overrides))


@dataclass(frozen=True)
class Trained:
    """A candidate that has been trained once, on one split or on all folds.

    Attributes:
        candidate: What was asked for.
        run: What was logged; of folds, of the run above them.
        judged: What each training predicted of its validation rows: rows, int64 (n,), and
            predictions, float32 (n, outputs); by seed and fold.
    """

    candidate: Candidate
    run: StoredRun
    judged: Predictions

    @property
    def verdict(self) -> str:
        """Of its learning curve; "" of a baseline."""
        return self.run.tags.get("verdict", "")

    @property
    def parameters(self) -> int:
        """The number of its weights."""
        return int(self.run.metrics["parameters"])

    @property
    def finite(self) -> bool:
        """Whether what it predicts, and its validation loss, are numbers; a final run has no validation loss."""
        said = all(np.isfinite(predictions).all() for _, predictions in self.judged.values())
        return said and (self.run.tags.get("role") == "final" or math.isfinite(self.best("loss")))

    @property
    def best_epoch(self) -> int:
        """The epoch that its values are of, from 1."""
        return int(self.run.metrics["best_epoch"])

    @property
    def epochs(self) -> int:
        """How many it was trained."""
        return int(self.run.metrics["epochs"])

    @property
    def seconds_an_epoch(self) -> float:
        """Of all folds together."""
        return self.run.metrics["train_seconds"] / max(1, self.epochs)

    def best(self, name: str) -> float:
        """A validation metric at the best epoch, the loss without penalties; NaN where the first epoch diverged."""
        name = "data_loss" if name == "loss" and "best_val_data_loss" in self.run.metrics else name
        return self.run.metrics.get(f"best_val_{name}", math.nan)

    def end(self, name: str) -> float:
        """The "train" or "val" loss where the training ended; NaN of a diverged one."""
        return self.run.metrics.get(f"verdict/end_{name}_loss", float("nan"))


def predictions(trained: Sequence[Trained]) -> Predictions:
    """Return the validation predictions of all trainings of a candidate."""
    return {key: part for training in trained for key, part in training.judged.items()}


class Runner:
    """Trains candidates below the run of a step."""

    def __init__(self, base: Sequence[str], store: Store, budget: Budget, monitor: str, room: Room):
        """Train with `base` overrides, log to a store, and count what is spent."""
        self.base, self.store, self.budget, self.monitor, self.room = (
            tuple(base),
            store,
            budget,
            monitor,
            room,
        )
        self.failures: list[str] = []
        self.error: Exception | None = None  # that the last failure raised
        # seconds that a job has taken at most beside its training: started, built, drawn, logged
        self.overhead = 0.0

    def settings(self, candidate: Candidate) -> Settings:
        """The checked settings of a candidate.

        Raises:
            ConfigError: Something in it is wrong.
        """
        keys = set(map(key_of, candidate.overrides))
        if (
            "model" in keys
            # Another model than that which was typed has other keys, and honours other
            # regularizers.
        ):
            keys |= {
                key for key in map(key_of, self.base) if key.startswith(("model.", "regularizer."))
            }
        kept = [word for word in self.base if key_of(word) not in keys]
        return expand.settings_of([[*kept, *candidate.overrides]])[0]

    def train(
        self, candidates: Sequence[Candidate], folder: Path, parent: str
    ) -> list[Trained | None]:
        """Train some, in the order given, as many at once as there is room for.

        Args:
            candidates: To be trained.
            folder: For the records and logs of their jobs.
            parent: ID of the run that their runs stand below.

        Returns:
            Each as trained; None of those that failed, which `failures` then explains.
        """
        coming = iter(enumerate(candidates))
        found: dict[int, Trained | None] = {}
        self.stream(
            lambda: next(coming, None), found.__setitem__, folder, parent, total=len(candidates)
        )
        return [found[number] for number in range(len(candidates))]

    def stream(
        self,
        ask: Callable[[], tuple[int, Candidate] | None],
        tell: Callable[[int, Trained | None], None],
        folder: Path,
        parent: str,
        *,
        total: int | None,
    ) -> None:
        """Train what is asked for until there is no more.

        Args:
            ask: Gives number and candidate whenever there is room, or None.
            tell: Is told of each as it ends; None where it failed, or diverged before it had any
                value.
            folder: For the records and logs of their jobs.
            parent: ID of the run that their runs stand below.
            total: How many there will be, or None.

        Raises:
            KeyboardInterrupt: Ctrl-C came; what ran has been ended, and can go on.
        """
        asked: dict[int, Candidate] = {}

        def following() -> Job | None:
            while (coming := ask()) is not None:
                number, candidate = coming
                asked[number] = candidate
                settings = replace(
                    self.settings(candidate), sweep_dir=folder.absolute(), job=number
                )
                known = records.read(folder, number)
                if known.status == "finished" and known.overrides == settings.overrides:
                    take(
                        number, known.run_id
                    )  # Of a process that was cut off later: once is enough, even if forced.
                    continue
                return Job(
                    number,
                    functools.partial(_train, settings),
                    records.log_file(folder, number),
                    candidate.name,
                    settings.overrides,
                )
            return None

        def ended(job: Job, result: JobResult) -> None:
            if result.reason == INTERRUPTED:  # It goes on when the workflow does.
                return
            run_id = records.read(folder, job.number).run_id
            self.budget.keep(run_id or str(records.log_file(folder, job.number)))
            if result.reason:
                self.error = result.error
                self.failures.append(f"{asked[job.number].name} failed: {result.reason}")
                tell(job.number, None)
            elif (trained := take(job.number, run_id)) is not None:
                self.overhead = max(
                    self.overhead, result.seconds - trained.run.metrics["train_seconds"]
                )

        def take(number: int, run_id: str) -> Trained | None:
            trained = self.load(asked[number], run_id)
            if not trained.finite:
                self.error = FloatingPointError(
                    "its predictions, or its validation loss, are not finite"
                )
                self.failures.append(
                    f"{trained.candidate.name} diverged: {self.error}; lower "
                    "optimizer.learning_rate"
                )
            tell(number, trained if trained.finite else None)
            return trained if trained.finite else None

        self._stream(following, ended, folder, parent, total=total)

    def seconds(self, trained: Sequence[Trained]) -> float:
        """What it takes to train these once more, as many at once as there is room for, each as long as the longest."""
        rounds = math.ceil(len(trained) / len(self.room.shared))
        return rounds * max(each.seconds_an_epoch * each.epochs + self.overhead for each in trained)

    def call(self, function: Callable[[], Any], name: str, folder: Path, parent: str) -> Any:
        """What a function gives, called in a process of its own.

        Raises:
            Exception: Whatever the function raises.
        """
        job = Job(0, function, records.log_file(folder, 0), name)
        waiting = iter([job])
        results: list[JobResult] = []
        self._stream(
            lambda: next(waiting, None),
            lambda _, result: results.append(result),
            folder,
            parent,
            total=1,
        )

        [result] = results
        if result.reason:
            lost = f"{name} was lost: {result.reason}. Its log is {job.log}."
            raise result.error or JobError(lost)
        return result.value

    def lost(self) -> JobError:
        """The error to raise where what a step cannot go on without was not trained."""
        return JobError(
            "a training without which this step cannot go on is missing: "
            + "; ".join(self.failures)
        )

    def load(self, candidate: Candidate, run_id: str) -> Trained:
        """A finished run as trained.

        Raises:
            StoreError: The store cannot be read.
        """
        run = self.store.get_run(run_id)
        below = self.store.get_runs(self.store.child_run_ids(run_id))
        trainings = [
            each for each in below if each.tags.get("role") in PARTS and each.status == "FINISHED"
        ] or [run]
        judged = {}
        with tempfile.TemporaryDirectory() as folder:
            for each in trainings:
                file = self.store.download_artifact(each.run_id, PREDICTIONS, Path(folder))
                with np.load(file, allow_pickle=False) as arrays:
                    key = each.params.get("seed", ""), each.tags.get("fold", "")
                    judged[key] = arrays["rows"], arrays["predictions"]
                file.unlink()
        return Trained(candidate, run, judged)

    def _stream(
        self,
        ask: Callable[[], Job | None],
        tell: Callable[[Job, JobResult], None],
        folder: Path,
        parent: str,
        *,
        total: int | None,
    ) -> None:
        """Run jobs below a parent run, one alone if there is no other."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PARENT_FILE).write_text(parent)
        pool = Pool(
            slots=self.room.whole if total == 1 else self.room.shared,
            time_limit=None,
            memory_limit=None,
            retries=1,
            final=UserError,
            preload=self.room.preload,
        )
        stream(
            pool,
            ask,
            tell,
            sweep_dir=folder,
            total=total,
            higher_is_better=higher_is_better(self.monitor),
        )


def _train(settings: Settings) -> float:
    from goldilocks.run.run import run

    return run(settings)
