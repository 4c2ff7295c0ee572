"""`hydra/launcher=local`: each job of a sweep in its own process on this machine, several at once.

Hydra imports this at every start, to list its plugins; `processes` imports what is slow.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class LocalLauncher(Launcher):
    """Launches jobs for Hydra's sweepers: a batch at a time, or each as it is asked for."""

    def __init__(
        self,
        *,
        n_jobs: int | None,
        time_limit: float | None,
        memory_limit: float | None,
        retries: int,
        gpus_per_job: int,
        preload: str | None,
    ):
        """Take the keys of `conf/hydra/launcher/local.yaml`; `setup` checks the values."""
        self.n_jobs, self.gpus_per_job, self.retries = n_jobs, gpus_per_job, retries
        self.time_limit, self.memory_limit = time_limit, memory_limit
        self.preload = preload

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives every launcher, and start the server that jobs are forked from.

        Raises:
            ConfigError: A value is wrong; the message lists all of them.
        """
        from goldilocks.sweep import processes

        self.context, self.task_function, self.config = hydra_context, task_function, config
        self.slots = processes.prepare(vars(self))
        self.stream = functools.partial(processes.stream, self)

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run a batch of jobs, and return their results in its order.

        Args:
            job_overrides: The overrides of each job.
            initial_job_idx: The number of the first.

        Raises:
            KeyboardInterrupt: Ctrl-C came, and all running jobs have ended.
        """
        batch = enumerate(job_overrides, initial_job_idx)
        returns: dict[int, JobReturn] = {}
        self.stream(lambda: next(batch, None), returns.__setitem__, total=len(job_overrides))
        return [returns[number] for number in sorted(returns)]
