"""Values that are taken as typed: paths, and names of columns and classes, whatever they contain.

Hydra's grammar takes few signs without quotes, and reads lists, numbers, functions and sweeps in a
value. Keys whose rule says `literal` mean none of these: what Hydra would not give back as it was
typed is quoted before Hydra sees it. With -m, a comma outside of quotes still separates values.
"""

import functools
import re
from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString
from hydra.errors import HydraException

from goldilocks.config.rules import Rule, rule_of
from goldilocks.formatting import quoted, shell

MULTIRUN = {"-m", "--multirun"}

# One of several values between commas: in quotes, in brackets, or without a comma.
QUOTED = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
LIST = rf"\[(?:{QUOTED}|\[[^\[\]]*\]|[^\[\]])*+\]"
PIECE = re.compile(rf"\s*({QUOTED}|{LIST}|[^,]*?)\s*,", re.DOTALL)
PLAIN = re.compile(r"(?!(null|true|false|nan|inf)$)[a-z][a-z0-9_./-]*", re.ASCII | re.IGNORECASE)
SWEEP = re.compile(r"\s*(choice|glob|interval|range|shuffle|sort|tag)\s*\(")


def for_hydra(arguments: Sequence[str]) -> list[str]:
    """Return a command line in which Hydra reads paths and names as a person typed them.

    What is quoted already, is no such key, or begins with `+` or `~`, is returned as it is.

    >>> for_hydra(["dataset.file=houses (1).csv", "dataset.target=a=b", "dataset.drop=[2020,m²]"])
    ["dataset.file='houses (1).csv'", "dataset.target='a=b'", "dataset.drop=['2020','m²']"]
    """
    sweeps = not MULTIRUN.isdisjoint(arguments)
    return [_for_hydra(argument, sweeps) for argument in arguments]


def as_typed(words: Sequence[str]) -> str:
    """Return words of a command line for a shell, each in its plainest form.

    >>> as_typed(["train.py", "dataset.file='houses (1).csv'"])
    "train.py 'dataset.file=houses (1).csv'"
    """
    sweeps = not MULTIRUN.isdisjoint(words)
    return shell(*(plainest(word, sweeps=sweeps) for word in words))


def plainest(word: str, *, sweeps: bool = False) -> str:
    r"""Return a word without Hydra's quotes and escapes, if it is read the same without them.

    >>> plainest("dataset.target='price'"), plainest("dataset.target='a=b'"), plainest("seed='1'")
    ('dataset.target=price', 'dataset.target=a=b', "seed='1'")
    >>> plainest(r"dataset.target=left\ us"), plainest(r"dataset.drop=[left\ us,y]")  # Of sweeps.
    ('dataset.target=left us', 'dataset.drop=[left us,y]')
    """
    key, _, text = word.partition("=")
    value = _unquoted(_parsed(text))
    if isinstance(value, str) and value != text:
        plain = f"{key}={value}"
    elif isinstance(value, list) and "\\" in text:
        plain = f"{key}=[{','.join(map(_item, value))}]"
    else:
        return word
    again = _parsed(_for_hydra(plain, sweeps).partition("=")[2])
    return plain if _unquoted(again) == value else word


def _unquoted(value: object) -> object:
    """Return a value that Hydra has read, its texts without quotes."""
    if isinstance(value, list):
        return [_unquoted(item) for item in value]
    return value.text if isinstance(value, QuotedString) else value


def _item(value: object) -> str:
    """Return an item of a list as it is typed: a text in quotes unless it is read without them."""
    return _name(value) if isinstance(value, str) else str(value)


def _for_hydra(argument: str, sweeps: bool) -> str:
    key, equals, text = argument.partition("=")
    rule = rule_of(key)
    if not equals or rule is None or not rule.literal or (sweeps and SWEEP.match(text)):
        return argument

    null = "null" if rule.allows(None) else ""  # A column of that name is typed in quotes.
    values = [text]
    if sweeps:
        values = _pieces(text)
    return f"{key}={','.join(v if v == null else _value(v, rule) for v in values)}"


def _value(text: str, rule: Rule) -> str:
    """Return one value of a key, a name or a list of names, so that Hydra reads what was typed."""
    if not rule.allows(["name"]):
        return _name(text)

    pieces = _pieces(text)
    if text.startswith("[") and text.endswith("]"):
        if len(pieces) > 1:
            return text  # Of a sweep.
        pieces = []
        if text.strip("[] "):
            pieces = _pieces(text[1:-1])
    elif len(pieces) == 1 or not any(map(_is_quoted, pieces)):
        # Its reader knows whether a comma belongs to the name of a column.
        if rule.allows("name"):
            return _name(text)
        return f"[{_name(text)}]"
    return f"[{','.join(map(_name, pieces))}]"


def _pieces(text: str) -> list[str]:
    return PIECE.findall(f"{text},")


def _name(text: str) -> str:
    """Return a name, quoted unless Hydra gives it back as typed, or it is quoted already."""
    plain = _parsed(text) == text and ("${" not in text or "${oc.env:" in text)
    if _is_quoted(text) or (plain and text[-1:] != "\\"):
        return text
    return quoted(text)


def _is_quoted(text: str) -> bool:
    return text[:1] in ("'", '"') and isinstance(_parsed(text), QuotedString)


@functools.lru_cache  # Each run of a process writes the same words in its commands.
def _parsed(text: str) -> object:
    """Return a value as Hydra reads it, quotes and sweeps included; None if it cannot."""
    if PLAIN.fullmatch(text):  # Of many columns, the grammar would take a tenth of a second.
        return text
    try:
        return OverridesParser.create().parse_override(f"key={text}")._value  # pyright: ignore
    except HydraException:
        return None
