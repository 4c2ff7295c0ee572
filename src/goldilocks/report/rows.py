"""Sections -> the cells of the page's tables: texts, and the numbers that they are sorted by."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from goldilocks import formatting
from goldilocks.evaluation.differences import Difference
from goldilocks.problem import higher_is_better
from goldilocks.report.sections import Section
from goldilocks.report.variants import Variant
from goldilocks.run import test_ledger
from goldilocks.tracking.selection import PARENT, PARTS

VALUES = 10  # of a setting that are listed
REACH = 4  # times the usual length; a longer bar is cut off, or it would press all others flat


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: The first line.
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
    """A table: the titles of its columns, each with what it means, and its rows."""

    head: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]


def settings(section: Section) -> list[tuple[str, str]]:
    """Return each setting that differs, with its values."""
    return [(name, _list(values)) for name, values in section.settings.items()]


def ranking(section: Section) -> Table:
    """Return a row for each variant, the best first."""
    first = section.measures[0]
    head = [("", "rank by the first value")]
    head += [(name, "a setting that differs") for name in section.columns]
    if not section.columns:
        head.append(("variant", "its name"))
    head += [(name, _direction(name)) for name in section.measures]
    head += [
        ("trainings", "how many count: seeds or folds"),
        ("verdict", "what the learning curves say"),
        ("best epoch", "from which the values are"),
        ("baseline", f"{first} of a dummy baseline, which ignores the inputs"),
        ("beats it", "whether the primary metric is better than the baseline's"),
        ("seconds", "of one training"),
        ("not counted", "runs without a result"),
    ]
    rows = [
        [*_names(rank, variant, section), *_results(variant, section)]
        for rank, variant in enumerate(section.variants, 1)
    ]
    return _without_empty(Table(head, rows), "verdict", "not counted")


def differences(section: Section) -> Table:
    """Return a row for each variant that is compared with the best."""
    head = [
        ("variant", "compared with the best one"),
        ("difference", f"of {section.measures[0]}, variant minus the best: mean over the pairs"),
        ("95 % interval", "where the true difference lies, if these seeds are like others"),
        ("", "the interval; the upright line is 0, no difference"),
        ("pairs", "trainings of both with the same seed and fold"),
        ("so it is", "whether chance alone would set them so far apart"),
    ]
    axis = _axis(list(section.differences.values()))
    rows = [_difference(name, difference, axis) for name, difference in section.differences.items()]
    return Table(head, rows)


def runs(section: Section, pages: Mapping[str, str]) -> Table:
    """Return a row for each run.

    Args:
        section: Has the runs.
        pages: The address of each run's page, by the run's ID; the sort key of the link's cell.
    """
    first = section.measures[0]
    head = [
        ("run", "its name"),
        ("variant", ""),
        ("seed", ""),
        ("status", ""),
        (first, "at best epoch"),
        ("ID", "a click selects it"),
        ("page", "in the MLflow UI"),
    ]
    metric = first if first.startswith("test_") else f"best_{first}"
    variants = {run.run_id: variant.name for variant in section.variants for run in variant.runs}

    rows = []
    for run in section.runs:
        name, variant = run.name, variants.get(run.run_id, "")
        if run.tags.get("role") in PARTS and run.tags.get(PARENT) in variants:
            name, variant = f"└ {run.name}", variants[run.tags[PARENT]]
        rows.append(
            [
                Cell(name, kind="name"),
                Cell(variant, kind="name"),
                Cell(run.params.get("seed", ""), kind="number"),
                Cell(
                    run.status.lower(),
                    below=test_ledger.warning(test_ledger.evaluations(run.metrics)),
                    kind="" if run.status == "FINISHED" else "warning",
                ),
                _number(run.metrics.get(metric, math.nan)),
                Cell(run.run_id, kind="id"),
                Cell("open", sort=pages[run.run_id], kind="link"),
            ]
        )
    return Table(head, rows)


def _without_empty(table: Table, *names: str) -> Table:
    """Return a table without those of the named columns that have no text."""
    shown = []
    for column, (name, _) in enumerate(table.head):
        if name not in names or any(row[column].text for row in table.rows):
            shown.append(column)
    rows = [[row[column] for column in shown] for row in table.rows]
    return Table([table.head[column] for column in shown], rows)


def _direction(measure: str) -> str:
    if higher_is_better(measure):
        return "more is better"
    return "less is better"


def _names(rank: int, variant: Variant, section: Section) -> list[Cell]:
    """Return the cells that say which variant a row is of."""
    ranked = variant.spread(section.measures[0]) is not None
    cells = [Cell(str(rank) if ranked else "", sort=str(rank), kind="number")]
    if not section.columns:
        return [*cells, Cell(variant.name, kind="name")]
    settings = [variant.settings.get(name, "") for name in section.columns]
    return cells + [Cell(value, kind="setting") for value in settings]


def _results(variant: Variant, section: Section) -> list[Cell]:
    """Return the cells of a variant's results."""
    first, epochs = section.measures[0], variant.best_epochs
    baseline = first if first.startswith("test_") else f"val_{first.removeprefix('val_')}"
    cells = [_value(variant, measure) for measure in section.measures]
    return [
        *cells,
        Cell(str(len(variant.trainings)), kind="number"),
        _verdict(variant),
        Cell(_range(epochs), sort=str(epochs[0]) if epochs else "", kind="number"),
        _number(variant.mean(f"baseline/{baseline}")),
        _beats_baseline(variant),
        _seconds(variant.mean("train_seconds")),
        Cell("; ".join(variant.problems), kind="warning"),
    ]


