import subprocess
import sys

import numpy as np
import pytest

from goldilocks.dataset import Vectorization, imdb
from goldilocks.errors import DataError

HOW = {
    "encoding": "sequence",
    "hashing": True,
    "token": "character",
    "max_tokens": 100,
    "maxlen": 10,
    "truncating": "post",
    "padding": "post",
    "reverse": True,
}
PARTS = ("train/neg", "train/pos", "test/neg", "test/pos")


def load(source="stand_in", dir=None, subset=None):
    return imdb.load(source=source, dir=None if dir is None else str(dir), subset=subset, **HOW)


@pytest.fixture(scope="module")
def lines():
    return load(subset=100)


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """aclImdb as its archive unpacks, with 11 reviews in each part."""
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "aclImdb"
    for part in (*PARTS, "train/unsup"):
        (root / part).mkdir(parents=True)
        for number in range(11):
            stars = 2 if "neg" in part else 9
            text = f"A film.<br /><br />{part} no. {number}, naïve."
            (root / part / f"{number}_{stars}.txt").write_text(text, encoding="utf-8")
    for name in ("README", "imdb.vocab", "train/labeledBow.feat", "train/urls_neg.txt"):
        (root / name).write_text("not a review")
    return root


def test_the_stand_in_is_12752_real_lines(lines):
    assert (len(lines.x), lines.x.dtype, {type(text) for text in lines.x}) == (
        12_752,
        object,
        {str},
    )
    assert (lines.y.dtype, np.bincount(lines.y.astype(int)).tolist()) == (np.float32, [5384, 7368])
    assert len(set(lines.x)) == len(lines.x)
    assert (lines.name, lines.kind, lines.problem, lines.source) == (
        "imdb",
        "text",
        "binary",
        "stand_in",
    )
    assert (lines.classes, lines.fixed, lines.subset) == (("negative", "positive"), {}, 100)
    assert lines.vectorization == Vectorization(**HOW)
    assert lines.digest == "091e7e9b805ae9d69dd22c74ba89e666e63ae7085e675bdeece358509f0535d8"
    assert lines.x[0] == "A three-hour cinema master class."
    assert "1097 of 13905 rows that hold plots" in lines.notes[0]


def test_good_words_stand_in_positive_lines(lines):
    positive = {
        word: lines.y[[word in text.lower() for text in lines.x]].mean()
        for word in ("moving", "dull")
    }
    assert positive["moving"] > 0.75
    assert positive["dull"] < 0.25


def test_lines_about_one_film_belong_together(lines):
    assert (lines.groups.dtype, lines.groups.shape, len(set(lines.groups))) == (
        np.int64,
        lines.y.shape,
        507,
    )
    of_first = lines.x[lines.groups == lines.groups[0]]
    assert (
        sum("Marker" in text for text in of_first) == sum("Marker" in text for text in lines.x) > 1
    )


@pytest.mark.parametrize("above", [False, True])
def test_a_folder_wins_over_the_source(unpacked, above):
    found = load(dir=unpacked.parent if above else unpacked)
    assert (found.source, found.location) == (
        "original",
        str(unpacked.parent if above else unpacked),
    )
    assert found.x.tolist() == [
        f"A film.  {part} no. {number}, naïve." for part in PARTS for number in range(11)
    ]
    assert found.y.tolist() == ([0.0] * 11 + [1.0] * 11) * 2
    assert found.fixed["test"].tolist() == list(range(22, 44))
    assert (found.classes, found.problem, found.groups) == (
        ("negative", "positive"),
        "binary",
        None,
    )
    assert any("train/neg holds 11 reviews; 12500 are published" in note for note in found.notes)


def test_an_empty_review_moves_the_test_rows(unpacked):
    before = load(dir=unpacked)
    (unpacked / "train/pos/3_9.txt").write_text(" \n")
    (unpacked / "test/neg/0_2.txt").write_text("")
    found = load(dir=unpacked)
    assert found.fixed["test"].tolist() == list(range(21, 42))
    assert all("test/" in text for text in found.x[found.fixed["test"]])
    assert not any("test/" in text for text in found.x[:21])
    assert any(
        "Skipped 2 of 44 files, because they are empty: train/pos/3_9.txt" in note
        for note in found.notes
    )
    assert found.digest != before.digest


def test_another_layout_is_a_sentence(unpacked):
    with pytest.raises(
        DataError,
        match=r"train is not the unpacked aclImdb: it has no folders train/neg, train/pos, ",
    ):
        load(dir=unpacked / "train")
    for file in (unpacked / "test/pos").iterdir():
        file.unlink()
    (unpacked / "test/pos").rmdir()
    with pytest.raises(
        DataError, match=r"aclImdb is not the unpacked aclImdb: .*dataset=texts dataset\.dir="
    ):
        load(dir=unpacked)


def test_a_folder_without_reviews_is_a_sentence(unpacked):
    for part in ("train/pos", "test/pos"):
        for file in (unpacked / part).iterdir():
            file.unlink()
    with pytest.raises(
        DataError, match=r"files with a text in them in .*: 'positive' has 0\. Expected at least 3"
    ):
        load(dir=unpacked)


def test_the_stand_in_needs_no_tensorflow():
    script = (
        f"import sys; from goldilocks.dataset import imdb, reuters; how = {HOW!r}; "
        "imdb.load(source='stand_in', dir=None, subset=None, **how); "
        "reuters.load(source='stand_in', subset=None, **how); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
