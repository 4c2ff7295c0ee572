"""How a data set was read: its rows, columns, target, split and findings, as facts and as text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from goldilocks import formatting
from goldilocks.dataset import Dataset, findings, table
from goldilocks.dataset.checks import labels
from goldilocks.dataset.checks.evidence import Evidence
from goldilocks.dataset.findings import Finding
from goldilocks.dataset.readers import calendar, dates, features, splits, tabular
from goldilocks.dataset.readers.reading import Reading, ReadingOptions
from goldilocks.dataset.sources import cache
from goldilocks.errors import DataError
from goldilocks.protocol import Split, notes_of_all
from goldilocks.tracking import provenance

FILE = "data.json"  # the artifact of a run
MOST_TEXTS = 10_000  # whose words are counted for a median length
MOST_HOLES = 10  # that are shown
LONGEST_CELL = 60  # characters of a cell that are shown
MOST_OUTPUTS = 30  # that are shown
FEW_CLASSES = 10  # so many are listed in one line, with their counts


@dataclass(frozen=True, kw_only=True)
class DataSummary:
    """A data set as it was read, and the splits that a protocol makes of it.

    Attributes:
        source: A file, a folder, or where a published data set came from.
        dataset: The option of the config group `dataset`.
        size: "rows"; of texts their median number of "words"; of a series its "windows", and the
            times "from" and "to" with the usual "step" where it has times.
        holes: Of a series: "from" when "to" when how many "rows" are missing, or have no value of a
            "column".
        columns: Of a table or series: "column", "reading" in words, an "example", numbers of
            "distinct" and of "missing" values, and as "remark" why it is left out.
        target: Its "problem" and column "name"; "minimum", "maximum", "mean", "deviation" and
            "unit" of a regression; empty where none was given.
        outputs: Of several numbers that are predicted: their names as "output", and the same of
            each.
        classes: Number of rows of each class or label; empty of a regression.
        splits: Numbers of rows of each part, as `Split.parts`, of each fold.
        notes: Of the data set and of the splits.
        findings: Of the data set, without those that are muted.
        examples: The first rows, as far as they were asked for.
    """

    source: str
    dataset: str
    size: Mapping[str, Any]
    holes: Sequence[Mapping[str, Any]] = ()
    columns: Sequence[Mapping[str, Any]] = ()
    target: Mapping[str, Any] = field(default_factory=dict)
    outputs: Sequence[Mapping[str, Any]] = ()
    classes: Mapping[str, int] = field(default_factory=dict)
    splits: Sequence[Mapping[str, int]] = ()
    notes: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    examples: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> str:
        """Return the summary as a JSON object, its attributes by their names."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)


def summarize(
    dataset: Dataset,
    splits: Sequence[Split],
    *,
    metric: str,
    mute: Sequence[str],
    examples: int = 0,
) -> DataSummary:
    """Return the summary of a data set; it is made once, and read from the cache ever after.

    Args:
        dataset: The data set.
        splits: Of the protocol, at least one.
        metric: The primary metric of a training.
        mute: Codes of findings that are left out.
        examples: Number of rows to show.
    """
    parts = [rows for split in splits for rows in split.parts.values()]
    key = {
        "code": provenance.code().digest,
        "content": cache.digest(dataset.digest, *parts),
        "reading": [dataset.name, dataset.location, dataset.target, dataset.unit, dataset.notes],
        "columns": {name: repr(reading) for name, reading in dataset.readings.items()},
        "split": notes_of_all(splits),
        "size": _size(dataset),
        "outputs": list(dataset.outputs),
        "difference": dataset.difference,
        "query": dataset.query,
        "numbers": "" if dataset.row_numbers is None else cache.digest(dataset.row_numbers),
        "metric": metric,
    }
    facts = cache.remembered(
        key, lambda: dataclasses.asdict(_summary(dataset, splits, metric=metric))
    )
    remarks = [Finding(**finding) for finding in facts["findings"] if finding["code"] not in mute]
    facts |= {"findings": remarks, "examples": _examples(dataset, examples)}
    return DataSummary(**facts)


