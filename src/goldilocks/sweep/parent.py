"""The parent run of a sweep, kept by a Hydra callback around the sweep's jobs."""

import atexit
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from goldilocks.command_line import stopping
from goldilocks.config import PARENT_FILE, ConfigError, Settings, settled


class Parent(Callback):
    """Checks all jobs before the first one starts, opens the parent run, and closes it with a comparison."""

    def __init__(self) -> None:
        """Hydra makes one for a single run, too; there, it has nothing to do."""
        self.jobs: list[Settings] = []

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """What a job's process gets of it: one that has nothing to do, as in a single run."""
        return Parent, ()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check every job; open the parent run, and leave its ID where every job can read it."""
        overrides, file = list(config.hydra.overrides.task), Path(config.hydra.sweep.dir) / PARENT_FILE
        with stopping():  # Hydra would make a warning of an error in a callback, and go on.
            self.jobs = _jobs(overrides)
            self.store = self.jobs[0].builder("tracking")()
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
            except OSError as error:
                raise ConfigError(f"hydra.sweep.dir={file.parent} cannot be written: {error}. Use another.") from error
            name = " ".join(overrides) or "sweep"
            self.run_id = self.store.open_parent(name, command=shlex.join(["python", "train.py", "-m", *overrides]))
            atexit.register(self.close, "FAILED")  # Where a job fails, or Ctrl-C comes, Hydra does not call us again.
            file.write_text(self.run_id)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Say which job starts."""
        if self.jobs:
            number = HydraConfig.get().job.num
            print(f"\n[{number + 1}/{len(self.jobs)}] {self.jobs[number].name}", file=sys.stderr)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Say why a job failed, now and not only after the last one."""
        if self.jobs and job_return.status == JobStatus.FAILED:
            print(f"this job failed: {job_return._return_value}", file=sys.stderr)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent run."""
        with stopping():
            self.close("FINISHED")

    def close(self, status: str) -> None:
        """Give the parent run its comparison and its status, once."""
        atexit.unregister(self.close)
        # These draw and read tables: a config error must not wait for them.
        from goldilocks import report

        with tempfile.TemporaryDirectory() as folder:
            said = report.compare(self.store.children(self.run_id), Path(folder), title="The runs of this sweep")
            self.store.close_parent(self.run_id, status, folder=Path(folder), description=said)
        if self.run_id:  # Nothing is there to be compared without tracking.
            print(f"\n{said}\n\nlogged    parent run {self.run_id}\nsee it    {self.store.ui_command}")


def _jobs(sweep: list[str]) -> list[Settings]:
    """The checked settings of every job of a sweep, given its overrides, in the order in which they run.

    Raises:
        ConfigError: Any job is wrong; the message lists each of these with its errors.
    """
    loader = GlobalHydra.instance().config_loader()
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(sweep)
    jobs, errors = [], []
    combinations = BasicSweeper.split_arguments(parsed, None)[0]
    if not combinations:
        raise ConfigError(f"{' '.join(sweep)} names no run: nothing under conf/ fits the pattern. Check its spelling.")
    for overrides in combinations:
        try:
            cfg = loader.load_configuration("config", overrides, run_mode=RunMode.RUN)
            jobs.append(settled(cfg, choices=cfg.hydra.runtime.choices, overrides=overrides, sweep_dir=None))
        except (ConfigError, HydraException) as error:
            errors.append(f"In {' '.join(overrides)}, {error}")
    if errors:
        raise ConfigError("\n".join(errors))
    return jobs
