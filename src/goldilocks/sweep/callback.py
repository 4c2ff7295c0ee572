"""The parent run of a sweep, opened and closed by a Hydra callback around the sweep's jobs."""

import atexit
import contextlib
import hashlib
import json
import shlex
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from goldilocks import console
from goldilocks.config.command_line import stopping
from goldilocks.config.settings import PARENT_FILE, listed
from goldilocks.errors import ConfigError, JobError, UserError
from goldilocks.jobs import records
from goldilocks.jobs.records import JobRecord
from goldilocks.sweep.expand import check_measure, combinations, settings_of
from goldilocks.sweep.launcher import errors_in
from goldilocks.sweep.plan import plan
from goldilocks.sweep.sweeper import FOLDER

RECORDS = "jobs.json"  # the artifact of the parent run with the records of all jobs


class Parent(Callback):
    """Checks all jobs before the first one starts, opens the parent run, and closes it with a comparison.

    What Hydra calls around a job, it calls in the job's process, which has a copy of this object.
    """

    def __init__(self) -> None:
        """Hydra makes one for a single run, too; there, it has nothing to do."""
        self.sweep_dir: Path | None = None
        self.names: list[str] = []

    def __getstate__(self) -> dict[str, Any]:
        """Return what a job's process needs: it updates records, and must not touch the parent run."""
        return {"sweep_dir": self.sweep_dir, "names": self.names}

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check every job, open the parent run, and write its ID to a file that every job reads."""
        with _exit_on_error():
            overrides = list(config.hydra.overrides.task)
            choices = config.hydra.runtime.choices
            if choices["hydra/launcher"] == "local":
                _check_launcher(config.hydra.launcher)

            if choices["hydra/sweeper"] == "search":
                planned = plan(config, GlobalHydra.instance().config_loader())
                jobs = settings_of(planned.space.samples())
                check_measure(jobs, planned.measure)
            else:
                jobs = settings_of(combinations(overrides))
                self.names = [settings.name for settings in jobs]

            self.store = jobs[0].builder("tracking")()
            for line in self.store.repair():
                console.note(line)

            folder = Path(config.hydra.sweep.dir).absolute()
            self.lock = _lock(folder)
            hydra_words = [
                word for word in config.hydra.overrides.hydra if not word.startswith("hydra.mode=")
            ]
            self.command = shlex.join(["python", "train.py", "-m", *hydra_words, *overrides])
            self._open(" ".join(overrides) or "sweep", force=jobs[0].tree["force"])
            (folder / PARENT_FILE).write_text(self.tracker.run_id)

            self.sweep_dir = folder
            # Hydra does not call us again after a job has failed, or Ctrl-C came.
            atexit.register(self.close)

    def _open(self, name: str, *, force: bool) -> None:
        """Open the parent run; of a command that was typed before, the same one again."""
        from goldilocks.tracking import provenance

        identity = json.dumps([self.command, provenance.code().digest])
        fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:32]
        before = None if force else self.store.earlier(fingerprint)
        self.opened = self.store.run(
            name,
            parent=None,
            params={},
            tags={"role": "sweep", "fingerprint": fingerprint, "mlflow.source.name": "train.py"},
            continued=before.run_id if before else None,
        )
        self.tracker = self.opened.__enter__()
        self.tracker.describe(f"```\n{self.command}\n```")

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Record which job starts."""
        if self.sweep_dir is None:
            return

        number, overrides = config.hydra.job.num, tuple(config.hydra.overrides.task)
        name, count = " ".join(overrides), str(number + 1)
        if self.names:
            name, count = self.names[number], f"{number + 1}/{len(self.names)}"
        records.update(
            self.sweep_dir, number, name=name, overrides=overrides, status="running", reason=""
        )
        console.note(f"\n[{count}] {name}")

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Record how a job ended, and say why one failed now, not only after the last one."""
        if self.sweep_dir is None:
            return

        number = config.hydra.job.num
        if job_return.status != JobStatus.FAILED:
            records.update(self.sweep_dir, number, status="finished", value=job_return.return_value)
            return
        error = job_return._return_value
        reason = f"{type(error).__name__}: {error}"
        records.update(self.sweep_dir, number, status="failed", reason=reason)
        console.note(f"this job failed: {error}")

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent run."""
        self.close()

    def close(self) -> None:
        """Log the comparison and the status of the parent run, once."""
        atexit.unregister(self.close)
        with _exit_on_error():
            self._conclude()
        self.lock.release()

    def _conclude(self) -> None:
        """Compare the runs of the sweep, log what became of its jobs, and end the parent run."""
        # These draw and read tables: a config error must not wait for them.
        from goldilocks.report import sweep
        from goldilocks.tracking.provenance import program
        from goldilocks.tracking.query import reused_tags

        assert self.sweep_dir is not None
        parent = self.tracker.run_id
        job_records = records.read_all(self.sweep_dir)
        for record in job_records:
            if record.run_id and record.status == "failed":
                self.store.explain(record.run_id, record.reason)
        for line in self.store.repair():  # Runs of jobs whose process is gone.
            console.note(line)

        run_ids = [record.run_id for record in job_records if record.run_id]
        if not self.names:
            # A search that goes on has jobs of its own; its earlier trials have runs below the
            # same parent.
            run_ids = [*self.store.below(parent), *run_ids]
        runs = self.store.runs(list(dict.fromkeys(run_ids)))

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            comparison = sweep.compare(runs, folder, title="The runs of this sweep")
            comparison += _failures(job_records)
            (folder / RECORDS).write_text(records.to_json(job_records))
            self.tracker.describe(f"```\n{self.command}\n```\n\n{comparison}")
            self.tracker.files(folder)
        if (self.sweep_dir / FOLDER).is_dir():
            self.tracker.files(self.sweep_dir / FOLDER, FOLDER)
        reused = [run.run_id for run in runs if run.tags.get("mlflow.parentRunId") != parent]
        self.tracker.tags(reused_tags(reused))

        total = max(len(self.names), len(job_records))
        unfinished = total - sum(record.status == "finished" for record in job_records)
        if unfinished:
            error = JobError(f"{unfinished} of {total} jobs did not finish")
            self.opened.__exit__(JobError, error, None)
        else:
            self.opened.__exit__(None, None, None)

        if parent:  # Without tracking there is nothing to compare.
            compare = shlex.join([program("goldilocks"), "report", parent])
            console.result(
                f"\n{comparison}\n\nlogged    parent run {parent}\n"
                f"see it    {self.store.ui_command}\ncompare   {compare}"
            )


