"""The studies of Optuna that sweeps and the workflow search with: opened, asked, told, resumed."""

import contextlib
import json
import math
import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import optuna
from filelock import FileLock, Timeout
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from goldilocks.errors import ConfigError
from goldilocks.jobs import records
from goldilocks.search.distributions import distribution, suggest_text, trial_params
from goldilocks.search.options import GRID, SAMPLERS, Plan, StudySpec

# In the working folder, beside the runs: the studies, which outlive a sweep.
FOLDER = Path("search")

# It would report every trial, and diverged ones again.
optuna.logging.set_verbosity(optuna.logging.ERROR)

Suggestion = TypeVar("Suggestion")


@dataclass
class Trials(Generic[Suggestion]):
    """The ask-and-tell loop of a study, whose jobs may end in any order.

    Attributes:
        study: Nobody else asks it for trials meanwhile.
        sweep_dir: The folder of the jobs' records; a job has the number of its trial.
        suggest: Makes what is to be run from a new trial.
        stopped: Returns whether no more trials shall start.
        left: How many more may start, if that is limited.
        retries: Parameters of trials to run again, before the sampler chooses others.
    """

    study: optuna.Study
    sweep_dir: Path
    suggest: Callable[[optuna.Trial], Suggestion]
    stopped: Callable[[], bool]
    left: int | None = None
    retries: deque[dict[str, Any]] = field(default_factory=deque)

    def ask(self) -> tuple[int, Suggestion] | None:
        """Return number and suggestion of the next trial; None if there shall be no more."""
        if self.left == 0 or self.stopped():
            return None
        if self.left is not None:
            self.left -= 1

        if self.retries:
            self.study.enqueue_trial(self.retries.popleft())
        trial = self.study.ask()
        return trial.number, self.suggest(trial)

    def tell(self, number: int, value: float | None) -> TrialState:
        """Record how a job ended.

        Args:
            number: Of its trial.
            value: What is compared; NaN, of a diverged run, counts as the worst; None if it failed.

        Returns:
            The state of the trial.
        """
        if value is None:
            return self.study.tell(number, state=TrialState.FAIL).state
        if records.read(self.sweep_dir, number).pruned:
            return self.study.tell(number, state=TrialState.PRUNED).state

        if math.isnan(value):
            value = -math.inf if self.study.direction == StudyDirection.MAXIMIZE else math.inf
        return self.study.tell(number, value).state


@contextlib.contextmanager
def _experimental() -> Generator[None]:
    """Allow samplers and pruners whose signature Optuna may still change: its version is pinned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


@contextlib.contextmanager
def open_trials(plan: Plan, sweep_dir: Path) -> Generator[Trials[list[str]]]:
    """Open the trials of a sweep; they suggest overrides, and its jobs find them by its folder.

    Raises:
        ConfigError: Another process searches the same study, or the study is of another search.
    """
    FOLDER.mkdir(exist_ok=True)
    journal = (FOLDER / f"{plan.study}.log").resolve()
    lock = FileLock(journal.with_suffix(".running"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"the study {plan.study} is being searched by another process; wait for it, or name "
            "another with hydra.sweeper.study=NAME."
        ) from error

    try:
        _cut_half_line(journal)
        spec = StudySpec(
            storage=str(journal),
            study=plan.study,
            pruner=plan.options.pruner,
            warmup=plan.options.pruner_warmup,
            epochs=plan.epochs,
        )
        study = _open_study(plan, spec)
        spec.save(sweep_dir)
        yield _resume(plan, study, sweep_dir)
    finally:
        lock.release()


def create_study(spec: StudySpec, *, maximize: bool) -> optuna.Study:
    """Return a study, new or as it was left."""
    return optuna.create_study(
        study_name=spec.study,
        storage=open_storage(spec.storage),
        direction="maximize" if maximize else "minimize",
        pruner=make_pruner(spec),
        load_if_exists=True,
    )


def finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """Return the trials that need not run again: complete or pruned ones."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def fail_interrupted(study: optuna.Study) -> list[dict[str, Any]]:
    """Mark the trials that a killed process left running as failed, and return their parameters."""
    interrupted = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in interrupted:
        study.tell(trial.number, state=TrialState.FAIL)
    return [trial.params for trial in interrupted]


