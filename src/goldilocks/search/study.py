"""The trials of a search, in Optuna's terms: which is next, and what became of those before."""

import contextlib
import json
import math
import numbers
import os
import time
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from hydra.core.utils import JobReturn, JobStatus
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState

from goldilocks.errors import ConfigError
from goldilocks.jobs import records
from goldilocks.search import trial as pruning
from goldilocks.search.space import Interval, Parameter, Space
from goldilocks.sweep.plan import GRID, SAMPLERS, Plan

# In the working folder, beside the runs: the studies, which outlive a sweep.
FOLDER = Path("search")


class Trials:
    """Gives the trials that are left of a search one by one, and takes what became of them, in any order."""

    def __init__(self, plan: Plan, study: optuna.Study, sweep_dir: Path):
        """Take over a study that nobody else works on: its finished trials count, all others are done again."""
        self.plan = plan
        self.study = study
        self.sweep_dir = sweep_dir
        self.began = time.monotonic()
        self.asked = 0
        for _ in study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            # Its sweeper was killed between two lines of ours; now it is one that was left running.
            study.ask()
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)
        done = {_key(trial.params) for trial in finished(study)}
        count = len(finished(study))
        self.left = None if plan.trials is None else max(0, plan.trials - count)
        if plan.options.sampler == GRID:
            again = [_params(plan.space, point) for point in plan.space.grid()]
        else:
            again = [
                trial.params
                for trial in study.get_trials(deepcopy=False, states=(TrialState.FAIL,))
            ]
        unique = {_key(params): params for params in again}
        self.queue = deque(params for key, params in unique.items() if key not in done)

    def ask(self) -> tuple[int, list[str]] | None:
        """Number and overrides of the next job; None where the trials or the time are used up."""
        seconds = self.plan.options.seconds
        over = seconds is not None and time.monotonic() - self.began >= seconds
        if over or self.asked == self.left:
            return None
        self.asked += 1
        if self.queue:
            self.study.enqueue_trial(self.queue.popleft())
        trial = self.study.ask()
        point = self.plan.space.draw(
            lambda parameter: (
                _suggest(trial, parameter) if parameter.searched else parameter.ends[0]
            )
        )
        overrides = self.plan.space.overrides(point)
        trial.set_user_attr("overrides", overrides)
        return trial.number, overrides

    def tell(self, number: int, done: JobReturn) -> None:
        """Take what became of a job; one that failed, or gave no number, is done again by the same command."""
        value = done._return_value
        if done.status != JobStatus.COMPLETED or not isinstance(value, numbers.Real):
            self.study.tell(number, state=TrialState.FAIL)
        elif records.read(self.sweep_dir, number).pruned:
            self.study.tell(number, state=TrialState.PRUNED)
        else:
            worst = -math.inf if self.plan.maximize else math.inf  # What a diverged run is worth.
            self.study.tell(number, worst if math.isnan(value) else float(value))


