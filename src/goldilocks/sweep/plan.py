"""What a search is to do, read from its configuration before anything starts; every mistake is found here, at once."""

import hashlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from hydra.core.config_loader import ConfigLoader
from omegaconf import DictConfig, OmegaConf

from goldilocks.config.rules import NAME, POSITIVE, Rule, one_of, whole
from goldilocks.config.settings import listed
from goldilocks.errors import ConfigError
from goldilocks.problem import higher_is_better
from goldilocks.search.space import Space
from goldilocks.search.trial import PRUNERS
from goldilocks.sweep.syntax import read

# Optuna's classes by the names that people type, and the package that one needs beside Optuna.
SAMPLERS = {
    "tpe": "TPESampler",
    "random": "RandomSampler",
    "qmc": "QMCSampler",
    "nsgaii": "NSGAIISampler",
    "nsgaiii": "NSGAIIISampler",
    "cmaes": "CmaEsSampler",
    "gp": "GPSampler",
}
NEEDS = {"cmaes": "cmaes", "gp": "torch"}

GRID = "grid"

# Options with which the same study goes on: they say how much of it is done, and where.
NOT_OF_THE_STUDY = ("trials", "seconds", "study", "storage", "max_batch_size")

# Keys that may change how long a training is: where one is searched, no epoch is known to be the
# last.
MAY_SET_EPOCHS = {"experiment", "trainer", "trainer.epochs"}

RULES: Mapping[str, Rule] = {
    "sampler": one_of(GRID, *SAMPLERS),
    "seed": whole(0).or_(None),
    "trials": whole(1).or_(None),
    "seconds": POSITIVE.or_(None),
    "direction": one_of("auto", "minimize", "maximize"),
    "pruner": one_of(*PRUNERS),
    "pruner_warmup": whole(0),
    "study": Rule(
        "a name without /", lambda value: NAME.allows(value) and "/" not in str(value)
    ).or_(None),
    "storage": NAME.or_(None),
    "params": Rule("key: values", lambda value: isinstance(value, dict)).or_(None),
    "zip": Rule(
        "a list of lists of keys, as [[model.units,model.layers]]",
        lambda value: isinstance(value, list) and all(isinstance(keys, list) for keys in value),
    ).or_(None),
    "when": Rule('key: "other=value"', lambda value: isinstance(value, dict)).or_(None),
    "max_batch_size": whole(1).or_(None),
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keys of conf/hydra/sweeper/search.yaml, which explains them."""

    sampler: str
    seed: int | None
    trials: int | None
    seconds: float | None
    direction: str
    pruner: str
    pruner_warmup: int
    study: str | None
    storage: str | None
    params: Mapping[str, Any] | None
    zip: Sequence[Sequence[str]] | None
    when: Mapping[str, str] | None
    max_batch_size: int | None


@dataclass(frozen=True)
class Plan:
    """A search without mistakes.

    Attributes:
        options: As given.
        space: What is searched.
        maximize: Whether more is better.
        measure: What is compared, by name.
        epochs: Of a training, at most; None where it is searched, or there is no such key.
        trials: How many in all; None where only the time ends the search.
        study: Its name.
    """

    options: Options
    space: Space
    maximize: bool
    measure: str
    epochs: int | None
    trials: int | None
    study: str


def plan(config: DictConfig, loader: ConfigLoader) -> Plan:
    """What a sweep with `hydra/sweeper=search` is to do.

    Args:
        config: The sweep's own, as Hydra gives it to sweepers and callbacks.
        loader: The one that composed it.

    Raises:
        ConfigError: Anything is wrong with the space or the options; the message lists all of it.
    """
    given = OmegaConf.to_container(config.hydra.sweeper, resolve=True)
    assert isinstance(given, dict)
    options = Options(**{field.name: given[field.name] for field in fields(Options)})
    errors = _option_errors(options)
    if errors and not all(
        RULES[name].allows(getattr(options, name)) for name in ("params", "zip", "when")
    ):
        raise ConfigError(listed(errors))  # Without these the space cannot be read.
    sweeps = [f"{key}={_typed(value)}" for key, value in (options.params or {}).items()] + list(
        config.hydra.overrides.task
    )
    grid = options.sampler == GRID
    space, mistakes = read(
        sweeps,
        zipped=options.zip or [],
        when=options.when or {},
        seed=options.seed,
        grid=grid,
        loader=loader,
    )
    errors += mistakes
    monitor = OmegaConf.select(config, "trainer.monitor")
    swept = {key for parameter in space.searched for key in parameter.keys}
    if "trainer.monitor" in swept:
        errors.append(
            "trainer.monitor has several values, which cannot be compared with each other; give it "
            "one."
        )
    if options.direction == "auto" and monitor is None:
        errors.append(
            "hydra.sweeper.direction is auto, but there is no trainer.monitor; expected minimize "
            "or maximize."
        )
    if not grid and options.trials is None and options.seconds is None:
        errors.append(
            f"hydra.sweeper.sampler={options.sampler} would never end; add hydra.sweeper.trials=N "
            "or "
            "hydra.sweeper.seconds=S."
        )
    if errors:
        raise ConfigError(listed(errors))
    trials = options.trials
    if grid:
        points = sum(1 for _ in space.grid())
        trials = points if trials is None else min(trials, points)
    return Plan(
        options,
        space,
        maximize=higher_is_better(str(monitor))
        if options.direction == "auto"
        else options.direction == "maximize",
        measure="value" if monitor is None else monitor,
        epochs=None if swept & MAY_SET_EPOCHS else OmegaConf.select(config, "trainer.epochs"),
        trials=trials,
        study=str(options.study) if options.study is not None else _name(options, space, sweeps),
    )


def _option_errors(options: Options) -> list[str]:
    errors = []
    for name, rule in RULES.items():
        value = getattr(options, name)
        if not rule.allows(value):
            errors.append(f"hydra.sweeper.{name} is {json.dumps(value)}; expected {rule.expected}.")
    needed = NEEDS.get(options.sampler) if isinstance(options.sampler, str) else None
    if needed and importlib.util.find_spec(needed) is None:
        errors.append(
            f"hydra.sweeper.sampler={options.sampler} needs the package {needed}, which is not "
            "installed; install "
            "it, or use tpe."
        )
    return errors


def _typed(value: Any) -> str:
    """A value of `hydra.sweeper.params` as it would stand on a command line."""
    return value if isinstance(value, str) else json.dumps(value)


def _name(options: Options, space: Space, sweeps: Sequence[str]) -> str:
    """A study's name: what is searched, in short, and a hash of all that makes it another search."""
    said = {name: value for name, value in vars(options).items() if name not in NOT_OF_THE_STUDY}
    text = json.dumps([sorted(sweeps), said], sort_keys=True, default=str)
    keys = [
        key.rsplit(".", 1)[-1].replace("/", "_")
        for parameter in space.searched
        for key in parameter.keys
    ]
    return "-".join([*keys[:4], hashlib.sha256(text.encode()).hexdigest()[:8]])
