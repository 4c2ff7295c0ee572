"""Where Hydra looks for plugins; what they do is in `goldilocks.sweep`."""

from goldilocks.sweep.search import SearchSweeper as SearchSweeper
