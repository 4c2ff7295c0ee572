"""Where Hydra looks for plugins, at every start, even for `--help`: nothing here is slow to import.

Hydra makes plugins only of classes that belong to a module of this package.
"""

from goldilocks.sweep import launcher, sweeper


class SearchSweeper(sweeper.SearchSweeper):
    """`hydra/sweeper=search`."""


class LocalLauncher(launcher.LocalLauncher):
    """`hydra/launcher=local`."""
