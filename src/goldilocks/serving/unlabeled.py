"""Raw input without targets, a file or a folder -> rows as a logged model takes them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from goldilocks.dataset import images, series
from goldilocks.dataset.readers import features, folders, tabular, textfiles
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import packing
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas

ROWS = 1024  # read and predicted at a time
IMAGES = 128  # of these, whose rows are larger
KINDS = {"table": "a table", "series": "a series", "text": "texts"}  # as a model's training data
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
    """Return the input, some rows at a time; images are decoded when their turn comes.

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
        siblings = [sibling.name for sibling in path.parent.glob("*")]
        raise DataError(
            f"{path} is not there (looked from {Path.cwd()}); expected a file or a folder."
            f"{did_you_mean(path.name, siblings, path.parent.joinpath)}"
        )
    if schema.kind == "image":
        return "file", _images(path, schema)
    if schema.kind == "text" and (path.is_dir() or path.suffix.lower() in folders.TEXTS.suffixes):
        return "file", _text_files(path)

    _check_is_table(path, schema.kind)
    if schema.kind == "series":
        return schema.time or "row", _windows(path, schema)
    if schema.kind == "table":
        return "row", _table(path, schema)
    return "row", _texts(path, schema)


def _check_is_table(path: Path, kind: str) -> None:
    if path.is_dir() or path.suffix.lower() not in tabular.SUFFIXES:
        what = "a folder" if path.is_dir() else f"a file that ends in {path.suffix or 'nothing'}"
        also = ", a .txt file, or a folder of .txt files" if kind == "text" else ""
        raise DataError(
            f"{path} is {what}, and the model was trained on {KINDS[kind]}; expected a file that "
            f"ends in one of {', '.join(tabular.SUFFIXES)}{also}."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes); expected a header line and rows.")


def _table(path: Path, schema: Schema) -> Iterator[Rows]:
    categories = [name for name, kind in schema.columns.items() if kind == features.CATEGORY]
    columns = _columns(path, list(schema.columns), as_text=categories)
    frame = features.conform(columns, schema.columns)
    for start in range(0, len(frame), ROWS):
        part = frame.iloc[start : start + ROWS]
        yield Rows(range(start + 1, start + 1 + len(part)), part)


def _texts(path: Path, schema: Schema) -> Iterator[Rows]:
    """Yield the texts of a column, without rows that have none."""
    name = schema.text
    if name is None:
        header = [str(column) for column in tabular.read(path)[0].columns]
        name = header[0] if len(header) == 1 else TEXT

    texts = features.texts(_columns(path, [name], as_text=(name,))[name])
    rows = np.flatnonzero(texts != "")
    if not len(rows):
        raise DataError(f"{path} has no text in the column {name!r}; expected at least one.")
    notes: tuple[str, ...] = ()
    if missing := len(texts) - len(rows):
        notes = (f"Left out {missing} of {len(texts)} rows: they have no text.",)

    for start in range(0, len(rows), ROWS):
        part = rows[start : start + ROWS]
        yield Rows(list(part + 1), packing.column(texts[part].tolist()), notes)
        notes = ()


def _windows(path: Path, schema: Schema) -> Iterator[Rows]:
    """Yield a row for each point of time at which a window ends."""
    inputs, notes = list(schema.columns), []
    if schema.time is None:
        frame = _columns(path, inputs, as_text=())
        times = np.arange(1, len(frame) + 1)
    else:
        names = list(dict.fromkeys([schema.time, *inputs]))
        frame, notes = series.in_order(_columns(path, names, as_text=()), schema.time, path)
        times = frame[schema.time].to_numpy()

    ahead = f"{schema.delay} rows" if schema.delay > 1 else "1 row"
    notes.append(
        f"Each answer is for {ahead} after the last row that the model saw, which is named beside "
        "it."
    )
    numbers = series.finite(features.conform(frame, schema.columns))
    filled = numbers.ffill()
    complete = filled.notna().all(axis=1).to_numpy()
    gaps = int(numbers.isna().sum().sum())
    if gaps:
        count = gaps - int(filled.isna().sum().sum())
        notes.append(f"Filled {count} missing values with the ones before them in time.")
    if not complete.all():
        notes.append(
            f"Left out {int((~complete).sum())} rows at the start, where a column has no value yet."
        )

    windows = Windows(
        filled[complete].to_numpy("float32"),
        tuple(inputs),
        0,
        schema.lookback,
        schema.step,
        schema.delay,
    )
    count = len(windows.values) - schema.lookback + 1
    if count < 1:
        raise DataError(
            f"{path} has {len(windows.values)} usable rows, and a window of the model spans "
            f"{schema.lookback}; expected at least so many. Add the rows that came before."
        )
    ends = times[complete][schema.lookback - 1 :]
    for start in range(0, count, ROWS):
        rows = np.arange(start, min(start + ROWS, count))
        yield Rows(list(ends[rows]), windows.seen(rows), tuple(notes))
        notes = []


