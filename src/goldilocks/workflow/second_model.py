"""A model of another kind, which step 4 trains beside the sizes of the usual one."""

from __future__ import annotations

from goldilocks.encoding import schema
from goldilocks.evaluation import measures
from goldilocks.workflow.candidate import Candidate, Trained
from goldilocks.workflow.context import Context

SMALLEST = 32  # pixels, of what pretrained bases take
MODELS = {
    "image": ("model=pretrained", "model.units=64"),
    # Word vectors, beside which words a text has; a hidden layer that can be regularized.
    "text": ("model=embedding", "model.output_dim=16", "model.layers=1", "model.units=32"),
    # All points of a window at once, beside a network that reads them in order.
    "series": ("model=mlp",),
}


def candidates(context: Context) -> list[Candidate]:
    """Return a network of another kind for these rows.

    For colour images that is one on a base that was trained on other images. There is none for
    tables, and where a model was typed, or an encoding that only some models read.
    """
    dataset = context.dataset
    overrides = MODELS.get(dataset.kind, ())
    is_typed = any(
        key == "dataset.encoding" or key.partition(".")[0] == "model" for key in context.typed_keys
    )
    if not overrides or is_typed:
        return []
    name = overrides[0].removeprefix("model=")
    if name == context.chosen.choices["model"]:  # Step 3 may have gone on with it.
        return []
    *sides, channels = schema.image_shape(dataset) or (0, 0)
    if dataset.kind == "image" and (channels != 3 or min(sides) < SMALLEST):
        return []
    return [Candidate(name, overrides)]


def settled(trained: Trained) -> Trained:
    """Return the training with the base that it had, if it has one, for all trained after it."""
    candidate = trained.candidate
    if "model.base" not in trained.run.params:
        return trained
    base = f"model.base={trained.run.params['model.base']}"
    return Trained(candidate.overridden(candidate.name, base), trained.run, trained.predictions)


def is_one(candidate: Candidate) -> bool:
    """Return whether a candidate is of this kind."""
    return any(overrides[0] in candidate.overrides for overrides in MODELS.values())


def is_better(context: Context, second: Trained, usual: Trained) -> bool:
    """Return whether it has a better score than a network of the usual kind."""
    metric = context.problem.metric
    gain = second.best(metric) - usual.best(metric)
    if not measures.find(context.problem, metric).greater_is_better:
        gain = -gain
    return gain > 0
