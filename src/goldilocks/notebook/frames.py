"""A table in memory -> a file of this folder, which trainings read and printed commands name."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pandas as pd

from goldilocks.errors import DataError
from goldilocks.tracking.journal import FOLDER

Data = pd.DataFrame | str | Path

FRAMES = FOLDER / "frames"  # a file for each DataFrame


def path_of(data: Data) -> Path:
    """Return the path of data: of a DataFrame, that of the file in which it is kept.

    Raises:
        DataError: It is neither, or cannot be written.
    """
    return Path(data) if isinstance(data, str | Path) else written(data)


def written(data: object) -> Path:
    """Write a table to a file of this folder that is named after what is in it.

    Args:
        data: A DataFrame of pandas, or of a library whose tables have `to_pandas`.

    Raises:
        DataError: It is none, or a column holds values of several types.
    """
    table = getattr(data, "to_pandas", lambda: data)()
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"data is a {type(data).__name__}; expected a pandas.DataFrame with the target among "
            "its columns, or the path of a file or folder. Of arrays: "
            "pd.DataFrame(x).assign(target=y)."
        )
    frame = pd.DataFrame(table).rename(columns=str)
    if frame.index.name is not None:
        frame = frame.reset_index()
    elif not pd.api.types.is_integer_dtype(frame.index):
        raise DataError(
            f"The index of data holds {frame.index.dtype} and has no name, so that it is not clear "
            "whether it is an input. Give it a name (data.index.name = ...) to have it as a "
            "column, or leave it out: data.reset_index(drop=True)."
        )

    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except (ValueError, TypeError) as error:  # pyarrow's own are both.
        reason = str(error).splitlines()[0]
        raise DataError(
            f"data cannot be written: {reason}. Expected one type a column, and names that differ."
        ) from error
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()[:8]
    file = FRAMES / f"frame-{digest}.parquet"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(buffer.getvalue())
        part.replace(file)
    return file
