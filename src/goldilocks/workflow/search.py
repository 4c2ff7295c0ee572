"""What is searched in step 5, and the trials: Optuna's TPE, pruned between epochs, until gains are within noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from goldilocks.config.settings import key_of
from goldilocks.dataset import KINDS
from goldilocks.evaluation.differences import Comparison
from goldilocks.jobs import records
from goldilocks.model import HONOURS
from goldilocks.problem import higher_is_better
from goldilocks.search.distributions import suggest
from goldilocks.search.options import StudySpec
from goldilocks.search.study import Trials, create_study, fail_interrupted, finished
from goldilocks.workflow.budget import TUNE
from goldilocks.workflow.candidate import Candidate, Trained
from goldilocks.workflow.context import Context
from goldilocks.workflow.results import ProblemResult
from goldilocks.workflow.steps import final

AT_LEAST = 8  # trials before the search may end by itself
IN_VAIN = 6  # trials without a gain beyond noise that end it
RATES = (0.1, 5.0)  # times the learning rate of the configuration: the least and the greatest
L1, L2 = (0.0, 1e-6, 1e-5, 1e-4), (0.0, 1e-5, 1e-4, 1e-3, 1e-2)
DROPOUT = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
ENDS = {
    "no_gain": f"the last {IN_VAIN} gained nothing beyond noise",
    "trials": "that is the most that are made",
    "budget": "the budget of this step was spent",
}


class Search:
    """The trials of a workflow; what an earlier process has done counts."""

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
        self.sizes, self.start = sizes, start
        self.epochs, self.patience = epochs, patience
        self.folder = (context.folder / "trials").absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        monitor = context.settings.tree["trainer"]["monitor"]
        self.monitor = monitor.removeprefix("val_").replace("data_loss", "loss")
        self.higher = higher_is_better(monitor)
        self.trained: dict[int, Trained] = {}
        self.ended: list[float] = []
        self.ended_by = ""
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
        """How many trials have come to their end."""
        return len(finished(self.study))

    def run(self, *, trials: int) -> None:
        """Do trials until so many are done, the budget is spent, or the last ones gained nothing beyond noise."""
        self._take_over()
        self.begun = self.count
        self.most = trials
        self.context.runner.stream(
            self.trials.ask, self._tell, self.folder, self.context.run_id, total=None
        )

    def best(self, most: int) -> list[Trained]:
        """The best trials, each with other parameters."""
        sign = -1 if self.higher else 1
        done = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        done.sort(key=lambda trial: sign * float(trial.value or 0.0))
        unique = {str(sorted(trial.params.items())): trial for trial in reversed(done)}
        numbers = sorted(
            (trial.number for trial in unique.values()), key=[trial.number for trial in done].index
        )
        return [self._result(number) for number in numbers[:most]]

    def summary(self) -> str:
        """What was searched, and why it ended."""
        trials = self.study.get_trials(deepcopy=False)
        pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
        return (
            f"{self.count} trials were made ({pruned} of them stopped early by the median rule), "
            "of up to "
            f"{self.epochs} epochs, over {', '.join(self._space())}; {ENDS[self.ended_by]}."
        )

    def table(self) -> list[dict[str, Any]]:
        """A row for each trial that was begun."""
        return [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                f"val_{self.monitor}": _finite(trial.value),
            }
            | trial.params
            for trial in self.study.get_trials(deepcopy=False)
            if trial.state != TrialState.WAITING
        ]

    def _take_over(self) -> None:
        """Trials that were cut off are done again; of a new study, the first ones are what the book would try."""
        for params in fail_interrupted(self.study):
            self.study.enqueue_trial(params)
        complete = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        self.ended += [trial.value for trial in complete if trial.value is not None]
        if not self.study.get_trials(deepcopy=False):
            for params in self._first():
                self.study.enqueue_trial(params)

    def _first(self) -> list[dict[str, Any]]:
        """Each kind of regularization by itself, at the values of the book, then a smaller network."""
        space, start = self._space(), self.start.candidate.name
        neutral = {name: self._neutral(name) for name in space}
        changes: list[dict[str, Any]] = [
            {"dropout": 0.5},
            {"augmentation": True, "dropout": 0.5},
            {"l2": 1e-3},
            {"l1": 1e-5},
            {"learning_rate": neutral.get("learning_rate", 1.0) / 3},
            {"size": self._names()[max(0, self._names().index(start) - 1)]},
        ]
        return [neutral | change for change in changes if set(change) <= set(space)]

    def _neutral(self, name: str) -> Any:
        rate = self.context.settings.tree["optimizer"]["learning_rate"]
        return {
            "size": self.start.candidate.name,
            "learning_rate": rate,
            "augmentation": False,
        }.get(name, 0.0)

    def _names(self) -> list[str]:
        return [size.candidate.name for size in self.sizes]

    def _space(self) -> Mapping[str, Any]:
        """What is searched, by name, as Optuna's distributions; without what was typed, and what the model refuses."""
        typed = set(map(key_of, self.context.typed))
        model, tree = self.context.settings.choices["model"], self.context.settings.tree
        rate = tree["optimizer"]["learning_rate"]
        space: dict[str, Any] = {}
        if len(self.sizes) > 1:
            space["size"] = CategoricalDistribution(self._names())
        if "optimizer.learning_rate" not in typed:
            space["learning_rate"] = FloatDistribution(RATES[0] * rate, RATES[1] * rate, log=True)
        if "regularizer" in typed:
            return space
        for name, values in (("dropout", DROPOUT), ("l1", L1), ("l2", L2)):
            if name in HONOURS[model] and f"regularizer.{name}" not in typed:
                space[name] = CategoricalDistribution(values)
        if KINDS[self.context.settings.choices["dataset"]] == "image":
            space["augmentation"] = CategoricalDistribution([False, True])
        return space

    def _candidate(self, params: Mapping[str, Any]) -> Candidate:
        """The candidate of a trial."""
        size = next(
            (each for each in self.sizes if each.candidate.name == params.get("size")), self.start
        )
        words = ["regularizer=augmentation"] if params.get("augmentation") else []
        flat = (
            "model.layers=0" in size.candidate.overrides
        )  # An embedding without a layer has no weights to penalize.
        kept = [
            name
            for name in ("dropout", "l1", "l2")
            if params.get(name) and not (flat and name in ("l1", "l2"))
        ]
        words += [f"regularizer.{name}={params[name]:g}" for name in kept]
        if "learning_rate" in params and not math.isclose(
            params["learning_rate"], self._neutral("learning_rate")
        ):
            words.append(f"optimizer.learning_rate={params['learning_rate']:.3g}")
        shown = " ".join(
            [size.candidate.name, *(word.partition(".")[2] or "augmentation" for word in words)]
        )
        words += [f"trainer.epochs={self.epochs}", f"regularizer.patience={self.patience}"]
        if self.monitor == "loss" and {"l1", "l2"} & set(kept):
            words.append("trainer.monitor=val_data_loss")  # A penalty is no error.
        return size.candidate.overridden(shown, *words)

    def _stopped(self) -> bool:
        """Return whether no more trials shall start, and note why."""
        budget, likely = self.context.budget, (self.best(1) or [self.start])[0]
        reserved = final.seconds(self.problem, likely)
        running = len(self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)))
        spent = (
            budget.seconds_left(TUNE, reserved) < self.context.runner.seconds([likely])
            or budget.runs_left(TUNE) < 1 + running
        )
        ends = {
            "no_gain": self._in_vain(),
            "trials": self.begun >= self.most,
            "budget": spent and self.begun > 0,
        }
        self.ended_by = next((name for name, true in ends.items() if true), "")
        return bool(self.ended_by)

    def _suggest(self, trial: optuna.Trial) -> Candidate:
        """Return the candidate of a new trial."""
        self.begun += 1
        for name, choices in self._space().items():
            suggest(trial, name, choices)
        candidate = self._candidate(trial.params)
        trial.set_user_attr("candidate", [candidate.name, *candidate.overrides])
        return candidate

    def _tell(self, number: int, trained: Trained | None) -> None:
        value = None
        if trained is not None:
            self.trained[number] = trained
            value = _finite(trained.best(self.monitor))
        state = self.trials.tell(number, value)
        if value is not None and state == TrialState.COMPLETE:
            self.ended.append(value)

    def _result(self, number: int) -> Trained:
        if number not in self.trained:  # An earlier process has done it.
            name, *overrides = self.study.get_trials(deepcopy=False)[number].user_attrs["candidate"]
            run_id = records.read(self.folder, number).run_id
            self.trained[number] = self.context.runner.load(
                Candidate(name, tuple(overrides)), run_id
            )
        return self.trained[number]

    def _in_vain(self) -> bool:
        """Whether the last trials have not improved on those before by more than the noise from seed to seed."""
        if len(self.ended) < AT_LEAST + IN_VAIN:
            return False
        sign = 1 if self.higher else -1
        before = max(sign * value for value in self.ended[:-IN_VAIN])
        after = max(sign * value for value in self.ended[-IN_VAIN:])
        return after - before <= self.comparison.seed_error.get(self.monitor, 0.0)


def _finite(value: float | None) -> float | None:
    """JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None
