"""`hydra/sweeper=search`: chooses the jobs of a sweep one after another, learning from those that ended."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from goldilocks import console
from goldilocks.search.options import GRID, Options, Plan
from goldilocks.sweep.plan import plan

if TYPE_CHECKING:  # Optuna takes a second to import, and Hydra imports every plugin at every start.
    import optuna

    from goldilocks.search.study import Trials

# In the folder of a sweep: the results of its search.
FOLDER = "search"


class Streaming(Protocol):
    """A launcher that asks for a job whenever it could run one, and tells each result as it comes."""

    def stream(
        self,
        ask: Callable[[], tuple[int, Sequence[str]] | None],
        tell: Callable[[int, JobReturn], None],
        *,
        total: int | None,
        common: Collection[str],
    ) -> None:
        """Run jobs, given by number and overrides, until there are no more.

        Args:
            ask: Returns the next job, or None.
            tell: Takes the result of a job.
            total: How many jobs there will be, if that is known.
            common: Overrides that all of them have.
        """


class SearchSweeper(Sweeper):
    """Searches a space with Optuna; conf/hydra/sweeper/search.yaml explains the parameters."""

    def __init__(self, **options: Any):
        """Take what Hydra gives; `plan` reads the same from the configuration, as the callback does."""
        self.options = Options(**options)

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Take what Hydra gives every sweeper, and make its launcher."""
        self.hydra_context = hydra_context
        self.config = config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
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
        from goldilocks.search.study import open_trials

        assert self.config is not None
        assert self.hydra_context is not None
        planned = plan(self.config, self.hydra_context.config_loader)
        sweep_dir = Path(self.config.hydra.sweep.dir).resolve()
        sweep_dir.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, sweep_dir / "multirun.yaml")

        with open_trials(planned, sweep_dir) as trials:
            if hasattr(self.launcher, "stream"):
                launcher = cast(Streaming, self.launcher)
                batches = [_stream(launcher, trials, planned.space.common)]
            else:
                batches = [self._launch(batch, trials) for batch in self._batches(trials)]
            _conclude(trials.study, planned, Path(self.config.hydra.sweep.dir) / FOLDER)

        for job in (job for batch in batches for job in batch):
            if job.status == JobStatus.FAILED:
                _ = job.return_value  # Raises what the job raised.
        return batches

    def _launch(
        self, batch: Sequence[tuple[int, Sequence[str]]], trials: Trials[list[str]]
    ) -> Sequence[JobReturn]:
        """Run a batch of trials."""
        returns = self.launcher.launch(
            [overrides for _, overrides in batch], initial_job_idx=batch[0][0]
        )
        for (number, _), job in zip(batch, returns, strict=True):
            trials.tell(number, _value(job))
        return returns

    def _batches(self, trials: Trials[list[str]]) -> Iterator[list[tuple[int, Sequence[str]]]]:
        """Yield the trials that are left, in batches whose numbers follow each other."""
        most = self.options.max_batch_size
        if most is None and self.options.sampler != GRID:
            most = 1

        batch: list[tuple[int, Sequence[str]]] = []
        while (job := trials.ask()) is not None:
            # Another process may have taken a number of the same database.
            if batch and job[0] != batch[-1][0] + 1:
                yield batch
                batch = []
            batch.append(job)
            if len(batch) == most:
                yield batch
                batch = []
        if batch:
            yield batch


def _stream(
    launcher: Streaming, trials: Trials[list[str]], common: Collection[str]
) -> list[JobReturn]:
    """Run trials with a launcher that asks for them one by one, and return their results by number."""
    returns: dict[int, JobReturn] = {}

    def tell(number: int, job: JobReturn) -> None:
        returns[number] = job
        trials.tell(number, _value(job))

    launcher.stream(trials.ask, tell, total=trials.left, common=common)
    return [returns[number] for number in sorted(returns)]


def _value(job: JobReturn) -> float | None:
    """Return the number that a job is compared by; None if it failed, or returned something else."""
    value = job._return_value
    if job.status != JobStatus.COMPLETED or not isinstance(value, numbers.Real):
        return None
    return float(value)


def _conclude(study: optuna.Study, planned: Plan, folder: Path) -> None:
    """Write the table and the figures of a search, and print its summary."""
    # These draw and read tables, which only a search that ran needs.
    from goldilocks.report import trials
    from goldilocks.search import results

    folder.mkdir(parents=True, exist_ok=True)
    measure = planned.measure
    results.table(study, measure=measure).to_csv(folder / "trials.csv", index=False)
    trials.draw(study, folder, measure=measure)
    console.result(f"\n{results.summary(study, measure=measure)}")
    console.result(
        f"study     {planned.study}; the same command goes on with it\nfigures   {folder}"
    )
