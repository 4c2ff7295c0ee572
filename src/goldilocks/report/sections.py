"""Runs -> sections: those that may be compared stand in one, with their variants ranked and set against the best."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from goldilocks.evaluation.differences import Difference, between_trainings, holm
from goldilocks.problem import PROBLEMS, higher_is_better
from goldilocks.report import variants
from goldilocks.report.variants import Histories, Variant
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import PARENT, PARTS

# One measure under two names: of classes as vectors, and as whole numbers.
SAME_LOSS = {"categorical_crossentropy": "sparse_categorical_crossentropy"}


class Data(NamedTuple):
    """What must be equal for values to be compared, in words, "" where the store does not say.

    Attributes:
        dataset: Its name.
        source: "original" or "stand_in".
        digest: Of rows and targets.
        problem: Its type.
        loss: Keras's name.
        final: "final" of runs that looked at the test rows, else "".
    """

    dataset: str
    source: str
    digest: str
    problem: str
    loss: str
    final: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """Runs that may be compared.

    Attributes:
        data: What is equal in all of them.
        runs: All of them, with folds and repeats.
        measures: What they are compared by, the first one ranks them: "val_loss", "val_mae",
            "test_loss" and so on.
        variants: The best first; those without a value last.
        reference: What the others are set against: the best variant of several trainings, else the
            best; None where no variant has a value.
        differences: Of each other variant with a value to the reference, by name.
        columns: The settings in which variants differ, each said once.
        settings: For each setting that differs, its values; the seed stands among them.
        same: The settings that are equal in all runs.
    """

    data: Data
    runs: tuple[StoredRun, ...]
    measures: tuple[str, ...]
    variants: tuple[Variant, ...]
    reference: Variant | None
    differences: Mapping[str, Difference]
    columns: tuple[str, ...]
    settings: Mapping[str, tuple[str, ...]]
    same: Mapping[str, str]


def apart(runs: Sequence[StoredRun]) -> dict[Data, list[StoredRun]]:
    """The runs of each data, loss and problem; a fold or repeat stands where the run above it does."""
    groups: dict[Data, list[StoredRun]] = {}
    of = {run.run_id: data_of(run) for run in runs}
    for run in runs:
        above = run.tags.get(PARENT, "") if run.tags.get("role") in PARTS else ""
        groups.setdefault(of.get(above, of[run.run_id]), []).append(run)
    return groups


def data_of(run: StoredRun) -> Data:
    """What a run's values are about."""
    problem, loss = run.tags.get("problem", ""), run.params.get("problem.loss", "")
    if loss == "auto" and problem in PROBLEMS:
        loss = PROBLEMS[problem].losses[0]
    return Data(
        dataset=run.params.get("dataset", ""),
        source=run.tags.get("dataset.source", ""),
        digest=run.tags.get("dataset.digest", ""),
        problem=problem,
        loss=SAME_LOSS.get(loss, loss),
        final="final" if run.params.get("final") == "true" else "",
    )


def measures(runs: Sequence[StoredRun]) -> tuple[str, ...]:
    """What runs are compared by: what most of them monitor, the loss, and the measure of success."""
    monitors = Counter(run.params.get("trainer.monitor", "val_loss") for run in runs).most_common(1)
    first = monitors[0][0].replace("val_data_loss", "val_loss")
    names = list(dict.fromkeys([first, "val_loss", f"val_{success(runs)}"]))
    final = runs[0].params.get("final") == "true"
    return tuple(name.replace("val_", "test_", 1) for name in names) if final else tuple(names)


def success(runs: Sequence[StoredRun]) -> str:
    """The measure of success, by Keras's name; "loss" where the store does not say."""
    asked, problem = runs[0].params.get("problem.metrics", "auto"), runs[0].tags.get("problem", "")
    if asked.startswith("["):
        return str(json.loads(asked)[0])
    return PROBLEMS[problem].metrics[0] if problem in PROBLEMS else "loss"


def curves_of(runs: Sequence[StoredRun]) -> list[str]:
    """The metrics whose histories a section needs."""
    names = [
        name
        for group in apart(runs).values()
        for name in measures(group)
        if name.startswith("val_")
    ]
    return list(dict.fromkeys([*names, "val_loss", "val_data_loss"]))


def sections(runs: Sequence[StoredRun], histories: Histories) -> list[Section]:
    """The sections of runs, in the order in which their first runs started.

    Args:
        runs: With the folds and repeats below them.
        histories: Of all of them, of `curves_of` them.
    """
    return [_section(data, group, histories) for data, group in apart(runs).items()]


def _section(data: Data, runs: Sequence[StoredRun], histories: Histories) -> Section:
    names = measures(runs)
    found = variants.group(runs, histories, names)
    measured = (
        tuple(name for name in names if any(name in each.values for each in found)) or names[:1]
    )
    ranked = sorted(found, key=lambda each: _rank(each, measured[0]))
    reference = _reference(ranked, measured[0])
    tops = [run for each in ranked for run in each.runs]
    values = {
        name: tuple(dict.fromkeys(run.params.get(name, "") for run in tops))
        for name in _all_names(tops)
    }
    columns = variants.differing([each.runs[0] for each in ranked])
    shown = [*columns, *(["seed"] if len(values.get("seed", ())) > 1 else [])]
    return Section(
        data=data,
        runs=tuple(runs),
        measures=measured,
        variants=tuple(ranked),
        reference=reference,
        differences=_differences(ranked, reference, measured[0]) if reference else {},
        columns=tuple(columns),
        settings={name: values[name] for name in shown},
        same={name: found[0] for name, found in values.items() if len(found) == 1},
    )


def _all_names(runs: Sequence[StoredRun]) -> list[str]:
    return list(dict.fromkeys(name for run in runs for name in run.params))


def _rank(variant: Variant, measure: str) -> tuple[bool, float]:
    """Sorts the best first, and what has no finite value last."""
    spread = variant.spread(measure)
    if spread is None or not math.isfinite(spread.mean):
        return True, 0.0
    better = higher_is_better(measure)
    return False, -spread.mean if better else spread.mean


def _reference(ranked: Sequence[Variant], measure: str) -> Variant | None:
    """The best variant of several trainings: a single one may be best by luck, and nothing can be told against it."""
    judged = [each for each in ranked if measure in each.values]
    several = [
        each for each in judged if len(each.values[measure]) > 1 and not _rank(each, measure)[0]
    ]
    return next(iter([*several, *judged]), None)


def _differences(
    ranked: Sequence[Variant], reference: Variant, measure: str
) -> dict[str, Difference]:
    """Return the difference of each other variant with values to the reference, by name."""
    differences = {}
    for variant in ranked:
        if variant is reference or measure not in variant.values:
            continue

        values, others = variant.values[measure], reference.values[measure]
        overlap = max(variant.overlap, reference.overlap)
        difference = between_trainings(values, others, overlap=overlap)
        if variant.rows != reference.rows and not difference.reason.startswith("a value"):
            reason = "judged on other rows, so seeds are no pairs"
            difference = Difference(mean=math.nan, pairs=0, over=difference.over, reason=reason)
        differences[variant.name] = difference

    return holm(differences)
