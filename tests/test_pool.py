import ctypes
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from goldilocks.errors import JobError
from goldilocks.jobs import pool, process
from goldilocks.jobs.pool import Pool
from goldilocks.jobs.process import Job
from goldilocks.jobs.slots import Slot
from processes import gone

MISTAKES = LookupError
NOTHING = {"time_limit": None, "memory_limit": None, "retries": 0, "final": MISTAKES, "preload": ()}
ONE, TWO = [Slot(1, None)], [Slot(1, None)] * 2


@pytest.fixture
def run(tmp_path):
    """Runs calls as jobs, and returns their results by number, in the order in which they ended."""

    def run(*calls, slots=TWO, **limits):
        jobs = iter(
            [Job(number, call, tmp_path / f"{number}.log") for number, call in enumerate(calls)]
        )
        results = {}
        made = Pool(slots=slots, **NOTHING | limits)
        made.stream(
            lambda: next(jobs, None), lambda job, result: results.__setitem__(job.number, result)
        )
        return results

    return run


def test_every_job_has_a_process_of_its_own(run):
    results = run(*[lambda: (os.getpid(), os.getppid())] * 3)
    assert len({result.value[0] for result in results.values()} | {os.getpid()}) == 4
    assert len({result.value[1] for result in results.values()}) == 1
    assert {(result.error, result.reason) for result in results.values()} == {(None, "")}
    assert all(0 < result.seconds < 30 for result in results.values())


def test_a_job_has_the_variables_of_the_launcher_and_of_its_slot(run, monkeypatch, tmp_path):
    run(lambda: None)  # The server of processes has the variables of this moment.
    monkeypatch.setenv("NEW", "1")
    monkeypatch.delenv("LANG", raising=False)
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    names = ("NEW", "LANG", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "CUDA_VISIBLE_DEVICES")
    results = run(
        lambda: ([os.environ.get(name) for name in names], Path.cwd()), slots=[Slot(3, ("4", "5"))]
    )
    assert results[0].value == (["1", None, "3", "3", "4,5"], tmp_path)
    assert dict(os.environ) == before


def test_the_log_of_a_job_has_all_its_output(run, tmp_path, capfd):
    def talk():
        print("from Python")
        print("from Python, an error", file=sys.stderr)
        os.write(1, b"from below\n")
        os.write(2, b"from below, an error\n")
        subprocess.run(["echo", "from a program"], check=True)

    run(talk, lambda: print("another"))
    lines = (tmp_path / "0.log").read_text().splitlines()
    assert lines == [
        "from Python", "from Python, an error", "from below", "from below, an error", "from a program",
    ]  # fmt: skip
    assert (tmp_path / "1.log").read_text() == "another\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: os._exit(3), "ended with exit status 3 before it gave a result"),
        (lambda: os._exit(0), "ended with exit status 0 before it gave a result"),
        (lambda: sys.exit(4), "ended with exit status 4 before it gave a result"),
        (lambda: sys.exit(143), "killed by signal 15 (SIGTERM)"),
        (
            lambda: os.kill(os.getpid(), signal.SIGKILL),
            "killed by signal 9 (SIGKILL): out of memory, or by hand",
        ),
        (lambda: ctypes.string_at(0), "killed by signal 11 (SIGSEGV): a crash in compiled code"),
        (os.abort, "killed by signal 6 (SIGABRT): compiled code gave up"),
    ],
)
def test_a_job_that_dies_ends_no_other(run, call, reason):
    results = run(call, *[lambda: 5] * 2)
    assert (results[0].reason, results[0].value, results[0].error) == (reason, None, None)
    assert [results[number].value for number in (1, 2)] == [5, 5]


def test_the_launcher_gets_the_error_that_was_raised(run, tmp_path):
    results = run(lambda: {}["a"], lambda: 5)
    assert type(results[0].error) is KeyError
    assert results[0].reason == "KeyError: 'a'"
    assert "Traceback" in results[0].error.__notes__[0]
    assert "Traceback" in (tmp_path / "0.log").read_text()
    assert results[1].value == 5


