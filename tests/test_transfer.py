import keras
import numpy as np
import pandas
import pytest

from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder as encoding
from goldilocks.errors import ModelError
from goldilocks.model import Facts, mlp, transfer
from test_model import NONE, facts, regularized


def table(rooms, kinds=("flat", "house")):
    return Dataset(
        name="table",
        kind="table",
        problem="regression",
        x=pandas.DataFrame(
            {"rooms": rooms, "kind": pandas.Series([*kinds] * (len(rooms) // 2), dtype=object)}
        ),
        y=np.zeros(len(rooms), "float32"),
        classes=(),
        source="stand_in",
        location="",
        digest="",
    )


def encoder(data):
    return encoding.fit(data, np.arange(len(data.y)), in_order=False)


def network(columns=4, units=4, mean=1.0, spread=2.0, regularizer=NONE):
    prior, deviation = np.array([mean], "float32"), np.array([spread], "float32")
    targets = Facts((columns,), 1, "linear", prior, deviation)
    return mlp.build(targets, regularizer, units=units, layers=2, activation="relu")


@pytest.fixture
def logged(tmp_path):
    """A model as a store gives it back, and what it was before."""
    keras.utils.set_random_seed(0)
    whole = encoding.attach(encoder(table(np.arange(20.0))), network(mean=20.0, spread=5.0))
    whole.save(tmp_path / "model.keras")
    return keras.saving.load_model(tmp_path / "model.keras"), whole


def test_a_new_model_starts_where_the_source_run_ended(logged):
    earlier, whole = logged
    data = table(np.arange(100.0, 140.0), ("house", "tent"))
    model = network(regularizer=regularized(dropout=0.5, l2=0.1))
    transfer.start(model, earlier)
    fitted = transfer.encoder(earlier, encoder(data))
    rows = encoding.raw(data, np.arange(40))
    predicted = encoding.attach(fitted, model).predict(rows, verbose=0)
    np.testing.assert_allclose(predicted, whole.predict(rows, verbose=0), rtol=1e-5)
    assert abs(encoder(data)(rows) - fitted(rows)).numpy().max() > 1, (
        "fitted on its own rows it would be another"
    )
    model.layers[1].kernel.assign(model.layers[1].kernel + 1)
    np.testing.assert_allclose(
        earlier.predict(rows, verbose=0), whole.predict(rows, verbose=0), rtol=1e-5
    )


def test_the_new_model_keeps_its_trainable_flags(logged):
    model = network()
    model.layers[1].trainable = False
    transfer.start(model, logged[0])
    assert len(model.trainable_weights) == 4
    np.testing.assert_array_equal(model.layers[1].kernel, logged[1].layers[-1].layers[1].kernel)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (
            lambda: network(units=[4, 5]),
            r"layer dense\w* with weights of 4x5 and 5 where that run has the layer dense\w* with "
            r".+ 4x4 and 4\.",
        ),
        (
            lambda: network(units=[4, 4, 1]),
            r"predictions with .+ 1x1 and 1 where that run has no further layer\.",
        ),
        (
            lambda: network(columns=7),
            r"layer dense\w* with weights of 7x4 and 4 where that run has .+ 4x4 and 4\.",
        ),
        (
            lambda: mlp.build(facts((4,)), NONE, units=[], layers=0, activation="relu"),
            r"predictions with weights of 4x1 and 1 where that run has the layer dense",
        ),
    ],
)
def test_the_first_layer_that_differs_is_named_and_nothing_changes(logged, model, sentence):
    ours = model()
    before = ours.get_weights()
    with pytest.raises(ModelError, match=sentence + r".*Expected the same layers: .+base=run\)\.$"):
        transfer.start(ours, logged[0])
    for old, new in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_model_with_too_few_layers_is_refused(logged):
    short = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), keras.layers.Dense(4)])
    with pytest.raises(
        ModelError,
        match=r"this model has no further layer where that run has the layer predictions",
    ):
        transfer.start(short, logged[0])


def test_raw_rows_that_differ_are_refused(logged):
    data = table(np.arange(20.0))
    other = Dataset(**{**vars(data), "x": data.x.rename(columns={"rooms": "floors"})})
    with pytest.raises(
        ModelError,
        match=r"its input floors is not there, and here it is float32 \(rows\)\. Expected",
    ):
        transfer.encoder(logged[0], encoder(other))
    pixels = keras.Input((4, 4, 3), dtype="uint8", name="pixels")
    small = keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels))
    larger = keras.Input((8, 8, 3), dtype="uint8", name="pixels")
    inner = mlp.build(facts((8, 8, 3)), NONE, units=4, layers=1, activation="relu")
    earlier = encoding.attach(keras.Model(larger, keras.layers.Rescaling(1 / 255)(larger)), inner)
    with pytest.raises(
        ModelError,
        match=r"pixels is uint8 \(rows, 8, 8, 3\), and here it is uint8 \(rows, 4, 4, 3\)",
    ):
        transfer.encoder(earlier, small)
    assert transfer.encoder(earlier, keras.Model(larger, larger)).output_shape == (None, 8, 8, 3)


def test_a_model_of_another_program_is_refused():
    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="mine")
    for wanted in (transfer.split, lambda model: transfer.encoder(model, model)):
        with pytest.raises(
            ModelError,
            match=r"the model mine is not an encoder with a network behind it",
        ):
            wanted(plain)
