"""What to try next, from what the steps of a workflow found."""

import math

from goldilocks.formatting import number
from goldilocks.report.workflow.results import Results
from goldilocks.workflow.context import Context


def next_steps(context: Context, results: Results) -> list[str]:
    """Return sentences that name keys, the most promising first."""
    kind, chosen = context.dataset.kind, context.settings.choices["model"]
    others = [
        f"Another model: model={name}, which {traits.suggested[kind]}."
        for name, traits in context.settings.models().items()
        if name != chosen and kind in traits.suggested
    ]
    if results.scale is None or results.tune is None or results.final is None:
        return [
            "Check that inputs and target belong together, and that the target can be told from "
            "the inputs at all.",
            *others,
            "With few rows, gather more: power grows with the square root of their number.",
        ]

    sentences = [
        "The test set has been opened: what is tried now needs test rows that nobody has seen, or "
        "its report says that it was not the first test evaluation."
    ]
    if not results.final.report.passed:
        sentences = [
            "Take a test set that has not been evaluated yet, or evaluate this one again: "
            "force=true."
        ]

    verdict = results.tune.winner_size.verdict
    if verdict == "overfit":
        sentences.append(
            "The winner still overfits at its end: more rows would help it most, then more "
            "regularization."
        )
    if verdict == "underfit":
        sentences.append("The winner's curve still falls: train longer, with a larger budget=.")

    if results.tune.ended_by == "budget":
        budget = context.budget
        resource, twice = "time", number(2 * budget.seconds / 60)
        if math.isinf(budget.seconds):
            resource, twice = "runs", f"{2 * budget.runs:.0f}runs"
        sentences.append(f"The search ran out of {resource}; budget={twice} would let it try more.")
    if results.scale.overfit is None:
        sentences.append(
            "No size overfitted: a larger model, or longer training, may learn more "
            "(trainer.epochs, model.units)."
        )
    return sentences + others
