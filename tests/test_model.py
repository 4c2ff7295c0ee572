import keras
import numpy as np
import pytest

from goldilocks.errors import ModelError
from goldilocks.model import Facts, Regularizer, baseline, convnet, mlp

PARTS = (
    "l1",
    "l2",
    "dropout",
    "recurrent_dropout",
    "flip",
    "rotation",
    "translation",
    "shear",
    "zoom",
)
NONE = Regularizer(**{**dict.fromkeys(PARTS, 0.0), "flip": False}, patience=None)  # pyright: ignore
CHAPTER_6 = [32, 64, 128, 128]


def facts(shape, outputs=1, last_activation="sigmoid"):
    return Facts(shape, outputs, last_activation, np.full(outputs, 1 / outputs, "float32"), None)


def regularized(**parts):
    return Regularizer(**{**{part: getattr(NONE, part) for part in (*PARTS, "patience")}, **parts})


def a_convnet(shape, regularizer=NONE, *, filters, layers="auto", units=8, outputs=1):
    return convnet.build(
        facts(shape, outputs),
        regularizer,
        filters=filters,
        layers=layers,
        units=units,
        activation="relu",
    )


@pytest.mark.parametrize(
    ("shape", "units", "layers", "outputs", "parameters"),
    [
        ((28, 28, 1), 512, 1, 10, 407_050),
        ((13,), 64, 2, 1, 5_121),
        ((10_000,), 16, 2, 1, 160_305),
        ((240, 14), 32, 1, 1, 107_585),
        ((13,), [64, 4], 1, 3, 64 * 14 + 4 * 65 + 3 * 5),  # The list says how many layers.
    ],
)
def test_the_parameters_of_an_mlp(shape, units, layers, outputs, parameters):
    model = mlp.build(facts(shape, outputs), NONE, units=units, layers=layers, activation="relu")
    assert model.count_params() == parameters
    assert model.input_shape == (None, *shape)
    assert model.output_shape == (None, outputs)


@pytest.mark.parametrize(
    ("shape", "filters", "units", "outputs", "parameters"),
    [((28, 28, 1), [32, 64, 64], 64, 10, 93_322), ((150, 150, 3), CHAPTER_6, 512, 1, 3_453_121)],
)
def test_the_parameters_of_the_books_convnets(shape, filters, units, outputs, parameters):
    model = a_convnet(shape, filters=filters, units=units, outputs=outputs)
    assert model.count_params() == parameters
    assert model.output_shape == (None, outputs)


def sides(model):
    return [
        layer.output.shape[1] for layer in model.layers if isinstance(layer, keras.layers.Conv2D)
    ]


@pytest.mark.parametrize(
    ("side", "blocks"),
    [(64, [62, 29, 12, 4]), (28, [26, 11, 3, 1]), (16, [14, 5]), (8, [6, 1]), (3, [1])],
)
def test_a_convnet_has_the_blocks_that_the_image_has_room_for(side, blocks):
    assert sides(a_convnet((side, side + 9, 3), filters=CHAPTER_6)) == blocks


def test_a_number_of_layers_takes_the_first_filters():
    model = a_convnet((64, 64, 3), filters=CHAPTER_6, layers=2)
    assert [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)] == [
        32,
        64,
    ]


@pytest.mark.parametrize(
    ("side", "layers", "room"), [(16, 3, 2), (64, 5, 4), (2, "auto", 0), (2, 1, 0)]
)
def test_more_blocks_than_there_is_room_for_are_refused(side, layers, room):
    sentence = (
        rf"layers is {layers} with model\.filters=.+; an image of {side}x70 pixels has room for "
        rf"{room} of them\. "
        r"Use .+\(dataset\.image_size\)\.$"
    )
    with pytest.raises(ModelError, match=sentence):
        a_convnet((side, 70, 3), filters=CHAPTER_6, layers=layers)


