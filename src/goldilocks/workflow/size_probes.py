"""Sizes of a model, each as a probe of the size below it: does a larger network help?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from goldilocks.diagnosis import probes
from goldilocks.diagnosis.answers import NO, QUESTIONS
from goldilocks.diagnosis.probes import Probe
from goldilocks.evaluation.differences import Comparison
from goldilocks.run.summary import POWER
from goldilocks.workflow.candidate import Trained

ANSWER = "verdict/p_{}"  # a metric of runs


def answered(comparison: Comparison, sizes: Sequence[Trained]) -> list[Trained]:
    """Return sizes with their verdicts as the next larger one leaves them.

    A size of which nobody asked whether a larger one helps keeps its verdict: it has no power, has
    diverged, or is the largest. So does one that was trained for other epochs than the next.

    Args:
        comparison: Of the candidates.
        sizes: Trainings of networks, the smallest first.
    """
    result = [_answered(comparison, size, larger) for size, larger in pairwise(sizes)]
    return [*result, *sizes[-1:]]


def large_enough(sizes: Sequence[Trained]) -> int | None:
    """Return the index of the smallest size whose answer is that a larger one does not help."""
    for index, size in enumerate(sizes[:-1]):
        if size.run.metrics.get(ANSWER.format("enlarge"), 1) <= NO:
            return index
    return None


def _answered(comparison: Comparison, size: Trained, larger: Trained) -> Trained:
    metrics, tags = size.run.metrics, size.run.tags
    p = {name: metrics.get(ANSWER.format(name), math.nan) for name in QUESTIONS}
    is_asked = not any(map(math.isnan, p.values()))
    if not is_asked or size.epochs != larger.epochs or not larger.finite:
        return size

    score = comparison.score(size.predictions, "loss")
    gain = comparison.compare(larger.predictions, size.predictions, "loss")
    probe = Probe(
        question="enlarge",
        changes=larger.candidate.name,
        before=score.mean,
        gain=gain.mean,
        error=gain.error,
        rows=score.rows,
        baseline=metrics["baseline/val_loss"],
    )
    p["enlarge"] = probe.probability(p["enlarge"])
    tags = {
        **tags,
        "verdict": probes.word_after(size.verdict, p, has_power=tags.get(POWER) == "true"),
        "verdict.reason": f"{tags.get('verdict.reason', '')} {probe}",
    }
    metrics = {**metrics, ANSWER.format("enlarge"): p["enlarge"]}
    return replace(size, run=replace(size.run, metrics=metrics, tags=tags))
