"""What a finished training came to: the metrics and tags that are logged of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from goldilocks import diagnosis
from goldilocks.dataset.sources.cache import digest
from goldilocks.diagnosis import Verdict
from goldilocks.diagnosis.history import Curves
from goldilocks.diagnosis.moves import Move
from goldilocks.encoding import vectorization
from goldilocks.evaluation import classes, measures, probabilities, scores, thresholds
from goldilocks.evaluation.baseline import baseline_scores, beats, deciding_metric
from goldilocks.evaluation.intervals import NORMAL, Interval, best_of
from goldilocks.evaluation.null_errors import null_errors
from goldilocks.evaluation.outputs import Row, scores_of_each
from goldilocks.model import vectors
from goldilocks.run import next_moves, summary
from goldilocks.run.context import RunContext, TrainingSpec, stored_predictions
from goldilocks.run.next_moves import LONGEST_TAG
from goldilocks.run.promise import PROMISED, VALIDATED
from goldilocks.run.summary import CLASSES, CONFIGURATIONS, GOAL, OPTIMISM, POWER, THRESHOLDS
from goldilocks.run.test_scores import EVALUATIONS
from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun
from goldilocks.training.fit import FitResult, FitSpec, validation_rows

if TYPE_CHECKING:
    import keras

PER_EPOCH = ("learning_rate", "seconds")  # metrics of each epoch that have no best value
NULL_ERROR = "null_error/"  # before the name of a metric


@dataclass(frozen=True)
class Outcome:
    """What a training came to, or the mean of several.

    Attributes:
        context: What it shares with other trainings of the run.
        spec: What was trained; of several trainings, the run above them.
        result: The history and its best epoch.
        metrics: The single values that are logged.
        tags: What the run can be searched by.
        counts: Of each class or label, of the rows that were scored; over several trainings, each
            at its own best epoch. Empty where there are none.
        of_each: The scores of each of several numbers or labels; empty of one, of classes,
            and of the mean of several trainings.
        verdict: On its curves, with the moves of the run; None without, and of one that was read.
        predicted: The rows, int64 (n,), and predictions, float32 (n, outputs), that other models
            are compared with; none of the mean of several trainings.
    """

    context: RunContext
    spec: TrainingSpec
    result: FitResult
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    counts: classes.Counts = field(default_factory=dict[str, Sequence[int]])
    of_each: Sequence[Row] = ()
    verdict: Verdict | None = None
    predicted: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def value(self) -> float:
        """Return the number that a sweep compares."""
        return summary.value(self.spec.settings, self.metrics)

    @property
    def baseline(self) -> dict[str, float]:
        """Return the dummy baseline's scores on the rows that were scored, by Keras's names."""
        return {
            name.partition("_")[2]: value
            for name, value in self.metrics.items()
            if name.startswith("baseline/")
        }


def evaluate(
    context: RunContext,
    spec: TrainingSpec,
    fit_spec: FitSpec,
    model: keras.Model,
    result: FitResult,
    rows: np.ndarray,
    predictions: np.ndarray,
) -> Outcome:
    """Score the predictions of a training, choose its thresholds, and judge its curves.

    Where thresholds are chosen, the problem of the outcome has them.

    Args:
        context: What the trainings share.
        spec: The training.
        fit_spec: What was fitted.
        model: From raw rows to predictions.
        result: The history.
        rows: The predicted rows, int64 (n,): of a final run the test rows, else the validation
            rows.
        predictions: float32 (n, outputs).
    """
    dataset, problem = context.dataset, context.problem
    targets = fit_spec.targets[rows]
    baseline = baseline_scores(problem, dataset, rows)
    model_scores = scores.scores(problem, targets, predictions, dataset.queries(rows))

    metrics: dict[str, float] = {"parameters": model.count_params()}
    if spec.settings.role not in ("final", "baseline"):
        errors = null_errors(problem, dataset, rows, predictions)
        metrics |= {f"{NULL_ERROR}{name}": error for name, error in errors.items()}
    metrics |= {
        f"best_{name}": value
        for name, value in result.best.items()
        # Of training rows, `history.csv` has that epoch.
        if name not in PER_EPOCH and f"val_{name}" not in result.best
    }
    tags = {"weights": digest(*model.get_weights())}

    # The share of the vocabulary that pretrained word vectors have.
    options = spec.settings.tree["model"]
    if source := options.get("vectors"):
        vocabulary = vectorization.vocabulary(fit_spec.encoder)
        coverage = vectors.load(source, vocabulary, options["output_dim"]).coverage
        metrics["word_vectors_coverage"] = coverage

    if spec.settings.tree["final"]:
        intervals = scores.intervals_of(problem, dataset, rows, targets, predictions)
        metrics |= {f"test_{name}": value for name, value in model_scores.items()}
        for name, interval in intervals.items():
            metrics |= {f"test_{name}_low": interval.low, f"test_{name}_high": interval.high}
            if interval.few_rows is not None:
                metrics[f"test_{name}_few_rows"] = interval.few_rows
        metrics |= _ledger_metrics(spec, intervals.get(problem.metric))
        promise, best = spec.promise, f"best_val_{problem.metric}"
        if promise is not None and best in promise.scores:
            metrics[f"{PROMISED}{problem.metric}"] = promise.scores[best]
            tags |= {VALIDATED: promise.run_id, **query.own_tags(problem)}
    if EVALUATIONS in metrics:
        tags[EVALUATIONS] = str(metrics[EVALUATIONS])

    counts: classes.Counts = {}
    if problem.classifies and dataset.classes:
        y, is_finite = dataset.y[rows], np.isfinite(predictions).all()
        if is_finite:
            held = probabilities.calibration(problem, y, predictions)
            metrics["calibration_error"] = held.error
        if is_finite and spec.settings.chooses_threshold:
            metrics |= thresholds.compare(problem, y, predictions)
            problem = thresholds.choose(problem, y, predictions)
            context = replace(context, problem=problem)
            tags |= {THRESHOLDS: json.dumps(problem.thresholds), GOAL: thresholds.goal(problem)}
        counts = classes.count(dataset.classes, y, scores.decided(problem, predictions))
    outcome = conclude(context, spec, result, model_scores, baseline, metrics, tags, counts)
    return replace(outcome, of_each=scores_of_each(problem, dataset, rows, predictions))


def _ledger_metrics(spec: TrainingSpec, interval: Interval | None) -> dict[str, float]:
    """Return what stands beside the scores on test rows; nothing without a ledger.

    By how much the best of the compared configurations may look too good is in the unit of the
    primary metric, for configurations that are all equally good. The metric's spread is that of the
    test rows, scaled to the number of validation rows. Configurations that go wrong on the same
    rows differ by less, so it is the most to expect.
    """
    evaluation = spec.evaluation
    if evaluation is None or evaluation.number is None:
        return {}

    configurations, optimism = evaluation.configurations or 0, 0.0
    if interval is not None and evaluation.validation_rows:
        test_error = (interval.high - interval.low) / (2 * NORMAL)
        rows_ratio = len(spec.split.test) / evaluation.validation_rows
        optimism = best_of(configurations, test_error * math.sqrt(rows_ratio))
    return {
        EVALUATIONS: evaluation.number,
        f"{EVALUATIONS}_elsewhere": evaluation.elsewhere,
        CONFIGURATIONS: configurations,
        OPTIMISM: optimism,
    }


def conclude(
    context: RunContext,
    spec: TrainingSpec,
    result: FitResult,
    model_scores: Mapping[str, float],
    baseline: Mapping[str, float],
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    counts: classes.Counts,
    trainings: Sequence[Curves] = (),
) -> Outcome:
    """Compare scores with the baseline's, judge the curves, and return the outcome.

    Args:
        context: What the trainings share.
        spec: The training, or the run above several.
        result: The history.
        model_scores: The scores, by Keras's names.
        baseline: The dummy baseline's scores on the same rows.
        metrics: What else is logged.
        tags: What else it can be searched by.
        counts: As of `Outcome`.
        trainings: The curves of each of several.
    """
    settings = spec.settings
    beats_baseline = beats(context.problem, model_scores, baseline)
    side = "test" if settings.tree["final"] else "val"
    metrics = {
        "best_epoch": result.best_epoch,
        **metrics,
        **{f"baseline/{side}_{name}": value for name, value in baseline.items()},
        "train_seconds": result.seconds,
        "epochs": len(result.history["loss"]),
    }
    tags = {**tags, "beats_baseline": str(beats_baseline).lower()}
    if counts and len(text := json.dumps(counts)) <= LONGEST_TAG:
        tags[CLASSES] = text

    # A final run has no validation curve, and the baseline has nothing to beat.
    verdict = None
    if settings.role not in ("final", "baseline"):
        verdict = diagnosis.judge(curves(context, result, baseline, metrics), trainings)
        metrics |= {f"verdict/p_{name}": p for name, p in verdict.answers.items()}
        tags |= {"verdict": verdict.word, "verdict.reason": verdict.sentence}
        tags[POWER] = str(diagnosis.shows_power(verdict.evidence)).lower()
        moves: tuple[Move, ...] = ()
        if not spec.part:  # One of several trainings has no command of its own.
            ends = {name: values[-1] for name, values in result.history.items()}
            rows = len(result.validation)
            moves = context.moves(ends | metrics, tags, rows=rows)
            tags["verdict.next"] = next_moves.lines(settings, moves)
        verdict = replace(verdict, next_moves=moves)
    return Outcome(context, spec, result, metrics, tags, counts, verdict=verdict)


def curves(
    context: RunContext,
    result: FitResult,
    baseline: Mapping[str, float],
    metrics: Mapping[str, float],
) -> Curves:
    """Return the curves of a training, of losses without penalties where they are known."""
    history = {name: np.asarray(values, float) for name, values in result.history.items()}
    loss = "data_loss" if "val_data_loss" in history else "loss"
    metric = deciding_metric(context.problem, baseline)
    errors = {
        name: metrics[f"{NULL_ERROR}{name}"]
        for name in ("loss", metric)
        if f"{NULL_ERROR}{name}" in metrics
    }
    if metric != "loss":
        errors.setdefault(metric, math.inf)  # The loss decides.
    return Curves(
        loss=history[loss],
        val_loss=history[f"val_{loss}"],
        metric=metric,
        scores=history[f"val_{loss if metric == 'loss' else metric}"],
        higher=measures.find(context.problem, metric).greater_is_better,
        baseline={name: baseline[name] for name in ("loss", metric)},
        rows=len(result.validation),
        null_errors=errors,
    )


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
    validated = [name.removeprefix("best_") for name in metrics if name.startswith("best_val_")]
    names = {*validated, *(name.removeprefix("val_") for name in validated), *PER_EPOCH}
    curves = context.store.histories([stored.run_id], sorted(names & metrics.keys()))[stored.run_id]
    result = FitResult(
        history={name: [value for _, value in points] for name, points in curves.items()},
        best_epoch=int(metrics["best_epoch"]),
        monitor=spec.settings.monitor,
        seconds=metrics["train_seconds"],
        validation=validation_rows(
            spec.split.validation, trainer["validation_steps"], trainer["batch_size"]
        ),
    )
    return Outcome(
        context,
        spec,
        result,
        metrics,
        stored.tags,
        summary.counts(stored.tags),
        predicted=stored_predictions(context.store, stored.run_id),
    )
