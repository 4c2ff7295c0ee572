"""What TensorFlow writes when it is imported stays away from the terminal."""

import os
import subprocess
import sys

import pytest

from composition import ROOT


@pytest.mark.long
def test_a_training_shows_nothing_that_tensorflow_writes(folder):
    words = ["dataset=boston", "dataset.source=stand_in", "trainer=smoke"]
    done = subprocess.run(
        [sys.executable, ROOT / "train.py", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "cudart" not in done.stderr
    assert "absl" not in done.stderr
