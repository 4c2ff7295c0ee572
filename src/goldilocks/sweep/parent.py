"""The parent run of a sweep, kept by a Hydra callback around the sweep's jobs."""

import atexit
import hashlib
import json
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from goldilocks import jobs
from goldilocks.command_line import stopping
from goldilocks.config import PARENT_FILE, ConfigError, Settings, settled
from goldilocks.jobs import JobError, JobRecord

RECORDS = "jobs.json"  # the artifact of the parent run that says what became of each job


class Parent(Callback):
    """Checks all jobs before the first one starts, opens the parent run, and closes it with a comparison.

    The callbacks around a job run in the job's process, which has a copy of this object.
    """

    def __init__(self) -> None:
        """Hydra makes one for a single run, too; there, it has nothing to do."""
        self.jobs: list[Settings] = []
        self.sweep_dir = Path()

    def __getstate__(self) -> dict[str, Any]:
        """A job's process needs to know the jobs, and must not touch the parent run."""
        return {"jobs": self.jobs, "sweep_dir": self.sweep_dir}

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check every job; open the parent run, and leave its ID where every job can read it."""
        overrides, self.sweep_dir = list(config.hydra.overrides.task), Path(config.hydra.sweep.dir).absolute()
        with stopping():  # Hydra would make a warning of an error in a callback, and go on.
            self.jobs = _jobs(overrides)
            self.store = self.jobs[0].builder("tracking")()
            for line in self.store.repair():
                print(line, file=sys.stderr)
            try:
                self.sweep_dir.mkdir(parents=True, exist_ok=True)
                (self.sweep_dir / PARENT_FILE).touch()
            except OSError as error:
                raise ConfigError(
                    f"hydra.sweep.dir={self.sweep_dir} cannot be written: {error}. Use another."
                ) from error
            self._open(overrides)
            atexit.register(self.close)  # Where a job fails, or Ctrl-C comes, Hydra does not call us again.

    def _open(self, overrides: Sequence[str]) -> None:
        """Open the parent run; of a sweep that was typed before, the same one again."""
        from goldilocks.tracking import provenance

        known = json.dumps([overrides, provenance.code().digest, "sweep"])
        fingerprint = hashlib.sha256(known.encode()).hexdigest()[:32]
        before = None if self.jobs[0].tree["force"] else self.store.earlier(fingerprint)
        self.command = shlex.join(["python", "train.py", "-m", *overrides])
        self.opened = self.store.run(
            " ".join(overrides) or "sweep",
            parent=None,
            params={},
            tags={"role": "sweep", "fingerprint": fingerprint, "mlflow.source.name": "train.py"},
            continued=before.run_id if before else None,
        )
        self.tracker = self.opened.__enter__()
        self.tracker.describe(f"```\n{self.command}\n```")
        (self.sweep_dir / PARENT_FILE).write_text(self.tracker.run_id)

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Note which job starts."""
        if not self.jobs:
            return
        number, overrides = config.hydra.job.num, tuple(config.hydra.overrides.task)
        name = self.jobs[number].name if number < len(self.jobs) else " ".join(overrides)
        jobs.note(self.sweep_dir, number, name=name, overrides=overrides, status="running")
        print(f"\n[{number + 1}/{len(self.jobs)}] {name}", file=sys.stderr)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Note what came out; say why a job failed now, and not only after the last one."""
        if not self.jobs:
            return
        if job_return.status == JobStatus.FAILED:
            print(f"this job failed: {job_return._return_value}", file=sys.stderr)
            reason = f"{type(job_return._return_value).__name__}: {job_return._return_value}"
            jobs.note(self.sweep_dir, config.hydra.job.num, status="failed", reason=reason)
        else:
            jobs.note(self.sweep_dir, config.hydra.job.num, status="finished", value=job_return.return_value)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent run."""
        with stopping():
            self.close()

    def close(self) -> None:
        """Give the parent run its comparison and its status, once."""
        atexit.unregister(self.close)
        # These draw and read tables: a config error must not wait for them.
        from goldilocks import report
        from goldilocks.tracking.stored import reused_tags

        for line in self.store.repair():  # Runs of jobs whose process is gone.
            print(line, file=sys.stderr)
        records = jobs.all_of(self.sweep_dir)
        lost = len(self.jobs) - sum(record.status == "finished" for record in records)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            runs = self.store.runs(list(dict.fromkeys(record.run_id for record in records if record.run_id)))
            said = report.compare(runs, folder, title="The runs of this sweep") + _failures(records)
            (folder / RECORDS).write_text(jobs.as_json(records))
            self.tracker.describe(f"```\n{self.command}\n```\n\n{said}")
            self.tracker.files(folder)
            searched = self.sweep_dir / "search"
            if searched.is_dir():
                self.tracker.files(searched, "search")
        others = [run.run_id for run in runs if run.tags.get("mlflow.parentRunId") != self.tracker.run_id]
        self.tracker.tags(reused_tags(others))
        error = JobError(f"{lost} of {len(self.jobs)} jobs did not finish") if lost else None
        self.opened.__exit__(type(error) if error else None, error, None)
        if self.tracker.run_id:  # Nothing is there to be compared without tracking.
            print(f"\n{said}\n\nlogged    parent run {self.tracker.run_id}\nsee it    {self.store.ui_command}")


def _failures(records: Sequence[JobRecord]) -> str:
    """A table of the jobs that failed, with their reasons."""
    failed = [record for record in records if record.status == "failed"]
    if not failed:
        return ""
    from goldilocks.tables import markdown

    rows = [{"job": record.number, "name": record.name, "reason": record.reason} for record in failed]
    again = "The same command again runs these and no others."
    return f"\n\n**{len(failed)} jobs failed.** {again}\n\n{markdown(pd.DataFrame(rows))}"


def _jobs(sweep: list[str]) -> list[Settings]:
    """The checked settings of every job of a sweep, given its overrides, in the order in which they run.

    Raises:
        ConfigError: Any job is wrong; the message lists each of these with its errors.
    """
    loader = GlobalHydra.instance().config_loader()
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(sweep)
    found, errors = [], []
    combinations = BasicSweeper.split_arguments(parsed, None)[0]
    if not combinations:
        raise ConfigError(f"{' '.join(sweep)} names no run: nothing under conf/ fits the pattern. Check its spelling.")
    for overrides in combinations:
        try:
            cfg = loader.load_configuration("config", overrides, run_mode=RunMode.RUN)
            found.append(settled(cfg, choices=cfg.hydra.runtime.choices, overrides=overrides, sweep_dir=None))
        except (ConfigError, HydraException) as error:
            errors.append(f"In {' '.join(overrides)}, {error}")
    if errors:
        raise ConfigError("\n".join(errors))
    return found
