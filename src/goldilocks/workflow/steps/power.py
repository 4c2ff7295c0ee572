"""Step 3: is there anything to learn? A small model must beat the baseline beyond noise.

Source: Chollet, Deep Learning with Python (2017), section 4.5.5, "statistical power".
"""

import dataclasses
import statistics

from goldilocks.evaluation import measures
from goldilocks.evaluation.intervals import RATES
from goldilocks.report.workflow.results import PowerResult
from goldilocks.workflow import prose
from goldilocks.workflow.candidate import predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.model_sizes import SMALL, model_sizes
from goldilocks.workflow.tables import row, runs_of

# The chance, at most, that a model passes whose targets have nothing to do with its inputs.
LEVEL = 0.001


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
    # Of a rate or an area the rows tell the error of a difference between two models, but of few
    # rows of a rare class not that of a model without power, and of a score without values of rows
    # neither: the loss alone is the gate then.
    gains = {
        metric: comparison.against_baseline(predictions(trained), metric)
        for metric in metrics
        if metric not in RATES and measures.find(comparison.problem, metric).per_row is not None
    }

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
        diverged=any(training.verdict == "diverged" for training in trained),
        table=tuple(row(training, metrics) for training in trained),
    )
    return PowerResult(
        report=report,
        small=dataclasses.replace(runs_of(trained), name=small.name, overrides=small.overrides),
        seed_error=seed_error,
    )
