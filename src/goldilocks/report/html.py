"""Sections -> one HTML file that needs no other file, by Jinja2 templates that escape names."""

import itertools
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import numpy as np
from markupsafe import Markup

from goldilocks import formatting
from goldilocks.console import without_passwords
from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.evaluation.family import Difference
from goldilocks.formatting import counted
from goldilocks.plots import interactive
from goldilocks.report import data_findings, drawn, facts, grouping, variants
from goldilocks.report.sections import Section
from goldilocks.report.variants import Histories
from goldilocks.run import test_scores
from goldilocks.run.rendering import environment
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import Selection
from goldilocks.tracking.store import MlflowStore

VALUES = 10  # of a setting that are listed
REACH = 4  # times the usual length; a longer bar is cut off, or it would press all others flat
MARGIN = 0.06  # of the axis of bars, on either side
# What the templates ask of a value: `value is nan`.
TESTS: dict[str, Any] = {"finite": math.isfinite, "nan": math.isnan}


def page(
    store: MlflowStore,
    selection: Selection,
    sections: Sequence[Section],
    histories: Histories,
    command: str,
    remarks: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the HTML file.

    Args:
        store: Where the runs are.
        selection: Says what the runs are called together.
        sections: Of its runs.
        histories: Of its runs.
        command: What was typed.
        remarks: What the runs of a sweep have shown, as `conclusion.of_sections` returns it.
    """
    templates = environment("goldilocks.report")
    templates.filters.update(
        number=formatting.number,
        few_rows=formatting.few_rows,
        listed=_listed,
        evaluation_warning=_evaluation_warning,
    )
    templates.tests.update(TESTS)

    figures: list[Any] = []
    bases = [section.basis for section in sections]
    runs = [run for section in sections for run in section.runs]
    parts = Counter(run.tags["role"] for run in runs if run.is_part)
    return templates.get_template("page.html.j2").render(
        title=selection.name,
        whole=len(runs) - parts.total(),
        parts=" and ".join(counted(parts[role], role) for role in parts),
        has_folds="fold" in parts,
        remarks=remarks,
        reasons=grouping.reasons(bases),
        command=without_passwords(command),
        sections=[
            {"heading": grouping.heading(section.basis, bases)}
            | _section(store, section, histories, figures)
            for section in sections
        ],
        **frame(store, selection.runs),
        figures=Markup(json.dumps(figures, separators=(",", ":")).replace("<", "\\u003c")),
        uplot=_asset("uplot/uPlot.iife.min.js") if figures else "",
        uplot_style=_asset("uplot/uPlot.min.css") if figures else "",
    )


def frame(store: MlflowStore, runs: Sequence[StoredRun]) -> dict[str, object]:
    """Return what all of our pages have: links to runs by ID, the store, style and script."""
    ui_command = without_passwords(store.ui_command)
    if store.uri.startswith("http"):
        ui_command = ""  # A link to a server works by itself.
    return {
        "store": without_passwords(store.uri),
        "ui_command": ui_command,
        "pages": {run.run_id: without_passwords(store.page_url(run)) for run in runs},
        "made": datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        "style": style_sheet(),
        "script": _asset("page.js"),
    }


def style_sheet() -> Markup:
    """Return the style sheet of our pages: `page.css`, and the colour of each verdict's dot."""
    rules = [
        f".{name}::before {{ background: light-dark({verdict.color}, {verdict.dark_color}); }}"
        for name, verdict in VERDICTS.items()
    ]
    return _asset("page.css") + Markup("\n".join(rules))


def _asset(name: str) -> Markup:
    """Return a file of our own that goes into a page as it is."""
    return Markup((resources.files("goldilocks.report") / "templates" / name).read_text())


def _section(
    store: MlflowStore, section: Section, histories: Histories, figures: list[Any]
) -> dict[str, Any]:
    """Return a section, and what else the template says of it; its figures go to `figures`."""
    cells = facts.facts(section)
    return {
        "section": section,
        "data": grouping.data_name(section.basis),
        "warning": max(map(_evaluation_warning, section.runs)),
        "findings": data_findings.lines(store, section.runs),
        "columns": facts.differing(cells),
        "shared": facts.shared(cells),
        "penalty": any("best_val_data_loss" in run.metrics for run in section.runs),
        "monitors": sorted(set(map(variants.monitor, section.runs))),
        "codes": len({run.tags.get("code.digest", "") for run in section.runs}),
        "axis": _axis(section.differences),
        "runs": _runs(section),
        "figures": _figures(section, histories, figures),
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
            ylabel = name.removeprefix("val_")
            entries.append({"number": len(figures), "name": ylabel, "hidden": hidden})
            figures.append(interactive.overlay(curves, ylabel=ylabel))
    return entries


def _evaluation_warning(run: StoredRun) -> str:
    return test_scores.warning(test_scores.evaluations(run.metrics))


def _runs(section: Section) -> list[tuple[StoredRun, str, bool, float | None]]:
    """Return each run, the name of its variant, whether it is a part of another, and its value."""
    names = {run.run_id: variant.name for variant in section.variants for run in variant.runs}
    prefix, listed = "" if section.basis.final else "best_", []

    # Those below a run follow it, and in this order: a fold of another run has a parent elsewhere.
    families: dict[str, list[StoredRun]] = {}
    for run in sorted(section.runs, key=lambda run: run.is_part):
        above = run.parent if run.is_part and run.parent in names else run.run_id
        families.setdefault(above, []).append(run)
    for run in itertools.chain.from_iterable(families.values()):
        below = run.is_part and run.parent in names
        value = run.metrics.get(prefix + variants.logged_name(run, section.measures[0]))
        listed.append((run, names.get(run.parent if below else run.run_id, ""), below, value))
    return listed


def _axis(differences: Mapping[str, Difference]) -> tuple[float, float]:
    """Return where the axis that all intervals of differences share begins, and its length.

    0 is on it. Half of the intervals are not cut off.
    """
    ends = np.array([(difference.low, difference.high) for difference in differences.values()])
    if np.isnan(ends).all():
        return 0.0, 1.0

    ends = ends[~np.isnan(ends).any(axis=1)]
    longest = REACH * np.median(np.abs(ends).max(axis=1))
    first, last = np.clip([ends.min(initial=0), ends.max(initial=0)], -longest, longest)
    margin = MARGIN * (last - first)
    return float(first - margin), float(last - first + 2 * margin) or 1.0


def _listed(values: Sequence[str]) -> str:
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
