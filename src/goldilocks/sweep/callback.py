"""Hydra's callback around the jobs of a sweep: opens the sweep's parent run, and closes it."""

import atexit
import contextlib
import sys
import traceback
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.hydra import Hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from goldilocks import console
from goldilocks.config.command_line import AT_END, stopping
from goldilocks.config.composition import typed_overrides
from goldilocks.config.settings import listed
from goldilocks.errors import ConfigError, UserError
from goldilocks.jobs import records
from goldilocks.sweep.expand import VARIED, job_name, jobs_of


class Parent(Callback):
    """Checks all jobs before the first one starts, opens the parent run, and closes it.

    What Hydra calls around a job, it calls in the job's process, which has a copy of this object.
    """

    def __init__(self) -> None:
        """Hydra makes one for a single run, too; there, it has nothing to do."""
        self.sweep_dir: Path | None = None
        self.keys: Sequence[str] = ()
        self.count: int | None = None
        self.hydra: Hydra | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a job's process needs, which must not touch the parent run."""
        return {"sweep_dir": self.sweep_dir, "keys": self.keys, "count": self.count}

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check every job, and open the parent run."""
        with _exit_on_error():
            jobs = jobs_of(config)

            # A config error, and a single run, must not wait for these imports.
            from goldilocks.sweep import processes

            if config.hydra.runtime.choices["hydra/launcher"] == "local":
                processes.prepare(config.hydra.launcher)
            from goldilocks.sweep.parent import parent_run

            self.hydra = GlobalHydra.instance().hydra
            self.parent = parent_run(config, jobs)
            self.sweep_dir, self.count = self.parent.__enter__()
            self.keys = VARIED[self.sweep_dir]
            # Hydra does not call us again after a job has failed, or Ctrl-C came.
            AT_END.append(self.close)
            atexit.register(self.close)  # Of a program with an entry point of its own.

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Record which job starts."""
        if self.sweep_dir is None:
            return

        number, overrides = config.hydra.job.num, tuple(typed_overrides(config.hydra))
        name, count = job_name(overrides, self.keys), f"trial {number}"
        if self.count is not None:
            count = f"{number + 1}/{self.count}"
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
        if self.close in AT_END:
            AT_END.remove(self.close)
        # After a job has failed Hydra has cleared itself, and the next command is composed by it.
        if self.hydra is not None and not GlobalHydra.instance().is_initialized():
            GlobalHydra.instance().initialize(self.hydra)
        with _exit_on_error():
            self.parent.__exit__(None, None, None)


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
