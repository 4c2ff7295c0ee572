import subprocess
import sys

import numpy as np
import pytest

from goldilocks.dataset import Vectorization, imdb

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


@pytest.fixture(scope="module")
def lines():
    return imdb.load(source="stand_in", subset=100, **HOW)


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


@pytest.mark.long
def test_the_stand_in_needs_no_tensorflow():
    script = (
        f"import sys; from goldilocks.dataset import imdb, reuters; how = {HOW!r}; "
        "imdb.load(source='stand_in', subset=None, **how); "
        "reuters.load(source='stand_in', subset=None, **how); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
