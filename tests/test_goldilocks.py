import json
import math
import os
import subprocess
import sys

import pytest

import goldilocks
from goldilocks.diagnosis.verdicts import VERDICTS

FALLING = [2 / epoch + 0.1 for epoch in range(1, 31)]
RISING = [abs(epoch - 5) / 20 + 0.5 for epoch in range(1, 31)]
HISTORY = {"loss": FALLING, "val_loss": RISING, "accuracy": FALLING, "val_accuracy": [0.7] * 30}
KNOWN = {"baseline": {"loss": 0.69, "accuracy": 0.5}, "validation_rows": 1000}

JUDGE = """
import os, sys
import goldilocks
before = dict(os.environ)
verdict = goldilocks.judge({"loss": [0.9, 0.5, 0.3], "val_loss": [1.0, 0.7, 0.6]})
heavy = {"hydra", "keras", "matplotlib", "mlflow", "pandas", "scipy", "sklearn", "tensorflow"}
print(dict(os.environ) == before, sorted(heavy & set(sys.modules)))
"""
FIT = """
import os, sys, keras
before = dict(os.environ)
import goldilocks
try:
    goldilocks.VerdictCallback(validation_rows=0)
except ValueError as error:
    print(error)
callback = goldilocks.VerdictCallback(validation_rows=20)
print(dict(os.environ) == before, "goldilocks.backend" in sys.modules)
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
x = keras.ops.reshape(keras.ops.arange(0, 1, 0.01), (100, 1))
history = model.fit(x, 2 * x, validation_split=0.2, epochs=3, verbose=0, callbacks=[callback])
print(callback.verdict == goldilocks.judge(history, validation_rows=20))
model.fit(x, x, epochs=1, verbose=0, callbacks=[callback])
print(callback.verdict)
"""


def test_importing_judge_loads_numpy_alone_and_sets_nothing():
    done = subprocess.run([sys.executable, "-c", JUDGE], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True []\n", "")


@pytest.mark.long
def test_the_callback_judges_any_keras_training():
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", FIT], capture_output=True, text=True, env=environment
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0].startswith("validation_rows is 0; expected")
    assert lines[1] == "True False"
    assert lines[2].startswith("verdict ")
    assert lines[-2:] == ["True", "None"]
    assert "No verdict: The history holds loss; expected a training loss and a val" in done.stderr


def test_the_package_offers_its_names():
    assert set(goldilocks.__all__) <= set(dir(goldilocks))
    assert callable(goldilocks.judge)
    assert not hasattr(goldilocks, "judges")


def test_the_verdict_on_a_csv_is_that_on_its_columns(tmp_path):
    path = tmp_path / "history.csv"
    rows = zip(*HISTORY.values(), strict=True)
    path.write_text("\n".join([",".join(HISTORY), *(",".join(map(str, row)) for row in rows)]))
    verdict = goldilocks.judge(HISTORY, **KNOWN)
    assert goldilocks.judge(str(path), **KNOWN) == verdict
    assert verdict.word in VERDICTS
    assert str(verdict).startswith(f"verdict   {verdict.word}: {verdict.sentence}\n")
    assert json.loads(verdict.to_json())["answers"] == verdict.answers


def test_how_a_history_was_read_is_part_of_the_sentence():
    history = {"train_loss": FALLING, "eval_loss": RISING}
    sentence = goldilocks.judge(history, **{**KNOWN, "baseline": {"loss": 0.69}}).sentence
    assert sentence.endswith(" Read train_loss as training loss and eval_loss as validation loss.")
    assert "that needs the guess's loss" not in sentence
    assert "that needs the guess's loss" in goldilocks.judge(history).sentence


@pytest.mark.parametrize("epochs", [1, 2, 3, 30])
@pytest.mark.parametrize(
    "known", [{}, {"baseline": {"accuracy": 0.5}}, {"validation_rows": 5}, KNOWN]
)
@pytest.mark.parametrize("spoilt", [None, math.nan, math.inf, -math.inf, 1e300, 0.0, -5.0])
def test_every_curve_has_a_verdict(epochs, known, spoilt):
    history = {name: values[:epochs] for name, values in HISTORY.items()}
    if spoilt is not None:
        history |= {"loss": [*history["loss"][1:], spoilt]}
    verdict = goldilocks.judge(history, **known)
    assert verdict.sentence
    assert all(0 <= p <= 1 for p in verdict.answers.values())
    if spoilt is not None and not math.isfinite(spoilt):
        assert verdict.word == "diverged"
