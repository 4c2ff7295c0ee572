"""Raw input without targets -> rows as a logged model takes them: a file or a folder, read as it was for training."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks.dataset import series
from goldilocks.dataset.readers import features, folders, tabular, textfiles
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import packing
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError

ROWS = 1024  # read and predicted at a time
IMAGES = 128  # of these, whose rows are larger
TEXT = "text"  # the column of texts, where the run that trained the model did not name one


@dataclass(frozen=True)
class Rows:
    """Some rows of the input, and what they are called.

    Attributes:
        names: Of each row: the path of its file, its number in its file (from 1), or a time.
        x: Image: uint8 (rows, height, width, channels), 0 to 255. Table: a `pandas.DataFrame` as
            `Dataset.x`. Text: str objects (rows,). Series: float32 (rows, time steps, columns), in
            the columns' units.
        notes: Sentences about what was skipped on the way to these rows.
    """

    names: Sequence[Any]
    x: Any
    notes: tuple[str, ...] = ()


def read(path: Path, schema: Schema) -> tuple[str, Iterator[Rows]]:
    """The input, some rows at a time; images are decoded when their turn comes, so that a folder may hold any number.

    Args:
        path: A file, or a folder of images or texts.
        schema: Of the model.

    Returns:
        What the names of the rows are ("file", "row", or the column of times), and the rows.

    Raises:
        DataError: There is nothing at this path, it is not what the model takes, or a file cannot
            be read.
    """
    if not path.exists():
        beside = [each.name for each in path.parent.glob("*")]
        close = difflib.get_close_matches(path.name, beside, n=1)
        hint = f" Did you mean {path.parent / close[0]}?" if close else ""
        raise DataError(
            f"{path} is not there (looked from {Path.cwd()}); expected a file or a folder.{hint}"
        )
    if schema.kind == "image":
        return "file", _images(path, schema)
    if schema.kind == "text" and (path.is_dir() or path.suffix.lower() in folders.TEXTS.suffixes):
        return "file", _text_files(path)
    if path.is_dir() or path.suffix.lower() not in tabular.SUFFIXES:
        what = "a folder" if path.is_dir() else f"a file that ends in {path.suffix or 'nothing'}"
        also = ", a .txt file, or a folder of .txt files" if schema.kind == "text" else ""
        raise DataError(
            f"{path} is {what}, and the model was trained on {_named(schema.kind)}; expected a "
            "file that ends in one "
            f"of {', '.join(tabular.SUFFIXES)}{also}."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes); expected a header line and rows.")
    if schema.kind == "series":
        return schema.time or "row", _windows(path, schema)
    return "row", _table(path, schema) if schema.kind == "table" else _texts(path, schema)


def _table(path: Path, schema: Schema) -> Iterator[Rows]:
    wanted = list(schema.columns)
    frame = features.conform(_columns(path, wanted, as_text=_categories(schema)), schema.columns)
    for start in range(0, len(frame), ROWS):
        part = frame.iloc[start : start + ROWS]
        yield Rows(range(start + 1, start + 1 + len(part)), part)


def _texts(path: Path, schema: Schema) -> Iterator[Rows]:
    """The texts of a column; rows without one are left out."""
    name = schema.text
    if name is None:
        header = [str(each) for each in tabular.read(path)[0].columns]
        name = header[0] if len(header) == 1 else TEXT
    texts = features.texts(_columns(path, [name], as_text=(name,))[name])
    rows = np.flatnonzero(texts != "")
    lost = len(texts) - len(rows)
    notes = (f"Left out {lost} of {len(texts)} rows: they have no text.",) if lost else ()
    if not len(rows):
        raise DataError(f"{path} has no text in the column {name!r}; expected at least one.")
    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        yield Rows(list(part + 1), packing.column(texts[part].tolist()), () if start else notes)


def _windows(path: Path, schema: Schema) -> Iterator[Rows]:
    """A row for each point of time at which a window ends; what comes after it is not needed."""
    wanted = list(schema.columns)
    frame = _columns(
        path,
        wanted if schema.time is None else list(dict.fromkeys([schema.time, *wanted])),
        as_text=(),
    )
    notes: list[str] = []
    if schema.time is not None:
        frame, notes = series.in_order(frame, schema.time, path)
    numbers = series.finite(features.conform(frame, schema.columns))
    ahead = f"{schema.delay} rows" if schema.delay > 1 else "1 row"
    notes.append(
        f"Each answer is for {ahead} after the last row that the model saw, which is named beside "
        "it."
    )
    gaps = int(numbers.isna().sum().sum())
    numbers = numbers.ffill()
    whole = numbers.notna().all(axis=1).to_numpy()
    if gaps:
        filled = gaps - int(numbers.isna().sum().sum())
        notes.append(f"Filled {filled} missing values with the ones before them in time.")
    if not whole.all():
        notes.append(
            f"Left out {int((~whole).sum())} rows at the start, where a column has no value yet."
        )
    windows = Windows(
        numbers[whole].to_numpy("float32"),
        tuple(wanted),
        0,
        schema.lookback,
        schema.step,
        schema.delay,
    )
    count = len(windows.values) - schema.lookback + 1
    if count < 1:
        raise DataError(
            f"{path} has {len(windows.values)} usable rows, and a window of the model spans "
            f"{schema.lookback}; "
            "expected at least so many. Add the rows that came before."
        )
    times = (
        frame[schema.time].to_numpy() if schema.time is not None else np.arange(1, len(frame) + 1)
    )
    ends = times[whole][schema.lookback - 1 :]
    for start in range(0, count, ROWS):
        rows = np.arange(start, min(start + ROWS, count))
        yield Rows(list(ends[rows]), windows.seen(rows), () if start else tuple(notes))


def _columns(path: Path, wanted: Sequence[str], *, as_text: Sequence[str]) -> Any:
    """A file's columns of these names, as a `pandas.DataFrame` with at least one row."""
    frame, _ = tabular.read(path, as_text=as_text)
    there = [str(name) for name in frame.columns]
    missing = [name for name in wanted if name not in there]
    if missing:
        close = difflib.get_close_matches(
            missing[0], [name for name in there if name not in wanted], n=1
        )
        hint = f" Is {close[0]!r} what was called {missing[0]!r}?" if close else ""
        raise DataError(
            f"{path} has no column {', '.join(map(repr, missing))}, which the model predicts from; "
            "expected "
            f"{', '.join(wanted)}, in any order. It has {', '.join(there[:50])}.{hint}"
        )
    if frame.empty:
        raise DataError(f"{path} has a header line and no rows; expected at least one to predict.")
    return frame[list(wanted)]


