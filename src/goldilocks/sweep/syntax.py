"""Hydra's own sweep syntax -> the space that is searched, or every mistake in it, in sentences."""

import math
import random
from collections.abc import Mapping, Sequence

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from goldilocks.errors import ConfigError
from goldilocks.search.space import Choices, Condition, Interval, Parameter, Space, plain


def read(
    sweeps: Sequence[str],
    *,
    when: Mapping[str, str],
    seed: int | None,
    grid: bool,
    loader: ConfigLoader,
) -> tuple[Space, list[str]]:
    """Return the space that overrides span, and the mistakes, with which it must not be used.

    Args:
        sweeps: Overrides in Hydra's sweep syntax; of two for the same key the later one counts.
        when: By key, "other=value" or "other=value|value": when the key is searched at all.
        seed: Of the order of `shuffle(...)`.
        grid: Whether every point will be tried, which an interval does not allow.
        loader: Knows the options of a group, for `glob(...)`.
    """
    errors: list[str] = []
    words: dict[str, str] = {}
    spans: dict[str, Choices | Interval] = {}
    parser = OverridesParser.create(config_loader=loader)
    for sweep in sweeps:
        try:
            override = parser.parse_overrides([sweep])[0]
        except HydraException as error:
            reason = str(error).splitlines()[0].rstrip(".")
            errors.append(f"{sweep} cannot be read: {reason}. Expected key=values.")
            continue

        key = override.get_key_element().lstrip("+~")
        words[key] = override.get_key_element()
        mistakes: list[str] = []
        spans[key] = _span(override, mistakes, seed=seed, grid=grid)
        errors += [f"{sweep} {mistake}" for mistake in mistakes]

    conditions: dict[str, Condition] = {}
    for key, text in when.items():
        try:
            conditions[key] = _condition(key, str(text), spans)
        except ConfigError as mistake:
            errors.append(f"hydra.sweeper.when has {key}: {text}{mistake}")

    ordered, circle = _sort(
        [Parameter(key, span, conditions.get(key)) for key, span in spans.items()]
    )
    if circle:
        errors.append(
            f"hydra.sweeper.when goes in a circle: {', '.join(circle)} wait for each other. Leave "
            "one out."
        )
    return Space(words, tuple(ordered)), errors


def _span(
    override: Override, mistakes: list[str], *, seed: int | None, grid: bool
) -> Choices | Interval:
    """Return the values of an override, and add what is wrong with them to the mistakes."""
    sweep = override.value()
    if isinstance(sweep, ChoiceSweep | RangeSweep | IntervalSweep):
        allowed = {"log"} if isinstance(sweep, IntervalSweep) else set[str]()
        if strange := ", ".join(sorted(sweep.tags - allowed)):
            mistakes.append(f"has the tag {strange}; expected log, of an interval, or none.")
    if isinstance(sweep, IntervalSweep):
        assert sweep.start is not None
        assert sweep.end is not None
        if grid:
            mistakes.append("is an interval, and sampler=grid tries every value; expected a list.")
        return _interval(sweep.start, sweep.end, "log" in sweep.tags, mistakes)
    if not override.is_sweep_override():
        return Choices((override.get_value_element_as_str(),))

    shuffled = even = False
    if isinstance(sweep, ChoiceSweep | RangeSweep):
        shuffled = sweep.shuffle
        sweep.shuffle = False  # Hydra's shuffling has no seed: the same command would be another.
        even = isinstance(sweep, RangeSweep) and not shuffled and sweep.step > 0

    try:
        texts = list(override.sweep_string_iterator())
    except (HydraException, ValueError):  # range() with a step of 0
        texts = []
    if not texts:
        mistakes.append("has no value; expected at least one. Check its bounds or its pattern.")
    if shuffled:
        random.Random(f"{seed} {override.key_or_group}").shuffle(texts)
    return Choices(tuple(dict.fromkeys(texts)), even and len(texts) > 1)


def _interval(low: float, high: float, log: bool, mistakes: list[str]) -> Interval:
    """Return an interval, and add what is wrong with it to the mistakes."""
    if not -math.inf < low <= high < math.inf:
        mistakes.append(f"is from {low:g} to {high:g}; expected finite numbers, the smaller first.")
    elif log and low <= 0:
        mistakes.append(f"is on a log scale from {low:g}; expected a lower end above 0, or no tag.")
    return Interval(low, high, log)


def _condition(key: str, text: str, spans: Mapping[str, Choices | Interval]) -> Condition:
    """Return the condition "other=value|value" of a key.

    Raises:
        ConfigError: It cannot be one; the message is the end of a sentence.
    """
    other, _, wanted = text.partition("=")
    if not wanted:
        raise ConfigError(f"; expected another key and its value, as in {key}: other=value.")
    for name in (key, other):
        if name not in spans:
            keys = ", ".join(spans) or "the keys that are searched"
            raise ConfigError(f", but {name} is not given; expected one of {keys}.")
    span = spans[other]
    if isinstance(span, Interval):
        raise ConfigError(f", but {other} is an interval; expected a key with a list of values.")

    # Read as the values themselves were, of which true became True, and 1e-3 became 0.001.
    choice = f"{other}=choice({wanted.replace('|', ',')})"
    override = OverridesParser.create().parse_override(choice)
    values = tuple(plain(value) for value in override.sweep_string_iterator())
    allowed = [plain(value) for value in span.texts]
    impossible = [value for value in values if value not in allowed]
    if impossible:
        raise ConfigError(
            f", but {other} is never {' or '.join(impossible)}; expected {' or '.join(allowed)}."
        )
    return Condition(other, values)


def _sort(parameters: Sequence[Parameter]) -> tuple[list[Parameter], list[str]]:
    """Return the parameters, each behind that of its condition, and the keys of a circle."""
    ordered: dict[str, Parameter] = {}
    waiting = list(parameters)
    while ready := [p for p in waiting if p.when is None or p.when.key in ordered]:
        ordered[ready[0].key] = ready[0]
        waiting.remove(ready[0])
    return list(ordered.values()), [parameter.key for parameter in waiting]
