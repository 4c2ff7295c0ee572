"""Some of the places of benchmarks/kill_campaign.py, which takes all of them."""

import os
import subprocess
import sys

import pytest

from conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize(("case", "every"), [("log", 30), ("plain", 60), ("images", 90)])
def test_a_run_that_is_killed_at_a_write_is_there_once(case, every, tmp_path):
    script = ROOT / "benchmarks" / "kill_campaign.py"
    done = subprocess.run(
        [sys.executable, str(script), case, "--every", str(every)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"| {case} | " in done.stdout
