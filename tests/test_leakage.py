"""Leakage: labels are planted in validation and test rows, and nothing may change."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas
import pytest

from conftest import ROOT
from goldilocks.encoding import encoder as encoding
from goldilocks.protocol import holdout, kfold

ROWS = 160
NONE = np.arange(0)
HOLDOUT = {"validation": 0.25, "test": 0.25, "seed": 0}


def frame(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (ROWS, 2))
    label = (x.sum(axis=1) + rng.normal(0, 0.7, ROWS)) > 0
    return pandas.DataFrame(
        {
            "a": x[:, 0],
            "b": x[:, 1],
            "leak": rng.normal(0, 1, ROWS),
            "says": np.where(label, "yes", "no"),
        }
    )


def written(folder, table, name="table.csv"):
    table.to_csv(folder / name, index=False)
    return (f"dataset.file={folder / name}",)


@pytest.fixture
def loaded(tmp_path, composed):
    """The table as a data set, with the label planted in the column "leak" of some rows."""

    def load(rows=NONE):
        table = frame()
        table.loc[rows, "leak"] = (table["says"] == "yes").astype(float)[rows]
        overrides = ("dataset=table", *written(tmp_path, table), "dataset.target=says")
        return composed(*overrides).builder("dataset")()

    return load


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_scaling_uses_training_rows_only(loaded, seed):
    sound = loaded()
    splits = [
        *holdout.split(sound, **{**HOLDOUT, "seed": seed}),
        *kfold.split(sound, k=4, shuffle=True, test=0.25, seed=seed),
    ]
    for split in splits:
        for rows in (split.validation, split.test):
            planted = loaded(rows)
            assert not planted.x["leak"].equals(sound.x["leak"])
            encoder, other = (
                encoding.fit(data, split.train, in_order=False) for data in (sound, planted)
            )
            features = encoding.features(planted, other, split.train)
            assert np.array_equal(features, encoding.features(sound, encoder, split.train))


@pytest.mark.long
def test_rows_that_a_column_calls_test_are_not_learned_from(tmp_path, composed):
    parts = np.resize(["train", "train", "validation", "test"], ROWS)
    loads = []
    for number, rows in enumerate((NONE, np.flatnonzero(parts == "test"))):
        table = frame().assign(part=parts)
        table.loc[rows, "leak"] = (table["says"] == "yes").astype(float)[rows]
        file = written(tmp_path, table, f"{number}.csv")
        typed = ("dataset=table", *file, "dataset.target=says", "dataset.split=part")
        loads.append(composed(*typed).builder("dataset")())

    sound, planted = loads
    [split], [other] = (holdout.split(data, **HOLDOUT) for data in loads)
    assert split.test.tolist() == other.test.tolist() == np.flatnonzero(parts == "test").tolist()
    assert split.validation.tolist() == np.flatnonzero(parts == "validation").tolist()
    encoders = [encoding.fit(data, split.train, in_order=False) for data in loads]
    features = [
        encoding.features(data, encoder, split.train)
        for data, encoder in zip(loads, encoders, strict=True)
    ]
    assert np.array_equal(*features)
    assert "part" not in sound.x
    assert sound.digest != planted.digest


@pytest.mark.long
def test_a_split_does_not_depend_on_the_values_of_its_rows(loaded):
    [sound] = holdout.split(loaded(), **HOLDOUT)
    [planted] = holdout.split(loaded(sound.test), **HOLDOUT)
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(sound, part), getattr(planted, part))


@pytest.mark.long
@pytest.mark.parametrize("in_order", [False, True])
def test_a_vocabulary_has_words_of_training_rows_only(tmp_path, composed, in_order):
    rng = np.random.default_rng(0)
    label = np.arange(ROWS) % 2
    texts = np.array(
        [" ".join(rng.choice(["sun", "rain", "wind", "sea"], 5)) for _ in range(ROWS)], dtype=object
    )
    table = pandas.DataFrame({"text": texts, "says": np.where(label, "good", "bad")})
    settings = ("dataset=texts", "dataset.text=text", "dataset.target=says")
    sound = composed(*settings, *written(tmp_path, table)).builder("dataset")()
    [split] = holdout.split(sound, **HOLDOUT)
    for rows in (split.validation, split.test):
        planted = table.copy()
        planted.loc[rows, "text"] += [f" answer{label}" for label in planted["says"][rows]]
        data = composed(*settings, *written(tmp_path, planted, "planted.csv")).builder("dataset")()
        encoder = encoding.fit(data, split.train, in_order=in_order)
        words = np.array(["rain", "answergood", "answerbad", "zzz"], dtype=object)
        known, good, bad, unknown = encoding.features(replace(data, x=words), encoder, np.arange(4))
        assert not np.array_equal(known, unknown)
        assert np.array_equal(good, unknown)
        assert np.array_equal(bad, unknown)


@pytest.mark.slow
def test_a_workflow_never_reads_test_rows_before_its_last_step(folder, loaded):
    [split] = holdout.split(loaded(), **HOLDOUT)
    finished = []
    typed = [
        "dataset=table",
        "dataset.target=says",
        "protocol=holdout",
        "model.layers=1",
        "trainer.epochs=15",
        "budget=16runs",
        "optimizer.learning_rate=0.01",
    ]
    for name, rows in (("sound", NONE), ("planted", split.test)):
        table = frame()
        table.loc[rows, "leak"] = (table["says"] == "yes").astype(float)[rows]
        home = folder / name  # Of its own: the same rows are tested by both.
        home.mkdir()
        written(home, table)
        done = subprocess.run(
            [sys.executable, ROOT / "workflow.py", "dataset.file=table.csv", *typed],
            cwd=home,
            env={**os.environ, "GOLDILOCKS_LEDGER": str(home / "ledger.db")},
            capture_output=True,
            text=True,
            # One training at a time: always in the same order.
            preexec_fn=lambda: os.sched_setaffinity(0, {0}),
        )
        assert done.returncode == 0, done.stderr

        [results] = (home / ".goldilocks" / "workflows").iterdir()
        finished.append(
            {file.stem: json.loads(file.read_text()) for file in results.glob("*.json")}
        )
    sound, planted = finished
    for step in ("problem", "baseline", "power", "scale", "tune"):
        reports = [results[step]["report"] for results in (sound, planted)]
        tables = [[{**row, "run": ""} for row in report["table"]] for report in reports]
        assert tables[0] == tables[1], step
        assert reports[0]["decision"] == reports[1]["decision"]
    assert sound["tune"]["trials"] == planted["tune"]["trials"]
    assert sound["final"]["score"]["validation"] == planted["final"]["score"]["validation"]
