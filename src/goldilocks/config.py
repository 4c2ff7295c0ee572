"""Compose -> checked, resolved, flat, fingerprinted.

The only module, beside the plugins of `sweep`, that knows Hydra and OmegaConf: everything behind it sees plain values.
"""

import contextlib
import difflib
import functools
import hashlib
import json
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.errors import HydraException
from hydra.types import RunMode
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from goldilocks.analysis import AnalysisError
from goldilocks.checks import config_errors, leaves, unknown, value_errors
from goldilocks.dataset import DataError
from goldilocks.model import ModelError
from goldilocks.problem import ProblemError
from goldilocks.protocol import SplitError
from goldilocks.rules import RULES
from goldilocks.tracking import StoreError

GROUPS = ("dataset", "model", "optimizer", "regularizer", "protocol", "trainer", "tracking", "experiment")

# Keys that say where and whether to run, not what: two runs that differ in nothing else give the same result.
WITHOUT_EFFECT = ("tracking.", "dataset.dir", "dataset.file", "dataset.hold", "diagnosis.")

# Whether a person asked for tracebacks, read before `launch` asks Hydra for the same.
TRACEBACK = os.environ.get("HYDRA_FULL_ERROR") == "1"

# Keys of a group that are no arguments of its builder: they are about whole trainings, and `run` reads them.
NOT_ARGUMENTS = ("trainer.repeats", "model.init_from")

# In the folder of a sweep, the ID of its parent run: any process that shares the folder can read it.
PARENT_FILE = "parent_run_id"


class ConfigError(ValueError):
    """The configuration is wrong; the message lists every error."""


# What a person can mend, each said in a sentence that tells how.
USER_ERRORS = (AnalysisError, ConfigError, DataError, ModelError, ProblemError, SplitError, StoreError)


