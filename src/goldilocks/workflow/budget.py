"""What a workflow may spend, in minutes or in runs, and how much of that each step may have spent by its end."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from goldilocks.config.rules import BUDGET
from goldilocks.jobs import records

# Of the whole budget: what may be spent when a step ends. What a step leaves, the next ones have.
SCALE, TUNE, CONFIRM = 0.4, 0.75, 0.9
FILE = "spent.json"


@dataclass
class Budget:
    """Minutes or runs, and what of them is spent, which a process that is killed leaves to the one that goes on.

    Attributes:
        seconds: In all; infinity where runs are counted.
        runs: In all; infinity where minutes are counted.
        folder: Where what is spent is kept.
        seconds_before: Spent by earlier processes, up to the end of their last training.
        ended: Trainings that came to their end, of this process and of earlier ones; folds of one
            are counted together.
        reserved: Seconds that the final training is going to take, which no earlier step may spend.
        began: When this process began, by `time.monotonic`.
    """

    seconds: float
    runs: float
    folder: Path
    seconds_before: float = 0.0
    ended: set[str] = field(default_factory=set)
    reserved: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds_spent(self) -> float:
        """Since the workflow began, without the time in which it was stopped."""
        return self.seconds_before + time.monotonic() - self.began

    @property
    def runs_spent(self) -> int:
        """How many trainings came to their end."""
        return len(self.ended)

    def seconds_left(self, share: float) -> float:
        """Seconds until a share (0 to 1) of what is not reserved is spent; infinity where runs are counted."""
        return max(0.0, share * (self.seconds - self.reserved) - self.seconds_spent)

    def runs_left(self, share: float) -> float:
        """Runs until a share of the budget is spent; infinity where minutes are counted."""
        return max(0.0, share * self.runs - self.runs_spent)

    def keep(self, *ended: str) -> None:
        """Note what is spent, and trainings that came to their end: each counts once, whoever asks for it again."""
        self.ended.update(ended)
        records.write_json(
            self.folder / FILE, {"seconds": self.seconds_spent, "ended": sorted(self.ended)}
        )


def read(given: str | float, folder: Path) -> Budget:
    """The budget that was typed, a number of minutes or "40runs", less what earlier processes have spent."""
    found = BUDGET.fullmatch(str(given))
    assert found is not None  # The rule of the key has been checked.
    amount, infinite = float(found["amount"]), float("inf")
    seconds, runs = (infinite, amount) if found["unit"] == "runs" else (60 * amount, infinite)
    try:
        spent = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        return Budget(seconds, runs, folder)
    return Budget(seconds, runs, folder, spent["seconds"], set(spent["ended"]))
