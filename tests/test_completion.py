"""Real shells, which complete what a person has typed so far."""

import shutil
import subprocess
import sys

import pytest

from composition import CONF, ROOT
from goldilocks.config.completion import choices

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")

# What readline does before it calls a function: words are split at blanks and at =.
COMPLETE = """
eval "$(INSTALL)"
compopt() { :; }
COMP_LINE='TYPED'
COMP_POINT=${#COMP_LINE}
words=${COMP_LINE//=/ = }
read -ra COMP_WORDS <<< "$words"
[[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
FUNCTION goldilocks "${COMP_WORDS[COMP_CWORD]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def bash(tmp_path):
    """Completes a line in a folder with the programs, an interpreter in .venv, and files."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    for program in ("train.py", "workflow.py"):
        shutil.copy(ROOT / program, tmp_path)
    (tmp_path / "conf").symlink_to(CONF)
    (tmp_path / "photos").mkdir()
    for file in ("houses.csv", "houses (1).csv", "other.py"):
        (tmp_path / file).touch()

    def complete(line, install=".venv/bin/python train.py -sc install=bash",
                 function="_goldilocks_complete"):  # fmt: skip
        script = COMPLETE.replace("INSTALL", install).replace("FUNCTION", function)
        done = subprocess.run(
            ["bash", "--norc", "-c", script.replace("TYPED", line)],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        return set(done.stdout.splitlines()) - {""}

    return complete


@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (".venv/bin/python train.py model=c", {"conv1d", "conv_rnn", "convnet"}),
        (".venv/bin/python train.py dataset=table dataset.file=ho", {"houses.csv", "houses (1).csv"}),
        (".venv/bin/python train.py dataset=images dataset.dir=ph", {"photos"}),
        (".venv/bin/python workflow.py bud", {"budget="}),
        (".venv/bin/python other.py mod", set()),
    ],
)  # fmt: skip
def test_bash_completes_behind_an_interpreter_of_a_virtual_environment(bash, line, expected):
    assert bash(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("goldilocks da", {"data"}),
        ("goldilocks data ho", {"houses.csv", "houses (1).csv"}),
    ],
)
def test_bash_completes_goldilocks(bash, line, expected):
    install = f"{sys.executable} -c 'from goldilocks.cli import main; main()' --print-completion"
    assert bash(line, install, "_shtab_goldilocks") >= expected


@pytest.mark.parametrize(
    ("before", "last", "some", "none"),
    [
        ([], "mo", {"model=", "model."}, {"model.units="}),
        (["model=rnn"], "model.", {"model.cell="}, {"model.filters="}),
        (["model=nothing"], "model.c", {"model.cell="}, set()),
        ([], "final=", {"final=true", "final=false"}, set()),
        (["-m"], "regularizer=none,l2", {"regularizer=none,l2", "regularizer=none,l2_dropout"}, set()),
        ([], "problem.metrics=[acc", {"problem.metrics=[accuracy"}, set()),
        ([], "hydra/sweeper=", {"hydra/sweeper=search"}, set()),
        ([], "--h", {"--help "}, set()),
        (["--config-dir"], "", {":folders"}, set()),
        ([], "seed=", set(), {"seed=0"}),
    ],
)  # fmt: skip
def test_groups_options_keys_and_values_are_offered(before, last, some, none):
    offered = set(choices(before, last, CONF, "config"))
    assert some <= offered
    assert offered.isdisjoint(none)


def test_options_of_a_persons_own_folder_are_offered(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").touch()
    folder = f"--config-dir={tmp_path}"
    assert choices([folder], "model=mi", CONF, "config") == ["model=mine"]
