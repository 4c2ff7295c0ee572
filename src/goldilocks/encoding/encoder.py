"""Raw rows -> features: Keras layers fitted on training rows only, and logged with the model.

So a logged model takes what a person has: pixels from 0 to 255, or the columns of a table as they
are in its file.
"""

import math
from collections.abc import Mapping

import keras
import numpy as np
import pandas as pd
from keras import ops

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.calendar import DAYS
from goldilocks.dataset.readers.pixels import decode_all
from goldilocks.dataset.readers.reading import Reading
from goldilocks.dataset.sources import cache
from goldilocks.encoding import calendar, schema, vectorization
from goldilocks.errors import DataError
from goldilocks.protocol import Rows

# Numbers encoded at once, at most, where all rows are encoded before the training: 0.25 GiB.
NUMBERS = 2**26
IMAGES = 32  # Images encoded at once, whose features inside a frozen base are many more.
MOST_BYTES = 8 * 2**30  # Of features that are held in memory.

Raw = np.ndarray | dict[str, np.ndarray]  # Pixels, windows or texts; or columns by their names.


def fit(dataset: Dataset, rows: Rows, *, in_order: bool) -> keras.Model:
    """Return the encoder of a data set, fitted on training rows.

    Args:
        dataset: Of any kind.
        rows: Training rows, int64; statistics and vocabularies come from these alone.
        in_order: Whether the model reads texts in their order (the trait `reads_in_order`).

    Returns:
        Image: uint8 (batch, height, width, channels) -> float32 of the same shape, 0 to 1. Table: a
        dict of columns, each float32 or string (batch,), -> float32 (batch, features): numbers
        standardized, missing ones set to the training mean and marked by a column of their own,
        categories one-hot with a column for unknown ones. A number that is constant in the training
        rows has no spread to be scaled by: it is 0 in every row. Parts of dates are numbers as
        `calendar.parts_of` makes them. Text: string (batch,) -> what
        `vectorization.encoder` makes. Series: float32 (batch, time steps, columns) -> the same,
        standardized by the points of time that the training windows span.
    """
    if dataset.kind == "image":
        pixels = keras.Input(schema.image_shape(dataset), dtype="uint8", name="pixels")
        return keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels), name="encoder")
    if dataset.kind == "series":
        window = keras.Input((len(dataset.x.offsets), len(dataset.x.columns)), name="window")
        scale = _normalization(dataset.x.points(rows).astype("float64"))
        return keras.Model(window, scale(window), name="encoder")
    if dataset.kind == "table":
        return _table_encoder(dataset.x.iloc[rows], dataset.readings)
    assert dataset.vectorization is not None
    return vectorization.encoder(
        dataset.x[rows],
        dataset.vectorization,
        in_order=in_order,
        digest=cache.digest(dataset.digest, rows),
    )


def raw(dataset: Dataset, rows: Rows) -> Raw:
    """Return rows (int64, (n,)) as the encoder takes them: pixels, columns, texts or windows."""
    if dataset.kind == "image":
        return pixels(dataset, rows)
    if dataset.kind == "table":
        return columns(dataset.x.iloc[rows])
    if dataset.kind == "series":
        return dataset.x.seen(rows)
    return dataset.x[rows]


def is_held(dataset: Dataset, encoder: keras.Model) -> bool:
    """Return whether features are made once and held in memory.

    These are the features of tables and texts, and what a frozen base makes of images.
    """
    return dataset.kind in ("table", "text") or _base(encoder) is not None


