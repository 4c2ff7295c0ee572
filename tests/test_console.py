import logging
import subprocess
import sys
from pathlib import Path

import pytest

from goldilocks import console


def test_results_go_to_standard_output_and_the_rest_to_standard_error(capsys):
    console.result("test 0.9")
    console.note("reading rows")
    console.warning("a column is constant")
    out, err = capsys.readouterr()
    assert out == "test 0.9\n"
    assert err == "reading rows\nwarning: a column is constant\n"


def test_a_library_user_can_silence_it(capsys):
    logger = logging.getLogger("goldilocks")
    logger.setLevel(logging.WARNING)
    try:
        console.result("test 0.9")
        console.note("reading rows")
        console.warning("a column is constant")
    finally:
        logger.setLevel(logging.INFO)
    assert capsys.readouterr() == ("", "warning: a column is constant\n")


def test_handlers_that_are_there_already_are_kept():
    code = (
        "import io, logging; stream = io.StringIO();"
        "logging.getLogger('goldilocks').addHandler(logging.StreamHandler(stream));"
        "from goldilocks import console; console.result('test 0.9');"
        "assert stream.getvalue() == 'test 0.9\\n'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


LINES = """
import sys
from goldilocks import console
with console.surviving():
    for number in range(20_000):
        console.note(f"line {number}")
open("done", "w").write(str(console.output_was_lost()))
"""


def test_who_stops_reading_does_not_end_a_training(tmp_path):
    script = [sys.executable, "-c", LINES]
    with subprocess.Popen(script, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "line 0\n"
        process.stderr.close()
    assert process.returncode == 0
    assert (tmp_path / "done").read_text() == "True"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_under_the_log_does_not_end_a_training(tmp_path):
    with Path("/dev/full").open("w") as full:
        script = [sys.executable, "-c", LINES]
        done = subprocess.run(script, cwd=tmp_path, stderr=full, check=False)
    assert done.returncode == 0
    assert (tmp_path / "done").read_text() == "True"
