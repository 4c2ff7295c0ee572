"""What a person typed -> a run, or a sentence that says what is wrong with it and exit status 1."""

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from string import Template
from typing import Any, NoReturn

from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from goldilocks import console, prepare_environment
from goldilocks.config import callables, literals
from goldilocks.config.composition import compose, composed, settled
from goldilocks.config.mistakes import errors_in
from goldilocks.config.options import files_of
from goldilocks.config.settings import GROUPS, Settings, listed, search_path
from goldilocks.config.words import OTHER_CONFIGURATION, is_flag, read, split, with_search_path
from goldilocks.errors import ConfigError, UserError

# What is called once an entry point has ended, also by an error: no `atexit`, after which no thread
# can be started, and MLflow reads artifacts in threads.
AT_END: list[Callable[[], None]] = []
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
    flags, words = split(with_search_path(sys.argv[1:]))
    _check_flags(flags, name)
    if {"-sc", "--shell-completion"} & set(flags):
        from goldilocks.config import completion  # Only here.

        script = completion.answer(words, conf, name)
        if script is not None:
            console.result(script)
            return
    sys.argv[1:] = literals.for_hydra([*flags, *words])
    if TRACEBACK:
        _to_its_end(main)
        return

    warnings.showwarning = lambda message, *_: console.warning(str(message))
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises where it would print and exit.
    try:
        # `| head` of anything is no error, and ends no training.
        with composition_errors(sys.argv[1:], conf, name), console.surviving():
            if any(map(is_flag, words)):
                raise ConfigCompositionException("a flag that nobody knows")
            if {"-h", "--help"} & set(flags):
                console.result(help_text(words, conf, name))
            else:
                _to_its_end(main)
    except UserError as error:
        _stop(error)  # A job of a sweep failed.
    except KeyboardInterrupt:
        sys.exit("\ngoldilocks: interrupted.")


def _to_its_end(main: Callable[[], Any]) -> None:
    """Call an entry point, and, however it ends, what is to be done then."""
    try:
        main()
    finally:
        for end in tuple(AT_END):
            end()


def _check_flags(flags: Sequence[str], name: str) -> None:
    """End the program where Hydra's flags ask for what is not there."""
    names = [flag.partition("=")[0] for flag in flags]
    if "--version" in names:
        from importlib import metadata  # Slower than all of the help.

        console.result(f"goldilocks {metadata.version('goldilocks')}")
        sys.exit()
    if name != "config" and literals.MULTIRUN & set(names):
        _stop(ConfigError(f"{name}.py runs many trainings by itself, and no sweep; leave out -m."))
    for other in set(OTHER_CONFIGURATION) & set(names):
        _stop(
            ConfigError(
                f"{other} is given, and a program here has one configuration. Leave it out: type "
                "python train.py for a run, python workflow.py for a workflow, --config-dir FOLDER "
                "for options of your own, experiment=RECIPE for a configuration of your own."
            )
        )


def help_text(typed: Sequence[str], conf: Path, config: str) -> str:
    """Return the help of a command, or of the options and keys that stand beside `--help`.

    Args:
        typed: The words of the command line, without flags.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".

    Raises:
        HydraException: The words cannot be composed.
        ConfigError: A key may not have its value.
    """
    folders = search_path(typed)
    if len(typed) > len(folders):
        from goldilocks.config import explained  # Only here.

        files = files_of(conf, config, folders)
        words = [word.meant for word in read(typed, files.by_name(GROUPS))]
        return explained.page(literals.for_hydra(words), conf, config, files)

    # Hydra's own help, without the traits, which nobody can type.
    cfg = compose(folders, conf, config)
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
