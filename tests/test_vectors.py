import gzip
import json
import platform
import sys
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from goldilocks.dataset.sources import wheel
from goldilocks.errors import ModelError, SourceUnavailable
from goldilocks.model import vectors

GLOVE = "the 0.5 1 -2\n, 1 1 1\ncafé 1e-2 0 3\n. . . 7 7 7\ngood 4 5 6\n"
WORDS = ("", "[UNK]", "good", "unheard", "the", "café")
ROWS = [[0, 0, 0], [0, 0, 0], [4, 5, 6], [0, 0, 0], [0.5, 1, -2], [0.01, 0, 3]]


@pytest.fixture(autouse=True)
def _afresh():
    vectors.load.cache_clear()


def text(folder, content=GLOVE):
    (folder / "glove.3d.txt").write_text(content, encoding="utf-8")
    return str(folder / "glove.3d.txt")


def packed(folder, content=GLOVE):
    (folder / "glove.gz").write_bytes(gzip.compress(content.encode()))
    return str(folder / "glove.gz")


def archive(folder, content=GLOVE):
    with zipfile.ZipFile(folder / "glove.zip", "w") as file:
        file.writestr("glove.2d.txt", "the 9 9\n")
        file.writestr("glove.3d.txt", content)
        file.writestr("glove.13d.txt", "the 9 9\n")
    return str(folder / "glove.zip")


@pytest.mark.parametrize("write", [text, packed, archive])
def test_a_glove_file_gives_each_word_its_row(tmp_path, write):
    loaded = vectors.load(write(tmp_path), WORDS, 3)
    assert loaded.matrix.dtype == np.float32
    assert loaded.matrix == pytest.approx(np.array(ROWS))
    assert loaded.coverage == 3 / 4


def test_padding_and_unknown_words_never_have_a_vector(tmp_path):
    loaded = vectors.load(text(tmp_path), ("the", "good", "good"), 3)
    assert loaded.matrix.tolist() == [[0, 0, 0], [0, 0, 0], [4, 5, 6]]
    assert loaded.coverage == 1


def test_vectors_are_cached_and_read_only(tmp_path):
    path = text(tmp_path)
    loaded = vectors.load(path, WORDS, 3)
    (tmp_path / "glove.3d.txt").unlink()
    assert vectors.load(path, WORDS, 3) is loaded
    with pytest.raises(ValueError, match="read-only"):
        loaded.matrix[2] = 0


@pytest.mark.parametrize("write", [text, packed, archive])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "the 1 2 3 4\n",
            r"Line 1 of model\.vectors=.+ is 'the 1 2 3 4'; expected .+"
            r"model\.output_dim=3 finite numbers, and it has 4 parts",
        ),
        (
            "the 1 2 3\ngood 1 2\n",
            r"Line 2 of .+ is 'good 1 2'; expected a word and model\.output_dim=3 .+ has 2 parts",
        ),
        (
            "good 1 x2 3\n",
            r"Line 1 of .+ is 'good 1 x2 3'; expected a word and model\.output_dim=3 finite numbers",
        ),
        (
            "good 1 nan 3\n",
            r"Line 1 of .+ is 'good 1 nan 3'; expected a word and model\.output_dim=3 finite numbers",
        ),
        (
            "other 1 2 3\n",
            r"knows none of the 4 words \(good, unheard, the, café\); expected .+lower-case",
        ),
        ("", r"knows none of the 4 words"),
    ],
)
def test_a_line_of_another_format_is_named(tmp_path, write, content, sentence):
    with pytest.raises(ModelError, match=sentence):
        vectors.load(write(tmp_path, content), WORDS, 3)


def test_a_long_line_is_cut_where_it_is_shown(tmp_path):
    line = "the " + " ".join(["0.12345"] * 100)
    with pytest.raises(
        ModelError, match=r"is 'the [0-9. ]{25}\.\.\.[0-9. ]{28}'; expected .+ has 100 parts"
    ):
        vectors.load(text(tmp_path, line), WORDS, 50)


