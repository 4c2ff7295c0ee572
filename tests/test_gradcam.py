import keras
import numpy as np
import pytest

from goldilocks.errors import AnalysisError, ModelError
from goldilocks.interpret import gradcam
from goldilocks.interpret.layer_graph import unnest
from goldilocks.model.transfer import split

SPOT = (slice(2, 6), slice(14, 18))  # where the image is bright


def image():
    pixels = np.zeros((1, 20, 20, 1), "uint8")
    pixels[0, *SPOT] = 255
    return pixels


def network(units, activation, *, trainable=True):
    """Channel 0 sees what is bright, channel 1 what is dark; the last class is for bright, the
    first one against it.
    """
    inputs = keras.Input((20, 20, 1))
    see = keras.layers.Conv2D(2, 1, activation="relu", name="see")
    base = keras.Model(inputs, see(inputs), name="base")
    base.trainable = trainable
    features = keras.Input((20, 20, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(base(features, training=False))
    last = keras.layers.Dense(units, activation=activation, name="predictions")
    made = keras.Model(features, last(pooled), name="pretrained")
    see.set_weights([np.array([[[[1.0, -1.0]]]]), np.array([0.0, 0.5])])
    against_and_for = [[-200.0, 200.0], [0.0, 0.0]] if units == 2 else [[200.0], [0.0]]
    last.set_weights([np.array(against_and_for), np.zeros(units)])
    pixels = keras.Input((20, 20, 1), dtype="uint8")
    return keras.Model(pixels, made(keras.layers.Rescaling(1 / 255)(pixels)), name="pretrained")


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize(("units", "activation"), [(2, "softmax"), (1, "sigmoid")])
def test_the_heat_is_where_the_evidence_is(units, activation, trainable):
    [heat_map] = gradcam.heat_maps(network(units, activation, trainable=trainable), image())
    assert (heat_map.label, heat_map.layer, heat_map.heat.shape) == (1, "see", (20, 20))
    assert heat_map.probability > 0.99
    assert heat_map.heat[SPOT].min() == heat_map.heat.max() == 1
    assert heat_map.heat.sum() == 16  # Nowhere else.


def test_each_label_has_heat_of_its_own():
    both = network(2, "sigmoid")
    weights = [np.array([[-200.0, 200.0], [200.0, -200.0]]), np.zeros(2)]
    both.get_layer("pretrained").get_layer("predictions").set_weights(weights)
    dark, light = gradcam.heat_maps(both, np.repeat(image(), 2, axis=0), labels=np.array([0, 1]))
    assert (dark.label, light.label) == (0, 1)
    assert (light.heat[SPOT].min(), light.heat.sum()) == (1, 16)
    assert (dark.heat[SPOT].max(), dark.heat.max()) == (0, 1)  # Where the image is dark.
    assert (dark.probability, light.probability) == pytest.approx((1, 0), abs=1e-6)


def test_a_class_without_evidence_has_no_heat():
    dark = network(1, "sigmoid")
    dark.get_layer("pretrained").get_layer("predictions").set_weights(
        [np.array([[20.0], [0.0]]), np.array([-10.0])]
    )
    [heat_map] = gradcam.heat_maps(dark, image())
    assert (heat_map.label, heat_map.heat.max()) == (0, 0)
    assert heat_map.probability > 0.99


def test_a_probability_of_one_still_has_its_evidence():
    model = network(2, "softmax")
    model.get_layer("pretrained").get_layer("predictions").set_weights(
        [np.array([[-1e5, 1e5], [0, 0]]), np.zeros(2)]
    )
    [heat_map] = gradcam.heat_maps(model, image())
    assert (heat_map.probability, heat_map.heat.max()) == (1, 1)


@pytest.mark.long
def test_a_published_architecture_has_a_heat_map():
    made = keras.applications.MobileNetV2(
        weights=None, input_shape=(32, 32, 3), alpha=0.35, classes=3
    )
    [heat_map] = gradcam.heat_maps(
        made, np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype("float32")
    )
    assert (heat_map.layer, heat_map.heat.shape) == ("Conv_1", (1, 1))
    assert 0 <= heat_map.heat.max() <= 1


@pytest.mark.parametrize("layer", ["predictions", "nothing"])
def test_a_layer_without_feature_maps_is_refused(layer):
    with pytest.raises(
        AnalysisError,
        match=rf"{layer} is no layer of .+ with feature maps; its convolutions are see",
    ):
        gradcam.heat_maps(network(1, "sigmoid"), image(), layer=layer)


def test_a_network_without_convolutions_is_refused():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(2, activation="softmax")], name="mlp"
    )
    with pytest.raises(
        AnalysisError, match=r"the network mlp has no convolutions over images; expected"
    ):
        gradcam.heat_maps(model, np.zeros((1, 4), "float32"))


def test_unnesting_and_splitting_keep_the_predictions():
    model = network(2, "softmax")
    expected = model.predict(image(), verbose=0)
    flat = unnest(model)
    assert not any(isinstance(layer, keras.Model) for layer in flat.model.layers)
    np.testing.assert_array_equal(flat.model.predict(image(), verbose=0), expected)
    encoder, inner = split(model)
    np.testing.assert_allclose(encoder.predict(image(), verbose=0), image() / 255, rtol=1e-6)
    np.testing.assert_array_equal(inner.predict(image() / np.float32(255), verbose=0), expected)


def test_a_model_without_a_nested_network_cannot_be_split():
    inputs = keras.Input((2,))
    flat = keras.Model(inputs, keras.layers.Dense(1)(inputs), name="flat")
    with pytest.raises(
        ModelError, match=r"the model flat is not an encoder with a network behind it; expected"
    ):
        split(flat)
