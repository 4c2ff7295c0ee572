import collections
import re
import shutil
import weakref

import keras
import psutil
import pytest
from tensorflow.errors import ResourceExhaustedError

from goldilocks.errors import ModelError, StoreError
from goldilocks.run import room


class Built:
    """Settings whose builder gives a model, or raises."""

    regularizer = None

    def __init__(self, result):
        self.result = result

    def builder(self, group):
        def build(facts, regularizer):
            if isinstance(self.result, BaseException):
                raise self.result
            return self.result

        return build


def network():
    return keras.Sequential([keras.Input((9,)), keras.layers.Dense(100_000)])


def test_a_model_that_fits_is_built():
    model = network()
    assert room.build(Built(model), None) is model


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RecursionError("maximum depth"), r"more layers than Keras can build.*smaller layers"),
        (MemoryError("no memory"), r"does not fit into memory: no memory"),
        (ResourceExhaustedError(None, None, "OOM for [9,9]"), r"fit into memory: OOM for \[9,9\]"),
    ],
)
def test_a_model_that_cannot_be_built_is_a_sentence(error, sentence):
    with pytest.raises(ModelError, match=sentence):
        room.build(Built(error), None)


def test_a_model_without_memory_for_its_training_is_refused_before_it(monkeypatch):
    memory = collections.namedtuple("memory", "available")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory(10_000_000))
    with pytest.raises(ModelError, match=r"has 1,000,000 weights, .* about 0\.0 GiB, and 0\.0 GiB"):
        room.build(Built(network()), None)


@pytest.mark.long
def test_what_an_earlier_large_model_took_is_free_before_the_next_one_is_trained(monkeypatch):
    class Earlier:
        """Nothing frees it but a garbage collection."""

        def __init__(self):
            self.itself = self

    earlier = weakref.ref(Earlier())
    monkeypatch.setattr(room, "LARGE", 0)
    room.build(Built(network()), None)
    assert earlier() is None


def test_a_full_temporary_folder_is_said_before_the_training(monkeypatch):
    usage = collections.namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(2 * room.MIB))
    with pytest.raises(StoreError, match=r"temporary folder .+ has 2 MiB free.* set TMPDIR"):
        room.build(Built(network()), None)

    def none(folder):
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(shutil, "disk_usage", none)
    with pytest.raises(StoreError, match=re.escape("directory found. Expected a temporary folder")):
        room.build(Built(network()), None)
