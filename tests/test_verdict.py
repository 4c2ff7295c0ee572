"""The table of truths and its benchmark: what a truth is, and that the networks do what Keras does."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
GAINS = {"power": 0.4, "power_metric": 0, "stop_earlier": 0, "go_on": 0, "regularize": 0}
GAINS |= {"enlarge": 0}


@pytest.fixture(scope="module")
def table():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("verdict_table")


def line(loss, **changes):
    """A line whose interventions brought these gains, each with an error of 0.001."""
    errors = dict.fromkeys([f"{name}_error" for name in GAINS], 0.001)
    values = {"base_loss": 1, "held_base": 1, "held_best": 0.25, "loss": loss, "val_loss": "1 1"}
    return {name: str(value) for name, value in (GAINS | errors | values | changes).items()}


@pytest.mark.parametrize(
    ("loss", "changes", "expected"),
    [
        ("1 0.2", {}, ("balanced", True)),
        ("1 2.1", {}, ("diverged", True)),
        ("3 2.1", {}, ("balanced", True)),  # It ends above the baseline, but never rose.
        ("1 inf", {}, ("diverged", True)),
        ("1 0.2", {"power": 0.0009, "go_on": 0.2}, ("no_power", True)),
        ("1 0.2", {"power": 0.0015, "go_on": 0.2}, ("no_power", False)),
        ("1 0.2", {"power": 0, "power_metric": 0.2, "go_on": 0.2}, ("underfit", True)),
        ("1 0.2", {"stop_earlier": 0.05, "go_on": 0.2}, ("overfit", True)),
        ("1 0.2", {"regularize": 0.05, "enlarge": 0.2}, ("overfit", True)),
        ("1 0.2", {"enlarge": 0.05}, ("underfit", True)),
        # The smallest gain that matters is 0.02 sqrt(0.25 x 1) = 0.01.
        ("1 0.2", {"enlarge": 0.009}, ("balanced", True)),
        ("1 0.2", {"stop_earlier": 0.05, "stop_earlier_error": 0.03}, ("balanced", False)),
        ("1 0.2", {"stop_earlier": "nan", "go_on": 0.05}, ("underfit", True)),
    ],
)
def test_the_first_intervention_that_helps_is_the_truth(table, loss, changes, expected):
    truth = table.truth(line(loss, **changes))
    assert (truth.word, truth.is_settled) == expected


def test_the_table_has_many_families_of_both_halves(table):
    cases = list(table.cases())
    families = {case.family for case in cases}
    tested = {case.family for case in cases if case.is_tested}
    assert len(cases) > 1000
    assert len(tested) > 15 < len(families - tested)
    assert {case.truth.word for case in cases} == set(table.DECIDES.values()) | {
        "balanced",
        "no_power",
        "diverged",
    }
    assert table.FILE.stat().st_size < 3e6


NETWORKS = """
import keras, numpy as np, verdict_layers as layers
random = np.random.default_rng(0)
for axes, make in ((2, keras.layers.Conv2D), (1, keras.layers.Conv1D)):
    x = random.normal(size=(5, *[7] * axes, 2)).astype("float32")
    own, keras_own = layers.PenalizedConv(4), make(4, 3, padding="same")
    own(x), keras_own(x)
    kernel = random.normal(size=(3**axes * 2, 4))
    own.kernel.assign(kernel)
    keras_own.kernel.assign(kernel.reshape([3] * axes + [2, 4]))
    np.testing.assert_allclose(own(x), keras_own(x), atol=1e-4)
    pool = {2: keras.layers.MaxPooling2D, 1: keras.layers.MaxPooling1D}[axes]
    np.testing.assert_array_equal(layers.Pool()(x), pool()(x))
    own.l2.assign(0.5)
    own(x)
    np.testing.assert_allclose(own.losses[-1], 0.5 * (kernel**2).sum(), rtol=1e-5)
dropout = layers.Dropout()
x = np.ones((200, 50), "float32")
dropout(x)
dropout.rate.assign(0.25)
np.testing.assert_array_equal(dropout(x), x)
dropped = np.asarray(dropout(x, training=True))
assert set(np.unique(dropped.round(4))) == {0, np.float32(1.3333)}
assert abs((dropped == 0).mean() - 0.25) < 0.02
"""


@pytest.mark.slow
def test_networks_of_the_table_do_what_keras_does():
    pytest.importorskip("jax")
    paths = [str(BENCHMARKS), str(BENCHMARKS.parent / "src")]
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": os.pathsep.join(paths)}
    subprocess.run([sys.executable, "-c", NETWORKS], env=environment, check=True)


@pytest.mark.slow
def test_the_model_is_what_the_table_gives(table):
    model = importlib.import_module("verdict_model")
    data = model.sample([case for case in table.cases() if not case.is_tested])
    written, _, _ = model.fit(data)
    stored = model.answers._model()
    assert written["numbers"] == stored["numbers"]
    for name, weights in stored["questions"].items():
        np.testing.assert_allclose(written["questions"][name], weights, atol=0.02)
