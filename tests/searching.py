"""Searches without training: a sweeper whose launcher calls a function for each job. Run as a
script, one that dies.
"""

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext, RunMode
from omegaconf import OmegaConf

from goldilocks.sweep.sweeper import SearchSweeper

CONF = Path(__file__).parent.parent / "conf"

Job = Callable[[int, dict[str, str]], float | None]


def run(job: Job, number: int, overrides: list[str]) -> JobReturn:
    done = JobReturn(overrides=overrides, status=JobStatus.COMPLETED)
    try:
        done.return_value = job(number, dict(word.split("=", 1) for word in overrides))
    except ArithmeticError as error:
        done.status, done.return_value = JobStatus.FAILED, error
    return done


class Streaming:
    """Feeds slots one by one, as `hydra/launcher=local` does."""

    def __init__(self, job: Job, slots: int):
        self.job, self.slots = job, slots

    def stream(self, ask, tell, *, total, at_once=None):
        self.total = total
        with ThreadPoolExecutor(self.slots) as pool:
            running = {}
            while True:
                while len(running) < self.slots and (trial := ask()) is not None:
                    running[pool.submit(run, self.job, *trial)] = trial[0]
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    tell(running.pop(done), done.result())


class Batched:
    """Runs a whole batch before it answers, as launchers of others do."""

    def __init__(self, job: Job):
        self.job = job
        self.batches: list[list[int]] = []

    def launch(self, job_overrides, initial_job_idx):
        self.batches.append([initial_job_idx + index for index in range(len(job_overrides))])
        return [
            run(self.job, initial_job_idx + index, words)
            for index, words in enumerate(job_overrides)
        ]


def sweep(launcher, *overrides: str, sweep_dir: Path = Path("sweep")):
    """What became of the jobs of `-m hydra/sweeper=search OVERRIDES`, batch by batch."""
    values = ["hydra/sweeper=search", f"hydra.sweep.dir={sweep_dir}", *overrides]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        config = loader.load_configuration("config", values, run_mode=RunMode.MULTIRUN)
        node = OmegaConf.to_container(config.hydra.sweeper)
        sweeper = SearchSweeper(**{key: value for key, value in node.items() if key != "_target_"})
        sweeper.config, sweeper.launcher = config, launcher
        sweeper.hydra_context = HydraContext(config_loader=loader, callbacks=None)
        return sweeper.sweep(list(config.hydra.overrides.task))


def dying(number: int, values: dict[str, str]) -> float:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return float(number)


if __name__ == "__main__":
    sweep(Batched(dying), *sys.argv[1:])
