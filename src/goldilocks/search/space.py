"""What a search may choose from: parameters, their values, and conditions on other parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

# The value of each parameter of a job, by its key, as it stands on a command line.
Point = Mapping[str, str]


@dataclass(frozen=True)
class Choices:
    """Values of which one is taken.

    Attributes:
        texts: Each as typed.
        even: Whether they are numbers that rise by equal steps, so that a sampler may learn from
            neighbours.
    """

    texts: tuple[str, ...]
    even: bool = False


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
class Condition:
    """When a parameter is searched at all: if another key has one of some values."""

    key: str
    values: tuple[str, ...]

    def holds(self, point: Point) -> bool:
        """Return whether it holds for the values of a job."""
        return self.key in point and plain(point[self.key]) in self.values


@dataclass(frozen=True)
class Parameter:
    """A key and its values.

    Attributes:
        key: Without the `+` of Hydra's overrides.
        values: What it may be; a single choice is no search.
        when: The condition, if it has one.
    """

    key: str
    values: Choices | Interval
    when: Condition | None

    @property
    def searched(self) -> bool:
        """Return whether there is anything to choose."""
        return isinstance(self.values, Interval) or len(self.values.texts) > 1

    @property
    def ends(self) -> list[str]:
        """Return each choice, or both ends of an interval: if these are allowed, all are."""
        if isinstance(self.values, Interval):
            return [self.values.text(self.values.low), self.values.text(self.values.high)]
        return list(self.values.texts)

    def wanted(self, point: Point) -> bool:
        """Return whether its condition holds for the values of a job."""
        return self.when is None or self.when.holds(point)


@dataclass(frozen=True)
class Space:
    """All that a search may choose from.

    Attributes:
        words: Each key as typed, maybe with a `+`, by the key without it, in the order of the
            overrides.
        parameters: Each stands behind the one that its condition asks for.
    """

    words: Mapping[str, str]
    parameters: tuple[Parameter, ...]

    @property
    def searched(self) -> list[Parameter]:
        """Return the parameters with anything to choose."""
        return [parameter for parameter in self.parameters if parameter.searched]

    def draw(self, choose: Callable[[Parameter], str]) -> dict[str, str]:
        """Return a point: what `choose` returns for each parameter whose condition holds."""
        point: dict[str, str] = {}
        for parameter in self.parameters:
            if parameter.wanted(point):
                point[parameter.key] = choose(parameter)
        return point

    def overrides(self, point: Point) -> list[str]:
        """Return the overrides of a job, in the order in which the search was typed."""
        return [f"{word}={point[key]}" for key, word in self.words.items() if key in point]

    def grid(self) -> list[dict[str, str]]:
        """Return every point once, the last parameter changing fastest, as in Hydra's own sweeper.

        Of an interval only the ends are taken: a search that asks for every point has none.
        """
        points: list[dict[str, str]] = [{}]
        for parameter in self.parameters:
            longer: list[dict[str, str]] = []
            for point in points:
                if parameter.wanted(point):
                    longer += [{**point, parameter.key: text} for text in parameter.ends]
                else:
                    longer.append(point)
            points = longer
        return points

    def samples(self) -> list[list[str]]:
        """Return the overrides of a few jobs that show whether all can be run.

        Every choice of every parameter is in one of them, and both ends of every interval, with the
        other parameters at their first values, or at the first that the condition of the one in
        question allows.
        """
        jobs: dict[tuple[str, ...], None] = {}
        for parameter in self.parameters:
            for text in parameter.ends:
                fixed = {**self._required(parameter.when), parameter.key: text}
                point = self.draw(lambda other, fixed=fixed: fixed.get(other.key, other.ends[0]))
                jobs[tuple(self.overrides(point))] = None
        return [list(overrides) for overrides in jobs] or [[]]

    def _required(self, when: Condition | None) -> dict[str, str]:
        """Return values, by key, with which a condition holds."""
        if when is None:
            return {}
        other = next(parameter for parameter in self.parameters if parameter.key == when.key)
        text = next(text for text in other.ends if when.holds({when.key: text}))
        return {**self._required(other.when), when.key: text}


def plain(text: str) -> str:
    """Return a value without the quotes that Hydra needed around it."""
    return text.strip("'\"")
