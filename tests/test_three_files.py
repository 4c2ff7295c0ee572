"""An option is one YAML, one module and one test, as the recipes of CONTRIBUTING.md say."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

import goldilocks.dataset
import goldilocks.model
from composition import CONF, ROOT
from goldilocks.config.composition import settled
from goldilocks.config.settings import Settings
from goldilocks.errors import ConfigError, ModelError
from goldilocks.run.run import run
from goldilocks.workflow.model_sizes import model_sizes

MODEL = '''"""One hidden layer whose activation is a sine."""

import keras

from goldilocks.errors import ModelError
from goldilocks.model import Facts, Regularizer
from goldilocks.model.layers import dropout, last


def build(facts: Facts, regularizer: Regularizer, /, *, waves: int, phase: bool) -> keras.Model:
    """Build the network; dropout acts behind its hidden layer."""
    if waves > 1000:
        raise ModelError(f"model.waves is {waves}; expected at most 1000.")
    inputs = keras.Input(facts.input_shape)
    hidden = keras.layers.Dense(waves, use_bias=phase)(inputs)
    hidden = dropout(keras.ops.sin(hidden), regularizer)
    return keras.Model(inputs, last(hidden, facts, inputs), name="waves")
'''

MODEL_OPTION = """_target_: goldilocks.model.waves.build
waves: 8      # units of the hidden layer
phase: true   # whether each has a bias
traits:
  accepts: [table]
  honours: [dropout]
  sizes:
    - {waves: 2}
    - {waves: 16}
"""

DATASET = '''"""Points on a noisy line, drawn from a seed."""

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.dataset.sources import cache


def load(*, points: int) -> Dataset:
    """Draw the points; x is a DataFrame of one float64 column, y is float32 (points,)."""
    random = np.random.default_rng(0)
    x = random.normal(size=(points, 1))
    y = (2 * x[:, 0] + 0.1 * random.normal(size=points)).astype(np.float32)
    return Dataset(
        name="line",
        kind="table",
        problem="regression",
        x=pd.DataFrame(x, columns=["place"]),
        y=y,
        classes=(),
        source="original",
        location="drawn from seed 0",
        digest=cache.digest("line", x, y),
    )
'''

DATASET_OPTION = """defaults:
  - override /model@_global_.model: mlp
  - _self_
_target_: goldilocks.dataset.line.load
points: 200
traits:
  kind: table
  problem: regression
"""

REGULARIZER_OPTION = """defaults:
  - none
  - _self_
dropout: 0.1
"""


@dataclass(frozen=True)
class Project:
    """A folder with a person's own options, which Hydra and Python find."""

    folder: Path

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @property
    def search_path(self) -> str:
        return f"hydra.searchpath=[file://{self.folder}/conf]"

    def settings(self, *overrides: str) -> Settings:
        words = [self.search_path, "tracking=none", *overrides]
        with initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = compose("config", words, return_hydra_config=True)
        return settled(cfg, hydra=cfg.hydra, overrides=words)

    def train(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run train.py with the folder's modules on the packages' paths, in its workers as well."""
        self.write(
            "sitecustomize.py",
            "import goldilocks.model\n"
            f"goldilocks.model.__path__.append({str(self.folder / 'model')!r})\n",
        )
        path = os.pathsep.join([str(self.folder), str(ROOT / "src")])
        return subprocess.run(
            [sys.executable, ROOT / "train.py", *arguments, self.search_path],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )


@pytest.fixture
def project(folder, monkeypatch) -> Project:
    """A project with a model, a data set and a regularizer of its own."""
    own = Project(folder)
    own.write("model/waves.py", MODEL)
    own.write("conf/model/waves.yaml", MODEL_OPTION)
    own.write("dataset/line.py", DATASET)
    own.write("conf/dataset/line.yaml", DATASET_OPTION)
    own.write("conf/regularizer/gentle.yaml", REGULARIZER_OPTION)
    for package in (goldilocks.model, goldilocks.dataset):
        name = package.__name__.rpartition(".")[2]
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder / name)])
    return own


SMOKE = ("dataset=line", "model=waves", "regularizer=gentle", "trainer=smoke")


@pytest.mark.long
def test_own_options_train_in_every_size_of_the_workflow(project):
    settings = project.settings(*SMOKE)
    assert settings.regularizer.dropout == 0.1
    assert settings.traits.model.honours == ["dropout"]
    assert "waves" in settings.models()
    sizes = model_sizes(settings, ())
    assert [size.overrides for size in sizes] == [("model.waves=2",), ("model.waves=16",)]
    for size in sizes:
        assert run(project.settings(*SMOKE, *size.overrides)) > 0


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["model.waves=many"], r"model\.waves is 'many'; expected a whole number\."),
        (["model.phase=1"], r"model\.phase is 1; expected true or false\."),
        (["dataset.points=0.5"], r"dataset\.points is 0\.5; expected a whole number\."),
        (["regularizer.l2=0.1"], r"model=waves has nothing that regularizer\.l2 could act on; "),
        (["dataset=mnist"], r"model=waves takes table data; dataset=mnist is image data\. Use "),
        (["model=convnet"], r"dataset=line is table data\. Use .*model=waves"),
    ],
)
def test_the_checks_know_own_options(project, overrides, sentence):
    with pytest.raises(ConfigError, match=rf"1\. .*{sentence}"):
        project.settings(*SMOKE, *overrides)


def test_the_builder_refuses_a_bad_value_of_the_right_type(project):
    with pytest.raises(ModelError, match=r"model\.waves is 2000; expected at most 1000\."):
        run(project.settings(*SMOKE, "model.waves=2000"))


@pytest.mark.slow
def test_own_model_is_swept(project):
    done = project.train("-m", "dataset=boston", "model=waves", "trainer=smoke", "model.waves=2,4")
    assert done.returncode == 0, done.stderr
    assert "2 of 2" in done.stdout + done.stderr
    wrong = project.train("dataset=boston", "model=waves", "model.wave=2")
    assert (
        "model.wave is not a key of this configuration; did you mean model.waves?" in wrong.stderr
    )
