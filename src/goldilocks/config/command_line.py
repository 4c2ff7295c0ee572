"""What a person typed -> a run, or a sentence that says what is wrong with it and exit status 1."""

import contextlib
import difflib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException

from goldilocks import console
from goldilocks.config.checks import config_errors, leaves, unknown, value_errors
from goldilocks.config.rules import RULES
from goldilocks.config.settings import GROUPS, Settings, listed, plain, settled
from goldilocks.errors import ConfigError, UserError

# Whether a person asked for tracebacks, read before `launch` asks Hydra for the same.
TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"


def launch(main: Callable[[], Any], conf: Path, name: str) -> None:
    """Run a Hydra entry point; what a person can mend ends it with a sentence and exit status 1, not with a traceback.

    `HYDRA_FULL_ERROR=1` in the environment shows the traceback instead.

    Args:
        main: The entry point, decorated by `hydra.main`.
        conf: The folder of its configuration.
        name: Of the configuration: "config" or "workflow".
    """
    if name != "config" and {"-m", "--multirun"} & set(sys.argv):
        _stop(f"{name}.py runs many trainings by itself, and no sweep; leave out -m.")
    if TRACEBACK:
        main()
        return
    warnings.showwarning = lambda message, *_: console.warning(str(message))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises where it would print and exit.
    try:
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
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # Python flushes it once more at exit.
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit("\ngoldilocks: interrupted.")


def sentences() -> contextlib.AbstractContextManager[None]:
    """Inside the task function: end a single run in a sentence before Hydra reports the error in its own way.

    In a sweep the error goes on to Hydra, which counts the job as failed and starts the next one.
    """
    return (
        contextlib.nullcontext()
        if TRACEBACK or HydraConfig.get().mode == RunMode.MULTIRUN
        else stopping()
    )


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """End the program with a sentence and exit status 1 where a person can mend what went wrong."""
    try:
        yield
    except UserError as error:
        _stop(str(error))


def _stop(message: str) -> NoReturn:
    sys.exit(f"goldilocks: {message}")


def experiment(name: str, conf: Path) -> Settings:
    """The checked settings of an experiment's config as it stands, without a command line.

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
    return settled(cfg, choices=cfg.hydra.runtime.choices, overrides=[override], sweep_dir=None)


def errors_in(arguments: Sequence[str], conf: Path, config: str) -> list[str]:
    """Everything wrong with a command line that Hydra could not compose; Hydra itself names the first error only."""
    errors, groups, fixed, keys = [], [], [], []
    misspelled, chosen = set(), set()
    for argument in arguments:
        if argument.startswith("-"):
            continue
        try:
            override = OverridesParser.create().parse_override(argument)
        except HydraException:
            override = None
        if override is None or not override.key_or_group:
            errors.append(
                f"{argument} cannot be read; expected key=value (quotes around a value with "
                "special signs)."
            )
            continue
        name, values = override.key_or_group, _values(override)
        chosen.add(name)
        if override.is_sweep_override() and not {"-m", "--multirun"} & set(arguments):
            errors.append(
                f"{argument} gives several values; add -m for a run of each, or write one list: "
                f"{name}=[{','.join(values)}]."
            )
            values = values[:1]
        if name in GROUPS:
            known = sorted(file.stem for file in (conf / name).glob("*.yaml"))
            strange = [value for value in values if value not in known]
            errors += [
                f"{name}={value}: " + unknown(value, known, what=f"an option of {name}")
                for value in strange
            ]
            misspelled |= {name} if strange else set()
            groups += [] if strange else [f"{name}={value}" for value in values[:1]]
            fixed += (
                groups[-1:] if values and not strange and not override.is_sweep_override() else []
            )
        elif not name.startswith("hydra") and not override.is_add():
            keys += [(name, argument.split("=")[0] + f"={value}") for value in values[:1]]
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        known = list(leaves(plain(compose(config, groups), {})[0]))
        forced = {name for name, argument in keys if argument.startswith("+") and name in RULES}
        strange = {name for name, _ in keys if not _has(known, name)} - forced
        if not misspelled and len(fixed) < len(
            set(GROUPS) & chosen
        ):  # Hydra composes what all jobs share first.
            shared = list(leaves(plain(compose(config, fixed), {})[0]))
            own = [
                (name, argument)
                for name, argument in keys
                if name in RULES.keys() - forced and not _has(shared, name)
            ]
            errors += [
                f"{name} is not a key of every option of this sweep; give it to all its jobs: "
                f"++{argument}."
                for name, argument in own
            ]
            strange -= {name for name, _ in own}
        # A key may belong to the option that was meant: what has a rule is a key of some option.
        unsure = {
            name
            for name in strange
            if name in RULES and misspelled & {name.split(".")[0], "experiment"}
        }
        errors += [f"{name} " + _unknown_key(name, known) for name in sorted(strange - unsure)]
        try:
            sound = [*groups, *(argument for name, argument in keys if name not in strange)]
            cfg = compose(config, sound, return_hydra_config=True)
            tree, choices = plain(cfg, cfg.hydra.runtime.choices)
        except (HydraException, OmegaConfBaseException):
            return errors  # What is left is what Hydra said, and the caller has that.
        # Without the options that were meant, whether the groups go together cannot be told.
        return errors + (value_errors(tree) if misspelled else config_errors(tree, choices))


def _has(keys: Sequence[str], name: str) -> bool:
    """Whether a key, or a group of them, is among keys."""
    return any(key == name or key.startswith(f"{name}.") for key in keys)


def _values(override: Override) -> list[str]:
    """The values of an override as typed, several in a sweep; none of a sweep that only Hydra can resolve."""
    if override.value_type in (
        ValueType.CHOICE_SWEEP,
        ValueType.SIMPLE_CHOICE_SWEEP,
        ValueType.RANGE_SWEEP,
    ):
        return list(override.sweep_string_iterator())
    return [] if override.is_sweep_override() else [str(override.input_line).partition("=")[2]]


def _unknown_key(name: str, known: Sequence[str]) -> str:
    """Why a key does not exist, with the nearest one, or those of its group."""
    close = difflib.get_close_matches(name, GROUPS if "." not in name else known, n=1)
    close = close or difflib.get_close_matches(name, known, n=1)
    group = [key for key in known if key.startswith(name.split(".")[0] + ".")]
    tops = dict.fromkeys(key.split(".")[0] for key in known)
    hint = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(group or tops)}."
    return f"is not a key of this configuration; {hint}"
