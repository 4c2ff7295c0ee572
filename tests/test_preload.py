import subprocess
import sys

import pytest

LOOK = """
import threading
import goldilocks.sweep.preload
from tensorflow.python.eager import context
print(threading.active_count(), context.context()._initialized)
from goldilocks import backend
backend.seed(0)
backend.tf.constant(1) + 1
print(context.context()._initialized)
"""


@pytest.mark.long
def test_the_preloaded_process_has_no_thread_no_runtime_and_no_output():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True)
    assert done.stdout.split() == ["1", "False", "True"]
    assert done.stderr == ""
