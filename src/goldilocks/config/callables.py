"""Hydra's composition, checked: what it reads, and what it may call.

A file that is no YAML and a word that Hydra does not expect end in an error of any kind; here it
becomes a sentence. And Hydra makes callbacks and sets up logging before our own function begins,
out of whatever a recipe or a folder of options says: both may call what is on an exact list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import hydra._internal.hydra as hydra_application
import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra.core.object_type import ObjectType
from hydra.errors import ConfigCompositionException, HydraException
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from goldilocks.errors import ConfigError

PLACES = ("callbacks", "launcher", "sweeper", "job_logging", "hydra_logging")  # below `hydra`
ALLOWED = frozenset(
    {
        "goldilocks.sweep.callback.Parent",
        "hydra_plugins.goldilocks.CombinationsSweeper",
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

MOST_BYTES = 1_000_000  # of a file of options: YAML is read at some 100 kB a second


class CheckedRepository(ConfigRepository):
    """Hydra's files of options, of which one that cannot be read is a sentence."""

    def load_config(self, config_path: str) -> ConfigResult | None:
        """Read a file of options.

        Raises:
            ConfigError: It is too large, no UTF-8, no YAML, or no mapping.
        """
        source = self._find_object_source(config_path, ObjectType.CONFIG)
        if source is None or source.scheme() != "file":
            return super().load_config(config_path)

        file = Path(source.path) / f"{config_path.removesuffix('.yaml')}.yaml"
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise ConfigError(
                f"{file} has {size:,} bytes; expected a file of options, of at most "
                f"{MOST_BYTES:,}. Nothing was run: give data by its own key, dataset.file=FILE."
            )
        try:
            result = super().load_config(config_path)
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError(f"{file} cannot be read: {_yaml_error(error)}") from error
        if result is not None and not isinstance(result.config, DictConfig):
            raise ConfigError(f"{file} holds a list or a word; expected lines of key: value.")
        return result


def _yaml_error(error: UnicodeDecodeError | yaml.YAMLError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is no UTF-8. Expected text; save the file as UTF-8."
    line, problem = "", str(error).splitlines()[0]
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line, problem = f"line {error.problem_mark.line + 1}: ", str(error.problem)
    return f"{line}{problem}. Expected YAML, indented by spaces, each key once."


class CheckedLoader(ConfigLoaderImpl):
    """Hydra's composition, refused where it has something called that is not on the list."""

    def __init__(self, config_search_path: Any) -> None:
        super().__init__(config_search_path)
        self.repository = CheckedRepository(config_search_path)

    def load_configuration(
        self, config_name: str | None, overrides: list[str], *args: Any, **kwargs: Any
    ) -> DictConfig:
        """Compose a configuration.

        Raises:
            HydraException: It cannot be composed.
            ConfigError: A file cannot be read, or it names something to call that is not on the
                list.
        """
        compose = super().load_configuration
        try:
            config = compose(config_name, overrides, *args, **kwargs)
        except (HydraException, ConfigError):
            raise
        except Exception as error:
            # Of the words, that with which composing fails first.
            for count in range(1, len(overrides)):
                try:
                    compose(config_name, overrides[:count], *args, **kwargs)
                except Exception:
                    overrides = overrides[:count]
                    break
            reason = str(error) or type(error).__name__
            raise ConfigCompositionException(f"{overrides[-1]} cannot be used: {reason}") from error
        for name in PLACES:
            for key, value in _calls(config.hydra, name):
                raise ConfigError(
                    f"hydra.{key} is {value!r}, which would be called before anything is checked; "
                    f"expected one of {', '.join(sorted(ALLOWED))}. Nothing was run: take it out "
                    "of the recipe or option that it stands in."
                )
        self._check_own(config, overrides)
        return config

    def _check_own(self, config: DictConfig, overrides: Sequence[str]) -> None:
        """Refuse packages that neither the project's own configuration nor the person lists.

        Raises:
            ConfigError: A recipe, an option or the space of a search lists them.
        """
        typed = [word for word in overrides if _is_own(word.partition("=")[0])]
        packages, listed = OmegaConf.select(config, "own"), "[]"
        if typed:
            listed = typed[-1].partition("=")[2]
        elif packages and (project := self.repository.load_config("config")):
            listed = str(OmegaConf.select(project.config, "own"))
        source = ""
        if (typed or packages) and packages != yaml.safe_load(listed):
            source = f"own is {packages}, but the command line or conf/config.yaml says {listed}"
        if any(map(_is_own, OmegaConf.select(config, "hydra.sweeper.params") or {})):
            source = "hydra.sweeper.params has own"
        if source:
            raise ConfigError(
                f"{source}; own lists packages that are imported, which no recipe, option or "
                "search may do. Nothing was run: leave it out there."
            )


def _is_own(key: object) -> bool:
    return str(key).lstrip("+~") == "own"


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
