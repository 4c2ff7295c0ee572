"""The rooms' list, folder and layers agree; a run's hops and what strings name exist."""

import ast
import importlib.util
import itertools
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from hydra.utils import get_object

import goldilocks
from composition import CONF, ROOT

PACKAGE = ROOT / "src" / "goldilocks"
MOST_ENTRIES = 27

LOOK = """
import os, sys
before = dict(os.environ)
import goldilocks
heavy = {"hydra", "keras", "mlflow", "numpy", "omegaconf", "pandas", "tensorflow"}
print(dict(os.environ) == before, sorted(heavy & set(sys.modules)))
"""


def rooms():
    """The rooms in the order of the package's docstring."""
    return re.findall(r"^    (\w+) {2,}\S", goldilocks.__doc__ or "", flags=re.M)


def test_importing_the_package_sets_nothing_and_loads_nothing():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("True []", "")


def test_the_docstring_lists_the_rooms_of_the_folder():
    entries = [entry for entry in PACKAGE.iterdir() if entry.name != "__pycache__"]
    names = {entry.stem for entry in entries} - {"__init__", "__main__"}
    assert len(names) <= MOST_ENTRIES
    assert sorted(rooms()) == sorted(names - {"py"})


def test_the_docstring_lists_the_rooms_in_the_order_of_the_layers():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    height = {
        room: number for number, layer in enumerate(reversed(layers)) for room in layer.split(" | ")
    }
    assert set(height) == set(rooms())
    assert all(height[low] <= height[high] for low, high in itertools.pairwise(rooms()))


def calls(file):
    """The functions that a file calls, by module and name, of those that it imports."""
    tree = ast.parse((ROOT / file).read_text())
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [name.partition(".") for name in called]
    return {imported.get(first, first) + dot + rest for first, dot, rest in names}


def test_a_run_goes_through_the_hops_that_contributing_names():
    assert (
        "`train.py` -> `cli.entry_points` -> `run.run` -> `run.train` -> `training.fit`"
        in (ROOT / "CONTRIBUTING.md").read_text()
    )
    assert "goldilocks.cli.entry_points.train" in calls("train.py")
    assert "goldilocks.run.run.run" in calls("src/goldilocks/cli/entry_points.py")
    assert "goldilocks.run.train.train" in calls("src/goldilocks/run/run.py")
    assert 'builder("trainer")' in (PACKAGE / "run" / "train.py").read_text()
    target = yaml.safe_load((CONF / "trainer" / "fit.yaml").read_text())["_target_"]
    assert target == "goldilocks.training.fit.fit"


def targets():
    """Every function and module that a string of conf/ or of an entry point names."""
    for file in sorted(CONF.rglob("*.yaml")):
        yield from re.findall(r"(?:_target_|preload): ([\w.]+)", file.read_text())
    for file in ("train.py", "workflow.py"):
        yield from re.findall(r'"(goldilocks\.[\w.]+)"', (ROOT / file).read_text())


@pytest.mark.parametrize("name", sorted(set(targets())))
def test_what_a_string_names_exists(name):
    if name.endswith("preload"):
        assert importlib.util.find_spec(name)
    else:
        assert get_object(name)
