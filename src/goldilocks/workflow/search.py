"""The trials of step 5: Optuna's TPE, pruned between epochs, until gains are within noise."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from goldilocks.evaluation.differences import Comparison
from goldilocks.jobs import records
from goldilocks.problem import higher_is_better
from goldilocks.report.workflow.results import ProblemResult, Row
from goldilocks.search.distributions import suggest
from goldilocks.search.options import StudySpec
from goldilocks.search.study import Trials, create_study, fail_interrupted, finished
from goldilocks.workflow.budget import TUNE
from goldilocks.workflow.candidate import Candidate, Trained
from goldilocks.workflow.context import Context
from goldilocks.workflow.search_space import search_space
from goldilocks.workflow.steps import final
from goldilocks.workflow.tables import finite

AT_LEAST = 8  # trials before the search may end by itself
IN_VAIN = 6  # trials without a gain beyond noise that end it
ENDS = {
    "no_gain": f"The last {IN_VAIN} gained nothing beyond noise.",
    "trials": "More are never made.",
    "budget": "Then the budget of this step was spent.",
}


class Search:
    """The trials of a workflow, those of interrupted processes among them."""

    def __init__(
        self,
        context: Context,
        comparison: Comparison,
        sizes: Sequence[Trained],
        start: Trained,
        *,
        problem: ProblemResult,
        epochs: int,
        patience: int,
    ):
        """Search around `start`, one of `sizes`, with so many epochs a trial."""
        self.context, self.comparison, self.problem = context, comparison, problem
        self.start, self.epochs, self.patience = start, epochs, patience
        self.space = search_space(context, [size.candidate for size in sizes], start.candidate)

        monitor = context.settings.tree["trainer"]["monitor"]
        self.monitor = monitor.removeprefix("val_").replace("data_loss", "loss")
        self.higher = higher_is_better(monitor)
        self.trained: dict[int, Trained] = {}
        self.values: list[float] = []  # of the complete trials, in the order in which they ended
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
        self.study = create_study(spec, maximize=self.higher)
        self.study.sampler = optuna.samplers.TPESampler(
            seed=context.settings.tree["seed"], n_startup_trials=AT_LEAST
        )
        spec.save(self.folder)
        self.trials = Trials(self.study, self.folder, self._suggest, self._stopped)

    @property
    def count(self) -> int:
        """Return how many trials have ended."""
        return len(finished(self.study))

    def run(self, *, trials: int) -> None:
        """Run trials until there are so many, the budget is spent, or the last gained nothing."""
        for params in fail_interrupted(self.study):
            self.study.enqueue_trial(params)
        self.values += [float(trial.value or 0.0) for trial in self._complete()]
        if not self.study.get_trials(deepcopy=False):
            for params in self.space.first_trials():
                self.study.enqueue_trial(params)

        self.started, self.most = self.count, trials
        self.context.runner.stream(
            self.trials.ask, self._tell, self.folder, self.context.run_id, total=None
        )

    def best(self, most: int) -> list[Trained]:
        """Return the best trials, each with other parameters."""
        best_first = sorted(
            self._complete(), key=lambda trial: float(trial.value or 0.0), reverse=self.higher
        )
        unique: dict[str, FrozenTrial] = {}
        for trial in best_first:
            unique.setdefault(str(sorted(trial.params.items())), trial)
        return [self._trained(trial) for trial in list(unique.values())[:most]]

    def summary(self) -> str:
        """Return what was searched, and why it ended."""
        pruned = self.study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))
        count = "One trial" if self.count == 1 else f"{self.count} trials"
        names = ", ".join(self.space.distributions)
        return (
            f"{count} of up to {self.epochs} epochs searched {names}; {len(pruned)} stopped early "
            f"by the median rule. {ENDS[self.ended_by]}"
        )

    def table(self) -> list[Row]:
        """Return a row for each trial that was started."""
        return [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                f"val_{self.monitor}": finite(trial.value),
                **trial.params,
            }
            for trial in self.study.get_trials(deepcopy=False)
            if trial.state != TrialState.WAITING
        ]

    def _complete(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def _stopped(self) -> bool:
        """Return whether no more trials may start, and note why."""
        self.ended_by = self._end()
        return self.ended_by != ""

    def _end(self) -> str:
        if self._no_gain():
            return "no_gain"
        if self.started >= self.most:
            return "trials"
        # The first trial is run even if the budget is too small for it.
        if self.started > 0 and self._budget_is_spent():
            return "budget"
        return ""

    def _budget_is_spent(self) -> bool:
        """Return whether the budget of this step does not allow one more trial."""
        budget, [likely, *_] = self.context.budget, [*self.best(1), self.start]
        seconds = self.context.runner.seconds([likely])
        if budget.seconds_left(TUNE, final.seconds(self.problem, likely)) < seconds:
            return True
        running = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return budget.runs_left(TUNE) < 1 + len(running)

    def _no_gain(self) -> bool:
        """Return whether the last trials gained no more than the noise from seed to seed."""
        if len(self.values) < AT_LEAST + IN_VAIN:
            return False
        sign = 1 if self.higher else -1
        before = max(sign * value for value in self.values[:-IN_VAIN])
        after = max(sign * value for value in self.values[-IN_VAIN:])
        return after - before <= self.comparison.seed_error.get(self.monitor, 0.0)

    def _suggest(self, trial: optuna.Trial) -> Candidate:
        """Return the candidate of a new trial."""
        self.started += 1
        for name, choices in self.space.distributions.items():
            suggest(trial, name, choices)
        candidate = self.space.candidate(
            trial.params, epochs=self.epochs, patience=self.patience, monitor=self.monitor
        )
        trial.set_user_attr("candidate", [candidate.name, *candidate.overrides])
        return candidate

    def _tell(self, number: int, trained: Trained | None) -> None:
        value = None
        if trained is not None:
            self.trained[number] = trained
            value = finite(trained.best(self.monitor))
        state = self.trials.tell(number, value)
        if value is not None and state == TrialState.COMPLETE:
            self.values.append(value)

    def _trained(self, trial: FrozenTrial) -> Trained:
        """Return a trial as trained, by this process or by an interrupted one."""
        if trial.number not in self.trained:
            name, *overrides = trial.user_attrs["candidate"]
            run_id = records.read(self.folder, trial.number).run_id
            candidate = Candidate(name, tuple(overrides))
            self.trained[trial.number] = self.context.runner.load(candidate, run_id)
        return self.trained[trial.number]