class Demanding(Exception):
    """Cannot be made again from its only argument."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class Locked(Exception):
    """Cannot be pickled."""

    def __init__(self):
        super().__init__("it is locked")
        self.lock = threading.Lock()


def test_an_error_that_cannot_be_pickled_becomes_its_text(run):
    def demand():
        raise Demanding(1, 2)

    def lock():
        raise Locked

    results = run(demand, lock)
    assert [type(results[number].error) for number in (0, 1)] == [JobError, JobError]
    assert [str(results[number].error) for number in (0, 1)] == [
        "Demanding: 1 and 2",
        "Locked: it is locked",
    ]


def test_a_result_that_cannot_be_pickled_is_an_error(run):
    assert "its result, a lock, cannot be sent to the launcher" in run(threading.Lock)[0].reason


def test_a_job_over_its_time_limit_may_clean_up(run, tmp_path):
    def marks():
        signal.signal(signal.SIGTERM, lambda *_: ((tmp_path / "marked").touch(), sys.exit(1)))
        time.sleep(60)

    results = run(marks, lambda: 5, time_limit=1.5, retries=2)
    assert results[0].reason == "ran into its time limit of 1.5 s"
    assert 1.5 < results[0].seconds < 10
    assert (tmp_path / "marked").exists()
    assert results[1].value == 5


def test_a_job_that_ignores_sigterm_is_killed(run, monkeypatch):
    monkeypatch.setattr(pool, "GRACE", 0.5)

    def stays():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)

    results = run(stays, time_limit=1)
    assert results[0].reason == "ran into its time limit of 1 s"
    assert results[0].seconds < 20


def test_a_job_that_hangs_after_its_result_is_killed(run, monkeypatch):
    monkeypatch.setattr(process, "GRACE", 0.5)
    results = run(lambda: threading.Thread(target=time.sleep, args=(60,)).start() or 5)
    assert results[0].value == 5
    assert results[0].seconds < 20


def test_a_job_over_its_memory_limit_ends(run):
    def takes():
        taken = bytearray(2**29)
        time.sleep(60)
        return taken

    results = run(takes, lambda: 5, memory_limit=0.4, retries=1)
    assert results[0].reason.startswith("used 0.")
    assert results[0].reason.endswith(" GiB, over its memory limit of 0.4 GiB")
    assert results[0].seconds < 20
    assert results[1].value == 5


def test_a_failed_job_is_tried_again(run, tmp_path):
    def third_time_lucky():
        tries = tmp_path / "tries"
        tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
        print(f"try {tries.read_text()}")
        if tries.read_text() == "x":
            os._exit(1)
        if tries.read_text() == "xx":
            raise OSError("the disk is gone")
        return 5

    assert run(third_time_lucky, retries=2)[0].value == 5
    assert (tmp_path / "tries").read_text() == "xxx"
    log = (tmp_path / "0.log").read_text()
    assert log.index("try x\n") < log.index("the disk is gone") < log.index("try xxx\n")
    (tmp_path / "tries").unlink()
    assert run(third_time_lucky, retries=1)[0].reason == "OSError: the disk is gone"


def test_an_error_that_a_person_must_mend_is_not_tried_again(run, tmp_path):
    def mistaken():
        with (tmp_path / "tries").open("a") as tries:
            tries.write("x")
        raise KeyError("a")

    assert type(run(mistaken, retries=5)[0].error) is KeyError
    assert (tmp_path / "tries").read_text() == "x"


def test_a_slow_job_does_not_hold_the_others(run, tmp_path):
    def last():
        (tmp_path / "last").touch()

    def slowest():
        while not (tmp_path / "last").exists():
            time.sleep(0.02)

    assert list(run(slowest, *[lambda: None] * 3, last, time_limit=60))[-1] in (0, 4)


def test_the_next_job_may_depend_on_results(tmp_path):
    results, calls = [], []

    def ask():
        calls.append(list(results))
        if len(calls) > 2 and not results:
            pytest.fail("asked though no job has ended since")
        return [
            Job(0, lambda: 7, tmp_path / "0.log"),
            None,
            Job(1, lambda: 8, tmp_path / "1.log"),
            None,
            None,
        ][min(len(calls) - 1, 4)]

    Pool(slots=TWO, **NOTHING).stream(
        ask, lambda job, result: results.append((job.number, result.value))
    )
    assert results == [(0, 7), (1, 8)]
    assert calls[:3] == [[], [], [(0, 7)]]


def test_jobs_share_the_slots(run):
    slots = [Slot(1, ("0",)), Slot(1, ("1",))]
    results = run(
        *[lambda: (time.time(), os.environ["CUDA_VISIBLE_DEVICES"], time.sleep(0.2), time.time())]
        * 5,
        slots=slots,
    )
    for gpu in ("0", "1"):
        spans = sorted(
            (result.value[0], result.value[3])
            for result in results.values()
            if result.value[1] == gpu
        )
        assert spans
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_processes_that_a_job_started_end_with_it(run, tmp_path):
    def starts():
        (tmp_path / "pid").write_text(str(subprocess.Popen(["sleep", "60"]).pid))
        os._exit(1)

    run(starts)
    assert gone(int((tmp_path / "pid").read_text()))


def test_a_server_that_dies_is_started_again(run):
    results = run(
        lambda: (os.kill(os.getppid(), signal.SIGKILL), time.sleep(60)), lambda: 5, slots=ONE
    )
    assert results[0].reason == "ended with exit status 255 before it gave a result"
    assert results[1].value == 5


def test_running_jobs_end_if_the_stream_fails(tmp_path):
    def stays():
        (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(60)

    def waits():
        while not (tmp_path / "pid").exists():
            time.sleep(0.02)

    jobs = iter(
        [
            Job(number, call, tmp_path / f"{number}.log")
            for number, call in enumerate((stays, waits))
        ]
    )
    with pytest.raises(RuntimeError, match="no more"):
        Pool(slots=TWO, **NOTHING).stream(
            lambda: next(jobs, None), lambda *_: _raise(RuntimeError("no more"))
        )
    assert gone(int((tmp_path / "pid").read_text()))


# What Python has on Linux alone, or on Linux and macOS. The jobs of a spawned process import this
# file, too.
WINDOWS = """
import multiprocessing, os, signal, time
for module, names in ((os, "fork killpg setpgrp getuid sched_getaffinity"), (signal, "SIGKILL pthread_sigmask")):
    for name in names.split():
        delattr(module, name)
