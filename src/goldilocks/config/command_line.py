"""What a person typed -> a run, or a sentence that says what is wrong with it and exit status 1."""

import argparse
import contextlib
import difflib
import itertools
import os
import sys
import warnings
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any, NoReturn

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from goldilocks import console, prepare_environment
from goldilocks.config import callables, literals, renamed
from goldilocks.config.checks import (
    config_errors,
    leaves,
    traits_touched,
    unknown,
    value_errors,
)
from goldilocks.config.options import OptionFiles
from goldilocks.config.rules import rule_of, rules_of
from goldilocks.config.settings import (
    COMPOSED,
    GROUPS,
    Settings,
    composed,
    key_of,
    listed,
    plain,
    removed,
    search_path,
    settled,
)
from goldilocks.errors import ConfigError, UserError
from goldilocks.formatting import quoted, shell

# Whether a person asked for tracebacks, read before `launch` asks Hydra for the same.
TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"


def launch(main: Callable[[], Any], conf: Path, name: str) -> None:
    """Run a Hydra entry point; end with a sentence and exit status 1 on what a person can mend.

    `HYDRA_FULL_ERROR=1` in the environment shows the traceback instead.

    Args:
        main: The entry point, decorated by `hydra.main`.
        conf: The folder of its configuration.
        name: Of the configuration: "config" or "workflow".
    """
    prepare_environment()
    callables.install()
    sys.argv[1:] = literals.for_hydra(_with_search_path(sys.argv[1:]))
    if name != "config" and literals.MULTIRUN & set(sys.argv):
        _stop(f"{name}.py runs many trainings by itself, and no sweep; leave out -m.")
    if TRACEBACK:
        main()
        return

    warnings.showwarning = lambda message, *_: console.warning(str(message))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises where it would print and exit.
    try:
        # `| head` of anything is no error, and ends no training.
        with composition_errors(sys.argv[1:], conf, name), console.surviving():
            if {"-h", "--help"} & set(sys.argv):
                console.result(help_text(sys.argv[1:], conf, name))
            else:
                main()
    except UserError as error:
        _stop(str(error))  # A job of a sweep failed.
    except KeyboardInterrupt:
        sys.exit("\ngoldilocks: interrupted.")


def _with_search_path(arguments: Sequence[str]) -> list[str]:
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


def help_text(arguments: Sequence[str], conf: Path, config: str) -> str:
    """Return the help of a command: Hydra's own, without the traits, which nobody can type.

    Args:
        arguments: As typed.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
    """
    overrides = [argument for argument in arguments if not argument.startswith("-")]
    with _composing(conf):
        cfg = compose(config, overrides, return_hydra_config=True)
    composition = composed(cfg, cfg.hydra)
    groups = {group: composition.files.names(group) for group in sorted(GROUPS)}
    return Template(cfg.hydra.help.template).substitute(
        APP_CONFIG_GROUPS="".join(f"{group}: {', '.join(groups[group])}\n" for group in groups),
        CONFIG=OmegaConf.to_yaml(OmegaConf.create(dict(composition.tree))),
    )


def compose_settings(overrides: Sequence[str], conf: Path) -> Settings:
    """Return the checked settings that overrides come to, outside of a Hydra job.

    Args:
        overrides: As typed.
        conf: The folder of the configuration.

    Raises:
        ConfigError: Anything is wrong; the message lists all of it.
    """
    overrides = literals.for_hydra(overrides)
    with composition_errors(overrides, conf, "config"), _composing(conf):
        cfg = compose("config", overrides, return_hydra_config=True)
        return settled(cfg, hydra=cfg.hydra, overrides=overrides)


def sentences() -> contextlib.AbstractContextManager[None]:
    """Return a context, inside of the task function, that ends a single run with a sentence.

    In a sweep the error goes on to Hydra, which counts the job as failed and starts the next one.
    """
    if TRACEBACK or HydraConfig.get().mode == RunMode.MULTIRUN:
        return contextlib.nullcontext()
    return stopping()


@contextlib.contextmanager
def stopping() -> Generator[None]:
    """End the program with a sentence and exit status 1 where a person can mend what went wrong."""
    try:
        yield
    except UserError as error:
        _stop(str(error))


def _stop(message: str) -> NoReturn:
    sys.exit(f"goldilocks: {console.without_passwords(message)}")


@contextlib.contextmanager
def composition_errors(arguments: Sequence[str], conf: Path, config: str) -> Generator[None]:
    """Where Hydra cannot compose a command line, raise ConfigError with everything wrong with it.

    Args:
        arguments: As typed.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
    """
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        # OmegaConf says in further lines which key it is about.
        reason, *about = str(error).splitlines()
        key = "".join(line.partition("full_key: ")[2] for line in about)
        errors = errors_in(arguments, conf, config)
        if not errors:
            reason = f"{key}: {reason}".removeprefix(": ").rstrip(".")
            errors = [f"{reason}. Expected GROUP=OPTION or KEY=VALUE of those that `--help` shows."]
        raise ConfigError(listed(errors)) from error


@dataclass(frozen=True)
class _CommandLine:
    """What a command line asks for, as far as it can be read.

    Attributes:
        groups: The word that chooses an option, of a sweep the first, by group.
        swept: The groups that have several options.
        misspelled: The groups whose option does not exist.
        keys: The word that sets a key, of a sweep to the first value, by key.
    """

    groups: dict[str, str] = field(default_factory=dict)
    swept: set[str] = field(default_factory=set)
    misspelled: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)


