"""The parent run of a sweep, opened and closed by a Hydra callback around the sweep's jobs."""

import atexit
import contextlib
import shlex
import shutil
import sys
import traceback
from collections.abc import Generator
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
from goldilocks.config.settings import PARENT_FILE, listed, search_path
from goldilocks.errors import ConfigError, UserError
from goldilocks.jobs import records
from goldilocks.sweep.expand import check_measure, combinations, settings_of
from goldilocks.sweep.launcher import check
from goldilocks.sweep.plan import plan


class Parent(Callback):
    """Checks all jobs before the first one starts, opens the parent run, and closes it.

    What Hydra calls around a job, it calls in the job's process, which has a copy of this object.
    """

    def __init__(self) -> None:
        """Hydra makes one for a single run, too; there, it has nothing to do."""
        self.sweep_dir: Path | None = None
        self.names: list[str] = []

    def __getstate__(self) -> dict[str, Any]:
        """Return what a job's process needs, which must not touch the parent run."""
        return {"sweep_dir": self.sweep_dir, "names": self.names}

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check every job, open the parent run, and write its ID to a file that every job reads."""
        with _exit_on_error():
            overrides = list(config.hydra.overrides.task)
            choices = config.hydra.runtime.choices
            folders = search_path(config.hydra.overrides.hydra)
            if choices["hydra/launcher"] == "local":
                check(config.hydra.launcher)
            if choices["hydra/sweeper"] == "search":
                planned = plan(config, GlobalHydra.instance().config_loader())
                jobs = settings_of([[*folders, *job] for job in planned.space.samples()])
                check_measure(jobs, planned.measure)
            else:
                jobs = settings_of([[*folders, *job] for job in combinations(overrides)])
                self.names = [settings.name for settings in jobs]

            store = jobs[0].builder("tracking")()
            for line in store.repair():
                console.note(line)

            # It reads and draws tables: a config error must not wait for these imports.
            from goldilocks.sweep.parent import ParentRun

            folder = Path(config.hydra.sweep.dir).absolute()
            self.lock = _lock(folder)
            words = config.hydra.overrides.hydra
            typed = [word for word in words if not word.startswith("hydra.mode=")]
            self.parent = ParentRun(
                store,
                " ".join(overrides) or "sweep",
                shlex.join(["python", "train.py", "-m", *typed, *overrides]),
                force=jobs[0].tree["force"],
            )
            (folder / PARENT_FILE).write_text(self.parent.run_id)

            self.sweep_dir = folder
            # Hydra does not call us again after a job has failed, or Ctrl-C came.
            atexit.register(self.close)

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
        error = job_return._return_value  # pyright: ignore[reportPrivateUsage]
        reason = f"{type(error).__name__}: {error}"
        records.update(self.sweep_dir, number, status="failed", reason=reason)
        console.note(f"this job failed: {error}")

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the parent run."""
        self.close()

    def close(self) -> None:
        """Close the parent run, once."""
        atexit.unregister(self.close)
        assert self.sweep_dir is not None
        with _exit_on_error():
            self.parent.close(self.sweep_dir, len(self.names) or None)
        self.lock.release()


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
def _exit_on_error() -> Generator[None]:
    """End the program at any error: of one in a callback, Hydra would make a warning, and go on."""
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
