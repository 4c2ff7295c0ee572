import os
from types import SimpleNamespace

import joblib
import psutil
import pytest

from goldilocks.jobs import slots
from goldilocks.jobs.slots import GIB, Slot, share, visible_gpus

WHOLE = """GPU 0: NVIDIA H200 (UUID: GPU-1d4c1e1e-0000-0000-0000-000000000000)
GPU 1: NVIDIA H200 (UUID: GPU-2d4c1e1e-0000-0000-0000-000000000000)
"""
DIVIDED = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-1d4c1e1e-0000-0000-0000-000000000000)
  MIG 3g.20gb     Device  0: (UUID: MIG-aaaa)
  MIG 3g.20gb     Device  1: (UUID: MIG-bbbb)
"""


@pytest.fixture
def machine(monkeypatch):
    """Gives this machine so many cores and so much available memory."""

    def has(*, cores, gib):
        monkeypatch.setattr(joblib, "cpu_count", lambda: cores)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=gib * GIB))

    return has


@pytest.fixture
def nvidia_smi(monkeypatch, tmp_path):
    """Puts a program of that name on the path, which lists GPUs."""

    def says(text):
        (tmp_path / "nvidia-smi").write_text(
            f"#!/bin/sh\n[ \"$1\" = -L ] && cat <<'END'\n{text}END\n"
        )
        (tmp_path / "nvidia-smi").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return says


@pytest.mark.parametrize(
    ("cores", "gib", "n_jobs", "count", "threads"),
    [
        (8, 64, None, 8, 1),
        (8, 6.2, None, 4, 2),
        (8, 0.5, None, 1, 8),
        (8, 64, 3, 3, 2),
        (2, 64, 5, 5, 1),
    ],
)
def test_jobs_share_cores_and_memory(machine, cores, gib, n_jobs, count, threads):
    machine(cores=cores, gib=gib)
    assert share(n_jobs=n_jobs, gpus=[], gpus_per_job=1) == [Slot(threads, None)] * count


@pytest.mark.parametrize(
    ("n_jobs", "gpus_per_job", "expected"),
    [
        (None, 1, [("0",), ("1",), ("2",)]),
        (2, 1, [("0",), ("1",)]),
        (8, 2, [("0", "1")]),
        (None, 3, [("0", "1", "2")]),
        (4, 0, [()] * 4),
    ],
)
def test_a_gpu_belongs_to_one_job_at_a_time(machine, n_jobs, gpus_per_job, expected):
    machine(cores=16, gib=64)
    slots = share(n_jobs=n_jobs, gpus=["0", "1", "2"], gpus_per_job=gpus_per_job)
    assert [slot.gpus for slot in slots] == expected


def test_a_slot_binds_its_job_to_threads_and_gpus():
    assert Slot(2, None).environment == {"OMP_NUM_THREADS": "2", "TF_NUM_INTRAOP_THREADS": "2"}
    assert Slot(1, ("0", "3")).environment["CUDA_VISIBLE_DEVICES"] == "0,3"
    assert Slot(1, ()).environment["CUDA_VISIBLE_DEVICES"] == ""


@pytest.mark.parametrize(
    ("listing", "expected"),
    [(WHOLE, ["0", "1"]), (DIVIDED, ["MIG-aaaa", "MIG-bbbb"]), ("No devices found.\n", [])],
)
def test_gpus_are_those_that_nvidia_smi_lists(nvidia_smi, listing, expected):
    nvidia_smi(listing)
    assert visible_gpus() == expected


@pytest.mark.parametrize(
    ("visible", "expected"), [("2,GPU-5", ["2", "GPU-5"]), ("", []), ("-1", [])]
)
def test_gpus_are_those_that_this_process_may_use(nvidia_smi, monkeypatch, visible, expected):
    nvidia_smi(WHOLE)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert visible_gpus() == expected


def test_without_nvidia_smi_there_are_no_gpus(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert visible_gpus() == []


def test_a_hanging_nvidia_smi_means_no_gpus(nvidia_smi, monkeypatch, tmp_path):
    nvidia_smi("")
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(slots, "NVIDIA_SMI_TIMEOUT", 0.2)
    assert visible_gpus() == []
