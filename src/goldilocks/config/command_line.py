"""What a person typed -> a run, or a sentence that says what is wrong with it and exit status 1."""

import argparse
import contextlib
import itertools
import os
import sys
import warnings
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from string import Template
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from goldilocks import console, prepare_environment
from goldilocks.config import callables, literals
from goldilocks.config.composition import compose, composed, settled
from goldilocks.config.mistakes import errors_in
from goldilocks.config.settings import GROUPS, Settings, listed
from goldilocks.errors import ConfigError, UserError
from goldilocks.formatting import quoted

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
        _stop(ConfigError(f"{name}.py runs many trainings by itself, and no sweep; leave out -m."))
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
        _stop(error)  # A job of a sweep failed.
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
    cfg = compose(overrides, conf, config)
    settings = composed(cfg, cfg.hydra)
    groups = {group: settings.files.names(group) for group in sorted(GROUPS)}
    return Template(cfg.hydra.help.template).substitute(
        APP_CONFIG_GROUPS="".join(f"{group}: {', '.join(groups[group])}\n" for group in groups),
        CONFIG=OmegaConf.to_yaml(OmegaConf.create(dict(settings.tree))),
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
    with composition_errors(overrides, conf, "config"):
        cfg = compose(overrides, conf, "config")
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
        _stop(error)


def _stop(error: UserError) -> NoReturn:
    message = console.without_passwords(str(error))
    console.answer(error=type(error).__name__, message=message)
    sys.exit(f"goldilocks: {message}")


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
