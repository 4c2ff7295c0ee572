"""What every step of a workflow needs: the data, what is spent, and what trains candidates."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from goldilocks import console
from goldilocks.config.settings import PARENT_FILE, Settings, key_of
from goldilocks.dataset import Dataset
from goldilocks.errors import JobError, UserError
from goldilocks.evaluation.differences import Comparison
from goldilocks.jobs import records
from goldilocks.jobs.pool import INTERRUPTED, Pool
from goldilocks.jobs.process import Job, JobResult
from goldilocks.jobs.resources import Room
from goldilocks.jobs.stream import stream
from goldilocks.problem import Problem
from goldilocks.report.workflow.results import TrainedRuns
from goldilocks.run.run import run
from goldilocks.run.shares import in_shares
from goldilocks.sweep import expand
from goldilocks.tracking import provenance, query
from goldilocks.tracking.store import MlflowStore
from goldilocks.workflow.budget import Budget
from goldilocks.workflow.candidate import Candidate, Trained, load

SEEDS = 3  # that a candidate is trained with before it can win
FINAL_OVERHEAD = 20.0  # seconds: the model is built, drawn, logged, the reference fitted once more


@dataclass(kw_only=True)
class Context:
    """What a step needs beside the results of earlier steps.

    Candidates are trained each in a process of its own, several at once, none twice.

    Attributes:
        settings: Of the workflow, as they were typed.
        base: Overrides that all trainings have.
        together: Whether trainings that are alike are one program.
        store: Where runs are logged.
        dataset: Loaded.
        problem: What is predicted, and how that is measured.
        budget: What may be spent.
        room: For the trainings.
        folder: Where the step writes what it resumes from.
        run_id: The run of the workflow, which the runs of its steps stand below.
        step_id: The run of the step, which the runs of its trainings stand below.
        more_rows: Rows of the final training for each row of another one; known after step 1.
        seed_error: Standard deviation of a score from seed to seed, by metric; known after step 3.
        seeds_measured: How many seeds it was measured with.
        failures: Of this step, in sentences.
        error: The exception behind the last failure; None if there is none.
        overhead: Seconds that a job has taken at most beside its training: it is started, the model
            is built, drawn and logged.
    """

    settings: Settings
    base: tuple[str, ...]
    together: bool
    store: MlflowStore
    dataset: Dataset
    problem: Problem
    budget: Budget
    room: Room
    folder: Path
    run_id: str = ""
    step_id: str = ""
    more_rows: float = 1.0
    seed_error: Mapping[str, float] = field(default_factory=dict[str, float])
    seeds_measured: int = 0
    failures: list[str] = field(default_factory=list)
    error: Exception | None = None
    overhead: float = 0.0

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags that say of runs which data and code they are of."""
        return {
            "problem": self.problem.type,
            "dataset.source": self.dataset.source,
            "dataset.digest": self.dataset.digest,
            **query.own_tags(self.problem),
            **provenance.tags(),
            "code.digest": provenance.digest(self.settings.packages),
        }

    @property
    def typed_keys(self) -> set[str]:
        """Return the keys that were typed, whose values no step changes."""
        return set(map(key_of, self.settings.overrides))

    @property
    def chosen(self) -> Settings:
        """Return the settings that all trainings have, with what earlier steps have chosen."""
        return self.settings_of(Candidate("", ()))

    @property
    def seeds(self) -> list[str]:
        """Return the overrides of the seeds that candidates are compared with."""
        first = self.settings.tree["seed"]
        return [f"seed={first + number}" for number in range(SEEDS)]

    def comparison(self) -> Comparison:
        """Return what compares candidates; it knows the noise from seed to seed after step 3."""
        return Comparison(self.dataset, self.problem, self.seed_error, self.seeds_measured)

    def load(self, runs: TrainedRuns) -> list[Trained]:
        """Read the trainings of a candidate from the store."""
        candidate = Candidate(runs.name, runs.overrides)
        return [load(self.store, candidate, run_id) for run_id in runs.run_ids]

    def settings_of(self, candidate: Candidate) -> Settings:
        """Return the checked settings of a candidate.

        Raises:
            ConfigError: If something in it is wrong.
        """
        replaced = set(map(key_of, candidate.overrides))
        if "model" in replaced:
            # Another model than the typed one has other keys, and honours other regularizers.
            keys = map(key_of, self.base)
            replaced |= {key for key in keys if key.startswith(("model.", "regularizer."))}

        rest = [word for word in self.base if key_of(word) not in replaced]
        return expand.settings_of([[*rest, *candidate.overrides]])[0]

    def seconds(self, trained: Sequence[Trained]) -> float:
        """Return what it takes to train candidates once more, as many at once as there is room for.

        Each is taken to be as slow as the slowest.
        """
        rounds = math.ceil(len(trained) / len(self.room.shared))
        slowest = max(training.seconds_an_epoch * training.epochs for training in trained)
        return rounds * (slowest + self.overhead)

    def final_seconds(self, trained: Trained) -> float:
        """Return what the final training of a candidate will take, from what its training took."""
        an_epoch = trained.seconds_an_epoch / len(trained.predictions) * self.more_rows
        return trained.best_epoch * an_epoch + FINAL_OVERHEAD

    def train(self, candidates: Sequence[Candidate], folder: Path) -> list[Trained | None]:
        """Train candidates in the order given, as many at once as there is room for.

        Args:
            candidates: To be trained.
            folder: For the records and logs of their jobs.

        Returns:
            Each as trained; None for those that failed, which `failures` then explains.
        """
        requests = iter(enumerate(candidates))
        trained: dict[int, Trained | None] = {}
        ask = functools.partial(next, requests, None)
        self.stream(ask, trained.__setitem__, folder, total=len(candidates))
        return [trained[number] for number in range(len(candidates))]

    def stream(
        self,
        ask: Callable[[], tuple[int, Candidate] | None],
        tell: Callable[[int, Trained | None], None],
        folder: Path,
        *,
        total: int | None,
    ) -> None:
        """Train candidates until `ask` has no more.

        Args:
            ask: Returns a number and a candidate whenever there is room, or None.
            tell: Takes each as it ends; None for one that failed, or diverged before it had any
                value.
            folder: For the records and logs of their jobs.
            total: How many there will be, or None.

        Raises:
            KeyboardInterrupt: If Ctrl-C came; the jobs have ended, and can go on.
        """
        candidates: dict[int, Candidate] = {}
        checked: dict[int, Settings] = {}

        def next_job() -> Job | None:
            while (request := ask()) is not None:
                number, candidate = request
                candidates[number] = candidate
                settings = checked[number] = self.settings_of(candidate)
                record = records.read(folder, number)
                shown = tuple(map(console.without_passwords, settings.overrides))
                if record.status == "finished" and record.overrides == shown:
                    # An interrupted process finished it. Once is enough, even with force=true.
                    tell(number, self._take(candidate, record.run_id))
                    continue
                return Job(
                    number,
                    functools.partial(
                        run, replace(settings, sweep_dir=folder.absolute(), job=number)
                    ),
                    records.log_file(folder, number),
                    candidate.name,
                    settings.overrides,
                )
            return None

        def end(job: Job, result: JobResult) -> None:
            if result.reason == INTERRUPTED:  # It goes on when the workflow does.
                return

            candidate = candidates[job.number]
            run_id = records.read(folder, job.number).run_id
            self.budget.keep(run_id or str(job.log))
            trained = None
            if result.reason:
                self.error = result.error
                self.failures.append(f"{candidate.name} failed: {result.reason}")
            else:
                trained = self._take(candidate, run_id)
            if trained is not None:
                overhead = result.seconds - trained.run.metrics["train_seconds"]
                self.overhead = max(self.overhead, overhead)
            tell(job.number, trained)

        self._stream(next_job, end, folder, checked, total=total)

    def lost(self) -> JobError:
        """Return the error of a step that cannot go on without a training that failed."""
        return JobError(
            "a training without which this step cannot go on is missing: "
            + "; ".join(self.failures)
        )

    def _take(self, candidate: Candidate, run_id: str) -> Trained | None:
        """Return a finished training; None if it diverged."""
        trained = load(self.store, candidate, run_id)
        if trained.finite:
            return trained

        self.error = FloatingPointError("its predictions, or its validation loss, are not finite")
        self.failures.append(
            f"{candidate.name} diverged: {self.error}; lower optimizer.learning_rate"
        )
        return None

    def _stream(
        self,
        ask: Callable[[], Job | None],
        tell: Callable[[Job, JobResult], None],
        folder: Path,
        settings: Mapping[int, Settings],
        *,
        total: int | None,
    ) -> None:
        """Run jobs below a parent run; a job that is the only one has the whole machine."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / PARENT_FILE).write_text(self.step_id)
        pool = Pool(
            slots=self.room.whole if total == 1 else self.room.shared,
            time_limit=None,
            memory_limit=None,
            retries=1,
            final=UserError,
            preload=self.room.preload,
        )
        if self.together and total not in (None, 1):
            # Trials of a search have shapes of their own, and are asked for one by one.
            ask = in_shares(ask, lambda jobs: settings, pool, folder.absolute(), at_once=None)
        stream(
            pool,
            ask,
            tell,
            sweep_dir=folder,
            total=total,
            measure="",  # The steps say which is best, by a test.
            higher_is_better=False,
            value_of=lambda value: None,
        )
