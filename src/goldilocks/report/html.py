"""Sections -> one HTML file that needs no other file, by a Jinja2 template that escapes names."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import interactive
from goldilocks.problem import higher_is_better
from goldilocks.report import drawn, grouping, rows
from goldilocks.report.grouping import Basis
from goldilocks.report.rendering import environment
from goldilocks.report.sections import Section
from goldilocks.report.variants import Histories
from goldilocks.run import test_ledger
from goldilocks.tracking.selection import PARTS, Selection

RUNS_SHOWN = 24  # a longer list of runs is folded


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
    """Return the HTML file.

    Args:
        selection: Says what the runs are called together.
        sections: Of its runs.
        histories: Of its runs.
        origin: Where it comes from.
    """
    figures: list[Any] = []
    bases = [section.basis for section in sections]
    shown = [
        {"heading": grouping.heading(section.basis, bases)}
        | _section(section, histories, origin, figures)
        for section in sections
    ]
    return (
        environment("goldilocks.report")
        .get_template("page.html.j2")
        .render(
            title=selection.name,
            lead=_lead(sections, origin),
            why=_why(bases),
            origin=origin,
            made=origin.made.strftime("%d %B %Y, %H:%M %Z").strip(" ,"),
            sections=shown,
            style=style_sheet(),
            script=asset("page.js"),
            figures=Markup(json.dumps(figures, separators=(",", ":")).replace("<", "\\u003c")),
            plotly=Markup(get_plotlyjs()) if figures else "",
        )
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
    """Return a file of our own that goes into a page as it is."""
    return Markup((resources.files("goldilocks.report") / "templates" / name).read_text())


def _section(
    section: Section, histories: Histories, origin: Origin, figures: list[Any]
) -> dict[str, Any]:
    """Return what the template says of a section; its figures are added to `figures`."""
    evaluations = [test_ledger.evaluations(run.metrics) or 0 for run in section.runs]
    monitors = sorted({run.params.get("trainer.monitor", "val_loss") for run in section.runs})
    commits = {run.tags.get("code.digest", "") for run in section.runs}
    return {
        "final": section.basis.final,
        "again": test_ledger.warning(max(evaluations, default=0)),
        "measure": section.measures[0],
        "better": "more" if higher_is_better(section.measures[0]) else "less",
        "settings": rows.settings(section),
        "same": section.same,
        "ranking": rows.ranking(section),
        **_comparison(section),
        "figures": _figures(section, histories, figures),
        "penalty": any("best_val_data_loss" in run.metrics for run in section.runs),
        "monitors": monitors if len(monitors) > 1 else [],
        "codes": len(commits),
        "runs": rows.runs(section, origin.pages),
        "unfolded": len(section.runs) <= RUNS_SHOWN,
    }


def _comparison(section: Section) -> dict[str, Any]:
    """Return what the template says of a section's differences."""
    differences = list(section.differences.values())
    return {
        "differences": rows.differences(section) if differences else None,
        "untold": ", and ".join(dict.fromkeys(difference.reason for difference in differences)),
        "tested": sum(not difference.reason for difference in differences),
        "reference": section.reference.name if section.reference else "",
        "lucky": section.reference is not section.variants[0],
        "over": differences[0].over if differences else "",
    }


def _figures(
    section: Section, histories: Histories, figures: list[Any]
) -> list[dict[str, int | str | bool]]:
    """Return number and name of each figure of a section, and whether it hides curves at first."""
    if section.basis.final:
        return []

    entries = []
    for name in dict.fromkeys(["val_loss", *section.measures]):
        curves = drawn.curves(section, name, histories)
        if curves:
            hidden = len(curves) > interactive.MANY
            entries.append({"number": len(figures), "name": name, "hidden": hidden})
            figures.append(interactive.overlay(curves, ylabel=name))
    return entries


def _lead(sections: Sequence[Section], origin: Origin) -> str:
    """Return a sentence: how many runs, of what data, compared by what, from where."""
    runs = [run for section in sections for run in section.runs]
    parts = sum(run.tags.get("role") in PARTS for run in runs)
    counted = _count(len(runs) - parts, "run", "runs")
    if parts:
        counted += f" (with {_count(parts, 'fold or repeat', 'folds and repeats')} below them)"

    variants = sum(len(section.variants) for section in sections)
    data = "; ".join(dict.fromkeys(grouping.data_name(section.basis) for section in sections))
    measures = " and ".join(dict.fromkeys(section.measures[0] for section in sections))
    return (
        f"{counted} in {_count(variants, 'variant', 'variants')} on {data}, compared by "
        f"{measures} at the best epoch, from the store {origin.store}."
    )


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _why(bases: Sequence[Basis]) -> str:
    """Return a sentence why there are several sections; "" where there is one."""
    if len(bases) < 2:
        return ""
    return (
        f"These runs differ in {' and in '.join(grouping.reasons(bases))}. Their values cannot be "
        "compared, so each kind has a section of its own, and no table mixes them."
    )
