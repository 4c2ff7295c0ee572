"""The best run of a sweep, on the page of the sweep's run in MLflow."""

from collections.abc import Sequence
from pathlib import Path

from goldilocks.formatting import number
from goldilocks.report import grouping, variants
from goldilocks.report.sweep import ranked
from goldilocks.tracking import Store, Tracker, page
from goldilocks.tracking.query import StoredRun

WINNER = "winner"  # the tag of a sweep's run with the ID of its best run
FIGURE = "val_loss.png"  # of the curves of all runs


def log(
    tracker: Tracker, store: Store, runs: Sequence[StoredRun], folder: Path, rank_by: str
) -> tuple[list[str], str]:
    """Log which run is the best, its best values, and a view of all runs.

    Nothing is logged where the runs may not be compared with each other, or none has a value.

    Args:
        tracker: Of the sweep's run.
        store: Has the runs.
        runs: Of the sweep.
        folder: Of the artifacts of the sweep's run.
        rank_by: What a search compares its trials by; "": the primary metric.

    Returns:
        Paragraphs for the description of the sweep's run, and the address of the view; [] and ""
        where nothing is logged.
    """
    if len(grouping.group(runs)) != 1 or not tracker.run_id:
        return [], ""
    [best, *_], name, higher = ranked(runs, rank_by)
    columns = variants.differing([run.params for run in runs])
    if name not in best.metrics:
        return [], ""

    values = {
        metric: value
        for metric, value in best.metrics.items()
        if metric.startswith(("best_", "test_"))
    }
    tracker.metrics(values, replace=True)
    tracker.tags({WINNER: best.run_id})
    view = store.save_view(
        tracker.run_id, [run.run_id for run in runs], columns, name, higher=higher
    )

    [label] = variants.labels([best], columns)
    address = f"#/experiments/{best.experiment_id}/runs/{best.run_id}"
    paragraphs = [f"**Winner.** [{label}]({address}): {name} {number(best.metrics[name])}."]
    if (folder / FIGURE).exists():
        paragraphs.append(f"![validation losses]({page.artifact(FIGURE, tracker.run_id)})")
    if view:
        paragraphs.append(f"[All runs, the best first]({view})")
    return paragraphs, view
