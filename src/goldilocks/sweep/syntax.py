"""Hydra's own sweep syntax -> the space that is searched, or every mistake in it, in sentences."""

import math
import random
from collections.abc import Sequence

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from goldilocks.search.space import Interval, Parameter, Space


def read(
    sweeps: Sequence[str], *, seed: int | None, grid: bool, loader: ConfigLoader
) -> tuple[Space, list[str]]:
    """Return the space that overrides span, and the mistakes, with which it must not be used.

    Args:
        sweeps: Overrides in Hydra's sweep syntax; of two for the same key the later one counts.
        seed: Of the order of `shuffle(...)`.
        grid: Whether every point will be tried, which an interval does not allow.
        loader: Knows the options of a group, for `glob(...)`.
    """
    errors: list[str] = []
    parameters: dict[str, Parameter] = {}
    parser = OverridesParser.create(config_loader=loader)
    for sweep in sweeps:
        try:
            override = parser.parse_overrides([sweep])[0]
        except HydraException as error:
            reason = str(error).splitlines()[0].rstrip(".")
            errors.append(f"{sweep} cannot be read: {reason}. Expected key=values.")
            continue

        mistakes: list[str] = []
        span = _span(override, mistakes, seed=seed, grid=grid)
        errors += [f"{sweep} {mistake}" for mistake in mistakes]
        parameter = Parameter(override.get_key_element(), span)
        parameters[parameter.key] = parameter
    return Space(tuple(parameters.values())), errors


def _span(
    override: Override, mistakes: list[str], *, seed: int | None, grid: bool
) -> tuple[str, ...] | Interval:
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
        return (override.get_value_element_as_str(),)

    shuffled = False
    if isinstance(sweep, ChoiceSweep | RangeSweep):
        shuffled = sweep.shuffle
        sweep.shuffle = False  # Hydra's shuffling has no seed: the same command would be another.

    try:
        texts = list(override.sweep_string_iterator())
    except (HydraException, ValueError):  # range() with a step of 0
        texts = []
    if not texts:
        mistakes.append("has no value; expected at least one. Check its bounds or its pattern.")
    if shuffled:
        random.Random(f"{seed} {override.key_or_group}").shuffle(texts)
    return tuple(dict.fromkeys(texts))


def _interval(low: float, high: float, log: bool, mistakes: list[str]) -> Interval:
    """Return an interval, and add what is wrong with it to the mistakes."""
    if not -math.inf < low <= high < math.inf:
        mistakes.append(f"is from {low:g} to {high:g}; expected finite numbers, the smaller first.")
    elif log and low <= 0:
        mistakes.append(f"is on a log scale from {low:g}; expected a lower end above 0, or no tag.")
    return Interval(low, high, log)
