"""The words of a command line as a person types them -> words of Hydra's grammar.

`--epochs 5`, `dataset = catsdogs` and `model:mlp` are read as what they mean, so that the answer
says what to type.
"""

import argparse
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from goldilocks.config.rules import rule_of
from goldilocks.config.settings import GROUPS
from goldilocks.formatting import quoted

# Hydra's flags, those with a value, and those that would run another configuration.
FLAGS = (
    *("--help", "-h", "--hydra-help", "--version", "--resolve", "--run", "-r", "--multirun", "-m"),
    *("--shell-completion", "-sc", "--info", "-i"),
)
WITH_VALUE = (
    *("--cfg", "-c", "--package", "-p", "--config-dir", "-cd", "--experimental-rerun"),
    *("--config-path", "-cp", "--config-name", "-cn"),
)
OTHER_CONFIGURATION = WITH_VALUE[-4:]
LISTED = ("--help", "--multirun", "--config-dir", "--cfg", "--info", "--version", "--hydra-help")

DASHES = "-\N{EN DASH}\N{EM DASH}"  # what word processors make of -
KEY = r"[+~]*[A-Za-z_][\w./]*"
BLANKS = re.compile(rf"({KEY})\s*=\s*(.+)", re.DOTALL)
OTHER_SIGN = re.compile(rf"({KEY})\s*(?:==|:=?)\s*(?!//)(\S.*)", re.DOTALL)


class Word(NamedTuple):
    """A word of a command line.

    Attributes:
        typed: As typed; several words of the shell where these belong together: "--epochs 5".
        meant: The same in Hydra's grammar: "epochs=5".
        reason: Why it cannot be used as typed: "is not a flag"; "" if its form is right.
    """

    typed: str
    meant: str
    reason: str = ""


def split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return Hydra's flags of a command line, each with its value, and all its other words."""
    flags: list[str] = []
    words: list[str] = []
    needs_value = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if needs_value or name in FLAGS or name in WITH_VALUE:
            flags.append(argument)
            needs_value = not needs_value and name in WITH_VALUE and not equals
        else:
            words.append(argument)
    return flags, words


def with_search_path(arguments: Sequence[str]) -> list[str]:
    """Return a command line with Hydra's `--config-dir FOLDER` as the key that means the same.

    The key goes on into the jobs of a sweep and into the commands that are printed. The comment of
    a command that was printed is left out: zsh gives it to the program.
    """
    arguments = list(itertools.takewhile(lambda word: word != "#", arguments))
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir", "-cd", action="append", default=[])
    folders, words = parser.parse_known_args(arguments)
    if not folders.config_dir:
        return words
    paths = [quoted(f"file://{Path(folder).absolute()}") for folder in folders.config_dir]
    return [*words, f"hydra.searchpath=[{','.join(paths)}]"]


def is_flag(word: str) -> bool:
    """Whether a word looks like a flag: it begins with a dash."""
    return word[:1] in tuple(DASHES)


def read(arguments: Sequence[str], options: Mapping[str, str]) -> list[Word]:
    """Return the words of a command line without Hydra's flags, as they are meant.

    Args:
        arguments: As typed.
        options: GROUP=OPTION by the name of the option, of names that only one group has.

    >>> read(["--epochs", "5", "seed", "=", "1", "mlp"], {"mlp": "model=mlp"})[1:]
    [Word(typed='seed = 1', meant='seed=1', reason='has blanks around ='), \
Word(typed='mlp', meant='model=mlp', reason='has no =')]
    """
    rest = split(arguments)[1]
    words: list[Word] = []
    while rest:
        count, meant, reason = _first(rest, options)
        words.append(Word(" ".join(rest[:count]), meant, reason))
        del rest[:count]
    return words


def _first(rest: Sequence[str], options: Mapping[str, str]) -> tuple[int, str, str]:
    """Return how many words of the shell the first one is, what is meant, and what is wrong."""
    first, second, third = [*rest, "", ""][:3]
    follows = second != "" and "=" not in second and not is_flag(second)
    if is_flag(first):
        return _flag(first, second if follows else "")
    if re.fullmatch(KEY, first) and second == "=" and third:
        return 3, f"{first}={third}", "has blanks around ="
    if re.fullmatch(KEY, first) and re.fullmatch(r"=[^=].*", second, re.DOTALL):
        return 2, first + second, "has blanks around ="
    if re.fullmatch(rf"{KEY}=", first) and follows:
        return 2, first + second, "has blanks around ="
    if _is_known(first) and follows and not _is_known(second):
        return 2, f"{first}={second}", "has no ="
    if first in options:
        return 1, options[first], "has no ="
    return 1, *_mended(first)


def _flag(first: str, second: str) -> tuple[int, str, str]:
    """Read a word that looks like a flag, and is none, as a key with a value."""
    name, equals, value = first.lstrip(DASHES).partition("=")
    name, reason = name.replace("-", "_"), "is not a flag"
    if equals:
        return 1, f"{name}={value}", reason
    if second:
        return 2, f"{name}={second}", reason
    if name.startswith("no_"):
        return 1, f"{name.removeprefix('no_')}=false", reason
    return 1, f"{name}=true", reason


def _mended(word: str) -> tuple[str, str]:
    """Return what a single word means, and what is wrong with its form."""
    blanks, other = BLANKS.fullmatch(word), OTHER_SIGN.fullmatch(word)
    rule = rule_of(word.partition("=")[0].strip())
    is_literal = rule is not None and rule.literal != ""
    begins_with_blank = is_literal and blanks and word.startswith(f"{blanks[1]}=")
    if blanks and not begins_with_blank and word != f"{blanks[1]}={blanks[2]}":
        return f"{blanks[1]}={blanks[2]}", "has blanks around ="
    if is_literal:
        return word, ""
    if other:
        return f"{other[1]}={other[2]}", "cannot be read"
    if word[-1:] in (",", ";") and "=" in word:
        return word.rstrip(",; "), f"ends with {word[-1]!r}"
    return word, ""


def _is_known(word: str) -> bool:
    return word in GROUPS or rule_of(word) is not None
