"""Raw rows -> features: Keras layers fitted on training rows only, and logged with the model.

So a logged model takes what a person has: pixels from 0 to 255, or the columns of a table as they
are in its file.
"""

import math

import keras
import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset, images
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import cache
from goldilocks.encoding import vectorization
from goldilocks.errors import DataError

NUMBERS = (
    2**26
)  # encoded at once, at most, where all rows are encoded before the training: 0.25 GiB as float32
IMAGES = 32  # of these, whose features inside the base are many more
MOST_BYTES = 8 * 2**30  # of features that are held in memory


def fit(dataset: Dataset, rows: np.ndarray, *, in_order: bool) -> keras.Model:
    """The encoder of a data set.

    Args:
        dataset: Of any kind.
        rows: Training rows, int64; statistics and vocabularies come from these alone.
        in_order: Whether the model reads texts in their order (`model.READS_IN_ORDER`).

    Returns:
        Image: uint8 (batch, height, width, channels) -> float32 of the same shape, 0 to 1. Table: a
            dict of columns,
        each float32 or string (batch,), -> float32 (batch, features): numbers standardized, missing
        ones set to the training mean and marked by a column of their own, categories one-hot with a
        place for unknown ones. A number that stands still in the training rows has no spread to be
        measured by: it is 0 in every row. Text: string (batch,) -> what `vectorization.encoder`
        makes. Series: float32 (batch, time steps, columns) -> the same, standardized by the points
        of time that the training windows span.
    """
    if dataset.kind == "image":
        size = dataset.image_size or dataset.x.shape[1:3]
        channels = 3 if dataset.image_size else dataset.x.shape[3]
        pixels = keras.Input((*size, channels), dtype="uint8", name="pixels")
        return keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels), name="encoder")
    if dataset.kind == "text":
        assert dataset.vectorization is not None
        return vectorization.encoder(dataset.x[rows], dataset.vectorization, in_order=in_order)
    return (
        _series_encoder(dataset.x, rows)
        if dataset.kind == "series"
        else _table_encoder(dataset.x.iloc[rows])
    )


def raw(dataset: Dataset, rows: np.ndarray) -> np.ndarray | dict[str, np.ndarray]:
    """The rows (int64, (n,)) as the encoder takes them: pixels, the columns of a table, texts, or windows."""
    if dataset.kind == "image":
        return pixels(dataset, rows)
    if dataset.kind == "table":
        return columns(dataset.x.iloc[rows])
    return dataset.x.seen(rows) if dataset.kind == "series" else dataset.x[rows]


def is_held(dataset: Dataset, encoder: keras.Model) -> bool:
    """Whether features are made once and held in memory: all but images and windows, and what a frozen base makes."""
    return dataset.kind in ("table", "text") or _base(encoder) is not None


