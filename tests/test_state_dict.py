import collections
import os
import pickle
import struct
import sys
import types

import numpy as np
import pytest

from goldilocks.errors import ModelError
from goldilocks.model import state_dict

KERNEL = np.arange(12, dtype="<f4").reshape(2, 3, 2)
STEPS = np.array(7, "<i8")


class Storage:
    def __init__(self, key, dtype, count):
        self.pid = ("storage", dtype, key, "cpu", count, None)


class Tensor:
    """As torch pickles one: the call that makes it again."""

    def __init__(self, storage, start, shape, strides):
        self.arguments = (storage, start, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        return obj.pid if isinstance(obj, Storage) else None


@pytest.fixture
def torch(monkeypatch):
    """What stands for torch when a file is written."""
    module, inner = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "LongStorage"):
        setattr(module, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        pass

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    inner._rebuild_tensor_v2 = _rebuild_tensor_v2
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", inner)
    return module


def pickled(*values):
    def one(value):
        stream = state_dict.io.BytesIO()
        Pickler(stream, protocol=2).dump(value)
        return stream.getvalue()

    return b"".join(map(one, values))


HEAD = (state_dict.MAGIC, state_dict.VERSION, {"little_endian": True})


def tensors_of(torch, *, start=0, shape=(2, 3, 2), strides=(6, 2, 1), count=12):
    tensors = collections.OrderedDict()
    storage = Storage("one", torch.FloatStorage, count)
    tensors["kernel"] = Tensor(storage, start, shape, strides)
    tensors["last"] = Tensor(Storage("one", torch.FloatStorage, count), 10, (2,), (1,))
    tensors["steps"] = Tensor(Storage("two", torch.LongStorage, 1), 0, (), ())
    tensors._metadata = collections.OrderedDict(version=1)  # pyright: ignore
    return tensors


def written(tmp_path, *parts):
    (tmp_path / "weights.pth").write_bytes(b"".join(parts))
    return tmp_path / "weights.pth"


def numbers(array):
    return struct.pack("<q", array.size) + array.tobytes()


RAW = numbers(KERNEL) + numbers(STEPS)


def test_tensors_come_back_by_name_in_order(torch, tmp_path):
    file = written(tmp_path, pickled(*HEAD, tensors_of(torch), ["one", "two"]), RAW)
    found = state_dict.read(file)
    assert list(found) == ["kernel", "last", "steps"]
    np.testing.assert_array_equal(found["kernel"], KERNEL)
    assert found["kernel"].dtype == np.float32
    assert found["last"].tolist() == [10, 11]
    assert (found["steps"].shape, int(found["steps"])) == ((), 7)


class Harmful:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("harmful", "name"),
    [
        (Harmful(os.system, "touch ran"), r"(posix|nt)\.system"),
        (Harmful(eval, "open('ran', 'w')"), r"__builtin__\.eval"),
        (Harmful(os.path.join, "a", "b"), r"(posix|nt)path\.join"),
        (state_dict.read, r"goldilocks\.model\.state_dict\.read"),
        (collections.Counter, r"collections\.Counter"),
    ],
)
@pytest.mark.parametrize("place", range(5))
def test_a_name_that_no_tensor_needs_is_refused_and_not_called(
    torch, tmp_path, monkeypatch, harmful, name, place
):
    monkeypatch.chdir(tmp_path)
    parts = [*HEAD, tensors_of(torch), ["one", "two"]]
    if place == 3:
        parts[3]["harmful"] = harmful
    else:
        parts[place] = harmful
    file = written(tmp_path, pickled(*parts), RAW)
    with pytest.raises(ModelError, match=rf"is refused: it names {name}, .+ fetched again\.$"):
        state_dict.read(file)
    assert list(tmp_path.iterdir()) == [file]


