"""`hydra/sweeper=search`: chooses the jobs of a sweep one by one, learning from those that ended.

Hydra imports this at every start, to list its plugins; `sweep` imports what is slow.
"""

from collections.abc import Sequence
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class SearchSweeper(Sweeper):
    """Searches a space with Optuna; conf/hydra/sweeper/search.yaml explains the parameters."""

    def __init__(self, **options: Any):
        """Take what Hydra gives, and leave it to `plan`, which reads it in the configuration."""

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives every sweeper, and make its launcher."""
        self.hydra_context = hydra_context
        self.config = config
        # Hydra's own class allows None here, before this is called.
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(  # pyright: ignore
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Sequence[Sequence[JobReturn]]:
        """Run the trials that are left of the study, and write the results.

        Returns:
            The results of the jobs, a list per batch.

        Raises:
            ConfigError: The space or the options are wrong, or the study is in use; nothing was
                run.
            Exception: What the first failed job raised, after all others have ended.
        """
        from goldilocks.sweep import trials  # With Optuna, which takes a second to import.

        assert self.config is not None
        assert self.hydra_context is not None
        return trials.run(self.config, self.hydra_context.config_loader, self.launcher)
