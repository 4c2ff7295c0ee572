"""What a workflow may spend, in minutes or in runs, and how much of that each step may have spent by its end."""

import time
from dataclasses import dataclass, field

from goldilocks.rules import BUDGET

# Of the whole budget: what may be spent when a step ends. What a step leaves, the next ones have.
SCALE, TUNE, CONFIRM = 0.4, 0.75, 0.9


@dataclass
class Budget:
    """Minutes or runs, and what of them is spent.

    Attributes:
        seconds: In all; infinity where runs are counted.
        runs: In all; infinity where minutes are counted.
        seconds_before: Spent by the steps that an earlier process has finished.
        runs_spent: Trainings started so far, folds of one counted together.
        reserved: Seconds that the final training is going to take, which no earlier step may spend.
        began: When this process began, by `time.monotonic`.
    """

    seconds: float
    runs: float
    seconds_before: float = 0.0
    runs_spent: int = 0
    reserved: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds_spent(self) -> float:
        """Since the workflow began, without the time in which it was stopped."""
        return self.seconds_before + time.monotonic() - self.began

    def seconds_left(self, share: float) -> float:
        """Seconds until a share (0 to 1) of what is not reserved is spent; infinity where runs are counted."""
        return max(0.0, share * (self.seconds - self.reserved) - self.seconds_spent)

    def runs_left(self, share: float) -> float:
        """Runs until a share of the budget is spent; infinity where minutes are counted."""
        return max(0.0, share * self.runs - self.runs_spent)


def read(given: str | float) -> Budget:
    """The budget that was typed: a number of minutes, or "40runs"."""
    found = BUDGET.fullmatch(str(given))
    assert found is not None  # The rule of the key has been checked.
    amount = float(found["amount"])
    return Budget(float("inf"), amount) if found["unit"] == "runs" else Budget(60 * amount, float("inf"))
