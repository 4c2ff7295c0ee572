"""Changes of a series: which value they count from, and what a network makes of them."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from composition import checked
from goldilocks.encoding import differencing, encoder
from goldilocks.errors import DataError, ModelError
from goldilocks.model import Facts, conv1d, mlp, rnn, transfer
from test_series import load

MONTHS = 240
PLAIN = checked("model=mlp").regularizer
TIME = np.arange(MONTHS)
SEASON = 20 * np.sin(TIME * np.pi / 6)


@pytest.fixture
def read(tmp_path):
    """Reads a series of months."""

    def of(values, *, others=None, **how):
        months = pd.date_range("1990-01-01", periods=len(values), freq="MS")
        frame = pd.DataFrame({"when": months, "load": np.round(values, 3), **(others or {})})
        frame.to_csv(tmp_path / "months.csv", index=False)
        return load(str(tmp_path / "months.csv"), lookback=24, **how)

    return of


def noise(scale=1.0):
    return scale * np.random.default_rng(0).normal(size=MONTHS)


@pytest.mark.parametrize(
    ("values", "period"),
    [
        (noise(), 0),
        (noise().cumsum(), 1),
        (TIME + SEASON + noise(), 12),
        (TIME * 1.0 + noise(0.1), 1),
    ],
    ids=["noise", "walk", "season", "trend"],
)
def test_training_rows_decide_what_changes_count_from(read, values, period):
    data = read(values)
    train = np.arange(100)
    resolved = differencing.resolved(data, train)
    assert resolved.difference == period
    assert bool(resolved.notes[len(data.notes) :]) == bool(period)

    later = read(np.where(TIME < 140, values, 1e6 + 7 * TIME))
    assert differencing.resolved(later, train).difference == period


def test_what_is_typed_stays_and_must_be_seen(read):
    values = TIME + SEASON
    typed = differencing.resolved(read(values, difference=1), np.arange(100))
    assert (typed.difference, len(typed.notes)) == (1, len(read(values).notes))
    with pytest.raises(DataError, match=r"difference is 36.+dataset\.lags=\[36\]"):
        differencing.resolved(read(values, difference=36), np.arange(100))
    assert differencing.resolved(read(values, difference=36, lags=[36]), np.arange(60)).difference


def test_a_season_that_is_not_seen_is_named(read):
    data = replace_lookback(read, TIME + SEASON + noise())
    notes = differencing.resolved(data, np.arange(100)).notes
    assert "'dataset.lags=[12]' dataset.difference=12." in notes[-1]


def replace_lookback(read, values):
    data = read(values)
    short = replace(data.x, lookback=3)
    naive = {name: replace(forecast, windows=short) for name, forecast in data.naive.items()}
    return replace(data, x=short, y=short.targets, naive=naive)


def built(builder, data, rows, **how):
    """A model of changes behind its encoder."""
    data = differencing.resolved(data, rows)
    scale = encoder.fit(data, rows, in_order=False)
    outputs = data.y.reshape(len(data.y), -1)
    facts = Facts(
        input_shape=scale.output.shape[1:],
        outputs=outputs.shape[1],
        last_activation="linear",
        prior=outputs[rows].mean(axis=0),
        spread=outputs[rows].std(axis=0),
        difference=differencing.fit(data, rows, scale),
    )
    return encoder.attach(scale, builder.build(facts, PLAIN, **how))


OF_TEXTS = {"output_dim": 4, "vectors": None, "trainable": True}
MODELS = {
    "mlp": (mlp, {"units": 8, "layers": 1, "activation": "relu"}),
    "conv1d": (
        conv1d,
        {"filters": [4], "kernel_size": 3, "pool_size": 2, "activation": "relu", **OF_TEXTS},
    ),
}


@pytest.mark.parametrize("period", [1, 12])
@pytest.mark.parametrize("name", MODELS)
def test_a_network_whose_last_layer_is_zero_predicts_the_value_plus_the_mean_change(
    read, name, period
):
    rows, (builder, how) = np.arange(100), MODELS[name]
    data = read(TIME + SEASON, difference=period, others={"wind": noise()})
    model = built(builder, data, rows, **how)
    last = model.layers[-1].get_layer("predictions")
    last.set_weights([weight * 0 for weight in last.get_weights()])
    predicted = model.predict(data.x.seen(rows), verbose=0)[:, 0]
    values = data.x.values[data.x.starts[rows] + data.x.span - period, 0]
    change = (data.y[rows] - values).mean()
    assert predicted == pytest.approx(values + change, abs=1e-2)


def test_several_targets_and_points_each_count_from_their_own_value(read):
    other = 1000 - TIME + noise(0.1)
    rows = np.arange(100)
    data = read(
        TIME * 2.0 + noise(0.1),
        others={"other": other.round(3)},
        target=["load", "other"],
        horizon=3,
        difference=1,
    )
    model = built(mlp, data, rows, units=8, layers=1, activation="relu")
    last = model.layers[-1].get_layer("predictions")
    last.set_weights([weight * 0 for weight in last.get_weights()])
    predicted = model.predict(data.x.seen(rows), verbose=0)
    assert predicted == pytest.approx(data.y[rows], abs=1.0)


def test_a_level_that_moves_moves_predictions_and_nothing_else(read):
    rows = np.arange(100)
    data = read(noise().cumsum(), difference=1, others={"wind": noise()})
    model = built(mlp, data, rows, units=8, layers=1, activation="relu")
    seen = data.x.seen(rows[:5])
    moved = seen + np.array([50.0, 0.0], "float32")
    assert model.predict(moved, verbose=0) == pytest.approx(
        model.predict(seen, verbose=0) + 50, abs=1e-3
    )


@pytest.mark.long
def test_a_model_of_changes_is_saved_with_what_they_count_from(read, tmp_path):
    rows = np.arange(100)
    data = read(TIME + SEASON, difference=12)
    how = {"cell": "gru", "units": 4, "layers": 1, "activation": "tanh", "bidirectional": False}
    model = built(rnn, data, rows, reversed=False, **how, **OF_TEXTS)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    seen = data.x.seen(rows)
    assert again.predict(seen, verbose=0).tolist() == model.predict(seen, verbose=0).tolist()


def test_a_start_from_a_model_of_other_changes_is_refused(read):
    rows, how = np.arange(100), {"units": 8, "layers": 1, "activation": "relu"}
    data = read(TIME + SEASON, difference=12)
    source = built(mlp, data, rows, **how)
    _, model = transfer.split(built(mlp, replace(data, difference=1), rows, **how))
    with pytest.raises(ModelError, match=r"dataset\.difference=12, and here it is 1"):
        transfer.start(model, source)

    _, same = transfer.split(built(mlp, data, rows + 20, **how))
    transfer.start(same, source)
    changes = transfer.split(source)[1].get_layer("changes")
    assert same.get_layer("changes").scale == changes.scale
