"""What a workflow may spend, in minutes or runs, and how much of it by the end of each step."""

import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goldilocks.config.rules import BUDGET
from goldilocks.jobs import records

# Of the whole budget: what may be spent when a step ends. What a step leaves, the next ones have.
SCALE, TUNE, CONFIRM = 0.4, 0.75, 0.9
FILE = "spent.json"


@dataclass
class Budget:
    """Minutes or runs, and what of them is spent; a workflow that is resumed goes on with the rest.

    Attributes:
        seconds: In all; infinity if runs are counted.
        runs: In all; infinity if minutes are counted.
        folder: Where what is spent is recorded.
        seconds_before: Spent by earlier processes, up to the end of their last training.
        ended: Trainings that ended, of this process and of earlier ones; the folds of one count
            together.
        began: When this process began, by `time.monotonic`.
    """

    seconds: float
    runs: float
    folder: Path
    seconds_before: float = 0.0
    ended: set[str] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds_spent(self) -> float:
        """Return the seconds since the workflow began, without the time it was interrupted."""
        return self.seconds_before + time.monotonic() - self.began

    @property
    def runs_spent(self) -> int:
        """Return how many trainings ended."""
        return len(self.ended)

    def seconds_left(self, share: float, reserved: float = 0.0) -> float:
        """Return the seconds until a share of the budget is spent; infinity if runs are counted.

        Args:
            share: Of what is not reserved, 0 to 1.
            reserved: Seconds that the final training will take, which no earlier step may spend.
        """
        return max(0.0, share * (self.seconds - reserved) - self.seconds_spent)

    def runs_left(self, share: float) -> float:
        """Return the runs until a share of the budget is spent; infinity if minutes are counted."""
        return max(0.0, share * self.runs - self.runs_spent)

    def keep(self, *ended: str) -> None:
        """Record what is spent, and which trainings ended; each training counts once."""
        self.ended.update(ended)
        records.write_json(
            self.folder / FILE, {"seconds": self.seconds_spent, "ended": sorted(self.ended)}
        )


def read(typed: str | float, folder: Path) -> Budget:
    """Return the budget that was typed, less what earlier processes spent.

    Args:
        typed: A number of minutes, or "40runs".
        folder: Where what is spent is recorded.
    """
    match = BUDGET.fullmatch(str(typed))
    assert match is not None  # The rule of the key has been checked.
    amount = float(match["amount"])
    seconds, runs = 60 * amount, math.inf
    if match["unit"] == "runs":
        seconds, runs = math.inf, amount

    spent: dict[str, Any] = {"seconds": 0.0, "ended": ()}
    if (folder / FILE).exists():
        spent = json.loads((folder / FILE).read_text())
    return Budget(seconds, runs, folder, spent["seconds"], set(spent["ended"]))
