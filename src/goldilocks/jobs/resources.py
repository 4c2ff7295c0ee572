"""Slots for the trainings of a workflow, and the server that they are forked from."""

from collections.abc import Sequence
from dataclasses import dataclass

from goldilocks.jobs import slots
from goldilocks.jobs.process import start_server
from goldilocks.jobs.slots import Slot


@dataclass(frozen=True)
class Room:
    """Room for trainings.

    Attributes:
        shared: A slot for each of those that run at once.
        whole: One slot, for a training that runs alone.
        preload: Modules, by name, that the server imports before trainings are forked.
    """

    shared: list[Slot]
    whole: list[Slot]
    preload: Sequence[str]


def prepare(preload: Sequence[str]) -> Room:
    """Find room, and start the server, which imports `preload` while this process does its own."""
    gpus = slots.visible_gpus()
    room = Room(
        shared=slots.share(n_jobs=None, gpus=gpus, gpus_per_job=1),
        whole=slots.share(n_jobs=1, gpus=gpus, gpus_per_job=1),
        preload=preload,
    )
    start_server(preload, room.shared[0])
    return room
