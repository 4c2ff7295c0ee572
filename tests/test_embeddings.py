import keras
import numpy as np

from goldilocks.interpret import embeddings

VOCABULARY = ("", "[UNK]", "good", "great", "bad", "awful", "the")
MATRIX = np.array(
    [[9, 9], [9, -9], [1.0, 0.1], [2.0, 0.1], [-1.0, 0.1], [-1.5, 0.0], [0.0, 0.01], [50, 50]],
    "float32",
)  # The last row is a place that no word has taken.


def test_words_of_one_direction_are_neighbours_whatever_their_length():
    neighbours = embeddings.nearest(MATRIX, VOCABULARY, ["good", "awful", "unheard"], 2)
    assert [word.word for word in neighbours] == ["good", "awful"]
    assert neighbours[0].nearest[0] == "great"
    assert neighbours[1].nearest[0] == "bad"
    assert 0.99 < neighbours[0].cosines[0] <= 1
    assert "good" not in neighbours[0].nearest


def test_padding_unknown_words_and_empty_places_are_no_neighbours():
    [neighbours] = embeddings.nearest(MATRIX, VOCABULARY, ["good"], 100)
    assert sorted(neighbours.nearest) == ["awful", "bad", "great", "the"]
    assert neighbours.cosines == sorted(neighbours.cosines, reverse=True)


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
