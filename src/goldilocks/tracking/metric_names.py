"""Names of single metrics: those of our code <-> those in a store, which MLflow draws last.

MLflow's page of a run has a chart for each metric: first the groups, which are what stands before a
slash, then all others by their names. So the page of `baseline/val_loss` opens with bars of one
value, and the curves come a screen later. In a store, what a verdict rests on begins with
`verdict.`, and what a training took with `work.`: both sort behind `val_loss`. Stores of earlier
versions have the names of our code.
"""

import re
from collections.abc import Mapping

BEGINNINGS: Mapping[str, str] = {
    "baseline/": "verdict.baseline.",
    "null_error/": "verdict.null_error.",
    "threshold/": "verdict.threshold.",
    "verdict/": "verdict.",  # the last, since the others begin like it
    "promised/": "promised.",
}
WHOLE: Mapping[str, str] = {
    "calibration_error": "verdict.calibration_error",
    **{
        name: f"work.{name}"
        for name in ("epochs", "folds_overlap", "parameters", "train_seconds", "trainings")
    },
}
# Of a mean over several trainings, beside the curve of the mean.
SPREAD = re.compile(r"best_(val_.+)_(std|low|high)")
STORED_SPREAD = re.compile(r"(val_.+)\.best_(std|low|high)")
OURS = {theirs: name for name, theirs in WHOLE.items()}


def stored(name: str) -> str:
    """Return the name that a single metric has in a store.

    >>> stored("baseline/val_loss"), stored("best_val_loss")
    ('verdict.baseline.val_loss', 'best_val_loss')
    """
    for beginning, theirs in BEGINNINGS.items():
        if name.startswith(beginning):
            return theirs + name.removeprefix(beginning)
    if spread := SPREAD.fullmatch(name):
        return f"{spread[1]}.best_{spread[2]}"
    return WHOLE.get(name, name)


def ours(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics of a stored run by the names of our code.

    Where a run of an earlier version was annotated by this one, the later value counts.

    >>> ours({"verdict.p_go_on": 0.2, "verdict/p_go_on": 0.1, "loss": 0.5})
    {'verdict/p_go_on': 0.2, 'loss': 0.5}
    """
    by_name = {_ours(name): value for name, value in metrics.items() if _ours(name) != name}
    return {name: value for name, value in metrics.items() if _ours(name) == name} | by_name


def _ours(name: str) -> str:
    for beginning, theirs in BEGINNINGS.items():
        if name not in OURS and name.startswith(theirs):
            return beginning + name.removeprefix(theirs)
    if spread := STORED_SPREAD.fullmatch(name):
        return f"best_{spread[1]}_{spread[2]}"
    return OURS.get(name, name)
