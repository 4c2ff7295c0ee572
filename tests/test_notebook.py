"""Training, sweeping and the workflow from Python, and what is left of them in the process."""

import json
import os
import random
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

import goldilocks
from composition import ROOT
from goldilocks import console
from goldilocks.errors import ConfigError, DataError, SealError, StoreError

QUICK = "dataset=boston", "model=mlp", "model.units=4", "trainer.epochs=3"


@pytest.fixture(scope="module")
def trained(shared_folder):
    """A run of the module's folder."""
    return goldilocks.train(*QUICK, quiet=True)


@pytest.mark.long
def test_a_training_has_what_the_command_tells(trained):
    assert len(trained.history["loss"]) == len(trained.history["val_mae"]) == 3
    assert trained.verdict.word == trained.stored.tags["verdict"]
    assert trained.verdict.next_moves[0].changes
    assert trained.metrics["best_val_loss"] == min(trained.history["val_loss"])
    assert trained.params["model.units"] == "4"
    assert len(trained.model().inputs) == 13
    assert [axes.get_ylabel() for axes in trained.figure().axes[:2]] == ["loss", "mae"]
    assert trained.id in repr(trained)


@pytest.mark.long
def test_the_same_call_again_trains_nothing(trained):
    assert goldilocks.train(*QUICK, quiet=True).id == trained.id


@pytest.mark.long
def test_a_run_is_found_by_its_id(trained):
    found = goldilocks.load_run(trained.id)
    assert found.history == trained.history
    assert found.verdict == trained.verdict


@pytest.mark.long
def test_a_training_leaves_the_process_as_it_was(trained, monkeypatch):
    import keras
    import mlflow
    import tensorflow as tf
    from tensorflow.python.framework import config

    def draws():
        return (
            random.random(),
            np.random.rand(),
            float(tf.random.uniform(())),
            float(keras.random.uniform(())),
            keras.layers.Dense(1).name,
        )

    keras.utils.set_random_seed(7)
    keras.layers.Dense(1)
    expected = draws()
    keras.utils.set_random_seed(7)
    keras.layers.Dense(1)
    number = int(expected[4].removeprefix("dense_"))
    expected = (*expected[:4], f"dense_{number + 2}")

    keras.config.set_floatx("float64")
    mlflow.set_tracking_uri("sqlite:///other.db")
    level, is_deterministic = console.logger.level, config.is_op_determinism_enabled()
    try:
        goldilocks.train(*QUICK, "seed=1", quiet=True)
        assert keras.config.floatx() == "float64"
        assert mlflow.get_tracking_uri() == "sqlite:///other.db"
    finally:
        keras.config.set_floatx("float32")
        mlflow.set_tracking_uri("")
    assert draws() == expected
    assert config.is_op_determinism_enabled() == is_deterministic
    assert console.logger.level == level


@pytest.mark.long
def test_settings_of_the_process_change_no_result(trained, tmp_path, monkeypatch):
    import keras

    first = trained.history["loss"]
    monkeypatch.chdir(tmp_path)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        again = goldilocks.train(*QUICK, quiet=True)
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert again.id != trained.id  # Another folder has another store.
    assert again.history["loss"] == first


@pytest.mark.long
def test_a_quiet_training_prints_warnings_alone(folder, capfd):
    goldilocks.train(*QUICK, quiet=True)
    quiet = capfd.readouterr()
    assert quiet.out == ""
    assert all(line.startswith("warning:") for line in quiet.err.splitlines())
    goldilocks.train(*QUICK)
    assert "verdict" in capfd.readouterr().out


def a_frame(rows=240):
    numbers = np.random.default_rng(0).normal(size=(rows, 2))
    return pd.DataFrame(
        {
            "size": numbers[:, 0],
            "kind": np.where(numbers[:, 1] > 0, "flat", "house"),
            "price": numbers[:, 0] * 3 + (numbers[:, 1] > 0),
        }
    )


@pytest.mark.long
def test_a_frame_is_data(folder):
    run = goldilocks.train("trainer.epochs=2", data=a_frame(), target="price", quiet=True)
    assert run.params["dataset"] == "table"
    assert {layer.name for layer in run.model().inputs} == {"kind", "size"}
    predicted = run.predict(a_frame(5).drop(columns="price"))
    assert len(predicted) == 5
    assert predicted.columns[-1] == "price"
    # What was written stays: the printed commands read it.
    assert (folder / ".goldilocks" / "frames").is_dir()
    again = goldilocks.train("trainer.epochs=2", data=a_frame(), target="price", quiet=True)
    assert again.id == run.id


