"""Texts <-> arrays without objects, which are memory-mapped and never unpickled."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from goldilocks.dataset.sources import cache


def pack(texts: Sequence[str] | np.ndarray) -> dict[str, np.ndarray]:
    """Return n texts as arrays: `utf8`, uint8 (bytes of all,), and `ends`, int64 (n,), in it."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    return {"utf8": np.frombuffer(b"".join(encoded), np.uint8), "ends": ends}


def unpack(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the texts that `pack` was given: str objects (n,)."""
    ends = arrays["ends"].tolist()
    content = arrays["utf8"].tobytes()
    return column(
        [content[begin:end].decode() for begin, end in zip([0, *ends], ends, strict=False)]
    )


def column(texts: Sequence[str]) -> np.ndarray:
    """Return texts as `Dataset.x` holds them: str objects (n,)."""
    x = np.empty(len(texts), dtype=object)
    x[:] = texts
    return x


def digest(texts: np.ndarray, y: np.ndarray, classes: Sequence[str]) -> str:
    """Return the SHA-256, hexadecimal, of texts, targets, and the names of the classes."""
    packed = pack(texts)
    return cache.digest(packed["utf8"], packed["ends"], y, json.dumps(list(classes)))
