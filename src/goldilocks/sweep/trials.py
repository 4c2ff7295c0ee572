"""The trials of a search as jobs of Hydra's launchers, then its table and figures."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from goldilocks import console
from goldilocks.jobs.stream import comparable
from goldilocks.report import search_figures
from goldilocks.search import results
from goldilocks.search.options import GRID, RESULTS, Options, Plan
from goldilocks.search.study import Trials, open_trials
from goldilocks.sweep.launcher import LocalLauncher
from goldilocks.sweep.plan import plan

AT_ONCE = 16  # trials that are trained as one program, before the sampler learns from them


def run(
    config: DictConfig, loader: ConfigLoader, launcher: Launcher
) -> Sequence[Sequence[JobReturn]]:
    """Run the trials that are left of a study, write what they show, and return the jobs by batch.

    Raises:
        ConfigError: The space or the options are wrong, or the study is in use; nothing was run.
        Exception: What the first failed job raised, after all others have ended.
    """
    planned = plan(config, loader)
    folder = Path(config.hydra.sweep.dir)
    sweep_dir = folder.resolve()
    sweep_dir.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, sweep_dir / "multirun.yaml")

    with open_trials(planned, sweep_dir) as trials:
        if hasattr(launcher, "stream"):
            batches = [_stream(cast(LocalLauncher, launcher), trials, planned.options)]
        else:
            batches = _launch(launcher, trials, planned.options)
        _conclude(trials.study, planned, folder / RESULTS)

    for job in (job for batch in batches for job in batch):
        if job.status == JobStatus.FAILED:
            _ = job.return_value  # Raises what the job raised.
    return batches


def _stream(
    launcher: LocalLauncher, trials: Trials[list[str]], options: Options
) -> list[JobReturn]:
    """Run trials with a launcher that asks for them one by one, and return the jobs by number."""
    at_once = options.max_batch_size
    if at_once is None and options.sampler != GRID:
        at_once = AT_ONCE
    returns: dict[int, JobReturn] = {}

    def tell(number: int, job: JobReturn) -> None:
        returns[number] = job
        trials.tell(number, _value(job))

    launcher.stream(trials.ask, tell, total=trials.left, at_once=at_once)
    return [returns[number] for number in sorted(returns)]


def _launch(
    launcher: Launcher, trials: Trials[list[str]], options: Options
) -> list[Sequence[JobReturn]]:
    """Run trials with a launcher that takes a batch at a time, and return the jobs by batch."""
    most = options.max_batch_size
    if most is None and options.sampler != GRID:
        most = 1

    batches: list[Sequence[JobReturn]] = []
    jobs = iter(trials.ask, None)
    while batch := list(itertools.islice(jobs, most)):
        overrides = [words for _, words in batch]
        returns = launcher.launch(overrides, initial_job_idx=batch[0][0])
        for (number, _), job in zip(batch, returns, strict=True):
            trials.tell(number, _value(job))
        batches.append(returns)
    return batches


def _value(job: JobReturn) -> float | None:
    """Return the number that a job is compared by; None if it failed, or returned no number."""
    if job.status != JobStatus.COMPLETED:
        return None
    return comparable(job.return_value)


def _conclude(study: optuna.Study, planned: Plan, folder: Path) -> None:
    """Write the table and the figures of a search, and print its summary."""
    folder.mkdir(parents=True, exist_ok=True)
    measure = planned.measure
    results.table(study, measure=measure).to_csv(folder / "trials.csv", index=False)
    search_figures.draw(study, folder, measure=measure)

    console.result(f"\n{results.summary(study, measure=measure)}")
    console.result(f"study     {planned.study}; the same command goes on with it")
    console.result(f"figures   {folder}")
