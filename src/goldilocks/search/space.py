"""What a search may choose from: parameters with their values, some only where another has a certain one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

# The value of each parameter that is given, by its name, as it stands on a command line.
Point = Mapping[str, str]


@dataclass(frozen=True)
class Choices:
    """Values of which one is taken.

    Attributes:
        texts: Each as typed: one text for every key of the parameter, which has several where they
            are zipped.
        even: Whether they are numbers that rise by equal steps, so that a sampler may learn from
            neighbours.
    """

    texts: tuple[tuple[str, ...], ...]
    even: bool = False


@dataclass(frozen=True)
class Interval:
    """Numbers from `low` to `high`, both included.

    Attributes:
        low: The least; an int where only whole numbers are meant.
        high: The greatest, not below `low`, of the same type.
        log: Whether each decade is as likely as the next; `low` is then above 0.
    """

    low: float
    high: float
    log: bool

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int)

    def text(self, value: float) -> str:
        """A value as it stands on a command line: of six digits, which a person can still read."""
        short = float(f"{value:.6g}")
        return (
            str(int(value))
            if self.whole
            else repr(short if self.low <= short <= self.high else float(value))
        )


@dataclass(frozen=True)
class Condition:
    """When a parameter is given at all: where another key has one of some values."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Parameter:
    """A key and its values, or several keys that take their values together.

    Attributes:
        keys: Without the `+` of Hydra's overrides.
        values: What they may be; a single choice is no search.
        when: None where it is always given.
    """

    keys: tuple[str, ...]
    values: Choices | Interval
    when: Condition | None

    @property
    def name(self) -> str:
        """Its keys, by which the study knows it."""
        return ",".join(self.keys)

    @property
    def searched(self) -> bool:
        """Whether there is anything to choose."""
        return isinstance(self.values, Interval) or len(self.values.texts) > 1

    @property
    def ends(self) -> list[str]:
        """The values that show whether all are allowed: every choice, or both ends of an interval."""
        if isinstance(self.values, Interval):
            return [self.values.text(self.values.low), self.values.text(self.values.high)]
        return [",".join(texts) for texts in self.values.texts]

    def given(self, text: str) -> dict[str, str]:
        """The value of each key, where the parameter's is `text`."""
        if isinstance(self.values, Interval):
            return {self.keys[0]: text}
        return next(
            dict(zip(self.keys, texts, strict=True))
            for texts in self.values.texts
            if ",".join(texts) == text
        )


@dataclass(frozen=True)
class Space:
    """All that a search may choose from.

    Attributes:
        words: Each key as typed, maybe with a `+`, by the key without it, in the order of the
            overrides.
        parameters: In an order in which each stands behind the one that its condition asks for.
    """

    words: Mapping[str, str]
    parameters: tuple[Parameter, ...]

    @property
    def searched(self) -> list[Parameter]:
        """The parameters with anything to choose."""
        return [parameter for parameter in self.parameters if parameter.searched]

    @property
    def common(self) -> list[str]:
        """The overrides that all jobs have."""
        given = {
            each.name: each.ends[0]
            for each in self.parameters
            if not each.searched and each.when is None
        }
        return self.overrides(given)

    def draw(self, choose: Callable[[Parameter], str]) -> dict[str, str]:
        """A point: what `choose` gives for each parameter whose condition holds."""
        point: dict[str, str] = {}
        given: dict[str, str] = {}
        for parameter in self.parameters:
            if _holds(parameter.when, given):
                point[parameter.name] = choose(parameter)
                given |= parameter.given(point[parameter.name])
        return point

    def overrides(self, point: Point) -> list[str]:
        """The overrides of a job, in the order in which the search was typed."""
        given: dict[str, str] = {}
        for parameter in self.parameters:
            if parameter.name in point:
                given |= parameter.given(point[parameter.name])
        return [f"{word}={given[key]}" for key, word in self.words.items() if key in given]

    def grid(self) -> Iterator[dict[str, str]]:
        """Every point once, the last parameter changing fastest, as of Hydra's own sweeper.

        Of an interval only the ends are taken: a search that asks for every point has none.
        """
        return self._grid(self.parameters, {}, {})

    def _grid(
        self, left: tuple[Parameter, ...], point: dict[str, str], given: dict[str, str]
    ) -> Iterator[dict[str, str]]:
        if not left:
            yield point
        elif not _holds(left[0].when, given):
            yield from self._grid(left[1:], point, given)
        else:
            for text in left[0].ends:
                yield from self._grid(
                    left[1:], {**point, left[0].name: text}, given | left[0].given(text)
                )

    def samples(self) -> list[list[str]]:
        """The overrides of a few jobs that show whether all can be run.

        Every choice of every parameter is in one of them, and both ends of every interval, with the
        other parameters at their first values, or at the first that the condition of the one in
        question allows.
        """
        found = []
        for parameter in self.parameters:
            for text in parameter.ends:
                fixed = self._demanded(parameter.when) | {parameter.name: text}
                point = self.draw(lambda other, fixed=fixed: fixed.get(other.name, other.ends[0]))
                found.append(tuple(self.overrides(point)))
        return [list(overrides) for overrides in dict.fromkeys(found or [()])]

    def _demanded(self, when: Condition | None) -> dict[str, str]:
        """The values, by parameter, with which a condition holds."""
        if when is None:
            return {}
        asked = next(parameter for parameter in self.parameters if when.key in parameter.keys)
        text = next(
            text for text in asked.ends if plain(asked.given(text)[when.key]) in when.values
        )
        return self._demanded(asked.when) | {asked.name: text}


def plain(text: str) -> str:
    """A value without the quotes that Hydra needed around it."""
    return text.strip("'\"")


def _holds(when: Condition | None, given: Mapping[str, str]) -> bool:
    return when is None or (when.key in given and plain(given[when.key]) in when.values)
