"""The processes of a sweep's jobs: what they are started with, and what comes back from them."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle
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
from omegaconf import OmegaConf, open_dict

from goldilocks.config.rules import rules_of
from goldilocks.config.settings import Settings, listed, search_path
from goldilocks.errors import ConfigError, JobError, UserError
from goldilocks.jobs import records, slots
from goldilocks.jobs import stream as jobs_stream
from goldilocks.jobs.pool import Pool
from goldilocks.jobs.process import Job, JobResult, start_server
from goldilocks.jobs.slots import Slot
from goldilocks.run.shares import in_shares
from goldilocks.sweep.expand import VARIED, job_name, settings_of
from goldilocks.sweep.plan import maximizes, measure_of

if TYPE_CHECKING:
    from goldilocks.sweep.launcher import LocalLauncher


def stream(
    launcher: LocalLauncher,
    ask: Callable[[], tuple[int, Sequence[str]] | None],
    tell: Callable[[int, JobReturn], None],
    *,
    total: int | None,
    at_once: int | None = None,
) -> None:
    """Run jobs until there are no more; a free slot waits for no job.

    Args:
        launcher: What every job is started with.
        ask: Returns number and overrides of the next job whenever a slot is free; None if there is
            none for now, and it is called again after the next job has ended.
        tell: Takes number and result of each job, in the order in which they end. The result of a
            failed job raises what the job raised, or a JobError if its process was lost.
        total: How many jobs there will be, if that is known.
        at_once: How many jobs are asked for at once, where they are trained as one program; None
            for all.

    Raises:
        KeyboardInterrupt: Ctrl-C came, and all running jobs have ended.
        JobError: No process can be started.
    """
    config, sweep_dir = launcher.config, Path(launcher.config.hydra.sweep.dir).absolute()
    keys = VARIED.get(sweep_dir)
    setup_globals()
    configure_log(config.hydra.hydra_logging, config.hydra.verbose)
    shared = cloudpickle.dumps(
        (Singleton.get_state(), launcher.context, config, launcher.task_function)
    )
    pool = Pool(
        slots=launcher.slots,
        time_limit=launcher.time_limit,
        memory_limit=launcher.memory_limit,
        retries=launcher.retries,
        final=UserError,
        preload=modules(launcher.preload),
    )

    def next_job() -> Job | None:
        trial = ask()
        if trial is None:
            return None

        number, overrides = trial
        return Job(
            number,
            functools.partial(_run, shared, number, list(overrides)),
            records.log_file(sweep_dir, number),
            " ".join(filter_overrides(overrides)) if keys is None else job_name(overrides, keys),
            tuple(overrides),
        )

    def checked(jobs: Sequence[Job]) -> dict[int, Settings]:
        """Return the settings of jobs by number; none if one of them has a mistake."""
        folders = search_path(config.hydra.overrides.hydra)
        try:
            settings = settings_of([[*folders, *job.overrides] for job in jobs])
        except ConfigError:  # The job itself says it.
            return {}
        return {job.number: of_job for job, of_job in zip(jobs, settings, strict=True)}

    next_one = next_job
    if OmegaConf.select(config, "trainer.traits.together"):
        next_one = in_shares(next_job, checked, pool, sweep_dir, at_once=at_once)
    jobs_stream.stream(
        pool,
        next_one,
        lambda job, result: tell(job.number, _job_return(job, result)),
        sweep_dir=sweep_dir,
        total=total,
        measure=measure_of(config),
        higher_is_better=maximizes(config),
        value_of=_compared,
    )


def prepare(options: Mapping[str, Any]) -> list[Slot]:
    """Find room for the jobs, and start the server that they are forked from, if none runs yet.

    It imports while the sweep is opened.

    Args:
        options: The keys of `conf/hydra/launcher/local.yaml`.

    Raises:
        ConfigError: A value is wrong; the message lists all of them.
    """
    check(options)
    shared = slots.share(
        n_jobs=options["n_jobs"],
        gpus=slots.visible_gpus(),
        gpus_per_job=options["gpus_per_job"],
    )
    start_server(modules(options["preload"]), shared[0])
    return shared


def modules(preload: str | None) -> list[str]:
    """Return the modules that the server imports before it forks jobs."""
    return [preload] if preload else []


def check(options: Mapping[str, Any]) -> None:
    """Refuse wrong values of the keys of `conf/hydra/launcher/local.yaml`.

    Raises:
        ConfigError: A value is wrong; the message lists all of them.
    """
    errors = [
        f"hydra.launcher.{key} is {options[key]}; expected {rule.expected}."
        for key, rule in rules_of("launcher").items()
        if not rule.allows(options[key])
    ]
    gpus = 0 if errors else len(slots.visible_gpus())
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
        shared: What `stream` has pickled for all jobs.
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
    if isinstance(result.value, JobReturn):
        return result.value
    done = JobReturn(overrides=list(job.overrides), status=JobStatus.COMPLETED)
    done.return_value = result.value
    if result.reason:
        words = f" ({' '.join(job.overrides)})" if job.overrides else ""
        lost = f"job {job.number}{words} was lost: {result.reason}. Its log is {job.log}."
        done.status, done.return_value = JobStatus.FAILED, result.error or JobError(lost)
    return done
