import io
import os
import pickle

import pytest

from goldilocks.training.jax_process import JaxProcess, ProgramError


@pytest.mark.parametrize(
    "results", [b"", pickle.dumps(("half of it", None))[:-5]], ids=["nothing", "half an answer"]
)
def test_a_process_that_ends_before_it_has_answered_is_an_error(results):
    process = JaxProcess(io.BytesIO(), io.BytesIO(results))
    with pytest.raises(ProgramError, match="ended before it answered"):
        process.call("epoch")


def test_what_a_call_raises_is_an_error_here():
    results = io.BytesIO(pickle.dumps((None, "ValueError: no")) + pickle.dumps((3, None)))
    calls = io.BytesIO()
    process = JaxProcess(calls, results)
    with pytest.raises(ProgramError, match="ValueError: no"):
        process.call("load", 1)
    assert process.call("epoch", 2) == 3
    calls.seek(0)
    assert [pickle.load(calls), pickle.load(calls)] == [("load", (1,)), ("epoch", (2,))]


def test_a_process_that_is_gone_takes_no_call():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb", buffering=0) as calls:
        process = JaxProcess(calls, io.BytesIO())
        with pytest.raises(ProgramError, match="the process with JAX has ended: "):
            process.send("load")
