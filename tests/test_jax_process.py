import os
import signal
import subprocess
import sys

import psutil
import pytest

from goldilocks.training import jax_process
from processes import gone

# Prints the id of a process with JAX, whose input a further process keeps open.
PARENT = """
import os, time
from goldilocks.training import jax_process
with jax_process.start() as process:
    if os.fork():
        print(process.process.pid, flush=True)
    time.sleep(15)
    os._exit(0)
"""


@pytest.fixture(scope="module")
def process():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_NUM_INTRAOP_THREADS", "1")
        with jax_process.start() as started:
            yield started


@pytest.mark.long
def test_a_call_that_fails_is_an_error_with_its_reason_and_the_next_one_is_made(process):
    for _ in range(2):
        with pytest.raises(jax_process.ProgramError, match=r"^AttributeError: .*no_method"):
            process.call("no_method")


def test_it_says_where_it_computes(process):
    assert process.call("platform") in ("cpu", "gpu", "tpu")


def test_it_computes_with_as_many_threads_as_its_job(process):
    assert psutil.Process(process.process.pid).environ()["PJRT_NPROC"] == "1"


def test_it_is_left_alone_by_ctrl_c(process):
    os.kill(process.process.pid, signal.SIGINT)
    with pytest.raises(jax_process.ProgramError, match="no_method"):
        process.call("no_method")


@pytest.mark.long
def test_a_process_that_ends_says_its_last_line_in_the_error_and_nothing_in_the_terminal(
    monkeypatch, capfd
):
    monkeypatch.setitem(jax_process.ENVIRONMENT, "KERAS_BACKEND", "abacus")
    with (
        jax_process.start() as process,
        pytest.raises(
            jax_process.ProgramError, match=r"^the process with JAX ended with code 1: .*abacus"
        ),
    ):
        process.call("load", None)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_it_ends_with_the_process_that_has_started_it():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        assert gone(child)


@pytest.mark.long
def test_a_process_with_tensorflow_imports_no_jax_and_is_quiet():
    code = "import goldilocks.run.programs, sys; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
