import keras
import numpy as np

from goldilocks.dataset import Vectorization
from goldilocks.encoding import vectorization
from goldilocks.interpret import embeddings

VOCABULARY = ("", "[UNK]", "good", "great", "bad", "awful", "the")
MATRIX = np.array(
    [[9, 9], [9, -9], [1.0, 0.1], [2.0, 0.1], [-1.0, 0.1], [-1.5, 0.0], [0.0, 0.01], [50, 50]],
    "float32",
)  # The last row is a place that no word has taken.


def test_words_of_one_direction_are_neighbours_whatever_their_length():
    neighbours = embeddings.nearest(MATRIX, VOCABULARY, ["good", "awful", "unheard"], 2)
    assert list(neighbours) == ["good", "awful"]
    assert neighbours["good"].index[0] == "great"
    assert neighbours["awful"].index[0] == "bad"
    assert 0.99 < neighbours["good"].iloc[0] <= 1
    assert "good" not in neighbours["good"].index


def test_padding_unknown_words_and_empty_places_are_no_neighbours():
    cosines = embeddings.nearest(MATRIX, VOCABULARY, ["good"], 100)["good"]
    assert sorted(cosines.index) == ["awful", "bad", "great", "the"]
    assert cosines.is_monotonic_decreasing


def test_outlying_words_are_farthest_from_the_mean():
    assert embeddings.outlying(MATRIX, VOCABULARY, 2) == ["great", "awful"]


def test_vectors_come_from_nested_models_or_are_none():
    inputs = keras.Input((3,), dtype="int32")
    network = keras.Model(inputs, keras.layers.Embedding(7, 2)(inputs), name="embedding")
    outer = keras.Input((3,), dtype="int32")
    whole = keras.Model(outer, network(outer))
    np.testing.assert_array_equal(embeddings.vectors(whole), network.get_weights()[0])
    numbers = keras.Input((3,))
    assert embeddings.vectors(keras.Model(numbers, keras.layers.Dense(1)(numbers))) is None


def test_words_of_a_bag_have_the_weights_of_their_tokens():
    texts = np.array(["Good film, great!", "bad film"], dtype=object)
    how = Vectorization(
        encoding="multi_hot",
        hashing=False,
        token="word",
        max_tokens=8,
        maxlen=4,
        truncating="pre",
        padding="pre",
        reverse=False,
    )
    encoder = vectorization.encoder(texts, how, in_order=False, digest="two films")
    names = encoder.layers[-1].get_vocabulary()
    weights = np.arange(8.0)
    features = keras.ops.convert_to_numpy(encoder(keras.ops.convert_to_tensor(texts.tolist())))
    weighted = embeddings.word_weights(encoder, how, "Great, odd film.", features[0], weights)
    expected = [("great", names.index("great")), ("odd", 0), ("film", names.index("film"))]
    assert weighted == expected
