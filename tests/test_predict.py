"""`goldilocks predict`, against the predictions that a run makes on its own data set."""

import contextlib
import dataclasses
import io
import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from conftest import ROOT
from goldilocks import cli
from goldilocks.dataset.readers.reading import Reading
from goldilocks.encoding import encoder as encoding
from goldilocks.encoding import schema
from goldilocks.model.transfer import split
from goldilocks.problem import resolve
from goldilocks.run import seen_rows, train
from goldilocks.run.context import RunContext, TrainingSpec
from goldilocks.run.run import run
from goldilocks.serving import predict
from goldilocks.tracking import inputs, local, registry
from goldilocks.training.predict import predict as predict_rows

ROWS = 80
OTHERS = ("price", "grade", "red", "green")
GOOD, BAD, OTHER = ("good", "great", "fine"), ("bad", "poor", "dull"), ("film", "plot", "a", "the")


def write_data(folder):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"size": rng.normal(100, 20, ROWS), "age/years": rng.integers(0, 90, ROWS)}
    )
    frame["zip"] = rng.choice(["01067", "10115", "x"], ROWS)
    frame.loc[::7, "size"] = np.nan
    frame.loc[::11, "zip"] = None
    frame["price"] = (frame["size"].fillna(100) * 2 - frame["age/years"]).round(2)
    frame["grade"] = pd.qcut(frame["price"], 3, labels=["low", "middle", "high"]).astype(object)
    frame["red"], frame["green"] = (
        (frame["price"] > 150).astype(int),
        (frame["age/years"] > 45).astype(int),
    )
    frame.to_csv(folder / "rows.csv", index=False)
    asked = frame[["zip", "size", "age/years"]].assign(more="x")  # other order, one more, no target
    asked[asked["zip"] != "x"].to_csv(folder / "asked.csv", index=False)
    for number in range(24):
        path = folder / "pets" / ("cat" if number % 2 else "dog") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 128, (12, 14, 3), dtype=np.uint8)
        pixels[..., number % 2] += 100
        Image.fromarray(pixels).save(path)
    said = [
        " ".join([*rng.choice(GOOD if row % 2 else BAD, 2), *rng.choice(OTHER, 3)])
        for row in range(ROWS)
    ]
    moods = ["pos" if row % 2 else "neg" for row in range(ROWS)]
    pd.DataFrame({"review": said, "mood": moods}).to_csv(folder / "texts.csv", index=False)
    times = pd.date_range("2020-01-01", periods=120, freq="h")
    waves = {"kwh": np.sin(np.arange(120) / 4) + 3, "heat": np.cos(np.arange(120) / 9), "flat": 1.0}
    load = pd.DataFrame({"hour": times, **waves})
    load.loc[[5, 50], "heat"] = np.nan
    load.to_csv(folder / "load.csv", index=False)


def table(target):
    dropped = ",".join(name for name in OTHERS if name not in target)
    return (
        "dataset=table",
        "dataset.file=rows.csv",
        f"dataset.target={target}",
        f"dataset.drop=[{dropped}]",
    )


KINDS = {
    "regression": table("price"),
    "multiclass": table("grade"),
    "multilabel": table("[red,green]"),
    "image": (
        "dataset=images",
        "dataset.dir=pets",
        "dataset.image_size=12",
        "model=convnet",
        "model.filters=[4]",
    ),
    "text": (
        "dataset=texts",
        "dataset.file=texts.csv",
        "dataset.text=review",
        "dataset.target=mood",
    ),
    "series": (
        *("dataset=series", "dataset.file=load.csv", "dataset.time=hour", "dataset.target=kwh"),
        *("dataset.lookback=12", "dataset.step=2", "dataset.delay=3", "model=mlp"),
    ),
}


