"""The trials of step 5: Optuna's TPE, pruned between epochs, until gains are within noise."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from goldilocks.evaluation import measures
from goldilocks.jobs import records
from goldilocks.report.workflow.results import Row
from goldilocks.search.distributions import suggest
from goldilocks.search.options import StudySpec
from goldilocks.search.study import Trials, create_study, fail_interrupted, finished
from goldilocks.workflow.budget import TUNE
from goldilocks.workflow.candidate import Candidate, Trained, load
from goldilocks.workflow.context import Context
from goldilocks.workflow.search_space import search_space
from goldilocks.workflow.tables import finite

TRIALS = 60  # at most
AT_LEAST = 8  # trials before the search may end by itself
IN_VAIN = 6  # trials without a gain beyond noise that end it


class Search:
    """The trials of a workflow, those of interrupted processes among them."""

    def __init__(
        self, context: Context, sizes: Sequence[Candidate], start: Trained, *, epochs: int
    ) -> None:
        """Search around `start`, whose candidate is one of `sizes`, with so many epochs a trial."""
        self.context, self.start, self.epochs = context, start, epochs
        self.metric = context.problem.metric
        higher = measures.find(context.problem, self.metric).greater_is_better
        self.sign = -1 if higher else 1  # Of each value: pruned by the loss, all are minimized.
        self.space = search_space(context, sizes, self.start.candidate)
        self.trained: dict[int, Trained] = {}
        self.ended_by = ""

        self.folder = (context.folder / "trials").absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        spec = StudySpec(
            storage=str(self.folder / "study.log"),
            study="trials",
            pruner="median",
            warmup=epochs // 4,
            epochs=epochs,
        )
        self.study = create_study(spec, maximize=False)
        self.study.sampler = optuna.samplers.TPESampler(
            seed=context.settings.tree["seed"], n_startup_trials=AT_LEAST
        )
        spec.save(self.folder)
        self.trials = Trials(self.study, self.folder, self._suggest, self._stopped)

    @property
    def count(self) -> int:
        """Return how many trials have ended."""
        return len(finished(self.study))

    @property
    def pruned(self) -> int:
        """Return how many of them ended early."""
        return len(self._trials(TrialState.PRUNED))

    def run(self) -> None:
        """Run trials until there are enough, the budget is spent, or the last gained nothing."""
        for params in fail_interrupted(self.study):
            self.study.enqueue_trial(params)
        if not self._trials():
            for params in self.space.first_trials():
                self.study.enqueue_trial(params)

        self.started = self.count
        self.context.stream(self.trials.ask, self._tell, self.folder, total=None)

    def best(self, most: int) -> list[Trained]:
        """Return the best trials, each with other parameters."""
        unique: dict[str, FrozenTrial] = {}
        for trial in sorted(self._trials(TrialState.COMPLETE), key=_value):
            unique.setdefault(str(sorted(trial.params.items())), trial)
        return [self._trained(trial) for trial in list(unique.values())[:most]]

    def all_trained(self) -> list[Trained]:
        """Return all trials with predictions, those that were stopped early among them."""
        ended = self._trials(TrialState.COMPLETE, TrialState.PRUNED)
        trained = [self._trained(trial) for trial in ended]
        return [trial for trial in trained if trial.finite]

    def table(self) -> list[Row]:
        """Return a row for each trial that was started, with its value unless it was stopped."""
        values = {
            trial.number: self.sign * _value(trial) for trial in self._trials(TrialState.COMPLETE)
        }
        return [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                f"val_{self.metric}": finite(values.get(trial.number)),
                **trial.params,
            }
            for trial in self._trials()
            if trial.state != TrialState.WAITING
        ]

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the trials that are in one of some states; all without any."""
        return self.study.get_trials(deepcopy=False, states=states or None)

    def _stopped(self) -> bool:
        """Return whether no more trials may start, and note why."""
        self.ended_by = ""
        if self._no_gain():
            self.ended_by = "no_gain"
        elif self.started >= TRIALS:
            self.ended_by = "trials"
        elif self.started > 0 and self._budget_is_spent():  # The first trial is always run.
            self.ended_by = "budget"
        return self.ended_by != ""

    def _budget_is_spent(self) -> bool:
        """Return whether the budget of this step does not allow one more trial."""
        budget, [likely, *_] = self.context.budget, [*self.best(1), self.start]
        seconds = self.context.seconds([likely])
        if budget.seconds_left(TUNE, self.context.final_seconds(likely)) < seconds:
            return True
        return budget.runs_left(TUNE) < 1 + len(self._trials(TrialState.RUNNING))

    def _no_gain(self) -> bool:
        """Return whether the last trials gained no more than the noise from seed to seed."""
        values = list(map(_value, self._trials(TrialState.COMPLETE)))
        if len(values) < AT_LEAST + IN_VAIN:
            return False
        gain = min(values[:-IN_VAIN]) - min(values[-IN_VAIN:])
        return gain <= self.context.seed_error.get(self.metric, 0.0)

    def _suggest(self, trial: optuna.Trial) -> Candidate:
        """Return the candidate of a new trial."""
        self.started += 1
        for name, choices in self.space.distributions.items():
            suggest(trial, name, choices)
        return self.space.candidate(trial.params, epochs=self.epochs)

    def _tell(self, number: int, trained: Trained | None) -> None:
        self.trials.tell(number, trained and self.sign * trained.best(self.metric))

    def _trained(self, trial: FrozenTrial) -> Trained:
        """Return a trial as trained, by this process or by an interrupted one."""
        if trial.number not in self.trained:
            candidate = self.space.candidate(trial.params, epochs=self.epochs)
            run_id = records.read(self.folder, trial.number).run_id
            self.trained[trial.number] = load(self.context.store, candidate, run_id)
        return self.trained[trial.number]


def _value(trial: FrozenTrial) -> float:
    """Return the value of a complete trial, the lowest of the best one."""
    assert trial.value is not None
    return trial.value