@pytest.mark.long
def test_a_named_index_is_a_column_and_a_numbered_one_is_not(folder):
    frame = a_frame().set_index("kind")
    run = goldilocks.train("trainer.epochs=1", data=frame, target="price", quiet=True)
    assert {layer.name for layer in run.model().inputs} == {"kind", "size"}
    rest = a_frame().query("size > -1")
    run = goldilocks.train("trainer.epochs=1", data=rest, target="price", quiet=True)
    assert {layer.name for layer in run.model().inputs} == {"kind", "size"}


@pytest.mark.long
def test_a_file_is_data(folder):
    """And where the next run goes is not where this one went."""
    a_frame().to_csv("houses (1).csv", index=False)
    run = goldilocks.train("trainer.epochs=1", data="houses (1).csv", target="price", quiet=True)
    assert run.params["dataset.file"] == "houses (1).csv"
    assert "MLFLOW_TRACKING_URI" not in os.environ


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: goldilocks.train("model=mpl"), ConfigError, "Did you mean mlp"),
        (lambda: goldilocks.train(a_frame()), ConfigError, "An override is a DataFrame; expected"),
        (lambda: goldilocks.train(*QUICK, "tracking=none"), ConfigError, "tracking=none keeps no"),
        (lambda: goldilocks.train(data=[1, 2], target="y"), DataError, "data is a list; expected"),
        (
            lambda: goldilocks.train(data=a_frame(), target="prize"),
            DataError,
            "no column 'prize'.*Did you mean",
        ),
        (
            lambda: goldilocks.train(
                data=a_frame().set_axis(list("ab") * 120, axis=0), target="price"
            ),
            DataError,
            "The index of data holds .* and has no name",
        ),
        (
            lambda: goldilocks.train(data=a_frame().assign(kind=[1, "a"] * 120), target="price"),
            DataError,
            "data cannot be written: .*Expected one type a column",
        ),
        (
            lambda: goldilocks.train("dataset.time=day", data=a_frame(), target="price"),
            DataError,
            "dataset=series predicts values from earlier ones, dataset=table the target",
        ),
        (lambda: goldilocks.load_run("abc"), StoreError, "no such run"),
    ],
)
def test_what_cannot_be_done_is_an_exception_with_the_same_sentence(folder, call, kind, message):
    with pytest.raises(kind, match=message):
        call()
    assert not list(folder.glob("mlruns/*/*"))


@pytest.mark.long
def test_a_second_test_evaluation_is_refused(folder):
    goldilocks.train(*QUICK, "final=true", quiet=True)
    with pytest.raises(SealError, match="force=true"):
        goldilocks.train(*QUICK, "model.units=5", "final=true", quiet=True)


@pytest.mark.long
def test_a_sweep_returns_its_run_with_those_of_its_jobs(folder, capfd):
    sweep = goldilocks.run_sweep(*QUICK, "seed=0,1")
    assert len(sweep.runs) == 2
    assert sweep.verdict is None
    assert sweep.id in capfd.readouterr().out
    best = min(sweep.runs, key=lambda run: run.metrics["best_val_loss"])
    assert best.history["val_loss"]


@pytest.mark.long
def test_errors_of_a_sweep_and_of_the_workflow_are_those_of_the_commands(folder, capfd):
    with pytest.raises(ConfigError, match=r"model\.units is 'x'"):
        goldilocks.run_sweep(*QUICK, "model.units=4,x", quiet=True)
    with pytest.raises(ConfigError, match=r"trainer\.epochs"):
        goldilocks.run_workflow("dataset=boston", "trainer.epochs=0", quiet=True)
    assert capfd.readouterr().out == ""


@pytest.mark.long
def test_keras_on_another_backend_is_refused():
    code = """
        import keras, goldilocks
        goldilocks.train("dataset=boston", "model=mlp")
    """
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "Keras runs on numpy in this process; expected TensorFlow" in done.stderr


@pytest.mark.long
def test_the_notebook_runs(folder):
    """Its cells run one after another, as they stand."""
    cells = json.loads((ROOT / "docs" / "notebook.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) <= 10
    program = "\n".join(f"cell = ({number})\n{text}" for number, text in enumerate(code, 1))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "verdict" in done.stdout