def features(dataset: Dataset, encoder: keras.Model, rows: Rows) -> np.ndarray:
    """Return what the encoder makes of rows (int64, (n,)), all at once: (n, ...).

    What a frozen base makes takes minutes, and is kept in the cache.

    Raises:
        DataError: The features would need more than `MOST_BYTES`.
    """
    base = _base(encoder)
    if base is not None:
        key = {
            "data": dataset.digest,
            "size": dataset.image_size,
            "rows": cache.digest(rows),
            "base": cache.digest(base.to_json(), *base.get_weights()),
        }
        made = cache.prepared(key, lambda: {"features": _features(dataset, encoder, rows, IMAGES)})
        return made["features"]

    shape = encoder.output.shape[1:]
    numbers = math.prod(shape)
    needed = len(rows) * numbers
    if needed > MOST_BYTES:
        raise DataError(
            f"{len(rows)} rows of {' x '.join(map(str, shape))} features would need "
            f"{needed / 2**30:.0f} GiB of memory, expected at most {MOST_BYTES / 2**30:.0f}; use "
            "dataset.encoding=auto, or lower dataset.max_tokens, dataset.maxlen or dataset.subset."
        )
    return _features(dataset, encoder, rows, max(1, min(1024, NUMBERS // numbers)))


def _base(encoder: keras.Model) -> keras.Model | None:
    """Return the network inside an encoder (`training.frozen`), if there is one."""
    return next((layer for layer in encoder.layers if isinstance(layer, keras.Model)), None)


def _features(dataset: Dataset, encoder: keras.Model, rows: Rows, size: int) -> np.ndarray:
    parts = []
    for start in range(0, len(rows), size):
        batch = tensors(raw(dataset, rows[start : start + size]))
        parts.append(_compact(ops.convert_to_numpy(encoder(batch))))
    return np.concatenate(parts)


def _compact(values: np.ndarray) -> np.ndarray:
    """Return whole numbers from 0 to 255 as uint8: of 25,000 reviews 0.25 GB in place of 1."""
    with np.errstate(invalid="ignore"):  # Of numbers that no byte holds.
        compact = values.astype("uint8")
    if np.array_equal(compact, values):
        return compact
    return values


def tensors(
    rows: Raw,
) -> np.ndarray | keras.KerasTensor | dict[str, keras.KerasTensor]:
    """Return raw rows as Keras takes them: texts, and all columns of a table, become tensors."""
    if isinstance(rows, dict):
        return {name: ops.convert_to_tensor(tensors(column)) for name, column in rows.items()}
    if rows.dtype == object:
        return ops.convert_to_tensor(rows.tolist(), dtype="string")
    return rows


def pixels(dataset: Dataset, rows: Rows) -> np.ndarray:
    """Return the images of rows (int64, (n,)): uint8 (n, height, width, channels), 0 to 255."""
    if dataset.image_size is None:
        return np.asarray(dataset.x[rows])
    return decode_all(dataset.x[rows], dataset.image_size, dataset.levels)


def attach(encoder: keras.Model, model: keras.Model) -> keras.Model:
    """Return the model that people use, raw rows -> predictions: `model` behind its encoder.

    It shares the weights, and is not compiled: whoever loads it needs neither loss nor optimizer.
    """
    uncompiled = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    return keras.Model(encoder.input, uncompiled(encoder.output), name=model.name)


def columns(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return a table's columns by the names of the encoder's inputs.

    Numbers are float32 (rows,), categories str objects (rows,).
    """
    numbers = frame.select_dtypes("number")
    return {
        name: frame[column].to_numpy(dtype="float32" if column in numbers else object)
        for column, name in _names(frame).items()
    }


def _names(frame: pd.DataFrame) -> dict[str, str]:
    """Return the columns' names as Keras allows them: without slashes, and all different."""
    names: dict[str, str] = {}
    # First those that may stay as they are.
    for column in sorted(map(str, frame.columns), key=lambda column: "/" in column):
        name = column.replace("/", "_")
        while name in names.values():
            name += "_"
        names[column] = name
    return names


def _table_encoder(train: pd.DataFrame, readings: Mapping[str, Reading]) -> keras.Model:
    names = _names(train)
    numbers = list(train.select_dtypes("number"))
    categories = list(train.columns.drop(numbers))
    inputs = {column: keras.Input((), dtype="float32", name=names[column]) for column in numbers}
    inputs |= {column: keras.Input((), dtype="string", name=names[column]) for column in categories}

    parts: list[keras.KerasTensor] = []
    if numbers:
        of_dates = calendar.dated(train, readings)
        made = [calendar.parts_of(inputs[name], of) for name, of in of_dates.items()]
        direct = [name for name in numbers if DAYS in of_dates.get(name, (DAYS,))]
        columns = [inputs[name] for name in direct]
        stacked = ops.stack([*columns, *(part for of in made for part in of.values())], axis=-1)
        fitted = calendar.expanded(train[numbers], readings)
        values = fitted.to_numpy(dtype="float64")
        parts.append(ops.nan_to_num(_normalization(values)(stacked), nan=0.0))
        gaps = np.flatnonzero(np.isnan(values[:, : len(direct)]).any(axis=0)).tolist()
        if gaps:
            missing = ops.isnan(ops.take(stacked, gaps, axis=-1))
            parts.append(ops.cast(missing, "float32"))
    for column in categories:
        lookup = keras.layers.StringLookup(
            vocabulary=sorted(set(train[column])), num_oov_indices=1, output_mode="one_hot"
        )
        parts.append(lookup(ops.expand_dims(inputs[column], -1)))

    by_name = {names[column]: tensor for column, tensor in inputs.items()}
    return keras.Model(by_name, ops.concatenate(parts, axis=-1), name="encoder")


def _normalization(train: np.ndarray) -> keras.layers.Normalization:
    """Return a layer that standardizes columns by the training rows, float64 (rows, columns)."""
    counts = np.maximum((~np.isnan(train)).sum(axis=0), 1)  # 1 of a column that is empty.
    mean = np.nansum(train, axis=0) / counts
    varies = np.fmin.reduce(train) < np.fmax.reduce(train)
    variance = np.where(varies, np.nansum((train - mean) ** 2, axis=0) / counts, np.inf)
    return keras.layers.Normalization(mean=mean, variance=variance, name="scale")
