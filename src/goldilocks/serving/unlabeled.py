"""Raw input, with targets or without, a file or a folder -> rows as a logged model takes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from goldilocks.dataset import cell_keys
from goldilocks.dataset.readers import (
    columns,
    conform,
    content,
    files,
    folders,
    grids,
    pixels,
    textfiles,
    times,
)
from goldilocks.dataset.readers.content import UnreadableFile, suffix_of
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.dataset.readers.times import Times
from goldilocks.dataset.readers.windows import Windows, span_of
from goldilocks.dataset.sources import packing
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError, did_you_mean
from goldilocks.serving import truths

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
        names: Of each row: the path of its file, its number in its file (from 1), or
            the time that is predicted, of several times the last one that is seen.
        x: Image: uint8 (rows, height, width, channels), 0 to 255. Table: a `pandas.DataFrame` as
            `Dataset.x`. Text: str objects (rows,). Series: float32 (rows, time steps, columns), in
            the columns' units.
        notes: Sentences about what was skipped on the way to these rows.
        truth: float64 (rows,) or (rows, outputs), the target as `Dataset.y`, NaN where it is not
            known; None where no column has it.
        keys: uint64 (rows,), by which a run may know a row beside its `x`: of an image the bytes of
            its file; of a series the predicted time and the targets then, 0 where the file does
            not have them. None of other kinds.
    """

    names: Sequence[Any]
    x: Any
    notes: tuple[str, ...] = ()
    truth: np.ndarray | None = None
    keys: np.ndarray | None = None


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
    if not (path.is_file() or path.is_dir()):  # To open a pipe would wait for ever.
        raise DataError(f"{path} is a pipe, socket or device; expected a file or a folder.")
    if schema.kind == "image":
        return "file", _images(path, schema)
    suffix = suffix_of(path.name)
    if schema.kind == "text" and (path.is_dir() or suffix in ("", *content.TEXTS.suffixes)):
        return "file", _text_files(path)

    what = f"a file that ends in {path.suffix or 'nothing'}"
    if path.is_dir():
        what = "a folder"
    elif path.suffix.lower() in files.SUFFIXES:
        what = ""
    if what:
        also = ", a .txt file, or a folder of .txt files" * (schema.kind == "text")
        raise DataError(
            f"{path} is {what}, and the model was trained on {KINDS[schema.kind]}; expected a file "
            f"that ends in one of {', '.join(files.SUFFIXES)}{also}."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes); expected a header line and rows.")
    if schema.kind == "series":
        return " ".join(schema.time) or "row", _windows(path, schema)
    if schema.kind == "table":
        return "row", _table(path, schema)
    return "row", _texts(path, schema)


def _in_parts(
    names: np.ndarray,
    take: Callable[[np.ndarray], Any],
    notes: Sequence[str],
    truth: np.ndarray | None = None,
    keys: np.ndarray | None = None,
) -> Iterator[Rows]:
    """Yield rows some at a time, with all notes beside the first.

    Args:
        names: Of all rows.
        take: Positions of rows -> these rows.
        notes: As of `Rows`.
        truth: As of `Rows`, of all rows.
        keys: As of `Rows`, of all rows.
    """
    for start in range(0, len(names), ROWS):
        rows = np.arange(len(names))[start : start + ROWS]
        of_rows, of_keys = (None if of_all is None else of_all[rows] for of_all in (truth, keys))
        yield Rows(list(names[rows]), take(rows), tuple(notes), of_rows, of_keys)
        notes = ()


def _table(path: Path, schema: Schema) -> Iterator[Rows]:
    rows = _columns(path, schema, list(schema.columns))
    frame = conform.conform(rows, schema.columns, path)
    truth, notes = truths.of_columns(rows, schema, path)
    yield from _in_parts(np.arange(1, len(frame) + 1), frame.take, notes, truth)


def _texts(path: Path, schema: Schema) -> Iterator[Rows]:
    """Yield the texts of a column, without rows that have none."""
    name = schema.text
    if name is None:
        header = list(files.read_cells(path, header=schema.header, ask=False).frame.columns)
        name = header[0] if len(header) == 1 else TEXT

    frame = _columns(path, schema, [name])
    texts = columns.texts(frame[name])
    rows = np.flatnonzero(texts != "")
    if not len(rows):
        raise DataError(f"{path} has no text in the column {name!r}; expected at least one.")
    truth, notes = truths.of_columns(frame.iloc[rows], schema, path)
    if missing := len(texts) - len(rows):
        notes.append(f"Left out {missing} of {len(texts)} rows: they have no text.")
    yield from _in_parts(rows + 1, texts[rows].take, notes, truth)


def _windows(path: Path, schema: Schema) -> Iterator[Rows]:
    """Yield a row for each point of time at which a window ends, named by the one it predicts."""
    inputs, notes = list(schema.columns), []
    frame = _columns(path, schema, list(dict.fromkeys([*schema.time, *inputs])))
    numbers = conform.conform(frame, schema.columns, path)
    # At least two: the time that is predicted goes by a step.
    fewest = max(2, span_of(schema.lookback, schema.earlier))
    too_few = DataError(
        f"{path} has {len(frame)} rows, of which no {fewest} follow each other without a hole, as "
        "a window of the model needs. Add the rows that came before."
    )
    if numbers.notna().any(axis=1).sum() < 2:
        raise too_few

    counted = np.arange(1.0, len(frame) + 1)
    points = Times(counted, counted, np.arange(len(frame)), "", "", ())
    if schema.time:
        points = times.read(frame, schema.time, path, ReadingOptions(), trained=schema.time_format)
    grid = grids.lay_out(
        numbers.iloc[points.rows],
        points.values,
        points.local,
        fill=schema.fill,
        lookback=schema.lookback,
    )

    values = grid.values[inputs].to_numpy("float32")
    windows = Windows(
        values,
        tuple(inputs),
        (0,),
        schema.lookback,
        schema.step,
        delay=0,
        earlier=schema.earlier,
    )
    if not len(windows):
        raise too_few

    # Answers for one time are named by it, those for several by the time that they count from.
    ahead = schema.delay if schema.horizon == 1 else 0
    rows = f"{ahead} rows" if ahead > 1 else "1 row"
    note = f"Each answer is for the time beside it, {rows} after the last one that the model saw."
    if schema.horizon > 1:
        note = "Beside each row of answers stands the last time that the model saw."
    notes = [*points.notes, *grid.notes(" ".join(schema.time) or "the rows"), note]
    written = [points.write(time) for time in grid.after(windows.starts + windows.reach, ahead)]
    keys = _keys_of_windows(schema, points, grid, windows.starts + windows.reach)
    yield from _in_parts(np.array(written, object), windows.seen, notes, keys=keys)


