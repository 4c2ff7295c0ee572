import keras
import numpy as np
import pytest

from goldilocks.errors import AnalysisError
from goldilocks.interpret.patterns import patterns

HOW = {"size": 16, "steps": 40}


@pytest.fixture(scope="module")
def model():
    """Filter 0 is excited by what grows brighter from left to right, 1 from top to bottom, 2 by
    nothing.
    """
    inputs = keras.Input((24, 24, 1), dtype="uint8", name="pixels")
    convolution = keras.layers.Conv2D(3, 3, activation="relu", name="edges")
    features = keras.Input((24, 24, 1))
    network = keras.Model(features, keras.layers.Flatten()(convolution(features)), name="convnet")
    edge = np.tile([-1.0, 0.0, 1.0], (3, 1))
    kernel = np.stack([edge, edge.T, np.zeros((3, 3))], axis=-1)[:, :, np.newaxis]
    convolution.set_weights([kernel, np.array([0.0, 0.0, -1.0])])
    return keras.Model(inputs, network(keras.layers.Rescaling(1 / 255)(inputs)), name="convnet")


def test_the_loss_rises_and_the_pattern_excites_the_filter(model):
    made = patterns(model, "edges", [0, 1, 2], **HOW)
    assert made.losses.shape == (41, 3)
    for column in (0, 1):
        assert made.losses[-1, column] > 3 * made.losses[0, column]
        assert (np.diff(made.losses[:, column]) > -1e-4).mean() > 0.9
    assert (made.losses[:, 2] == 0).all()
    assert (made.images.shape, made.images.dtype) == ((3, 16, 16, 1), np.uint8)
    across, down, _ = made.images[..., 0].astype("float64")
    # A vertical edge changes from left to right, and a horizontal one from top to bottom.
    assert np.abs(np.diff(across, axis=1)).mean() > 1.3 * np.abs(np.diff(across, axis=0)).mean()
    assert np.abs(np.diff(down, axis=0)).mean() > 1.3 * np.abs(np.diff(down, axis=1)).mean()


def test_the_patterns_of_one_batch_do_not_depend_on_each_other(model):
    together = patterns(model, "edges", [0, 1], **HOW).images
    np.testing.assert_array_equal(patterns(model, "edges", [1], **HOW).images[0], together[1])


def test_the_model_does_not_change(model):
    before = [weight.copy() for weight in model.get_weights()]
    patterns(model, "edges", [0], **HOW)
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))
    assert model.predict(np.zeros((1, 24, 24, 1), "uint8"), verbose=0).shape == (1, 22 * 22 * 3)


def test_an_unknown_layer_is_an_error_with_a_suggestion(model):
    with pytest.raises(
        AnalysisError, match=r"edgs is no layer of convnet .+ are edges\. Did you mean edges\?$"
    ):
        patterns(model, "edgs", [0], **HOW)
