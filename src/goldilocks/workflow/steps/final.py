"""Step 6: the winner, trained on training and validation rows together, is tested once.

Source: Chollet, Deep Learning with Python (2017), section 4.5.7, last paragraphs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from goldilocks.errors import SealError
from goldilocks.evaluation import intervals, measures
from goldilocks.evaluation.differences import between_samples
from goldilocks.evaluation.family import Difference
from goldilocks.report.workflow.results import (
    BaselineResult,
    FinalResult,
    FinalScore,
    ProblemResult,
    TuneResult,
)
from goldilocks.run import summary, test_scores
from goldilocks.workflow import prose, references
from goldilocks.workflow.balance import chosen_thresholds
from goldilocks.workflow.candidate import Trained, predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.tables import finite, worse

# Of all updates: the window of the moving average of the weights, which is one epoch at most.
AVERAGED = 0.05


def step(
    context: Context,
    problem: ProblemResult,
    baseline: BaselineResult,
    tune: TuneResult,
) -> FinalResult:
    """Train the winner again, test it once, and compare that with validation and the reference."""
    winner = context.load(tune.winner)
    candidate = winner[0].candidate.overridden(
        f"{winner[0].candidate.name} final", "final=true", f"trainer.epochs={tune.epochs}"
    )
    averaging = _averaging(context, winner, tune.epochs, problem.final_rows)
    if averaging.is_used:
        candidate = candidate.overridden(candidate.name, averaging.momentum)
    comparison, chosen = context.comparison(), list[float]()
    if context.settings_of(winner[0].candidate).chooses_threshold:
        measured, y = comparison.problem, context.dataset.y
        chosen = chosen_thresholds(measured, y, predictions(winner))
        candidate = candidate.overridden(candidate.name, summary.typed_thresholds(chosen))
        measured = dataclasses.replace(measured, thresholds=tuple(chosen))
        comparison = dataclasses.replace(comparison, problem=measured)
    [tested] = context.train([candidate], context.folder)
    if tested is None:
        return _untested(context)

    metric, metrics = comparison.metric, tested.run.metrics
    rows = next(iter(tested.predictions.values()))[0]
    reference = references.test(context, baseline.reference, rows)
    by_fold = {fold: (rows, reference) for _, fold in tested.predictions}
    gain = comparison.against_fixed(tested.predictions, by_fold, metric)
    validation = comparison.score(predictions(winner), metric)
    test = comparison.score(tested.predictions, metric)

    sign = 1 if measures.find(context.problem, metric).greater_is_better else -1
    score = FinalScore(
        run_id=tested.run.run_id,
        metric=metric,
        test=test.mean,
        low=finite(metrics.get(f"test_{metric}_low")),
        high=finite(metrics.get(f"test_{metric}_high")),
        validation=validation.mean,
        selection_bias=intervals.best_of(tune.considered, tune.noise),
        baseline=metrics[f"baseline/test_{metric}"],
        beats_baseline=tested.run.tags["beats_baseline"] == "true",
        reference=test.mean - sign * gain.mean,
        gain=gain.mean,
        gain_low=gain.low,
        gain_high=gain.high,
        loses_to_reference=bool(gain.beyond_noise) and gain.mean < 0,
    )
    names = ("loss", *context.problem.metrics)
    confidence = ""
    if score.low is not None and score.high is not None:
        few = metrics.get(f"test_{metric}_few_rows")
        confidence = summary.interval(score.low, score.high, few)
    report = prose.report(
        "final",
        score=score,
        confidence=confidence,
        tested=tested,
        rows=len(rows),
        averaging=averaging,
        kind=context.dataset.kind,
        error=validation.error,
        considered=tune.considered,
        shrunk=tune.shrunk,
        warning=test_scores.warning(test_scores.evaluations(metrics)),
        drop=between_samples(validation, test),
        sign=sign,
        reference=baseline.reference.name,
        gain=gain,
        recalls=summary.recalls(counts) if (counts := summary.counts(tested.run.tags)) else "",
        silence=summary.silence(counts),
        thresholds=dict(zip(reversed(context.dataset.classes), reversed(chosen), strict=False)),
        table=(
            {
                "candidate": winner[0].candidate.name,
                f"test_{metric}": score.test,
                "95 % interval": confidence,
                "than the reference": worse(-gain.high, -gain.low),
            }
            | {f"test_{name}": metrics[f"test_{name}"] for name in names},
            {
                "candidate": f"reference: {baseline.reference.name}",
                f"test_{metric}": score.reference,
            },
        ),
    )
    return FinalResult(report=report, score=score)


@dataclasses.dataclass(frozen=True)
class Averaging:
    """The moving average of the weights, as validation has judged it.

    Attributes:
        momentum: The override of the final training.
        gain: How much better than the winner it was, on validation rows; None if it was not tried.
    """

    momentum: str
    gain: Difference | None

    @property
    def is_used(self) -> bool:
        """Whether validation has not found it worse beyond noise."""
        return self.gain is not None and not (self.gain.mean < 0 and bool(self.gain.beyond_noise))


def _averaging(context: Context, winner: Sequence[Trained], epochs: int, rows: int) -> Averaging:
    """Train the winner with averaged weights, which validation then judges as the weights before.

    No validation tells the final training's best epoch, and the last one is a matter of luck where
    the learning rate stays high: what is tested is the moving average of the weights over the last
    steps (Polyak & Juditsky 1992). A schedule of the learning rate ends low, and needs none.

    Args:
        context: Of the step.
        winner: With each of its seeds.
        epochs: Of the final training.
        rows: That it trains on.
    """
    training, settings = winner[0], context.settings_of(winner[0].candidate)
    if settings.tree["optimizer"]["schedule"] != "constant" or "optimizer.ema_momentum" in (
        context.typed_keys
    ):
        return Averaging("", None)

    def momentum(of_rows: int) -> str:
        steps = settings.tree["trainer"]["steps_per_epoch"] or math.ceil(
            of_rows / settings.tree["trainer"]["batch_size"]
        )
        window = max(1.0, min(1.0, AVERAGED * epochs) * steps)
        return f"optimizer.ema_momentum={1 - 1 / window:.8g}"

    candidate = training.candidate
    tried = candidate.overridden(
        f"{candidate.name} averaged", momentum(round(rows / context.more_rows))
    )
    [averaged] = context.train([tried], context.folder / "averaged")
    gain = None
    if averaged is not None:
        comparison = context.comparison()
        gain = comparison.compare(averaged.predictions, training.predictions, comparison.metric)
    return Averaging(momentum(rows), gain)


def _untested(context: Context) -> FinalResult:
    """Return that there is no test score.

    Raises:
        JobError: If the training was lost. The step is not saved then, and the same command
            repeats it.
    """
    if isinstance(context.error, SealError):
        decision = "The test set was not opened."
    elif isinstance(context.error, FloatingPointError):
        decision = "The last training diverged: there is no result."
    else:
        raise context.lost()

    failures = context.failures[-1:]
    report = prose.report("final", passed=False, decision=decision, failures=failures)
    return FinalResult(report=report, score=None)
