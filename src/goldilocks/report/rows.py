"""What was compared -> the cells of the page's tables: texts, and the numbers that they are sorted by."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldilocks import formatting
from goldilocks.evaluation.differences import Difference
from goldilocks.evaluation.mean_interval import Spread
from goldilocks.problem import higher_is_better
from goldilocks.report.sections import Section
from goldilocks.report.variants import Variant
from goldilocks.run import test_ledger
from goldilocks.tracking.selection import PARENT, PARTS

VALUES = 10  # of a setting that are listed
# times the usual length: what reaches further is cut off, or it would press all other bars flat
REACH = 4


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What it says.
        sort: What the table is sorted by; "" for the text itself.
        below: A second, quiet line.
        kind: A class of the style sheet: "number", "name", "verdict no_power" and so on.
        bar: Left end, right end and middle of a bar, and where 0 is, in percent of the cell's
            width; None for none.
    """

    text: str
    sort: str = ""
    below: str = ""
    kind: str = ""
    bar: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Table:
    """A table: its head, each column with a word on what it means, and its rows."""

    head: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]


def settings(section: Section) -> list[tuple[str, str]]:
    """Each setting that differs, with its values."""
    return [(name, _listed(values)) for name, values in section.settings.items()]


def ranking(section: Section) -> Table:
    """A row a variant, the best first."""
    head = [
        ("", "rank by the first value"),
        *((name, "a setting that differs") for name in section.columns),
    ]
    if not section.columns:
        head.append(("variant", "its name"))
    head += [(name, _direction(name)) for name in section.measures]
    first = section.measures[0]
    head += [
        ("trainings", "how many count: seeds or folds"),
        ("verdict", "what the learning curves say"),
        ("best epoch", "from which the values are"),
        ("baseline", f"{first} of a predictor that looks at no input"),
        ("beats it", "whether the measure of success is better than the baseline's"),
        ("seconds", "of one training"),
        ("not counted", "runs without a result"),
    ]
    rows = [_variant(place, each, section) for place, each in enumerate(section.variants, 1)]
    unused = [
        name
        for name in ("verdict", "not counted")
        if not any(_column(head, row, name).text for row in rows)
    ]
    shown = [place for place, (name, _) in enumerate(head) if name not in unused]
    return Table(
        [head[place] for place in shown], [[row[place] for place in shown] for row in rows]
    )


