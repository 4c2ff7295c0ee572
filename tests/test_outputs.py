import dataclasses

import numpy as np
import pytest

from goldilocks.dataset import Dataset
from goldilocks.evaluation.baseline import baseline_scores
from goldilocks.evaluation.outputs import scores_of_each
from goldilocks.evaluation.scores import scores
from goldilocks.problem import standard

GENERATOR = np.random.default_rng(0)
TRUTH = GENERATOR.normal(size=(50, 3)).astype("float32") * np.array([1, 100, 1e-3], "float32")
PREDICTIONS = (0.7 * TRUTH).astype("float32")
PROBLEM = dataclasses.replace(standard("regression"), scale=tuple(TRUTH.std(axis=0).tolist()))
DATA = Dataset(
    name="table",
    kind="table",
    problem="regression",
    x=None,
    y=TRUTH,
    classes=(),
    source="original",
    location="here",
    digest="",
    outputs=dict.fromkeys("abc"),
)


def test_each_label_has_its_scores_and_their_mean_is_the_score():
    y = (np.random.default_rng(1).random((50, 3)) < [0.5, 0.3, 0.2]).astype("float32")
    data = dataclasses.replace(DATA, problem="multilabel", y=y, outputs={}, classes=("x", "y", "z"))
    chosen = dataclasses.replace(
        standard("multilabel", (0.5, 0.2, 0.7)), metrics=("average_precision", "recall")
    )
    predicted = np.clip(0.3 * y + GENERATOR.uniform(0, 0.7, y.shape), 0, 1).astype("float32")
    rows = scores_of_each(chosen, data, np.arange(50), predicted)
    assert [row["output"] for row in rows] == ["x", "y", "z"]
    of_all = scores(chosen, y, predicted)
    for name in ("loss", "average_precision", "recall"):
        assert np.mean([row[name] for row in rows]) == pytest.approx(of_all[name], rel=1e-5)
    shares = [row["baseline_average_precision"] for row in rows]
    assert shares == pytest.approx(y.mean(axis=0).tolist())


def test_each_output_has_its_scores_and_their_mean_is_the_score():
    every = np.arange(len(TRUTH))
    rows = scores_of_each(PROBLEM, DATA, every, PREDICTIONS)
    assert [row["output"] for row in rows] == ["a", "b", "c"]
    of_all = scores(PROBLEM, TRUTH, PREDICTIONS)
    baseline = baseline_scores(PROBLEM, DATA, every)
    for name in ("loss", "mae"):
        assert np.mean([row[name] for row in rows]) == pytest.approx(of_all[name], rel=1e-5)
        of_baseline = [row[f"baseline_{name}"] for row in rows]
        assert np.mean(of_baseline) == pytest.approx(baseline[name], rel=1e-5)
    errors = np.abs(TRUTH - PREDICTIONS).mean(axis=0)
    assert [row["mae"] for row in rows] == pytest.approx(errors.tolist(), rel=1e-5)


def test_one_number_has_no_scores_beside_its_own():
    one = dataclasses.replace(DATA, outputs={})
    assert scores_of_each(PROBLEM, one, np.arange(50), PREDICTIONS) == []