def test_every_cut_file_is_refused(torch, tmp_path):
    whole = pickled(*HEAD, tensors_of(torch), ["one", "two"]) + RAW
    for size in range(len(whole)):
        with pytest.raises(ModelError, match=r"weights\.pth is refused: .+ Expected the tensors"):
            state_dict.read(written(tmp_path, whole[:size]))
    with pytest.raises(ModelError, match="3 bytes are left behind its last storage"):
        state_dict.read(written(tmp_path, whole, b"abc"))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"start": 1}, "kernel is no tensor inside its storage"),
        ({"start": -1}, "kernel is no tensor inside its storage"),
        ({"shape": (-2, 3, -2), "strides": (-6, -2, 1)}, "kernel is no tensor inside"),
        ({"shape": (2**40, 3, 2), "strides": (0, 0, 0)}, "kernel is no tensor inside its storage"),
        ({"strides": (2**40, 2, 1)}, "kernel is no tensor inside its storage"),
        ({"strides": (-6, 2, 1)}, "kernel is no tensor inside its storage"),
        ({"shape": ("2", 3, 2)}, "."),
        ({"count": 13}, "storage one should have 13 numbers, it says 12, and"),
        ({"count": 2**62}, r"should have 4611686018427387904 numbers, it says 12"),
        ({"count": -12}, "should have -12 numbers, it says 12"),
    ],
)
def test_sizes_that_do_not_match_are_refused(torch, tmp_path, keys, sentence):
    file = written(tmp_path, pickled(*HEAD, tensors_of(torch, **keys), ["one", "two"]), RAW)
    with pytest.raises(ModelError, match=sentence):
        state_dict.read(file)


def test_numbers_that_the_file_has_no_room_for_are_not_allocated(torch, tmp_path):
    many = 2**50
    head = pickled(*HEAD, tensors_of(torch, count=many), ["one", "two"])
    file = written(tmp_path, head, struct.pack("<q", many), KERNEL.tobytes())
    with pytest.raises(ModelError, match=rf"it says {many}, and 48 bytes are left"):
        state_dict.read(file)
    # A text, a list of arguments and a place in the pickle's memory, each far too large.
    for opcodes in (
        b"\x80\x02X\xff\xff\xff\x7f",
        b"\x80\x02]r\xff\xff\xff\x7f0",
        b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f",
    ):
        with pytest.raises(ModelError, match="is refused"):
            state_dict.read(written(tmp_path, opcodes))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({0: 7}, "it does not begin as such files do"),
        ({1: 1002}, "it does not begin as such files do"),
        ({3: ["no", "names"]}, "do not belong together"),
        ({3: {"kernel": 5}, 4: []}, r"kernel is no tensor|left behind"),
        ({4: ["one"]}, "do not belong together"),
        ({4: ["one", "two", "three"]}, "do not belong together"),
        ({4: ["two", "one"]}, "storage two should have 1 numbers, it says 12"),
        ({4: 5}, "is refused"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(torch, tmp_path, change, sentence):
    parts = dict(enumerate([*HEAD, tensors_of(torch), ["one", "two"]])) | change
    with pytest.raises(ModelError, match=sentence):
        state_dict.read(written(tmp_path, pickled(*parts.values()), RAW))


@pytest.mark.parametrize("dtype", ["O", "S1000000000", "<f4 ", "no dtype"])
def test_a_storage_of_another_kind_is_refused(tmp_path, torch, dtype):
    tensors = {"kernel": Tensor(Storage("one", dtype, 12), 0, (12,), (1,))}
    with pytest.raises(ModelError, match="has no storage, or has two"):
        state_dict.read(written(tmp_path, pickled(*HEAD, tensors, ["one"]), numbers(KERNEL)))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>", bytes(1000)])
def test_other_files_are_refused(tmp_path, content):
    with pytest.raises(ModelError, match=r"weights\.pth is refused: .+ Delete the file"):
        state_dict.read(written(tmp_path, content))


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        state_dict.read(tmp_path / "absent.pth")
