import types

import numpy as np

from goldilocks.protocol import Split
from goldilocks.training import batches
from goldilocks.training.streams import Member, arrange

NONE = np.array([], "int64")
DATASET, ENCODER = types.SimpleNamespace(x=np.zeros((9, 1))), object()


def member(train, *, seed=0, validation=NONE):
    """A member that has no network."""

    def optimizer(steps):
        return types.SimpleNamespace(get_config=lambda: {"learning_rate": 0.0010000000474974513})

    spec = types.SimpleNamespace(
        split=Split(np.array(train), validation, NONE),
        dataset=DATASET,
        encoder=ENCODER,
        seed=seed,
        optimizer=optimizer,
    )
    return Member(spec=spec, validation=np.array(validation), stopping=None, callbacks=[])


def test_members_of_the_same_rows_and_seed_are_one_stream():
    members = [member([5, 6, 7], seed=seed) for seed in (0, 1, 0, 1)]
    streams = arrange(members, batch_size=2, shuffle=True)
    assert streams.shape == (2, 2)
    assert streams.flat == [members[0], members[2], members[1], members[3]]
    assert list(streams.starts.values()) == [0]


def test_members_that_resume_at_other_epochs_see_the_batches_of_their_own():
    members = [member([5, 6, 7, 8]) for _ in range(3)]
    members[1].epochs_done = 2
    streams = arrange(members, batch_size=4, shuffle=True)
    assert streams.shape == (3, 1)
    fresh, resumed, alike = streams.training_rows(epoch=1)
    np.testing.assert_array_equal(fresh, alike)
    later = arrange(members[:1], batch_size=4, shuffle=True).training_rows(epoch=3)[0]
    np.testing.assert_array_equal(resumed, later)
    assert (resumed != fresh).any()
    assert arrange(members, batch_size=4, shuffle=False).shape == (1, 3)


def test_without_shuffling_seeds_see_the_same_batches():
    members = [member([5, 6, 7], seed=seed) for seed in range(3)]
    streams = arrange(members, batch_size=2, shuffle=False)
    assert streams.shape == (1, 3)
    assert streams.training_rows(epoch=2).tolist() == [[[0, 1], [2, -1]]]


def test_streams_that_would_have_unequally_many_members_have_one_each():
    members = [member([5, 6, 7], seed=seed) for seed in (0, 0, 1)]
    assert arrange(members, batch_size=2, shuffle=True).shape == (3, 1)


def test_batches_are_those_of_fit_among_the_rows_of_all():
    members = [member([9, 8, 7, 6, 5], validation=[1]), member([4, 3, 2, 1], seed=3)]
    streams = arrange(members, batch_size=2, shuffle=True)
    first, second = streams.training_rows(epoch=2)
    orders = [
        np.asarray(batches.epoch_order(count, 1, shuffle=True, seed=seed))
        for count, seed in ((5, 0), (4, 3))
    ]
    assert first.ravel().tolist() == [*orders[0], -1]
    assert second.ravel().tolist() == [*(6 + orders[1]), -1, -1]  # six rows of the first before
    assert streams.validation_rows().tolist() == [[[5]], [[-1]]]
    assert streams.validation_rows().dtype == first.dtype == np.dtype("int32")


def test_a_learning_rate_is_logged_as_it_was_typed():
    assert member([1]).learning_rate == 0.001
