"""The parent run of a sweep: opened before its first job, closed with a comparison of its runs."""

import functools
import importlib.util
import shlex
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas
from filelock import FileLock, Timeout
from omegaconf import DictConfig

from goldilocks import console
from goldilocks.config.literals import as_typed, plainest
from goldilocks.config.settings import (
    PARENT_FILE,
    Settings,
    hash_of,
    key_of,
    typed_overrides,
)
from goldilocks.errors import ConfigError, JobError
from goldilocks.formatting import markdown, name_of
from goldilocks.jobs import records
from goldilocks.jobs.records import JobRecord
from goldilocks.run import shares
from goldilocks.search.options import RESULTS
from goldilocks.tracking import Store, provenance, query, repair
from goldilocks.tracking.query import PARENT

RECORDS = "jobs.json"  # the artifact of the parent run with the records of all jobs


class ParentRun:
    """The open parent run of a sweep, whose folder is locked.

    Attributes:
        sweep_dir: The folder of the sweep.
        names: Of its jobs, by number; none of a search.
        run_id: Its ID; "" without tracking.
    """

    def __init__(self, config: DictConfig, jobs: Sequence[Settings]):
        """Open the run, and write its ID to a file that every job reads.

        Of a command that was typed before, it is the same run again, unless `force`.

        Args:
            config: The sweep's own, as Hydra gives it to callbacks.
            jobs: All of them; of a search, its sample jobs.

        Raises:
            ConfigError: The launcher has a wrong value, or the folder cannot be used.
        """
        choices, overrides = config.hydra.runtime.choices, typed_overrides(config.hydra)
        self.names = [settings.name for settings in jobs]
        if choices["hydra/sweeper"] == "search":
            self.names = []

        self.store: Store = jobs[0].builder("tracking")()
        for line in self.store.repair():
            console.note(line)
        self.sweep_dir = Path(config.hydra.sweep.dir).absolute()
        self.lock = _lock(self.sweep_dir)

        typed = [
            word for word in config.hydra.overrides.hydra if not word.startswith("hydra.mode=")
        ]
        self.command = as_typed(["python", "train.py", "-m", *typed, *overrides])
        fingerprint = hash_of([self.command, provenance.digest(jobs[0].packages)])
        before = None if jobs[0].tree["force"] else query.find_run(self.store, fingerprint)
        self.opened = self.store.start_run(
            _name(jobs, overrides),
            parent=None,
            params={},
            tags={"role": "sweep", "fingerprint": fingerprint, "mlflow.source.name": "train.py"},
            resume=before.run_id if before else None,
        )
        self.tracker = self.opened.__enter__()
        self.tracker.describe(f"```\n{self.command}\n```")
        self.run_id: str = self.tracker.run_id
        (self.sweep_dir / PARENT_FILE).write_text(self.run_id)
        # What `close` needs is imported while jobs run; it draws with matplotlib.
        imports = functools.partial(importlib.import_module, "goldilocks.report.sweep")
        threading.Thread(target=imports, daemon=True).start()
        count = shares.program_size(jobs)
        if count and choices["hydra/launcher"] == "local" and importlib.util.find_spec("jax"):
            console.note(
                f"{count} of these jobs differ in seed and learning rate alone, and could be one "
                f"program (docs/population.md): {self.command} trainer=population"
            )

    def close(self) -> None:
        """Compare the runs of the sweep, log what became of its jobs, and end the run."""
        from goldilocks.report import sweep

        # Hydra has written it, with the command line as it was typed.
        for file in self.sweep_dir.glob("multirun.yaml"):
            file.write_text(console.without_passwords(file.read_text(encoding="utf-8")))

        job_records = records.read_all(self.sweep_dir)
        for record in job_records:
            if record.run_id and record.status == "failed":
                repair.record_reason(record.run_id, record.reason)
        for line in self.store.repair():  # Runs of jobs whose process is gone.
            console.note(line)

        run_ids = [record.run_id for record in job_records if record.run_id]
        runs = query.several(self.store, run_ids)
        if not self.names and self.run_id:
            # A search that goes on has jobs of its own; its earlier trials have runs below the
            # same parent.
            runs = [*query.children(self.store, self.store.get_run(self.run_id)), *runs]
        runs = list({run.run_id: run for run in runs}.values())
        runs = query.with_losses(self.store, runs)

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            comparison = sweep.compare(runs, folder, title="The runs of this sweep")
            comparison += _failures(job_records)
            records.write_json(folder / RECORDS, [asdict(record) for record in job_records])
            self.tracker.describe(f"```\n{self.command}\n```\n\n{comparison}")
            self.tracker.files(folder)
        if (self.sweep_dir / RESULTS).is_dir():
            self.tracker.files(self.sweep_dir / RESULTS, RESULTS)
        reused = [run.run_id for run in runs if run.tags.get(PARENT) != self.run_id]
        self.tracker.tags(query.reused_tags(reused))

        self._end(job_records)
        if codes := query.findings(runs):
            console.result(
                f"\nfindings  {', '.join(codes)} on the data; docs/findings.md explains them, and "
                f"data.json of a run says them"
            )
        if self.run_id:  # Without tracking there is nothing to compare.
            compare = shlex.join([provenance.program("goldilocks"), "report", self.run_id])
            console.result(
                f"\n{comparison}\n\nlogged    parent run {self.run_id}\n"
                f"see it    {self.store.ui_command}\ncompare   {compare}"
            )
        self.lock.release()

    def _end(self, job_records: Sequence[JobRecord]) -> None:
        """End the run, as failed if any job did not finish."""
        total = max(len(self.names), len(job_records))
        unfinished = total - sum(record.status == "finished" for record in job_records)
        if unfinished:
            error = JobError(f"{unfinished} of {total} jobs did not finish")
            self.opened.__exit__(JobError, error, None)
        else:
            self.opened.__exit__(None, None, None)


def _name(jobs: Sequence[Settings], overrides: Sequence[str]) -> str:
    """Return the name of a sweep: its data set, and the words by which its jobs differ."""
    shared = set(jobs[0].overrides).intersection(*(job.overrides for job in jobs))
    differing = {key_of(word) for job in jobs for word in job.overrides if word not in shared}
    words = [plainest(word, sweeps=True) for word in overrides if key_of(word) in differing]
    return name_of([jobs[0].data_name, *words])


def _failures(job_records: Sequence[JobRecord]) -> str:
    """Return a table of the jobs that did not finish, with their reasons; "" if there is none."""
    failed = [record for record in job_records if record.status != "finished"]
    if not failed:
        return ""

    rows = [(record.number, record.name, record.reason or "did not end") for record in failed]
    table = pandas.DataFrame(rows, columns=["job", "name", "reason"])
    count = "1 job" if len(failed) == 1 else f"{len(failed)} jobs"
    return (
        f"\n\n**{count} did not finish.** The same command again runs what is left and nothing "
        f"else.\n\n{markdown(table)}"
    )


def _lock(folder: Path) -> FileLock:
    """Make the folder of a sweep, without the records of an earlier one, and lock it.

    Raises:
        ConfigError: A running sweep uses the folder, or it cannot be written.
    """
    lock = FileLock(folder / "running.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        shutil.rmtree(folder / records.FOLDER, ignore_errors=True)
        (folder / PARENT_FILE).touch()
    except Timeout as error:
        raise ConfigError(
            f"hydra.sweep.dir={folder} is the folder of a sweep that is running; start this one "
            "again, or use another folder."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"hydra.sweep.dir={folder} cannot be written: {error}. Use another."
        ) from error
    return lock
