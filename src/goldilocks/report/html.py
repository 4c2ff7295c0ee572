"""Sections -> one HTML file that needs nothing beside it, by a Jinja2 template that escapes what users have named."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import interactive
from goldilocks.problem import higher_is_better
from goldilocks.report import drawn, rows
from goldilocks.report.sections import Data, Section
from goldilocks.report.variants import Histories
from goldilocks.run import test_ledger
from goldilocks.tracking.selection import PARTS, Selection

DIGEST = 8  # letters of a digest that are shown
RUNS_SHOWN = 24  # a longer list of runs is folded

# What sets sections apart, in words.
APART: Mapping[str, str] = {
    "dataset": "the data set",
    "source": "the source of the data (the published data, or a stand-in for it)",
    "digest": "the rows or targets of the data (its digest)",
    "problem": "the problem",
    "loss": "the loss",
    "final": "the rows that judge them (test rows of final runs, validation rows of all others)",
}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a report comes from.

    Attributes:
        store: The address of the store.
        ui_command: What shows it; "" where it is a server.
        pages: The address of each run's page, by the run's ID.
        command: What made the report.
        made: When.
    """

    store: str
    ui_command: str
    pages: Mapping[str, str]
    command: str
    made: datetime


def page(
    selection: Selection, sections: Sequence[Section], histories: Histories, origin: Origin
) -> str:
    """The HTML file.

    Args:
        selection: Says what the runs are called together.
        sections: Of its runs.
        histories: Of its runs.
        origin: Where it comes from.
    """
    loader = PackageLoader("goldilocks.report", "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures: list[Any] = []
    shown = [_section(each, histories, origin, figures) for each in sections]
    return environment.get_template("page.html.j2").render(
        title=selection.name,
        lead=_lead(sections, origin),
        why=_why([each.data for each in sections]),
        origin=origin,
        made=origin.made.strftime("%d %B %Y, %H:%M %Z").strip(" ,"),
        sections=shown,
        style=style_sheet(),
        script=asset("page.js"),
        figures=Markup(json.dumps(figures, separators=(",", ":")).replace("<", "\\u003c")),
        plotly=Markup(get_plotlyjs()) if figures else "",
    )


def style_sheet() -> Markup:
    """Return the style sheet of our pages: `page.css`, and the colour of each verdict's dot."""
    rules = [str(asset("page.css"))]
    for name, verdict in VERDICTS.items():
        dark = f".{name}::before {{ background: {verdict.dark_color}; }}"
        rules.append(f".{name}::before {{ background: {verdict.color}; }}")
        rules.append(f"@media (prefers-color-scheme: dark) {{ {dark} }}")

    return Markup("\n".join(rules))


def asset(name: str) -> Markup:
    """A file of our own that goes into a page as it is."""
    return Markup((resources.files("goldilocks.report") / "templates" / name).read_text())


def _section(
    section: Section, histories: Histories, origin: Origin, figures: list[Any]
) -> dict[str, Any]:
    """What the template says of a section; its figures are added to `figures`."""
    places = []
    names = [name for name in section.measures if name.startswith("val_")]
    for name in dict.fromkeys(["val_loss", *names] if names else []):
        if curves := drawn.curves(section, name, histories):
            places.append(
                {"number": len(figures), "name": name, "hidden": len(curves) > interactive.MANY}
            )
            figures.append(interactive.overlay(curves, ylabel=name))
    differences = list(section.differences.values())
    penalty = any("best_val_data_loss" in run.metrics for run in section.runs)
    monitors = sorted({run.params.get("trainer.monitor", "val_loss") for run in section.runs})
    commits = dict.fromkeys(run.tags.get("code.digest", "") for run in section.runs)
    return {
        "heading": heading(section.data),
        "final": bool(section.data.final),
        "again": test_ledger.warning(
            max((test_ledger.evaluations(run.metrics) or 0 for run in section.runs), default=0)
        ),
        "measure": section.measures[0],
        "better": "more" if higher_is_better(section.measures[0]) else "less",
        "settings": rows.settings(section),
        "same": section.same,
        "ranking": rows.ranking(section),
        "differences": rows.differences(section) if section.differences else None,
        "untold": ", and ".join(dict.fromkeys(each.reason for each in differences)),
        "tested": sum(not each.reason for each in differences),
        "reference": section.reference.name if section.reference else "",
        "lucky": section.reference is not section.variants[0],
        "over": differences[0].over if differences else "",
        "figures": places,
        "penalty": penalty,
        "monitors": monitors if len(monitors) > 1 else [],
        "codes": len(commits),
        "runs": rows.runs(section, origin.pages),
        "unfolded": len(section.runs) <= RUNS_SHOWN,
    }


def heading(data: Data) -> str:
    """The data of a section in words."""
    source = (
        f" ({data.source.replace('_', '-')}, {data.digest[:DIGEST]})"
        if data.source or data.digest
        else ""
    )
    return f"{data.dataset or 'data without a name'}{source}{', final runs' if data.final else ''}"


def _lead(sections: Sequence[Section], origin: Origin) -> str:
    """How many runs, of what, compared by what, from where."""
    runs = [run for section in sections for run in section.runs]
    parts = sum(run.tags.get("role") in PARTS for run in runs)
    variants = sum(len(section.variants) for section in sections)
    inner = (
        f" (with {_count(parts, 'fold or repeat', 'folds and repeats')} below them)"
        if parts
        else ""
    )
    on = "; ".join(dict.fromkeys(heading(section.data) for section in sections))
    by = " and ".join(dict.fromkeys(section.measures[0] for section in sections))
    return (
        f"{_count(len(runs) - parts, 'run', 'runs')}{inner} in "
        f"{_count(variants, 'variant', 'variants')} on {on}, "
        f"compared by {by} at the best epoch, from the store {origin.store}."
    )


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _why(data: Sequence[Data]) -> str:
    """Why there are several sections; "" where there is one."""
    if len(data) < 2:
        return ""
    first = {
        next(name for name in APART if getattr(a, name) != getattr(b, name))
        for a in data
        for b in data
        if a != b
    }
    other = [words for name, words in APART.items() if name in first]
    return (
        f"These runs differ in {' and in '.join(other)}. Their values cannot be compared, so each "
        "kind has a section "
        "of its own, and no table mixes them."
    )
