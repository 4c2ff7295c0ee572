"""Source -> arrays, facts about them, and a digest; one module per option of `dataset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import numpy as np

    from goldilocks.dataset.readers.naive import Naive
    from goldilocks.dataset.readers.reading import Reading
    from goldilocks.dataset.readers.spacing import Spacing


class Vectorization(TypedDict):
    """How texts become numbers.

    Keys:
        encoding: "multi_hot" (which words occur), "count" (how often), "sequence" (indices of the
            tokens in their order), "one_hot" (the same, each as a vector), or "auto": "sequence"
            for models that read in order, "multi_hot" for the others.
        hashing: Whether the index of a token is its hash, and no vocabulary is kept.
        token: "word" (lower case, without punctuation) or "character".
        max_tokens: Size of the vocabulary, padding and unknown words included; or the number of
            hash buckets and 2.
        maxlen: Tokens of a sequence.
        truncating: Where a longer text is cut: at its beginning ("pre") or end ("post").
        padding: Where a shorter text is padded: at its beginning ("pre") or end ("post").
        reverse: Whether each text is read backwards, before it is cut and padded.
    """

    encoding: str
    hashing: bool
    token: str
    max_tokens: int
    maxlen: int
    truncating: str
    padding: str
    reverse: bool


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Rows and targets as they came from their source, before any split or fitted preprocessing.

    Attributes:
        name: The option of the config group `dataset`.
        kind: "image", "table", "text" or "series".
        problem: "binary", "multiclass", "multilabel", "regression" or "unit_regression".
        x: The raw rows. Image: uint8 array (rows, height, width, channels), 0 to 255, held in
            memory or memory-mapped; or, where that would be too large, a str array (rows,) of file
            paths to stream from. Table: a `pandas.DataFrame` whose columns are float64 (numbers,
            NaN where missing) or str objects (categories, "" where missing). Text: a str object
            array (rows,). Series: `windows.Windows`, one window a row, in the order of time.
        y: Targets. Binary: float32 (rows,), 0.0 or 1.0. Multiclass: int64 (rows,), index into
            `classes`. Multilabel: float32 (rows, labels), 0.0 or 1.0. Regression: float32 (rows,),
            in the target's unit; of several numbers (rows, outputs).
        classes: Names of the classes or labels, in the order of their indices; empty for
            regression.
        source: "original" or "stand_in".
        drawn: Whether a stand-in is drawn by us, and holds no real data.
        location: Where it came from, for people: a URL, a folder, a file, or how it was drawn.
        digest: SHA-256, hexadecimal, of everything in `x` and `y` before preprocessing.
        fixed: The rows (int64 arrays) of the splits that the data set is published with, by the
            names "train", "validation" and "test"; a split that is not published is absent, and the
            protocol makes it.
        subset: Number of training rows to keep, or None for all.
        unit: Unit of a regression target, for people ("k$"); "" where there is none.
        vectorization: How texts become numbers; None where `x` holds no texts.
        overlap: Series: windows that begin at most so many points apart share points of time, so
            that those of two parts of a split begin further apart; 0 otherwise.
        naive: Series: forecasts without a model, by their names, as `naive.forecasts` makes them:
            indexed by rows, each is float32 (rows, outputs), in the targets' units. The first is
            "last value". Empty of other kinds.
        difference: Series: rows before each predicted one at which stands the value that a network
            predicts the change from; 1: the latest that is known; 0: it predicts values; None: as
            training rows tell (`encoding.differencing`).
        groups: int64 (rows,); rows with the same number belong together and are never split; None
            where each stands for itself.
        times: The point of time of each row of a table, datetime64[us] or float64 (rows,),
            ascending, by which parts are divided; None where rows are in no such order, and of a
            series.
        row_numbers: The number of each row in its file, from 1, int64 (rows,); of files for
            several parts it goes on from one to the next. None where rows are not of a file, and of
            a series.
        query: Name of the column of queries, whose rows are ranked against each other and are the
            groups; "" where rows are not ranked.
        cell_keys: uint64 (rows, cells), a key of each cell of a row as it stands in its file, all
            columns, before anything is read, so that a ledger knows rows again whatever the reading
            options are. Images: of the bytes of each file. Series: of the last time that a window
            predicts, and of all targets at it. None where `x` and `y` are what the source holds.
        target: Name of the column that is predicted, several joined by ", "; "" where the rows came
            without columns.
        outputs: Of several numbers that are predicted: how each is written, by its name, in the
            order of `y`; empty otherwise.
        target_reading: How its numbers are written; None where they are not from a file of texts.
        text_column: Texts: name of the column that holds them; None where they are files, or came
            with the program.
        time_columns: Series: names of the columns that together are the time; empty where the rows
            came in order.
        time_format: Series: how its times are written, as `times.Times.format`.
        spacing: Series: the points of time of its rows; None where they are not known, and
            otherwise.
        holes: Series: where rows are missing, which no window crosses, as `grids.Grid.holes`.
        fill: Series: missing rows, one after the other, that were filled.
        image_size: Height and width in pixels to which streamed images are resized; None where `x`
            holds arrays.
        levels: Of images of more than 8 bits: the values that became, or where they are streamed
            become, 0 and 255; None where there are none.
        header: Of a file: the number of the header's line, as a person gave it; None if found.
        readings: Of a table's or series' columns: how each is read, by its name, also of those that
            are left out.
        notes: Sentences about what was skipped, filled or inferred; printed and logged with every
            run.
    """

    name: str
    kind: str
    problem: str
    x: Any
    y: np.ndarray
    classes: tuple[str, ...]
    source: str
    location: str
    digest: str
    drawn: bool = False
    fixed: Mapping[str, np.ndarray] = field(default_factory=dict)
    subset: int | None = None
    unit: str = ""
    vectorization: Vectorization | None = None
    overlap: int = 0
    naive: Mapping[str, Naive] = field(default_factory=dict)
    difference: int | None = 0
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    row_numbers: np.ndarray | None = None
    query: str = ""
    cell_keys: np.ndarray | None = None
    target: str = ""
    outputs: Mapping[str, Reading] = field(default_factory=dict)
    target_reading: Reading | None = None
    text_column: str | None = None
    time_columns: tuple[str, ...] = ()
    time_format: str = ""
    spacing: Spacing | None = None
    holes: Sequence[Mapping[str, Any]] = ()
    fill: int = 0
    image_size: tuple[int, int] | None = None
    levels: tuple[float, float] | None = None
    header: int | Sequence[int] | None = None
    readings: Mapping[str, Reading] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def is_ordered(self) -> bool:
        """Whether parts are divided by time: the latest rows are for the test."""
        return self.kind == "series" or self.times is not None

    @property
    def date_parts(self) -> list[str]:
        """The parts of dates that are inputs beside their days."""
        parts = {part for reading in self.readings.values() for part in reading.parts}
        return sorted(parts - {"days"})

    @property
    def grouped_by(self) -> str:
        """Return the key by which a table has groups."""
        return "dataset.query" if self.query else "dataset.group"

    def row_number(self, row: int) -> int:
        """Return the number of a row in its file, from 1; where it is of none, its place."""
        return row + 1 if self.row_numbers is None else int(self.row_numbers[row])

    def queries(self, rows: np.ndarray) -> np.ndarray | None:
        """Return the query of each of some rows, int64 (n,); None where rows are not ranked."""
        if not self.query:
            return None
        assert self.groups is not None
        return self.groups[rows]

    @property
    def nouns(self) -> tuple[str, str]:
        """What one of `classes` is called, and several."""
        return ("label", "labels") if self.problem == "multilabel" else ("class", "classes")
