"""Read the weights that torch has saved, without torch, and run nothing that is in the file.

A file of torch 1.5 and earlier is five pickles (a magic number, the version of the format, facts
about the machine, the tensors by name, the keys of their storages) and then, for each storage, how
many numbers it has (64 bits) and these numbers, all little-endian.

Source: `_legacy_save` in https://github.com/pytorch/pytorch/blob/v1.5.0/torch/serialization.py
"""

import collections
import io
import math
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from goldilocks.errors import ModelError

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
DTYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "|u1",
}


class _Unpickler(pickle._Unpickler):  # pyright: ignore[reportPrivateUsage]
    """Knows dictionaries and tensors alone.

    It is Python's own, not the one in C: that one allocates what a number in the file says.
    """

    def __init__(self, stream: io.BytesIO):
        super().__init__(stream)
        self.storages: dict[str, tuple[str, int]] = {}  # dtype and count, by key

    def find_class(self, module: str, name: str) -> object:
        """Return what stands for a name of the file; nothing is imported."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda *arguments: arguments
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise ValueError(f"it names {module}.{name}, which no dictionary of tensors needs")

    def persistent_load(self, pid: object) -> str:
        """Return the key of a storage, and note what it must hold."""
        match pid:
            case ("storage", str(dtype), str(key), str(), int(count), None) if (
                dtype in DTYPES.values()
                and self.storages.setdefault(key, (dtype, count)) == (dtype, count)
            ):
                return key
            case _:
                raise ValueError("a tensor of it has no storage, or has two")


def read(file: Path) -> dict[str, np.ndarray]:
    """Return the tensors in a file by their names, in its order.

    Args:
        file: What `torch.save(model.state_dict(), file)` of torch 1.5 or earlier wrote.

    Raises:
        ModelError: It is another file, it is damaged, or it names something that is neither a
            dictionary nor a tensor.
        OSError: It cannot be read.
    """
    content = file.read_bytes()
    try:
        return _tensors(io.BytesIO(content), len(content))
    except Exception as error:  # Of bytes that are no pickle, `pickle` raises almost any.
        raise ModelError(
            f"The weights file {file} is refused: {str(error) or type(error).__name__}. Expected "
            "the tensors that torch 1.5 or earlier has saved by name, whole and unchanged. Delete "
            "the file, so that it is fetched again."
        ) from error


def _tensors(stream: io.BytesIO, size: int) -> dict[str, np.ndarray]:
    head = [_Unpickler(stream).load() for _ in range(3)]
    if head[:2] != [MAGIC, VERSION]:
        raise ValueError("it does not begin as such files do")

    unpickler = _Unpickler(stream)
    tensors, keys = unpickler.load(), _Unpickler(stream).load()
    if not isinstance(tensors, dict) or set(keys) != set(unpickler.storages):
        raise ValueError("its tensors and its storages do not belong together")

    storages: dict[str, np.ndarray] = {}
    for key in keys:
        dtype, count = unpickler.storages[key]
        has, needs = int.from_bytes(stream.read(8), "little"), count * np.dtype(dtype).itemsize
        if has != count or needs > size - stream.tell():
            raise ValueError(
                f"its storage {key} should have {count} numbers, it says {has}, and "
                f"{size - stream.tell()} bytes are left"
            )
        storages[key] = np.frombuffer(stream.read(needs), dtype)
    if stream.tell() != size:
        raise ValueError(f"{size - stream.tell()} bytes are left behind its last storage")

    # Not by its own `items`: a pickle can give an OrderedDict another one.
    return {str(name): _array(name, tensor, storages) for name, tensor in dict.items(tensors)}


def _array(name: object, tensor: object, storages: dict[str, np.ndarray]) -> np.ndarray:
    """Return the part of a storage that a tensor is."""
    match tensor:
        case (str(key), int(start), tuple(shape), tuple(strides), *_) if _is_inside(
            len(storages[key]), start, shape, strides
        ):
            storage = storages[key]
            in_bytes = [stride * storage.itemsize for stride in strides]
            return np.lib.stride_tricks.as_strided(storage[start:], shape, in_bytes)
        case _:
            raise ValueError(f"{name} is no tensor inside its storage")


def _is_inside(size: int, start: int, shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Return whether a tensor lies within so many numbers; NumPy would read what is behind them."""
    steps = [(n - 1) * stride for n, stride in zip(shape, strides, strict=True)]
    most = max(start + sum(steps) + 1, math.prod(shape))
    return min(start, *steps, *strides, 0) == 0 and most <= size
