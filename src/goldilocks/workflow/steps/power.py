"""Step 3: is there anything to learn? A small model must beat the baseline beyond noise.

Source: Chollet, Deep Learning with Python (2017), section 4.5.5, "statistical power".
"""

import dataclasses
import statistics

from goldilocks.evaluation.differences import Difference
from goldilocks.formatting import number, signed
from goldilocks.report.workflow.results import PowerResult, StepReport
from goldilocks.workflow.candidate import predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.model_sizes import SMALL, model_sizes
from goldilocks.workflow.tables import row, runs_of

# The chance, at most, that a model passes whose targets have nothing to do with its inputs.
LEVEL = 0.001

MEANING = (
    "So nothing shows that these inputs say anything about this target. Either they do not, or "
    "there are too few rows to see it, or inputs and targets do not belong together (shuffled, off "
    "by a row), or this kind of model cannot see it. Look at the data; then try another model=, or "
    "optimizer.learning_rate ten times lower or higher. A larger model would only memorize the "
    "training rows."
)


def step(context: Context) -> PowerResult:
    """Train a small model with several seeds; its mean score must beat the baseline's."""
    sizes = model_sizes(context.settings)
    small = sizes[min(SMALL, len(sizes) - 1)]
    candidates = [small.overridden(f"{small.name} {seed}", seed) for seed in context.seeds]
    attempts = context.train(candidates, context.folder)
    if attempts[0] is None:  # All later candidates are compared by its seed.
        raise context.lost()
    trained = [training for training in attempts if training is not None]

    comparison = context.comparison()
    metrics = list(dict.fromkeys([comparison.metric, "loss"]))  # both compared row by row
    gains = {
        metric: comparison.against_baseline(predictions(trained), metric) for metric in metrics
    }

    # The best epoch was picked among many, and either metric may pass: each of these chances gets
    # its share of the level (Bonferroni).
    level = LEVEL / (max(training.epochs for training in trained) * len(metrics))
    passed = any(gain.p_better < level for gain in gains.values())
    reasons = [_reason(metric, gain, level) for metric, gain in gains.items()]
    if not passed:
        reasons.append(MEANING)
        if any(training.verdict == "diverged" for training in trained):
            reasons[-1] += " (A training diverged: lower optimizer.learning_rate first.)"

    seed_error: dict[str, float] = {}
    if len(trained) > 1:
        for metric in metrics:
            seed_error[metric] = statistics.stdev(training.best(metric) for training in trained)

    verb = "beats" if passed else "does not beat"
    report = StepReport(
        name="power",
        title="Statistical power",
        passed=passed,
        decision=f"A small model ({small.name}) {verb} the baseline beyond noise.",
        reasons=tuple(reasons),
        table=tuple(row(training, [context.problem.metric, *metrics]) for training in trained),
    )
    return PowerResult(
        report=report,
        small=dataclasses.replace(runs_of(trained), name=small.name, overrides=small.overrides),
        seed_error=seed_error,
    )


def _reason(metric: str, gain: Difference, level: float) -> str:
    if gain.mean == 0:
        comparison = f"val_{metric} is as good as the baseline's"
    else:
        direction = "better" if gain.mean > 0 else "worse"
        comparison = f"val_{metric} is {number(abs(gain.mean))} {direction} than the baseline's"

    errors = ""
    if gain.error:  # It is 0 if all rows have the same difference.
        errors = f", {signed(gain.mean / gain.error, 2)} standard errors"
    noise = "beyond noise" if gain.p_better < level else "within noise"
    return (
        f"{comparison} on {gain.rows:,} rows with {gain.pairs} seeds{errors}: {noise} "
        f"(p = {number(gain.p_better, 2)}; at most {number(level, 2)} passes, which is "
        f"{LEVEL:g} shared by all epochs and metrics, since the best was picked)."
    )
