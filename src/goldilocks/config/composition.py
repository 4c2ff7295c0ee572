"""What Hydra has composed -> settings, or everything that is wrong with it."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.conf import HydraConf
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from goldilocks.config import callables
from goldilocks.config.checks import config_errors, foreign_keys
from goldilocks.config.options import Tree, option_files
from goldilocks.config.rules import rule_of, same_type
from goldilocks.config.settings import GROUPS, Settings, listed, removed, search_path
from goldilocks.errors import ConfigError
from goldilocks.problem import METRIC_SYNONYMS


def compose(overrides: Sequence[str], conf: Path, config: str) -> DictConfig:
    """Return what Hydra composes, with its own node, beside a Hydra that runs a sweep as well.

    Args:
        overrides: As typed.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".

    Raises:
        HydraException: It cannot be composed.
        OmegaConfBaseException: As well.
    """
    callables.install()
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with hydra.initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            return hydra.compose(config, list(overrides), return_hydra_config=True)
    finally:
        GlobalHydra.instance().hydra = running


def typed_overrides(hydra: Any) -> list[str]:
    """Return the overrides of a configuration's `hydra` node as typed: `${oc.env:KEY}` stays."""
    return cast(list[str], OmegaConf.to_container(hydra.overrides.task, resolve=False))


def settle(cfg: DictConfig) -> Settings:
    """Return the checked settings of the job that Hydra is running.

    Raises:
        ConfigError: Anything is wrong; the message lists all of it.
    """
    hydra = HydraConfig.get()
    overrides = [*search_path(hydra.overrides.hydra), *typed_overrides(hydra)]
    settings = settled(cfg, hydra=hydra, overrides=overrides)
    if hydra.mode != RunMode.MULTIRUN:
        return settings
    return dataclasses.replace(
        settings, sweep_dir=Path(hydra.sweep.dir).absolute(), job=hydra.job.num
    )


def settled(
    cfg: DictConfig,
    *,
    hydra: HydraConf | DictConfig,
    overrides: Sequence[str],
) -> Settings:
    """Return the checked settings of a composed config, outside of a running Hydra job as well.

    Args:
        cfg: As Hydra composed it.
        hydra: The node `hydra` of the same composition.
        overrides: As typed.

    Raises:
        ConfigError: Anything is wrong; the message lists all of it.
    """
    choices = hydra.runtime.choices
    lost = [removed(override) for override in overrides if override[0] == "~"]
    several = [group for group in GROUPS if group != "experiment" and not choices.get(group)]
    lost += [no_single_option(group, overrides) for group in several]
    if lost:
        raise ConfigError(listed(lost))
    settings = dataclasses.replace(composed(cfg, hydra), overrides=tuple(overrides))
    if errors := config_errors(settings) or list(foreign_keys(settings)):
        raise ConfigError(listed(errors))
    return settings


def no_single_option(group: str, overrides: Sequence[str]) -> str:
    """Return the sentence for a group of which several options are given in a list, or none."""
    lists = [word for word in overrides if word.startswith(f"{group}=[")]
    hint = ""
    if lists:
        words = lists[-1].replace("=[", "=").rstrip("]").replace(" ", "")
        hint = f" For a run of each, type: train.py -m {words}."
    return f"{group} has no single option; expected {group}=OPTION.{hint}"


def plain(cfg: DictConfig) -> dict[str, Any]:
    """Return a composed config as plain containers, without Hydra's own part."""
    without_hydra = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    return _text_keys(OmegaConf.to_container(without_hydra, resolve=True))


def _text_keys(node: Any) -> Any:
    """Return plain containers whose keys are texts: a class may be named 1."""
    if isinstance(node, dict):
        return {str(key): _text_keys(value) for key, value in node.items()}
    return node


def composed(cfg: DictConfig, hydra: HydraConf | DictConfig) -> Settings:
    """Return the settings of a composed config, before their checks."""
    tree, choices = plain(cfg), hydra.runtime.choices
    nodes = {group: node for group, node in tree.items() if isinstance(node, dict)}
    settings = Settings(
        tree,
        {group: node.pop("traits") for group, node in nodes.items() if "traits" in node},
        {group: str(choices[group]) for group in GROUPS if choices.get(group)},
        option_files(hydra.runtime.config_sources),
    )
    _real_numbers(tree, settings.defaults())
    _metric_names(nodes)
    return settings


def _real_numbers(tree: Tree, defaults: Tree) -> None:
    """Make whole numbers real ones in place, where the rule of a key means a real number.

    Those of a key whose default is whole stay: `dataset.lookback` is 24 rows, or 1.5 hours.

    Args:
        tree: As in `Settings`.
        defaults: Of the keys of the chosen options, by their dotted names.
    """
    for key, default in defaults.items():
        group, _, name = key.partition(".")
        value = tree[group].get(name)
        rule = rule_of(key) or same_type(default)
        if rule.real and type(value) is int and type(default) is not int and rule.allows(value):
            tree[group][name] = float(value)


def _metric_names(nodes: Mapping[str, dict[str, Any]]) -> None:
    """Give metrics the names of `problem.PROBLEMS` in place, where another name is understood.

    Args:
        nodes: The groups of a configuration that are mappings, with anything in them.
    """
    problem, trainer = nodes.get("problem", {}), nodes.get("trainer", {})
    if isinstance(problem.get("metrics"), list):
        names = problem["metrics"]
        problem["metrics"] = [METRIC_SYNONYMS.get(str(name), name) for name in names]
    prefix, _, name = str(trainer.get("monitor")).partition("_")
    if prefix == "val" and name in METRIC_SYNONYMS:
        trainer["monitor"] = f"val_{METRIC_SYNONYMS[name]}"
