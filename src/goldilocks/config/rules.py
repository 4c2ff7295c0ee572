"""What the value of each key may be, in words and as a test; `rules.yaml` has the rule of each."""

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from goldilocks.config.regularizer import Regularizer
from goldilocks.problem import COST, LOSSES, PROBLEMS


class Rule(NamedTuple):
    """What the value of a key may be: in words, and as a test.

    Attributes:
        literal: "text" of one that is taken as typed, in which no sign has a meaning; "name" of the
            name of a column or a class, which null may be as well; else "".
        real: Whether it is a number that need not be whole.
        words: Those words that it allows, of a few.
    """

    expected: str
    allows: Callable[[Any], bool]
    literal: str = ""
    real: bool = False
    words: tuple[str, ...] = ()


def one_of(words: Iterable[str]) -> Rule:
    """Return the rule of one of some words."""
    allowed = tuple(words)
    expected = ", ".join(allowed)
    if len(allowed) > 1:
        expected = f"one of {expected}"
    return Rule(expected, lambda value: value in allowed, words=allowed)


def list_of(
    what: str, allows: Callable[[Any], bool], *, literal: str = "", words: tuple[str, ...] = ()
) -> Rule:
    """Return the rule of a list, maybe empty, of what a test allows."""
    return Rule(
        f"a list of {what}",
        lambda value: isinstance(value, list) and all(map(allows, value)),
        literal,
        words=words,
    )


def some_of(words: Iterable[str]) -> Rule:
    """Return the rule of a list of some of these words, or of none."""
    allowed = tuple(words)
    return list_of(f"some of {', '.join(allowed)}", lambda item: item in allowed, words=allowed)


def number(what: str, allows: Callable[[Any], bool] = lambda value: True) -> Rule:
    """Return the rule of a finite number that a test allows."""
    return Rule(what, lambda value: _is_number(value) and allows(value), real=True)


def whole(what: str, allows: Callable[[Any], bool] = lambda value: True) -> Rule:
    """Return the rule of a whole number that a test allows."""
    return Rule(what, lambda value: _is_int(value) and allows(value))