def _summary(dataset: Dataset, splits: Sequence[Split], *, metric: str) -> DataSummary:
    frame, readings = _frame(dataset), dataset.readings
    if not readings and dataset.kind in ("table", "series"):  # Published ones came as numbers.
        options = ReadingOptions(keep=list(frame.columns))
        readings = features.prepare(frame, Path(dataset.location), options).readings

    target: dict[str, Any] = {"name": dataset.target, "problem": dataset.problem}
    answers = dataset.y.reshape(len(dataset.y), -1).astype(np.float64).T
    if not dataset.classes and not dataset.outputs:
        target |= _range(answers[0]) | {"unit": dataset.unit}
    first = splits[0]
    evidence = Evidence(
        dataset=dataset,
        train=first.train,
        validation=first.validation,
        test=first.test,
        metric=metric,
    )
    return DataSummary(
        source=dataset.location,
        dataset=dataset.name,
        size=_size(dataset),
        holes=dataset.holes,
        columns=_columns(readings),
        target=target,
        outputs=[
            {"output": name} | _range(values)
            for name, values in zip(dataset.outputs, answers, strict=False)
        ],
        classes=class_counts(dataset),
        splits=[{name: len(rows) for name, rows in split.parts.items()} for split in splits],
        notes=[*dataset.notes, *notes_of_all(splits)],
        findings=findings.find(evidence),
    )


def summarize_columns(
    keys: Mapping[str, Any], *, mute: Sequence[str], examples: int = 0
) -> DataSummary:
    """Return the summary of a table of which nobody has said yet what to predict.

    Args:
        keys: Of the option `table`.
        mute: Codes of findings that are left out.
        examples: Number of rows to show.

    Raises:
        DataError: The file cannot be read or has no rows, or a column is read in two ways.
    """
    path = tabular.path_of(keys["file"])
    others = {"validation": keys["validation_file"], "test": keys["test_file"]}
    parted = splits.read(path, header=keys["header"], others=others, split=keys["split"])
    cells, path = parted.cells, parted.path
    if cells.frame.empty:
        raise DataError(f"{path} has no rows; expected a header line and rows below it.")
    columns = list(cells.frame.columns)
    unwanted = tabular.columns_of(keys["drop"], columns, path, "dataset.drop")
    group, query, split = (
        tabular.column_of(keys[key], columns, path, f"dataset.{key}")
        for key in ("group", "query", "split")
    )
    time = tabular.columns_of(keys["time"], columns, path, "dataset.time")
    group = table.group_of(group, query, time)
    unwanted += [name for name in (group, split) if name is not None]
    options = ReadingOptions(
        decimal=keys["decimal"],
        date_format=keys["date_format"],
        date_parts=() if keys["date_parts"] == "none" else keys["date_parts"],
        keep=tabular.names_of(keys["keep"], columns),
        missing=keys["missing"],
        ignore_case=keys["ignore_case"],
    )
    frame, moments = cells.frame, None
    numbers = None
    if time:
        points = table.points_of(frame, time, path, options)
        frame, moments = frame.iloc[points.rows], points.values
        numbers = points.rows + 1
    prepared = features.prepare(frame.drop(columns=unwanted), path, options)
    prepared = calendar.with_parts(prepared, path, options, time)

    rows = np.arange(len(frame))
    dataset = Dataset(
        name="table",
        kind="table",
        problem="",
        x=prepared.x,
        y=np.zeros(len(rows)),
        classes=(),
        source="original",
        location=str(path),
        digest="",
        times=moments,
        row_numbers=numbers,
        groups=None if group is None else table.groups_of(frame[group]),
        query="" if query is None else str(query),
        readings=prepared.readings,
        notes=(*cells.notes, *prepared.notes, *splits.possible(prepared.x)),
    )
    summary = _summary(dataset, [Split(rows, rows[:0], rows[:0])], metric="")
    return dataclasses.replace(
        summary,
        target={},
        splits=(),
        findings=[remark for remark in summary.findings if remark.code not in mute],
        examples=_records(prepared.x[:examples]),
    )


def class_counts(dataset: Dataset) -> dict[str, int]:
    """Return the number of rows of each class, or label, by its name; none of a regression."""
    return dict(zip(dataset.classes, labels.counts(dataset).tolist(), strict=True))


def class_words(dataset: Dataset) -> str:
    """Return classes in a few words, with their rows where they are few: "2 labels (a 1, b 5)"."""
    words = f"{len(dataset.classes)} {dataset.nouns[1]}"
    if len(dataset.classes) > FEW_CLASSES:
        return words
    return f"{words} ({_words(class_counts(dataset))})"


