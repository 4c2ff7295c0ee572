import dataclasses

import keras
import numpy as np
import pytest

from goldilocks.errors import ModelError
from sequence_models import NONE, built, kinds, penalized, series, texts


@pytest.mark.parametrize(
    ("option", "facts", "keys", "parameters"),
    [
        ("conv1d", texts(), {}, 1_315_937),
        ("conv1d", series(), {"filters": [32, 32, 32], "kernel_size": 5, "pool_size": 3}, 12_609),
        ("conv_rnn", series(), {}, 13_793),
    ],
)
def test_the_parameters_of_the_books_convolutions_along_time(option, facts, keys, parameters):
    model = built(option, facts, **keys)
    assert model.count_params() == parameters
    assert (model.name, model.input_shape, model.output_shape) == (
        option,
        (None, *facts.input_shape),
        (None, 1),
    )


def test_a_pooling_stands_between_two_convolutions_and_the_last_sees_all_of_time():
    model = built(
        "conv1d", series(), filters=[4, 5, 6], kernel_size=5, pool_size=3, activation="tanh"
    )
    assert kinds(model)[1:] == [
        *["Conv1D", "MaxPooling1D"] * 2,
        *["Conv1D", "GlobalMaxPooling1D", "Dense", "Rescaling"],
    ]
    assert [layer.output.shape[1:] for layer in model.layers[1:6]] == [
        (236, 4),
        (78, 4),
        (74, 5),
        (24, 5),
        (20, 6),
    ]
    assert model.layers[1].activation.__name__ == "tanh"


@pytest.mark.parametrize("cell", ["simple", "lstm", "gru"])
def test_a_recurrent_layer_reads_the_output_of_the_convolutions(cell):
    model = built("conv_rnn", series(), cell=cell, units=7)
    recurrent = {"simple": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[cell]
    assert kinds(model)[1:] == ["Conv1D", "MaxPooling1D", "Conv1D", recurrent, "Dense", "Rescaling"]
    assert model.layers[4].input.shape == (None, 74, 32)
    assert model.layers[4].output.shape == (None, 7)
    assert (model.layers[1].activation.__name__, model.layers[4].activation.__name__) == (
        "relu",
        "tanh",
    )


def test_where_a_regularizer_acts():
    strong = dataclasses.replace(NONE, l1=0.1, l2=0.2, dropout=0.5)
    plain = built("conv1d", texts(), strong)
    assert kinds(plain)[-3:] == ["GlobalMaxPooling1D", "Dropout", "Dense"]
    assert penalized(plain) == [("Conv1D", 1)] * 2
    recurrent = built("conv_rnn", texts(), dataclasses.replace(strong, recurrent_dropout=0.25))
    assert "Dropout" not in kinds(recurrent)
    assert penalized(recurrent) == [("Conv1D", 1), ("Conv1D", 1), ("GRU", 2)]
    assert (recurrent.layers[-2].dropout, recurrent.layers[-2].recurrent_dropout) == (0.5, 0.25)
    for model in (built("conv1d", texts()), built("conv_rnn", texts())):
        assert penalized(model) == []
        assert "Dropout" not in kinds(model)


@pytest.mark.long
@pytest.mark.parametrize("option", ["conv1d", "conv_rnn"])
@pytest.mark.parametrize(
    ("filters", "kernel", "pool", "least"),
    [([8], 7, 5, 7), ([8, 8], 7, 5, 41), ([8, 8, 8], 5, 3, 61), ([8, 8], 1, 1, 1)],
)
def test_too_short_inputs_are_refused(option, filters, kernel, pool, least):
    keys = {"filters": filters, "kernel_size": kernel, "pool_size": pool}
    model = built(option, series((least, 2)), **keys)
    assert [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)][
        -1
    ].output.shape[1] == 1
    assert np.isfinite(model.predict(np.ones((1, least, 2)), verbose=0)).all()
    if least > 1:
        sentence = (
            rf"The input has {least - 1} time steps; {len(filters)} convolutions over {kernel} .+ "
            r"need at least "
            rf"{least}\. List fewer filters, .+dataset\.maxlen.+dataset\.lookback"
        )
        with pytest.raises(ModelError, match=sentence):
            built(option, series((least - 1, 2)), **keys)
