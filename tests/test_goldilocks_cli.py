import os
import subprocess
import sys
import tomllib

import pytest

from composition import ROOT
from goldilocks import cli
from goldilocks.tracking import local
from stored_runs import a_run, log


@pytest.fixture
def goldilocks(tmp_path):
    """Runs the command in an empty folder, where importing TensorFlow fails."""
    (tmp_path / "fake" / "tensorflow").mkdir(parents=True)
    (tmp_path / "fake" / "tensorflow" / "__init__.py").write_text(
        "raise ImportError('TensorFlow was imported')"
    )

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
        (
            ["analyse", "f" * 32],
            r"^goldilocks: the run to look at is f{32}, and the store sqlite.+ has no such run",
        ),
        (
            ["report", "--study", "nothing"],
            r"there is no study in .+call this in the folder of the project",
        ),
        (["report"], r"report needs either runs to compare .+ or --study NAME"),
        (
            ["report", "imdb", "--study", "imdb"],
            r"report needs either runs to compare .+ or --study NAME",
        ),
        (
            ["report", "f" * 32],
            r"^goldilocks: the run to look at is f{32}, and the store sqlite.+ has no such run",
        ),
        (
            ["report", "imdb"],
            r"^goldilocks: imdb is neither the ID of a run .+ nor the name of a study with runs in",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(folder, arguments, sentence):
    with pytest.raises(SystemExit, match=sentence):
        cli.main(arguments)


def test_a_report_that_cannot_be_written_is_said_in_a_sentence(folder):
    store = local.connect(uri=None, experiment=cli.EXPERIMENT)
    run_id = log(store.client, store.experiment_id, a_run("one", 1.0), {"val_loss": [2.0, 1.0]})
    with pytest.raises(
        SystemExit, match=r"^goldilocks: .+nowhere.+ Expected a folder that can be written"
    ):
        cli.main(["report", run_id, "--output", str(folder / "nowhere" / "report.html")])


def test_a_report_is_made_without_tensorflow(goldilocks, folder):
    store = local.connect(uri=None, experiment=cli.EXPERIMENT)
    run_id = log(store.client, store.experiment_id, a_run("one", 1.0), {"val_loss": [2.0, 1.0]})
    done = goldilocks("report", run_id)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"report-{run_id[:8]}.html\n", "")


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_repair_says_what_is_left_and_forgets_it_when_told(folder, capsys):
    store = local.connect(uri=None, experiment="tries")
    with (
        pytest.raises(RuntimeError),
        store.start_run("boston mlp", parent=None, params={}, tags={}, resume=None),
    ):
        raise RuntimeError
    cli.main(["repair"])
    said = capsys.readouterr().out
    assert "(boston mlp): interrupted; the command that started it goes on with it" in said
    cli.main(["repair", "--forget"])
    assert "forgotten" in capsys.readouterr().out
    cli.main(["repair"])
    assert (
        capsys.readouterr().out
        == "every run of this folder is in its store, but for those named above.\n"
    )
