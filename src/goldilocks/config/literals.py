"""Values that are taken as typed: paths, and names of columns and classes, whatever they contain.

Hydra's grammar takes few signs without quotes, and reads lists, numbers, functions and sweeps in a
value. Keys whose rule says `literal` mean none of these: what Hydra would not give back as it was
typed is quoted before Hydra sees it. With -m, a comma outside of quotes still separates values.
"""

import re
import shlex
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString, Sweep, ValueType
from hydra.errors import HydraException
from omegaconf import OmegaConf

from goldilocks.config.rules import Rule, rule_of
from goldilocks.formatting import quoted

MULTIRUN = {"-m", "--multirun"}

# One of several values between commas: in quotes, in brackets, or without a comma.
PIECE = re.compile(
    r"""\s*('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\[.*?\]|[^,]*?)\s*,""", re.DOTALL
)
RESOLVER = re.compile(r"\$\{(\w[\w.]*):")


def for_hydra(arguments: Sequence[str]) -> list[str]:
    """Return a command line in which Hydra reads paths and names as a person typed them.

    What is quoted already, is no such key, or begins with `+` or `~`, is returned as it is.

    >>> for_hydra(["dataset.file=houses (1).csv", "dataset.target=a=b", "dataset.drop=[2020,m²]"])
    ["dataset.file='houses (1).csv'", "dataset.target='a=b'", "dataset.drop=['2020','m²']"]
    """
    sweeps = not MULTIRUN.isdisjoint(arguments)
    return [_for_hydra(argument, sweeps=sweeps) for argument in arguments]


def as_typed(words: Sequence[str]) -> str:
    """Return words of a command line for a shell, each in its plainest form.

    >>> as_typed(["train.py", "dataset.file='houses (1).csv'"])
    "train.py 'dataset.file=houses (1).csv'"
    """
    sweeps = not MULTIRUN.isdisjoint(words)
    return shlex.join(plainest(word, sweeps=sweeps) for word in words)


def plainest(word: str, *, sweeps: bool = False) -> str:
    """Return a word without Hydra's quotes, if it is read the same without them."""
    key, _, text = word.partition("=")
    value = _parsed(text)
    if not isinstance(value, QuotedString):
        return word
    plain = f"{key}={value.text}"
    return plain if _for_hydra(plain, sweeps=sweeps) == word else word


def _for_hydra(argument: str, *, sweeps: bool) -> str:
    key, equals, text = argument.partition("=")
    rule = rule_of(key)
    if not equals or rule is None or not rule.literal:
        return argument
    if not sweeps:
        return f"{key}={_value(text, rule)}"

    value = _parsed(text)
    if isinstance(value, Sweep) and not getattr(value, "simple_form", False):
        return argument  # choice(...), glob(...)
    return f"{key}={','.join(_value(piece, rule) for piece in _pieces(text))}"


def _value(text: str, rule: Rule) -> str:
    """Return one value of a key, a name or a list of names, so that Hydra reads what was typed."""
    if text == "null" and rule.allows(None):
        return text
    takes_list = rule.allows(["name"])
    if takes_list and text.startswith("[") and text.endswith("]"):
        names = _pieces(text[1:-1]) if text[1:-1].strip() else []
        return f"[{','.join(map(_name, names))}]"

    # Without brackets, the reader knows whether a comma belongs to the name of a column.
    pieces = _pieces(text)
    if takes_list and len(pieces) > 1 and any(map(_is_quoted, pieces)):
        return f"[{','.join(map(_name, pieces))}]"
    return _name(text) if rule.allows("name") else f"[{_name(text)}]"


def _pieces(text: str) -> list[str]:
    return PIECE.findall(f"{text},")


def _name(text: str) -> str:
    """Return a name, quoted unless Hydra gives it back as typed, or it is quoted already."""
    plain = _parsed(text) == text and _is_settled(text)
    return text if plain or _is_quoted(text) else quoted(text)


def _is_quoted(text: str) -> bool:
    return isinstance(_parsed(text), QuotedString) and text[:1] in ("'", '"')


def _is_settled(text: str) -> bool:
    """Whether a text means the same to OmegaConf: it calls a resolver that exists, or nothing."""
    names = RESOLVER.findall(text)
    return "${" not in text or (names != [] and all(map(OmegaConf.has_resolver, names)))


def _parsed(text: str) -> object:
    """Return a value as Hydra reads it, a sweep and quotes included; None if it cannot."""
    try:
        return OverridesParser.create().parse_override(f"key={text}")._value  # pyright: ignore
    except HydraException:
        return None