def errors_in(arguments: Sequence[str], conf: Path, config: str) -> list[str]:
    """Return everything wrong with a command line that Hydra could not compose.

    Hydra itself names the first error only.

    Args:
        arguments: As typed.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
    """
    overrides, unreadable = _parsed(arguments)
    errors, sweeps = list(unreadable), bool(literals.MULTIRUN & set(arguments))
    files, line = _files(overrides, conf), _CommandLine()
    for override in overrides:
        errors += _read(override, line, files, sweeps=sweeps)

    possible, folders = {*rules_of("configuration"), *files.keys(COMPOSED)}, search_path(arguments)
    try:
        with _composing(conf):
            cfg = compose(config, [*folders, *line.groups.values()], return_hydra_config=True)
            present, shared = leaves(plain(cfg)), possible
            if line.swept and not line.misspelled:
                # What all jobs of a sweep share, which Hydra composes first.
                words = [word for group, word in line.groups.items() if group not in line.swept]
                cfg = compose(config, [*folders, *words], return_hydra_config=True)
                shared = leaves(plain(cfg))
            errors += _unknown_keys(line, possible, present, shared)
            words = [*folders, *line.groups.values(), *line.keys.values()]
            cfg = compose(config, words, return_hydra_config=True)
            config_so_far = composed(cfg, cfg.hydra)
    except (HydraException, OmegaConfBaseException):
        return errors  # What is left is what Hydra said, and the caller has that.

    # Without the options that were meant, whether the groups go together cannot be told.
    if line.misspelled or unreadable:
        return [*errors, *value_errors(config_so_far.tree, config_so_far.defaults())]
    return errors + config_errors(config_so_far)


def _unknown_keys(
    line: _CommandLine, possible: Collection[str], present: Collection[str], shared: Collection[str]
) -> Iterator[str]:
    """Take the keys that do not exist out of what was asked for, and yield a sentence for each.

    Args:
        line: What was asked for.
        possible: Keys of some option.
        present: Those of the options that were chosen, of a sweep first.
        shared: Those that all jobs of a sweep have.
    """
    for name, word in sorted(line.keys.items()):
        if word.startswith("+") and name in possible:
            continue
        if not _has(present, name):
            del line.keys[name]
        # A key may belong to the option that was meant: it is a key of some option.
        unsure = line.misspelled & {name.split(".")[0], "experiment"}
        if name in possible and not _has(shared, name):
            yield (
                f"{name} is not a key of every option of this sweep; give it to all its jobs: "
                f"++{word}."
            )
        elif not _has(present, name) and not (unsure and name in possible):
            yield f"{name} {_unknown_key(name, list(present))}"


@contextlib.contextmanager
def _composing(conf: Path) -> Generator[None]:
    """Let `compose` read a folder, beside a Hydra that runs a sweep as well."""
    callables.install()
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = running


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
    folders = []
    for override in overrides:
        if override.key_or_group == "hydra.searchpath":
            value = override.value()
            folders += value if isinstance(value, list) else [value]
    return OptionFiles((conf, *(Path(str(folder).removeprefix("file://")) for folder in folders)))


def _read(
    override: Override, line: _CommandLine, files: OptionFiles, *, sweeps: bool
) -> Iterator[str]:
    """Note what a word of a command line asks for, and yield what is wrong with it.

    Args:
        override: The word.
        line: Takes what it asks for.
        files: The files of all options.
        sweeps: Whether a key may have several values.
    """
    name, word = override.key_or_group, str(override.input_line)
    group, _, key = name.partition(".")
    if override.is_delete():
        yield removed(word)
        return
    try:
        values = _values(override)
    except (OmegaConfBaseException, ValueError):  # A sweep in a sweep, or a range by steps of 0.
        yield f"{word} gives no values that can be listed; expected them alone, as {name}=1,2,3."
        return
    if key.partition(".")[0] == "traits":
        yield traits_touched(group)
        return
    if sentence := renamed.sentence(name, values):
        yield sentence
        return

    if override.is_sweep_override() and not sweeps:
        yield f"{word} gives several values; add -m for a run of each{_or_list(name, values)}."
        values = []
    if name in GROUPS:
        if override.is_sweep_override():
            line.swept.add(name)
        options = files.names(name)
        strange = [value for value in values if value not in options]
        for value in strange:
            line.misspelled.add(name)
            yield f"{name}={value}: " + unknown(value, options, what=f"an option of {name}")
        if values and not strange:
            line.groups[name] = f"{name}={values[0]}"
    elif values and not name.startswith("hydra") and not override.is_add():
        line.keys[name] = f"{word.split('=')[0]}={values[0]}"


def _has(keys: Iterable[str], name: str) -> bool:
    """Whether a key, or a group of them, is among keys."""
    return any(key == name or key.startswith(f"{name}.") for key in keys)


def _values(override: Override) -> list[str]:
    """Return the values of an override as typed; none of a sweep that only Hydra can resolve."""
    if override.is_discrete_sweep() and override.value_type != ValueType.GLOB_CHOICE_SWEEP:
        return list(override.sweep_string_iterator())
    if override.is_sweep_override():
        return []
    return [str(override.input_line).partition("=")[2]]


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
