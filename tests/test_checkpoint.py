"""A checkpoint that is damaged in any way means: begin anew, and say so."""

import os
import random
import signal

import keras
import numpy as np
import pytest

from goldilocks.training.callbacks import Recorder
from goldilocks.training.checkpoint import Checkpoint

DAMAGES = 200


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    file = tmp_path_factory.mktemp("checkpoint") / "state.npz"
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    recorder = Recorder(lambda number, values: None)
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=3)
    saving = Checkpoint(file, recorder, stopping, seconds=0)
    rows = np.zeros((8, 2))
    model.fit(rows, rows[:, 0], epochs=2, verbose=0, callbacks=[recorder, stopping, saving])
    return model, stopping, file.read_bytes()


def damaged(content, dice):
    """Cut off, overwrite, blank or insert bytes."""
    content, place, kind = bytearray(content), dice.randrange(len(content)), dice.randrange(4)
    if kind == 0:
        return content[:place]
    if kind == 1:
        content[place] ^= 1 << dice.randrange(8)
    elif kind == 2:
        content[place : place + 200] = bytes(200)
    else:
        content[place:place] = dice.randbytes(20)
    return content


@pytest.mark.long
def test_damage_means_to_begin_anew_and_touches_no_weight(trained, tmp_path):
    model, stopping, content = trained
    weights = [variable.numpy() for variable in model.variables]
    dice, file = random.Random(0), tmp_path / "state.npz"
    resumed = []
    for _ in range(DAMAGES):
        file.write_bytes(damaged(content, dice))
        recorder = Recorder(lambda number, values: None)
        resumed.append(Checkpoint(file, recorder, stopping, seconds=0).restore(model, epochs=9))
        for variable, before in zip(model.variables, weights, strict=True):
            np.testing.assert_array_equal(variable.numpy(), before)
    assert set(resumed) <= {0, 2}, "begun anew, or what was damaged meant nothing"
    assert resumed.count(0) > DAMAGES / 2


def test_a_checkpoint_of_another_model_is_not_taken(trained, tmp_path, capsys):
    _, stopping, content = trained
    (tmp_path / "state.npz").write_bytes(content)
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    other.compile("adam", "mse")
    recorder = Recorder(lambda number, values: None)
    saving = Checkpoint(tmp_path / "state.npz", recorder, stopping, seconds=0)
    assert saving.restore(other, epochs=9) == 0
    assert (
        "its arrays are those of another model): training starts again" in capsys.readouterr().err
    )


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="Windows has no such signal")
def test_a_scheduler_that_warns_gets_a_checkpoint_after_the_epoch(tmp_path):
    class Warned(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                os.kill(os.getpid(), signal.SIGUSR1)

        def on_epoch_end(self, epoch, logs=None):
            saved.append((tmp_path / "state.npz").exists())

    saved = []
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    recorder = Recorder(lambda number, values: None)
    saving = Checkpoint(tmp_path / "state.npz", recorder, None, seconds=3600)
    rows = np.zeros((8, 2))
    model.fit(rows, rows[:, 0], epochs=3, verbose=0, callbacks=[recorder, saving, Warned()])
    assert saved == [False, True, True]
