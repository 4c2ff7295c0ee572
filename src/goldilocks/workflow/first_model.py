"""Which small network step 3 begins with, and for how many epochs, where time is short."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from goldilocks.workflow import second_model
from goldilocks.workflow.budget import SCALE
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.context import Context
from goldilocks.workflow.resume import once

FEWEST_EPOCHS = 5


@dataclass(frozen=True)
class Beginning:
    """What was decided, and the times behind it.

    Attributes:
        model: The override that chooses another model; "" for the usual one.
        epochs: Of each training; None for those of step 1.
        an_epoch: Seconds that an epoch of the usual network takes; 0.0 if it was not measured.
        all_seconds: What its seeds would take with the epochs of step 1.
        seconds_left: What the budget has for this step and the next.
    """

    model: str = ""
    epochs: int | None = None
    an_epoch: float = 0.0
    all_seconds: float = 0.0
    seconds_left: float = math.inf


def decide(context: Context, usual: Candidate) -> Beginning:
    """Return what to begin with: the usual network, if the time suffices for its seeds.

    Else a network on a trained base, whose features of all images are computed once; where there
    is none, the usual network with fewer epochs. Rows of tables are never so many, and of runs
    that are counted time is not.
    """
    left = context.budget.seconds_left(SCALE)
    if context.dataset.kind == "table" or math.isinf(left):
        return Beginning()
    file = context.folder / "beginning.json"
    return Beginning(**once(file, lambda: dataclasses.asdict(_measured(context, usual))))


def _measured(context: Context, usual: Candidate) -> Beginning:
    """Train two epochs: the first one has TensorFlow's compilation in it."""
    probe = usual.overridden("two epochs, for their time", "trainer.epochs=2")
    [trained] = context.train([probe], context.folder / "probe")
    if trained is None:  # Its seeds will fail as well, and end the step.
        return Beginning()

    typed, epochs = context.typed_keys, context.chosen.tree["trainer"]["epochs"]
    # A training that has the machine to itself is so much faster than one of several.
    at_once = len(context.room.shared)
    seeds = math.ceil(len(context.seeds) / at_once) * at_once
    an_epoch, left = trained.seconds_of_last_epoch, context.budget.seconds_left(SCALE)
    measured = Beginning(
        an_epoch=an_epoch, all_seconds=seeds * epochs * an_epoch, seconds_left=left
    )
    if measured.all_seconds <= left:
        return measured

    pretrained = second_model.candidates(context) if context.dataset.kind == "image" else []
    if pretrained:
        return dataclasses.replace(measured, model=pretrained[0].overrides[0])
    if "trainer.epochs" in typed:
        return measured
    affordable = int(left / 2 / (seeds * an_epoch))  # The next step has the other half.
    return dataclasses.replace(measured, epochs=min(epochs, max(FEWEST_EPOCHS, affordable)))
