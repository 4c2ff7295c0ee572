"""Features in step 5: what is proposed, what the network may be asked without, what is taken."""

import dataclasses
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest

from composition import checked
from goldilocks.dataset.readers.reading import DATE, NUMBER, Reading
from goldilocks.evaluation.differences import Comparison
from goldilocks.problem import Problem
from goldilocks.protocol import holdout
from goldilocks.report import grouping
from goldilocks.tracking.query import StoredRun
from goldilocks.workflow import features
from goldilocks.workflow.candidate import Candidate
from workflows import context, dataset, problem, trained

ROWS = np.arange(400)
VALIDATED = {("0", ""): (ROWS, ROWS)}
RANDOM = np.random.default_rng(0)
Y = RANDOM.normal(50, 5, 400).astype("float32")


def group(name, error, seeds=3):
    """Trainings that are off by so much."""
    random = np.random.default_rng(len(name))
    return [
        trained(name, {(str(seed), ""): (ROWS, (Y + random.normal(0, error, 400))[:, None])})
        for seed in range(seeds)
    ]


def judged(**errors):
    groups = {features.AS_IT_IS: group("plain", 2.0)}
    groups |= {name: group(name, error) for name, error in errors.items()}
    comparison = Comparison(dataset(Y, "regression"), problem("regression"), {}, 3)
    overrides = {name: (f"problem.{name}=true",) for name in errors}
    return features.Features(
        variants=features.judge(comparison, groups, overrides),
        proposed=list(errors),
        columns=0,
        silent=(),
        needed=(),
        are_alone=True,
        seeds=3,
        metric="mae",
    )


def test_what_is_better_beyond_noise_is_taken_and_nothing_else():
    found = judged(much=0.5, some=1.5, equal=2.0)
    assert found.chosen == "much"
    candidate = found.carried(Candidate("units=4", ("model.units=4",)))
    assert candidate == Candidate("units=4 much", ("model.units=4", "problem.much=true"))
    assert found.start(found.variants[features.AS_IT_IS].group[0]).candidate.name == "much"
    assert [row["trial"] for row in found.rows()] == ["much", "some", "equal"]

    nothing = judged(equal=2.0, worse=4.0)
    assert nothing.chosen == features.AS_IT_IS
    assert nothing.carried(candidate) is candidate


def asked(y, typed=(), readings=None, drop=(), times=None, **changes):
    data = dataclasses.replace(dataset(y, "regression"), readings=readings or {}, times=times)
    tree = {"dataset": {"drop": list(drop), "date_parts": "auto"}}
    of_problem = dataclasses.replace(Problem("regression", "linear", "mse", ("mae",)), **changes)
    return SimpleNamespace(
        dataset=data,
        problem=of_problem,
        typed_keys=set(typed),
        settings=SimpleNamespace(tree=tree),
    )


SKEWED = np.exp(RANDOM.normal(0, 1, 400))
DATED = {"when": Reading(kind=DATE, parts=("days", "month"))}


@pytest.mark.parametrize(
    ("given", "silent", "names"),
    [
        (asked(SKEWED), [], ["log_target"]),
        (asked(SKEWED, typed=["problem.log_target"]), [], []),
        (asked(SKEWED, log_target=True), [], []),
        (asked(SKEWED, loss="poisson"), [], []),
        (asked(SKEWED - 1), [], []),
        (asked(Y), [], []),
        (asked(Y, readings=DATED), [], ["date_parts=none"]),
        (asked(Y, readings=DATED, times=np.arange(len(Y))), [], []),
        (asked(Y, readings={"a": Reading(kind=NUMBER)}), [], []),
        (asked(Y, typed=["dataset.date_parts"], readings=DATED), [], []),
        (asked(Y), ["b", "c d"], ["2 fewer columns"]),
    ],
)
def test_what_was_typed_stays_and_only_what_may_help_is_tried(given, silent, names):
    assert list(features._proposed(given, silent, VALIDATED, has_values=True)) == names


def test_columns_are_dropped_beside_those_that_were_typed():
    given = asked(Y, drop=["id"])
    [words] = features._proposed(given, ["x, y"], VALIDATED, has_values=True).values()
    assert words == ("dataset.drop=[id,'x, y']",)


