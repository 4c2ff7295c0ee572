"""All that is known of a finished training, and the metrics and tags that are logged of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.diagnosis import Verdict
from goldilocks.evaluation.intervals import NORMAL, Interval, best_of
from goldilocks.problem import Problem
from goldilocks.protocol import Split
from goldilocks.run.cache import metrics_below
from goldilocks.run.context import RunContext, TrainingSpec
from goldilocks.run.test_ledger import EVALUATIONS, Evaluation
from goldilocks.tracking.query import StoredRun
from goldilocks.training.fit import FitResult, validation_rows

PER_EPOCH = ("learning_rate", "seconds")  # metrics of each epoch that have no best value


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that a finished training knows.

    Attributes:
        settings: The settings of the training.
        part: Name among several trainings ("fold 1 of 4", "seed 7"); "" of a single one.
        dataset: What it was trained on.
        problem: What was predicted.
        split: The rows.
        result: The history and its best epoch.
        baseline: Scores of the dummy baseline on the rows that were scored, by Keras's names
            without `val_`.
        beats_baseline: Whether the primary metric is better than the baseline's.
        verdict: What the curves say; None of a final run, which has no validation curve.
        test: Scores on the test rows, by Keras's names; None but for a final run.
        intervals: The 95 % confidence intervals of the scores on the test rows, by Keras's names;
            empty but for a final run.
        evaluation: Its place in the test ledger; None but for a final run.
        parameters: Number of the model's weights.
        coverage: Share of the vocabulary that pretrained word vectors have, 0 to 1; None without
            them.
        weights: SHA-256, hexadecimal, of the weights.
    """

    settings: Settings
    part: str
    dataset: Dataset
    problem: Problem
    split: Split
    result: FitResult
    baseline: Mapping[str, float]
    beats_baseline: bool
    verdict: Verdict | None
    test: Mapping[str, float] | None
    intervals: Mapping[str, Interval]
    evaluation: Evaluation | None
    parameters: int
    coverage: float | None
    weights: str

    @property
    def value(self) -> float:
        """Return the number that a sweep compares.

        It is the best monitored value; of a final run the same metric on the test rows.
        """
        if self.test is None:
            return self.result.best[self.result.monitor or "loss"]
        name = self.settings.tree["trainer"]["monitor"].removeprefix("val_")
        return self.test.get(name, self.test["loss"])

    @property
    def scores(self) -> dict[str, float]:
        """Return the `test_` scores of a final run, else the `val_` values at the best epoch."""
        if self.test is not None:
            return {f"test_{name}": value for name, value in self.test.items()}
        return {name: value for name, value in self.result.best.items() if name.startswith("val_")}

    @property
    def optimism(self) -> float:
        """Return by how much the best of the compared configurations may look too good.

        It is in the unit of the primary metric, for configurations that are all equally good; 0
        where the ledger or the interval is missing. The metric's spread is that of the test rows,
        scaled to the number of validation rows. Configurations that go wrong on the same rows
        differ by less, so it is the most to expect.
        """
        interval = self.intervals.get(self.problem.metric)
        if interval is None or self.evaluation is None:
            return 0.0
        if not self.evaluation.configurations or not self.evaluation.validation_rows:
            return 0.0

        test_error = (interval.high - interval.low) / (2 * NORMAL)
        rows_ratio = len(self.split.test) / self.evaluation.validation_rows
        return best_of(self.evaluation.configurations, test_error * math.sqrt(rows_ratio))

    @property
    def metrics(self) -> dict[str, float]:
        """Return the single values that are logged."""
        side = "val" if self.test is None else "test"
        values: dict[str, float] = {"best_epoch": self.result.best_epoch}
        for name, value in self.result.best.items():
            if name not in PER_EPOCH:
                values[f"best_{name}"] = value
        for name, value in self.baseline.items():
            values[f"baseline/{side}_{name}"] = value

        if self.test is not None:
            values |= self.scores
        for name, interval in self.intervals.items():
            values[f"test_{name}_low"] = interval.low
            values[f"test_{name}_high"] = interval.high
        if self.evaluation is not None and self.evaluation.number is not None:
            values[EVALUATIONS] = self.evaluation.number
            values[f"{EVALUATIONS}_elsewhere"] = self.evaluation.elsewhere
            values["validation_configurations"] = self.evaluation.configurations or 0
            values["validation_optimism"] = self.optimism

        values["beats_baseline"] = float(self.beats_baseline)
        values["parameters"] = self.parameters
        if self.coverage is not None:
            values["word_vectors_coverage"] = self.coverage
        values["train_seconds"] = self.result.seconds
        values["epochs"] = len(self.result.history["loss"])
        return values | verdict_metrics(self.verdict)

    @property
    def tags(self) -> dict[str, str]:
        """Return what the run can be searched by."""
        tags = verdict_tags(self.verdict)
        if self.evaluation is not None and self.evaluation.number is not None:
            tags[EVALUATIONS] = str(self.evaluation.number)
        tags["weights"] = self.weights
        tags["beats_baseline"] = str(self.beats_baseline).lower()
        return tags


def verdict_metrics(verdict: Verdict | None) -> dict[str, float]:
    """Return the evidence behind a verdict, as metrics."""
    if verdict is None:
        return {}
    return {f"verdict/{name}": float(value) for name, value in verdict.evidence.items()}


def verdict_tags(verdict: Verdict | None) -> dict[str, str]:
    """Return a verdict, its sentence and the next move, as tags."""
    if verdict is None:
        return {}
    return {
        "verdict": verdict.name,
        "verdict.reason": verdict.reason,
        "verdict.next": verdict.next_move,
    }


def read_outcome(context: RunContext, spec: TrainingSpec, stored: StoredRun) -> Outcome:
    """Return the outcome of a finished fold or repeat, for the mean over all of them.

    Args:
        context: What the trainings share.
        spec: The fold or repeat.
        stored: Its run.

    Raises:
        StoreError: If the store cannot be read.
    """
    metrics, trainer = stored.metrics, spec.settings.tree["trainer"]
    names = [name for name in metrics if f"best_{name}" in metrics or name in PER_EPOCH]
    curves = context.store.histories([stored.run_id], names)[stored.run_id]
    result = FitResult(
        history={name: [value for _, value in points] for name, points in curves.items()},
        best_epoch=int(metrics["best_epoch"]),
        monitor=trainer["monitor"],
        seconds=metrics["train_seconds"],
        validation=validation_rows(
            spec.split.validation, trainer["validation_steps"], trainer["batch_size"]
        ),
    )
    return Outcome(
        settings=spec.settings,
        part=spec.part,
        dataset=context.dataset,
        problem=context.problem,
        split=spec.split,
        result=result,
        baseline=metrics_below(metrics, "baseline/val_"),
        beats_baseline=bool(metrics["beats_baseline"]),
        verdict=None,  # The verdict of the mean curve counts.
        test=None,
        intervals={},
        evaluation=None,
        parameters=int(metrics["parameters"]),
        coverage=metrics.get("word_vectors_coverage"),
        weights=stored.tags["weights"],
    )
