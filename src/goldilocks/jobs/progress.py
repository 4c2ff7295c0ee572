"""One line of progress for a whole sweep, on a terminal; elsewhere, a line per job that ends."""

import math
import sys

from rich.console import Console
from rich.live import Live
from rich.text import Text

from goldilocks.console import draws_progress, note
from goldilocks.formatting import number
from goldilocks.jobs.records import JobRecord


class Progress:
    """Counts the jobs of a sweep, and shows the counts on standard error, within `live`."""

    def __init__(self, *, total: int | None, slots: int, measure: str, higher_is_better: bool):
        """Count up to `total` jobs, if that is known, of which `slots` run at once.

        They are compared by `measure`, unless it is "".
        """
        self.total, self.slots = total, slots
        self.measure, self.higher_is_better = measure, higher_is_better
        self.ended: list[JobRecord] = []
        self.console = Console(
            file=sys.stderr,
            soft_wrap=True,
            highlight=False,
            force_terminal=draws_progress(),
            force_jupyter=False,
        )
        # On a terminal the line stays when all is over; elsewhere there is none.
        self.live = Live(
            console=self.console,
            auto_refresh=False,
            redirect_stdout=False,
            transient=not self.console.is_terminal,
        )

    def start(self) -> None:
        """Show the counts when a job starts."""
        self._show()

    def end(self, record: JobRecord) -> None:
        """Count a job that has ended, and print at once why one has failed."""
        self.ended.append(record)
        if record.status == "failed":
            name = f" ({record.name})" if record.name else ""
            note(f"job {record.number}{name} failed: {record.reason}")

        self._show()
        if not self.console.is_terminal:
            note(self.line)

    @property
    def line(self) -> str:
        """Return the counts.

        For example "3 of 24 done, about 40 s left, 1 failed, lowest val_loss 0.1234 (seed=3)".
        """
        done = len(self.ended)
        parts = [f"{done} done"]
        if self.total is not None:
            parts[0] = f"{done} of {self.total} done"
            if 0 < done < self.total:
                mean = sum(record.seconds or 0.0 for record in self.ended) / done
                parts.append(f"about {_duration(mean * (self.total - done) / self.slots)} left")
        if failed := sum(record.status == "failed" for record in self.ended):
            parts.append(f"{failed} failed")

        # No number of a diverged run is the best.
        values = {record: record.value for record in self.ended if record.value is not None}
        finite = [record for record, value in values.items() if math.isfinite(value)]
        if finite and self.measure:
            # Not "best": that is said in the end, by the primary metric and with all seeds.
            word, choose = ("highest", max) if self.higher_is_better else ("lowest", min)
            best = choose(finite, key=values.__getitem__)
            name = best.name or f"job {best.number}"
            parts.append(f"{word} {self.measure} {number(values[best])} ({name})")
        return ", ".join(parts)

    def _show(self) -> None:
        """Update the line of a terminal."""
        self.live.update(Text(self.line, overflow="ellipsis", no_wrap=True), refresh=True)


def _duration(seconds: float) -> str:
    """Return seconds in words: "40 s", "3 min", "2.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
