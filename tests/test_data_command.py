"""`goldilocks data`: how each kind of data is read, without training and without TensorFlow."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from composition import ROOT
from goldilocks import cli

ROWS = 120

LOOK = """
import sys
from goldilocks.cli import main
main()
print(sorted({"keras", "mlflow", "tensorflow"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"number": range(ROWS), "size": rng.normal(90, 20, ROWS).round(2)})
    table["city"] = rng.choice(["Bonn", "Ulm"], ROWS)
    table.loc[::10, "city"] = None
    table["price"] = (2 * table["size"] + rng.normal(0, 5, ROWS)).round(2)
    table["sold"] = ["yes" if row % 3 else "no" for row in range(ROWS)]
    table.to_csv("it's a house.csv", index=False)

    hours = pd.date_range("2024-03-01", periods=300, freq="h")
    values = rng.normal(5, 1, 300).round(2)
    pd.DataFrame({"hour": hours, "kwh": values, "state": "on"}).to_csv("load.csv", index=False)
    texts = [f"{'good' if row % 2 else 'bad'} film number {row}" for row in range(ROWS)]
    answers = ["pos" if row % 2 else "neg" for row in range(ROWS)]
    pd.DataFrame({"review": texts, "answer": answers}).to_csv("films.csv", index=False)
    return tmp_path


def told(capsys, *arguments):
    cli.main(["data", *arguments])
    return capsys.readouterr().out


def read(capsys, *arguments):
    return json.loads(told(capsys, *arguments, "--json"))


def test_a_table_is_shown_with_its_columns_target_and_split(capsys):
    out = told(capsys, "it's a house.csv", "dataset.target=price", "--rows", "2")
    assert "it's a house.csv: table, rows 120" in out
    assert "number number   0       120      0       left out: it counts the rows" in out
    assert "city   category Ulm     2        12" in out
    assert "target: name price, problem regression, minimum " in out
    assert "split: train 59, validation 30, test 31" in out  # Two rows are equal.
    assert "note: Missing values, of 120 rows: city 12." in out
    header, first, second = (line.split() for line in out.splitlines()[-3:])
    assert header == ["size", "city", "sold", "price"]
    assert (len(first), len(second)) == (3, 4)  # The city of the first row is missing.


@pytest.mark.parametrize("name", ["boston", "imdb", "jena", "mnist", "reuters"])
def test_a_published_data_set_is_known_by_its_name(capsys, name):
    assert f": {name}, rows " in told(capsys, name, "dataset.source=stand_in")


@pytest.mark.parametrize(
    "arguments",
    [
        ("dataset=series", "dataset.file=load.csv"),
        ("dataset.file=load.csv",),
        ("dataset.file='load.csv'", "dataset=series"),
    ],
)
def test_what_is_typed_for_a_training_is_known_as_well(capsys, arguments):
    keys = "dataset.time=hour", "dataset.target=kwh"
    assert told(capsys, *arguments, *keys) == told(capsys, "load.csv", *keys)


def test_programs_get_the_same_as_json(capsys):
    data = read(capsys, "it's a house.csv", "dataset.target=sold", "protocol=kfold", "--rows=1")
    assert (data["dataset"], data["size"]) == ("table", {"rows": ROWS})
    assert data["target"]["problem"] == "binary"
    assert data["classes"] == {"no": 40, "yes": 80}
    assert [sum(parts.values()) for parts in data["splits"]] == [ROWS] * 4
    assert [column["column"] for column in data["columns"]] == ["number", "size", "city", "price"]
    assert data["examples"][0]["sold"] == "no"


@pytest.mark.parametrize(
    "arguments",
    [
        ["it's a house.csv", "dataset.target=price", "--json", "--rows", "1"],
        ["it's a house.csv", "--json", "dataset.target=price", "--rows=1", "protocol.test=0.25"],
        ["--json", "it's a house.csv", "--rows", "1", "dataset.target=price"],
        ["--json", "--rows", "1", "it's a house.csv", "dataset.target=price"],
    ],
)
def test_keys_and_options_stand_in_any_order(capsys, arguments):
    cli.main(["data", *arguments])
    data = json.loads(capsys.readouterr().out)
    assert (data["target"]["name"], len(data["examples"])) == ("price", 1)


def test_an_option_that_does_not_exist_is_refused_beside_keys(capsys):
    with pytest.raises(SystemExit):
        cli.main(["data", "films.csv", "--json", "dataset.target=answer", "--jsn"])
    assert "unrecognized arguments: dataset.target=answer --jsn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("median price (USD)", "dataset.target=median price (USD)"),
        ("价格", "dataset.target=价格"),
        ("x, y", "dataset.target=x, y"),
        ("null", "dataset.target='null'"),
        ("2020", "dataset.target=2020"),
        ("price", "dataset.target= price "),
        ("[a]", "dataset.target='[a]'"),
    ],
)
def test_a_column_is_named_as_in_the_file(capsys, name, key):
    pd.read_csv("it's a house.csv").rename(columns={"price": name}).to_csv("a (1).csv", index=False)
    data = read(capsys, "a (1).csv", key, "dataset.drop=city, number")
    assert data["target"]["name"] == name
    assert [column["column"] for column in data["columns"]] == ["size", "sold"]


