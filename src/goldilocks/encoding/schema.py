"""What raw rows a logged model takes, and what its answers mean: `input.json` of every run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter, ValidationError

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.depth import Levels
from goldilocks.dataset.readers.files import Header
from goldilocks.dataset.readers.reading import CATEGORY, NUMBER, TAGS, Reading
from goldilocks.encoding.targets import count_outputs
from goldilocks.errors import DataError
from goldilocks.problem import Problem

FILE = "input.json"  # of the artifacts of a run


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The input and the answers of a model that predicts from raw rows.

    Attributes:
        kind: "image", "table", "text" or "series".
        problem: The problem type.
        target: What is predicted, for people: the name of a column, "class", "labels" or "value".
        classes: Names of the classes or labels, in the order of their indices; empty for
            regression.
        unit: Unit of a regression target, for people; "" where there is none.
        columns: Of a table or a series: how each column was read, by its name, in the model's
            order.
        image_size: Of images: height and width in pixels; None of other kinds.
        channels: Of images: 1 (gray) or 3 (RGB); 0 of other kinds.
        text: Of texts: the column of a file that holds them; None where they were files, or came
            with the program.
        time: Of a series: the columns that together are the time; empty where the rows came in
            order.
        time_format: Of a series: how times were written, as `times.Times.format`.
        header: Of a file: the number of the header's line, as `files.read_cells` takes it.
        lookback: Of a series: as `Windows.lookback`; 0 of other kinds.
        earlier: Of a series: as `Windows.earlier`.
        fill: Of a series: missing rows, one after the other, that are filled; 0 of other kinds.
        step: Of a series: every how many of them are seen; 0 of other kinds.
        delay: Of a series: rows from the last one seen to the first one predicted; 0 of other
            kinds.
        horizon: Of a series: rows that are predicted, one after the other; 1 of other kinds.
        levels: Of images of more than 8 bits: the values that become 0 and 255; None where none
            were seen, or the run was of an earlier version.
        outputs: As `Dataset.outputs`.
        target_reading: As `Dataset.target_reading`.
        thresholds: As `Problem.thresholds`.
    """

    kind: str
    problem: str
    target: str
    classes: tuple[str, ...]
    unit: str = ""
    columns: Mapping[str, Reading]
    image_size: tuple[int, int] | None = None
    channels: int = 0
    text: str | None = None
    time: tuple[str, ...] = ()
    time_format: str = ""
    header: Header = None
    fill: int = 0
    lookback: int = 0
    earlier: tuple[int, ...] = ()
    step: int = 0
    delay: int = 0
    horizon: int = 1
    levels: Levels | None = None
    outputs: Mapping[str, Reading] = field(default_factory=dict)
    target_reading: Reading | None = None
    thresholds: tuple[float, ...] = ()

    @property
    def sign(self) -> str:
        """The sign between the tags of the target; "" where it is no column of tags."""
        if self.target_reading is None or self.target_reading.kind != TAGS:
            return ""
        return self.target_reading.format

    def to_json(self) -> str:
        """Return the schema as `from_json` reads it."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


def image_shape(dataset: Dataset) -> tuple[int, ...]:
    """Return the height, width and channels of images; () of other kinds."""
    if dataset.image_size is not None:
        return (*dataset.image_size, 3)
    if dataset.kind != "image":
        return ()
    return tuple(map(int, dataset.x.shape[1:]))


def of(dataset: Dataset, problem: Problem) -> Schema:
    """Return the schema of models that are trained on a data set.

    Args:
        dataset: Loaded.
        problem: Of the run.
    """
    height, width, channels = image_shape(dataset) or (0, 0, 0)
    columns, spans = dict[str, Reading](), dict[str, int]()
    if dataset.kind in ("table", "series"):
        columns = {str(name): _reading(dataset, str(name)) for name in dataset.x.columns}
    if dataset.kind == "series":
        windows = dataset.x
        names = ("lookback", "step", "delay", "horizon")
        spans = {name: getattr(windows, name) for name in names}

    return Schema(
        kind=dataset.kind,
        problem=problem.type,
        thresholds=_thresholds(dataset, problem),
        target=target_of(dataset.target, problem.type, dataset.target_reading),
        classes=dataset.classes,
        unit=dataset.unit,
        outputs=dataset.outputs,
        target_reading=dataset.target_reading,
        columns=columns,
        image_size=(height, width) if channels else None,
        channels=channels,
        levels=dataset.levels,
        text=dataset.text_column,
        time=dataset.time_columns,
        time_format=dataset.time_format,
        header=dataset.header,
        fill=dataset.fill,
        earlier=dataset.x.earlier if dataset.kind == "series" else (),
        **spans,
    )


def from_json(text: str) -> Schema:
    """Return the schema that `to_json` wrote.

    Raises:
        DataError: It was written by another version of the program.
    """
    try:
        return TypeAdapter(Schema).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        wrong = ": ".join([*map(str, first["loc"]), first["msg"]])
        raise DataError(
            f"{FILE} cannot be read ({wrong}); expected what a run of this version of the program "
            "logs. Train again."
        ) from error


def _thresholds(dataset: Dataset, problem: Problem) -> tuple[float, ...]:
    """Return the threshold of each class or label; () where they are one half."""
    if len(problem.thresholds) == 1:
        return problem.thresholds * count_outputs(problem, dataset)
    return problem.thresholds


def _reading(dataset: Dataset, name: str) -> Reading:
    """Return how a column was read; of a published table, what it holds."""
    if name in dataset.readings:
        return dataset.readings[name]
    is_number = dataset.kind == "series" or dataset.x[name].dtype == "float64"
    return Reading(kind=NUMBER if is_number else CATEGORY)


def target_of(name: str, problem: str, reading: Reading | None = None) -> str:
    """Return what is predicted, for people, from the name of its column, if it has one."""
    of_tags = reading is not None and reading.kind == TAGS
    if problem == "multilabel" and not of_tags:
        return "labels"
    if name:
        return name
    return "value" if problem.endswith("regression") else "class"
