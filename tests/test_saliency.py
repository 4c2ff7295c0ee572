import keras
import numpy as np
import pytest

from goldilocks.interpret.saliency import saliency

FOR, AGAINST, NEITHER = 2, 3, 4


@pytest.fixture(scope="module", params=[True, False])
def reader(request):
    """A text speaks for class 1 with each word 2 in it, against it with each word 3; its vectors
    may be frozen.
    """
    inputs = keras.Input((5,), dtype="int32")
    embedding = keras.layers.Embedding(6, 2, trainable=request.param)
    last = keras.layers.Dense(1, activation="sigmoid")
    network = keras.Model(
        inputs, last(keras.layers.GlobalAveragePooling1D()(embedding(inputs))), name="embedding"
    )
    embedding.set_weights([np.array([[0, 0], [0, 0], [1, 0], [-2, 0], [0, 1], [0, 0]], "float32")])
    last.set_weights([np.array([[5.0], [0.0]]), np.zeros(1)])
    return network


def test_words_speak_for_or_against_the_predicted_class(reader):
    texts = [[FOR, FOR, NEITHER, AGAINST, FOR], [0, FOR, NEITHER, AGAINST, AGAINST]]
    result = saliency(reader, np.array(texts))
    expected = [[1, 1, 0, -2, 1], [0, -1, 0, 2, 2]]
    np.testing.assert_allclose(result.contributions, expected, atol=1e-6)
    np.testing.assert_allclose(result.strengths, np.ones((2, 5)), atol=1e-6)


def test_a_forecast_depends_on_its_column_and_time():
    """The forecast is three times the last value of the second column, in a unit ten times as
    large.
    """
    inputs = keras.Input((4, 2))
    last = keras.layers.Dense(1)
    unit = keras.layers.Rescaling(10.0, 7.0, name="unit")
    network = keras.Model(inputs, unit(last(keras.layers.Flatten()(inputs))), name="rnn")
    kernel = np.zeros((8, 1))
    kernel[7] = 3
    last.set_weights([kernel, np.zeros(1)])
    result = saliency(network, np.ones((5, 4, 2), "float32"))
    expected = np.zeros((5, 4, 2))
    expected[:, 3, 1] = 30
    np.testing.assert_allclose(result.strengths, expected)


def test_a_recurrent_layer_depends_on_each_time_step():
    inputs = keras.Input((6, 3))
    network = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GRU(4)(inputs)), name="rnn")
    result = saliency(network, np.random.default_rng(0).normal(size=(2, 6, 3)))
    assert result.strengths.shape == (2, 6, 3)
    assert (result.strengths.max(axis=(0, 2)) > 0).all()


def test_the_classes_of_a_softmax_have_gradients_of_their_own():
    inputs = keras.Input((3,))
    last = keras.layers.Dense(3, activation="softmax")
    network = keras.Model(inputs, last(inputs), name="mlp")
    last.set_weights([100 * np.eye(3), np.zeros(3)])
    result = saliency(network, np.array([[1, 0, 0], [0, 0, 1]]))
    np.testing.assert_allclose(result.contributions, 100 * np.array([[1, 0, 0], [0, 0, 1]]))
