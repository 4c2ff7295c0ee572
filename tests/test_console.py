import logging
import subprocess
import sys

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
