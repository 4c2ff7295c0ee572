"""Printed commands work where they are pasted; a wheel has all that they need."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from composition import ROOT
from goldilocks.config import invocation


def test_the_scripts_of_the_repository_are_named_in_its_folder_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    monkeypatch.chdir(ROOT)
    assert invocation.command("train", ["model=mlp"]) == "python train.py model=mlp"
    assert invocation.command("workflow", []) == "python workflow.py"
    monkeypatch.chdir(tmp_path)
    assert invocation.command("train", ["-m", "seed=1,2"]) == "goldilocks train -m seed=1,2"


def test_a_program_that_its_name_does_not_find_is_named_by_its_path(tmp_path, monkeypatch):
    prefix = tmp_path / ".venv"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin" / "goldilocks").touch()
    monkeypatch.setattr("sys.prefix", str(prefix))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert invocation.path("goldilocks") == ".venv/bin/goldilocks"
    monkeypatch.chdir(prefix / "bin")
    assert invocation.path("goldilocks") == str(prefix / "bin" / "goldilocks")
    assert invocation.path("absent") == "absent"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with what the wheel installs, and nothing of the repository."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", folder, copy_of(folder)], check=True)
    [wheel] = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def copy_of(folder):
    """A copy of what is packed: a build writes beside it."""
    source = folder / "source"
    source.mkdir()
    for name in ("src", "conf"):
        ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    return source


def goldilocks(installed, folder, *words):
    return subprocess.run(
        [sys.executable, "-m", "goldilocks", *words],
        cwd=folder,
        env={"PYTHONPATH": str(installed), "PATH": "", "HOME": str(folder)},
        capture_output=True,
        text=True,
    )


@pytest.mark.long
def test_a_wheel_has_the_options(installed, tmp_path):
    done = goldilocks(installed, tmp_path, "train", "--help", "model=mlp")
    assert done.returncode == 0, done.stderr
    assert "model.units" in done.stdout
    carried = {file.relative_to(installed / "goldilocks") for file in installed.rglob("*.yaml")}
    assert carried >= {file.relative_to(ROOT) for file in (ROOT / "conf").rglob("*.yaml")}


@pytest.mark.slow
def test_a_wheel_trains_sweeps_and_conducts_workflows_in_any_folder(installed, tmp_path):
    done = goldilocks(installed, tmp_path, "train", "dataset=boston", "trainer=smoke")
    assert done.returncode == 0, done.stderr
    assert " train dataset=boston trainer=fit" in done.stdout
    swept = ["sweep", "dataset=boston", "trainer=smoke", "model.units=4,8"]
    assert goldilocks(installed, tmp_path, *swept).returncode == 0
    worked = goldilocks(installed, tmp_path, "workflow", "dataset=boston", "budget=2runs")
    assert worked.returncode == 0, worked.stderr
