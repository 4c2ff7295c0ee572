"""Runs of a sweep -> tables and figures of their results."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from goldilocks.evaluation.measures import higher_is_better
from goldilocks.formatting import markdown, number
from goldilocks.plots import overlays, style
from goldilocks.report import grouping, sections, variants
from goldilocks.report.variants import Variant
from goldilocks.run import test_scores
from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun


def compare(runs: Sequence[StoredRun], folder: Path, *, title: str) -> str:
    """Compare runs by their best epochs, final runs by their scores on the test rows.

    Runs that may not be compared are in tables of their own, as `grouping.Basis` says.

    Args:
        runs: In the order in which they are shown.
        folder: For `results.md`, and for each table a `results.csv` and a `val_loss.png`; of
            several tables each has a number in its files' names.
        title: Of the figures.

    Returns:
        The tables in Markdown.
    """
    groups = grouping.group(runs)
    paragraphs = []
    for position, (basis, members) in enumerate(groups.items(), 1):
        suffix = ""
        if len(groups) > 1:
            suffix = f"_{position}"
            paragraphs.append(f"**{grouping.heading(basis, list(groups))}**")

        members, _, _ = ranked(members)
        results = comparison(members)
        results.to_csv(folder / f"results{suffix}.csv", index=False)
        _draw(members, folder / f"val_loss{suffix}.png", title)
        paragraphs.append(markdown(results))
        if basis.final:
            paragraphs += over_seeds(members)

    text = "\n\n".join(paragraphs) or "No run was logged."
    (folder / "results.md").write_text(text + "\n")
    return text


def ranked(runs: Sequence[StoredRun], rank_by: str = "") -> tuple[list[StoredRun], str, bool]:
    """Rank runs of a group by the primary metric.

    Args:
        runs: At least one.
        rank_by: Another measure, such as "val_loss"; "": the primary metric.

    Returns:
        The runs from the best to the worst, those without a value last; what most of them call the
        metric that they are ranked by; and whether more of it is better.
    """
    measure = rank_by or sections.measures(runs)[0]
    higher = higher_is_better(measure, query.own_metrics(runs))

    def name_of(run: StoredRun) -> str:
        name = variants.logged_name(run, measure)
        return name if name.startswith("test_") else f"best_{name}"

    def key(run: StoredRun) -> float:
        value = run.metrics.get(name_of(run), math.nan)
        if not math.isfinite(value):
            return math.inf
        return -value if higher else value

    [(name, _)] = Counter(map(name_of, runs)).most_common(1)
    return sorted(runs, key=key), name, higher


def comparison(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """Return a row for each run: its settings that differ, its status, its results.

    The results of a final run are its scores on the test rows; of other runs, the verdict and the
    values at the best epoch.
    """
    columns = variants.differing([run.params for run in runs])
    final = any(grouping.is_final(run) for run in runs)
    results = ["best_epoch", *_logged(runs, lambda name: name.startswith("best_val_"))]
    if "best_val_data_loss" in results:  # A penalty is no error: losses are compared without it.
        results = [name for name in results if name != "best_val_loss"]
    if final:
        results = _logged(runs, test_scores.is_score)
    rows = []
    for run in runs:
        row = {name: run.params.get(name, "") for name in columns} or {"run": run.name}
        row["status"] = run.status
        if not final:
            row["verdict"] = run.tags.get("verdict", "")
        scores = {name: run.metrics.get(name, math.nan) for name in results}
        if "best_val_data_loss" in scores and "best_val_data_loss" not in run.metrics:
            scores["best_val_data_loss"] = run.metrics.get("best_val_loss", math.nan)
        rows.append(row | scores | {"beats_baseline": run.tags.get("beats_baseline", "")})
    return pd.DataFrame(rows)


def over_seeds(runs: Sequence[StoredRun]) -> list[str]:
    """Return a sentence for each configuration of several final runs: mean and spread of scores.

    A seed is no choice, so the result of a configuration is the mean over its seeds, never the
    score of its best one.
    """
    scores = _logged(runs, test_scores.is_score)
    configurations = variants.group(runs, {}, scores)
    sentences = []
    for variant in configurations:
        count = len(variant.trainings)
        if count > 1:
            name = f"{variant.name}, " if len(configurations) > 1 else ""
            results = ", ".join(_spread(variant, score) for score in scores)
            sentences.append(f"**{name}mean of {count} seeds:** {results}.")
    return sentences


def _logged(runs: Sequence[StoredRun], wanted: Callable[[str], bool]) -> list[str]:
    """Return the names of the wanted metrics of any of these runs."""
    return list(dict.fromkeys(name for run in runs for name in run.metrics if wanted(name)))


def _spread(variant: Variant, score: str) -> str:
    """Return the mean of a score, its standard deviation and its confidence interval, in words."""
    spread = variant.spread(score)
    if spread is None:
        return f"{score} not logged"
    if not math.isfinite(spread.mean) or spread.count == 1:
        return f"{score} {number(spread.mean)}"

    interval = f"{number(spread.low)} to {number(spread.high)}"
    deviation = number(spread.deviation, digits=2)
    return f"{score} {number(spread.mean)} ± {deviation} (95 % interval {interval})"


def _draw(runs: Sequence[StoredRun], file: Path, title: str) -> None:
    """Draw the validation losses of runs, if any was logged."""
    drawn = [(label, run) for label, run in zip(_labels(runs), runs, strict=True) if run.val_loss]
    if not drawn:
        return

    curves = {label: run.val_loss for label, run in drawn}
    best = {
        label: int(run.metrics["best_epoch"]) for label, run in drawn if "best_epoch" in run.metrics
    }
    penalized = any("best_val_data_loss" in run.metrics for _, run in drawn)
    ylabel = "val_data_loss" if penalized else "val_loss"
    style.save(overlays.overlay(curves, ylabel=ylabel, title=title, best=best), file)


def _labels(runs: Sequence[StoredRun]) -> list[str]:
    """Return a name for each run, made of what differs, and numbered where that is equal."""
    columns = variants.differing([run.params for run in runs])
    return variants.numbered(variants.labels(runs, columns))
