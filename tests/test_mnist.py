import subprocess
import sys
import urllib.error
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.dataset import mnist
from goldilocks.dataset.sources import cache, original
from goldilocks.errors import SourceUnavailable


def fake_keras(monkeypatch, load_data):
    """Keras whose loaders do as told: importing the real one takes seconds."""
    monkeypatch.setattr(cache, "_UNREACHABLE", set())
    datasets = SimpleNamespace(mnist=SimpleNamespace(load_data=load_data))
    monkeypatch.setattr("goldilocks.backend.keras", SimpleNamespace(datasets=datasets))


def broken():
    raise Exception("URL fetch failure on the archive: None -- Name or service not known")


def test_the_stand_in_is_5000_real_digits():
    digits = mnist.load(source="stand_in", subset=100)
    assert (digits.x.shape, digits.x.dtype, digits.x.max()) == ((5000, 28, 28, 1), np.uint8, 255)
    assert isinstance(digits.x, np.memmap)
    assert digits.y.dtype == np.int64
    assert np.bincount(digits.y).tolist() == [500] * 10
    assert digits.classes == tuple("0123456789")
    assert (digits.source, digits.kind, digits.problem, digits.subset) == (
        "stand_in",
        "image",
        "multiclass",
        100,
    )
    assert digits.fixed == {}
    assert digits.digest == "26f716095805daa3488414abfb32dab0959d84af0db17fffd95c684954f0ffbf"


def test_the_stand_in_shows_digits():
    digits = mnist.load(source="stand_in", subset=None)
    ink = [digits.x[digits.y == label].mean() for label in range(10)]
    assert np.argmin(ink) == 1  # A one takes the least ink, a zero the most.
    assert np.argmax(ink) == 0


def test_the_original_tests_on_its_last_10000_rows(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path))
    train = np.zeros((60_000, 28, 28), np.uint8), np.zeros(60_000, np.uint8)
    test = np.ones((10_000, 28, 28), np.uint8), np.ones(10_000, np.uint8)
    fake_keras(monkeypatch, lambda: (train, test))
    digits = mnist.load(source="original", subset=None)
    assert (digits.x.shape, digits.x.dtype, digits.y.dtype) == (
        (70_000, 28, 28, 1),
        np.uint8,
        np.int64,
    )
    assert digits.y[digits.fixed["test"]].tolist() == [1] * 10_000
    assert digits.y.sum() == 10_000
    assert digits.source == "original"
    fake_keras(monkeypatch, broken)
    assert (
        mnist.load(source="auto", subset=None).digest == digits.digest
    )  # From the cache of prepared arrays.


def test_auto_falls_back_with_one_warning(monkeypatch):
    monkeypatch.setattr(cache, "prepared", lambda key, build: build())
    fake_keras(monkeypatch, broken)
    with pytest.warns(UserWarning, match=r"dataset=mnist: .*not known.* Using the stand-in"):
        assert mnist.load(source="auto", subset=None).source == "stand_in"


@pytest.mark.parametrize(
    "error", [Exception("no route"), ValueError("hash"), OSError("disk full"), TimeoutError()]
)
def test_every_failure_of_keras_is_a_sentence(monkeypatch, error):
    def load_data():
        raise error

    fake_keras(monkeypatch, load_data)
    with pytest.raises(
        SourceUnavailable,
        match=r"could not be fetched \(\w.*\)\. Expected .*mnist\.npz.*stand_in",
    ):
        original.from_keras("mnist")


def test_a_download_that_breaks_off_leaves_no_half_written_file(tmp_path, monkeypatch):
    keras = pytest.importorskip("keras")
    from keras.src.utils import file_utils

    def break_off(url, path, progress):
        Path(path).write_bytes(b"half")
        raise urllib.error.URLError("connection reset")

    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    monkeypatch.setattr(file_utils, "urlretrieve", break_off)
    assert keras.datasets.mnist is not None
    with pytest.raises(SourceUnavailable, match="connection reset"):
        original.from_keras("mnist")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_the_stand_in_needs_no_tensorflow():
    script = (
        "import sys; from goldilocks.dataset import mnist, boston; mnist.load(source='stand_in', "
        "subset=None); "
        "boston.load(source='stand_in', subset=None); assert not {'tensorflow', 'keras'} & "
        "set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
