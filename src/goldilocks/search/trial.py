"""The trial of a job of a search: it is told the job's values, and says whether the job may stop.

A job that is searched for finds its trial by the folder of its sweep and its number, from any
process that shares them.
"""

import contextlib
import dataclasses
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

if TYPE_CHECKING:  # It takes half a second to import: a job that is not searched for does without.
    import optuna

PRUNERS = ("none", "median", "percentile", "successive_halving", "hyperband", "wilcoxon")

# In the folder of a sweep: where its trials are.
FILE = "search.json"

# Optuna's percentile pruner asks for it: trials go on while they are among so many percent of the
# best.
PERCENTILE = 25.0


@dataclass(frozen=True, kw_only=True)
class Search:
    """Where the trials of a search are, and how they are pruned.

    Attributes:
        storage: Absolute path of a journal, or a URL that Optuna knows.
        study: Its name there.
        pruner: One of `PRUNERS`.
        warmup: Epochs, of wilcoxon folds, that every trial may have.
        epochs: Of a training, at most; None where that is not known.
    """

    storage: str
    study: str
    pruner: str
    warmup: int
    epochs: int | None


class Trial:
    """One trial, seen from its job.

    Attributes:
        pruned: Whether the job was told that it may stop.
    """

    def __init__(self, trial: "optuna.trial.Trial", *, by_fold: bool, last: int | None):
        """Judge by whole trainings, with `by_fold`; else by the epochs of the first training, but for its `last`."""
        self._trial = trial
        self.by_fold = by_fold
        self.last = last
        self.pruned = False
        self.epochs = self.trainings = 0

    def epoch(self, number: int, value: float) -> bool:
        """Tell the monitored value of an epoch, from 1.

        Returns:
            Whether the job may stop here, since it will hardly become the best.
        """
        self.epochs += 1
        return (
            not self.by_fold
            and not self.trainings
            and self._hopeless(number, value, last=number == self.last)
        )

    def fold(self, number: int, value: float, *, last: bool) -> bool:
        """Tell the best monitored value of a whole training, from 1; of a single training, too.

        Returns:
            Whether the job may leave out the trainings that are left; never of the `last` one.
        """
        self.trainings += 1
        with _given_up():
            self._trial.set_user_attr("epochs", self.epochs)
        return self.by_fold and self._hopeless(number, value, last=last)

    def _hopeless(self, step: int, value: float, *, last: bool) -> bool:
        with _given_up():
            self._trial.report(value, step)
            # What has come to its end is worth more as a finished trial.
            self.pruned = self.pruned or (not last and self._trial.should_prune())
        return self.pruned


def leave(sweep_dir: Path, search: Search) -> None:
    """Write down where the trials are, for the jobs of a sweep; for its owner only: a URL may hold a password."""
    file = sweep_dir / FILE
    file.touch(mode=0o600)
    file.write_text(json.dumps(dataclasses.asdict(search), indent=2))


def trial(sweep_dir: Path, number: int) -> Trial | None:
    """The trial of a job; None in a sweep that does not search.

    Args:
        sweep_dir: The folder of the sweep.
        number: Of the job, which is also the trial's.
    """
    try:
        search = Search(**json.loads((sweep_dir / FILE).read_text()))
    except FileNotFoundError:
        return None
    import optuna

    kept = storage(search.storage)
    study = optuna.load_study(
        study_name=search.study,
        storage=kept,
        sampler=optuna.samplers.RandomSampler(),
        pruner=pruner(search),
    )
    trial_id = kept.get_trial_id_from_study_id_trial_number(
        kept.get_study_id_from_name(search.study), number
    )
    return Trial(
        optuna.trial.Trial(study, trial_id), by_fold=search.pruner == "wilcoxon", last=search.epochs
    )


def storage(place: str) -> "optuna.storages.BaseStorage":
    """Where trials are kept: in a file that many processes may write, or behind a URL."""
    import optuna
    from optuna.storages import JournalStorage, get_storage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(
        optuna.logging.ERROR
    )  # It would tell of every trial, and of diverged ones again.
    if "://" in place:
        return get_storage(place)
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    # A lock of the operating system goes with its process; Optuna's own outlives a killed one by 30
    # s.
    lock: Any = FileLock(
        f"{place}.lock", poll_interval=0.002
    )  # seconds; it is held for about as long
    return JournalStorage(JournalFileBackend(place, lock_obj=lock))


def pruner(search: Search) -> "optuna.pruners.BasePruner":
    """Optuna's pruner of a search, with Optuna's own constants beside the warm-up."""
    import optuna
    from optuna.exceptions import ExperimentalWarning

    least = max(1, search.warmup)
    with warnings.catch_warnings():
        # What Optuna may still change about the Wilcoxon pruner is its signature, and the version
        # is pinned.
        warnings.simplefilter("ignore", ExperimentalWarning)
        match search.pruner:
            case "none":
                return optuna.pruners.NopPruner()
            case "median":
                return optuna.pruners.MedianPruner(n_warmup_steps=search.warmup)
            case "percentile":
                return optuna.pruners.PercentilePruner(PERCENTILE, n_warmup_steps=search.warmup)
            case "successive_halving":
                return optuna.pruners.SuccessiveHalvingPruner(min_resource=least)
            case "hyperband":
                most = "auto" if search.epochs is None else search.epochs
                return optuna.pruners.HyperbandPruner(
                    min_resource=least if search.epochs is None else min(least, search.epochs),
                    max_resource=most,
                )
            case "wilcoxon":
                return optuna.pruners.WilcoxonPruner(n_startup_steps=search.warmup)
            case _:
                raise ValueError(
                    f"pruner is {search.pruner}; expected one of {', '.join(PRUNERS)}."
                )


@contextlib.contextmanager
def _given_up() -> Iterator[None]:
    """Go on where the trial is closed: its sweep was killed, another has taken over, and this job is an orphan."""
    from optuna.exceptions import UpdateFinishedTrialError

    with contextlib.suppress(UpdateFinishedTrialError):
        yield