class Home:
    """A folder with data, and a run of each kind, made when it is asked for."""

    def __init__(self, folder, composed):
        self.folder, self.composed, self.made = folder, composed, {}
        self.store = local.connect(uri=None, experiment="goldilocks")

    def run(self, kind):
        """The ID of a run, and its own predictions of all rows of its data set, float32 (rows,
        outputs).
        """
        if kind not in self.made:
            settings = self.composed(*KINDS[kind], "trainer=smoke", "model.units=4")
            dataset = settings.builder("dataset")()
            if kind == "regression":  # The whole of a run once: training and plots take seconds.
                with contextlib.redirect_stdout(io.StringIO()):
                    run(settings)
                [found] = self.store.client.search_runs(
                    [self.store.experiment_id], "tags.role = 'plain'"
                )
                run_id = found.info.run_id
            else:
                run_id = self.logged(settings, dataset)
            encoder, network = split(self.store.load_model(run_id))
            own = predict_rows(encoder, network, dataset, np.arange(len(dataset.y)))
            assert (own.max(axis=0) - own.min(axis=0) > 1e-3).all(), (
                "else any row would do for any other"
            )
            self.made[kind] = run_id, own
        return self.made[kind]

    def logged(self, settings, dataset):
        """A run that has logged what one does, of a network that was not trained."""
        problem = resolve(dataset.problem, **settings.tree["problem"])
        [parts] = settings.builder("protocol")(dataset)
        context = RunContext(settings, self.store, dataset, problem)
        job = train.prepare(context, TrainingSpec(settings, parts, None, ""), {})
        with self.store.start_run(
            problem.type,
            parent=None,
            params=settings.flat,
            tags={"problem": problem.type},
            resume=None,
        ) as tracker:
            (self.folder / "files").mkdir(exist_ok=True)
            taken = schema.of(dataset, problem)
            (self.folder / "files" / schema.FILE).write_text(taken.to_json())
            seen_rows.write(dataset, parts, self.folder / "files")
            tracker.files(self.folder / "files")
            tracker.dataset(dataset, np.arange(len(dataset.y)), name="old", context="training")
            tracker.model(
                encoding.attach(job.encoder, job.model), encoding.raw(dataset, parts.train[:2])
            )
        return tracker.run_id

    def predict(self, run_id, path):
        cli.main(["predict", run_id, str(path), "--output", str(self.folder / "out.csv")])
        return pd.read_csv(self.folder / "out.csv", keep_default_na=False)


@pytest.fixture(scope="module")
def home(shared_folder, composed):
    write_data(shared_folder)
    return Home(shared_folder, composed)


def shares(found):
    """The columns of probabilities, (rows, classes), and their names."""
    names = [name for name in found.columns if name.startswith("probability of ")]
    return found[names].to_numpy(), [name.removeprefix("probability of ") for name in names]


@pytest.mark.long
def test_numbers_of_a_table_are_the_runs_own(home):
    run_id, own = home.run("regression")
    found = home.predict(run_id, "rows.csv")
    assert list(found.columns) == ["row", "price"]
    assert found["row"].tolist() == list(range(1, ROWS + 1))
    np.testing.assert_allclose(found["price"], own[:, 0], rtol=1e-6, atol=1e-6)


def test_the_score_is_said_where_the_target_is_there_and_which_rows_were_trained_on(home, capsys):
    run_id, _ = home.run("regression")
    capsys.readouterr()
    home.predict(run_id, "rows.csv")
    said = capsys.readouterr().err
    assert re.search(rf"score     mae .+ \(.+ to .+\), of {ROWS} of {ROWS} rows", said)
    assert "rows of the run: 40 in train, 20 in validation, 20 in test." in said
    assert "20 of these rows are sealed test rows of the run" in said
    home.predict(run_id, "asked.csv")
    said = capsys.readouterr().err
    assert "score     " not in said
    assert "of these rows are sealed test rows of the run" in said


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "file"), [("series", "load.csv"), ("image", "pets"), ("text", "texts.csv")]
)
def test_sealed_rows_of_every_kind_are_warned_of(home, capsys, kind, file):
    run_id, _ = home.run(kind)
    settings = home.composed(*KINDS[kind])
    [parts] = settings.builder("protocol")(settings.builder("dataset")())
    capsys.readouterr()
    home.predict(run_id, file)
    said = capsys.readouterr().err
    assert f"{len(parts.test)} of these rows are sealed test rows of the run" in said


