"""The plan of a search, read from its configuration before anything starts, or all its mistakes."""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf

from goldilocks.config import own
from goldilocks.config.rules import Rule, one_of, rules_of
from goldilocks.config.settings import hash_of, listed
from goldilocks.errors import ConfigError
from goldilocks.evaluation.measures import higher_is_better
from goldilocks.problem import AUTO_MONITOR
from goldilocks.search.options import GRID, NEEDS, PRUNERS, SAMPLERS, Options, Plan
from goldilocks.search.space import Space
from goldilocks.sweep.syntax import read

# Options with which the same study goes on: they say how much of it is done, and where.
NOT_OF_THE_STUDY = ("trials", "seconds", "study", "max_batch_size")

# Keys that may change the length of a training: if one is searched, no epoch is known to be the
# last.
MAY_SET_EPOCHS = {"experiment", "trainer", "trainer.epochs"}

RULES: Mapping[str, Rule] = {
    "sampler": one_of(SAMPLERS),
    "pruner": one_of(PRUNERS),
    **rules_of("search"),
}


def plan(config: DictConfig, loader: ConfigLoader) -> Plan:
    """Return what a sweep with `hydra/sweeper=search` does.

    Args:
        config: The sweep's own, as Hydra gives it to sweepers and callbacks.
        loader: The one that composed it.

    Raises:
        ConfigError: The space or the options are wrong; the message lists all mistakes.
    """
    node = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
    assert isinstance(node, dict)
    options = Options(**{field.name: node[field.name] for field in fields(Options)})
    errors = _option_errors(options)
    if any(not RULES[name].allows(getattr(options, name)) for name in ("params", "when")):
        raise ConfigError(listed(errors))  # Without these the space cannot be read.

    # Of two overrides of a key the later one counts: the command line's.
    params = [f"{key}={_as_typed(value)}" for key, value in (options.params or {}).items()]
    sweeps = [*params, *config.hydra.overrides.task]
    grid = options.sampler == GRID
    space, mistakes = read(
        sweeps,
        when=options.when or {},
        seed=options.seed,
        grid=grid,
        loader=loader,
    )
    errors += mistakes

    if not grid and options.trials is None and options.seconds is None:
        errors.append(
            f"hydra.sweeper.sampler={options.sampler} would never end; add hydra.sweeper.trials=N "
            "or hydra.sweeper.seconds=S."
        )
    if errors:
        raise ConfigError(listed(errors))

    searched, trials = {parameter.key for parameter in space.searched}, options.trials
    if grid:
        points = len(space.grid())
        trials = points if trials is None else min(trials, points)
    return Plan(
        options,
        space,
        measure=measure_of(config),
        maximize=maximizes(config),
        epochs=None if searched & MAY_SET_EPOCHS else OmegaConf.select(config, "trainer.epochs"),
        trials=trials,
        study=_study_name(options, space, sweeps),
    )


def measure_of(config: DictConfig) -> str:
    """Return the name of what the jobs of a sweep are compared by."""
    return measured(OmegaConf.select(config, "trainer.monitor", default="value"))


def maximizes(config: DictConfig) -> bool:
    """Return whether more of what the jobs of a sweep are compared by is better.

    Args:
        config: The sweep's own, which all jobs share.

    Raises:
        ConfigError: It has no such measure.
    """
    measure = measured(OmegaConf.select(config, "trainer.monitor", default="loss"))
    own_metrics: dict[str, bool] = {}
    if "problem" in config:
        tree = OmegaConf.to_container(OmegaConf.masked_copy(config, ["own", "problem"]))
        own_metrics = {one.name: one.greater_is_better for one in own.metrics(cast(Any, tree))}
    try:
        return higher_is_better(measure, own_metrics)
    except KeyError:
        raise ConfigError(
            f"trainer.monitor is {measure}, by which the jobs are compared, and problem.metrics of "
            "some has it not; give one list to all of them."
        ) from None


def measured(monitor: str) -> str:
    """Return what people call the monitored value; a loss has no penalty unless it was typed."""
    return "val_loss" if monitor == AUTO_MONITOR else monitor


def _option_errors(options: Options) -> list[str]:
    """Return what is wrong with the options, in sentences."""
    errors = [
        f"hydra.sweeper.{name} is {json.dumps(getattr(options, name))}; expected {rule.expected}."
        for name, rule in RULES.items()
        if not rule.allows(getattr(options, name))
    ]
    package = NEEDS.get(str(options.sampler))
    if package and importlib.util.find_spec(package) is None:
        errors.append(
            f"hydra.sweeper.sampler={options.sampler} needs the package {package}, which is not "
            "installed; install it, or use tpe."
        )
    return errors


def _as_typed(value: Any) -> str:
    """Return a value of `hydra.sweeper.params` as it would stand on a command line."""
    return value if isinstance(value, str) else json.dumps(value)


def _study_name(options: Options, space: Space, sweeps: Sequence[str]) -> str:
    """Return the name that was typed, else the searched keys and a hash of the whole search."""
    if options.study is not None:
        return str(options.study)

    identity = {k: value for k, value in vars(options).items() if k not in NOT_OF_THE_STUDY}
    keys = [parameter.key.rsplit(".", 1)[-1] for parameter in space.searched[:4]]
    words = [*keys, hash_of([sorted(sweeps), identity])[:8]]
    return "-".join(words).replace("/", "_")
