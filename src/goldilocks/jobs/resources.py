"""What the trainings of a workflow have of the machine, and the process that they are forked from."""

from dataclasses import dataclass

from goldilocks.jobs import slots
from goldilocks.jobs.process import serve_forks
from goldilocks.jobs.slots import Slot

PRELOAD = "goldilocks.sweep.preload"  # what that process imports


@dataclass(frozen=True)
class Room:
    """Room for trainings.

    Attributes:
        shared: For each of those that run at once.
        whole: For one that runs alone.
    """

    shared: list[Slot]
    whole: list[Slot]


def prepare() -> Room:
    """Find room, and have the process begin its imports: nobody waits for them, and this process has its own to do."""
    gpus = slots.visible_gpus()
    room = Room(
        shared=slots.share(n_jobs=None, gpus=gpus, gpus_per_job=1),
        whole=slots.share(n_jobs=1, gpus=gpus, gpus_per_job=1),
    )
    serve_forks([PRELOAD], room.shared[0])
    return room