def _columns(path: Path, wanted: Sequence[str], *, as_text: Sequence[str]) -> pandas.DataFrame:
    """Return a file's columns of these names, with at least one row."""
    frame, _ = tabular.read(path, as_text=as_text)
    header = [str(name) for name in frame.columns]
    missing = [name for name in wanted if name not in header]
    if missing:
        others = [name for name in header if name not in wanted]
        close = difflib.get_close_matches(missing[0], others, n=1)
        hint = f" Is {close[0]!r} what was called {missing[0]!r}?" if close else ""
        raise DataError(
            f"{path} has no column {', '.join(map(repr, missing))}, which the model predicts from; "
            f"expected {', '.join(wanted)}, in any order. It has {', '.join(header[:50])}.{hint}"
        )
    if frame.empty:
        raise DataError(f"{path} has a header line and no rows; expected at least one to predict.")
    return frame[list(wanted)]


def _text_files(path: Path) -> Iterator[Rows]:
    total = 0
    for files in _batches(path, folders.TEXTS, ROWS):
        names, texts, skipped = [], [], []
        for name, file in files:
            text = textfiles.content(file)
            if text:
                names.append(name)
                texts.append(text)
            else:
                reason = "no UTF-8 text" if text is None else "empty"
                skipped.append(f"Skipped {name} ({reason}).")
        total += len(names)
        yield Rows(names, packing.column(texts), tuple(skipped))
    if not total:
        raise DataError(
            f"No file of {path} holds a text; expected UTF-8 .txt files that are not empty."
        )


def _images(path: Path, schema: Schema) -> Iterator[Rows]:
    # Imports TensorFlow, for which other kinds of input need not wait.
    from goldilocks.backend import tf

    assert schema.image_size is not None
    total = 0
    for files in _batches(path, folders.IMAGES, IMAGES):
        names, pixels, skipped = [], [], []
        for name, file in files:
            try:
                pixels.append(images.decode(str(file), schema.image_size).numpy())
                names.append(name)
            except tf.errors.OpError:
                reason = "damaged, or no image" if file.stat().st_size else "empty"
                skipped.append(f"Skipped {name} ({reason}).")
        rows = np.stack(pixels) if pixels else np.empty((0, *schema.image_size, 3), np.uint8)
        total += len(names)
        yield Rows(names, rows if schema.channels == 3 else images.gray(rows), tuple(skipped))
    if not total:
        raise DataError(
            f"No file of {path} is an image that can be decoded; expected "
            f"{', '.join(folders.IMAGES.suffixes)}."
        )


def _batches(path: Path, wanted: folders.Files, size: int) -> Iterator[list[tuple[str, Path]]]:
    """Yield names and paths of a file, or of those below a folder, `size` at a time."""
    if not path.is_dir():
        yield [(path.name, path)]
        return

    names = folders.below(path, wanted)
    if not names:
        raise DataError(
            f"{path} holds no {wanted.name}, and the model was trained on {wanted.name}; expected "
            f"files that end in {', '.join(wanted.suffixes)}, in it or in folders below it."
        )
    for start in range(0, len(names), size):
        yield [(name, path / name) for name in names[start : start + size]]
