import keras
import numpy as np
import pytest
import tensorflow as tf

from goldilocks.dataset import Vectorization
from goldilocks.encoding import vectorization
from goldilocks.errors import DataError

CHAPTER = np.array(["The cat sat on the mat.", "The dog ate my homework."], object)
TEXTS = np.array(["a b c d e f", "a b", "", "f e"], object)
HOW = {
    "encoding": "auto",
    "hashing": False,
    "token": "word",
    "max_tokens": 12,
    "maxlen": 4,
    "truncating": "pre",
    "padding": "pre",
    "reverse": False,
}


def how(**changes):
    return Vectorization(**{**HOW, **changes})


def encoded(texts, fitted=None, *, in_order=True, **changes):
    fitted = texts if fitted is None else fitted
    encoder = vectorization.encoder(fitted, how(**changes), in_order=in_order, digest=repr(fitted))
    return encoder, keras.ops.convert_to_numpy(encoder(tf.constant(list(texts))))


def words(**changes):
    encoder, found = encoded(TEXTS, **changes)
    vocabulary = vectorization.vocabulary(encoder)
    return [" ".join(vocabulary[index] or "." for index in row) for row in found]


@pytest.mark.parametrize(
    ("changes", "first", "second", "last"),
    [
        ({}, "c d e f", ". . a b", ". . f e"),
        ({"truncating": "post"}, "a b c d", ". . a b", ". . f e"),
        ({"padding": "post"}, "c d e f", "a b . .", "f e . ."),
        ({"reverse": True}, "d c b a", ". . b a", ". . e f"),
        (
            {"reverse": True, "truncating": "post", "padding": "post"},
            "f e d c",
            "b a . .",
            "e f . .",
        ),
        ({"maxlen": 8}, ". . a b c d e f", ". . . . . . a b", ". . . . . . f e"),
    ],
)
def test_sequences_are_cut_reversed_and_padded(changes, first, second, last):
    length = changes.get("maxlen", 4)
    assert words(**changes) == [first, second, " ".join("." * length), last]


def test_reversed_before_padding_as_the_chapter_does_keeps_the_beginning():
    sequences = [list(range(1, 7)), [1, 2]]
    expected = [
        [4, 3, 2, 1],
        [0, 0, 2, 1],
    ]  # Of pad_sequences([x[::-1] for x in sequences], 4), by its documentation.
    assert keras.utils.pad_sequences([row[::-1] for row in sequences], 4).tolist() == expected
    assert words(reverse=True)[:2] == ["d c b a", ". . b a"]


def test_the_vocabulary_is_the_most_frequent_training_words_alone():
    encoder, found = encoded(
        np.array(["new old", "old"], object),
        np.array(["old old word", "word"], object),
        max_tokens=4,
    )
    assert vectorization.vocabulary(encoder) == ("", "[UNK]", "word", "old")
    assert found.tolist() == [[0, 0, 1, 3], [0, 0, 0, 3]]


@pytest.mark.parametrize("in_order", [True, False])
def test_a_vocabulary_is_found_once_for_all_trainings(in_order, tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path))
    first, numbers = encoded(CHAPTER, in_order=in_order)
    monkeypatch.delattr(keras.layers.TextVectorization, "adapt")
    second, same = encoded(CHAPTER, in_order=in_order)
    np.testing.assert_array_equal(same, numbers)
    configs = [encoder.get_layer("vocabulary").get_config() for encoder in (first, second)]
    assert configs[0] == configs[1]
    assert vectorization.vocabulary(first) == vectorization.vocabulary(second)


def test_texts_without_any_word_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path))
    with pytest.raises(DataError, match="None of the 2 training texts has a word"):
        encoded(np.array(["", "!"], object))


def test_words_are_lower_case_and_without_punctuation():
    encoder, found = encoded(CHAPTER, maxlen=10)
    vocabulary = vectorization.vocabulary(encoder)
    assert [" ".join(vocabulary[index] for index in row).strip() for row in found] == [
        "the cat sat on the mat",
        "the dog ate my homework",
    ]


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"encoding": "one_hot", "max_tokens": 11, "maxlen": 10}, (2, 10, 11)),
        (
            {"encoding": "one_hot", "token": "character", "max_tokens": 101, "maxlen": 50},
            (2, 50, 101),
        ),
        ({"encoding": "multi_hot", "max_tokens": 1000}, (2, 1000)),
        ({"encoding": "one_hot", "hashing": True, "max_tokens": 1000, "maxlen": 10}, (2, 10, 1000)),
        ({"encoding": "multi_hot", "hashing": True, "max_tokens": 1000}, (2, 1000)),
        ({"encoding": "count", "max_tokens": 1000}, (2, 1000)),
    ],
)
def test_the_encoders_give_the_shapes_of_chapter_8(changes, shape):
    encoder, found = encoded(CHAPTER, **changes)
    assert found.shape == shape
    assert encoder.output.shape == (None, *shape[1:])
    assert found.dtype == np.float32
    assert vectorization.vocabulary(encoder) == ()


def test_one_hot_marks_one_index_a_token():
    _, found = encoded(CHAPTER, encoding="one_hot", max_tokens=11, maxlen=10)
    assert (found.sum(axis=2) == 1).all()
    assert found[:, :, 0].sum() == (10 - 6) + (10 - 5)  # padding


def test_multi_hot_says_which_words_occur_and_count_how_often():
    texts = np.array(["a a b", "b", "c c c"], object)
    _, which = encoded(texts, in_order=False, max_tokens=5)
    _, often = encoded(texts, encoding="count", max_tokens=5)
    assert sorted(which.sum(axis=1)) == [1, 1, 2]
    assert sorted(often.sum(axis=1)) == [1, 3, 3]
    assert which.max() == 1
    assert often.max() == 3


@pytest.mark.parametrize("encoding", ["multi_hot", "count"])
def test_hashing_counts_the_same_words_as_a_vocabulary_does(encoding):
    texts = np.array(["a a b", "b", "c c c", ""], object)
    _, hashed = encoded(texts, encoding=encoding, hashing=True, max_tokens=1000)
    _, kept = encoded(texts, encoding=encoding, max_tokens=1000)
    assert hashed.sum(axis=1).tolist() == kept.sum(axis=1).tolist()


def test_the_hash_is_the_same_in_every_process():
    found = keras.ops.convert_to_numpy(
        vectorization.Hashing(1000, "word")(tf.constant(["The cat, the dog"]))
    )
    assert found.tolist() == [[664, 782, 664, 796]]


def test_a_bag_of_hashes_of_long_texts_needs_no_more_room_than_the_bag():
    """A dense one-hot of these tokens would be 64 GB."""
    texts = np.array(["word " * 2_000, *["a b c"] * 799], object)
    _, found = encoded(texts, encoding="count", hashing=True, max_tokens=10_000)
    assert found.shape == (800, 10_000)
    assert found.max() == 2_000
    assert found[1].sum() == 3


@pytest.mark.parametrize(
    "changes", [{}, {"hashing": True}, {"encoding": "count"}, {"token": "character"}]
)
def test_a_saved_encoder_gives_the_same(changes, tmp_path):
    encoder, found = encoded(CHAPTER, **changes)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    assert np.array_equal(keras.ops.convert_to_numpy(loaded(tf.constant(list(CHAPTER)))), found)


def test_texts_without_a_word_are_padding_all_through():
    assert encoded(np.array(["", " ", "..."], object), CHAPTER)[1].tolist() == [[0] * 4] * 3