def test_windows_of_another_time_are_not_warned_of(home, capsys):
    run_id, _ = home.run("series")
    load = pd.read_csv("load.csv", parse_dates=["hour"])
    load.assign(hour=load["hour"] + pd.Timedelta("365D")).to_csv("later.csv", index=False)
    load.assign(kwh=load["kwh"] + 0.01).to_csv("other.csv", index=False)
    capsys.readouterr()
    for file in ("later.csv", "other.csv"):
        home.predict(run_id, file)
    assert "sealed" not in capsys.readouterr().err


def test_folders_that_are_named_as_classes_are_the_truth(home, capsys):
    run_id, own = home.run("image")
    capsys.readouterr()
    home.predict(run_id, "pets")
    said = capsys.readouterr().err
    assert f"of {len(own)} of {len(own)} rows" in said


def test_other_order_fewer_rows_and_no_target_change_no_number(home):
    run_id, own = home.run("regression")
    found = home.predict(run_id, "asked.csv")
    kept = (pd.read_csv("rows.csv")["zip"] != "x").to_numpy()
    assert 0 < kept.sum() < ROWS
    np.testing.assert_allclose(found["price"], own[kept, 0], rtol=1e-6, atol=1e-6)


@pytest.mark.long
def test_probabilities_of_several_classes_are_the_runs_own(home):
    run_id, own = home.run("multiclass")
    found = home.predict(run_id, "rows.csv")
    numbers, names = shares(found)
    assert names == ["high", "low", "middle"]
    np.testing.assert_allclose(numbers, own, atol=1e-6)
    assert found["grade"].tolist() == [names[place] for place in own.argmax(axis=1)]


def test_labels_and_their_probabilities_are_the_runs_own(home):
    run_id, own = home.run("multilabel")
    found = home.predict(run_id, "rows.csv")
    numbers, names = shares(found)
    assert names == ["red", "green"]
    np.testing.assert_allclose(numbers, own, atol=1e-6)
    said = [
        ", ".join(name for name, share in zip(names, row, strict=True) if share > 0.5)
        for row in own
    ]
    assert found["labels"].tolist() == said


def test_images_are_the_runs_own_nested_or_flat(home):
    run_id, own = home.run("image")
    found = home.predict(run_id, "pets")
    assert list(found.columns) == ["file", "class", "probability of cat", "probability of dog"]
    np.testing.assert_allclose(found["probability of dog"], own[:, 0], atol=1e-6)
    flat = home.predict(run_id, "pets/dog")
    assert flat["file"].tolist()[:2] == ["0.png", "2.png"]
    np.testing.assert_allclose(flat["probability of dog"], own[12:, 0], atol=1e-6)


def test_texts_are_the_runs_own(home):
    run_id, own = home.run("text")
    found = home.predict(run_id, "texts.csv")
    np.testing.assert_allclose(shares(found)[0], np.concatenate([1 - own, own], axis=1), atol=1e-6)
    assert found["mood"].tolist() == ["pos" if share > 0.5 else "neg" for share in own[:, 0]]
    (home.folder / "one.txt").write_text(pd.read_csv("texts.csv")["review"][3])
    alone = home.predict(run_id, "one.txt")
    assert alone["file"].tolist() == ["one.txt"]
    np.testing.assert_allclose(alone["probability of pos"], own[3], atol=1e-6)


def test_windows_are_the_runs_own_and_go_on_to_the_end(home):
    run_id, own = home.run("series")
    found = home.predict(run_id, "load.csv")
    assert list(found.columns) == ["hour", "kwh"]
    assert len(found) == len(own) + 3, (
        "the last windows have no target yet: that is what is asked for"
    )
    np.testing.assert_allclose(found["kwh"][: len(own)], own[:, 0], rtol=1e-6, atol=1e-6)
    assert (found["hour"].iloc[0], found["hour"].iloc[-1]) == (
        "2020-01-01 14:00:00",
        "2020-01-06 02:00:00",
    )


