"""The loss of targets in their deviations: `encoding.targets` and `evaluation.losses`."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import check_targets, standardized
from goldilocks.errors import DataError
from goldilocks.evaluation import measures, scores
from goldilocks.problem import Problem, standard
from goldilocks.protocol import Split
from goldilocks.run import run
from goldilocks.tracking import local, metric_names

Y = np.random.default_rng(0).normal(50, 8, 100).astype("float32")
PROBLEM = Problem("regression", "linear", "mse", ("mae",))
FOLDS = (
    Split(np.arange(40), np.arange(40, 80), np.arange(80, 100)),
    Split(np.arange(40, 80), np.arange(40), np.arange(80, 100)),
)


def a_dataset(y):
    return Dataset(
        name="table",
        kind="table",
        problem="regression",
        x=pd.DataFrame({"size": np.arange(len(y), dtype=float)}),
        y=np.asarray(y, "float32"),
        classes=(),
        source="original",
        location="memory",
        digest="0" * 64,
    )


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "log_cosh"])
@pytest.mark.parametrize("unit", [2.0**-17, 2.0**17])
def test_the_loss_does_not_know_the_unit_and_the_metrics_do(loss, unit):
    problem = dataclasses.replace(PROBLEM, loss=loss)
    predictions = (Y[::-1] * 0.5 + 20)[:, None]
    expected = scores.scores(standardized(problem, a_dataset(Y), FOLDS), Y[:, None], predictions)
    other = standardized(problem, a_dataset(Y * unit), FOLDS)
    found = scores.scores(other, Y[:, None] * unit, predictions * unit)
    assert found["loss"] == expected["loss"]
    assert found["mae"] == pytest.approx(expected["mae"] * unit)
    of_rows = measures.get("loss").per_row(other, Y[:, None] * unit, predictions * unit)
    assert of_rows.mean() == pytest.approx(found["loss"])


def test_the_loss_is_keras_s_of_what_is_divided():
    problem = standardized(dataclasses.replace(PROBLEM, loss="huber"), a_dataset(Y), FOLDS)
    predictions = Y[::-1, None]
    expected = keras.losses.huber(Y[:, None] / problem.scale, predictions / problem.scale)
    found = scores.scores(problem, Y[:, None], predictions)["loss"]
    assert found == pytest.approx(float(np.mean(expected)))


def test_every_fold_has_one_scale_and_the_test_rows_do_not_change_it():
    other = Y.copy()
    other[80:] = 1e6
    scale = standardized(PROBLEM, a_dataset(Y), FOLDS).scale
    assert scale == (pytest.approx(Y[:80].std()),)
    assert standardized(PROBLEM, a_dataset(other), FOLDS).scale == scale
    assert standardized(PROBLEM, a_dataset(Y), FOLDS[1:]).scale == scale
    assert standardized(PROBLEM, a_dataset(Y), [FOLDS[0].joined()]).scale == scale


def test_several_targets_have_a_scale_each():
    y = np.stack([Y, Y * 1000], axis=1)
    first, second = standardized(PROBLEM, a_dataset(y), FOLDS).scale
    assert second == pytest.approx(1000 * first)


def test_a_loss_without_a_unit_stays_as_it_is():
    problem = dataclasses.replace(PROBLEM, loss="poisson")
    assert standardized(problem, a_dataset(Y), FOLDS) == problem


@pytest.mark.parametrize("unit", [1e-30, 1e-5, 1.0, 1e5, 1e30])
def test_targets_of_every_size_may_be_learnt(unit):
    check_targets(PROBLEM, a_dataset(Y * unit), FOLDS)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.full(100, 7.0), "is 7 in each of the 40 training rows of split 1 of 2"),
        (np.where(np.arange(100) < 40, Y, 3.0), "is 3 in each of the 40 training rows of split 2"),
        (1_700_000_000 + Y, "the distance of float32 numbers of its size"),
    ],
)
def test_targets_that_do_not_vary_are_refused(y, words):
    with pytest.raises(DataError, match=words):
        check_targets(PROBLEM, a_dataset(y), FOLDS)


def test_of_several_targets_the_one_that_does_not_vary_is_named():
    outputs = dict.fromkeys(("a", "b"))
    y = np.stack([Y, np.full(100, 7.0)], axis=1)
    with pytest.raises(DataError, match="target 'b' is 7 in each of the 40 training rows"):
        check_targets(PROBLEM, dataclasses.replace(a_dataset(y), outputs=outputs), FOLDS)
    many = dataclasses.replace(a_dataset(y), outputs=dict.fromkeys(range(301)))
    with pytest.raises(DataError, match=r"301 numbers .* at most 300\..* dataset\.horizon"):
        check_targets(PROBLEM, many, FOLDS)


def test_a_label_that_does_not_vary_in_training_rows_is_refused():
    y = np.ones((100, 2))
    y[::2, 0] = y[40:, 1] = 0
    labels = dataclasses.replace(a_dataset(y), problem="multilabel", classes=("red", "very big"))
    said = r"'very big' is 1 in .* 40 training rows of split 1 of 2; 40 of all 100 rows have it\."
    with pytest.raises(DataError, match=rf"{said} .* 'dataset\.drop_classes=very big'\."):
        check_targets(standard("multilabel"), labels, FOLDS)
    y[::3, 1] = y[60:, 1] = 1
    y[1::3, 1] = 0
    check_targets(standard("multilabel"), dataclasses.replace(labels, y=y), FOLDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [(), ("problem.loss=huber",), ("regularizer=l2", "regularizer.l2=0.001"), ("protocol=kfold",)],
)
def test_the_same_rows_are_learnt_alike_in_every_unit(settings, folder, composed):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"size": random.uniform(40, 200, 600), "rooms": random.integers(1, 7, 600)}
    )
    worth = frame["size"] * 2.5 + frame["rooms"] * 9 + random.normal(0, 12, 600)
    store = local.connect(uri=None, experiment="goldilocks")
    explained, verdicts = [], set()
    for unit in (1e-5, 1e-2, 1.0, 1e3, 1e5):
        frame.assign(worth=worth * unit).to_csv("rows.csv", index=False)
        table = ("dataset=table", "dataset.file=rows.csv", "dataset.target=worth")
        run.run(composed(*table, "trainer.epochs=30", *settings))
        [logged, *_] = store.client.search_runs([store.experiment_id], "tags.role != 'fold'")
        metrics = metric_names.ours(logged.data.metrics)
        explained.append(1 - metrics["best_val_loss"] / metrics["baseline/val_loss"])
        verdicts.add(logged.data.tags["verdict"])
    assert max(explained) - min(explained) < 0.01
    assert min(explained) > 0.9
    assert len(verdicts) == 1
