"""The sweeper `hydra/sweeper=search`: chooses the jobs of a sweep one after another, learning from those that ended."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from goldilocks import console
from goldilocks.sweep.plan import plan

if TYPE_CHECKING:  # Optuna takes a second to import, and Hydra imports every plugin at every start.
    from goldilocks.search.study import Trials

# In the folder of a sweep: what a search has found.
FOLDER = "search"


class Streaming(Protocol):
    """A launcher that asks for a job whenever it could run one, and tells what became of each as it ends."""

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
            ask: Gives the next job, or None.
            tell: Takes what became of a job.
            total: How many jobs there will be, or None.
            common: Overrides that all of them have.
        """


class SearchSweeper(Sweeper):
    """Searches a space with Optuna; conf/hydra/sweeper/search.yaml explains the parameters."""

    def __init__(
        self,
        *,
        sampler: str,
        seed: int | None,
        trials: int | None,
        seconds: float | None,
        direction: str,
        pruner: str,
        pruner_warmup: int,
        study: str | None,
        storage: str | None,
        params: Mapping[str, Any] | None,
        zip: Sequence[Sequence[str]] | None,
        when: Mapping[str, str] | None,
        max_batch_size: int | None,
    ):
        """Take what Hydra gives; `plan` reads the same from the configuration, where the parent run needs it, too."""
        self.max_batch_size = max_batch_size
        self.every = sampler == "grid"

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Remember what the sweep is about, and make its launcher."""
        self.hydra_context = hydra_context
        self.config = config
        self.launcher: Launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Sequence[Sequence[JobReturn]]:
        """Run the trials that are left of the study, and write what they showed.

        Returns:
            What became of the jobs, a list for each batch.

        Raises:
            ConfigError: The space or the options are wrong, or the study is in use; nothing was
                run.
            Exception: What made the first job fail that did, after all others have ended.
        """
        from goldilocks.search.study import opened

        assert self.config is not None
        assert self.hydra_context is not None
        planned = plan(self.config, self.hydra_context.config_loader)
        sweep_dir = Path(self.config.hydra.sweep.dir).resolve()
        sweep_dir.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, sweep_dir / "multirun.yaml")
        with opened(planned, sweep_dir) as trials:
            if hasattr(self.launcher, "stream"):
                done = [_streamed(cast(Streaming, self.launcher), trials)]
            else:
                done = [self._launched(batch, trials) for batch in self._batches(trials)]
            self._conclude(trials, Path(self.config.hydra.sweep.dir) / FOLDER)
        for job in (job for batch in done for job in batch):
            if job.status == JobStatus.FAILED:
                _ = job.return_value  # Raises what the job raised.
        return done

    def _launched(
        self, batch: Sequence[tuple[int, Sequence[str]]], trials: "Trials"
    ) -> Sequence[JobReturn]:
        done = self.launcher.launch(
            [overrides for _, overrides in batch], initial_job_idx=batch[0][0]
        )
        for (number, _), job in zip(batch, done, strict=True):
            trials.tell(number, job)
        return done

    def _batches(self, trials: "Trials") -> Iterator[list[tuple[int, Sequence[str]]]]:
        """The trials that are left, as many at once as a launcher is to have; their numbers follow each other."""
        most = self.max_batch_size if self.max_batch_size is not None else None if self.every else 1
        batch: list[tuple[int, Sequence[str]]] = []
        while (job := trials.ask()) is not None:
            if (
                batch and job[0] != batch[-1][0] + 1
            ):  # Somebody else has taken a number of the same database.
                yield batch
                batch = []
            batch.append(job)
            if len(batch) == most:
                yield batch
                batch = []
        if batch:
            yield batch

    def _conclude(self, trials: "Trials", folder: Path) -> None:
        from goldilocks.search import results

        measure = trials.plan.measure
        results.write(trials.study, folder, measure=measure)
        console.result(f"\n{results.said(trials.study, measure=measure)}")
        console.result(
            f"study     {trials.plan.study}; the same command goes on with it\nfigures   {folder}"
        )


def _streamed(launcher: Streaming, trials: "Trials") -> list[JobReturn]:
    """What became of the jobs of a launcher that is fed one by one, by number."""
    done: dict[int, JobReturn] = {}

    def tell(number: int, job: JobReturn) -> None:
        done[number] = job
        trials.tell(number, job)

    launcher.stream(trials.ask, tell, total=trials.left, common=trials.plan.space.common)
    return [done[number] for number in sorted(done)]
