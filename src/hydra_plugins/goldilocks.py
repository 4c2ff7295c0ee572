"""Where Hydra looks for plugins, at every start, even for `--help`: nothing here is slow to import.

Hydra makes plugins only of classes that belong to a module of this package.
"""

from collections.abc import Sequence

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

from goldilocks.sweep import launcher, sweeper


class CombinationsSweeper(BasicSweeper):
    """`hydra/sweeper=combinations`: Hydra's own, of jobs that `sweep.callback` has checked."""

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Compose no job once more: of 240 that takes 15 s."""


class SearchSweeper(sweeper.SearchSweeper):
    """`hydra/sweeper=search`."""


class LocalLauncher(launcher.LocalLauncher):
    """`hydra/launcher=local`."""
