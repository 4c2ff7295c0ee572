"""Runs -> sections: the variants of each group, ranked and compared with the best."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from goldilocks.evaluation.family import Difference, Family, Key, Scored
from goldilocks.evaluation.measures import higher_is_better
from goldilocks.report import differing, grouping, variants
from goldilocks.report.grouping import Basis
from goldilocks.report.variants import Histories, Variant
from goldilocks.tracking import query
from goldilocks.tracking.query import StoredRun

# The ID of a run and a measure -> the values and clusters of its rows, as `run.context.stored_rows`
# reads them.
ReadRows = Callable[[str, str], tuple[pd.Series, pd.Series] | None]


@dataclass(frozen=True, kw_only=True)
class Section:
    """Runs that may be compared.

    Attributes:
        basis: What all of them share.
        runs: All of them, with folds and repeats.
        measures: What they are compared by, such as "val_loss", "val_mae" or "test_loss"; the first
            one ranks them.
        higher: Of each measure, whether more of it is better.
        variants: The best first; those without a value last.
        reference: What the others are compared with: the best variant of several trainings, else
            the best; None where no variant has a value.
        differences: Of each other variant with a value from the reference, by name.
        columns: The settings in which variants differ, each once.
        settings: For each setting that differs, the seed included, its values.
        same: The settings that are equal in all runs.
    """

    basis: Basis
    runs: tuple[StoredRun, ...]
    measures: tuple[str, ...]
    higher: Mapping[str, bool]
    variants: tuple[Variant, ...]
    reference: Variant | None
    differences: Mapping[str, Difference]
    columns: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...]]
    same: Mapping[str, str]

    @property
    def best_value(self) -> float | None:
        """Return the mean of the first measure of the best variant; None where it is not finite."""
        spread = self.variants[0].spread(self.measures[0])
        if spread is None or not math.isfinite(spread.mean):
            return None
        return spread.mean


def sections(
    runs: Sequence[StoredRun],
    histories: Histories,
    read_rows: ReadRows,
    *,
    rank_by: str = "",
) -> list[Section]:
    """Return the sections of runs, in the order in which their first runs started.

    Args:
        runs: With the folds and repeats below them.
        histories: Of all of them, of the metrics that `curve_names` returns.
        read_rows: Reads what a run has stored of its rows.
        rank_by: The measure that ranks them; "": the primary metric.
    """
    return [
        _section(basis, members, histories, read_rows, rank_by)
        for basis, members in grouping.group(runs).items()
    ]


def measures(runs: Sequence[StoredRun]) -> tuple[str, ...]:
    """Return what runs of a group are compared by: primary metric, usual monitor and loss."""
    [(monitor, _)] = Counter(variants.monitor(run) for run in runs).most_common(1)

    primary = f"val_{grouping.basis(runs[0]).metric}"
    names = tuple(dict.fromkeys([primary, monitor.split()[0], "val_loss"]))
    if grouping.is_final(runs[0]):
        return tuple(name.replace("val_", "test_", 1) for name in names)
    return names


def curve_names(runs: Sequence[StoredRun]) -> list[str]:
    """Return the metrics whose histories the sections of runs need."""
    names = [name for members in grouping.group(runs).values() for name in measures(members)]
    validated = [name for name in names if name.startswith("val_")]
    validated += ["val_loss", "val_data_loss"]
    return list(dict.fromkeys(validated + [name.removeprefix("val_") for name in validated]))


def _section(
    basis: Basis,
    runs: Sequence[StoredRun],
    histories: Histories,
    read_rows: ReadRows,
    rank_by: str,
) -> Section:
    names = tuple(sorted(measures(runs), key=lambda name: name != rank_by))
    unranked = variants.group(runs, histories, names)
    shown = tuple(name for name in names if any(name in variant.values for variant in unranked))
    shown = shown or names[:1]

    first, directions = shown[0], query.own_metrics(runs)
    higher = {name: higher_is_better(name, directions) for name in {*shown, "val_loss"}}
    ranked = sorted(unranked, key=lambda variant: _rank(variant, first, higher=higher[first]))
    reference = _reference(ranked, first)

    settings = _settings(ranked)
    first_runs = [variant.runs[0] for variant in ranked]
    columns = differing.columns_of(first_runs, list(map(variants.configuration, first_runs)))
    varied = [*columns, "seed"] if len(settings.get("seed", ())) > 1 else columns
    return Section(
        basis=basis,
        runs=tuple(runs),
        measures=shown,
        higher=higher,
        variants=tuple(ranked),
        reference=reference,
        differences=_differences(ranked, reference, first, read_rows) if reference else {},
        columns=tuple(columns),
        settings={name: settings[name] for name in varied},
        same={name: values[0] for name, values in settings.items() if len(values) == 1},
    )


def _settings(ranked: Sequence[Variant]) -> dict[str, tuple[str, ...]]:
    """Return all values of each setting."""
    params = pd.DataFrame([run.params for variant in ranked for run in variant.runs]).fillna("")
    return {name: tuple(values.unique()) for name, values in params.items()}


def _rank(variant: Variant, measure: str, *, higher: bool) -> tuple[bool, float]:
    """Return a key that sorts the best first, and what has no finite value last."""
    spread = variant.spread(measure)
    if spread is None or not math.isfinite(spread.mean):
        return True, 0.0
    return False, -spread.mean if higher else spread.mean


def _reference(ranked: Sequence[Variant], measure: str) -> Variant | None:
    """Return the best variant of several trainings, else the best.

    A single training may be best by luck, and no difference from it can be tested.
    """
    with_values = [variant for variant in ranked if measure in variant.values]
    for variant in with_values:
        spread = variant.spread(measure)
        if spread is not None and spread.count > 1 and math.isfinite(spread.mean):
            return variant
    return next(iter(with_values), None)


def _differences(
    ranked: Sequence[Variant], reference: Variant, measure: str, read_rows: ReadRows
) -> dict[str, Difference]:
    """Return the difference of each other variant with values from the reference, by name."""
    compared = [variant for variant in ranked if measure in variant.values]
    if len(compared) < 2:
        return {}

    clusters: list[pd.Series] = []
    models = [_scored(variant, measure, read_rows, clusters) for variant in compared]
    of_rows = pd.concat(clusters) if clusters else None
    overlaps = [variant.overlap for variant in compared]
    family = Family(
        models,
        higher=True,  # What is shown is not how much better, but the difference.
        clusters=None if of_rows is None else of_rows[~of_rows.index.duplicated()],
        overlap=max(overlap or 0.0 for overlap in overlaps),
    )
    best, differences = compared.index(reference), {}
    for number, variant in enumerate(compared):
        if number == best:
            continue
        difference = family.difference(number, best)
        if None in overlaps and not difference.rows:
            # Folds share training rows; without their overlap the mean is known, but not its error.
            reason = difference.reason or "folds were stored without their overlap"
            difference = Difference(
                mean=difference.mean, pairs=difference.pairs, over=difference.over, reason=reason
            )
        differences[variant.name] = difference
    return differences


def _scored(
    variant: Variant, measure: str, read_rows: ReadRows, clusters: list[pd.Series]
) -> Scored:
    """Return the scores of a variant; the clusters of its rows are added to `clusters`.

    Of folds and repeats, the values of rows are of each one's own best epoch.
    """
    scores = variant.values[measure]
    name = measure.removeprefix("val_").removeprefix("test_")
    rows: dict[Key, pd.Series] = {}
    for key in scores:
        stored = read_rows(variant.trainings[key].run_id, name)
        if stored is None:
            return Scored(trainings=scores)
        rows[key] = stored[0]
        clusters.append(stored[1])
    return Scored(trainings=scores, rows=rows)