def text(summary: DataSummary) -> str:
    """Return a summary as people read it on a terminal."""
    target = "none yet; add dataset.target=NAME, and see its reading and the split as well"
    noun = "class"
    if summary.target:
        target = _words(summary.target)
        if summary.target["problem"] == "multilabel":
            noun = "label"
    holes = ""
    if summary.holes:
        first = _table(summary.holes[:MOST_HOLES])
        holes = f"{len(summary.holes)} holes, which no window crosses; the first:\n{first}"
    paragraphs = [
        f"{summary.source}: {summary.dataset}, {_words(summary.size)}",
        holes,
        _table(summary.columns),
        f"target: {target}",
        _table(summary.outputs[:MOST_OUTPUTS]),
        _table([{noun: name, "rows": count} for name, count in summary.classes.items()]),
        "\n".join(f"split: {_words(parts)}" for parts in summary.splits),
        "\n".join(f"note: {note}" for note in summary.notes),
        "\n".join(map(str, summary.findings)),
        _table(summary.examples),
    ]
    return "\n\n".join(filter(None, paragraphs))


def _words(values: Mapping[str, Any]) -> str:
    """Return what is known under each name: "train 60, validation 30, test 30"."""
    return ", ".join(
        f"{name} {formatting.number(value) if isinstance(value, float) else value}"
        for name, value in values.items()
        if value != ""
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as lines of cells below each other; "" of none."""
    if not rows:
        return ""
    cells = pd.DataFrame(rows, dtype=object).map(_cell)
    aligned = cells.apply(lambda column: column.str.ljust(column.str.len().max()))
    lines = aligned.to_string(index=False, justify="left", line_width=None).splitlines()
    return "\n".join(line.strip() for line in lines)


def _cell(value: Any) -> str:
    words = f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())
    return formatting.cut(words, LONGEST_CELL)


def _frame(dataset: Dataset) -> pd.DataFrame:
    """Return the columns of a table, the points of a series, or texts; nothing of images."""
    if dataset.kind == "table":
        return dataset.x
    if dataset.kind == "series":
        return pd.DataFrame(dataset.x.values, columns=list(dataset.x.columns))
    return pd.DataFrame({"text": dataset.x} if dataset.kind == "text" else {})


def _range(values: np.ndarray) -> dict[str, float]:
    return {
        "minimum": float(values.min()),
        "maximum": float(values.max()),
        "mean": float(values.mean()),
        "deviation": float(values.std()),
    }


def _columns(readings: Mapping[str, Reading]) -> list[dict[str, Any]]:
    return [
        {
            "column": name,
            "reading": reading.describe(),
            "example": reading.example,
            "distinct": reading.distinct,
            "missing": reading.missing,
            "remark": f"left out: {reading.left_out}" if reading.left_out else "",
        }
        for name, reading in readings.items()
    ]


def _size(dataset: Dataset) -> dict[str, Any]:
    size: dict[str, Any] = {"rows": len(dataset.x)}
    if dataset.kind == "text":
        some = dataset.x[:: -(-len(dataset.x) // MOST_TEXTS)]
        size["median words"] = float(np.median([len(text.split()) for text in some]))
    if dataset.kind == "series":
        size = {"rows": len(dataset.x.values), "windows": len(dataset.x)}
    spacing = dataset.spacing
    if spacing is not None:
        size["rows"] = len(spacing.times)
        size["from"], size["to"] = (dates.shown(time) for time in spacing.local[[0, -1]])
        size["step"] = spacing.describe()
    return size


def _examples(dataset: Dataset, rows: int) -> list[dict[str, Any]]:
    """Return the first rows with their targets; of a series, whose columns have it, its points."""
    frame = _frame(dataset)[:rows]
    if dataset.kind == "series" or not rows:
        return _records(frame)
    answers = pd.DataFrame(dataset.y[:rows])
    if dataset.classes and dataset.y.ndim == 1:
        answers = answers.map(lambda index: dataset.classes[int(index)])
    names = [dataset.target or "target"]
    if dataset.y.ndim > 1:
        names = dataset.classes or list(dataset.outputs)
    return _records(frame.assign(**dict(zip(names, answers.T.to_numpy(), strict=True))))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON knows them, None where a cell is missing."""
    return json.loads(frame.to_json(orient="records", double_precision=15))