def penalized(model):
    return [
        layer.name
        for layer in model.layers
        if getattr(layer, "kernel_regularizer", None) is not None
    ]


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def test_a_penalty_is_on_every_hidden_kernel_and_not_on_the_last():
    penalty = regularized(l1=0.25, l2=0.5)
    dense = mlp.build(facts((3,)), penalty, units=4, layers=2, activation="relu")
    assert len(penalized(dense)) == 2
    deep = a_convnet((16, 16, 1), penalty, filters=[4, 4])
    assert len(penalized(deep)) == 3
    for model in (dense, deep):
        assert "predictions" not in penalized(model)
        for layer in model.layers:
            if layer.name in penalized(model):
                assert layer.kernel_regularizer.get_config() == {"l1": 0.25, "l2": 0.5}
                assert layer.bias_regularizer is None
    assert penalized(mlp.build(facts((3,)), NONE, units=4, layers=2, activation="relu")) == []


def test_a_penalty_follows_the_formula():
    model = mlp.build(
        facts((3,)), regularized(l1=0.25, l2=0.5), units=4, layers=1, activation="relu"
    )
    kernel = model.layers[1].get_weights()[0]
    assert float(sum(model.losses)) == pytest.approx(
        0.25 * np.abs(kernel).sum() + 0.5 * (kernel**2).sum(), rel=1e-5
    )


def test_dropout_is_after_every_hidden_layer_of_an_mlp_and_before_the_dense_layer_of_a_convnet():
    half = regularized(dropout=0.5)
    dense = mlp.build(facts((3,)), half, units=4, layers=2, activation="relu")
    assert kinds(dense) == ["InputLayer", "Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert kinds(a_convnet((16, 16, 1), half, filters=[4]))[-4:] == [
        "Flatten",
        "Dropout",
        "Dense",
        "Dense",
    ]
    assert {layer.rate for layer in dense.layers if isinstance(layer, keras.layers.Dropout)} == {
        0.5
    }
    assert "Dropout" not in kinds(a_convnet((16, 16, 1), filters=[4]))


def test_the_last_activation_comes_from_the_problem():
    model = mlp.build(facts((3,), 4, "softmax"), NONE, units=4, layers=1, activation="tanh")
    assert [layer.activation.__name__ for layer in model.layers[1:]] == ["tanh", "softmax"]
    assert model.predict(np.ones((2, 3)), verbose=0).sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("last_activation", ["softmax", "sigmoid", "linear"])
def test_the_baseline_predicts_its_prior_and_learns_nothing(last_activation):
    prior = np.array([0.25, 0.7, 0.05], "float32")
    model = baseline.build(Facts((2, 2, 1), 3, last_activation, prior, None), NONE)
    assert model.trainable_weights == []
    rows = np.random.default_rng(0).normal(size=(5, 2, 2, 1))
    assert model.predict(rows, verbose=0) == pytest.approx(np.tile(prior, (5, 1)))


@pytest.mark.parametrize(
    ("column", "mean", "std"), [(0, 9.4, 8.42), (2, 989.2, 8.36), (1, -4.0, 1e-3)]
)
def test_the_baseline_of_a_series_predicts_its_last_value_in_the_targets_unit(
    tmp_path, column, mean, std
):
    values = np.random.default_rng(0).normal(mean, std, (5, 4, 3)).astype("float32")
    prior = np.array([mean], "float32")
    model = baseline.build(
        Facts(
            (4, 3),
            1,
            "linear",
            prior,
            np.array([std], "float32"),
            last_value=(np.array([column]), np.array([mean]), np.array([std])),
        ),
        NONE,
    )
    assert model.trainable_weights == []
    assert model.count_params() == 0
    features = ((values - np.float32(mean)) / np.float32(std)).astype("float32")
    predicted = model.predict(features, verbose=0)
    assert (predicted.shape, predicted.dtype) == ((5, 1), np.float32)
    # To a few of the last digits that float32 has for numbers of this size.
    assert predicted[:, 0] == pytest.approx(
        values[:, -1, column], rel=0, abs=float(4 * np.spacing(np.float32(abs(mean))))
    )
    model.save(tmp_path / "model.keras")
    assert np.array_equal(
        keras.saving.load_model(tmp_path / "model.keras").predict(features, verbose=0), predicted
    )


def test_a_regularizer_penalizes_or_augments():
    assert not NONE.penalizes
    assert not NONE.augments
    assert regularized(l1=0.1).penalizes
    assert regularized(l2=0.1).penalizes
    assert all(
        regularized(**{part: 0.1}).augments for part in ("rotation", "translation", "shear", "zoom")
    )
    assert regularized(flip=True).augments
    assert not regularized(dropout=0.5, patience=3).augments
