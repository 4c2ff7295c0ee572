"""States of the members of programs: each is found again, whichever program it was in."""

import types
from typing import Any

import keras
import numpy as np
import pytest

from goldilocks.training.program_checkpoint import ProgramCheckpoints
from goldilocks.training.streams import Member


def member(identity, epochs=0, *, ended=False) -> Any:
    """A network of 2 x 1 weights that was trained for some epochs, and had its best in the first."""
    spec: Any = types.SimpleNamespace(
        model=keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)]),
        optimizer=lambda steps: keras.optimizers.SGD(0.1),
        split=types.SimpleNamespace(train=np.arange(8)),
        dataset=None,
        encoder=None,
        seed=0,
    )
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=9, restore_best_weights=True)
    made = Member(
        spec=spec,
        validation=np.arange(8, 10),
        stopping=stopping,
        callbacks=[],
        identity=identity,
    )
    for epoch in range(epochs):
        made.history.setdefault("loss", []).append(epoch / 2)
        stopping.on_epoch_end(epoch, {"val_loss": float(epoch)})
    made.ended = made.stop_training = ended
    return made


def arrays(streams, members):
    """Variables, an optimizer's, and best weights: each is filled with the number of its member."""
    numbers = np.arange(streams * members, dtype="float32").reshape(streams, members)
    return [
        np.broadcast_to(numbers[..., None, None], (streams, members, 2, 1)),
        numbers,
        np.broadcast_to(numbers[..., None, None], (streams, members, 2, 1)) + 100,
    ]


@pytest.fixture
def saved(tmp_path):
    """Checkpoints of the members a to d of one program, of which c has ended, and b was pruned."""
    members = [member("a", 2), member("b", 1), member("c", 3, ended=True), member("d", 2)]
    members[1].stop_training = True
    checkpoints = ProgramCheckpoints(tmp_path, 0)
    assert checkpoints.save(members, arrays(2, 2))
    return checkpoints


def test_a_member_resumes_in_a_program_of_others(saved, capsys):
    fresh = [member("new"), member("d"), member("b"), member("c")]
    saved.restore(fresh)
    new, d, b, c = fresh
    assert [one.epochs_done for one in fresh] == [0, 2, 0, 3]
    assert [one.stop_training for one in fresh] == [False, False, False, True]
    assert new.state == b.state == ()
    assert [float(np.ravel(values)[0]) for values in d.state] == [3, 3, 103]
    assert d.history == {"loss": [0.0, 0.5]}
    c.assign(c.state[-len(c.weights) :])
    np.testing.assert_array_equal(c.spec.model.get_weights()[0], [[102], [102]])
    said = capsys.readouterr().err
    assert "of 4 trainings 1 go on from their checkpoint, 1 had ended" in said


def test_early_stopping_goes_on_where_it_was(saved):
    resumed, whole = member("a"), member("a", 2)
    saved.restore([resumed])
    for epoch in range(2, 10):
        resumed.stopping.on_epoch_end(epoch, {"val_loss": float(epoch)})
        whole.stopping.on_epoch_end(epoch, {"val_loss": float(epoch)})
        assert resumed.stop_training == whole.stop_training == (epoch == 9)
        assert resumed.stopping.best_epoch == whole.stopping.best_epoch == 0


def test_the_latest_of_several_states_counts(saved):
    saved.save([member("a", 1), member("x", 1)], arrays(1, 2))
    saved.save([member("d", 5)], arrays(1, 1))
    a, d = member("a"), member("d")
    saved.restore([a, d])
    assert [a.epochs_done, d.epochs_done] == [2, 5]


def test_a_damaged_file_is_said_and_the_others_count(saved, tmp_path, capsys):
    [file] = tmp_path.iterdir()
    saved.save([member("e", 4)], arrays(1, 1))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    a, e = member("a"), member("e")
    saved.restore([a, e])
    assert [a.epochs_done, e.epochs_done] == [0, 4]
    assert f"the checkpoint {file} cannot be read" in capsys.readouterr().err


def test_weights_of_another_shape_are_not_taken(saved, capsys):
    other = member("a")
    other.spec.model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    saved.restore([other])
    assert other.epochs_done == 0
    assert "its arrays are those of another model" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", [0, None])
def test_without_a_folder_or_seconds_there_is_no_file(seconds, tmp_path):
    checkpoints = ProgramCheckpoints(None if seconds == 0 else tmp_path, seconds)
    assert not checkpoints.is_due
    assert not checkpoints.save([member("a", 1)], arrays(1, 1))
    checkpoints.restore([member("a")])
    assert not list(tmp_path.iterdir())
