"""A command line -> its words, each with what is wrong with it in any configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from goldilocks.config import literals, renamed, synonyms
from goldilocks.config.checks import traits_touched
from goldilocks.config.composition import no_single_option
from goldilocks.config.options import OptionFiles
from goldilocks.config.rules import rule_of
from goldilocks.config.settings import GROUPS, key_of, removed
from goldilocks.config.synonyms import Meanings
from goldilocks.config.words import Word, read
from goldilocks.errors import unknown
from goldilocks.formatting import quoted, shell


@dataclass(frozen=True)
class Typed:
    """A word of the command line that can be read.

    Attributes:
        word: As typed, and as meant.
        override: As Hydra reads what is meant.
        values: As typed; of a sweep that only Hydra can resolve, such as one of a pattern, none.
        mistakes: What is wrong with it in any configuration, in sentences.
    """

    word: Word
    override: Override
    values: Sequence[str]
    mistakes: Sequence[str]

    @property
    def name(self) -> str:
        """Its key or its group."""
        return self.override.key_or_group

    @property
    def is_key(self) -> bool:
        """Whether it sets a key, which the configuration must have."""
        if self.name in GROUPS or self.name.startswith("hydra"):
            return False
        return not self.override.is_add() and not self.override.is_delete()

    @property
    def answer(self) -> str:
        """The sentence for a word that is right but for its form."""
        return f"{self.word.typed} {self.word.reason}; type {literals.as_typed([self.word.meant])}."


def read_line(
    arguments: Sequence[str], files: OptionFiles, config: str
) -> tuple[list[Typed], list[str]]:
    """Return what can be read of a command line, and a sentence for each word that cannot."""
    words = read(arguments, files.by_name(GROUPS))
    meanings = Meanings(files, (), {key_of(word.meant) for word in words})
    sweeps = bool(literals.MULTIRUN & set(arguments))
    line: list[Typed] = []
    errors: list[str] = []
    pieces: list[str] = []  # A text and what follows it without a key: a shell splits at blanks.
    together: list[str] = []  # Another value, and what follows it without a key.
    for word in words:
        meant = word.meant
        if word.reason:  # All others have been through this.
            meant = literals.for_hydra(["-m", meant] if sweeps else [meant])[-1]
        rule, override = rule_of(key_of(meant)), _override(meant)
        if override is None and rule is None and "=" in meant:  # A path, maybe, or a name.
            key, _, value = meant.partition("=")
            override = _override(f"{key}={quoted(value)}")
        if override is not None and override.key_or_group:
            word = word._replace(meant=meant)
            values, mistakes = _values(word, override, meanings, sweeps=sweeps, config=config)
            line.append(Typed(word, override, values, mistakes))
            pieces, together = [], [meant]
            if rule and rule.literal:
                pieces = [literals.plainest(meant)]
        elif pieces and "=" not in meant:
            if len(pieces) > 1:
                errors = errors[:-1]
            pieces.append(meant)
            errors.append(
                f"{' '.join(pieces[1:])} cannot be read; expected key=value. If it belongs to the "
                f"value before it, type {shell(' '.join(pieces))}."
            )
        elif together and "=" not in meant and (joined := _joined(*together, meant)):
            if len(together) > 1:
                errors = errors[:-1]
            together.append(meant)
            words_of_value = " ".join(together[1:])
            errors.append(
                f"{words_of_value} cannot be read; with the value before it, type {joined}."
            )
        else:
            errors.append(f"{word.typed} cannot be read; {_instead(meant, meanings)}.")
    return line, errors


def _joined(before: str, *words: str) -> str:
    """Return what key=value and the words behind it may mean together; "" if nothing.

    >>> _joined("budget=12", "runs"), _joined("model.units=4", "64", "256")
    ('budget=12runs', '-m model.units=4,64,256')
    >>> _joined("problem.metrics=auc", "accuracy"), _joined("trainer.batch_size=32", "rows")
    ("'problem.metrics=[auc,accuracy]'", '')
    """
    key, _, value = before.partition("=")
    rule, values = rule_of(key), [value, *words]
    if rule is None or not value or value[0] in "[({":
        return ""
    several = ",".join(values)
    if all(rule.allows(python_value(key, one)) for one in values):
        return f"-m {key}={several}"
    if rule.allows(python_value(key, f"[{several}]")):
        return shell(f"{key}=[{several}]")
    if value.isdigit() and rule.allows("".join(values)):
        return f"{key}={''.join(values)}"
    return ""


def _override(word: str) -> Override | None:
    """Return a word as Hydra reads it; None if it cannot."""
    try:
        return OverridesParser.create().parse_override(word)
    except HydraException:
        return None


def python_value(key: str, value: str) -> object:
    """Return a value as Hydra reads it; the text itself if it cannot."""
    [word] = literals.for_hydra([f"{key}={value}"])
    override = _override(word)
    if override is None or override.is_sweep_override():
        return value
    return override.value()


def _instead(word: str, meanings: Meanings) -> str:
    """Return what is expected in place of a word that cannot be read."""
    key, equals, value = word.partition("=")
    rule = rule_of(key_of(word))
    if literals.SWEEP.match(value):
        return "expected key=value, with quotes around each value that has special signs"
    in_brackets = f"[{value[1:-1]}]"
    if rule is not None and value[:1] == "(" and rule.allows(python_value(key, in_brackets)):
        return f"type {shell(f'{key}={in_brackets}')}"
    if rule is not None and rule.allows(value):
        return (
            f"expected key=value; for a text with special signs, {shell(f'{key}={quoted(value)}')}"
        )
    if equals:
        return "expected key=value"
    if sentence := synonyms.absent("keys", word):
        return sentence
    if meant := meanings.of_name(word) or meanings.of_key(word, ()):
        return f"type {', or '.join(meant)}"
    return "expected key=value"


def _values(
    word: Word, override: Override, meanings: Meanings, *, sweeps: bool, config: str
) -> tuple[list[str], list[str]]:
    """Return the values of a word as typed, and what is wrong with it, in sentences.

    Args:
        word: As typed.
        override: As Hydra reads it.
        meanings: Of what does not exist.
        sweeps: Whether a key may have several values.
        config: "config" or "workflow".

    Returns:
        No values of a sweep that only Hydra can resolve, such as one of a pattern.
    """
    name, text = override.key_or_group, word.meant
    group, _, key = name.partition(".")
    values = [text.partition("=")[2]]
    if override.is_delete():
        return [], [removed(text)]
    if override.is_sweep_override():
        values = []
    if override.is_discrete_sweep() and override.value_type != ValueType.GLOB_CHOICE_SWEEP:
        try:
            values = list(override.sweep_string_iterator())
        except (OmegaConfBaseException, ValueError):  # A sweep in a sweep, or steps of 0.
            return [], [
                f"{text} gives no values that can be listed; expected them alone, as {name}=1,2,3."
            ]

    if key.partition(".")[0] == "traits":
        return values, [traits_touched(group)]
    if sentence := renamed.sentence(name, values):
        return values, [sentence]
    if override.is_sweep_override() and not sweeps:
        return values, [f"{text} gives several values; {_for_each(name, values, config)}."]
    if name not in GROUPS:
        return values, []
    start = f"{word.typed} {word.reason}: " if word.reason else ""
    options = meanings.files.names(name)
    strange = [value for value in values if value not in options]
    return values, [start + _unknown_option(name, value, meanings) for value in strange]


def _unknown_option(group: str, option: str, meanings: Meanings) -> str:
    """Return the sentence for an option that does not exist."""
    what, options = f"an option of {group}", meanings.files.names(group)
    if option[:1] == "[" and set(option.strip("[] ").replace(" ", "").split(",")) <= set(options):
        return no_single_option(group, [f"{group}={option}"])
    if answers := meanings.of_option(group, option):
        return f"{group}={option}: {option} is not {what}; type {', or '.join(answers)}."
    if sentence := synonyms.absent(group, option):
        return f"{group}={option}: {option} is not {what}; {sentence}."
    return f"{group}={option}: {unknown(option, options, what=what)}"


def _for_each(name: str, values: Sequence[str], config: str) -> str:
    """Return what to type in place of several values without -m."""
    word, rule = f"{name}=[{','.join(values)}]", rule_of(name)
    one_list = ""
    if rule is not None and rule.allows(python_value(name, f"[{','.join(values)}]")):
        one_list = f", or write one list: {word}"
    if config == "workflow":
        return f"a workflow takes one of them{one_list}"
    return f"add -m for a run of each{one_list}"
