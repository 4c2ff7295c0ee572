"""Options of the config groups as their own files state them: keys with defaults, and traits.

Hydra composes the options that are chosen; of the others an error sentence or the workflow asks for
the traits. PyYAML's C loader reads all of them in 3 ms, OmegaConf in 56.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader

from goldilocks.errors import ConfigError

# A configuration or a part of one, plain containers all through.
Tree = Mapping[str, Any]
CONF = Path(__file__).parents[3] / "conf"  # of the repository, as train.py has it


class _Loader(yaml.CSafeLoader):
    """Read numbers and dates as OmegaConf does: 1e-3 is a number, 2009-01-01 is text."""

    yaml_implicit_resolvers = get_yaml_loader().yaml_implicit_resolvers


def check_conf() -> None:
    """Raise ConfigError where the options are not there."""
    if not CONF.is_dir():
        raise ConfigError(
            f"the options of data sets and models are read in {CONF}, which is not there; expected "
            "goldilocks to be installed from its repository: pip install -e FOLDER"
        )


@dataclass(frozen=True)
class OptionFiles:
    """The files of all options.

    Attributes:
        folders: Folders with a folder for each config group, in the order in which Hydra looks.
    """

    folders: tuple[Path, ...]

    def names(self, group: str) -> list[str]:
        """Return the names of a group's options, in alphabetical order."""
        files = [file for folder in self.folders for file in (folder / group).glob("*.yaml")]
        return sorted({file.stem for file in files})

    def read(self, group: str, name: str) -> dict[str, Any]:
        """Return what the file of an option states, with what it inherits within its group.

        Raises:
            ConfigError: The option has no file, or a file that is not YAML.
        """
        file = self._file(group, name)
        node = dict(_parse(file, file.stat().st_mtime_ns))
        starts = node.pop("defaults", [])
        merged: dict[str, Any] = {}
        for entry in starts if "_self_" in starts else [*starts, "_self_"]:
            if entry == "_self_":
                merged = _merge(merged, node)
            elif isinstance(entry, str):  # A mapping is an override of another group.
                merged = _merge(merged, self.read(group, entry))
        return merged

    def traits(self, group: str, name: str) -> dict[str, Any]:
        """Return what the file of an option states about it, under `traits:`."""
        return self.read(group, name).get("traits", {})

    def keys(self, groups: Iterable[str]) -> set[str]:
        """Return the keys of all options of these groups, by their dotted names."""
        options = [(group, name) for group in groups for name in self.names(group)]
        keys = {f"{group}.{key}" for group, name in options for key in self.read(group, name)}
        return {key for key in keys if not key.endswith(("._target_", ".traits"))}

    def _file(self, group: str, name: str) -> Path:
        for folder in self.folders:
            file = folder / group / f"{name}.yaml"
            if file.is_file():
                return file
        raise ConfigError(f"{group}={name} has no file {group}/{name}.yaml on the search path.")


def option_files(sources: Iterable[Any]) -> OptionFiles:
    """Return the files that Hydra has composed from.

    Args:
        sources: `hydra.runtime.config_sources` of a composed config.
    """
    folders = []
    for source in sources:
        if source.schema == "file":
            folders.append(Path(source.path))
        elif source.schema == "pkg" and source.provider != "hydra":
            folders.append(Path(str(resources.files(source.path))))
    return OptionFiles(tuple(folders))


@functools.lru_cache(maxsize=256)
def _parse(file: Path, changed: int) -> Tree:
    """Parse a file; `changed`, its time in ns, makes a new version another entry of the cache."""
    try:
        return yaml.load(file.read_bytes(), Loader=_Loader) or {}
    except yaml.YAMLError as error:
        raise ConfigError(f"{file} is not YAML: {error}") from error


def _merge(base: Tree, overriding: Tree) -> dict[str, Any]:
    """Merge two mappings as Hydra does: mappings key by key, all else is replaced."""
    merged = dict(base)
    for key, value in overriding.items():
        both = isinstance(value, Mapping) and isinstance(base.get(key), Mapping)
        merged[key] = _merge(base[key], value) if both else value
    return merged
