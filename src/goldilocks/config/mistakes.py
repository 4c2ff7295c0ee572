"""Everything wrong with a command line that Hydra cannot compose; Hydra names the first alone."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from goldilocks.config import literals, renamed
from goldilocks.config.checks import (
    config_errors,
    foreign_keys,
    traits_touched,
    value_errors,
)
from goldilocks.config.composition import compose, composed
from goldilocks.config.options import OptionFiles
from goldilocks.config.rules import rule_of
from goldilocks.config.settings import (
    COMPOSED,
    GROUPS,
    Settings,
    key_of,
    leaves,
    removed,
    search_path,
)
from goldilocks.errors import unknown
from goldilocks.formatting import quoted, shell


def errors_in(arguments: Sequence[str], conf: Path, config: str) -> list[str]:
    """Return everything wrong with a command line that Hydra could not compose.

    Args:
        arguments: As typed.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
    """
    overrides, unreadable = _parsed(arguments)
    errors, sweeps = list(unreadable), bool(literals.MULTIRUN & set(arguments))
    files, folders = _files(overrides, conf), search_path(arguments)

    # The words that choose options, and those that set keys, of a sweep with the first value; and
    # the groups of which it is not known which option was meant.
    groups: dict[str, str] = {}
    keys: dict[str, str] = {}
    unclear: set[str] = set()
    swept: set[str] = set()
    for override in overrides:
        name, word = override.key_or_group, str(override.input_line)
        values, mistake = _values(override, files, sweeps=sweeps)
        errors += mistake
        if name in GROUPS and mistake:
            unclear.add(name)
        elif name in GROUPS and override.is_sweep_override():
            swept.add(name)
        if not values or mistake:
            continue
        if name in GROUPS:
            groups[name] = f"{name}={values[0]}"
        elif not name.startswith("hydra") and not override.is_add():
            keys[name] = f"{word.split('=')[0]}={values[0]}"

    def settings(*words: str) -> Settings:
        cfg = compose([*folders, *words], conf, config)
        return composed(cfg, cfg.hydra)

    is_sweep = bool(swept) and not unclear
    of_options = files.keys(COMPOSED)
    try:
        present = leaves(settings(*groups.values()).tree)
        shared = present
        if is_sweep:  # What all its jobs share, which Hydra composes first.
            words = [word for group, word in groups.items() if group not in swept]
            shared = leaves(settings(*words).tree)
        for name, word in sorted(keys.items()):
            if name not in of_options and not _has(present, name):
                errors.append(f"{name} {_unknown_key(name, list(present))}")
            elif is_sweep and word[0] != "+" and not _has(shared, name):
                errors.append(
                    f"{name} is not a key of every option of this sweep; give it to all its jobs: "
                    f"++{word}."
                )
        words = [word for name, word in keys.items() if name in of_options or _has(present, name)]
        added = [f"++{word.lstrip('+')}" for word in words]
        checked = settings(*groups.values(), *added)
    except (HydraException, OmegaConfBaseException):
        return errors  # What is left is what Hydra said, and the caller has that.

    # Without the options that were meant, whether the groups go together cannot be told.
    if unclear or unreadable:
        return [*errors, *value_errors(checked.tree, checked.defaults())]
    if not is_sweep:
        errors += foreign_keys(checked)
    return errors + config_errors(checked)


def _parsed(arguments: Sequence[str]) -> tuple[list[Override], list[str]]:
    """Return what can be read of a command line, and a sentence for each word that cannot."""
    overrides: list[Override] = []
    errors: list[str] = []
    words: list[str] = []  # A text and what follows it without a key: a shell splits at blanks.
    for argument in arguments:
        if argument.startswith("-"):
            continue
        try:
            override = OverridesParser.create().parse_override(argument)
        except HydraException:
            override = None

        rule = rule_of(key_of(argument))
        if override is not None and override.key_or_group:
            overrides.append(override)
            words = []
            if rule and rule.literal:
                words = [literals.plainest(argument)]
        elif words and "=" not in argument:
            if len(words) > 1:
                errors = errors[:-1]
            words.append(argument)
            errors.append(
                f"{' '.join(words[1:])} cannot be read; expected key=value. If it belongs to the "
                f"value before it, type {shell(' '.join(words))}."
            )
        else:
            errors.append(f"{argument} cannot be read; expected key=value{_text_meant(argument)}.")
    return overrides, errors


def _text_meant(argument: str) -> str:
    """Return how a word that cannot be read is typed if its value is a text."""
    key, _, value = argument.partition("=")
    rule = rule_of(key_of(argument))
    if literals.SWEEP.match(value):
        return ", with quotes around each value that has special signs"
    if rule is None or not rule.allows(value):
        return ""
    return f"; for a text with special signs, {shell(f'{key}={quoted(value)}')}"


def _files(overrides: Sequence[Override], conf: Path) -> OptionFiles:
    """Return the files of all options: those of `conf`, and of the folders that were typed."""
    lists = [over.value() for over in overrides if over.key_or_group == "hydra.searchpath"]
    folders = [str(folder) for value in lists if isinstance(value, list) for folder in value]
    return OptionFiles((conf, *(Path(folder.removeprefix("file://")) for folder in folders)))


def _values(override: Override, files: OptionFiles, *, sweeps: bool) -> tuple[list[str], list[str]]:
    """Return the values of a word as typed, and what is wrong with it, in sentences.

    Args:
        override: The word.
        files: The files of all options.
        sweeps: Whether a key may have several values.

    Returns:
        No values of a sweep that only Hydra can resolve, such as one of a pattern.
    """
    name, word = override.key_or_group, str(override.input_line)
    group, _, key = name.partition(".")
    values = [word.partition("=")[2]]
    if override.is_delete():
        return [], [removed(word)]
    if override.is_sweep_override():
        values = []
    if override.is_discrete_sweep() and override.value_type != ValueType.GLOB_CHOICE_SWEEP:
        try:
            values = list(override.sweep_string_iterator())
        except (OmegaConfBaseException, ValueError):  # A sweep in a sweep, or steps of 0.
            return [], [
                f"{word} gives no values that can be listed; expected them alone, as {name}=1,2,3."
            ]

    if key.partition(".")[0] == "traits":
        return values, [traits_touched(group)]
    if sentence := renamed.sentence(name, values):
        return values, [sentence]
    if override.is_sweep_override() and not sweeps:
        several = f"{word} gives several values; add -m for a run of each{_or_list(name, values)}."
        return values, [several]
    options = files.names(name) if name in GROUPS else values
    strange = [value for value in values if value not in options]
    what = f"an option of {name}"
    return values, [f"{name}={option}: {unknown(option, options, what=what)}" for option in strange]


def _has(keys: Iterable[str], name: str) -> bool:
    """Whether a key, or a group of them, is among keys."""
    return any(key == name or key.startswith(f"{name}.") for key in keys)


def _or_list(name: str, values: Sequence[str]) -> str:
    """Return how several values are typed as one list, where the key may have one."""
    word, rule = f"{name}=[{','.join(values)}]", rule_of(name)
    if rule is None or not rule.allows(OverridesParser.create().parse_override(word).value()):
        return ""
    return f", or write one list: {word}"


def _unknown_key(name: str, present: Sequence[str]) -> str:
    """Return why a key does not exist, with the nearest one, or those of its group."""
    names = present if "." in name else [*GROUPS, *present]
    if similar := difflib.get_close_matches(name, names, n=1):
        return f"is not a key of this configuration; did you mean {similar[0]}?"
    group = name.split(".")[0]
    keys = [key for key in present if key.startswith(f"{group}.")]
    keys = keys or list(dict.fromkeys(key.split(".")[0] for key in present))
    return f"is not a key of this configuration; expected one of {', '.join(keys)}."