@contextlib.contextmanager
def as_version_0_1_logged_it(home, run_id):
    """A run without `input.json`, whose data set has a schema of MLflow's instead."""
    noted = inputs.of(home.store, run_id)
    if noted.kind == "table":
        dtypes = {"number": "float64", "category": "object"}
        columns = [
            {"name": name, "type": dtypes[column.kind]} for name, column in noted.columns.items()
        ]
        logged = {"mlflow_colspec": columns}
    else:
        shape = {"image": [*(noted.image_size or ()), 3], "text": [], "series": [12, 2]}[noted.kind]
        spec = {"type": "tensor", "tensor-spec": {"dtype": "uint8", "shape": [-1, *shape]}}
        logged = {"mlflow_tensorspec": {"features": json.dumps([spec]), "targets": None}}
    *_, given = home.store.client.get_run(run_id).inputs.dataset_inputs
    with sqlite3.connect(home.folder / "mlflow.db") as connection:
        connection.execute(
            "UPDATE datasets SET dataset_schema = ? WHERE digest = ?",
            (json.dumps(logged), given.dataset.digest),
        )

    [file] = home.folder.glob(f"mlruns/*/{run_id}/artifacts/input.json")
    text = file.read_text()
    file.unlink()
    try:
        yield noted
    finally:
        file.write_text(text)


def test_a_run_without_the_note_of_this_version_is_understood_as_far_as_it_can_be(home):
    run_id, _ = home.run("multiclass")
    with as_version_0_1_logged_it(home, run_id) as noted:
        found = inputs.of(home.store, run_id)
        kinds = {name: Reading(kind=column.kind) for name, column in noted.columns.items()}
        assert found == dataclasses.replace(noted, columns=kinds)
        np.testing.assert_allclose(
            shares(home.predict(run_id, "asked.csv"))[0].sum(axis=1), 1, atol=1e-6
        )
    for kind in ("image", "text"):
        run_id, _ = home.run(kind)
        with as_version_0_1_logged_it(home, run_id) as noted:
            assert inputs.of(home.store, run_id) == noted
    run_id, _ = home.run("series")
    with (
        as_version_0_1_logged_it(home, run_id),
        pytest.raises(
            SystemExit,
            match=r"did not log what its model takes; .+ not a sweep .+ train it again\.",
        ),
    ):
        home.predict(run_id, "load.csv")


def test_answers_are_printed_where_no_file_is_named(home, capsys):
    run_id, _ = home.run("text")
    cli.main(["predict", run_id, "texts.csv"])
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "row,mood,probability of neg,probability of pos"
    assert len(said.out.splitlines()) == ROWS + 1
    assert said.err.startswith("score     accuracy ")


@pytest.mark.long
def test_a_registered_model_is_found_by_its_name(home):
    run_id, own = home.run("regression")
    registry.register(home.store, run_id, "prices")
    for named in ("prices", "prices/1", "prices@champion", "models:/prices@champion"):
        assert home.predict(named, "rows.csv")["price"][0] == pytest.approx(own[0, 0], rel=1e-6)


