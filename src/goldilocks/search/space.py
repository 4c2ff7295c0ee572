"""What a search may choose from: parameters and their values."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """Numbers from `low` to `high`, both included.

    Attributes:
        low: The least; an int if only whole numbers are meant.
        high: The greatest, not below `low`, of the same type.
        log: Whether each decade is as likely as the next; `low` is then above 0.
    """

    low: float
    high: float
    log: bool

    @property
    def whole(self) -> bool:
        """Return whether only whole numbers are meant."""
        return isinstance(self.low, int)

    def text(self, value: float) -> str:
        """Return a value as it stands on a command line, rounded to six digits for people."""
        if self.whole:
            return str(int(value))
        short = float(f"{value:.6g}")
        return repr(short) if self.low <= short <= self.high else repr(float(value))


@dataclass(frozen=True)
class Parameter:
    """A key and its values.

    Attributes:
        word: The key as typed, maybe with the `+` of Hydra's overrides.
        values: The numbers, or the texts as typed, of which it may be one; of a single text there
            is no search.
    """

    word: str
    values: tuple[str, ...] | Interval

    @property
    def key(self) -> str:
        """Return the key without the `+`."""
        return self.word.lstrip("+~")

    @property
    def searched(self) -> bool:
        """Return whether there is anything to choose."""
        return isinstance(self.values, Interval) or len(self.values) > 1

    @property
    def ends(self) -> list[str]:
        """Return each choice, or both ends of an interval: if these are allowed, all are."""
        if isinstance(self.values, Interval):
            return [self.values.text(self.values.low), self.values.text(self.values.high)]
        return list(self.values)


@dataclass(frozen=True)
class Space:
    """All that a search may choose from.

    A point of it is the value of each parameter as it stands on a command line, in their order.

    Attributes:
        parameters: In the order of the overrides.
    """

    parameters: tuple[Parameter, ...]

    @property
    def searched(self) -> list[Parameter]:
        """Return the parameters with anything to choose."""
        return [parameter for parameter in self.parameters if parameter.searched]

    def overrides(self, point: Iterable[str]) -> list[str]:
        """Return the overrides of a job."""
        pairs = zip(self.parameters, point, strict=True)
        return [f"{parameter.word}={text}" for parameter, text in pairs]

    def grid(self) -> list[tuple[str, ...]]:
        """Return every point once, the last parameter changing fastest, as in Hydra's own sweeper.

        Of an interval only the ends are taken: a search that asks for every point has none.
        """
        return list(itertools.product(*(parameter.ends for parameter in self.parameters)))

    def samples(self) -> list[list[str]]:
        """Return the overrides of a few jobs that show whether all can be run.

        Every choice of every parameter is in one of them, and both ends of every interval, with the
        other parameters at their first values.
        """
        first = [parameter.ends[0] for parameter in self.parameters]
        points = {tuple(first): None}
        for index, parameter in enumerate(self.parameters):
            for text in parameter.ends:
                points[*first[:index], text, *first[index + 1 :]] = None
        return [self.overrides(point) for point in points]