def open_storage(location: str) -> BaseStorage:
    """Open the file that stores trials, to which many processes may write."""
    Path(location).parent.mkdir(parents=True, exist_ok=True)
    # A lock of the operating system ends with its process; Optuna's own outlives a killed one by
    # 30 s. It is held for about 0.002 s.
    lock: Any = FileLock(f"{location}.lock", poll_interval=0.002)
    return JournalStorage(JournalFileBackend(location, lock_obj=lock))


@_experimental()
def make_pruner(spec: StudySpec) -> BasePruner:
    """Return Optuna's pruner of a study, with Optuna's own constants beside the warm-up."""
    least = max(1, spec.warmup)
    match spec.pruner:
        case "none":
            return optuna.pruners.NopPruner()
        case "median":
            return optuna.pruners.MedianPruner(n_warmup_steps=spec.warmup)
        case "hyperband":
            return optuna.pruners.HyperbandPruner(
                min_resource=min(least, spec.epochs or least), max_resource=spec.epochs or "auto"
            )
        case _:
            return optuna.pruners.WilcoxonPruner(n_startup_steps=spec.warmup)


def _open_study(plan: Plan, spec: StudySpec) -> optuna.Study:
    """Return the study of a sweep with its sampler.

    Raises:
        ConfigError: A study of this name is of another search.
    """
    study = create_study(spec, maximize=plan.maximize)
    about = {p.key: str(distribution(p)) for p in plan.space.searched} | {"measure": plan.measure}
    before = study.user_attrs.get("about", about)
    if differences := {name for name, _ in before.items() ^ about.items()}:
        raise ConfigError(
            f"the study {plan.study} was of another search: it differs in "
            f"{', '.join(sorted(differences))}. Name another with hydra.sweeper.study=NAME."
        )

    study.set_user_attr("about", about)
    study.sampler = _sampler(plan, trials=len(study.get_trials(deepcopy=False)))
    return study


@_experimental()
def _sampler(plan: Plan, *, trials: int) -> BaseSampler:
    """Return the sampler of a study that has so many trials; a grid needs none of Optuna's."""
    seed = plan.options.seed
    if seed is not None:
        seed += trials  # Else a search that goes on would begin with the same trials again.

    kind = getattr(optuna.samplers, SAMPLERS[plan.options.sampler])
    if kind is optuna.samplers.TPESampler:
        # Parameters that are not in every trial are learned apart from the others.
        return kind(seed=seed, group=any(parameter.when for parameter in plan.space.searched))
    return kind(seed=seed)


def _resume(plan: Plan, study: optuna.Study, sweep_dir: Path) -> Trials[list[str]]:
    """Take over a study that nobody else searches: finished trials count, all others run again."""
    for _ in study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.ask()  # It was killed between two of our lines; now it is one that was left running.
    fail_interrupted(study)

    if plan.options.sampler == GRID:
        wanted = [trial_params(plan.space, point) for point in plan.space.grid()]
    else:
        failed = study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
        wanted = [trial.params for trial in failed]
    done = finished(study)
    left = {json.dumps(params, sort_keys=True): params for params in wanted}
    for trial in done:
        left.pop(json.dumps(trial.params, sort_keys=True), None)

    began = time.monotonic()
    limit = math.inf if plan.options.seconds is None else plan.options.seconds

    def suggest(trial: optuna.Trial) -> list[str]:
        point = plan.space.draw(lambda parameter: suggest_text(trial, parameter))
        overrides = plan.space.overrides(point)
        trial.set_user_attr("overrides", overrides)
        return overrides

    return Trials(
        study,
        sweep_dir,
        suggest=suggest,
        stopped=lambda: time.monotonic() - began >= limit,
        left=None if plan.trials is None else max(0, plan.trials - len(done)),
        retries=deque(left.values()),
    )


def _cut_half_line(journal: Path) -> None:
    """Remove the half line of a full disk or a power cut: it hides later ones."""
    if journal.is_file() and (text := journal.read_bytes()) and not text.endswith(b"\n"):
        os.truncate(journal, text.rfind(b"\n") + 1)
