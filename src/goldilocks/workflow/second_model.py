"""A model of another kind, which step 4 trains beside the sizes of the usual one."""

from __future__ import annotations

from goldilocks.encoding import schema
from goldilocks.evaluation import measures
from goldilocks.workflow.candidate import Candidate, Trained
from goldilocks.workflow.context import Context

SMALLEST = 32  # pixels, of what bases take
NAME = "pretrained"
# One number of each feature map: most folders are too small for the weights of more.
OVERRIDES = (f"model={NAME}", "model.pooling=avg", "model.units=64")


def candidates(context: Context) -> list[Candidate]:
    """Return a network on a base that was trained on other images, for colour images.

    There is none where a model was typed.
    """
    *sides, channels = schema.image_shape(context.dataset) or (0, 0)
    is_typed = any(key.partition(".")[0] == "model" for key in context.typed_keys)
    if is_typed or channels != 3 or min(sides) < SMALLEST:
        return []
    return [Candidate(NAME, OVERRIDES)]


def settled(trained: Trained) -> Trained:
    """Return the training with the base that it had, for all that is trained after it."""
    candidate = trained.candidate
    base = f"model.base={trained.run.params['model.base']}"
    return Trained(candidate.overridden(candidate.name, base), trained.run, trained.predictions)


def is_one(candidate: Candidate) -> bool:
    """Return whether a candidate is of this kind."""
    return OVERRIDES[0] in candidate.overrides


def is_better(context: Context, second: Trained, usual: Trained) -> bool:
    """Return whether it has a better score than a network of the usual kind."""
    metric = context.problem.metric
    gain = second.best(metric) - usual.best(metric)
    if not measures.find(context.problem, metric).greater_is_better:
        gain = -gain
    return gain > 0