@pytest.mark.parametrize("name", ["city", "x, y", "null", "2020"])
def test_a_single_column_is_dropped_whatever_its_name(name, tmp_path):
    pd.DataFrame({name: ["a"], "y": [1.5]}).to_csv(tmp_path / "rows.csv", index=False)
    [words] = features._proposed(asked(Y), [name], VALIDATED, has_values=True).values()
    file = f"dataset.file={tmp_path / 'rows.csv'}"
    settings = checked("dataset=table", file, "dataset.target=y", *words)
    assert settings.tree["dataset"]["drop"] == [name]


def test_a_column_without_which_rows_are_equal_stays():
    size = np.arange(400) // 2 * 1.0
    frame = pd.DataFrame({"size": size, "noise": RANDOM.normal(size=400), "same": 1.0})
    frame["other"] = frame["noise"]
    data = dataclasses.replace(dataset(Y, "regression"), kind="table", x=frame)
    assert features.droppable(data, ["noise", "same"]) == ["noise", "same"]
    assert features.droppable(data, ["noise", "other", "same"]) == ["noise", "same"]

    [before, after] = (
        holdout.split(each, validation=0.25, test=0.25, seed=0)[0]
        for each in (data, dataclasses.replace(data, x=frame.drop(columns=["noise", "same"])))
    )
    assert np.array_equal(before.test, after.test)
    assert np.array_equal(before.train, after.train)


@pytest.mark.long
def test_columns_that_the_network_reads_in_vain_are_named(tmp_path, monkeypatch):
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(400, 12)), columns=list("abcdefghijkl"))
    y = (3 * frame.a - 2 * frame.b + random.normal(0, 0.5, 400)).to_numpy("float32")
    inputs = {name: keras.Input((), name=name) for name in frame}
    model = keras.Model(
        inputs,
        keras.ops.stack(
            [3 * inputs["a"] - 2 * inputs["b"] + 0.1 * sum(inputs[name] for name in "cdefghijkl")],
            axis=-1,
        ),
    )
    given = asked(y)
    given.dataset = dataclasses.replace(given.dataset, x=frame)
    given.folder, given.store = tmp_path, SimpleNamespace(load_model=lambda run_id: model)
    monkeypatch.setattr(features.query, "children", lambda store, run: [])
    monkeypatch.setattr(features, "stored_predictions", lambda store, run_id: (ROWS, None))
    start = SimpleNamespace(run=SimpleNamespace(run_id="a"))
    silent = features._silent(given, start)
    assert {"a", "b"}.isdisjoint(silent)
    assert len(silent) >= 8

    typed = asked(y)
    typed.settings.tree["dataset"].pop("drop")  # A published table has no such key.
    assert features._silent(typed, start) == []


def test_without_budget_nothing_is_trained_and_the_proposal_is_said(tmp_path):
    y = SKEWED.astype("float32")
    start = trained("a", {("0", ""): (ROWS, y[:, None] + 1)}, metrics={"train_seconds": 60.0})

    def train_one(candidate):
        seed = candidate.overrides[-1].removeprefix("seed=")
        error = RANDOM.normal(0.1 if "log" in candidate.name else 1, 0.01, (400, 1))
        return dataclasses.replace(
            start,
            candidate=candidate,
            predictions={(seed, ""): (ROWS, (y[:, None] + error).astype("float32"))},
        )

    for spend, names in (("4runs", []), ("60runs", ["a"] * 2 + ["a log_target"] * 3)):
        (tmp_path / spend).mkdir()
        data = dataset(y, "regression")
        rehearsal = context(data, folder=tmp_path / spend, spend=spend, train_one=train_one)
        found = features.compare(rehearsal, start)
        assert rehearsal.names == names
        assert found.proposed == ["log_target"]
        assert found.chosen == ("log_target" if names else features.AS_IT_IS)


def test_runs_of_the_same_rows_and_target_are_compared_whatever_their_inputs():
    def a_run(digest, rows):
        tags = {"dataset.digest": digest, "dataset.rows": rows, "problem": "regression"}
        return StoredRun(digest, digest, "FINISHED", {}, tags, {}, ())

    one, other, third = a_run("a", "r"), a_run("b", "r"), a_run("c", "s")
    assert len(grouping.group([one, other])) == 1
    assert len(grouping.group([one, third])) == 2
