"""`mlflow models serve`, against `goldilocks predict` and in the process of the test."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import keras
import mlflow
import numpy as np
import pandas as pd
import pytest
import requests

from goldilocks import cli
from goldilocks.encoding import encoder as encoding
from goldilocks.encoding import vectorization
from goldilocks.tracking import local, registry
from test_predict import KINDS, Home, write_data


@pytest.fixture(scope="module")
def home(shared_folder, composed):
    write_data(shared_folder)
    return Home(shared_folder, composed)


@pytest.fixture
def loaded(folder):
    """Logs a model and loads it as MLflow's server does."""

    def load(model, example):
        store = local.connect(uri=None, experiment="tries")
        with store.start_run("one", parent=None, params={}, tags={}, resume=None) as tracker:
            tracker.model(model, example)
        [found] = store.client.get_run(tracker.run_id).outputs.model_outputs
        return mlflow.pyfunc.load_model(f"models:/{found.model_id}")

    return load


@pytest.mark.long
def test_a_table_may_have_gaps_and_come_as_a_frame_or_as_columns(loaded):
    train = pd.DataFrame(
        {"size": [1.0, np.nan, 3.0, 5.0], "kind": np.array(["a", "b", "", "a"], dtype=object)}
    )
    encoder = encoding._table_encoder(train, {})
    model = encoding.attach(
        encoder, keras.Sequential([keras.Input(encoder.output_shape[1:]), keras.layers.Dense(1)])
    )
    served = loaded(model, encoding.columns(train.iloc[:2]))
    expected = model.predict(encoding.tensors(encoding.columns(train)), verbose=0)
    assert len(np.unique(expected)) == 4
    frame = train.assign(more=1)[["kind", "more", "size"]]
    frame["kind"] = frame["kind"].where(frame["kind"] != "", None)
    np.testing.assert_allclose(served.predict(frame), expected, atol=1e-6)
    columns = {
        "kind": np.array(["a", "b", None, "a"], dtype=object),
        "size": train["size"].to_numpy("float32"),
    }
    np.testing.assert_allclose(served.predict(columns), expected, atol=1e-6)


@pytest.mark.long
def test_layers_of_our_own_are_known_to_who_imports_nothing_of_ours(loaded):
    inputs = keras.Input((), dtype="string", name="text")
    buckets = vectorization.Hashing(16, "word")(inputs)
    counts = keras.layers.CategoryEncoding(16, output_mode="count")(buckets)
    model = keras.Model(inputs, counts)
    served = loaded(model, np.array(["a b"], dtype=object))
    folder = Path(served.metadata.artifact_path)
    code = (
        "import mlflow, sys, numpy\n"
        f"said = mlflow.pyfunc.load_model({str(folder)!r}).predict(numpy.array(['a b a'], "
        "dtype=object))\n"
        "print('counts', sorted(said[said > 0].tolist()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "counts [1.0, 2.0]" in done.stdout, done.stderr


class Server:
    """`mlflow models serve` of a registered model on a port of its own, as a person starts it."""

    def __init__(self, name):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        command = [
            sys.executable,
            "-m",
            "mlflow",
            "models",
            "serve",
            "-m",
            f"models:/{name}@champion",
        ]
        command += ["--env-manager", "local", "--port", self.address.rpartition(":")[2]]
        path = os.pathsep.join(
            [str(Path(sys.executable).parent), os.environ["PATH"]]
        )  # Where uvicorn is.
        with Path(f"{name}.log").open("w") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PATH": path},
            )

    def __enter__(self):
        until = time.monotonic() + 180
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if requests.get(f"{self.address}/ping", timeout=1).ok:
                    return self
            except requests.RequestException:
                time.sleep(0.5)
        self.__exit__()
        raise TimeoutError("the server did not start; its log is beside the store")

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)

    def ask(self, **body):
        answer = requests.post(f"{self.address}/invocations", json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return np.array(answer.json()["predictions"])


@pytest.mark.server
@pytest.mark.parametrize("kind", ["multiclass", "text", "image"])
def test_a_server_says_what_the_command_says(home, kind):
    run_id, own = home.run(kind)
    registry.register(home.store, run_id, kind)
    given = dict(each.split("=", 1) for each in KINDS[kind])
    asked = given.get("dataset.file", given.get("dataset.dir"))
    cli.main(["predict", kind, asked, "--output", "said.csv"])
    said = pd.read_csv("said.csv").filter(like="probability of").to_numpy()
    said = said if kind == "multiclass" else said[:, 1:]
    with Server(kind) as server:
        if kind == "multiclass":
            frame = pd.read_csv("rows.csv").rename(columns={"age/years": "age_years"})
            served = server.ask(
                dataframe_split=json.loads(frame.to_json(orient="split", index=False))
            )
        elif kind == "text":
            served = server.ask(inputs=pd.read_csv("texts.csv")["review"].tolist())
        else:
            dataset = home.composed(*KINDS[kind]).builder("dataset")()
            served = server.ask(inputs=np.asarray(dataset.x).tolist())
    np.testing.assert_allclose(served, own, atol=1e-6)
    np.testing.assert_allclose(served, said, atol=1e-6)