@pytest.mark.parametrize(
    ("columns", "key", "labels"),
    [
        (["l1", "l2", "l3"], "dataset.target=l1,l2,l3", ["l1", "l2", "l3"]),
        (["C++", "R&D, other", "a"], "dataset.target=C++, R&D, other", ["C++", "R&D, other"]),
        (["C++", "R&D, other", "a"], "dataset.target=[C++,'R&D, other']", ["C++", "R&D, other"]),
        (["x, y", "x", "y"], "dataset.target=[x,y]", ["x", "y"]),
    ],
)
def test_several_columns_are_named_as_in_the_file(capsys, columns, key, labels):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.integers(0, 2, (60, 3)), columns=columns)
    table.assign(size=rng.normal(size=60)).to_csv("labels.csv", index=False)
    assert list(read(capsys, "labels.csv", key)["classes"]) == labels


def test_without_a_target_the_columns_are_shown_all_the_same(capsys):
    out = told(capsys, "it's a house.csv", "dataset.drop=[size]")
    assert "price  number" in out
    assert "size" not in out
    assert "target: none yet; add dataset.target=NAME" in out
    assert "split:" not in out


def test_a_file_with_a_time_is_a_series(capsys):
    arguments = ("load.csv", "dataset.time=hour", "dataset.target=kwh")
    data = read(capsys, *arguments, "--rows=1")
    assert data["dataset"] == "series"
    assert data["size"] == {
        "rows": 300,
        "windows": 276,
        "from": "2024-03-01",
        "to": "2024-03-13 11:00",
        "step": "1 hour",
    }
    assert {column["column"]: column["remark"] for column in data["columns"]} == {
        "kwh": "",
        "state": "left out: it does not hold numbers",
    }
    assert list(data["examples"][0]) == ["kwh"]
    assert "series, rows 300, windows 276, from 2024-03-01, to" in told(capsys, *arguments)


def test_what_rows_with_times_are_is_said_where_no_other_key_tells(monkeypatch, capsys):
    said = []
    monkeypatch.setattr("goldilocks.console.note", said.append)
    arguments = ("load.csv", "dataset.time=hour", "dataset.target=kwh")
    read(capsys, *arguments)
    assert said[0].startswith("dataset.time: read as a series. dataset=series predicts values")
    said.clear()
    assert read(capsys, *arguments, "dataset.lookback=12")["dataset"] == "series"
    assert read(capsys, *arguments, "dataset.date_parts=[hour]")["dataset"] == "table"
    drawn = read(capsys, "load.csv", "dataset.time=null", "dataset.target=kwh")
    assert drawn["dataset"] == "table"
    assert said == []


def test_columns_that_are_divided_by_time_have_no_finding_of_drawn_rows(capsys):
    walk = ("load.csv", "dataset=table", "dataset.time=hour")
    assert "D305" not in told(capsys, *walk)


