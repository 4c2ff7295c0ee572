import keras
import numpy as np
import pytest

from goldilocks.encoding import encoder as encoding
from goldilocks.model import transfer
from goldilocks.training import frozen
from test_model import NONE, facts
from test_pretrained import a_convnet, built, whole

SHAPE = (32, 32, 3)


def an_encoder():
    pixels = keras.Input(SHAPE, dtype="uint8", name="pixels")
    return keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels), name="encoder")


def a_pretrained(**keys):
    keras.utils.clear_session()  # Layers are then called conv2d and conv2d_1.
    keras.utils.set_random_seed(0)
    return built(SHAPE, base="run", earlier=whole(a_convnet(SHAPE)), units=3, **keys)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (5, *SHAPE), dtype=np.uint8)


@pytest.mark.long
@pytest.mark.parametrize("pooling", ["flatten", "avg", "max"])
def test_the_two_parts_predict_like_the_whole(pixels, pooling):
    model = a_pretrained(pooling=pooling)
    encoder, top = frozen.divide(an_encoder(), model)
    expected = encoding.attach(an_encoder(), model).predict(pixels, verbose=0)
    np.testing.assert_allclose(top(encoder(pixels)), expected, rtol=1e-5)
    np.testing.assert_allclose(
        encoding.attach(encoder, top).predict(pixels, verbose=0), expected, rtol=1e-5
    )
    assert encoder.output.shape[1:] == model.get_layer("pooling").output.shape[1:]
    assert (len(top.weights), len(top.trainable_weights), top.name) == (4, 4, "pretrained")


@pytest.mark.long
def test_training_the_top_trains_the_whole(pixels):
    model = a_pretrained()
    encoder, top = frozen.divide(an_encoder(), model)
    base = [np.array(weight) for weight in model.get_layer("base").weights]
    before = model.predict(pixels / 255, verbose=0)
    top.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
    top.fit(encoder(pixels), np.array([0, 1, 0, 1, 1]), verbose=0)
    after = model.predict(pixels / 255, verbose=0)
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(top(encoder(pixels)), after, rtol=1e-5)
    for old, weight in zip(base, model.get_layer("base").weights, strict=True):
        np.testing.assert_array_equal(old, weight)


@pytest.mark.long
def test_a_logged_model_comes_back_whole(pixels, tmp_path):
    model = a_pretrained()
    logged = encoding.attach(*frozen.divide(an_encoder(), model))
    logged.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(pixels, verbose=0), logged.predict(pixels, verbose=0), rtol=1e-5
    )
    network = transfer.split(loaded)[1]
    assert [weight.shape for weight in network.weights] == [
        weight.shape for weight in model.weights
    ]
    np.testing.assert_allclose(
        network(pixels / np.float32(255)), model(pixels / np.float32(255)), rtol=1e-5
    )
    new = a_pretrained(unfreeze_from="all")
    for weight in new.weights:
        weight.assign(weight * 0)
    transfer.start(new, loaded)
    encoder = transfer.encoder(loaded, an_encoder())
    np.testing.assert_allclose(
        encoding.attach(encoder, new).predict(pixels, verbose=0),
        logged.predict(pixels, verbose=0),
        rtol=1e-5,
    )
    assert len(new.trainable_weights) == 8
    tuned = built(SHAPE, base="run", earlier=loaded, units=3, unfreeze_from="all")
    np.testing.assert_allclose(tuned(encoder(pixels)), model(encoder(pixels)), rtol=1e-5)


@pytest.mark.long
def test_a_model_without_a_frozen_base_is_not_divided():
    encoder = an_encoder()
    for model in (a_pretrained(unfreeze_from="conv2d_1"), a_convnet(SHAPE)):
        assert frozen.divide(encoder, model) == (encoder, model)


def test_the_top_has_the_size_of_the_book_s():
    pixels = keras.Input((150, 150, 3), dtype="uint8", name="pixels")
    encoder = keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels), name="encoder")
    encoder, top = frozen.divide(encoder, built())
    assert encoder.output.shape == (None, 4 * 4 * 512)
    assert top.count_params() == 2_097_665
    assert facts((8192,)).input_shape == top.input_shape[1:]
    assert not NONE.augments
