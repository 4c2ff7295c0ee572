"""Configurations as the command line composes them, for the tests that ask about many of them."""

import functools
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from goldilocks.config.composition import settled
from goldilocks.config.options import OptionFiles
from goldilocks.config.settings import GROUPS, Settings

ROOT = Path(__file__).parent.parent
CONF = ROOT / "conf"
FILES = OptionFiles((CONF,))
OPTIONS = {group: FILES.names(group) for group in GROUPS}

# What a person must add to these options, with paths that exist.
NEEDED = {
    "images": (f"dataset.dir={ROOT / 'tests'}",),
    "texts": (f"dataset.dir={ROOT / 'tests'}",),
    "series": (
        f"dataset.file={ROOT / 'pyproject.toml'}",
        "dataset.time=when",
        "dataset.target=load",
    ),
    "table": (f"dataset.file={ROOT / 'pyproject.toml'}", "dataset.target=price"),
}


@functools.cache
def composed(*overrides: str) -> DictConfig:
    """What Hydra composes from overrides as a person types them."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", list(overrides), return_hydra_config=True)


def checked(*overrides: str) -> Settings:
    """The settings that these overrides come to."""
    cfg = composed(*overrides)
    return settled(cfg, hydra=cfg.hydra, overrides=overrides)