def test_columns_without_a_target_are_read_with_times_and_groups(capsys):
    hours = pd.date_range("2024-01-01", periods=300, freq="h")[::-1]
    values = np.random.default_rng(0).normal(size=300)
    values[10] = values[34]
    frame = pd.DataFrame({"hour": hours, "a": values, "who": np.arange(300) // 10})
    frame.drop(columns="who").to_csv("back.csv", index=False)
    frame.to_csv("groups.csv", index=False)
    said = told(capsys, "back.csv", "dataset=table", "dataset.time=hour", "dataset.date_parts=none")
    assert "such as row 11 and row 35" in said
    assert "without dataset.query" in told(capsys, "groups.csv", "dataset.query=who")
    with pytest.raises(SystemExit, match=r"dataset\.time is hour and dataset\.group 'who'"):
        told(capsys, "groups.csv", "dataset=table", "dataset.time=hour", "dataset.group=who")


def test_rows_that_choose_the_epoch_are_apart(capsys):
    hours = pd.date_range("2024-01-01", periods=240, freq="h")
    pd.DataFrame(
        {"hour": hours, "a": np.arange(240.0) ** 0.5, "y": np.arange(240) % 7 + 0.5}
    ).to_csv("late.csv", index=False)
    words = ("late.csv", "dataset=table", "dataset.time=hour", "dataset.target=y")
    facts = read(capsys, *words, "inner_validation=0.25")
    assert facts["splits"] == [{"train": 90, "inner_validation": 30, "validation": 60, "test": 60}]
    assert [note for note in facts["notes"] if note.startswith("Divided by time")] == [
        "Divided by time: rows up to 2024-01-04 17:00 train, those from 2024-01-04 18:00 on "
        "choose the epoch, those from 2024-01-06 on validate, and those from 2024-01-08 12:00 "
        "on are the test."
    ]


def test_the_holes_of_a_series_are_listed(capsys, tmp_path):
    hours = pd.date_range("2024-03-01", periods=300, freq="h").delete([*range(50, 60), 99])
    frame = pd.DataFrame({"hour": hours, "kwh": np.arange(289.0) ** 0.5})
    frame.to_csv(tmp_path / "holes.csv", index=False)
    arguments = (str(tmp_path / "holes.csv"), "dataset.time=hour", "dataset.target=kwh")
    data = read(capsys, *arguments)
    hole = {"from": "2024-03-03 02:00", "to": "2024-03-03 11:00", "rows": 10, "column": ""}
    assert data["holes"][0] == hole
    assert data["size"]["windows"] == 289 - 3 * 24
    out = told(capsys, *arguments)
    assert "2 holes, which no window crosses; the first:" in out
    assert "2024-03-03 02:00 2024-03-03 11:00 10" in out


def test_a_file_with_a_text_is_texts(capsys):
    out = told(capsys, "films.csv", "dataset.text=review", "dataset.target=answer", "--rows=1")
    assert "films.csv: texts, rows 120, median words 4" in out
    assert "target: name answer, problem binary\n\nclass rows\nneg   60\npos   60\n" in out
    assert out.splitlines()[-1].split() == ["bad", "film", "number", "0", "neg"]


def test_a_folder_is_texts_or_images_as_its_files_are(capsys, here):
    for row in range(30):
        folder = here / "mails" / ("spam" if row % 3 else "ham")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{row}.txt").write_text(f"mail number {row}")
        folder = here / "pets" / ("cat" if row % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(row).integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{row}.png")
    (here / "pets" / "cat" / "notes.doc").touch()

    assert read(capsys, "mails")["classes"] == {"ham": 10, "spam": 20}
    pets = read(capsys, "pets", "dataset.image_size=8")
    assert (pets["dataset"], pets["classes"]) == ("images", {"cat": 15, "dog": 15})
    assert "Ignored in pets: 1 .doc." in pets["notes"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["films.csv", "dataset.target=null"], r"needs the column to predict: .+ review, answer"),
        (["mnits"], r"^goldilocks: mnits is no file, no folder .+ Did you mean mnist\?$"),
        (["empty"], r"^goldilocks: empty holds no images and no texts .+; expected .+ its file\.$"),
        (
            ["films.csv", "dataset.target=anser"],
            r"no column 'anser'.+ Did you mean dataset.target=answer\?$",
        ),
        (["none.csv"], r"none\.csv has no rows; expected a header line and rows below it\.$"),
        (["films.csv", "datset.target=answer"], r"type dataset\.target=answer\.$"),
        (
            ["films.csv", "dataset.target=the", "answer", "(yes)", "seed=x"],
            r"1\. answer \(yes\) cannot be read; .+ type 'dataset\.target=the answer \(yes\)'\.\n"
            r"  2\. seed is 'x'; [^\n]+$",
        ),
        (
            ["films.csv", "++dataset.target=a (b)"],
            r"an error; .+\n  1\. \+\+dataset\.target=a \(b\) cannot be read; .+ special signs, "
            r"\"\+\+dataset\.target='a \(b\)'\"\.$",
        ),
        (["films.csv", "dataset.target='Answer'"], r"Did you mean dataset\.target=answer\?$"),
        (["films.csv", "trainer.epochs=1,000"], r"an error.+\n.+ add -m for a run of each\.$"),
    ],
)
def test_errors_are_sentences(here, arguments, sentence):
    (here / "empty").mkdir()
    (here / "none.csv").write_text("size,price\n")
    with pytest.raises(SystemExit, match=sentence):
        cli.main(["data", *arguments])


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments",
    [
        ["it's a house.csv"],
        ["it's a house.csv", "dataset.target=price"],
        ["load.csv", "dataset.time=hour", "dataset.target=kwh", "dataset.lookback=24"],
        ["films.csv", "dataset.text=review", "dataset.target=answer"],
    ],
    ids=["columns", "table", "series", "texts"],
)
def test_nothing_heavy_is_imported_and_nothing_is_written(here, arguments):
    before = sorted(here.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", LOOK, "data", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")
    assert sorted(here.iterdir()) == before
