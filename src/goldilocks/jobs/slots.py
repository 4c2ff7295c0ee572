"""How many jobs run at once, and which part of the machine each of them has."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import joblib
import psutil

GIB = 2**30
# 0.5 GiB of TensorFlow and MLflow, and the rest for the data and the model
JOB_MEMORY = 1.5 * GIB
NVIDIA_SMI_TIMEOUT = 20  # seconds; it wakes the driver where nothing else uses a GPU


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
        """Return the variables that bind a process to this slot, for TensorFlow to read."""
        threads = str(self.threads)
        variables = {"OMP_NUM_THREADS": threads, "TF_NUM_INTRAOP_THREADS": threads}
        if self.gpus is not None:
            variables["CUDA_VISIBLE_DEVICES"] = ",".join(self.gpus)
        return variables


def share(*, n_jobs: int | None, gpus: Sequence[str], gpus_per_job: int) -> list[Slot]:
    """Divide this machine into slots; each GPU belongs to one of them at most.

    Args:
        n_jobs: The most slots; None for as many as cores and available memory allow.
        gpus: Those of this machine, as CUDA names them.
        gpus_per_job: At most `len(gpus)` where there are any; with 0, jobs see none.
    """
    cores = joblib.cpu_count()  # affinity and the limits of a container, too
    if n_jobs is None:
        n_jobs = max(1, min(cores, int(psutil.virtual_memory().available / JOB_MEMORY)))
    if gpus and gpus_per_job:
        n_jobs = min(n_jobs, len(gpus) // gpus_per_job)

    threads = max(1, cores // n_jobs)
    if not gpus:
        return [Slot(threads, None)] * n_jobs
    starts = [gpus_per_job * number for number in range(n_jobs)]
    return [Slot(threads, tuple(gpus[start : start + gpus_per_job])) for start in starts]


def visible_gpus() -> list[str]:
    """Return CUDA's names of the GPUs, or parts of one (MIG), that this process may use."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name and name != "-1"]

    command = ["nvidia-smi", "-L"]
    try:
        listing = subprocess.run(
            command, capture_output=True, text=True, timeout=NVIDIA_SMI_TIMEOUT
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    parts = re.findall(r"UUID: (MIG-[^)\s]+)", listing)
    return parts or re.findall(r"^GPU (\d+):", listing, re.MULTILINE)