def differences(section: Section) -> Table:
    """A row for each variant that is set against the best."""
    head = [
        ("variant", "set against the best one"),
        ("difference", f"of {section.measures[0]}, variant minus the best: mean over the pairs"),
        ("95 % interval", "where the true difference lies, if these seeds are like others"),
        ("", "the interval; the upright line is 0, no difference"),
        ("pairs", "trainings of both with the same seed and fold"),
        ("so it is", "whether chance alone would set them so far apart"),
    ]
    known = [each for each in section.differences.values() if not math.isnan(each.low)]
    usual = (
        sorted(max(abs(each.low), abs(each.high)) for each in known)[len(known) // 2]
        if known
        else 1.0
    )
    least = max(min([0.0, *(each.low for each in known)]), -REACH * usual)
    most = min(max([0.0, *(each.high for each in known)]), REACH * usual)
    rows = [_difference(name, each, least, most) for name, each in section.differences.items()]
    return Table(head, rows)


def runs(section: Section, pages: Mapping[str, str]) -> Table:
    """A row a run, with the address of its page as the sort key of its link's cell."""
    head = [
        ("run", "its name"),
        ("variant", ""),
        ("seed", ""),
        ("status", ""),
        (section.measures[0], "at best epoch"),
    ]
    head += [("ID", "a click selects it"), ("page", "in the MLflow UI")]
    variants = {run.run_id: each.name for each in section.variants for run in each.runs}
    rows = []
    for run in section.runs:
        inner = run.tags.get("role") in PARTS and run.tags.get(PARENT) in variants
        name = variants.get(run.tags[PARENT] if inner else run.run_id, "")
        first = section.measures[0]
        value = run.metrics.get(first if first.startswith("test_") else f"best_{first}", math.nan)
        rows.append(
            [
                Cell(("└ " if inner else "") + run.name, kind="name"),
                Cell(name, kind="name"),
                Cell(run.params.get("seed", ""), kind="number"),
                Cell(
                    run.status.lower(),
                    below=test_ledger.warning(test_ledger.evaluations(run.metrics)),
                    kind="" if run.status == "FINISHED" else "warning",
                ),
                _number(value),
                Cell(run.run_id, kind="id"),
                Cell("open", sort=pages[run.run_id], kind="link"),
            ]
        )
    return Table(head, rows)


def _column(head: Sequence[tuple[str, str]], row: Sequence[Cell], name: str) -> Cell:
    return row[[title for title, _ in head].index(name)]


def _direction(measure: str) -> str:
    return "more is better" if higher_is_better(measure) else "less is better"


def _variant(place: int, variant: Variant, section: Section) -> list[Cell]:
    first = section.measures[0]
    cells = [Cell(str(place) if variant.spread(first) else "", sort=str(place), kind="number")]
    cells += [Cell(variant.settings.get(name, ""), kind="setting") for name in section.columns]
    cells += [] if section.columns else [Cell(variant.name, kind="name")]
    cells += [_value(variant.spread(name), _over_rows(variant, name)) for name in section.measures]
    told = [
        run.tags["beats_baseline"] == "true"
        for run in variant.trainings.values()
        if "beats_baseline" in run.tags
    ]
    yes = {0: "no", len(told): "yes"}.get(sum(told), f"{sum(told)} of {len(told)}") if told else ""
    epochs = variant.best_epochs
    side = first if first.startswith("test_") else f"val_{first.removeprefix('val_')}"
    verdicts = variant.verdicts
    counts = [f"{name} {count}" for name, count in verdicts.items()]
    return [
        *cells,
        Cell(str(len(variant.trainings)), kind="number"),
        Cell(
            next(iter(verdicts), ""),
            below=", ".join(counts) if len(verdicts) > 1 else "",
            kind=f"verdict {next(iter(verdicts))}" if verdicts else "",
        ),
        Cell(_between(epochs), sort=str(epochs[0]) if epochs else "", kind="number"),
        _number(variant.mean(f"baseline/{side}")),
        Cell(yes, kind="warning" if yes not in ("", "yes") else ""),
        _number(variant.mean("train_seconds"), digits=1),
        Cell("; ".join(variant.problems), kind="warning"),
    ]


def _over_rows(variant: Variant, measure: str) -> str:
    """The interval over test rows that the one training of a variant logged, in words; "" where there is none."""
    if len(variant.trainings) != 1:
        return ""
    [run] = variant.trainings.values()
    ends = [run.metrics.get(f"{measure}_{end}") for end in ("low", "high")]
    return (
        ""
        if None in ends
        else " to ".join(formatting.number(end) for end in ends if end is not None)
    )


def _value(spread: Spread | None, over_rows: str) -> Cell:
    if spread is None:
        return Cell("")
    if not math.isfinite(spread.mean):
        return Cell("not finite", kind="number warning")
    below = (
        f"{formatting.number(spread.low)} to {formatting.number(spread.high)}"
        if spread.count > 1
        else over_rows
    )
    return Cell(formatting.number(spread.mean), sort=repr(spread.mean), below=below, kind="number")


def _difference(name: str, each: Difference, least: float, most: float) -> list[Cell]:
    sign = "+" if each.mean > 0 else ""
    mean = (
        Cell("")
        if math.isnan(each.mean)
        else Cell(sign + _signed(each.mean), repr(each.mean), kind="number")
    )
    known, p = not math.isnan(each.low), each.p_corrected
    interval = f"{_signed(each.low)} to {_signed(each.high)}" if known else ""
    chance = ""
    if known:
        chance = f"p = {p:.2g}" if p >= 0.001 else "p < 0.001"
    kind = {True: "beyond", False: "within", None: "untold"}[each.beyond_noise]
    return [
        Cell(name, kind="name"),
        mean,
        Cell(interval, sort=repr(each.low) if known else "", kind="number"),
        Cell("", sort=repr(each.mean), bar=_bar(each, least, most) if known else None, kind="bar"),
        Cell(
            f"{each.pairs} {each.over if each.pairs != 1 else each.over[:-1]}"
            if each.pairs
            else "0"
        ),
        Cell(each.words, sort=repr(p), below=chance, kind=kind),
    ]


def _bar(each: Difference, least: float, most: float) -> tuple[float, float, float, float]:
    """The ends and the middle of an interval, and 0, on an axis between two values, in percent of its width."""
    room = 0.06 * (most - least)
    span = most - least + 2 * room or 1.0
    ends = [100 * (max(least - room, min(most + room, value)) - least + room) / span for value in
            (each.low, each.high, each.mean, 0.0)]  # fmt: skip
    low, high, mean, zero = (round(value, 1) for value in ends)
    return low, high, mean, zero


def _signed(value: float) -> str:
    return formatting.number(value).replace("-", "\N{MINUS SIGN}")


def _number(value: float, digits: int | None = None) -> Cell:
    if math.isnan(value):
        return Cell("")
    return Cell(
        formatting.number(value) if digits is None else f"{value:.{digits}f}",
        sort=repr(value),
        kind="number",
    )


def _between(epochs: Sequence[int]) -> str:
    if not epochs:
        return ""
    return str(epochs[0]) if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"


def _listed(values: Sequence[str]) -> str:
    """The values of a setting, numbers ascending; of many, the first ones and how many more there are."""
    said = sorted((value or "not set" for value in values), key=_as_number)
    more = f" and {len(said) - VALUES} more, up to {said[-1]}" if len(said) > VALUES + 1 else ""
    return ", ".join(said[: VALUES if more else None]) + more


def _as_number(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), ""
    except ValueError:
        return True, 0.0, value
