import os
import subprocess
import sys
import tomllib

import pytest

from composition import ROOT
from goldilocks import cli
from goldilocks.tracking import local


@pytest.fixture
def goldilocks(tmp_path):
    """Runs the command in an empty folder, where importing TensorFlow fails."""
    (tmp_path / "fake" / "tensorflow").mkdir(parents=True)
    (tmp_path / "fake" / "tensorflow" / "__init__.py").write_text("raise ImportError('TensorFlow was imported')")

    def run(*arguments):
        path = os.pathsep.join([str(tmp_path / "fake"), str(ROOT / "src")])
        return subprocess.run(
            [sys.executable, "-c", "from goldilocks.cli import main; main()", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.parametrize("arguments", [("--help",), ("analyse", "--help"), ("report", "--help")])
def test_help_is_there_without_tensorflow(goldilocks, arguments):
    done = goldilocks(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("--study" if "report" in arguments else "analyse") in done.stdout


def test_the_command_is_installed_with_the_package():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"goldilocks": "goldilocks.cli:main"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["analyse", "vgg16"], r"^goldilocks: vgg16 is not the ID of a run .+ add --image FILE\.$"),
        (["analyse", "f" * 32], r"^goldilocks: the run to look at is f{32}, and the store sqlite.+ has no such run"),
        (["report", "--study", "nothing"], r"there is no study in .+call this in the folder of the project"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(folder, arguments, sentence):
    with pytest.raises(SystemExit, match=sentence):
        cli.main(arguments)


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_repair_says_what_is_left_and_forgets_it_when_told(folder, capsys):
    store = local.connect(uri=None, experiment="tries")
    with pytest.raises(RuntimeError), store.run("boston mlp", parent=None, params={}, tags={}, continued=None):
        raise RuntimeError
    cli.main(["repair"])
    said = capsys.readouterr().out
    assert "(boston mlp): interrupted; the command that started it goes on with it" in said
    cli.main(["repair", "--forget"])
    assert "forgotten" in capsys.readouterr().out
    cli.main(["repair"])
    assert capsys.readouterr().out == "every run of this folder is in its store, but for those named above.\n"
