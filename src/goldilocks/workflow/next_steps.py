"""What to try next, from what the steps of a workflow found."""

import math

from goldilocks.report.workflow.results import Results
from goldilocks.workflow import prose
from goldilocks.workflow.context import Context


def next_steps(context: Context, results: Results) -> list[str]:
    """Return sentences that name keys, the most promising first."""
    kind, chosen = context.dataset.kind, context.settings.choices["model"]
    others = {
        name: traits.suggested[kind]
        for name, traits in context.settings.models().items()
        if name != chosen and kind in traits.suggested
    }
    return prose.sentences(
        "next_steps",
        scale=results.scale,
        tune=results.tune,
        final=results.final,
        budget=context.budget,
        counts_runs=math.isinf(context.budget.seconds),
        others=others,
    )
