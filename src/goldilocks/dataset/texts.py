"""The user's own texts: a folder of .txt files per class, or a file with a column of texts.

Source, licence, counts and balance: the user's. `Dataset.notes` says what was inferred, left out or
    counted.
Shape: one text a row, as it is in its file but for the spaces and line ends around it; y as
    `problems.prepare` says.
Unit: of a regression target the user's, and not known.
Checksum: `Dataset.digest`, of the texts, the classes and y, not of the files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset, Vectorization
from goldilocks.dataset.readers import (
    content,
    features,
    files,
    folders,
    labels,
    problems,
    splits,
    tabular,
    targets,
    textfiles,
)
from goldilocks.dataset.readers.reading import Reading, ReadingOptions
from goldilocks.dataset.sources import cache, packing
from goldilocks.errors import DataError


def load(
    *,
    dir: str | None,
    validation_dir: str | None,
    test_dir: str | None,
    outer_folders: str,
    file: str | None,
    validation_file: str | None,
    test_file: str | None,
    split: str | int | None,
    text: str | int | None,
    target: str | int | Sequence[str] | None,
    problem: str,
    encoding: str,
    hashing: bool,
    token: str,
    max_tokens: int,
    maxlen: int,
    truncating: str,
    padding: str,
    reverse: bool,
    header: files.Header,
    decimal: str,
    missing: Sequence[str],
    ignore_case: bool,
    drop_classes: Sequence[str],
    subset: int | None,
) -> Dataset:
    """Load texts and what is to be predicted from them.

    x is str objects (rows,); y depends on the problem type.

    Args:
        dir: A folder of UTF-8 text files (`content.TEXTS`) in one of the layouts of
            `folders.find`, whose classes are the target.
        validation_dir: Another one, whose texts are for validation; or None.
        test_dir: Another one, whose texts are for the test; or None.
        outer_folders: What the first folders inside are, as in `layouts.arrange`.
        file: Path of a file as `files.read_cells` reads it; this or `dir`, not both.
        validation_file: Path of one with the same columns, whose rows are for validation; or None.
        test_file: Path of one with the same columns, whose rows are for the test; or None.
        split: Name of the file's column that says the part of each row; or None.
        text: Name of the file's column of texts.
        target: Name of the file's column to predict; several, as a list or separated by commas,
            or one with several tags in a cell, make a multilabel problem.
        problem: A problem type, or "auto" to infer it from the target.
        encoding: As in `Vectorization`, and so are the others up to `reverse`.
        hashing: As in `Vectorization`.
        token: As in `Vectorization`.
        max_tokens: As in `Vectorization`.
        maxlen: As in `Vectorization`.
        truncating: As in `Vectorization`.
        padding: As in `Vectorization`.
        reverse: As in `Vectorization`.
        header: Of `file`: as `files.read_cells` takes it.
        decimal: As in `ReadingOptions`.
        missing: As in `ReadingOptions`.
        ignore_case: As in `ReadingOptions`.
        drop_classes: Names of classes whose rows are left out, or of labels that are.
        subset: Number of training rows to keep, or None for all.

    Raises:
        DataError: A column that is missing or holds no texts, files that cannot be read, too few
            texts, or a target that does not fit the problem type.
    """
    options = ReadingOptions(
        decimal=decimal, missing=missing, ignore_case=ignore_case, problem=problem
    )
    others = {"validation": validation_file, "test": test_file}
    if dir is None:
        location = tabular.path_of(str(file))
        parted = splits.read(location, header=header, others=others, split=split)
        rows = _from_file(parted, str(text), target, options, drop_classes)
    else:
        location = Path(str(dir)).expanduser()
        if file is None:
            listing = folders.find(
                location,
                content.TEXTS,
                outer=outer_folders,
                drop=drop_classes,
                parts={"validation": validation_dir, "test": test_dir},
            )
        else:
            listing = labels.read(
                location,
                content.TEXTS,
                splits.read(tabular.path_of(file), header=header, others=others, split=split),
                split=split,
                target=target,
                options=options,
                drop_classes=drop_classes,
            )
        rows = _from_folder(listing)
    target_names = ", ".join(rows.answers)
    if file is None:
        target_names = ""
    text_column = None
    if text is not None:
        text_column = str(text)

    x = rows.x
    problem, y, classes, inferred = problems.prepare(rows.answers, problem)
    digest = packing.digest(x, y, classes)
    if rows.groups is not None:
        digest = cache.digest(digest, rows.groups)
    return Dataset(
        name="texts",
        kind="text",
        problem=problem,
        x=x,
        y=y,
        classes=classes,
        source="original",
        location=str(location),
        digest=splits.digest(digest, rows.parts),
        fixed=splits.fixed(rows.parts),
        subset=subset,
        vectorization=Vectorization(
            encoding=encoding,
            hashing=hashing,
            token=token,
            max_tokens=max_tokens,
            maxlen=maxlen,
            truncating=truncating,
            padding=padding,
            reverse=reverse,
        ),
        header=header,
        row_numbers=rows.numbers,
        groups=rows.groups,
        target=target_names,
        outputs=problems.outputs(list(rows.answers), y, classes, {}),
        target_reading=rows.target_reading,
        text_column=text_column,
        notes=(*rows.notes, *inferred),
    )


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """What was read.

    Attributes:
        x: Texts, str objects (rows,).
        answers: Their target columns.
        notes: Sentences on what was left out or converted.
        parts: As `splits.fixed` takes them.
        target_reading: As in `Dataset`.
        groups: As in `Dataset`.
        numbers: As `Dataset.row_numbers`.
    """

    x: np.ndarray
    answers: pd.DataFrame
    notes: Sequence[str]
    parts: Sequence[str] | np.ndarray
    target_reading: Reading | None = None
    groups: np.ndarray | None = None
    numbers: np.ndarray | None = None


def _from_folder(listing: folders.Listing) -> _Rows:
    """Return the texts of listed files; the target is the class of each, or what a table says."""
    texts = textfiles.read(listing)
    classes = [listing.classes[label] for label in listing.labels[texts.rows]]
    groups = listing.groups
    if groups is not None:
        groups = groups[texts.rows]
    answers = pd.DataFrame({"folder": classes})
    if listing.answers is not None:
        answers = listing.answers.iloc[texts.rows]
    return _Rows(
        x=texts.x,
        answers=answers,
        notes=texts.notes,
        parts=[listing.parts[row] for row in texts.rows],
        target_reading=listing.target_reading,
        groups=groups,
    )


def _from_file(
    parted: splits.Parted,
    text: str,
    target: str | int | Sequence[str] | None,
    options: ReadingOptions,
    drop_classes: Sequence[str],
) -> _Rows:
    """Return the texts and targets of a file; rows without one of them are left out."""
    table, path = parted.cells, parted.path
    frame, notes = table.frame, list(table.notes)
    names = list(frame.columns)
    labels = tabular.labels(target, names, path, name="texts")
    text = str(text).strip()
    tabular.check_columns([text], names, path, "dataset.text")
    if text in labels:
        raise DataError(
            f"The column {text!r} is both dataset.text and dataset.target; expected two columns."
        )

    column = frame[text]
    if not features.is_text(column):
        value = next(iter(column.dropna()), "")
        raise DataError(
            f"The column {text!r} of {path.name} holds {value!r}, which is no text; expected "
            "texts in every row. Give another dataset.text; for numbers, use dataset=table."
        )
    answers, read_as, styles = targets.read(frame[labels], labels, path, options)
    notes += read_as

    texts = column.fillna("").str.strip()
    without_text = (texts == "").to_numpy()
    without_target = ~targets.present(answers)
    usable = ~(without_text | without_target)
    what = f"a text ({text}) and a target ({', '.join(labels)})"
    tabular.check_rows(usable, path, what, "other columns")
    if not usable.all():
        notes.append(
            f"Left out {(~usable).sum()} of {len(frame)} rows: {without_text.sum()} have no text, "
            f"and {without_target.sum()} no target."
        )
    if drop_classes:
        answers = targets.without(answers, drop_classes)
        usable = usable & targets.present(answers)
    return _Rows(
        x=packing.column(texts[usable].tolist()),
        answers=answers[usable],
        notes=notes,
        parts=parted.parts[usable],
        numbers=1 + np.flatnonzero(usable),
        target_reading=styles.get(labels[0]),
    )