multiprocessing.get_all_start_methods = lambda: ["spawn"]
from pathlib import Path
from goldilocks.jobs.pool import Pool
from goldilocks.jobs.process import Job
from goldilocks.jobs import slots

def work(number):
    if number == 1:
        os._exit(3)
    if number == 2:
        time.sleep(60)
    return number

if __name__ == "__main__":
    jobs = iter([Job(number, lambda number=number: work(number), Path(f"{number}.log")) for number in range(4)])
    pool = Pool(slots=slots.share(n_jobs=2, gpus=[], gpus_per_job=1), time_limit=6.0, memory_limit=None, retries=0,
                final=ValueError, preload=["json"])
    results = {}
    pool.stream(lambda: next(jobs, None), lambda job, result: results.__setitem__(job.number, result))
    for number, result in sorted(results.items()):
        print(number, result.value, result.reason)
"""


@pytest.mark.long
def test_jobs_run_where_processes_cannot_be_forked(tmp_path):
    (tmp_path / "windows.py").write_text(WINDOWS)
    done = subprocess.run(
        [sys.executable, "windows.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines() == [
        "0 0 ",
        "1 None ended with exit status 3 before it gave a result",
        "2 None ran into its time limit of 6 s",
        "3 3 ",
    ], done.stderr


def _raise(error):
    raise error
