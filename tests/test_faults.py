"""The table of docs/faults.md: each fault that was mended has a test that shows it.

`python tests/test_faults.py` writes the page from tests/faults.yaml.
"""

import ast
from pathlib import Path

import pytest
import yaml

from composition import ROOT

TESTS = Path(__file__).parent
PAGE = ROOT / "docs" / "faults.md"
PARTS = {
    1: "A foreign store runs no code",
    2: "Every run has an owner",
    3: "One bad file is one line",
    4: "Exactly once, also at the end",
    5: "Ctrl-C keeps what there is",
    6: "Secrets",
    7: "Writing answers",
    8: "Cut-off answers",
    9: "Printing never fails a run",
    10: "The cache heals",
    11: "Errors that a person can mend are sentences",
    12: "Another MLflow's store",
}
FAULTS = yaml.safe_load((TESTS / "faults.yaml").read_text(encoding="utf-8"))


def page():
    """Return the page: its introduction as it stands there, and a table for each part."""
    introduction = PAGE.read_text(encoding="utf-8").partition("\n## ")[0]
    lines = [introduction.rstrip()]
    for part, title in PARTS.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| before | typed, or done | now | test |",
            "|---|---|---|---|",
        ]
        for fault in FAULTS:
            if fault["part"] == part:
                file, _, name = fault["test"].partition("::")
                shown = f"[{name}](../tests/{file})"
                cells = [fault["before"], fault["typed"], fault["now"]]
                cells = [cell.replace("|", "\\|") for cell in cells]
                lines.append(f"| {' | '.join([*cells, shown])} |")
    return "\n".join(lines) + "\n"


def test_the_page_is_that_of_the_list():
    assert PAGE.read_text(encoding="utf-8") == page(), "type: python tests/test_faults.py"


def test_each_part_has_faults_that_are_told_in_the_same_way():
    assert {fault["part"] for fault in FAULTS} == set(PARTS)
    assert {tuple(fault) for fault in FAULTS} == {("part", "before", "typed", "now", "test")}


@pytest.mark.parametrize("file", sorted({fault["test"].partition("::")[0] for fault in FAULTS}))
def test_each_fault_names_a_test_that_is_there(file):
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    named = {fault["test"] for fault in FAULTS if fault["test"].startswith(f"{file}::")}
    assert {name.partition("::")[2] for name in named} <= tests


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
