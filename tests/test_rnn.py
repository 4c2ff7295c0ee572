import dataclasses

import keras
import numpy as np
import pytest

from sequence_models import NONE, built, kinds, penalized, series, texts


@pytest.mark.parametrize(
    ("facts", "keys", "parameters"),
    [
        (texts(), {"cell": "simple"}, 322_113),
        (texts(), {"cell": "simple", "layers": 4}, 328_353),
        (texts(), {"cell": "lstm"}, 328_353),
        (texts(), {"cell": "lstm", "output_dim": 128}, 1_300_641),
        (texts(), {"cell": "lstm", "bidirectional": True}, 336_705),
        (series(), {}, 4_641),
        (series(), {"reversed": True}, 4_641),
        (series(), {"units": [32, 64], "activation": ["tanh", "relu"]}, 23_489),
        (series(), {"bidirectional": True}, 9_281),
    ],
)
def test_the_parameters_of_the_books_recurrent_networks(facts, keys, parameters):
    model = built("rnn", facts, **keys)
    assert model.count_params() == parameters
    assert (model.name, model.input_shape, model.output_shape) == (
        "rnn",
        (None, *facts.input_shape),
        (None, 1),
    )


def test_a_simple_layer_computes_the_formula_of_chapter_9():
    model = built("rnn", series((100, 32)), cell="simple", units=64, layers=2)
    first = keras.Model(model.input, model.layers[1].output)
    kernel, recurrent_kernel, _ = first.get_weights()
    generator = np.random.default_rng(9)
    bias = generator.normal(size=64).astype("float32")
    first.set_weights([kernel, recurrent_kernel, bias])
    inputs = generator.random((100, 32), "float32")
    state, outputs = np.zeros(64), []
    for step in inputs:
        state = np.tanh(step @ kernel + state @ recurrent_kernel + bias)
        outputs.append(state)
    expected = np.stack(outputs)
    assert expected.shape == (100, 64)
    assert first.predict(inputs[np.newaxis], verbose=0)[0] == pytest.approx(expected, abs=1e-5)


def test_all_but_the_last_recurrent_layer_return_sequences():
    model = built("rnn", series(), units=[4, 5, 6], activation=["tanh", "relu", "linear"])
    layers = model.layers[1:4]
    assert [layer.return_sequences for layer in layers] == [True, True, False]
    assert [layer.output.shape[1:] for layer in layers] == [(240, 4), (240, 5), (6,)]
    assert [layer.activation.__name__ for layer in layers] == ["tanh", "relu", "linear"]


def test_each_layer_reads_both_ways_if_bidirectional():
    model = built("rnn", series(), units=[4, 5], bidirectional=True)
    assert kinds(model)[1:3] == ["Bidirectional", "Bidirectional"]
    assert [layer.output.shape[1:] for layer in model.layers[1:3]] == [(240, 8), (10,)]


@pytest.mark.parametrize(("facts", "dtype"), [(series((6, 2)), "float32"), (texts(9, 6), "int64")])
def test_reversed_time_is_the_same_network_on_flipped_inputs(tmp_path, facts, dtype):
    forward, backward = (built("rnn", facts, units=3, reversed=each) for each in (False, True))
    backward.set_weights(forward.get_weights())
    inputs = (np.random.default_rng(0).random((4, *facts.input_shape)) * 9).astype(dtype)
    expected = forward.predict(inputs[:, ::-1], verbose=0)
    assert backward.predict(inputs, verbose=0) == pytest.approx(expected, abs=1e-6)
    assert backward.predict(inputs[:, ::-1], verbose=0) != pytest.approx(expected, abs=1e-6)
    backward.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.predict(inputs, verbose=0) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["simple", "lstm", "gru"])
def test_a_regularizer_acts_inside_the_recurrent_layers(cell, bidirectional):
    strong = dataclasses.replace(NONE, l1=0.1, l2=0.2, dropout=0.1, recurrent_dropout=0.5)
    model = built("rnn", series(), strong, cell=cell, layers=2, bidirectional=bidirectional)
    name = {"simple": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[cell]
    assert penalized(model) == [(name, 2), (name, 2)]
    assert "Dropout" not in kinds(model)
    for layer in model.layers[1:3]:
        for each in (layer.forward_layer, layer.backward_layer) if bidirectional else (layer,):
            assert (each.dropout, each.recurrent_dropout) == (0.1, 0.5)
            assert each.recurrent_regularizer.get_config() == {"l1": 0.1, "l2": 0.2}
    assert penalized(built("rnn", texts(), strong, cell=cell)) == [(name, 2)]  # Not the embedding.
    assert penalized(built("rnn", series())) == []


def test_dropout_repeats_with_the_seed():
    strong = dataclasses.replace(NONE, dropout=0.3, recurrent_dropout=0.3)
    inputs = np.ones((2, 5, 3), "float32")

    def trained(seed):
        keras.utils.set_random_seed(seed)
        return np.asarray(built("rnn", series((5, 3)), strong)(inputs, training=True))

    assert np.array_equal(trained(0), trained(0))
    assert not np.array_equal(trained(0), trained(1))
