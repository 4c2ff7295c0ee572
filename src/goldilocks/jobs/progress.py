"""One line of progress for a whole sweep: the last of a terminal; elsewhere, one is written by each job that ends."""

import sys
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from goldilocks.jobs.records import JobRecord


class Progress:
    """Counts the jobs of a sweep, and shows the counts on standard error; to be used in a `with`."""

    def __init__(self, *, total: int | None, slots: int, higher_is_better: bool):
        """Count up to `total` jobs (None: nobody knows), of which `slots` run at once, and which have a best value."""
        self.total, self.slots, self.higher_is_better = total, slots, higher_is_better
        self.running = self.failed = 0
        self.seconds: list[float] = []
        self.best: JobRecord | None = None
        self.console = Console(file=sys.stderr, soft_wrap=True, highlight=False)
        self.live = Live(console=self.console, auto_refresh=False, redirect_stdout=False)

    def __enter__(self) -> "Progress":
        """Show the line."""
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Leave the line as it is."""
        self.live.stop()

    def start(self) -> None:
        """Count a job that starts."""
        self.running += 1
        self._show()

    def end(self, record: JobRecord) -> None:
        """Count a job that has ended; what failed is said at once, and stays."""
        self.running -= 1
        self.failed += record.status == "failed"
        self.seconds.append(record.seconds or 0.0)
        if record.value is not None and (
            self.best is None or self._better(record.value, self.best.value)
        ):
            self.best = record
        if record.status == "failed":
            self._say(f"job {record.number} ({record.name}) failed: {record.reason}")
        self._show()
        if not self.console.is_terminal:
            self._say(self.line)

    @property
    def line(self) -> str:
        """The counts: "3 of 24 done, 2 running, 1 failed, about 40 s left, best 0.1234 (seed=3)"."""
        done = len(self.seconds)
        parts = [f"{done} done" if self.total is None else f"{done} of {self.total} done"]
        parts += [f"{self.running} running", f"{self.failed} failed"]
        if done and self.total is not None and done < self.total:
            parts.append(
                f"about {_duration(sum(self.seconds) / done * (self.total - done) / self.slots)} "
                "left"
            )
        if self.best is not None:
            parts.append(
                f"best {self.best.value:.4g} ({self.best.name or f'job {self.best.number}'})"
            )
        return ", ".join(parts)

    def _better(self, value: float, than: float | None) -> bool:
        if than is None or than != than:  # NaN: of a job that diverged.
            return True
        return value > than if self.higher_is_better else value < than

    def _show(self) -> None:
        if self.console.is_terminal:
            self.live.update(Text(self.line, overflow="ellipsis", no_wrap=True), refresh=True)

    def _say(self, words: str) -> None:
        self.console.print(Text(words))


def _duration(seconds: float) -> str:
    """Seconds in words: "40 s", "3 min", "2.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