@pytest.mark.parametrize(
    ("named", "path", "sentence"),
    [
        (
            "f" * 32,
            "rows.csv",
            r"^goldilocks: the run to look at is f{32}, and the store sqlite.+ has no such run",
        ),
        (
            "nothing",
            "rows.csv",
            r"^goldilocks: nothing is neither the ID of a run .+ nor a registered model",
        ),
        (None, "nowhere.csv", r"^goldilocks: nowhere\.csv is not there"),
        (None, "texts.csv", r"^goldilocks: texts\.csv has no column 'size'"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(home, named, path, sentence):
    (home.folder / "out.csv").write_text("kept")
    with pytest.raises(SystemExit, match=sentence):
        cli.main(["predict", named or home.run("regression")[0], path, "--output", "out.csv"])
    assert (home.folder / "out.csv").read_text() == "kept"
    assert not list(home.folder.glob("*.part"))


def test_a_file_that_cannot_be_written_is_said_in_a_sentence(home):
    with pytest.raises(
        SystemExit, match=r"^goldilocks: .+nowhere.+ Expected a folder that can be written"
    ):
        cli.main(["predict", home.run("regression")[0], "rows.csv", "--output", "nowhere/out.csv"])


@pytest.mark.long
def test_a_link_and_a_device_stay_what_they_are(home):
    run_id = home.run("regression")[0]
    (home.folder / "real.csv").write_text("old")
    (home.folder / "real.csv").chmod(0o640)
    (home.folder / "link.csv").symlink_to("real.csv")
    os.mkfifo(home.folder / "pipe")
    pipe = os.open(home.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    cli.main(["predict", run_id, "rows.csv", "--output", "link.csv"])
    cli.main(["predict", run_id, "rows.csv", "--output", "pipe"])
    cli.main(["predict", run_id, "rows.csv", "--output", os.devnull])
    written = (home.folder / "real.csv").read_bytes()
    assert os.read(pipe, 10_000) == written
    assert len(written.splitlines()) > 2
    assert (home.folder / "link.csv").is_symlink()
    assert (home.folder / "real.csv").stat().st_mode & 0o777 == 0o640
    assert stat.S_ISFIFO((home.folder / "pipe").stat().st_mode)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    os.close(pipe)


def test_no_cell_is_a_formula(tmp_path):
    found = pd.DataFrame(
        {
            "=file": ["=1+1.png", "@cmd", "\t=1", "\uff1d1", "-1.5", "plain"],
            "value": [-1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        }
    )
    with (tmp_path / "out.csv").open("w", newline="") as file:
        assert predict._write(iter([found]), file) == 6
    cells = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert list(cells) == ["'=file", "value"]
    assert list(cells["'=file"]) == ["'=1+1.png", "'@cmd", "'\t=1", "'\uff1d1", "-1.5", "plain"]
    assert cells["value"][0] == "-1.0"


def test_a_unit_stands_in_the_header():
    nothing = {
        "image_size": None,
        "channels": 0,
        "text": None,
        "time": (),
        "time_format": "",
        "header": None,
        "fill": 0,
        "lookback": 0,
        "step": 0,
        "delay": 0,
    }
    nothing |= {"kind": "table", "problem": "regression", "classes": (), "columns": {}}
    found = predict.table(
        schema.Schema(target="value", unit="k$", **nothing),
        "row",
        [1, 2],
        np.array([[1.5], [2.5]], "float32"),
    )
    assert found.to_csv(index=False) == "row,value (k$)\n1,1.5\n2,2.5\n"
    outputs = dict.fromkeys(("row", "b"), Reading(kind="number"))
    several = predict.table(
        schema.Schema(target="row, b", outputs=outputs, **nothing),
        "row",
        [1],
        np.array([[1.5, 2.5]], "float32"),
    )
    assert several.to_csv(index=False) == "row,predicted row,b\n1,1.5,2.5\n"


def test_each_label_has_its_own_threshold():
    labels = schema.Schema(
        kind="table",
        problem="multilabel",
        target="labels",
        classes=("red", "round"),
        columns={},
        thresholds=(0.25, 0.75),
    )
    found = predict.table(labels, "row", [1, 2], np.array([[0.5, 0.5], [0.25, 1]], "float32"))
    assert found["labels"].tolist() == ["red", "round"]


@pytest.mark.slow
def test_nobody_who_stops_reading_is_told_off(home):
    run_id, _ = home.run("text")
    command = f"{sys.executable} -c 'from goldilocks.cli import main; main()' predict {run_id} texts.csv | true"
    env = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, shell=True, cwd=home.folder, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.stderr.startswith("score     accuracy")
    assert not re.search("Broken|Traceback", done.stderr)
