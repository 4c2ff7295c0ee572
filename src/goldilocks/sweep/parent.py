"""The parent run of a sweep, kept by a Hydra callback around the sweep's jobs."""

import atexit
import sys
import tempfile
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from goldilocks.config import ConfigError, Settings, settled
from goldilocks.sweep import PARENT_FILE


class Parent(Callback):
    """Checks all jobs before the first one starts, opens the parent run, and closes it with a comparison."""

    def __init__(self) -> None:
        """Hydra makes one for a single run, too; there, it has nothing to do."""
        self.jobs: list[Settings] = []
        self.failed = 0

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check every job; open the parent run, and leave its ID where every job can read it."""
        self.jobs = _jobs(config)
        sweep_dir = Path(config.hydra.sweep.dir)
        self.store = self.jobs[0].builder("tracking")()
        self.run_id = self.store.open_parent(
            " ".join(config.hydra.overrides.task) or "sweep", command=" ".join(["python", *sys.argv])
        )
        sweep_dir.mkdir(parents=True, exist_ok=True)
        (sweep_dir / PARENT_FILE).write_text(self.run_id)
        atexit.register(self.close, "FAILED")  # Where a job fails, or Ctrl-C comes, Hydra does not call us again.

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Say which job starts."""
        if self.jobs:
            number = HydraConfig.get().job.num
            print(f"\n[{number + 1}/{len(self.jobs)}] {self.jobs[number].name}", file=sys.stderr)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Say why a job failed, now and not only after the last one."""
        if self.jobs and job_return.status == JobStatus.FAILED:
            self.failed += 1
            print(f"this job failed: {job_return._return_value}", file=sys.stderr)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent run."""
        self.close("FINISHED")

    def close(self, status: str) -> None:
        """Give the parent run its comparison and its status, once."""
        atexit.unregister(self.close)
        # These draw and read tables: a config error must not wait for them.
        from goldilocks import report

        with tempfile.TemporaryDirectory() as folder:
            said = report.compare(self.store.children(self.run_id), Path(folder), title="The runs of this sweep")
            self.store.close_parent(self.run_id, status, folder=Path(folder), description=said)
        print(f"\n{said}\n\nlogged    parent run {self.run_id}\nsee it    {self.store.ui_command}")


def _jobs(sweep: DictConfig) -> list[Settings]:
    """The checked settings of every job of a sweep, in the order in which they run.

    Raises:
        ConfigError: Any job is wrong; the message lists each of these with its errors.
    """
    loader = GlobalHydra.instance().config_loader()
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(sweep.hydra.overrides.task))
    jobs, errors = [], []
    for overrides in BasicSweeper.split_arguments(parsed, None)[0]:
        cfg = loader.load_configuration("config", overrides, run_mode=RunMode.RUN)
        try:
            jobs.append(settled(cfg, choices=cfg.hydra.runtime.choices, overrides=overrides, sweep_dir=None))
        except ConfigError as error:
            errors.append(f"job {' '.join(overrides)}: {error}")
    if errors:
        raise ConfigError("\n".join(errors))
    return jobs
