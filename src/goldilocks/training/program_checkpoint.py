"""The states from which the members of a program resume after a kill, in one file for a program.

A member is found by its identity, whichever members its program has after the kill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks import console
from goldilocks.config.settings import hash_of
from goldilocks.training.checkpoint import OF_STOPPING, Schedule, read, write
from goldilocks.training.streams import Member

NAME = "program-{}.npz"


class ProgramCheckpoints:
    """Saves the states of programs, and finds those of their members.

    Args:
        folder: Of the files, which whoever owns it removes; None for no files.
        seconds: Least number of seconds between two checkpoints; None for no checkpoint.
    """

    def __init__(self, folder: Path | None, seconds: float | None):
        self.folder = None if seconds is None else folder
        self.schedule = Schedule(seconds or 0)
        if self.folder is not None:
            self.schedule.listen()

    @property
    def is_due(self) -> bool:
        """Whether a checkpoint is to be saved after this epoch."""
        return self.folder is not None and self.schedule.is_due()

    def save(self, members: Sequence[Member], arrays: Sequence[np.ndarray]) -> bool:
        """Write the states of members, and return whether they are written.

        A member that a callback has stopped is left out: a resumed training asks the callback
        again.

        Args:
            members: All those of a program.
            arrays: What the program has of them, each (streams, members of a stream, ...): as
                `Program.state` returns it, or where all have ended their best weights alone.
        """
        if self.folder is None:
            return False

        saved = [n for n, member in enumerate(members) if member.ended or not member.stop_training]
        states = [
            {
                "identity": member.identity,
                "ended": member.ended,
                "history": member.history,
                "stopping": {name: getattr(member.stopping, name, None) for name in OF_STOPPING},
            }
            for member in (members[number] for number in saved)
        ]
        return write(
            self.folder / NAME.format(hash_of([member.identity for member in members])),
            {"members": states},
            [array.reshape(len(members), *array.shape[2:])[saved] for array in arrays],
        )

    def restore(self, members: Sequence[Member]) -> None:
        """Give new members the latest states that are stored of them."""
        if self.folder is None:
            return

        by_identity = {member.identity: member for member in members}
        weights = [variable.shape for variable in members[0].weights]

        def check(state: Mapping[str, Any], arrays: Sequence[np.ndarray]) -> None:
            """Check the file of members of this shape."""
            identities = {stored["identity"] for stored in state["members"]}
            shapes = [array.shape[1:] for array in arrays[-len(weights) :]]
            if identities & by_identity.keys() and shapes != weights:
                raise ValueError("its arrays are those of another model")

        for file in sorted(self.folder.glob(NAME.format("*"))):
            states, arrays = read(file, check) or ({"members": []}, [])
            for row, stored in enumerate(states["members"]):
                member = by_identity.get(stored["identity"])
                if member is not None and len(stored["history"]["loss"]) > member.epochs_done:
                    member.resume(stored, [array[row] for array in arrays])

        ended = sum(member.ended for member in members)
        resumed = sum(member.epochs_done > 0 for member in members) - ended
        if ended or resumed:
            console.note(
                f"of {len(members)} trainings {resumed} go on from their checkpoint, {ended} had "
                "ended"
            )
