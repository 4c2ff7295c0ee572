"""The table of truths: its lines as curves, and what interventions say of them."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from verdict_tasks import is_tested

from goldilocks.diagnosis.history import Curves

FILE = Path(__file__).with_name("verdict_truths.csv.gz")
SMALLEST = 0.02  # of sqrt(best x baseline): a fall of held-out loss that matters
SURE = 2.0  # standard errors beyond which an intervention has helped
UNLIKELY = 1.65  # that are added to what one may have brought: 95 % one-sided
POWERLESS = 1.0  # standard errors of held-out rows up to which a run has no power, beyond doubt
POWERFUL = 3.0  # from which it has power, beyond doubt
LEARNED = 2.0  # baseline losses that a diverged training ends above
ROSE = 1.25  # and lowest training losses
# In the order in which they decide the word.
DECIDES = {
    "stop_earlier": "overfit",
    "go_on": "underfit",
    "regularize": "overfit",
    "enlarge": "underfit",
}


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a run truly was.

    Attributes:
        word: The right word.
        is_settled: Whether that is beyond doubt.
        helps: For each question whether it would have lowered the held-out loss.
        settled: The questions whose answers are beyond doubt.
    """

    word: str
    is_settled: bool
    helps: Mapping[str, bool]
    settled: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A line of the table.

    Attributes:
        name: For people.
        family: The task under an architecture.
        curves: Of the run.
        truth: Of the run.
        explained: Share of the held-out baseline loss that its best epoch explains.
    """

    name: str
    family: str
    curves: Curves
    truth: Truth
    explained: float

    @property
    def is_tested(self) -> bool:
        """Whether the verdict is tested, and not tuned, by it."""
        return is_tested(self.family)

    @property
    def architecture(self) -> str:
        """Return the part of the family's name after the task's."""
        return self.family.partition("/")[2]


def read(path: Path = FILE) -> list[dict[str, str]]:
    """Return the lines of a table, packed or not."""
    if not path.exists():
        return []
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode())))


def cases(path: Path = FILE) -> Iterator[Case]:
    """Yield the lines of a table with their truths."""
    for line in read(path):
        yield Case(
            name=f"{line['number']} after {line['length']} epochs",
            family=line["family"],
            curves=curves_of(line),
            truth=truth(line),
            explained=1 - float(line["held_best"]) / float(line["held_base"]),
        )


def curves_of(line: Mapping[str, str]) -> Curves:
    """Return the curves of a line."""
    metric = "accuracy"
    if line["kind"] == "regression":
        metric = "mae"
    arrays = {
        name: np.array(line[name].split(), float) for name in ("loss", "val_loss", "val_metric")
    }
    return Curves(
        loss=arrays["loss"],
        val_loss=arrays["val_loss"],
        metric=metric,
        scores=arrays["val_metric"],
        higher=metric == "accuracy",
        baseline={"loss": float(line["base_loss"]), metric: float(line["base_metric"])},
        rows=int(line["val_rows"]),
    )


def truth(line: Mapping[str, str]) -> Truth:
    """Return what interventions say of a run.

    One helps if the loss of held-out rows falls by more than the smallest change that matters and
    by 2 standard errors. A training has diverged whose loss is not finite, or rose to twice the
    baseline's. A run has no power if neither the loss nor the metric of its best epoch beats the
    baseline on held-out rows by 2 standard errors. Else the first intervention that helps decides:
    fewer epochs (overfit), more epochs (underfit), more regularization (overfit), more units
    (underfit); it is balanced if none does.

    It is in doubt where power is between 1 and 3 standard errors, where an intervention that comes
    earlier may have helped by twice the smallest change, but has not shown it, and where the one
    that decides may have helped by less than half of it.
    """
    helps: dict[str, bool] = {}
    settled = set[str]()
    product = max(0.0, float(line["held_best"]) * float(line["held_base"]))
    smallest = SMALLEST * math.sqrt(product)
    for name in DECIDES:
        gained, error = float(line[name]), float(line[f"{name}_error"])
        helps[name] = gained > max(smallest, SURE * error)  # What diverged, NaN, has not helped.
        is_clear = not gained + UNLIKELY * error >= 2 * smallest
        if helps[name]:
            is_clear = gained - UNLIKELY * error > smallest / 2
        if is_clear:
            settled.add(name)

    train = np.array(line["loss"].split(), float)
    curve = np.array(line["val_loss"].split(), float)
    is_finite = np.isfinite(train).all() and np.isfinite(curve).all()
    highest = max(LEARNED * float(line["base_loss"]), ROSE * train.min())
    power = max(_errors(line, name) for name in ("power", "power_metric"))
    word, is_settled = "balanced", power >= POWERFUL
    if not is_finite or train[-1] > highest:
        word, is_settled = "diverged", True
    elif not power > SURE:
        word, is_settled = "no_power", not power > POWERLESS
    else:
        for name, decided in DECIDES.items():
            is_settled = is_settled and name in settled
            if helps[name]:
                word = decided
                break
    return Truth(word=word, is_settled=is_settled, helps=helps, settled=frozenset(settled))


def _errors(line: Mapping[str, str], name: str) -> float:
    return float(line[name]) / max(float(line[f"{name}_error"]), 1e-9)