@dataclass(frozen=True)
class Settings:
    """A configuration that has passed every check.

    Attributes:
        tree: The resolved configuration, plain containers all through.
        choices: The option chosen in each config group.
        overrides: The overrides of this run, as typed.
        sweep_dir: The folder of the sweep that this run belongs to; None for a run of its own.
    """

    tree: Mapping[str, Any]
    choices: Mapping[str, str]
    overrides: tuple[str, ...]
    sweep_dir: Path | None

    @property
    def flat(self) -> dict[str, Any]:
        """Every leaf by its dotted key, with the options chosen under their groups' names."""
        return {**self.choices, **leaves(self.tree)}

    @property
    def name(self) -> str:
        """A name that a person can read: "boston mlp l2 units=4"."""
        words = [self.choices["experiment"]] if "experiment" in self.choices else []
        if not words:
            words = [self.choices["dataset"], self.choices["model"]]
            words += [self.choices["regularizer"]] * (self.choices["regularizer"] != "none")
        words += ["final"] * self.tree["final"]
        said = (
            ("experiment=", "final=")
            if "experiment" in self.choices
            else ("dataset=", "model=", "regularizer=", "final=")
        )
        hidden = ("tracking", "hydra", "dataset.dir=", "dataset.file=")
        for override in (text.lstrip("+~") for text in self.overrides):
            if not override.startswith((*said, *hidden)):
                group, _, value = override.partition("=")
                words.append(value if group in GROUPS else override.split(".", 1)[-1])
        return " ".join(words)

    @property
    def parent(self) -> str | None:
        """ID of the parent run of the sweep that this run belongs to; None without a sweep, or without tracking."""
        if self.sweep_dir is None:
            return None
        return (self.sweep_dir / PARENT_FILE).read_text() or None

    @property
    def role(self) -> str:
        """What the run is for: "final", "baseline", "regularized" or "plain"."""
        if self.tree["final"]:
            return "final"
        if self.choices["model"] == "baseline":
            return "baseline"
        return "regularized" if any(self.tree["regularizer"].values()) else "plain"

    @property
    def command(self) -> str:
        """The command that does this run again."""
        return shlex.join(["python", "train.py", *self.overrides])

    def builder(self, group: str) -> Callable[..., Any]:
        """The function behind an option of a config group, with its keys filled in by keyword."""
        node = {key: value for key, value in self.tree[group].items() if f"{group}.{key}" not in NOT_ARGUMENTS}
        target = node.pop("_target_")
        function = get_method(target) if target.startswith("goldilocks.") else None
        # By its own name: goldilocks.config.os.system begins with goldilocks, and is os.system.
        if function is None or f"{function.__module__}.{function.__qualname__}" != target:
            raise ConfigError(f"{group}._target_ is {target}; expected a function of goldilocks.")
        return functools.partial(function, **node)

    def fingerprint(self, data_digest: str, code_digest: str, part: str) -> str:
        """What identifies a result: hash of every setting that can change it, of the data, the code, and which fold."""
        settings = {key: value for key, value in self.flat.items() if not key.startswith(WITHOUT_EFFECT)}
        for group in ("tracking", "experiment", "regularizer"):  # Other words for what their keys say, or for nothing.
            settings.pop(group, None)
        text = json.dumps([settings, data_digest, code_digest, part], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def settle(cfg: DictConfig) -> Settings:
    """The checked settings of the job that Hydra is running.

    Raises:
        ConfigError: Anything is wrong; the message lists all of it.
    """
    hydra = HydraConfig.get()
    return settled(
        cfg,
        choices=hydra.runtime.choices,
        overrides=hydra.overrides.task,
        sweep_dir=Path(hydra.sweep.dir) if hydra.mode == RunMode.MULTIRUN else None,
    )


def settled(
    cfg: DictConfig, *, choices: Mapping[str, str | None], overrides: Sequence[str], sweep_dir: Path | None
) -> Settings:
    """The checked settings of a composed config: `settle`, outside of a running Hydra job.

    Raises:
        ConfigError: Anything is wrong; the message lists all of it.
    """
    lost = [f"{override} removes what a run needs; give it a value." for override in overrides if override[0] == "~"]
    several = [group for group in GROUPS if group != "experiment" and not choices.get(group)]
    lost += [f"{group} has no single option; expected {group}=OPTION." for group in several]
    if lost:
        raise ConfigError(_listed(lost))
    tree, chosen = _plain(cfg, choices)
    if errors := config_errors(tree, chosen):
        raise ConfigError(_listed(errors))
    return Settings(tree, chosen, tuple(overrides), sweep_dir)


def experiment(name: str, conf: Path) -> Settings:
    """The checked settings of an experiment's config as it stands, without a command line.

    Args:
        name: A file of `conf/experiment/`, without its ending.
        conf: The folder of the configuration.

    Raises:
        ConfigError: There is no such experiment, or anything in it is wrong; the message lists all of it.
    """
    override = f"experiment={name}"
    try:
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            cfg = compose("config", [override], return_hydra_config=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_listed(_command_line_errors([override], conf) or [str(error)])) from error
    return settled(cfg, choices=cfg.hydra.runtime.choices, overrides=[override], sweep_dir=None)


def launch(main: Callable[[], Any], conf: Path) -> None:
    """Run a Hydra entry point; what a person can mend ends it with a sentence and exit status 1, not with a traceback.

    `HYDRA_FULL_ERROR=1` in the environment shows the traceback instead.

    Args:
        main: The entry point, decorated by `hydra.main`.
        conf: The folder of its configuration.
    """
    if TRACEBACK:
        main()
        return
    warnings.showwarning = lambda message, *_: print(f"warning: {message}", file=sys.stderr)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises where it would print and exit.
    try:
        main()
    except (HydraException, OmegaConfBaseException) as error:
        _stop(_listed(_command_line_errors(sys.argv[1:], conf) or [str(error)]))
    except USER_ERRORS as error:
        _stop(str(error))  # A job of a sweep failed.
    except ValueError:  # Hydra's own for `model=null`, or a bug of a job.
        if errors := _command_line_errors(sys.argv[1:], conf):
            _stop(_listed(errors))
        raise
    except BrokenPipeError:  # `python train.py --help | head`: nobody reads on.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more at exit.
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit("\ngoldilocks: interrupted.")


def sentences() -> contextlib.AbstractContextManager[None]:
    """Inside the task function: end a single run in a sentence before Hydra reports the error in its own way.

    In a sweep the error goes on to Hydra, which counts the job as failed and starts the next one.
    """
    return contextlib.nullcontext() if TRACEBACK or HydraConfig.get().mode == RunMode.MULTIRUN else stopping()


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """End the program with a sentence and exit status 1 where a person can mend what went wrong."""
    try:
        yield
    except USER_ERRORS as error:
        _stop(str(error))


def _stop(message: str) -> NoReturn:
    sys.exit(f"goldilocks: {message}")


def _listed(errors: Sequence[str]) -> str:
    count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
    lines = [f"  {number}. {error}" for number, error in enumerate(errors, 1)]
    return "\n".join([f"the configuration has {count}; nothing was run.", *lines])


def _plain(cfg: DictConfig, choices: Mapping[str, str | None]) -> tuple[dict[str, Any], dict[str, str]]:
    """A composed config as plain containers, and the options chosen in our groups."""
    own = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    tree = OmegaConf.to_container(own, resolve=True)
    assert isinstance(tree, dict)
    return {str(key): value for key, value in tree.items()}, {
        group: str(choices[group]) for group in GROUPS if choices.get(group)
    }


def _command_line_errors(arguments: Sequence[str], conf: Path) -> list[str]:
    """Everything wrong with a command line that Hydra could not compose; Hydra itself names the first error only."""
    errors, groups, keys, misspelled = [], [], [], set()
    for argument in arguments:
        if argument.startswith("-"):
            continue
        try:
            override = OverridesParser.create().parse_override(argument)
        except HydraException:
            override = None
        if override is None or not override.key_or_group:
            errors.append(f"{argument} cannot be read; expected key=value (quotes around a value with special signs).")
            continue
        name, values = override.key_or_group, _values(override)
        if override.is_sweep_override() and not {"-m", "--multirun"} & set(arguments):
            errors.append(
                f"{argument} gives several values; add -m for a run of each, or write one list: "
                f"{name}=[{','.join(values)}]."
            )
            values = values[:1]
        if name in GROUPS:
            known = sorted(file.stem for file in (conf / name).glob("*.yaml"))
            strange = [value for value in values if value not in known]
            errors += [f"{name}={value}: " + unknown(value, known, what=f"an option of {name}") for value in strange]
            misspelled |= {name} if strange else set()
            groups += [] if strange else [f"{name}={value}" for value in values[:1]]
        elif not name.startswith("hydra") and not override.is_add():
            keys += [(name, argument.split("=")[0] + f"={value}") for value in values[:1]]
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        known = list(leaves(_plain(compose("config", groups), {})[0]))
        strange = {name for name, _ in keys if not any(key == name or key.startswith(f"{name}.") for key in known)}
        # A key may belong to the option that was meant: what has a rule is a key of some option.
        unsure = {name for name in strange if name in RULES and misspelled & {name.split(".")[0], "experiment"}}
        errors += [f"{name} " + _unknown_key(name, known) for name in sorted(strange - unsure)]
        try:
            sound = [*groups, *(argument for name, argument in keys if name not in strange)]
            cfg = compose("config", sound, return_hydra_config=True)
            tree, choices = _plain(cfg, cfg.hydra.runtime.choices)
        except (HydraException, OmegaConfBaseException):
            return errors  # What is left is what Hydra said, and the caller has that.
        # Without the options that were meant, whether the groups go together cannot be told.
        return errors + (value_errors(tree) if misspelled else config_errors(tree, choices))


def _values(override: Override) -> list[str]:
    """The values of an override as typed, several in a sweep; none of a sweep that only Hydra can resolve."""
    if override.value_type in (ValueType.CHOICE_SWEEP, ValueType.SIMPLE_CHOICE_SWEEP, ValueType.RANGE_SWEEP):
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
