"""What a person typed -> a run, or a sentence that says what is wrong with it and exit status 1."""

import contextlib
import difflib
import os
import sys
import warnings
from collections.abc import Callable, Collection, Generator, Sequence
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
from goldilocks.config import renamed
from goldilocks.config.checks import (
    config_errors,
    leaves,
    traits_touched,
    unknown,
    value_errors,
)
from goldilocks.config.options import OptionFiles
from goldilocks.config.rules import rules_of
from goldilocks.config.settings import COMPOSED, GROUPS, Settings, composed, listed, plain, settled
from goldilocks.errors import ConfigError, UserError

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
    if name != "config" and {"-m", "--multirun"} & set(sys.argv):
        _stop(f"{name}.py runs many trainings by itself, and no sweep; leave out -m.")
    if TRACEBACK:
        main()
        return

    warnings.showwarning = lambda message, *_: console.warning(str(message))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises where it would print and exit.
    try:
        if {"-h", "--help"} & set(sys.argv):
            console.result(help_text(sys.argv[1:], conf, name))
        else:
            main()
    except (HydraException, OmegaConfBaseException) as error:
        _stop(listed(errors_in(sys.argv[1:], conf, name) or [str(error)]))
    except UserError as error:
        _stop(str(error))  # A job of a sweep failed.
    except ValueError:  # Hydra's own for `model=null`, or a bug of a job.
        if errors := errors_in(sys.argv[1:], conf, name):
            _stop(listed(errors))
        raise
    except BrokenPipeError:  # `python train.py --help | head`: nobody reads on.
        # Python flushes standard output once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit("\ngoldilocks: interrupted.")


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
    sys.exit(f"goldilocks: {message}")


