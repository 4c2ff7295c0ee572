"""What to try next, from what the steps of a workflow have found."""

from goldilocks.workflow.state import Flow


def next_moves(flow: Flow) -> list[str]:
    """Sentences that name keys, the most promising first."""
    last = flow.steps[-1]
    if last.name == "power" and not last.passed:
        return [
            "Check that inputs and target belong together, and that the target can be told from "
            "the inputs at all.",
            *_others(flow),
            "With few rows, gather more: power grows with the square root of their number.",
        ]
    said = []
    if last.name == "final":  # The look was refused.
        said.append("Take a test set that nobody has looked at, or force the look: force=true.")
    else:
        said.append(
            "The test set has been opened: what is tried now needs test rows that nobody has seen, "
            "or its report says "
            "that it was not the first look."
        )
    tune = next((step for step in flow.steps if step.name == "tune"), None)
    if tune is None:
        return [*said, *_others(flow)]
    winner = tune.table[0]
    if winner["verdict"] == "overfit":
        said.append(
            "The winner still overfits at its end: more rows would help it most, then more "
            "regularization."
        )
    if winner["verdict"] == "underfit":
        said.append("The winner's curve still falls: train longer, with a larger budget=.")
    if tune.chosen["ended"] == "budget":
        said.append(
            f"The search ended with its budget, not with its ideas: try budget={_twice(flow)}."
        )
    if flow.found("scale")["overfit"] is None:
        said.append(
            "No size overfitted: a larger model, or longer training, may learn more "
            "(trainer.epochs, model.units)."
        )
    return [*said, *_others(flow)]


def _others(flow: Flow) -> list[str]:
    """Return a sentence for each other model that its own file suggests for this kind of data."""
    suggested = {name: traits.suggested for name, traits in flow.settings.models().items()}
    return [
        f"Another model: model={name}, which {reasons[flow.dataset.kind]}."
        for name, reasons in suggested.items()
        if name != flow.settings.choices["model"] and flow.dataset.kind in reasons
    ]


def _twice(flow: Flow) -> str:
    budget = flow.budget
    return (
        f"{2 * budget.seconds / 60:g}"
        if budget.seconds < float("inf")
        else f"{2 * budget.runs:g}runs"
    )
