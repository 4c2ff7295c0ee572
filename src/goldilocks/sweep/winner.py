"""The best run of a sweep, on the page of the sweep's run in MLflow."""

from collections.abc import Sequence
from pathlib import Path

from goldilocks.formatting import number
from goldilocks.report.sections import Section
from goldilocks.report.sweep import ranked
from goldilocks.tracking import Store, Tracker, page

WINNER = "winner"  # the tag of a sweep's run with the ID of its best run
FIGURE = "val_loss.png"  # of the curves of all runs


def log(
    tracker: Tracker, store: Store, sections: Sequence[Section], folder: Path
) -> tuple[list[str], str]:
    """Log which run is the best of the best variant, its best values, and a view of all runs.

    Nothing is logged where the runs may not be compared with each other, or none has a value.

    Args:
        tracker: Of the sweep's run.
        store: Has the runs.
        sections: The sections of the sweep's runs.
        folder: Of the artifacts of the sweep's run.

    Returns:
        Paragraphs for the description of the sweep's run, and the address of the view; [] and ""
        where nothing is logged.
    """
    if len(sections) != 1 or sections[0].best_value is None or not tracker.run_id:
        return [], ""

    [section] = sections
    variant, measure = section.variants[0], section.measures[0]
    runs = [run for variant in section.variants for run in variant.runs]
    [best, *_], _, _ = ranked(variant.runs, measure)
    _, name, higher = ranked(runs, measure)

    values = {
        metric: value
        for metric, value in best.metrics.items()
        if metric.startswith(("best_", "test_"))
    }
    tracker.metrics(values, replace=True)
    tracker.tags({WINNER: best.run_id})
    run_ids = [run.run_id for run in runs]
    view = store.save_view(tracker.run_id, run_ids, list(section.settings), name, higher=higher)

    address = f"#/experiments/{best.experiment_id}/runs/{best.run_id}"
    value = f"{measure} {number(sections[0].best_value)}"
    paragraphs = [f"**Winner.** [{variant.name}]({address}): {value}."]
    if (folder / FIGURE).exists():
        paragraphs.append(f"![validation losses]({page.artifact(FIGURE, tracker.run_id)})")
    if view:
        paragraphs.append(f"[All runs, the best first]({view})")
    return paragraphs, view
