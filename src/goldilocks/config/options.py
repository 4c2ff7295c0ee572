"""Options of the config groups as their own files state them: keys with defaults, and traits.

Hydra composes the options that are chosen; of the others an error sentence or the workflow asks for
the traits. PyYAML's C loader reads all of them in 3 ms, OmegaConf in 56.
"""

import contextlib
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader

from goldilocks.config import comments
from goldilocks.config.comments import Comments
from goldilocks.errors import ConfigError

# A configuration or a part of one, plain containers all through.
Tree = Mapping[str, Any]
_PACKAGED = Path(__file__).parents[1] / "conf"  # where a wheel has them
CONF = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parents[3] / "conf"


class _Loader(yaml.CSafeLoader):
    """Read numbers and dates as OmegaConf does: 1e-3 is a number, 2009-01-01 is text."""

    yaml_implicit_resolvers = get_yaml_loader().yaml_implicit_resolvers


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

    def own_keys(self, group: str, name: str) -> list[str]:
        """Return the keys that stand in the file of an option, without those that it inherits."""
        file = self._file(group, name)
        return list(_parse(file, file.stat().st_mtime_ns))

    def comments(self, group: str, name: str) -> Comments:
        """Return the comments of an option: those of its file, else those that it inherits.

        Raises:
            ConfigError: The option has no file.
        """
        file = self._file(group, name)
        stated, inherited = comments.read(file), dict[str, str]()
        for entry in _parse(file, file.stat().st_mtime_ns).get("defaults", []):
            if isinstance(entry, str) and entry != "_self_":
                inherited |= self.comments(group, entry).keys
        commented = {key: text for key, text in stated.keys.items() if text}
        return Comments(stated.option, {**inherited, **commented})

    def traits(self, group: str, name: str) -> dict[str, Any]:
        """Return what the file of an option states about it, under `traits:`."""
        return self.read(group, name).get("traits", {})

    def by_name(self, groups: Iterable[str]) -> dict[str, str]:
        """Return GROUP=OPTION by the option's name, of names that only one of some groups has."""
        pairs = [(name, group) for group in groups for name in self.names(group)]
        names = [name for name, _ in pairs]
        return {name: f"{group}={name}" for name, group in pairs if names.count(name) == 1}

    def keys(self, groups: Iterable[str]) -> set[str]:
        """Return the keys of all options of these groups, by their dotted names."""
        options = [(group, name) for group in groups for name in self.names(group)]
        keys = {f"{group}.{key}" for group, name in options for key in self.read(group, name)}
        return {key for key in keys if not key.endswith(("._target_", ".traits"))}

    def owners(self, key: str) -> list[str]:
        """Return those options, as GROUP=OPTION, that have a key, by its dotted name."""
        group, _, name = key.partition(".")
        options = self.names(group)
        return [f"{group}={option}" for option in options if name in self.read(group, option)]

    def _file(self, group: str, name: str) -> Path:
        for folder in self.folders:
            file = folder / group / f"{name}.yaml"
            if file.is_file():
                return file
        raise ConfigError(f"{group}={name} has no file {group}/{name}.yaml on the search path.")


def files_of(conf: Path, config: str, overrides: Iterable[str]) -> OptionFiles:
    """Return the files that Hydra would compose from, also where it cannot compose.

    Args:
        conf: The folder of the configuration.
        config: Its name, whose file may have further folders under `hydra.searchpath`.
        overrides: Those that set `hydra.searchpath`, of which the last one counts.
    """
    file = conf / f"{config}.yaml"
    paths = _parse(file, file.stat().st_mtime_ns).get("hydra", {}).get("searchpath", [])
    for override in overrides:
        with contextlib.suppress(yaml.YAMLError):  # Which Hydra then refuses.
            paths = yaml.safe_load(override.partition("=")[2])
    folders = [conf]
    for source in paths if isinstance(paths, list) else ():
        scheme, _, path = str(source).partition("://")
        if scheme == "file":
            folders.append(Path(path))
        elif scheme == "pkg":
            folders += _package(path)
    return OptionFiles(tuple(folders))


def _package(name: str) -> list[Path]:
    """Return the folder of a package; none if there is no such package, of which Hydra warns."""
    with contextlib.suppress(ModuleNotFoundError, ValueError, TypeError):
        return [Path(str(resources.files(name)))]
    return []


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
            folders += _package(source.path)
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