def _is_int(value: object) -> bool:
    """Whether it is a whole number that fits into 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: object) -> bool:
    return _is_int(value) or (isinstance(value, float) and math.isfinite(value))


def _is_name(value: object) -> bool:
    """Whether it is a name; YAML reads `dataset.target=2020` as a number, which is a fine name."""
    return (isinstance(value, str) or _is_int(value)) and value != ""


def _are_two_lines(value: object) -> bool:
    match value:
        case [int(first), int(second)]:
            return 1 <= first < second
        case _:
            return False


def _are_weights(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    weights = list(value.values())
    return all(_is_number(weight) and weight >= 0 for weight in weights) and any(weights)


def _is_cost(value: object) -> bool:
    match value:
        case [first, second]:
            return all(_is_number(part) and part > 0 for part in (first, second))
        case _:
            return False


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


BUDGET = re.compile(r"(?P<amount>[1-9]\d*(\.\d+)?|0\.\d*[1-9]) ?(?P<unit>minutes|runs)?")

# The rules that `rules.yaml` takes by name.
NAMED: Mapping[str | None, Rule] = {
    None: Rule("null", lambda value: value is None, words=("null",)),
    "auto": Rule("auto", lambda value: value == "auto", words=("auto",)),
    "flag": Rule("true or false", lambda v: isinstance(v, bool), words=("true", "false")),
    "text": Rule("a word", _is_text),
    "literal": Rule("a word", _is_text, literal="text"),
    "path": Rule("a path", _is_name, literal="text"),
    "name": Rule("a name", _is_name, literal="name"),
    "file_name": Rule("a name without /", lambda value: _is_name(value) and "/" not in str(value)),
    "whole": whole("a whole number"),
    "number": number("a number"),
    "positive": number("a number above 0", lambda value: value > 0),
    "share": number("a number from 0 to less than 1", lambda value: 0 <= value < 1),
    "fraction": number("a number between 0 and 1", lambda value: 0 < value < 1),
    # What NumPy and scikit-learn can be seeded with.
    "seed": whole("a whole number from 0 to 4294967295", lambda value: 0 <= value < 2**32),
    "budget": Rule(
        "minutes above 0, or a number of runs such as 40runs",
        lambda value: bool(BUDGET.fullmatch(str(value))),
    ),
    "problem": one_of(PROBLEMS),
    "problem_or_auto": one_of(["auto", *PROBLEMS]),
    "loss": one_of(["auto", *LOSSES]),
    "metric": one_of(sorted({COST, *(name for row in PROBLEMS.values() for name in row.metrics)})),
    "own_metric": Rule(
        "a function of your own such as mypackage.retention",
        lambda value: bool(re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)+", str(value))),
    ),
    "packages": list_of("names of packages", lambda item: str(item).isidentifier()),
    "two_lines": Rule("the numbers of two lines such as [1,2]", _are_two_lines),
    "list": Rule("a list", lambda value: isinstance(value, list)),
    "names": list_of("names", _is_name, literal="name"),
    "keys": list_of("keys", lambda item: isinstance(item, str)),
    "class_weights": Rule("weights of classes, none below 0, such as {yes:10}", _are_weights),
    "cost": Rule("what a false positive and a false negative cost, such as [1,20]", _is_cost),
    "mappings": list_of("mappings", _is_mapping),
    "parts": some_of(part.name for part in fields(Regularizer)),
    "values_by_key": Rule("key: values", _is_mapping),
    "condition_by_key": Rule('key: "other=value"', _is_mapping),
}


def rule(form: Any) -> Rule:
    """Return the rule that a form of `rules.yaml` stands for, whose head explains them.

    >>> rule([{"whole": 1}, None]).expected
    'a whole number of at least 1, or null'
    """
    match form:
        case {"whole": low}:
            return whole(f"a whole number of at least {low}", lambda value: value >= low)
        case {"number": [low, high]}:
            return number(f"a number from {low:g} to {high:g}", lambda value: low <= value <= high)
        case {"number": low}:
            return number(f"a number of at least {low:g}", lambda value: value >= low)
        case {"one_of": words}:
            return one_of(words)
        case {"some_of": words}:
            return some_of(words)
        case {"each": inner}:
            item = rule(inner)
            items = list_of("", item.allows, literal=item.literal, words=item.words)
            return items._replace(
                expected=f"a list, each {item.expected}",
                allows=lambda value: value != [] and items.allows(value),
            )
        case {"reasons_of": words}:
            return Rule(
                f"a mapping of kinds of data ({', '.join(words)}) to reasons",
                lambda value: isinstance(value, dict) and set(value) <= set(words),
            )
        case [*alternatives]:
            rules = [rule(alternative) for alternative in alternatives]
            return Rule(
                ", or ".join(one.expected for one in rules),
                lambda value: any(one.allows(value) for one in rules),
                "".join({one.literal for one in rules}),
                any(one.real for one in rules),
                tuple(dict.fromkeys(word for one in rules for word in one.words)),
            )
        case _:
            return NAMED[form]


@functools.cache
def rules_of(part: str) -> Mapping[str, Rule]:
    """Return the rules of a part of `rules.yaml`, by key.

    Args:
        part: "configuration", "launcher", "search" or "traits".
    """
    text = Path(__file__).with_name("rules.yaml").read_bytes()
    forms = yaml.load(text, Loader=yaml.CSafeLoader)[part]
    return {key: rule(form) for key, form in forms.items()}


def same_type(default: object) -> Rule:
    """Return the rule of a key that has none of its own: the type of its default.

    A default of null allows anything. The builder refuses what it cannot use.
    """
    if default is None:
        return Rule("anything", lambda value: True)
    names: dict[type, str] = {bool: "flag", int: "whole", float: "number", list: "list"}
    return NAMED[names.get(type(default), "text")]


def rule_of(key: str) -> Rule | None:
    """Return the rule of a key, by its dotted name; None of a key without one."""
    return rules_of("configuration").get(key)
