"""What tests of workflows share: data sets in memory, contexts, and trainings made by hand."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas

from composition import checked
from goldilocks.dataset import Dataset
from goldilocks.problem import PROBLEMS, Problem
from goldilocks.tracking.query import StoredRun
from goldilocks.workflow import budget
from goldilocks.workflow.candidate import Candidate, Trained
from goldilocks.workflow.context import Context


def dataset(y, problem, kind="table", **more):
    """A data set of so many rows, with nothing in them."""
    y = np.asarray(y, "float32" if problem in ("binary", "regression") else "int64")
    classes = {"binary": ("no", "yes"), "multiclass": tuple("abcdefghij")[: int(y.max()) + 1]}
    return Dataset(
        name="table",
        kind=kind,
        problem=problem,
        x=pandas.DataFrame({"a": np.zeros(len(y))}),
        y=y,
        classes=classes.get(problem, ()),
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


@dataclass(kw_only=True)
class Rehearsal(Context):
    """A context that trains nothing: `train_one` is called with each candidate."""

    train_one: object = None
    names: list[str] = field(default_factory=list)
    loaded: dict[str, Trained] = field(default_factory=dict)

    def train(self, candidates, folder):
        self.names.extend(candidate.name for candidate in candidates)
        return [self.train_one(candidate) for candidate in candidates]

    def settings_of(self, candidate):
        return checked(*self.settings.overrides, *candidate.overrides)

    def load(self, runs):
        return [self.loaded[run_id] for run_id in runs.run_ids]


def context(data, typed=(), *, metric=None, folder=Path(), spend="20runs", kind=Rehearsal, **more):
    """The context of a step, of a data set in memory."""
    return kind(
        settings=checked("dataset=boston", *typed),
        base=(),
        together=False,
        store=None,
        dataset=data,
        problem=problem(data.problem, metric),
        budget=budget.read(spend, folder),
        room=SimpleNamespace(shared=[{}, {}]),
        folder=folder,
        overhead=1.0,
        **more,
    )
