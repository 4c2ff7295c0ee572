"""Hydra's own sweep syntax -> the space that is searched, or every mistake in it, in sentences."""

import math
import random
from collections.abc import Mapping, Sequence

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from goldilocks.search.space import Choices, Condition, Interval, Parameter, Space, plain


def read(
    sweeps: Sequence[str],
    *,
    zipped: Sequence[Sequence[str]],
    when: Mapping[str, str],
    seed: int | None,
    grid: bool,
    loader: ConfigLoader,
) -> tuple[Space, list[str]]:
    """The space that overrides span, and what is wrong with them; with mistakes, the space is not to be used.

    Args:
        sweeps: Overrides in Hydra's sweep syntax; of two for the same key the later one counts.
        zipped: Lists of keys that take their values together.
        when: By key, "other=value" or "other=value|value": where the key is given at all.
        seed: Of the order of `shuffle(...)`.
        grid: Whether every point will be asked for, which no interval has.
        loader: Knows the options of a group, for `glob(...)`.
    """
    errors: list[str] = []
    words: dict[str, str] = {}
    found: dict[str, Choices | Interval] = {}
    parser = OverridesParser.create(config_loader=loader)
    for sweep in sweeps:
        try:
            override = parser.parse_overrides([sweep])[0]
        except HydraException as error:
            errors.append(
                f"{sweep} cannot be read: {str(error).splitlines()[0].rstrip('.')}. Expected "
                "key=values."
            )
            continue
        key = override.get_key_element().lstrip("+~")
        words[key] = override.get_key_element()
        values, mistakes = _values(override, seed=seed, grid=grid)
        found[key] = values
        errors += [f"{sweep} {mistake}" for mistake in mistakes]
    groups, zip_errors = _zipped(zipped, found)
    conditions, when_errors = _conditions(when, found)
    errors += zip_errors + when_errors
    parameters = []
    for keys in groups:
        values = _together([found[key] for key in keys])
        asked = dict.fromkeys(conditions.get(key) for key in keys)
        if len(asked) > 1:
            errors.append(
                f"hydra.sweeper.when holds for some of {' and '.join(keys)}, which are zipped; "
                "name them all."
            )
        parameters.append(Parameter(keys, values, next(iter(asked))))
    ordered, circle = _ordered(parameters)
    if circle:
        errors.append(
            f"hydra.sweeper.when goes in a circle: {', '.join(circle)} wait for each other. Leave "
            "one out."
        )
    return Space(words, tuple(ordered)), errors


def _values(
    override: Override, *, seed: int | None, grid: bool
) -> tuple[Choices | Interval, list[str]]:
    """The values of an override, and what is wrong with them."""
    swept = override.value()
    if isinstance(swept, IntervalSweep):
        return _interval(swept, grid=grid)
    if not override.is_sweep_override():
        return Choices(((override.get_value_element_as_str(),),)), []
    mistakes = []
    if isinstance(swept, ChoiceSweep | RangeSweep) and swept.tags:
        mistakes.append(
            f"has the tag {', '.join(sorted(swept.tags))}; only an interval takes one. Leave it "
            "out."
        )
    shuffled = isinstance(swept, ChoiceSweep | RangeSweep) and swept.shuffle
    if isinstance(swept, ChoiceSweep | RangeSweep):
        swept.shuffle = False  # Hydra's shuffling has no seed: the same command would be another.
    try:
        texts = list(override.sweep_string_iterator())
    except (HydraException, ValueError):  # range() with a step of 0
        texts = []
    if not texts:
        return Choices((("",),)), [
            *mistakes,
            "has no value; expected at least one. Check its bounds or its pattern.",
        ]
    if shuffled:
        random.Random(f"{seed} {override.key_or_group}").shuffle(texts)
    even = isinstance(swept, RangeSweep) and not shuffled and swept.step > 0 and len(texts) > 1
    return Choices(tuple((text,) for text in texts), even), mistakes


def _interval(swept: IntervalSweep, *, grid: bool) -> tuple[Interval, list[str]]:
    assert swept.start is not None
    assert swept.end is not None
    low, high = swept.start, swept.end
    mistakes = [
        f"has the tag {tag}; expected log, or none." for tag in sorted(swept.tags - {"log"})
    ]
    if not (math.isfinite(low) and math.isfinite(high)):
        mistakes.append("has no end; expected two finite numbers.")
    elif low > high:
        mistakes.append(f"is empty: {low:g} is above {high:g}. Write the smaller number first.")
    elif "log" in swept.tags and low <= 0:
        mistakes.append(
            f"is searched on a log scale from {low:g}; expected a lower end above 0, or no tag."
        )
    if grid:
        mistakes.append(
            "is an interval, and sampler=grid tries every value; expected a list or range(...), or "
            "another sampler."
        )
    return Interval(low, high, "log" in swept.tags), mistakes