def _check_launcher(options: DictConfig) -> None:
    """Refuse wrong options of the local launcher.

    Raises:
        ConfigError: A value is wrong; the message lists all of them.
    """
    from goldilocks.jobs.slots import visible_gpus  # Slow to import, and a single run needs none.

    if errors := errors_in(options, len(visible_gpus())):
        raise ConfigError(listed(errors))


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


@contextlib.contextmanager
def _exit_on_error() -> Iterator[None]:
    """End the program at any error: Hydra would turn an error in a callback into a warning, and go on."""
    with stopping():
        try:
            yield
        except UserError:
            raise
        except OmegaConfBaseException as error:
            raise ConfigError(listed([str(error).splitlines()[0]])) from error
        except Exception:
            traceback.print_exc()
            sys.exit(1)


def _failures(job_records: Sequence[JobRecord]) -> str:
    """Return a table of the jobs that did not finish, with their reasons; "" if there is none."""
    failed = [record for record in job_records if record.status != "finished"]
    if not failed:
        return ""

    import pandas  # Slow to import: only a sweep with failures needs it.

    from goldilocks.formatting import markdown

    table = pandas.DataFrame(
        {
            "job": [record.number for record in failed],
            "name": [record.name for record in failed],
            "reason": [record.reason or "did not end" for record in failed],
        }
    )
    count = "1 job" if len(failed) == 1 else f"{len(failed)} jobs"
    return (
        f"\n\n**{count} did not finish.** The same command again runs what is left and nothing "
        f"else.\n\n{markdown(table)}"
    )
