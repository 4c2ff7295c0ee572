"""Stored runs -> one HTML file that compares them: intervals over seeds, differences, curves.

grouping    runs -> groups whose values may be compared
variants    runs -> variants, each with its values at the best epoch
differing   settings of runs -> those that differ, and labels made of them
sections    the variants of a group, ranked and compared with the best
conclusion  which variant is best, and what to type next, of a sweep
drawn       histories -> the curves of the figures
html        all of it, by the templates of this room -> the file
"""

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from goldilocks.report import conclusion, html, sections
from goldilocks.run.context import stored_rows
from goldilocks.tracking.selection import select
from goldilocks.tracking.store import MlflowStore

ARTIFACTS = "report"  # the folder among the artifacts of a run


def write(store: MlflowStore, targets: Sequence[str], output: Path | None, *, command: str) -> Path:
    """Write the report of runs; where it is of one sweep, log it to the sweep's parent run as well.

    Args:
        store: Where the runs are.
        targets: IDs of runs or of sweeps, or beginnings of the names of recipes; at least one.
        output: The file; None: `report-<name>.html` in the working folder.
        command: What was typed, for the page.

    Returns:
        The file.

    Raises:
        StoreError: A target is unknown or has no run, or the store cannot be used.
        OSError: The file cannot be written.
    """
    selection = select(store, targets)
    runs = selection.runs
    histories = store.histories([run.run_id for run in runs], sections.curve_names(runs))
    read_rows = functools.partial(stored_rows, store)
    sweep, rank_by, remarks = selection.sweep, "", []
    commands: dict[str, str] = {}
    if sweep is not None:
        rank_by, commands = conclusion.end(sweep)
    shown = sections.sections(runs, histories, read_rows, rank_by=rank_by)
    if sweep is not None:
        remarks = conclusion.of_sections(shown, commands)
    text = html.page(store, selection, shown, histories, command, remarks)
    return save(store, sweep and sweep.run_id, text, output or f"report-{selection.slug}.html")


def save(store: MlflowStore, run_id: str | None, text: str, output: Path | str) -> Path:
    """Write the text of a report, and log it to a run, if there is one, as `report/report.html`."""
    file = Path(output)
    file.write_text(text, encoding="utf-8")
    if run_id is not None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "report.html").write_text(text, encoding="utf-8")
            store.log_artifacts(run_id, Path(folder), ARTIFACTS)
    return file