@contextlib.contextmanager
def opened(plan: Plan, sweep_dir: Path) -> Iterator[Trials]:
    """The trials of a search, which nobody else may give out meanwhile; its jobs find them by the sweep's folder.

    Raises:
        ConfigError: Another process searches the same study, or the study was of another search.
    """
    FOLDER.mkdir(exist_ok=True)
    place = (FOLDER / f"{plan.study}.log").resolve()
    lock = FileLock(place.with_suffix(".running"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"the study {plan.study} is being searched by another process; wait for it, or name "
            "another with "
            "hydra.sweeper.study=NAME."
        ) from error
    try:
        given = str(place) if plan.options.storage is None else str(plan.options.storage)
        search = pruning.Search(
            storage=given if "://" in given else str(Path(given).expanduser().resolve()),
            study=plan.study,
            pruner=plan.options.pruner,
            warmup=plan.options.pruner_warmup,
            epochs=plan.epochs,
        )
        _cut(Path(search.storage))
        study = _study(plan, search)
        pruning.leave(sweep_dir, search)
        yield Trials(plan, study, sweep_dir)
    finally:
        lock.release()


def finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials that need not be done again: those that ended by themselves, or were pruned."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _cut(log: Path) -> None:
    """Take off the half line that a full disk, or the power, has left in a journal: no later one could be read."""
    if log.is_file() and (text := log.read_bytes()) and not text.endswith(b"\n"):
        os.truncate(log, text.rfind(b"\n") + 1)


def _study(plan: Plan, search: pruning.Search) -> optuna.Study:
    """The study, new or as it was left.

    Raises:
        ConfigError: A study of this name was of another search.
    """
    study = optuna.create_study(
        study_name=plan.study,
        storage=pruning.storage(search.storage),
        direction="maximize" if plan.maximize else "minimize",
        pruner=pruning.pruner(search),
        load_if_exists=True,
    )
    about = {each.name: str(_distribution(each)) for each in plan.space.searched} | {
        "measure": plan.measure
    }
    known = study.user_attrs.get("about", about)
    if known != about or study.direction.name != ("MAXIMIZE" if plan.maximize else "MINIMIZE"):
        differ = sorted(name for name in {*known, *about} if known.get(name) != about.get(name))
        raise ConfigError(
            f"the study {plan.study} was of another search: it differs in "
            f"{', '.join(differ) or 'its direction'}. Name "
            "another with hydra.sweeper.study=NAME."
        )
    study.set_user_attr("about", about)
    study.sampler = _sampler(plan, trials=len(study.get_trials(deepcopy=False)))
    return study


def _sampler(plan: Plan, *, trials: int) -> optuna.samplers.BaseSampler:
    """The sampler of a study with so many trials; a grid is given out by ourselves, and needs none."""
    seed = (
        None if plan.options.seed is None else plan.options.seed + trials
    )  # Else it would begin with the same again.
    if plan.options.sampler == GRID:
        return optuna.samplers.RandomSampler(seed)
    extra: dict[str, Any] = {}
    if plan.options.sampler == "tpe":
        # Parameters that are not in every trial are learned apart from the others.
        extra["group"] = any(parameter.when for parameter in plan.space.searched)
    elif plan.options.sampler in ("cmaes", "gp", "qmc"):
        extra["warn_independent_sampling"] = (
            False  # It says of each category that it is chosen at random.
        )
    with warnings.catch_warnings():
        # What Optuna may still change about these samplers is their signature, and the version is
        # pinned.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return getattr(optuna.samplers, SAMPLERS[plan.options.sampler])(seed=seed, **extra)


def _distribution(parameter: Parameter) -> BaseDistribution:
    """What Optuna chooses from: numbers where neighbours are alike, else categories."""
    values = parameter.values
    if isinstance(values, Interval):
        if values.whole:
            return IntDistribution(int(values.low), int(values.high), log=values.log)
        return FloatDistribution(values.low, values.high, log=values.log)
    if not values.even:
        return CategoricalDistribution(parameter.ends)
    first, second, last = (Decimal(parameter.ends[place]) for place in (0, 1, -1))
    if first == int(first) and second == int(second):
        return IntDistribution(int(first), int(last), step=int(second - first))
    return FloatDistribution(float(first), float(last), step=float(second - first))


def _suggest(trial: optuna.Trial, parameter: Parameter) -> str:
    """The value that the sampler gives a parameter, as it stands on a command line."""
    match _distribution(parameter):
        case CategoricalDistribution() as categories:
            return str(trial.suggest_categorical(parameter.name, categories.choices))
        case IntDistribution() as span:
            value = trial.suggest_int(
                parameter.name, span.low, span.high, step=span.step, log=span.log
            )
        case FloatDistribution() as span:
            value = trial.suggest_float(
                parameter.name, span.low, span.high, step=span.step, log=span.log
            )
        case other:
            raise TypeError(f"{other} is no distribution that {parameter.name} could have")
    if isinstance(parameter.values, Interval):
        return parameter.values.text(value)
    return min(parameter.ends, key=lambda text: abs(float(text) - value))


def _params(space: Space, point: Mapping[str, str]) -> dict[str, Any]:
    """A point as Optuna keeps it."""
    categories = {
        each.name
        for each in space.searched
        if isinstance(_distribution(each), CategoricalDistribution)
    }
    kinds = {
        each.name: int if isinstance(_distribution(each), IntDistribution) else float
        for each in space.searched
    }
    given = {each.name: point[each.name] for each in space.searched if each.name in point}
    return {
        name: text if name in categories else kinds[name](float(text))
        for name, text in given.items()
    }


def _key(params: Mapping[str, Any]) -> str:
    """The same text for the same values."""
    return json.dumps(params, sort_keys=True)
