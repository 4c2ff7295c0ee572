"""What a composed configuration may have Hydra and `logging` call: an exact list.

Hydra makes callbacks and sets up logging before our own function begins, out of whatever a recipe
or a folder of options says. So the configuration is checked as soon as it is composed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import hydra._internal.hydra as hydra_application
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import DictConfig, ListConfig
from omegaconf.errors import OmegaConfBaseException

from goldilocks.errors import ConfigError

PLACES = ("callbacks", "launcher", "sweeper", "job_logging", "hydra_logging")  # below `hydra`
ALLOWED = frozenset(
    {
        "goldilocks.sweep.callback.Parent",
        "hydra_plugins.goldilocks.LocalLauncher",
        "hydra_plugins.goldilocks.SearchSweeper",
        "hydra._internal.core_plugins.basic_launcher.BasicLauncher",
        "hydra._internal.core_plugins.basic_sweeper.BasicSweeper",
        # The launchers of docs/scaling.md.
        "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher",
        "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher",
        "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher",
        # Of logging.
        "logging.FileHandler",
        "logging.StreamHandler",
        "ext://sys.stderr",
        "ext://sys.stdout",
    }
)
# The keys by which Hydra's `instantiate` and logging's `dictConfig` name what they call.
NAMES = ("_target_", "()", "class")
OUTSIDE = ("ext://", "cfg://")  # how a value of `dictConfig` names an object


class CheckedLoader(ConfigLoaderImpl):
    """Hydra's composition, refused where it has something called that is not on the list."""

    def load_configuration(self, *args: Any, **kwargs: Any) -> DictConfig:
        """Compose a configuration.

        Raises:
            ConfigError: It names something to call that is not on the list.
        """
        config = super().load_configuration(*args, **kwargs)
        for name in PLACES:
            for key, value in _calls(config.hydra, name):
                raise ConfigError(
                    f"hydra.{key} is {value!r}, which would be called before anything is checked; "
                    f"expected one of {', '.join(sorted(ALLOWED))}. Nothing was run: take it out "
                    "of the recipe or option that it stands in."
                )
        return config


def install() -> None:
    """Have Hydra compose every configuration with `CheckedLoader`."""
    # Hydra has no other way to look at a configuration before it acts on it.
    hydra_application.ConfigLoaderImpl = CheckedLoader  # pyright: ignore[reportPrivateImportUsage]


def _calls(
    node: DictConfig | ListConfig, key: str | int, path: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of everything below a key that is called and not allowed."""
    path = f"{path}.{key}".lstrip(".")
    container: Any = node  # Of texts or of numbers, as its keys are.
    try:
        value = container[key]  # Resolved: what is called may stand somewhere else.
    except OmegaConfBaseException:
        value = str(container._get_node(key))
        if re.fullmatch(r"\$\{[^}]*\}", value):
            yield path, value  # What comes later cannot be checked now.

    if isinstance(value, DictConfig):
        for name in value:
            yield from _calls(value, str(name), path)
    elif isinstance(value, ListConfig):
        for index in range(len(value)):
            yield from _calls(value, index, path)
    elif value not in ALLOWED and (key in NAMES or str(value).startswith(OUTSIDE)):
        yield path, str(value)
