import keras
import numpy as np
import pytest

from goldilocks.interpret import feature_maps


@pytest.fixture(scope="module")
def model():
    """Two channels: the image itself, and a constant zero; then a maximum of 2x2; nested behind an
    encoder.
    """
    inputs = keras.Input((6, 8, 1))
    convolution = keras.layers.Conv2D(2, 1, activation="relu", name="see")
    pooled = keras.layers.MaxPooling2D(2, name="pool")(convolution(inputs))
    outputs = keras.layers.Dense(1, activation="sigmoid")(keras.layers.Flatten()(pooled))
    network = keras.Model(inputs, outputs, name="convnet")
    convolution.set_weights([np.array([[[[1.0, -1.0]]]]), np.zeros(2)])
    pixels = keras.Input((6, 8, 1), dtype="uint8")
    return keras.Model(pixels, network(keras.layers.Rescaling(0.5)(pixels)), name="convnet")


IMAGE = np.arange(48).reshape(6, 8, 1).astype("uint8")


def test_each_layer_has_its_feature_maps(model):
    maps = feature_maps.feature_maps(model, IMAGE)
    assert list(maps) == ["see", "pool"]
    np.testing.assert_allclose(maps["see"][..., 0], IMAGE[..., 0] / 2)
    assert (maps["see"][..., 1] == 0).all()
    np.testing.assert_allclose(maps["pool"][..., 0], IMAGE[1::2, 1::2, 0] / 2)


def test_a_network_without_convolutions_has_no_feature_maps():
    model = keras.Sequential(
        [keras.Input((6, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    assert feature_maps.feature_maps(model, IMAGE) == {}


def test_each_channel_is_normalized_by_itself_and_a_dead_one_is_grey():
    maps = np.stack([np.linspace(0, 1, 100).reshape(10, 10), np.full((10, 10), 7.0)], axis=-1)
    pixels = feature_maps.normalized(maps)
    assert pixels.dtype == np.uint8
    assert abs(pixels[..., 0].mean() - 128) < 1
    assert abs(pixels[..., 0].std() - 64) < 1
    assert (pixels[..., 1] == 128).all()
    assert (feature_maps.normalized(1000 * maps)[..., 0] == pixels[..., 0]).all()


def test_silent_channels_are_counted():
    maps = np.zeros((3, 3, 4))
    maps[1, 1, 0] = 0.1
    assert feature_maps.silent(maps).tolist() == [False, True, True, True]
