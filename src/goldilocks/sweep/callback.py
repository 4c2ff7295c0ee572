"""The parent run of a sweep, kept by a Hydra callback around the sweep's jobs."""

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
from goldilocks.jobs.slots import visible_gpus
from goldilocks.sweep.expand import check_measure, combinations, settings_of
from goldilocks.sweep.launcher import errors_in
from goldilocks.sweep.plan import plan
from goldilocks.sweep.sweeper import FOLDER
from goldilocks.tracking import Store

RECORDS = "jobs.json"  # the artifact of the parent run that says what became of each job


class Parent(Callback):
    """Checks all jobs before the first one starts, opens the parent run, and closes it with a comparison.

    What Hydra calls around a job, it calls in the job's process, which has a copy of this object.
    """

    def __init__(self) -> None:
        """Hydra makes one for a single run, too; there, it has nothing to do."""
        self.sweep_dir: Path | None = None
        self.names: list[str] = []

    def __getstate__(self) -> dict[str, Any]:
        """A job's process needs to know where to note what, and must not touch the parent run."""
        return {"sweep_dir": self.sweep_dir, "names": self.names}

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check every job; open the parent run, and leave its ID where every job can read it."""
        with _ending():
            overrides, folder = (
                list(config.hydra.overrides.task),
                Path(config.hydra.sweep.dir).absolute(),
            )
            choices = config.hydra.runtime.choices
            local = choices["hydra/launcher"] == "local"
            if local and (errors := errors_in(config.hydra.launcher, len(visible_gpus()))):
                raise ConfigError(listed(errors))
            searched = choices["hydra/sweeper"] == "search"
            planned = plan(config, GlobalHydra.instance().config_loader()) if searched else None
            found = settings_of(planned.space.samples() if planned else combinations(overrides))
            if planned:
                check_measure(found, planned.measure)
            self.names = [] if planned else [settings.name for settings in found]
            self.store: Store = found[0].builder("tracking")()
            for line in self.store.repair():
                console.note(line)
            self.lock = FileLock(folder / "running.lock")
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self.lock.acquire(timeout=0)
                shutil.rmtree(
                    folder / records.FOLDER, ignore_errors=True
                )  # Of an earlier sweep in the same folder.
                (folder / PARENT_FILE).touch()
            except Timeout as error:
                raise ConfigError(
                    f"hydra.sweep.dir={folder} is the folder of a sweep that is running; start "
                    "this one again, or use "
                    "another folder."
                ) from error
            except OSError as error:
                raise ConfigError(
                    f"hydra.sweep.dir={folder} cannot be written: {error}. Use another."
                ) from error
            typed = [
                word for word in config.hydra.overrides.hydra if not word.startswith("hydra.mode=")
            ]
            self.command = shlex.join(["python", "train.py", "-m", *typed, *overrides])
            self._open(" ".join(overrides) or "sweep", force=found[0].tree["force"])
            (folder / PARENT_FILE).write_text(self.tracker.run_id)
            self.sweep_dir = folder
            atexit.register(
                self.close
            )  # Where a job fails, or Ctrl-C comes, Hydra does not call us again.

    def _open(self, name: str, *, force: bool) -> None:
        """Open the parent run; of a sweep that was typed before, the same one again."""
        from goldilocks.tracking import provenance

        known = json.dumps([self.command, provenance.code().digest])
        fingerprint = hashlib.sha256(known.encode()).hexdigest()[:32]
        before = None if force else self.store.find_run(fingerprint)
        self.opened = self.store.start_run(
            name,
            parent=None,
            params={},
            tags={"role": "sweep", "fingerprint": fingerprint, "mlflow.source.name": "train.py"},
            resume=before.run_id if before else None,
        )
        self.tracker = self.opened.__enter__()
        self.tracker.describe(f"```\n{self.command}\n```")

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Note which job starts."""
        if self.sweep_dir is None:
            return
        number, overrides = config.hydra.job.num, tuple(config.hydra.overrides.task)
        name = self.names[number] if self.names else " ".join(overrides)
        records.update(
            self.sweep_dir, number, name=name, overrides=overrides, status="running", reason=""
        )
        console.note(f"\n[{number + 1}{f'/{len(self.names)}' if self.names else ''}] {name}")

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Note what came out; say why a job failed now, and not only after the last one."""
        if self.sweep_dir is None:
            return
        error = job_return._return_value if job_return.status == JobStatus.FAILED else None
        if error is None:
            records.update(
                self.sweep_dir,
                config.hydra.job.num,
                status="finished",
                value=job_return.return_value,
            )
        else:
            console.note(f"this job failed: {error}")
            records.update(
                self.sweep_dir,
                config.hydra.job.num,
                status="failed",
                reason=f"{type(error).__name__}: {error}",
            )

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent run."""
        self.close()

    def close(self) -> None:
        """Give the parent run its comparison and its status, once."""
        atexit.unregister(self.close)
        with _ending():
            self._conclude()
        self.lock.release()

    def _conclude(self) -> None:
        assert self.sweep_dir is not None
        # These draw and read tables: a config error must not wait for them.
        from goldilocks.report import sweep
        from goldilocks.tracking.provenance import program
        from goldilocks.tracking.query import reused_tags
        from goldilocks.tracking.selection import PARENT

        job_records = records.read_all(self.sweep_dir)
        for record in job_records:
            if record.run_id and record.status == "failed":
                self.store.record_reason(record.run_id, record.reason)
        for line in self.store.repair():  # Runs of jobs whose process is gone.
            console.note(line)
        finished = sum(record.status == "finished" for record in job_records)
        total = max(len(self.names), len(job_records))
        # A search that goes on has jobs of its own; what its earlier trials did stands below the
        # same parent.
        before = [] if self.names else self.store.child_run_ids(self.tracker.run_id)
        runs = self.store.get_runs(
            list(dict.fromkeys([*before, *(each.run_id for each in job_records if each.run_id)]))
        )
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            said = sweep.compare(runs, folder, title="The runs of this sweep") + _failures(
                job_records
            )
            (folder / RECORDS).write_text(records.to_json(job_records))
            self.tracker.describe(f"```\n{self.command}\n```\n\n{said}")
            self.tracker.files(folder)
        if (self.sweep_dir / FOLDER).is_dir():
            self.tracker.files(self.sweep_dir / FOLDER, FOLDER)
        others = [run.run_id for run in runs if run.tags.get(PARENT) != self.tracker.run_id]
        self.tracker.tags(reused_tags(others))
        error = (
            None
            if finished == total
            else JobError(f"{total - finished} of {total} jobs did not finish")
        )
        self.opened.__exit__(type(error) if error else None, error, None)
        if self.tracker.run_id:  # Nothing is there to be compared without tracking.
            compare = shlex.join([program("goldilocks"), "report", self.tracker.run_id])
            logged = (
                f"logged    parent run {self.tracker.run_id}\nsee it    {self.store.ui_command}"
            )
            console.result(f"\n{said}\n\n{logged}\ncompare   {compare}")


@contextlib.contextmanager
def _ending() -> Iterator[None]:
    """End the program where anything goes wrong: Hydra would make a warning of an error in a callback, and go on."""
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
    """A table of the jobs that did not finish, with their reasons."""
    failed = [record for record in job_records if record.status != "finished"]
    if not failed:
        return ""
    import pandas as pd

    from goldilocks.formatting import markdown

    rows = [
        {"job": each.number, "name": each.name, "reason": each.reason or "did not end"}
        for each in failed
    ]
    count = "1 job" if len(failed) == 1 else f"{len(failed)} jobs"
    return (
        f"\n\n**{count} did not finish.** The same command again runs what is left and nothing "
        "else.\n\n"
        f"{markdown(pd.DataFrame(rows))}"
    )
