"""What tests of workflows share: data sets in memory, and trainings made by hand."""

import numpy as np
import pandas

from goldilocks.dataset import Dataset
from goldilocks.problem import PROBLEMS, Problem
from goldilocks.tracking.query import StoredRun
from goldilocks.workflow.runner import Candidate, Trained


def dataset(y, problem, kind="table", **more):
    """A data set of so many rows, with nothing in them."""
    y = np.asarray(y, "float32" if problem in ("binary", "regression") else "int64")
    classes = {"binary": ("no", "yes"), "multiclass": tuple("abcdefghij")[: int(y.max()) + 1]}.get(
        problem, ()
    )
    return Dataset(
        name="table",
        kind=kind,
        problem=problem,
        x=pandas.DataFrame({"a": np.zeros(len(y))}),
        y=y,
        classes=classes,
        source="original",
        location="here",
        digest="0" * 64,
        **more,
    )


def problem(kind, metric=None):
    row = PROBLEMS[kind]
    return Problem(kind, row.last_activation, row.losses[0], (metric or row.metrics[0],))


def trained(name, judged, *, metrics=None, verdict="balanced", overrides=()):
    """A training, by what it predicted of which rows: {(seed, fold): (rows, predictions)}."""
    numbers = {
        "parameters": 10.0,
        "best_epoch": 5.0,
        "epochs": 10.0,
        "train_seconds": 1.0,
        **(metrics or {}),
    }
    run = StoredRun(name, name, "FINISHED", {}, {"verdict": verdict}, numbers, ())
    return Trained(Candidate(name, tuple(overrides)), run, judged)