def features(dataset: Dataset, encoder: keras.Model, rows: np.ndarray) -> np.ndarray:
    """What the encoder makes of these rows (int64, (n,)), all at once: (n, ...), as small as it fits.

    What a frozen base makes takes minutes, and is kept in the cache.
    """
    base = _base(encoder)
    if base is None:
        numbers = math.prod(encoder.output.shape[1:])
        if len(rows) * numbers > MOST_BYTES:
            raise DataError(
                f"{len(rows)} rows of {' x '.join(map(str, encoder.output.shape[1:]))} features "
                "would need "
                f"{len(rows) * numbers / 2**30:.0f} GiB of memory, expected at most "
                f"{MOST_BYTES / 2**30:.0f}; use "
                "dataset.encoding=auto, or lower dataset.max_tokens, dataset.maxlen or dataset.subset."
            )
        return _features(dataset, encoder, rows, max(1, min(1024, NUMBERS // numbers)))
    weights = cache.digest(base.to_json(), *base.get_weights())
    key = {
        "data": dataset.digest,
        "size": dataset.image_size,
        "rows": cache.digest(rows),
        "base": weights,
    }
    return cache.prepared(key, lambda: {"features": _features(dataset, encoder, rows, IMAGES)})[
        "features"
    ]


def _base(encoder: keras.Model) -> keras.Model | None:
    """The network inside an encoder (`training.frozen`), or None."""
    return next((layer for layer in encoder.layers if isinstance(layer, keras.Model)), None)


def _features(dataset: Dataset, encoder: keras.Model, rows: np.ndarray, size: int) -> np.ndarray:
    parts = [
        _compact(
            keras.ops.convert_to_numpy(encoder(tensors(raw(dataset, rows[start : start + size]))))
        )
        for start in range(0, len(rows), size)
    ]
    return np.concatenate(parts)


def _compact(values: np.ndarray) -> np.ndarray:
    """The same values as uint8 where they are whole numbers from 0 to 255: of 25,000 reviews 0.25 GB in place of 1."""
    fits = (
        values.min(initial=0) >= 0
        and values.max(initial=0) <= 255
        and (values == np.floor(values)).all()
    )
    return values.astype("uint8") if fits else values


def persistence(dataset: Dataset, encoder: keras.Model) -> tuple[int, float, float] | None:
    """`Facts.persistence` of a series with its fitted encoder; None of other data."""
    if dataset.kind != "series":
        return None
    place, scale = dataset.x.target, encoder.get_layer("scale")
    mean, variance = (np.asarray(values).ravel()[place] for values in (scale.mean, scale.variance))
    spread = float(np.sqrt(variance))
    return (
        place,
        float(mean),
        spread if np.isfinite(spread) else 0.0,
    )  # It stood still in the training rows.


def tensors(rows: np.ndarray | dict[str, np.ndarray]):
    """Raw rows as Keras takes them: texts, and all columns of a table, become tensors."""
    if isinstance(rows, dict):
        return {name: keras.ops.convert_to_tensor(tensors(column)) for name, column in rows.items()}
    return (
        keras.ops.convert_to_tensor(rows.tolist(), dtype="string") if rows.dtype == object else rows
    )


def pixels(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """The images of these rows (int64, (n,)): uint8 (n, height, width, channels), 0 to 255."""
    if dataset.image_size is None:
        return np.asarray(dataset.x[rows])
    return np.stack([images.decode(path, dataset.image_size).numpy() for path in dataset.x[rows]])


def attach(encoder: keras.Model, model: keras.Model) -> keras.Model:
    """The model that people use, raw rows -> predictions: `model` behind its encoder, sharing its weights."""
    return keras.Model(encoder.input, model(encoder.output), name=model.name)


def columns(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """A table's columns by the names of the encoder's inputs: float32 numbers, and categories as str objects."""
    return {
        name: frame[column].to_numpy(dtype="float32" if _is_number(frame[column]) else object)
        for column, name in _names(frame).items()
    }


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _names(frame: pd.DataFrame) -> dict[str, str]:
    """The columns' names as Keras allows them: without slashes, and all different."""
    names: dict[str, str] = {}
    for column in sorted(
        map(str, frame.columns), key=lambda column: "/" in column
    ):  # Those that may stay as they are.
        name = column.replace("/", "_")
        while name in names.values():
            name += "_"
        names[column] = name
    return names


def _series_encoder(windows: Windows, rows: np.ndarray) -> keras.Model:
    inputs = keras.Input((len(windows.offsets), len(windows.columns)), name="window")
    points = windows.points(rows).astype("float64")
    mean, variance = points.mean(axis=0), points.var(axis=0)
    varies = points.min(axis=0) < points.max(axis=0)
    scale = keras.layers.Normalization(
        mean=mean, variance=np.where(varies, variance, np.inf), name="scale"
    )
    return keras.Model(inputs, scale(inputs), name="encoder")


def _table_encoder(train: pd.DataFrame) -> keras.Model:
    numbers = [column for column in train.columns if _is_number(train[column])]
    categories = [column for column in train.columns if column not in numbers]
    names = _names(train)
    inputs = {column: keras.Input((), dtype="float32", name=names[column]) for column in numbers}
    inputs |= {column: keras.Input((), dtype="string", name=names[column]) for column in categories}
    features = []
    if numbers:
        x = keras.ops.stack([inputs[column] for column in numbers], axis=-1)
        values = train[numbers].to_numpy(dtype="float64")
        known = np.maximum(
            (~np.isnan(values)).sum(axis=0), 1
        )  # 1: of a column without any known value
        mean = np.nansum(values, axis=0) / known
        varies = np.fmin.reduce(values) < np.fmax.reduce(values)
        variance = np.where(varies, np.nansum((values - mean) ** 2, axis=0) / known, np.inf)
        scaled = keras.layers.Normalization(mean=mean, variance=variance)(x)
        features.append(keras.ops.nan_to_num(scaled, nan=0.0))
        gaps = [index for index in range(len(numbers)) if np.isnan(values[:, index]).any()]
        if gaps:
            features.append(
                keras.ops.cast(keras.ops.isnan(keras.ops.take(x, gaps, axis=-1)), "float32")
            )
    for column in categories:
        vocabulary = sorted(set(train[column]))
        lookup = keras.layers.StringLookup(
            vocabulary=vocabulary, num_oov_indices=1, output_mode="one_hot"
        )
        features.append(lookup(keras.ops.expand_dims(inputs[column], -1)))
    joined = keras.ops.concatenate(features, axis=-1) if len(features) > 1 else features[0]
    return keras.Model(
        {names[column]: tensor for column, tensor in inputs.items()}, joined, name="encoder"
    )