def _keys_of_windows(
    schema: Schema, points: Times, grid: grids.Grid, last_seen: np.ndarray
) -> np.ndarray:
    """Return the keys of the last rows that windows predict, uint64 (windows,); 0 of unknown ones.

    Args:
        schema: Of the model.
        points: Times of the rows of the file.
        grid: Of the same rows.
        last_seen: The last point that each window sees, int64 (windows,).
    """
    targets = [schema.target]
    if schema.target not in schema.columns:
        targets = schema.target.split(", ")
    if not (schema.time and set(targets) <= set(schema.columns)):
        return np.zeros(len(last_seen), np.uint64)

    predicted = last_seen + schema.delay + schema.horizon - 1
    at = np.minimum(predicted, len(grid.rows) - 1)
    is_told = (predicted == at) & grid.is_known[targets].to_numpy()[at].all(axis=1)
    values = grid.values[targets].to_numpy("float32")[at]
    keys = cell_keys.of_rows(cell_keys.of_series(points.values[grid.rows[at]], values))
    return np.where(is_told, keys, 0)


def _columns(path: Path, schema: Schema, wanted: Sequence[str]) -> pandas.DataFrame:
    """Return the columns of a file that has these ones, with at least one row."""
    frame = files.read_cells(path, header=schema.header, ask=False).frame
    header = [str(name) for name in frame.columns]
    missing = [name for name in wanted if name not in header]
    if missing:
        others = [name for name in header if name not in wanted]
        raise DataError(
            f"{path} has no column {', '.join(map(repr, missing))}, which the model predicts from; "
            f"expected {', '.join(wanted)}, in any order. It has {', '.join(header[:50])}."
            f"{did_you_mean(missing[0], others, repr)}"
        )
    if frame.empty:
        raise DataError(f"{path} has a header line and no rows; expected at least one to predict.")
    return frame


def _text_files(path: Path) -> Iterator[Rows]:
    def text(file: Path) -> str:
        text = textfiles.content(file)
        if not text:
            raise UnreadableFile("no UTF-8 text" if text is None else "empty")
        return text

    for part in _files(path, content.TEXTS, ROWS, text):
        yield replace(part, x=packing.column(part.x))


def _images(path: Path, schema: Schema) -> Iterator[Rows]:
    size, levels = schema.image_size, schema.levels
    assert size is not None
    remarks: list[str] = []

    def image(file: Path) -> np.ndarray:
        picture = pixels.decode(file, size, levels=levels)
        low, high = picture.span
        if picture.animated:
            remarks.append(f"{file.name} holds several pictures: the first one is taken.")
        if not (math.isnan(low) or (levels and levels[0] <= low and high <= levels[1])):
            seen = "values of 8 bits alone"
            if levels:
                seen = f"{levels[0]:g} to {levels[1]:g}"
            remarks.append(
                f"{file.name} has values of {low:g} to {high:g}, and the model saw {seen}."
            )
        return picture.pixels

    for part in _files(path, content.IMAGES, IMAGES, image):
        rows = np.array(part.x, np.uint8).reshape(-1, *size, 3)
        notes = (*part.notes, *remarks)
        remarks.clear()
        if schema.channels != 3:
            rows = pixels.gray(rows)
        folder = path if path.is_dir() else path.parent
        keys = [cell_keys.of_file(folder / name) for name in part.names]
        yield replace(part, x=rows, notes=notes, keys=np.array(keys, np.uint64))


def _files(
    path: Path, wanted: content.Files, size: int, read: Callable[[Path], Any]
) -> Iterator[Rows]:
    """Yield the contents of a file, or of those below a folder, some at a time, as lists.

    Args:
        path: Of the file or folder.
        wanted: What it holds.
        size: How many files to read at a time.
        read: A file -> its content; raises UnreadableFile.

    Raises:
        DataError: There are no such files, or none can be read.
    """
    folder, names = path.parent, [path.name]
    if path.is_dir():
        folder, names = path, folders.below(path, wanted)
    suffixes = content.shortened(wanted.suffixes)
    if not names:
        raise DataError(
            f"{path} holds no {wanted.name}, and the model was trained on {wanted.name}; expected "
            f"files such as {suffixes}, in it or in folders below it."
        )

    total = 0
    for start in range(0, len(names), size):
        contents, skipped = {}, []
        for name in names[start : start + size]:
            try:
                contents[name] = read(folder / name)
            except UnreadableFile as error:
                skipped.append(f"Skipped {name} ({error}).")
        total += len(contents)
        yield Rows(list(contents), list(contents.values()), tuple(skipped))
    if not total:
        raise DataError(
            f"No file of {path} can be read as {wanted.name}; expected files such as {suffixes}, "
            "whole and not empty, and of texts in UTF-8."
        )