def _categories(schema: Schema) -> list[str]:
    return [name for name, kind in schema.columns.items() if kind == features.CATEGORY]


def _text_files(path: Path) -> Iterator[Rows]:
    files = _files(path, folders.TEXTS)
    seen = 0
    for start in range(0, len(files), ROWS):
        part = files[start : start + ROWS]
        texts = [textfiles.content(path / file if path.is_dir() else path) for file in part]
        kept = [row for row, text in enumerate(texts) if text]
        why = {None: "no UTF-8 text", "": "empty"}
        skipped = [
            f"{file} ({why[text]})" for file, text in zip(part, texts, strict=True) if not text
        ]
        seen += len(kept)
        yield Rows(
            [part[row] for row in kept],
            packing.column([texts[row] or "" for row in kept]),
            _skipped(skipped),
        )
    if not seen:
        raise DataError(
            f"No file of {path} holds a text; expected UTF-8 .txt files that are not empty."
        )


def _images(path: Path, schema: Schema) -> Iterator[Rows]:
    from goldilocks.backend import tf
    from goldilocks.dataset import images

    assert schema.image_size is not None
    files = _files(path, folders.IMAGES)
    seen = 0
    for start in range(0, len(files), IMAGES):
        names, pixels, skipped = [], [], []
        for file in files[start : start + IMAGES]:
            place = path / file if path.is_dir() else path
            try:
                pixels.append(images.decode(str(place), schema.image_size).numpy())
                names.append(file)
            except tf.errors.OpError:
                skipped.append(
                    f"{file} ({'empty' if place.stat().st_size == 0 else 'damaged, or no image'})"
                )
        rows = np.stack(pixels) if pixels else np.empty((0, *schema.image_size, 3), np.uint8)
        yield Rows(names, rows if schema.channels == 3 else images.gray(rows), _skipped(skipped))
        seen += len(names)
    if not seen:
        raise DataError(
            f"No file of {path} is an image that can be decoded; expected "
            f"{', '.join(folders.IMAGES.suffixes)}."
        )


def _files(path: Path, wanted: folders.Files) -> list[str]:
    """A file by its name, whatever its suffix; or those wanted at any depth below a folder, relative to it."""
    if not path.is_dir():
        return [path.name]
    found = folders.below(path, wanted)
    if not found:
        raise DataError(
            f"{path} holds no {wanted.name}, and the model was trained on {wanted.name}; expected "
            "files that end in "
            f"{', '.join(wanted.suffixes)}, in it or in folders below it."
        )
    return found


def _skipped(named: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"Skipped {each}." for each in named)


def _named(kind: str) -> str:
    return {"table": "a table", "series": "a series", "text": "texts"}[kind]
