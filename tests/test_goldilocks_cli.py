import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from importlib.metadata import version

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
    assert ("names of recipes" if "report" in arguments else "analyse") in " ".join(
        done.stdout.split()
    )


@pytest.mark.parametrize(
    ("arguments", "same"),
    [((), ("--help",)), (("help",), ("--help",)), (("help", "report"), ("report", "--help"))],
)
def test_help_is_what_nothing_and_help_print(goldilocks, arguments, same):
    done = goldilocks(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == goldilocks(*same).stdout


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
            ["report", "f" * 32],
            r"^goldilocks: the run to look at is f{32}, and the store sqlite.+ has no such run",
        ),
        (
            ["report", "imdb"],
            r"^goldilocks: imdb is neither the ID of a run .+ nor the name of a study with runs in",
        ),
    ],
)
def test_errors_are_sentences(folder, arguments, sentence):
    with pytest.raises(SystemExit, match=sentence):
        cli.main(arguments)


def test_a_report_that_cannot_be_written_is_an_error(folder):
    store = local.connect(uri=None, experiment=local.EXPERIMENT)
    run_id = log(store.client, store.experiment_id, a_run("one", 1.0), {"val_loss": [2.0, 1.0]})
    with pytest.raises(
        SystemExit, match=r"^goldilocks: .+nowhere.+ Expected a folder that can be written"
    ):
        cli.main(["report", run_id, "--output", str(folder / "nowhere" / "report.html")])


@pytest.mark.long
def test_a_report_is_made_without_tensorflow(goldilocks, folder):
    store = local.connect(uri=None, experiment=local.EXPERIMENT)
    run_id = log(store.client, store.experiment_id, a_run("one", 1.0), {"val_loss": [2.0, 1.0]})
    done = goldilocks("report", run_id)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"report-{run_id[:8]}.html\n", "")


def test_repair_lists_interrupted_runs_and_forgets_them(folder, capsys):
    store = local.connect(uri=None, experiment="tries")
    with (
        pytest.raises(KeyboardInterrupt),
        store.start_run("boston mlp", parent=None, params={}, tags={}, resume=None),
    ):
        raise KeyboardInterrupt
    cli.main(["repair"])
    listed = capsys.readouterr().out
    assert "(boston mlp): interrupted; the command that started it resumes it (0.0 MiB)" in listed
    cli.main(["repair", "--forget"])
    assert "(boston mlp): interrupted; forgotten" in capsys.readouterr().out
    cli.main(["repair"])
    assert capsys.readouterr().out == "Nothing to repair.\n"


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"goldilocks {version('goldilocks')}\n"


QUERIES = (
    ["report", "f" * 32],
    ["report", "imdb"],
    ["analyse", "f" * 32],
    ["predict", "f" * 32, "rows.csv"],
    ["predict", "houses", "rows.csv"],
)


def contents(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*"))


@pytest.mark.parametrize("arguments", QUERIES, ids=" ".join)
def test_a_query_in_an_empty_folder_writes_nothing(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(
        SystemExit,
        match=rf"^goldilocks: there is no store at sqlite:///{tmp_path}/mlflow\.db; expected .+ "
        rf"Nothing was trained in {tmp_path}: you are in another folder\.",
    ):
        cli.main(arguments)
    assert contents(tmp_path) == []


@pytest.mark.parametrize("arguments", QUERIES, ids=" ".join)
@pytest.mark.parametrize(
    "uri", ["sqlite:///{}/typo/mlflow.db", "sqlite:///typo.db", "{}/typo", "typo.db", "file://{}"]
)
def test_a_query_of_a_mistyped_uri_writes_nothing(folder, monkeypatch, arguments, uri):
    uri = uri.format(folder)
    before = contents(folder)
    with pytest.raises(SystemExit, match=r"^goldilocks: there is no store at .+ add --uri=URI\.$"):
        cli.main([*arguments, "--uri", uri])
    assert contents(folder) == before


def test_a_query_does_not_upgrade_a_store_of_another_mlflow(folder, capsys):
    with sqlite3.connect("mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'older'")
    connection.close()
    before = (folder / "mlflow.db").read_bytes()
    for _ in range(2):
        with pytest.raises(SystemExit, match=r"mlflow\.db has no such run"):
            cli.main(["report", "f" * 32])
    assert "another MLflow (version older): a copy is read" in capsys.readouterr().err
    assert (folder / "mlflow.db").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["mlflow.db"]


def test_an_empty_file_is_no_store(folder):
    (folder / "empty.db").touch()
    with pytest.raises(SystemExit, match=r"there is no store at sqlite:///empty\.db"):
        cli.main(["report", "f" * 32, "--uri", "sqlite:///empty.db"])
    assert (folder / "empty.db").read_bytes() == b""


def test_repair_in_another_folder_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=rf"^goldilocks: no run was started in {tmp_path}: "):
        cli.main(["repair"])
    assert contents(tmp_path) == []


HISTORY = "epoch,train_loss,eval_loss,eval_acc\n" + "".join(
    f"{epoch},{2 / epoch},{abs(epoch - 5) / 20 + 0.5},0.7\n" for epoch in range(1, 31)
)


def test_curves_of_a_file_are_judged(folder, capsys):
    (folder / "history.csv").write_text(HISTORY)
    known = ["--baseline", "loss=0.69", "accuracy=0.5", "--rows", "1000"]
    cli.main(["judge", "history.csv", *known])
    text = capsys.readouterr().out
    assert text.startswith("verdict   ")
    assert "Read train_loss as training loss and eval_loss as validation loss." in text
    cli.main(["judge", "history.csv", "--columns", "loss=train_loss", "val_loss=eval_loss", *known])
    assert "as training loss" not in capsys.readouterr().out
    cli.main(["judge", "history.csv", "--json"])
    assert "is not tested: that needs" in json.loads(capsys.readouterr().out)["sentence"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.csv"], r"^goldilocks: nowhere.csv cannot be read: .+ Expected a CSV file\."),
        (["history.csv", "--rows", "0"], r"^goldilocks: validation_rows is 0; expected a whole"),
        (["history.csv", "--baseline", "los=1"], r"^goldilocks: baseline has los, .+ mean loss\?$"),
        (
            ["history.csv", "--columns", "loss=train_los"],
            r"^goldilocks: --columns names train_los; history.csv has epoch, .+ mean train_loss\?$",
        ),
    ],
)
def test_curves_that_cannot_be_judged_end_with_a_sentence(folder, arguments, sentence):
    (folder / "history.csv").write_text(HISTORY)
    with pytest.raises(SystemExit, match=sentence):
        cli.main(["judge", *arguments])


@pytest.mark.parametrize("word", ["loss", "loss=high"])
def test_a_baseline_is_typed_as_name_and_number(folder, capsys, word):
    with pytest.raises(SystemExit):
        cli.main(["judge", "history.csv", "--baseline", word])
    assert f"argument --baseline: invalid 'NAME=NUMBER' value: '{word}'" in capsys.readouterr().err