def _value(variant: Variant, measure: str) -> Cell:
    """Return the mean of a measure, and below it a 95 % interval."""
    spread = variant.spread(measure)
    if spread is None:
        return Cell("")
    if not math.isfinite(spread.mean):
        return Cell("not finite", kind="number warning")

    if spread.count == 1:
        below = _interval_over_rows(variant, measure)
    elif variant.overlap is None:
        below = "no interval: folds stored without their overlap"
    else:
        below = _interval(spread.low, spread.high)
    return Cell(formatting.number(spread.mean), sort=repr(spread.mean), below=below, kind="number")


def _interval_over_rows(variant: Variant, measure: str) -> str:
    """Return the interval over test rows that a variant's one training logged; "" without one."""
    [run] = variant.trainings.values()
    low, high = run.metrics.get(f"{measure}_low"), run.metrics.get(f"{measure}_high")
    if low is None or high is None:
        return ""
    return _interval(low, high)


def _interval(low: float, high: float) -> str:
    return f"{formatting.number(low)} to {formatting.number(high)}"


def _verdict(variant: Variant) -> Cell:
    """Return the most frequent verdict, and below it the counts of several verdicts."""
    verdicts = variant.verdicts
    if not verdicts:
        return Cell("")
    counts = [f"{name} {count}" for name, count in verdicts.items()]
    first = next(iter(verdicts))
    cell = Cell(first, kind=f"verdict {first}")
    if len(counts) > 1:
        return replace(cell, below=", ".join(counts))
    return cell


def _beats_baseline(variant: Variant) -> Cell:
    """Return how many of the trainings beat the baseline."""
    tags = [run.tags for run in variant.trainings.values()]
    answers = [tag["beats_baseline"] == "true" for tag in tags if "beats_baseline" in tag]
    if not answers:
        return Cell("")
    if all(answers):
        return Cell("yes")
    if not any(answers):
        return Cell("no", kind="warning")
    return Cell(f"{sum(answers)} of {len(answers)}", kind="warning")


def _axis(all_differences: Sequence[Difference]) -> tuple[float, float]:
    """Return the ends of the axis on which intervals are drawn; 0 is on it."""
    intervals = [(difference.low, difference.high) for difference in all_differences]
    intervals = [(low, high) for low, high in intervals if not math.isnan(low)]
    if not intervals:
        return 0.0, 0.0

    lengths = sorted(max(abs(low), abs(high)) for low, high in intervals)
    longest = REACH * lengths[len(lengths) // 2]
    lows, highs = zip(*intervals, strict=True)
    return max(-longest, min(0.0, *lows)), min(longest, max(0.0, *highs))


def _difference(name: str, difference: Difference, axis: tuple[float, float]) -> list[Cell]:
    kind = {True: "beyond", False: "within", None: "untold"}[difference.beyond_noise]
    p = repr(difference.p_corrected)
    return [
        Cell(name, kind="name"),
        _mean_difference(difference),
        *_drawn_interval(difference, axis),
        Cell(_pairs(difference)),
        Cell(difference.words, sort=p, below=_chance(difference), kind=kind),
    ]


def _mean_difference(difference: Difference) -> Cell:
    mean = difference.mean
    if math.isnan(mean):
        return Cell("")
    sign = "+" if mean > 0 else ""
    return Cell(sign + _signed(mean), sort=repr(mean), kind="number")


def _drawn_interval(difference: Difference, axis: tuple[float, float]) -> tuple[Cell, Cell]:
    """Return the interval in words, and as a bar."""
    low, high = difference.low, difference.high
    if math.isnan(low):
        return Cell("", kind="number"), Cell("", sort=repr(difference.mean), kind="bar")

    words = Cell(f"{_signed(low)} to {_signed(high)}", sort=repr(low), kind="number")
    ends = (low, high, difference.mean)
    return words, Cell("", sort=repr(difference.mean), bar=_bar(ends, axis), kind="bar")


def _chance(difference: Difference) -> str:
    """Return the p-value in words; "" without one."""
    p = difference.p_corrected
    if math.isnan(p):
        return ""
    if p >= 0.001:
        return f"p = {formatting.number(p, digits=2)}"
    return "p < 0.001"


def _pairs(difference: Difference) -> str:
    if not difference.pairs:
        return "0"
    over = difference.over if difference.pairs > 1 else difference.over.removesuffix("s")
    return f"{difference.pairs} {over}"


def _bar(
    ends: tuple[float, float, float], axis: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return low end, high end and middle of an interval, and 0, in percent of an axis."""
    margin = 0.06 * (axis[1] - axis[0])
    left, right = axis[0] - margin, axis[1] + margin
    width = right - left or 1.0
    low, high, mean, zero = (
        round(100 * (min(max(value, left), right) - left) / width, 1) for value in (*ends, 0.0)
    )
    return low, high, mean, zero


def _signed(value: float) -> str:
    return formatting.number(value).replace("-", "\N{MINUS SIGN}")


def _number(value: float) -> Cell:
    if math.isnan(value):
        return Cell("")
    return Cell(formatting.number(value), sort=repr(value), kind="number")


def _seconds(value: float) -> Cell:
    if math.isnan(value):
        return Cell("")
    return Cell(f"{value:.1f}", sort=repr(value), kind="number")


def _range(epochs: Sequence[int]) -> str:
    if not epochs:
        return ""
    if len(epochs) == 1:
        return str(epochs[0])
    return f"{epochs[0]} to {epochs[-1]}"


def _list(values: Sequence[str]) -> str:
    """Return the values of a setting, numbers ascending; of many, the first and how many more."""
    words = sorted((value or "not set" for value in values), key=_as_number)
    if len(words) <= VALUES + 1:
        return ", ".join(words)
    return f"{', '.join(words[:VALUES])} and {len(words) - VALUES} more, up to {words[-1]}"


def _as_number(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), ""
    except ValueError:
        return True, 0.0, value
