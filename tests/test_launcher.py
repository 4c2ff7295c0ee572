import inspect
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
from omegaconf import OmegaConf

from goldilocks.errors import ConfigError
from goldilocks.jobs import records
from goldilocks.sweep.processes import _compared, check
from hydra_plugins.goldilocks import LocalLauncher

ROOT = Path(__file__).parents[1]
DEFAULTS = {
    "n_jobs": None,
    "time_limit": None,
    "memory_limit": None,
    "retries": 0,
    "gpus_per_job": 1,
}

# A program of somebody else's, which knows nothing of Keras.
PROGRAM = """
import ctypes, os, signal, sys, time
from pathlib import Path
import hydra
from goldilocks.config import command_line
from goldilocks.problem import ProblemError

class Own(Exception):
    pass

@hydra.main(version_base="1.3", config_path=".", config_name="program")
def main(cfg):
    print("in the job", cfg.do, os.environ.get("CUDA_VISIBLE_DEVICES"))
    match cfg.do:
        case "die": os.kill(os.getpid(), signal.SIGKILL)
        case "mistake": raise ProblemError("problem.type is none; expected one.")
        case "own": raise Own("of the program")
        case "last": return 0.5
        case "sleep":
            Path("pid").write_text(str(os.getpid()))
            time.sleep(60)
        case "wait":
            while not Path("0.end").exists():
                time.sleep(0.02)
        case "end": Path("0.end").touch()
    return cfg.value

if __name__ == "__main__":
    command_line.launch(main, Path("."), "config")
"""
CONFIG = """
defaults:
  - override hydra/launcher: local
  - override hydra/job_logging: none
  - override hydra/hydra_logging: none
do: nothing
value: 1
hydra:
  output_subdir: null
  sweep: {dir: sweep}
  launcher: {preload: null, n_jobs: 2}
  searchpath: ["file://%s"]
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Starts a sweep in a process of its own, and returns it with its output; its jobs need no
    TensorFlow.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "program.yaml").write_text(CONFIG % (ROOT / "conf"))

    def run(*arguments):
        command = [sys.executable, "program.py", "-m", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    return run


@pytest.mark.long
def test_a_job_that_dies_ends_the_command_with_a_sentence_after_all_others(program, tmp_path):
    done = program("do=die,nothing", "value=1,2")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    log = tmp_path / "sweep" / "jobs" / "0.log"
    assert done.stderr.endswith(
        "goldilocks: job 0 (do=die value=1) was lost: killed by signal 9 (SIGKILL): out of "
        "memory, or by hand. "
        f"Its log is {log}.\n"
    )
    assert "job 1 (do=die value=2) failed: killed by signal 9 (SIGKILL)" in done.stderr
    assert "4 of 4 done, 2 failed, lowest value 1 (do=nothing value=1)" in done.stderr
    assert log.read_text() == "in the job die None\n"
    jobs = records.read_all(tmp_path / "sweep")
    assert [record.status for record in jobs] == ["failed", "failed", "finished", "finished"]
    assert [record.value for record in jobs] == [None, None, 1.0, 2.0]
    assert jobs[0].reason == "killed by signal 9 (SIGKILL): out of memory, or by hand"
    assert jobs[3].overrides == ("do=nothing", "value=2")
    assert all(record.seconds > 0 for record in jobs)


@pytest.mark.long
def test_an_error_of_a_job_ends_the_command_as_without_the_launcher(program, tmp_path):
    done = program("do=mistake,nothing")
    assert done.returncode == 1
    assert done.stderr.endswith("\ngoldilocks: problem.type is none; expected one.\n")
    assert records.read(tmp_path / "sweep", 0).reason == "problem.type is none; expected one."
    assert "ProblemError" in (tmp_path / "sweep" / "jobs" / "0.log").read_text()


@pytest.mark.long
def test_an_error_of_the_program_itself_keeps_its_type_and_its_traceback(program):
    done = program("do=own")
    assert done.returncode == 1
    assert "Own: of the program\nIn the job's own process:\nTraceback" in done.stderr
    assert 'case "own": raise Own("of the program")' in done.stderr


@pytest.mark.long
def test_the_monitored_value_decides_which_job_is_best(program):
    assert (
        "highest val_accuracy 2 (value=2 "
        in program("value=1,2", "+trainer.monitor=val_accuracy").stderr
    )
    assert "lowest val_loss 1 (value=1 " in program("value=1,2", "+trainer.monitor=val_loss").stderr


@pytest.mark.long
def test_limits_and_retries_are_keys_of_the_launcher(program, tmp_path):
    done = program("do=sleep", "hydra.launcher.time_limit=1")
    assert "goldilocks: job 0 (do=sleep) was lost: ran into its time limit of 1 s." in done.stderr
    program("do=die", "hydra.launcher.retries=1", "hydra.sweep.dir=other")
    assert (tmp_path / "other" / "jobs" / "0.log").read_text() == "in the job die None\n" * 2


@pytest.mark.long
def test_each_job_has_a_gpu_of_its_own(program, tmp_path, monkeypatch):
    (tmp_path / "nvidia-smi").write_text(
        "#!/bin/sh\necho 'GPU 0: H200 (UUID: GPU-1)'\necho 'GPU 1: H200 (UUID: GPU-2)'\n"
    )
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    done = program(
        "do=wait,end", "hydra.launcher.n_jobs=8"
    )  # The first ends after the second: both run at once.
    assert done.returncode == 0, done.stderr
    logs = [
        (tmp_path / "sweep" / "jobs" / f"{number}.log").read_text().split()[-1] for number in (0, 1)
    ]
    assert logs == ["0", "1"]
    done = program("value=1,2", "hydra.launcher.gpus_per_job=3")
    assert "hydra.launcher.gpus_per_job is 3; expected at most 2, all there are." in done.stderr
    assert done.returncode == 1


def test_bad_values_are_all_named(program, tmp_path):
    bad = ["n_jobs=0", "time_limit=-1", "memory_limit=none", "retries=0.5", "gpus_per_job=-1"]
    done = program("value=1,2", *(f"hydra.launcher.{key}" for key in bad))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "goldilocks: the configuration has 5 errors; nothing was run.\n" in done.stderr
    assert (
        "1. hydra.launcher.n_jobs is 0; expected a whole number of at least 1, or null."
        in done.stderr
    )
    assert not (tmp_path / "sweep" / "jobs").exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("n_jobs", True),
        ("n_jobs", 1.5),
        ("time_limit", 0),
        ("memory_limit", "2"),
        ("retries", None),
    ],
)
def test_a_wrong_value_is_refused(key, value):
    with pytest.raises(ConfigError, match=rf"hydra\.launcher\.{key} is {value}; expected a "):
        check(DEFAULTS | {key: value})
    check(DEFAULTS)


@pytest.mark.long
def test_ctrl_c_ends_the_command_in_a_line(program, tmp_path):
    command = [sys.executable, "program.py", "-m", "do=sleep,nothing", "value=1,2,3"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "pid").exists():
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, output = running.communicate(timeout=30)
    assert running.returncode == 1
    assert output.endswith("\ngoldilocks: interrupted.\n")
    assert records.read(tmp_path / "sweep", 0).reason == "was ended by Ctrl-C"
    assert records.read(tmp_path / "sweep", 5).status == "waiting"


@pytest.mark.long
def test_a_sweeper_may_choose_the_next_job_by_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.yaml").write_text(CONFIG % (ROOT / "conf"))
    results, values = [], []

    def ask():  # Three times the last value, until that is above 10.
        if len(values) > len(results) or (results and results[-1][1] > 10):
            return None
        values.append(results[-1][1] * 3 if results else 1)
        return len(results), [f"value={values[-1]}"]

    with initialize_config_dir(str(tmp_path), version_base="1.3", job_name="test"):
        cfg = compose("program", return_hydra_config=True)
        launcher = LocalLauncher(**DEFAULTS | {"n_jobs": 2}, preload=None)
        context = HydraContext(
            config_loader=GlobalHydra.instance().config_loader(), callbacks=Callbacks()
        )
        launcher.setup(hydra_context=context, task_function=lambda cfg: cfg.value, config=cfg)
        launcher.stream(
            ask,
            lambda number, result: results.append((number, result.return_value)),
            total=None,
        )
    assert results == [(0, 1), (1, 3), (2, 9), (3, 27)]


def test_hydra_does_not_wait_for_the_launcher_when_it_lists_its_plugins():
    seen = subprocess.run(
        [sys.executable, "-c", "import sys, hydra_plugins.goldilocks; print(*sys.modules)"],
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "goldilocks.sweep.launcher" in seen
    assert not {
        "psutil",
        "multiprocessing",
        "mlflow",
        "cloudpickle",
        "rich",
        "tensorflow",
        "numpy",
    } & set(seen)


def test_every_key_has_its_default_in_the_configuration_alone():
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        node = compose("config", return_hydra_config=True).hydra.launcher
    target = f"{LocalLauncher.__module__}.{LocalLauncher.__name__}"
    assert node == {"_target_": target, **DEFAULTS, "preload": "goldilocks.sweep.preload"}
    parameters = list(inspect.signature(LocalLauncher).parameters.values())
    assert [parameter.name for parameter in parameters] == [*DEFAULTS, "preload"]
    assert {(parameter.kind, parameter.default) for parameter in parameters} == {
        (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty)
    }


@pytest.mark.parametrize(
    ("config", "value"), [({"final": True}, None), ({"final": False}, 0.5), ({}, 0.5)]
)
def test_a_final_run_is_never_the_best_job(config, value):
    returned = JobReturn(cfg=OmegaConf.create(config), status=JobStatus.COMPLETED)
    returned.return_value = 0.5
    assert _compared(returned) == value
