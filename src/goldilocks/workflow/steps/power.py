"""Step 3: is there anything to learn? A small model must beat the baseline beyond noise.

Source: Chollet, Deep Learning with Python (2017), section 4.5.5, "statistical power".
"""

import dataclasses
import math
import statistics
from collections.abc import Sequence

from goldilocks.evaluation import measures
from goldilocks.evaluation.intervals import RATES
from goldilocks.evaluation.null_errors import null_errors
from goldilocks.report.workflow.results import PowerResult
from goldilocks.workflow import prose
from goldilocks.workflow.candidate import Trained, predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.model_sizes import SMALL, model_sizes
from goldilocks.workflow.tables import row, runs_of

# The chance, at most, that a model passes whose targets have nothing to do with its inputs.
LEVEL = 0.001
# Metrics of which the rows tell the error of a difference between two models, but of few rows of a
# rare class not that of a model without power. Nor do they where they have no values of the metric.
UNTESTED = (*RATES, "average_precision")


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
        metric: comparison.against_baseline(predictions(trained), metric)
        for metric in metrics
        if metric not in UNTESTED and measures.find(comparison.problem, metric).per_row is not None
    }
    # The area of a model without power is normal even of few rows, with an error that is known.
    error = _area_error(context, trained) if "auc" in metrics else None
    if error is not None:
        area = comparison.against_baseline(predictions(trained), "auc")
        gains = {"auc": dataclasses.replace(area, error=error)} | gains

    # The best epoch was picked among many, and either metric may pass: each of these chances gets
    # its share of the level (Bonferroni).
    level = LEVEL / (max(training.epochs for training in trained) * len(gains))
    passed = any(gain.p_better < level for gain in gains.values())

    seed_error: dict[str, float] = {}
    if len(trained) > 1:
        for metric in metrics:
            seed_error[metric] = statistics.stdev(training.best(metric) for training in trained)

    report = prose.report(
        "power",
        passed=passed,
        small=small.name,
        primary=comparison.metric,
        gains=gains,
        level=level,
        shared=LEVEL,
        table=tuple(row(training, metrics) for training in trained),
    )
    return PowerResult(
        report=report,
        small=dataclasses.replace(runs_of(trained), name=small.name, overrides=small.overrides),
        seed_error=seed_error,
    )


def _area_error(context: Context, trained: Sequence[Trained]) -> float | None:
    """Return the error of the area under the curve under the null, of the seed where it is largest.

    It is None where it is not known of all rows.
    """
    of_seeds: list[float] = []
    for training in trained:
        squares, total = 0.0, 0
        for rows, values in training.predictions.values():
            errors = null_errors(context.problem, context.dataset, rows, values)
            squares += (len(rows) * errors.get("auc", math.nan)) ** 2
            total += len(rows)
        of_seeds.append(math.sqrt(squares) / total)
    return max(of_seeds) if all(map(math.isfinite, of_seeds)) else None
