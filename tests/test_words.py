import keras
import numpy as np

from goldilocks.interpret import words

VOCABULARY = ("", "[UNK]", "good", "great", "bad", "awful", "the")
MATRIX = np.array(
    [[9, 9], [9, -9], [1.0, 0.1], [2.0, 0.1], [-1.0, 0.1], [-1.5, 0.0], [0.0, 0.01], [50, 50]],
    "float32",
)  # The last row is a place that no word has taken.


def test_words_of_one_direction_are_neighbours_whatever_their_length():
    found = words.nearest(MATRIX, VOCABULARY, ["good", "awful", "unheard"], 2)
    assert [each.word for each in found] == ["good", "awful"]
    assert found[0].nearest[0] == "great"
    assert found[1].nearest[0] == "bad"
    assert 0.99 < found[0].cosines[0] <= 1
    assert "good" not in found[0].nearest


def test_padding_unknown_words_and_empty_places_are_no_neighbours():
    [found] = words.nearest(MATRIX, VOCABULARY, ["good"], 100)
    assert sorted(found.nearest) == ["awful", "bad", "great", "the"]
    assert found.cosines == sorted(found.cosines, reverse=True)


def test_the_words_that_training_moved_say_most():
    assert words.telling(MATRIX, VOCABULARY, 2) == ["great", "awful"]


def test_vectors_are_found_inside_of_nested_models_and_not_where_there_are_none():
    inputs = keras.Input((3,), dtype="int32")
    network = keras.Model(inputs, keras.layers.Embedding(7, 2)(inputs), name="embedding")
    outer = keras.Input((3,), dtype="int32")
    whole = keras.Model(outer, network(outer))
    np.testing.assert_array_equal(words.vectors(whole), network.get_weights()[0])
    numbers = keras.Input((3,))
    assert words.vectors(keras.Model(numbers, keras.layers.Dense(1)(numbers))) is None
