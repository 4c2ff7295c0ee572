"""What step 3 begins with where an epoch takes long, on trainings made by hand."""

import numpy as np
import pytest

from goldilocks.workflow import first_model
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.first_model import Beginning
from workflows import context, dataset, trained

USUAL = Candidate("units=16", ("model.units=16",))


def decided(folder, *, seconds, kind="image", size=(64, 48), typed=(), spend="15"):
    """What is decided where the second epoch of the usual network takes so many seconds."""
    more = {"image_size": size} if kind == "image" else {}
    step = context(
        dataset(np.zeros(8), "binary", kind=kind, **more), typed, folder=folder, spend=spend
    )
    rows = {("0", ""): (np.arange(2), np.zeros((2, 1), "float32"))}
    step.train_one = lambda candidate: trained(
        candidate.name, rows, metrics={"seconds": seconds, "train_seconds": 900.0}
    )
    return first_model.decide(step, USUAL), step


def test_nothing_is_measured_where_time_is_not_counted_or_rows_are_of_a_table(tmp_path):
    for more in ({"spend": "40runs"}, {"kind": "table"}):
        beginning, step = decided(tmp_path, seconds=1000.0, **more)
        assert beginning == Beginning()
        assert step.names == []


def test_the_usual_network_is_kept_where_its_seeds_fit(tmp_path):
    beginning, step = decided(tmp_path, seconds=1.0)
    assert (beginning.model, beginning.epochs) == ("", None)
    assert step.names == ["two epochs, for their time"]


def test_photographs_begin_with_a_trained_base_where_a_convnet_takes_too_long(tmp_path):
    beginning, _ = decided(tmp_path, seconds=60.0)
    assert (beginning.model, beginning.epochs) == ("model=pretrained", None)
    # Three seeds, two at once: as long as four one after the other.
    assert beginning.all_seconds == 4 * 15 * 60.0
    assert beginning.seconds_left == pytest.approx(0.4 * 15 * 60, rel=0.01)


@pytest.mark.parametrize(
    ("seconds", "typed", "epochs"),
    [(7.0, (), 6), (60.0, (), 5), (60.0, ("trainer.epochs=9",), None)],
)
def test_others_are_trained_for_fewer_epochs(tmp_path, seconds, typed, epochs):
    beginning, _ = decided(tmp_path, seconds=seconds, kind="series", typed=typed)
    assert (beginning.model, beginning.epochs) == ("", epochs)


def test_a_typed_model_is_kept(tmp_path):
    beginning, _ = decided(tmp_path, seconds=60.0, typed=("model=mlp",))
    assert (beginning.model, beginning.epochs) == ("", 5)


def test_it_is_decided_once(tmp_path):
    first, _ = decided(tmp_path, seconds=60.0)
    again, step = decided(tmp_path, seconds=1.0)
    assert again == first
    assert step.names == []
