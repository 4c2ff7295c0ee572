"""Listed text files -> texts; files that are empty or no UTF-8 are counted, named and skipped."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from goldilocks.dataset.readers import folders
from goldilocks.dataset.readers.content import shortened
from goldilocks.dataset.sources import cache, packing
from goldilocks.errors import DataError

# Part of the key of stored texts: to be raised whenever a file gives another text than before.
READER = 1
# Fraction of the files, 0 to 1, that may be no UTF-8 texts; more of them are a mistake of the whole
# folder.
BROKEN_LIMIT = 0.01


@dataclass(frozen=True, kw_only=True)
class Texts:
    """What was read.

    Attributes:
        x: str objects (rows,), without the spaces and line ends around them.
        rows: int64 (rows,), the file that each is from, by its index in the listing.
        notes: Sentences about what was ignored or skipped.
    """

    x: np.ndarray
    rows: np.ndarray
    notes: tuple[str, ...]


def read(listing: folders.Listing) -> Texts:
    """Return the texts of listed files, cached under the hashes of their content.

    Raises:
        DataError: A file cannot be read, too many are no UTF-8, or a class has fewer than
            `folders.FEWEST` texts left.
    """
    names = [f"{file}\n" for file in listing.files]
    key = {"texts": cache.digest(folders.hashes(listing), *names), "reader": READER}
    stored = cache.prepared(key, lambda: _read_all(listing))
    rows = np.array(stored["rows"])
    notes = listing.notes + _skipped(listing, stored["broken"], stored["empty"])
    folders.check_left(listing, listing.labels[rows], "files with a text in them", notes)
    return Texts(x=packing.unpack(stored), rows=rows, notes=notes)


def _read_all(listing: folders.Listing) -> dict[str, np.ndarray]:
    """Return packed texts, and their rows in the listing, beside the broken and the empty ones.

    These are the int64 arrays "rows", "broken" and "empty".
    """
    texts = [content(listing.folder / file) for file in listing.files]
    return packing.pack([text for text in texts if text]) | {
        "rows": np.flatnonzero([bool(text) for text in texts]),
        "broken": np.flatnonzero([text is None for text in texts]),
        "empty": np.flatnonzero([text == "" for text in texts]),
    }


def content(path: Path) -> str | None:
    """Return the text of a file without the spaces around it; None where it is no UTF-8 text.

    Raises:
        DataError: The file cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise DataError(f"Could not read {path}: {error}. Expected a file you may read.") from error
    return None if "\0" in text else text  # No text has it: a picture, or UTF-16.


def _skipped(listing: folders.Listing, broken: np.ndarray, empty: np.ndarray) -> tuple[str, ...]:
    """Return notes about what was skipped.

    Raises:
        DataError: More than `BROKEN_LIMIT` of the files are no UTF-8.
    """
    total = len(listing.files)
    notes = folders.skipped(
        [listing.files[row] for row in broken],
        total,
        BROKEN_LIMIT,
        f"files in {listing.folder} are not UTF-8 texts",
        f"Expected at most {BROKEN_LIMIT:.0%} of them. Save them as UTF-8, for example with "
        "`iconv -f WINDOWS-1252 -t UTF-8 old.txt > new.txt`, or delete them.",
    )
    if len(empty):
        names = shortened([listing.files[row] for row in empty])
        notes += (f"Skipped {len(empty)} of {total} files, because they are empty: {names}.",)
    return notes
