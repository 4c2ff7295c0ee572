"""The trial of a job: reports the job's values to Optuna, and says whether the job may stop.

A job finds its trial by the folder of its sweep and its number, from any process that shares them.
"""

import contextlib

import optuna
from optuna.exceptions import UpdateFinishedTrialError

from goldilocks.search.options import StudySpec
from goldilocks.search.study import make_pruner, open_storage

# Another sweep has taken over from the killed one of this job, and closed the trial.
CLOSED = contextlib.suppress(UpdateFinishedTrialError)


class Trial:
    """One trial, seen from its job.

    Attributes:
        pruned: Whether the pruner has stopped the job.
    """

    def __init__(self, trial: optuna.trial.Trial, *, by_fold: bool, last: int | None):
        """Compare whole trainings if `by_fold`; else the first training's epochs but its `last`."""
        self._trial = trial
        self.by_fold = by_fold
        self.last = last
        self.pruned = False
        self.epochs = self.trainings = 0

    def report_epoch(self, number: int, value: float) -> bool:
        """Report the monitored value of an epoch, from 1.

        Returns:
            Whether the job may stop here, since it will hardly become the best.
        """
        self.epochs += 1
        if self.by_fold or self.trainings:
            return False
        return self._should_prune(number, value, last=number == self.last)

    def report_training(self, number: int, value: float, *, last: bool) -> None:
        """Report the best monitored value of a whole training, from 1; of a single training, too.

        Afterwards `pruned` says whether the job may skip the remaining trainings; the `last` one
        leaves it as it is.
        """
        self.trainings += 1
        with CLOSED:
            self._trial.set_user_attr("epochs", self.epochs)
        if self.by_fold:
            self._should_prune(number, value, last=last)

    def _should_prune(self, step: int, value: float, *, last: bool) -> bool:
        """Report a value, and return whether the trial is pruned; never at its last step."""
        with CLOSED:
            self._trial.report(value, step)
            # At the last step pruning saves nothing, and a finished trial is worth more.
            self.pruned = self.pruned or (not last and self._trial.should_prune())
        return self.pruned


def load_trial(spec: StudySpec, number: int) -> Trial:
    """Return the trial of a job.

    Args:
        spec: Where the trials of its sweep are.
        number: Of the job, which is also the trial's.
    """
    storage = open_storage(spec.storage)
    study = optuna.load_study(
        study_name=spec.study,
        storage=storage,
        sampler=optuna.samplers.RandomSampler(),
        pruner=make_pruner(spec),
    )
    study_id = storage.get_study_id_from_name(spec.study)
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
    trial = optuna.trial.Trial(study, trial_id)
    return Trial(trial, by_fold=spec.pruner == "wilcoxon", last=spec.epochs)
