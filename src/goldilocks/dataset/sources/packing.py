"""Texts <-> arrays without objects, so that they are cached and memory-mapped, and never unpickled."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from goldilocks.dataset.sources import cache


def pack(texts: Sequence[str] | np.ndarray) -> dict[str, np.ndarray]:
    """Texts (n of them) as `utf8`, uint8 (bytes of all,), and `ends`, int64 (n,), where each ends in it."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([len(each) for each in encoded], dtype=np.int64)
    return {"utf8": np.frombuffer(b"".join(encoded), np.uint8), "ends": ends}


def unpack(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """What `pack` was given: str objects (n,)."""
    ends = arrays["ends"].tolist()
    content = arrays["utf8"].tobytes()
    return column(
        [content[begin:end].decode() for begin, end in zip([0, *ends], ends, strict=False)]
    )


def column(texts: Sequence[str]) -> np.ndarray:
    """Texts as `Dataset.x` holds them: str objects (n,)."""
    texts_of_rows = np.empty(len(texts), dtype=object)
    texts_of_rows[:] = texts
    return texts_of_rows


def digest(texts: np.ndarray, y: np.ndarray, classes: Sequence[str]) -> str:
    """SHA-256, hexadecimal, of texts, targets, and the names of the classes."""
    packed = pack(texts)
    return cache.digest(packed["utf8"], packed["ends"], y, json.dumps(list(classes)))
