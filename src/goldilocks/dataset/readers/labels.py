"""A table of labels and the files that its rows name -> a listing of files with their targets."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers import folders, problems, splits, tabular, targets
from goldilocks.dataset.readers.content import Files, shortened
from goldilocks.dataset.readers.folders import Listing
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.errors import DataError

SUFFIX = r"\.[^./]*$"


def read(
    folder: Path,
    wanted: Files,
    parted: splits.Parted,
    *,
    split: str | int | None,
    target: str | int | Sequence[str] | None,
    options: ReadingOptions,
    drop_classes: Sequence[str],
) -> Listing:
    """Return the files that a table names, in its order, with their targets as `answers`.

    Args:
        folder: The files are anywhere below it.
        wanted: What is listed.
        parted: The table.
        split: Its column of parts, or None.
        target: Names of its columns to predict; None for the only one beside the names, or all of
            them where they hold yes and no.
        options: What was decided about its reading.
        drop_classes: Names of classes whose rows are left out, or of labels that are.

    Raises:
        DataError: No column names files, it is not clear which ones are to be predicted, or a file
            has two labels.
    """
    frame, path = parted.cells.frame, parted.path
    files = folders.below(folder, wanted)
    names, naming, how = _naming(frame, files, folder, wanted, path)
    others = [name for name in frame.columns if name not in (*naming, str(split))]
    are_labels = len(others) > 1 and all(_is_label(frame[name]) for name in others)
    if target is None and (len(others) == 1 or are_labels):
        columns = others
    else:
        columns = tabular.labels(target, others, path, name=wanted.name)

    answers, notes, styles = targets.read(frame[columns], columns, path, options)
    present = targets.present(answers)
    answers = targets.without(answers, drop_classes)
    usable = present & names.notna().to_numpy() & targets.present(answers)
    tabular.check_rows(usable, path, f"one of the {wanted.name} and a target", "other columns")

    rows = answers[usable].assign(**{"": names[usable], " ": parted.parts[usable]})
    distinct = rows.drop_duplicates()
    twice = distinct[""][distinct[""].duplicated()].unique()
    if len(twice):
        raise DataError(
            f"{path} has {len(twice)} {wanted.name} in several rows, with different labels: "
            f"{shortened(twice)}. Expected one row for each; correct the file."
        )
    counted = {
        f"rows name none of the {wanted.name}": frame[naming[0]][names.isna()].map(str),
        "rows have no target": names[~present].dropna(),
        "rows repeat another one": rows[""][~rows.index.isin(distinct.index)],
        f"{wanted.name} are in no row": sorted(set(files) - set(names)),
    }
    notes = [
        f"Took the column {naming[0]!r} of {path.name} for {how}.",
        f"Predicted: {', '.join(answers.columns)}.",
        *parted.cells.notes,
        *notes,
        *(
            f"Left out: {len(some)} {what} ({shortened(list(some))})."
            for what, some in counted.items()
            if len(some)
        ),
    ]
    return Listing(
        folder=folder,
        files=tuple(distinct[""]),
        labels=np.zeros(len(distinct), np.int64),
        classes=(wanted.name,),
        notes=tuple(notes),
        parts=tuple(distinct[" "]),
        answers=distinct[list(answers.columns)],
        target_reading=styles.get(columns[0]),
    )


def _naming(
    frame: pd.DataFrame, files: Sequence[str], folder: Path, wanted: Files, path: Path
) -> tuple[pd.Series, list[str], str]:
    """Return the file that each row names, the columns that name it, and in which way they do."""
    paths = pd.Series(files, dtype=object).str.casefold()
    bare = paths.str.rpartition("/")[2]
    forms = {
        "the paths of files": paths,
        "the paths of files without their suffixes": paths.str.replace(SUFFIX, "", regex=True),
        "the names of files": bare,
        "the names of files without their suffixes": bare.str.replace(SUFFIX, "", regex=True),
    }
    ways: list[tuple[pd.Series, str, str]] = []
    for name in frame.columns:
        cells = (
            frame[name]
            .astype(object)
            .fillna("")
            .map(str)
            .str.strip()
            .str.casefold()
            .str.replace("\\", "/")
            .str.removeprefix("./")
        )
        # Folders that stand before all of them say nothing: the files may have been moved.
        above = posixpath.commonprefix(cells.tolist()).rpartition("/")[0]
        for form, keys in forms.items():
            of_key = pd.Series(files, index=keys)[~keys.duplicated(keep=False).to_numpy()]
            for written in (cells, cells.str.removeprefix(f"{above}/")):
                ways.append((written.map(of_key), str(name), form))

    names, name, form = max(ways, key=lambda way: way[0].nunique())
    if not names.nunique():
        raise DataError(
            f"No column of {path} names {wanted.name} in {folder}; expected one with names such as "
            f"{shortened(files) or 'those of files'}. Correct dataset.dir, or dataset.file."
        )
    equal = [other for of_other, other, _ in ways if of_other.equals(names)]
    return names, [name, *equal], form


def _is_label(column: pd.Series) -> bool:
    return bool(np.isfinite(problems.truths(column.dropna())).all())
