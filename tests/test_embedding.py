import dataclasses

import keras
import numpy as np
import pytest

from goldilocks.errors import ModelError
from sequence_models import NONE, built, kinds, penalized, series, texts

GLOVE = "the 1 2\ngood -1 0.5\nfilm 3 4\n"
VOCABULARY = ("", "[UNK]", "good", "the", "unheard")


@pytest.mark.parametrize(
    ("length", "keys", "parameters"),
    [
        (20, {}, 80_161),
        (100, {"output_dim": 100, "units": 32, "layers": 1}, 1_320_065),
        (100, {"output_dim": 100, "units": [32]}, 1_320_065),  # The list says how many layers.
    ],
)
def test_the_parameters_of_the_books_embeddings(length, keys, parameters):
    model = built("embedding", texts(length=length), **keys)
    assert model.count_params() == parameters
    assert (model.name, model.input_shape, model.output_shape) == (
        "embedding",
        (None, length),
        (None, 1),
    )
    assert model.get_layer("embedding").output.shape == (None, length, keys.get("output_dim", 8))


def test_the_vectors_of_a_text_are_concatenated():
    model = built("embedding", texts(words=5, length=3), output_dim=2)
    table, kernel, bias = model.get_weights()
    rows = np.array([[4, 0, 2], [1, 1, 3]])
    expected = 1 / (1 + np.exp(-(table[rows].reshape(2, 6) @ kernel + bias)))
    assert model.predict(rows, verbose=0) == pytest.approx(expected, abs=1e-6)


def test_penalties_are_on_hidden_kernels_and_dropout_after_hidden_layers_or_before_the_last():
    strong = dataclasses.replace(NONE, l1=0.1, l2=0.1, dropout=0.5)
    flat = built("embedding", texts(), strong)
    assert kinds(flat) == ["InputLayer", "Embedding", "Flatten", "Dropout", "Dense"]
    assert penalized(flat) == []
    deep = built("embedding", texts(), strong, layers=2)
    assert kinds(deep) == ["InputLayer", "Embedding", "Flatten", *["Dense", "Dropout"] * 2, "Dense"]
    assert penalized(deep) == [("Dense", 1)] * 2
    assert "Dropout" not in kinds(built("embedding", texts(), layers=2))


@pytest.mark.parametrize(
    ("vectors", "trainable"), [(None, True), (None, False), ("file", True), ("file", False)]
)
def test_training_changes_only_trainable_word_vectors(tmp_path, vectors, trainable):
    if vectors:
        vectors = str(tmp_path / "glove.txt")
        (tmp_path / "glove.txt").write_text(GLOVE)
    model = built(
        "embedding", texts(7, 3, VOCABULARY), output_dim=2, vectors=vectors, trainable=trainable
    )
    before = model.get_weights()
    model.compile("sgd", "mse")
    model.fit(np.array([[2, 3, 4]]), np.ones((1, 1)), verbose=0)
    after = model.get_weights()
    assert (not np.array_equal(before[0], after[0])) == trainable
    assert not np.array_equal(before[1], after[1])


def test_pretrained_vectors_have_the_rows_of_their_words(tmp_path):
    (tmp_path / "glove.txt").write_text(GLOVE)
    facts = texts(7, 3, VOCABULARY)
    keras.utils.set_random_seed(1)
    model = built("embedding", facts, output_dim=2, vectors=str(tmp_path / "glove.txt"))
    rows = [[0, 0], [0, 0], [-1, 0.5], [1, 2], [0, 0], [0, 0], [0, 0]]
    assert model.get_layer("embedding").get_weights()[0].tolist() == rows
    keras.utils.set_random_seed(1)
    scratch = built("embedding", facts, output_dim=2)
    assert np.abs(scratch.get_layer("embedding").get_weights()[0]).min(axis=1).all()
    assert np.array_equal(
        scratch.get_weights()[1], model.get_weights()[1]
    )  # All else starts the same.


def test_a_saved_model_keeps_its_vectors(tmp_path):
    (tmp_path / "glove.txt").write_text(GLOVE)
    model = built(
        "embedding", texts(5, 3, VOCABULARY), output_dim=2, vectors=str(tmp_path / "glove.txt")
    )
    (tmp_path / "glove.txt").unlink()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert all(map(np.array_equal, loaded.get_weights(), model.get_weights()))


@pytest.mark.parametrize("option", ["embedding", "rnn", "conv1d", "conv_rnn"])
def test_every_model_of_texts_starts_with_the_same_layer(tmp_path, option):
    (tmp_path / "glove.txt").write_text(GLOVE)
    facts = texts(5, 60, VOCABULARY)
    model = built(option, facts, output_dim=2, vectors=str(tmp_path / "glove.txt"), trainable=False)
    assert model.name == option
    assert model.layers[1].get_weights()[0].tolist()[3] == [1, 2]
    assert not model.layers[1].trainable_weights
    assert model.predict(np.full((2, 60), 3, "int64"), verbose=0).shape == (2, 1)


@pytest.mark.parametrize("option", ["embedding", "rnn", "conv1d", "conv_rnn"])
def test_numbers_without_an_order_are_refused(option):
    with pytest.raises(
        ModelError, match=r"\(10000,\).* expects .*word indices.*dataset\.encoding=sequence"
    ):
        built(option, series((10_000,)))


@pytest.mark.parametrize("option", ["rnn", "conv1d", "conv_rnn"])
def test_vectors_without_words_are_refused(option):
    sentence = r"vectors is stand_in, but the features are numbers \(240, 14\), not words; expected model\.vectors=null"
    with pytest.raises(ModelError, match=sentence):
        built(option, series(), vectors="stand_in")