def experiment(name: str, conf: Path) -> Settings:
    """Return the checked settings of an experiment's config as it stands, without a command line.

    Args:
        name: A file of `conf/experiment/`, without its ending.
        conf: The folder of the configuration.

    Raises:
        ConfigError: There is no such experiment, or anything in it is wrong; the message lists all
            of it.
    """
    override = f"experiment={name}"
    try:
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            cfg = compose("config", [override], return_hydra_config=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(listed(errors_in([override], conf, "config") or [str(error)])) from error
    return settled(cfg, hydra=cfg.hydra, overrides=[override])


@dataclass(frozen=True)
class _CommandLine:
    """What a command line asks for, as far as it can be read.

    Attributes:
        errors: What is wrong with single words of it.
        search_path: The words that add folders of options.
        named: The keys and groups that it names.
        groups: An option for each group, of a sweep the first.
        fixed: The same, of the groups that have one option in all jobs.
        misspelled: The groups whose option does not exist.
        keys: The keys with the words that set them, of a sweep the first.
    """

    errors: list[str] = field(default_factory=list)
    search_path: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    groups: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    misspelled: set[str] = field(default_factory=set)
    keys: list[tuple[str, str]] = field(default_factory=list)


def errors_in(arguments: Sequence[str], conf: Path, config: str) -> list[str]:
    """Return everything wrong with a command line that Hydra could not compose.

    Hydra itself names the first error only.

    Args:
        arguments: As typed.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
    """
    overrides, unreadable = _parsed(arguments)
    files = _files(overrides, conf)
    line = _read(overrides, files, sweeps=bool({"-m", "--multirun"} & set(arguments)))
    errors = [*unreadable, *line.errors]
    with _composing(conf):
        present = list(leaves(plain(compose(config, [*line.search_path, *line.groups]))))
        possible = {*rules_of("configuration"), *files.keys(COMPOSED)}
        strange, lost = _strange_keys(line, config, present, possible)
        errors += lost
        # A key may belong to the option that was meant: it is a key of some option.
        unsure = {
            name
            for name in strange & possible
            if line.misspelled & {name.split(".")[0], "experiment"}
        }
        errors += [f"{name} " + _unknown_key(name, present) for name in sorted(strange - unsure)]

        sound = [
            word
            for name, word in line.keys
            if name not in strange and (word.startswith("+") or _has(present, name))
        ]
        try:
            cfg = compose(
                config, [*line.search_path, *line.groups, *sound], return_hydra_config=True
            )
            config_so_far = composed(cfg, cfg.hydra)
        except (HydraException, OmegaConfBaseException):
            return errors  # What is left is what Hydra said, and the caller has that.

    # Without the options that were meant, whether the groups go together cannot be told.
    if line.misspelled:
        return [*errors, *value_errors(config_so_far.tree, config_so_far.defaults())]
    return errors + config_errors(config_so_far)


@contextlib.contextmanager
def _composing(conf: Path) -> Generator[None]:
    """Let `compose` read a folder, beside a Hydra that runs a sweep as well."""
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = running


def _parsed(arguments: Sequence[str]) -> tuple[list[Override], list[str]]:
    """Return what can be read of a command line, and a sentence for each word that cannot."""
    overrides, errors = [], []
    for argument in arguments:
        if argument.startswith("-"):
            continue
        try:
            override = OverridesParser.create().parse_override(argument)
        except HydraException:
            override = None
        if override is not None and override.key_or_group:
            overrides.append(override)
        else:
            errors.append(
                f"{argument} cannot be read; expected key=value (quotes around a value with "
                "special signs)."
            )
    return overrides, errors


def _files(overrides: Sequence[Override], conf: Path) -> OptionFiles:
    """Return the files of all options: those of `conf`, and of the folders that were typed."""
    folders = []
    for override in overrides:
        if override.key_or_group == "hydra.searchpath":
            folders += [str(folder) for folder in _listed_value(override)]
    return OptionFiles((conf, *(Path(folder.removeprefix("file://")) for folder in folders)))


def _listed_value(override: Override) -> list[Any]:
    value = override.value()
    return value if isinstance(value, list) else [value]


def _read(overrides: Sequence[Override], files: OptionFiles, *, sweeps: bool) -> _CommandLine:
    """Sort the words of a command line.

    Args:
        overrides: Its words.
        files: The files of all options.
        sweeps: Whether a key may have several values.
    """
    line = _CommandLine()
    for override in overrides:
        name, values, word = override.key_or_group, _values(override), str(override.input_line)
        line.named.add(name)
        group, _, key = name.partition(".")
        if key.partition(".")[0] == "traits":
            line.errors.append(traits_touched(group))
            continue
        if sentence := renamed.sentence(name, values):
            line.errors.append(sentence)
            continue

        several = override.is_sweep_override()
        if several and not sweeps:
            line.errors.append(
                f"{word} gives several values; add -m for a run of each, or write one list: "
                f"{name}=[{','.join(values)}]."
            )
            values = values[:1]
        if name in GROUPS:
            _read_group(line, name, values, files, several=several)
        elif name == "hydra.searchpath":
            line.search_path.append(word)
        elif not name.startswith("hydra") and not override.is_add():
            line.keys.extend((name, word.split("=")[0] + f"={value}") for value in values[:1])
    return line


def _read_group(
    line: _CommandLine, group: str, values: Sequence[str], files: OptionFiles, *, several: bool
) -> None:
    """Note the options that are chosen in a group."""
    options = files.names(group)
    strange = [value for value in values if value not in options]
    if strange:
        line.errors.extend(
            f"{group}={value}: " + unknown(value, options, what=f"an option of {group}")
            for value in strange
        )
        line.misspelled.add(group)
        return
    chosen = [f"{group}={value}" for value in values[:1]]
    line.groups.extend(chosen)
    if not several:
        line.fixed.extend(chosen)


def _strange_keys(
    line: _CommandLine, config: str, known: Sequence[str], possible: Collection[str]
) -> tuple[set[str], list[str]]:
    """Return the keys that the configuration does not have.

    Args:
        line: The command line.
        config: The name of the configuration.
        known: Its keys, with the options chosen (of a sweep, the first ones).
        possible: The keys of all options.

    Returns:
        The keys; and a sentence for each key that only some options of a sweep have.
    """
    forced = {name for name, word in line.keys if word.startswith("+") and name in possible}
    strange = {name for name, _ in line.keys if not _has(known, name)} - forced
    if line.misspelled or len(line.fixed) >= len(set(GROUPS) & line.named):
        return strange, []

    # Hydra composes what all jobs share first.
    shared = list(leaves(plain(compose(config, [*line.search_path, *line.fixed]))))
    of_some_jobs = {
        name: word
        for name, word in line.keys
        if name in possible and name not in forced and not _has(shared, name)
    }
    return strange - of_some_jobs.keys(), [
        f"{name} is not a key of every option of this sweep; give it to all its jobs: ++{word}."
        for name, word in of_some_jobs.items()
    ]


def _has(keys: Sequence[str], name: str) -> bool:
    """Whether a key, or a group of them, is among keys."""
    return any(key == name or key.startswith(f"{name}.") for key in keys)


def _values(override: Override) -> list[str]:
    """Return the values of an override as typed; none of a sweep that only Hydra can resolve."""
    if override.value_type in (
        ValueType.CHOICE_SWEEP,
        ValueType.SIMPLE_CHOICE_SWEEP,
        ValueType.RANGE_SWEEP,
    ):
        return list(override.sweep_string_iterator())
    if override.is_sweep_override():
        return []
    return [str(override.input_line).partition("=")[2]]


def _unknown_key(name: str, known: Sequence[str]) -> str:
    """Return why a key does not exist, with the nearest one, or those of its group."""
    close = difflib.get_close_matches(name, GROUPS if "." not in name else known, n=1)
    close = close or difflib.get_close_matches(name, known, n=1)
    group = [key for key in known if key.startswith(name.split(".")[0] + ".")]
    tops = dict.fromkeys(key.split(".")[0] for key in known)
    hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(group or tops)}."
    return f"is not a key of this configuration; {hint}"