def _zipped(
    zipped: Sequence[Sequence[str]], found: Mapping[str, Choices | Interval]
) -> tuple[list[tuple[str, ...]], list[str]]:
    """The keys of each parameter, in order, and what is wrong with what is to be zipped."""
    errors: list[str] = []
    group_of: dict[str, tuple[str, ...]] = {}
    for group in zipped:
        keys = tuple(group)
        strange = [key for key in keys if key not in found]
        errors += [f"hydra.sweeper.zip has {key}; {_known(found)}" for key in strange]
        twice = [key for key in keys if key in group_of or keys.count(key) > 1]
        errors += [
            f"hydra.sweeper.zip has {key} twice; expected it once." for key in dict.fromkeys(twice)
        ]
        if len(keys) < 2:
            errors.append(
                f"hydra.sweeper.zip has the list [{', '.join(keys)}]; expected at least two keys "
                "in each."
            )
        if strange or twice or len(keys) < 2:
            continue
        endless = [key for key in keys if isinstance(found[key], Interval)]
        lengths = {
            key: len(values.texts) for key in keys if isinstance(values := found[key], Choices)
        }
        if endless:
            errors.append(
                f"hydra.sweeper.zip has {', '.join(endless)}, an interval; expected lists of "
                "values."
            )
        elif len(set(lengths.values())) > 1:
            counts = " and ".join(f"{length} of {key}" for key, length in lengths.items())
            errors.append(
                f"hydra.sweeper.zip takes the i-th values together, but there are {counts}; list "
                "as many of each."
            )
        else:
            group_of |= dict.fromkeys(keys, keys)
    return list(dict.fromkeys(group_of.get(key, (key,)) for key in found)), errors


def _together(values: Sequence[Choices | Interval]) -> Choices | Interval:
    """The values of the keys of one parameter, each once."""
    if isinstance(values[0], Interval):
        return values[0]
    columns = [[texts[0] for texts in each.texts] for each in values if isinstance(each, Choices)]
    return Choices(
        tuple(dict.fromkeys(zip(*columns, strict=True))), values[0].even and len(values) == 1
    )


def _conditions(
    when: Mapping[str, str], found: Mapping[str, Choices | Interval]
) -> tuple[dict[str, Condition], list[str]]:
    """The condition of each key that has one, and what is wrong with them."""
    errors, conditions = [], {}
    for key, asked in when.items():
        said = f"hydra.sweeper.when has {key}: {asked}"
        other, equals, wanted = str(asked).partition("=")
        if key not in found:
            errors.append(f"{said}, but {key} is not given; {_known(found)}")
        elif not equals or not wanted:
            errors.append(f"{said}; expected another key and its value, as in {key}: other=value.")
        elif other not in found:
            errors.append(f"{said}, but {other} is not given; {_known(found)}")
        elif isinstance(values := found[other], Interval):
            errors.append(
                f"{said}, but {other} is an interval; expected a key with a list of values."
            )
        else:
            known = [plain(texts[0]) for texts in values.texts]
            # Read as the values themselves were, of which true became True, and 1e-3 became 0.001.
            condition = OverridesParser.create().parse_override(
                f"{other}=choice({wanted.replace('|', ',')})"
            )
            values = tuple(plain(value) for value in condition.sweep_string_iterator())
            strange = [value for value in values if value not in known]
            if strange:
                errors.append(
                    f"{said}, but {other} is never {' or '.join(strange)}; expected "
                    f"{' or '.join(known)}."
                )
            else:
                conditions[key] = Condition(other, values)
    return conditions, errors


def _known(found: Mapping[str, Choices | Interval]) -> str:
    return f"expected one of {', '.join(found)}." if found else "no key is."


def _ordered(parameters: Sequence[Parameter]) -> tuple[list[Parameter], list[str]]:
    """The parameters, each behind the one that its condition asks for, and the names of those that go in a circle."""
    ordered: list[Parameter] = []
    left = list(parameters)
    while left:
        placed = {key for parameter in ordered for key in parameter.keys}
        ready = next((each for each in left if each.when is None or each.when.key in placed), None)
        if ready is None:
            return ordered, [each.name for each in left]
        ordered.append(ready)
        left.remove(ready)
    return ordered, []
