"""How many jobs run at once, and what of the machine each of them has."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

GIB = 2**30
MEMORY_A_JOB = (
    1.5 * GIB
)  # 0.5 GiB of TensorFlow and MLflow, and the rest for the data and the model
SECONDS_TO_ANSWER = 20  # that nvidia-smi has; it wakes the driver where nothing else uses a GPU


@dataclass(frozen=True)
class Slot:
    """Room for one job.

    Attributes:
        threads: That the job may compute with, at least 1.
        gpus: That the job sees, as CUDA names them ("0", "MIG-..."); None on a machine without any.
    """

    threads: int
    gpus: tuple[str, ...] | None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that bind a process to this slot, if it has them before TensorFlow's runtime starts."""
        threads = {
            name: str(self.threads) for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
        }
        return (
            threads
            if self.gpus is None
            else {**threads, "CUDA_VISIBLE_DEVICES": ",".join(self.gpus)}
        )


def share(*, n_jobs: int | None, gpus: Sequence[str], gpus_per_job: int) -> list[Slot]:
    """The slots of this machine; each GPU belongs to one of them at most.

    Args:
        n_jobs: At most so many; None: as many as cores and available memory allow.
        gpus: Those of this machine, as CUDA names them.
        gpus_per_job: At most `len(gpus)` where there are any; with 0, jobs see none.
    """
    cores = len(os.sched_getaffinity(0))
    if n_jobs is None:
        n_jobs = max(1, min(cores, int(psutil.virtual_memory().available / MEMORY_A_JOB)))
    if gpus and gpus_per_job:
        n_jobs = min(n_jobs, len(gpus) // gpus_per_job)
    threads = max(1, cores // n_jobs)
    return [
        Slot(
            threads,
            tuple(gpus[gpus_per_job * number : gpus_per_job * (number + 1)]) if gpus else None,
        )
        for number in range(n_jobs)
    ]


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA names them: a part of a GPU (MIG) where it is divided."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name and name != "-1"]
    try:
        said = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=SECONDS_TO_ANSWER
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    parts = re.findall(r"UUID: (MIG-[^)\s]+)", said)
    return parts or re.findall(r"^GPU (\d+):", said, re.MULTILINE)
