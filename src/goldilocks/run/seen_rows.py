"""Rows that a run had: their keys, and whether other rows are among them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from goldilocks.dataset import Dataset, cell_keys, row_keys
from goldilocks.errors import StoreError
from goldilocks.protocol import Split

if TYPE_CHECKING:
    from goldilocks.tracking import Store

FILE = "row_keys.npz"  # of the artifacts of a run: keys of its rows by part


def keys_of(dataset: Dataset) -> np.ndarray:
    """Return the keys of each row, uint64 (rows, ways), one of which it shares with equal rows.

    Of a series it is the time that a window predicts, with all targets; of images their pixels and
    the bytes of their files; of other kinds the inputs.
    """
    if dataset.kind == "series":
        return cell_keys.of_rows(cell_keys.of_dataset(dataset))[:, np.newaxis]
    of_inputs = row_keys.keys(dataset)
    assert of_inputs is not None
    if dataset.kind == "image" and dataset.cell_keys is not None:
        return np.column_stack([of_inputs, dataset.cell_keys])
    return of_inputs[:, np.newaxis]


def of_image(file: Path, pixels: np.ndarray) -> np.ndarray:
    """Return `keys_of` an image, uint64 (1, 2).

    Args:
        file: Where it is.
        pixels: As a model takes it, uint8 (height, width, channels).
    """
    of_pixels = row_keys.of_raw("image", pixels[np.newaxis])
    return np.column_stack([of_pixels, [cell_keys.of_file(file)]])


def write(dataset: Dataset, split: Split, folder: Path) -> None:
    """Write the keys of the rows of a run into a folder of its artifacts."""
    keys = keys_of(dataset)
    parts = {part: keys[rows] for part, rows in split.parts.items()}
    np.savez(folder / FILE, allow_pickle=False, **parts)


def logged(store: Store, run_id: str) -> dict[str, np.ndarray]:
    """Return the keys that a run logged of its rows, uint64, by part.

    Raises:
        StoreError: It logged none, or they are damaged.
    """
    content = store.read_artifact(run_id, FILE)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as parts:
            return {part: parts[part] for part in parts}
    except Exception as error:  # Damage raises anything, and always means the same.
        raise StoreError(
            f"{FILE} of the run {run_id} is damaged ({error}); expected keys of its rows."
        ) from error


def among(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return whether each row, uint64 (rows, ways), is one of others, bool (rows,)."""
    return np.asarray(np.isin(keys, others).any(axis=1))


def warning(store: Store, run_id: str, keys: Sequence[np.ndarray]) -> list[str]:
    """Return the warning that rows are test rows of a run; [] where none is one.

    Of a run without keys of its rows there is no warning.

    Args:
        store: Where the run is.
        run_id: Of the run.
        keys: Of the rows, as `keys_of`, in parts.
    """
    try:
        test = logged(store, run_id).get("test", np.empty(0, np.uint64))
    except StoreError:
        return []
    count = sum(int(among(part, test).sum()) for part in keys)
    if not count:
        return []
    words = "is a sealed test row" if count == 1 else "are sealed test rows"
    return [
        f"warning   {count} of these rows {words} of the run: what you choose by them makes its "
        "test score too good."
    ]
