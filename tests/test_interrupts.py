import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from processes import appears, gone

LAUNCHER = """
import os, signal, sys, time
from pathlib import Path
from goldilocks.jobs.pool import Pool
from goldilocks.jobs.process import Job
from goldilocks.jobs.slots import Slot

def stays(number):
    def ends(*_):
        Path(f"{number}.terminated").touch()
        if sys.argv[1] != "stubborn":
            sys.exit(1)
    signal.signal(signal.SIGTERM, ends)
    Path(f"{number}.pid").write_text(str(os.getpid()))
    while True:
        time.sleep(1)

def main():
    jobs = iter([Job(number, lambda number=number: stays(number), Path(f"{number}.log")) for number in range(4)])
    limits = {"time_limit": None, "memory_limit": None, "retries": 0, "final": ()}
    pool = Pool(slots=[Slot(1, None)] * 2, preload=sys.argv[2:], **limits)
    pool.stream(lambda: next(jobs, None), lambda job, end: print(job.number, end.reason, flush=True))

if __name__ == "__main__":
    main()
"""


@pytest.fixture
def launcher(tmp_path):
    """Starts a program with two of four jobs running, and gives it and the processes of these
    jobs.
    """
    started = []

    def start(*arguments):
        (tmp_path / "launcher.py").write_text(LAUNCHER)
        command = [sys.executable, "launcher.py", *arguments]
        started.append(
            subprocess.Popen(
                command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return started[0]

    yield start
    for program in started:
        program.kill()
        program.communicate()


def pids(folder):
    """The processes of the two jobs that run."""
    return [int(appears(folder / f"{number}.pid")) for number in (0, 1)]


@pytest.mark.long
def test_after_ctrl_c_running_jobs_end_and_no_more_start(launcher, tmp_path):
    program = launcher("polite")
    running = pids(tmp_path)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=30)
    assert "waiting for the jobs that run to end; Ctrl-C again kills them" in err
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert sorted(out.splitlines()) == ["0 was ended by Ctrl-C", "1 was ended by Ctrl-C"]
    assert all(gone(pid) for pid in running)
    assert {file.name for file in tmp_path.glob("*.terminated")} == {"0.terminated", "1.terminated"}
    assert not (tmp_path / "2.log").exists()


@pytest.mark.long
def test_a_second_ctrl_c_kills_jobs_that_do_not_end(launcher, tmp_path):
    program = launcher("stubborn")
    running = pids(tmp_path)
    program.send_signal(signal.SIGINT)
    while not (tmp_path / "0.terminated").exists() or not (tmp_path / "1.terminated").exists():
        time.sleep(0.02)
    time.sleep(0.5)
    assert program.poll() is None
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=5)
    assert sorted(out.splitlines()) == ["0 was ended by Ctrl-C", "1 was ended by Ctrl-C"]
    assert all(gone(pid) for pid in running)


@pytest.mark.long
def test_ctrl_c_in_a_terminal_reaches_the_launcher_alone(launcher, tmp_path):
    """A terminal sends it to the whole foreground group."""
    program = launcher("polite")
    pids(tmp_path)
    group = [
        child.pid
        for child in psutil.Process(program.pid).children()
        if os.getpgid(child.pid) == os.getpgid(0)
    ]
    assert group  # The server of processes is among them.
    for pid in (*group, program.pid):
        os.kill(pid, signal.SIGINT)
    out, err = program.communicate(timeout=30)
    assert sorted(out.splitlines()) == ["0 was ended by Ctrl-C", "1 was ended by Ctrl-C"]
    assert err.count("Traceback") == 1


@pytest.mark.long
def test_a_launcher_that_is_killed_leaves_no_process_behind(launcher, tmp_path):
    program = launcher("polite")
    everything = [
        *pids(tmp_path),
        *(child.pid for child in psutil.Process(program.pid).children(recursive=True)),
    ]
    assert len(everything) >= 5
    program.kill()
    assert all(gone(pid) for pid in everything)
    assert {file.name for file in tmp_path.glob("*.terminated")} == {"0.terminated", "1.terminated"}


def test_a_module_that_cannot_be_preloaded_is_named(launcher, tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text("raise OSError('no disk')")
    monkeypatch.setenv("PYTHONPATH", f"{os.environ['PYTHONPATH']}:{tmp_path}")
    _, err = launcher("polite", "broken").communicate(timeout=30)
    assert "OSError: no disk" in err
    assert (
        "No process can be started for job 0: the server that forks them ended while it imported "
        "broken." in err
    )


def test_ctrl_c_before_the_first_job_does_not_wait_for_imports(launcher, tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text(
        "from pathlib import Path\nimport time\nPath('here').touch()\ntime.sleep(60)"
    )
    monkeypatch.setenv("PYTHONPATH", f"{os.environ['PYTHONPATH']}:{tmp_path}")
    program = launcher("polite", "slow")
    while not (tmp_path / "here").exists():
        time.sleep(0.02)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=10)  # Until nobody holds the pipes any more.
    assert out == "0 was ended by Ctrl-C\n"
    assert err.rstrip().endswith("KeyboardInterrupt")