def test_an_archive_without_these_dimensions_says_which_it_has(tmp_path):
    sentence = r"nothing for model\.output_dim=5: it holds glove\.2d\.txt, glove\.3d\.txt, .+ named NAME\.5d\.txt\."
    with pytest.raises(ModelError, match=sentence):
        vectors.load(archive(tmp_path), WORDS, 5)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("absent.txt", None, "FileNotFoundError"),
        ("cut.gz", gzip.compress(GLOVE.encode(), mtime=0)[:-12], "EOFError"),
        ("text.gz", GLOVE.encode(), "BadGzipFile"),
        ("text.zip", GLOVE.encode(), "BadZipFile"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path, name, content, error):
    if content:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(
        ModelError,
        match=rf"{name} cannot be read \({error}: .+\); expected a GloVe file.+ Give the",
    ):
        vectors.load(str(tmp_path / name), WORDS, 3)


# Pieces of words, as Llama's tokenizer has them, and a row of numbers for each.
PIECES = ["<unk>", "▁", "▁good", "▁un", "heard", "a", "r", "he", "ard", "▁u", "n"]
MERGES = ["▁u n", "h e", "a r", "ar d", "he ard", "▁ good", "g o", "go o", "goo d", "▁ u"]


@pytest.fixture
def _toy(tmp_path, monkeypatch):
    """A wheel with the pieces above, each of four columns."""
    weights, tokenizer = tmp_path / "weights", tmp_path / "tokenizer"
    save_file({"embedding.weight": np.arange(44, dtype="<f2").reshape(11, 4)}, weights)
    model = {"vocab": {piece: row for row, piece in enumerate(PIECES)}, "merges": MERGES}
    tokenizer.write_text(json.dumps({"model": model}), encoding="utf-8")
    monkeypatch.setattr(wheel, "members", lambda **_: [weights, tokenizer])
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


@pytest.mark.usefixtures("_toy")
def test_a_word_of_the_stand_in_is_the_mean_of_its_pieces():
    loaded = vectors.load("stand_in", ("", "[UNK]", "good", "unheard", "漢字"), 3)
    good, un, heard = (np.arange(4 * row, 4 * row + 3) for row in (2, 3, 4))
    assert loaded.matrix.tolist() == [
        [0] * 3,
        [0] * 3,
        good.tolist(),
        ((un + heard) / 2).tolist(),
        [0] * 3,
    ]
    assert loaded.matrix.dtype == np.float32
    assert loaded.coverage == 2 / 3


@pytest.mark.usefixtures("_toy")
def test_more_dimensions_than_the_stand_in_has_are_refused():
    with pytest.raises(
        ModelError,
        match=r"output_dim is 5; the vectors of model\.vectors=stand_in have 4\. Use that",
    ):
        vectors.load("stand_in", WORDS, 5)


def test_pieces_learned_first_are_merged_first():
    ranks = {
        tuple(merge.split(" ")): rank for rank, merge in enumerate(["b c", "a b", "bc d", "a bcd"])
    }
    assert vectors._pieces("abcd", ranks) == ["abcd"]
    assert vectors._pieces("abc", ranks) == ["a", "bc"]
    assert vectors._pieces("abab", ranks) == ["ab", "ab"]
    assert vectors._pieces("x", ranks) == ["x"]


@pytest.mark.parametrize(
    ("system", "machine"), [("darwin", "arm64"), ("linux", "aarch64"), ("win32", "AMD64")]
)
def test_the_stand_in_is_for_linux_on_x86_64(monkeypatch, system, machine):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    sentence = (
        rf"for Linux on x86_64, and this is {system} on {machine}; give the path of a GloVe file"
    )
    with pytest.raises(SourceUnavailable, match=sentence):
        vectors.load("stand_in", WORDS, 3)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the wheel is for Linux on x86_64",
)
def test_words_of_one_meaning_are_close_in_the_stand_in():
    words = ("", "[UNK]", "good", "great", "terrible", "awful", "cinematography", "the")
    loaded = vectors.load("stand_in", words, 64)
    assert loaded.coverage == 1
    assert loaded.matrix[2:].any(axis=1).all()
    directions = loaded.matrix[2:] / np.linalg.norm(loaded.matrix[2:], axis=1, keepdims=True)
    likeness = directions @ directions.T
    assert min(likeness[0, 1], likeness[2, 3]) > 2 * likeness[:2, 2:4].max()
