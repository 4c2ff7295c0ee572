"""The examples in public docstrings do what they say."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import goldilocks

MODULES = [
    module.name
    for module in pkgutil.walk_packages(goldilocks.__path__, "goldilocks.")
    if ">>> " in Path(module.module_finder.find_spec(module.name).origin).read_text()
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


def test_there_are_examples():
    assert "goldilocks.formatting" in MODULES
