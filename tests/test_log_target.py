"""A target of which the logarithm is learned: `problem.log_target`."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from goldilocks.config import renamed
from goldilocks.encoding.targets import check_targets, standardized
from goldilocks.errors import ConfigError, DataError, ModelError, ProblemError
from goldilocks.evaluation import scores
from goldilocks.evaluation.baseline import baseline_scores
from goldilocks.model import Facts, Regularizer, mlp, transfer
from goldilocks.problem import Problem, resolve
from goldilocks.run import run
from goldilocks.tracking import local
from test_problem import AUTO
from test_standardized import FOLDS, a_dataset

Y = np.exp(np.random.default_rng(0).normal(3, 1.5, 100)).astype("float32")
PROBLEM = Problem("regression", "linear", "mse", ("mae",), log_target=True)


def test_the_loss_is_of_logarithms_in_their_deviations_and_the_metric_in_the_unit():
    predictions = np.roll(Y, 1)[:, None]
    problem = standardized(PROBLEM, a_dataset(Y), FOLDS)
    assert problem.scale == (pytest.approx(np.log(Y[:80]).std()),)
    found = scores.scores(problem, Y[:, None], predictions)
    expected = (np.log(Y / predictions[:, 0]) / problem.scale) ** 2
    assert found["loss"] == pytest.approx(expected.mean(), rel=1e-4)
    assert found["mae"] == pytest.approx(np.abs(Y - predictions[:, 0]).mean(), rel=1e-5)


def test_no_constant_has_a_lower_loss_than_the_baseline():
    problem = standardized(PROBLEM, a_dataset(Y), FOLDS)
    rows = np.arange(100)
    least = baseline_scores(problem, a_dataset(Y), rows)["loss"]
    for constant in np.quantile(Y, np.linspace(0.05, 0.95, 50)):
        assert least <= scores.scores(problem, Y[:, None], np.full((100, 1), constant))["loss"]


def test_a_prediction_below_0_has_a_finite_loss():
    predictions = np.full((100, 1), -1.0, "float32")
    assert np.isfinite(scores.scores(PROBLEM, Y[:, None], predictions)["loss"])


@pytest.mark.parametrize(("worst", "many"), [(0.0, 1), (-2.5, 3)])
def test_targets_without_a_logarithm_are_refused_by_value_and_row(worst, many):
    y = Y.copy()
    y[7 : 7 + many] = worst
    said = rf"is {worst:g} in row 8, and 0 or less in {many} of 100 .*problem\.log_target=false"
    with pytest.raises(DataError, match=said):
        check_targets(PROBLEM, a_dataset(y), FOLDS)
    check_targets(dataclasses.replace(PROBLEM, log_target=False), a_dataset(y), FOLDS)


def test_classes_have_no_logarithm(composed):
    asked = AUTO | {"log_target": True, "override": True}
    with pytest.raises(ConfigError, match=r"log_target is true, but this is a binary problem"):
        composed("problem.log_target=true")
    with pytest.raises(ProblemError, match=r"loss poisson.* Use problem\.log_target=false"):
        resolve("regression", **asked | {"loss": "poisson"})


def network(logarithms):
    of_one = np.ones(1, "float32")
    facts = Facts((4,), 1, "linear", of_one, of_one, logarithms=logarithms)
    none = Regularizer(**dict.fromkeys(Regularizer.__dataclass_fields__, 0))
    return mlp.build(facts, none, units=4, layers=1, activation="relu")


def test_a_network_begins_at_the_mean_logarithm_and_never_says_0_or_less():
    mean, deviation = np.full(1, 3.0, "float32"), np.full(1, 1.5, "float32")
    model = network((mean, deviation))
    assert model.predict(np.zeros((1, 4)), verbose=0) == pytest.approx(np.exp(3), rel=1e-5)
    far = model.predict(np.random.default_rng(0).normal(0, 1e6, (500, 4)), verbose=0)
    assert (far > 0).all()
    assert np.isfinite(far).all()


def test_weights_of_the_other_kind_are_refused(monkeypatch):
    logarithms = network((np.ones(1, "float32"), np.ones(1, "float32")))
    monkeypatch.setattr(transfer, "split", lambda source: (None, source))
    with pytest.raises(ModelError, match=r"Type problem\.log_target=true\."):
        transfer.start(network(None), logarithms)
    with pytest.raises(ModelError, match=r"Type problem\.log_target=false\."):
        transfer.start(logarithms, network(None))
    transfer.start(network((np.zeros(1, "float32"), np.ones(1, "float32"))), logarithms)


def test_a_run_of_an_earlier_version_has_learned_no_logarithm():
    stored = {"dataset": {}, "model": {}, "problem": {"type": "auto"}}
    assert renamed.tree(stored)["problem"] == {"type": "auto", "log_target": False}


def prices(unit=1.0):
    random = np.random.default_rng(0)
    size, rooms = random.normal(size=300), random.normal(size=300)
    price = np.exp(3 + size - rooms + random.normal(0, 0.3, 300)) * unit
    return pd.DataFrame({"size": size, "rooms": rooms, "price": price})


@pytest.mark.long
def test_a_run_learns_logarithms_and_scores_in_the_unit(folder, composed):
    store = local.connect(uri=None, experiment="goldilocks")
    words = ["dataset=table", "dataset.file=t.csv", "dataset.target=price", "trainer.epochs=3"]
    losses, errors = [], []
    for unit in (1.0, 1000.0):
        prices(unit).to_csv("t.csv", index=False)
        run_id = run.track(composed(*words, "problem.log_target=true")).run_id
        metrics = store.get_run(run_id).metrics
        losses.append(metrics["best_val_loss"])
        errors.append(metrics["best_val_mae"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert errors[1] == pytest.approx(1000 * errors[0], rel=1e-2)
