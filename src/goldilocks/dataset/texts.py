"""The user's own texts: a folder of .txt files per class, or a CSV or Parquet file with a column of texts.

Source, licence, counts and balance: the user's. What was inferred, left out or counted is said in
`Dataset.notes`.
Shape: one text a row, as it is in its file but for the spaces and line ends around it; y as
    `targets.prepare` says.
Checksum: `Dataset.digest`, of the texts, the classes and y, not of the files.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from goldilocks.dataset import Dataset, Vectorization
from goldilocks.dataset.readers import folders, tabular, targets, textfiles
from goldilocks.dataset.sources import packing
from goldilocks.errors import DataError


def load(
    *,
    dir: str | None,
    file: str | None,
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
    subset: int | None,
) -> Dataset:
    """The texts and what is to be predicted from them; x is str objects (rows,), y depends on the problem type.

    Args:
        dir: A folder of UTF-8 .txt files in one of the layouts of `folders.find`, whose classes are
            the target.
        file: Path of a file as `tabular.read` reads it; this or `dir`, not both.
        text: Name of the file's column of texts.
        target: Name of the file's column to predict; several, as a list or separated by commas,
            make a multilabel problem.
        problem: A problem type, or "auto" to infer it from the target.
        encoding: As in `Vectorization`, and so are the others up to `reverse`.
        hashing: As in `Vectorization`.
        token: As in `Vectorization`.
        max_tokens: As in `Vectorization`.
        maxlen: As in `Vectorization`.
        truncating: As in `Vectorization`.
        padding: As in `Vectorization`.
        reverse: As in `Vectorization`.
        subset: Number of training rows to keep, or None for all.

    Raises:
        DataError: Not one of `dir` and `file`, a column that is missing or holds no texts, files
            that cannot be read, too few texts, or a target that does not fit the problem type.
    """
    import pandas

    if (dir is None) == (file is None):
        given = "neither of them" if dir is None else f"dataset.dir={dir} and dataset.file={file}"
        raise DataError(
            "dataset=texts needs either dataset.dir=FOLDER, with a folder of .txt files per class, "
            "or "
            f"dataset.file=FILE, a CSV or Parquet file; it got {given}."
        )
    if dir is not None:
        if text is not None or target is not None:
            raise DataError(
                f"dataset.text and dataset.target name columns of a file; dataset.dir={dir} has "
                "none, its folders are "
                "the target. Leave them out."
            )
        location = Path(str(dir)).expanduser()
        target_columns, text_column = "", None
        listing = folders.find(location, folders.TEXTS)
        found = textfiles.read(listing)
        x, notes = found.x, list(found.notes)
        columns = pandas.DataFrame(
            {"folder": [listing.classes[label] for label in listing.labels[found.rows]]}
        )
    else:
        location = tabular.path_of(str(file))
        x, columns, notes = _rows(location, text, target)
        target_columns, text_column = ", ".join(columns), str(text)
    resolved, y, classes, said = targets.prepare(columns, problem)
    return Dataset(
        name="texts",
        kind="text",
        problem=resolved,
        x=x,
        y=y,
        classes=classes,
        source="original",
        location=str(location),
        digest=packing.digest(x, y, classes),
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
        target=target_columns,
        text_column=text_column,
        notes=(*notes, *said, *_repeated(x)),
    )


def _rows(path: Path, text: str | int | None, target: str | int | Sequence[str] | None):
    """The file's texts, str objects (rows,), its target columns, and notes; rows that lack one of them are left out."""
    frame, notes = tabular.read(path)
    names = [str(name) for name in frame.columns]
    if text is None:
        raise DataError(
            "dataset=texts needs the column of texts: add dataset.text=NAME; "
            f"{tabular.listed(names, path)}."
        )
    labels = tabular.labels(target, names, path, name="texts")
    for name in (str(text), *labels):
        tabular.check_column(name, names, path)
    if str(text) in labels:
        raise DataError(
            f"The column {text!r} is both dataset.text and dataset.target; expected two columns."
        )
    column = frame[str(text)]
    odd = [value for value in column[column.notna()] if not isinstance(value, str)]
    if odd:
        raise DataError(
            f"The column {text!r} of {path.name} holds {odd[0]!r}, which is no text; expected "
            "texts in every row. Give "
            "another dataset.text; for numbers, use dataset=table."
        )
    texts = column.fillna("").str.strip()
    without_text, without_target = (texts == "").to_numpy(), ~targets.known(frame[labels])
    kept = ~(without_text | without_target)
    if kept.sum() < tabular.FEWEST_ROWS:
        raise DataError(
            f"{path} has {int(kept.sum())} rows with a text ({text}) and a target "
            f"({', '.join(labels)}) of "
            f"{len(frame)} rows in all; expected at least {tabular.FEWEST_ROWS}. Add rows, or give "
            "other columns."
        )
    if not kept.all():
        notes.append(
            f"Left out {int((~kept).sum())} of {len(frame)} rows: {int(without_text.sum())} have "
            "no text, and "
            f"{int(without_target.sum())} no target."
        )
    x = packing.column(texts[kept].tolist())
    return x, frame.loc[kept, labels].reset_index(drop=True), notes


def _repeated(x: np.ndarray) -> tuple[str, ...]:
    """The sentence about texts that occur again, if any; `protocol.duplicates` keeps them in one part."""
    again = len(x) - len(set(x))
    if not again:
        return ()
    return (
        f"{again} of {len(x)} texts repeat another one; equal texts are kept in one part of the "
        "split.",
    )
