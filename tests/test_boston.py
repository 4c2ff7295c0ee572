import inspect
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from goldilocks.dataset import boston, mnist, table
from goldilocks.dataset.sources import cache
from goldilocks.protocol import holdout

CONF = Path(__file__).parent.parent / "conf"


@pytest.fixture(scope="module")
def tracts():
    return boston.load(source="stand_in", subset=None)


def test_the_rows_stand_in_the_order_of_keras(tracts):
    """Against the first rows that `keras.datasets.boston_housing.load_data()` is known to
    return.
    """
    assert tracts.y[:5].tolist() == pytest.approx([15.2, 42.3, 50.0, 21.1, 17.7])
    first = [1.23247, 0.0, 8.14, 0.0, 0.538, 6.142, 91.7, 3.9769, 4.0, 307.0, 21.0, 396.9, 18.72]
    assert tracts.x.iloc[0].tolist() == first
    assert tracts.y[404:409].tolist() == pytest.approx([7.2, 18.8, 19.0, 27.0, 22.2])
    assert tracts.x.iloc[404].tolist()[:4] == [18.0846, 0.0, 18.1, 0.0]


def test_the_facts(tracts):
    assert tracts.x.shape == (506, 13)
    assert list(tracts.x.columns) == list(boston.COLUMNS)
    assert set(map(str, tracts.x.dtypes)) == {"float64"}
    assert not tracts.x.isna().any(axis=None)
    assert (tracts.y.dtype, tracts.y.min(), tracts.y.max()) == (np.float32, 5.0, 50.0)
    assert (tracts.kind, tracts.problem, tracts.unit, tracts.classes) == (
        "table",
        "regression",
        "k$",
        (),
    )
    assert tracts.fixed["test"].tolist() == list(range(404, 506))
    assert "Contested" in str(boston.__doc__)


def test_the_original_with_equal_values_has_the_same_digest(tracts, tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path))
    x, y = tracts.x.to_numpy(), tracts.y.astype(np.float64).round(1)
    loader = SimpleNamespace(load_data=lambda: ((x[:404], y[:404]), (x[404:], y[404:])))
    keras = SimpleNamespace(datasets=SimpleNamespace(boston_housing=loader))
    monkeypatch.setattr("goldilocks.backend.keras", keras)
    monkeypatch.setattr(cache, "_UNREACHABLE", set())
    published = boston.load(source="auto", subset=None)
    assert published.source == "original"
    assert published.digest == tracts.digest
    assert published.x.equals(tracts.x)


def test_the_default_holdout_keeps_a_quarter_of_the_training_rows(tracts):
    (split,) = holdout.split(tracts, validation=0.25, test=0.25, seed=0)
    assert (len(split.train), len(split.validation), len(split.test)) == (303, 101, 102)


@pytest.mark.parametrize(
    ("option", "function"),
    [
        ("dataset/boston", boston.load),
        ("dataset/mnist", mnist.load),
        ("dataset/table", table.load),
        ("protocol/holdout", holdout.split),
    ],
)
def test_the_config_names_every_parameter_and_nothing_else(option, function):
    keys = yaml.safe_load((CONF / f"{option}.yaml").read_text())
    keys.pop("defaults", None)
    keys.pop("traits")
    assert keys.pop("_target_") == f"{function.__module__}.{function.__name__}"
    parameters = [
        each for each in inspect.signature(function).parameters.values() if each.name != "dataset"
    ]
    assert list(keys) == [each.name for each in parameters]
    assert all(each.default is each.empty and each.kind is each.KEYWORD_ONLY for each in parameters)


@pytest.mark.slow
def test_the_network_of_the_notebook_has_the_error_of_the_book(tracts):
    """2.70 k$ in the notebook, 2.55 in the author's: its targets are not scaled, as those of
    `layers.last` are.
    """
    from goldilocks.backend import keras

    x, y = tracts.x.to_numpy(), tracts.y
    x = (x - x[:404].mean(axis=0)) / x[:404].std(axis=0)
    errors = []
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        layers = [
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(1),
        ]
        network = keras.Sequential(layers)
        network.compile("rmsprop", "mse", metrics=["mae"])
        network.fit(x[:404], y[:404], epochs=80, batch_size=16, verbose=0)
        errors.append(network.evaluate(x[404:], y[404:], verbose=0)[1])
    assert 2.5 < np.mean(errors) < 2.8
