"""Each sentence of the book has a command that can be typed, and what it prints."""

import shlex
import subprocess
import sys

import pytest
import yaml

from composition import ROOT, checked

PARTS = yaml.safe_load((ROOT / "docs" / "blueprint.yaml").read_text("utf-8"))
ROWS = [row for part in PARTS for row in part["rows"]]
TRAININGS = [row["command"] for row in ROWS if "train.py" in row.get("command", "")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    files = tmp_path_factory.mktemp("blueprint")
    subprocess.run([sys.executable, ROOT / "docs" / "example_files.py", files], check=True)
    return files


@pytest.mark.parametrize("command", TRAININGS)
def test_every_training_of_the_page_can_be_typed(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert checked(*shlex.split(command)[2:]).tree


def test_the_page_has_every_sentence_with_its_command_and_no_empty_cell():
    lines = (ROOT / "docs" / "blueprint.md").read_text("utf-8").splitlines()
    cells = [line.split(" | ", 2) for line in lines if line.startswith("| ")]
    written = [(says[2:], typed) for says, typed, shown in cells if shown.strip(" |")]
    expected = [
        (row["says"], "(the same)" if row.get("same") else f"`{row['command']}`") for row in ROWS
    ]
    assert [row for row in written if row[0] != "it says"] == expected
