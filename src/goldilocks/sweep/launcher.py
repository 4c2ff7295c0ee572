"""`hydra/launcher=local`: each job of a sweep in its own process on this machine, several at once.

Hydra imports this at every start, to list its plugins; what is slow to import, the methods import.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import (
    JobReturn,
    JobStatus,
    configure_log,
    filter_overrides,
    run_job,
    setup_globals,
)
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from goldilocks.config.rules import rules_of
from goldilocks.config.settings import listed
from goldilocks.errors import ConfigError, JobError, UserError
from goldilocks.jobs import records
from goldilocks.problem import higher_is_better

if TYPE_CHECKING:
    from goldilocks.jobs.process import Job, JobResult


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
        self.preload = [preload] if preload else []

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives every launcher, and start the server that jobs are forked from.

        Raises:
            ConfigError: A value is wrong; the message lists all of them.
        """
        from goldilocks.jobs import process, slots

        check(vars(self))
        gpus = slots.visible_gpus()
        self.slots = slots.share(n_jobs=self.n_jobs, gpus=gpus, gpus_per_job=self.gpus_per_job)
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config
        self.sweep_dir = Path(config.hydra.sweep.dir).absolute()
        process.start_server(self.preload, self.slots[0])  # It imports while the sweeper composes.

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

    def stream(
        self,
        ask: Callable[[], tuple[int, Sequence[str]] | None],
        tell: Callable[[int, JobReturn], None],
        *,
        total: int | None,
    ) -> None:
        """Run jobs until there are no more; a free slot waits for no job.

        Args:
            ask: Returns number and overrides of the next job whenever a slot is free; None if there
                is none for now, and it is called again after the next job has ended.
            tell: Takes number and result of each job, in the order in which they end. The result of
                a failed job raises what the job raised, or a JobError if its process was lost.
            total: How many jobs there will be, if that is known.

        Raises:
            KeyboardInterrupt: Ctrl-C came, and all running jobs have ended.
            JobError: No process can be started.
        """
        import cloudpickle

        from goldilocks.jobs import pool, process, stream

        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        shared = cloudpickle.dumps(
            (Singleton.get_state(), self.hydra_context, self.config, self.task_function)
        )
        workers = pool.Pool(
            slots=self.slots,
            time_limit=self.time_limit,
            memory_limit=self.memory_limit,
            retries=self.retries,
            final=UserError,
            preload=self.preload,
        )

        def next_job() -> Job | None:
            trial = ask()
            if trial is None:
                return None

            number, overrides = trial
            return process.Job(
                number,
                functools.partial(_run, shared, number, list(overrides)),
                records.log_file(self.sweep_dir, number),
                " ".join(filter_overrides(overrides)),
                tuple(overrides),
            )

        monitor = OmegaConf.select(self.config, "trainer.monitor", default="loss")
        stream.stream(
            workers,
            next_job,
            lambda job, result: tell(job.number, _job_return(job, result)),
            sweep_dir=self.sweep_dir,
            total=total,
            higher_is_better=higher_is_better(monitor),
            value_of=_compared,
        )


def check(options: Mapping[str, Any]) -> None:
    """Refuse wrong values of the keys of `conf/hydra/launcher/local.yaml`.

    Raises:
        ConfigError: A value is wrong; the message lists all of them.
    """
    from goldilocks.jobs.slots import visible_gpus

    errors = [
        f"hydra.launcher.{key} is {options[key]}; expected {rule.expected}."
        for key, rule in rules_of("launcher").items()
        if not rule.allows(options[key])
    ]
    gpus = 0 if errors else len(visible_gpus())
    if gpus and options["gpus_per_job"] > gpus:
        errors.append(
            f"hydra.launcher.gpus_per_job is {options['gpus_per_job']}; expected at most {gpus}, "
            "all there are."
        )
    if errors:
        raise ConfigError(listed(errors))


def _compared(returned: JobReturn) -> object:
    """Return the number by which a job may be the best one.

    A final run has none: its score on the test rows chooses nothing, least of all a seed.
    """
    if returned.cfg is not None and returned.cfg.get("final"):
        return None
    return returned.return_value


def _run(shared: bytes, number: int, overrides: list[str]) -> JobReturn:
    """Run a job inside its own process: compose its config, and call the task function.

    Args:
        shared: What `LocalLauncher.stream` has pickled for all jobs.
        number: Of the job.
        overrides: Of the job.

    Raises:
        Exception: Whatever the task function raises.
    """
    state, context, config, task_function = pickle.loads(shared)
    setup_globals()
    Singleton.set_state(state)
    cfg = context.config_loader.load_sweep_config(config, overrides)
    with open_dict(cfg):
        cfg.hydra.job.id = f"{cfg.hydra.job.name}_{number}"
        cfg.hydra.job.num = number
    HydraConfig.instance().set_config(cfg)

    result = run_job(
        hydra_context=context,
        task_function=task_function,
        config=cfg,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
    if result.status == JobStatus.FAILED:
        raise result._return_value  # pyright: ignore[reportPrivateUsage]
    return result


def _job_return(job: Job, result: JobResult) -> JobReturn:
    """Return a job's result as Hydra's sweepers expect it."""
    if not result.reason:
        return result.value

    name = f"job {job.number} ({' '.join(job.overrides)})" if job.overrides else f"job {job.number}"
    error = result.error or JobError(f"{name} was lost: {result.reason}. Its log is {job.log}.")
    return JobReturn(overrides=list(job.overrides), status=JobStatus.FAILED, _return_value=error)
