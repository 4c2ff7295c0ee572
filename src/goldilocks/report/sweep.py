"""Runs of a sweep -> tables and figures of their results."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from goldilocks.evaluation.measures import higher_is_better
from goldilocks.formatting import ID_LENGTH, aligned, cell, markdown, number
from goldilocks.plots import overlays, style
from goldilocks.report import differing, grouping, sections, variants
from goldilocks.report.variants import Variant
from goldilocks.run import test_scores
from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun

OF_COURSE = ("FINISHED", "")  # cells of which a sentence would say nothing


@dataclass(frozen=True)
class Comparison:
    """Tables of runs, with the sentences beside them.

    Attributes:
        blocks: In their order.
    """

    blocks: tuple[pd.DataFrame | str, ...]

    @property
    def markdown(self) -> str:
        """Return it in Markdown."""
        return self._joined(markdown)

    @property
    def text(self) -> str:
        """Return it for a terminal, whose tables have short names, and ± for a deviation."""
        text = self._joined(
            lambda table: aligned(_narrow(table).rename(columns=differing.short(table)))
        )
        return text.replace("**", "")

    def _joined(self, formatted: Callable[[pd.DataFrame], str]) -> str:
        return "\n\n".join(
            block if isinstance(block, str) else formatted(block) for block in self.blocks
        )


def compare(
    runs: Sequence[StoredRun],
    folder: Path,
    *,
    title: str,
    trials: Mapping[str, int] = MappingProxyType({}),
) -> Comparison:
    """Compare runs by their best epochs, final runs by their scores on the test rows.

    Runs that may not be compared are in tables of their own, as `grouping.Basis` says. The best
    run is first; the trials of a search are in their order.

    Args:
        runs: All of them.
        folder: For `results.md`, and for each table a `results.csv` and a `val_loss.png`; of
            several tables each has a number in its files' names.
        title: Of the figures.
        trials: Of a search, the number of the trial of each run, by ID.
    """
    groups = grouping.group(runs)
    blocks: list[pd.DataFrame | str] = []
    for position, (basis, members) in enumerate(groups.items(), 1):
        suffix = ""
        if len(groups) > 1:
            suffix = f"_{position}"
            blocks.append(f"**{grouping.heading(basis, list(groups))}**")

        ordered, _, _ = ranked(members)
        if trials:
            ordered = sorted(members, key=lambda run: trials.get(run.run_id, -1))
        results = comparison(ordered, trials)
        results.to_csv(folder / f"results{suffix}.csv", index=False)
        _draw(members, folder / f"val_loss{suffix}.png", title)
        blocks += shown(results)
        if basis.final:
            blocks += over_seeds(members)

    compared = Comparison(tuple(blocks or ["No run was logged."]))
    (folder / "results.md").write_text(compared.markdown + "\n")
    return compared


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


def comparison(
    runs: Sequence[StoredRun], trials: Mapping[str, int] = MappingProxyType({})
) -> pd.DataFrame:
    """Return a row for each run: its settings that differ, its status, its results, its short ID.

    The results of a final run are its scores on the test rows; of other runs, the verdict and the
    values at the best epoch.
    """
    columns = differing.columns_of(runs, [run.params for run in runs])
    final = any(grouping.is_final(run) for run in runs)
    results = ["best_epoch", *_logged(runs, lambda name: name.startswith("best_val_"))]
    if "best_val_data_loss" in results:  # A penalty is no error: losses are compared without it.
        results = [name for name in results if name != "best_val_loss"]
    if final:
        results = _logged(runs, test_scores.is_score)
    rows = []
    for run in runs:
        row: dict[str, object] = {"trial": trials.get(run.run_id)} if trials else {}
        row |= {name: run.params.get(name, "") for name in columns} or {"run": run.name}
        row["status"] = run.status
        if not final:
            row["verdict"] = run.tags.get("verdict", "")
        scores = {name: run.metrics.get(name, math.nan) for name in results}
        if "best_val_data_loss" in scores and "best_val_data_loss" not in run.metrics:
            scores["best_val_data_loss"] = run.metrics.get("best_val_loss", math.nan)
        about = {"beats_baseline": run.tags.get("beats_baseline", ""), "id": run.run_id[:ID_LENGTH]}
        rows.append(row | scores | about)
    return pd.DataFrame(rows)


def shown(results: pd.DataFrame) -> list[pd.DataFrame | str]:
    """Return a comparison without what is the same in all rows, which a sentence says instead."""
    same = [name for name in results if len(results) > 1 and results[name].nunique(False) == 1]
    values = results.iloc[:1].to_dict("records")[0] if same else {}
    words = [f"{name} {text}" for name in same if (text := cell(values[name])) not in OF_COURSE]
    table = results.drop(columns=same)
    return [table, f"The same in all rows: {', '.join(words)}."] if words else [table]


def _narrow(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose means have their deviation beside them, and no ends of intervals."""
    means = [name for name in table if f"{name}_std" in table]
    cells = {
        name: [
            f"{number(mean)} ± {number(spread, digits=2)}"
            for mean, spread in zip(table[name], table[f"{name}_std"], strict=True)
        ]
        for name in means
    }
    of_means = [f"{name}{end}" for name in means for end in ("_std", "_low", "_high")]
    return table.assign(**cells).drop(columns=of_means, errors="ignore")


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
    columns = differing.columns_of(runs, [run.params for run in runs])
    return differing.numbered(differing.labels(runs, columns))
