import datetime
import subprocess
import sys

import numpy as np
import pandas
import pytest

from goldilocks.dataset import table
from goldilocks.dataset.readers.reading import Reading
from goldilocks.errors import DataError

ROWS = 40
GENERATOR = np.random.default_rng(0)
NUMBERS = GENERATOR.normal(size=ROWS).round(3)
COLOURS = GENERATOR.choice(["red", "green", "blue"], ROWS)


HOW = {
    "problem": "auto",
    "drop": [],
    "time": None,
    "group": None,
    "query": None,
    "validation_file": None,
    "test_file": None,
    "split": None,
    "header": None,
    "decimal": "auto",
    "date_format": None,
    "date_parts": "auto",
    "keep": [],
    "missing": [],
    "ignore_case": False,
    "drop_classes": [],
    "subset": None,
}


def load(file, target: str | int | list | None = "y", problem="auto", **how):
    return table.load(file=str(file), target=target, **{**HOW, "problem": problem, **how})


@pytest.fixture
def write(tmp_path):
    """Writes a table with a column of numbers, one of colours, and more."""

    def to_file(name="rows.csv", sep=",", **columns):
        frame = pandas.DataFrame({"size": NUMBERS, "colour": COLOURS, **columns})
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(
            path, index=False, sep=sep
        )
        return path

    return to_file


def halves(first, second):
    return [first, second] * (ROWS // 2)


@pytest.mark.parametrize(
    ("values", "problem", "classes", "reason"),
    [
        (halves("yes", "no"), "binary", ("no", "yes"), "two values, no and yes"),
        (halves(0, 1), "binary", ("0", "1"), "two values, 0 and 1"),
        (halves(-1.0, 1.0), "binary", ("-1", "1"), "two values"),
        (halves(True, False), "binary", ("False", "True"), "two values"),
        (
            [*halves("ape", "bee")[:-1], "cat"],
            "multiclass",
            ("ape", "bee", "cat"),
            "3 different texts",
        ),
        ([3, 1, 2, 7] * 10, "multiclass", ("1", "2", "3", "7"), "only 4 different whole numbers"),
        (list(range(ROWS)), "regression", (), "40 different whole numbers, more than 20"),
        (list(NUMBERS), "regression", (), "numbers with decimals"),
    ],
)
def test_the_problem_is_inferred_with_a_note(write, values, problem, classes, reason):
    found = load(write(y=values))
    assert (found.problem, found.classes) == (problem, classes)
    assert any(
        f"Took 'y' for a {problem} target, because" in note and reason in note
        for note in found.notes
    )
    assert found.y.dtype == {"multiclass": np.int64}.get(problem, np.float32)
    names = [classes[int(label)] for label in found.y] if classes else found.y
    if problem == "multiclass":
        assert names == [str(value) for value in values]
    elif problem == "regression":
        assert names == pytest.approx(values, abs=1e-6)


def test_binary_says_which_class_is_one(write):
    found = load(write(y=halves("no", "yes")))
    assert found.y.tolist() == halves(0.0, 1.0)
    assert any("class predicted as 1 is yes" in note for note in found.notes)


@pytest.mark.parametrize("target", ["a,b,c", "a, b ,c", ["a", "b", "c"]])
def test_several_targets_are_labels(write, target):
    labels = GENERATOR.integers(0, 2, (ROWS, 3))
    found = load(
        write(a=labels[:, 0], b=labels[:, 1].astype(bool), c=labels[:, 2].astype(float)), target
    )
    assert (found.problem, found.classes) == ("multilabel", ("a", "b", "c"))
    assert found.y.dtype == np.float32
    assert found.y.tolist() == labels.tolist()
    assert list(found.x.columns) == ["size", "colour"]


def test_several_columns_of_numbers_are_outputs_of_one_regression(write):
    counts = [n % 7 for n in range(ROWS)]
    found = load(write(y=NUMBERS, b=counts, share=np.linspace(0, 1, ROWS)), ["y", "b", "share"])
    assert (found.problem, found.classes) == ("regression", ())
    assert (list(found.outputs), found.target) == (["y", "b", "share"], "y, b, share")
    assert found.y.dtype == np.float32
    assert found.y[:, 1].tolist() == counts
    assert any("Took 3 target columns for the numbers of a regression" in x for x in found.notes)
    assert load(write(y=NUMBERS, b=counts), "y").outputs == {}


def test_labels_are_numbers_where_the_problem_says_so(write):
    path = write(y=NUMBERS, a=halves(0, 1), b=[0, 1] * (ROWS // 2))
    assert load(path, "a,b").problem == "multilabel"
    found = load(path, "a,b", "regression")
    assert (found.problem, list(found.outputs)) == ("regression", ["a", "b"])
    assert load(path, "a,y", "regression").y.shape == (ROWS, 2)


def test_numbers_from_0_to_1_are_a_unit_regression_and_that_is_said(write):
    share = np.linspace(0, 1, ROWS)
    path = write(y=NUMBERS, share=share, rest=1 - share, flag=halves(0, 1), two=halves(0.25, 0.75))
    found = load(path, "share")
    assert found.problem == "unit_regression"
    assert any("dataset.problem=regression sets them no bounds" in note for note in found.notes)
    assert load(path, "share", "regression").problem == "regression"
    assert load(path, "share,rest").problem == "unit_regression"
    assert load(path, "share,y").problem == "regression"
    assert load(path, "flag").problem == load(path, "two").problem == "binary"
    narrow = load(write(y=NUMBERS, share=share, rate=0.4 * share), "share,rate")
    assert narrow.problem == "regression"
    assert any("they take up less than 0.5 of it" in note for note in narrow.notes)


def test_rows_without_one_of_several_targets_are_left_out_and_counted(write):
    found = load(write(b=[None, None, *NUMBERS[2:]], y=[*NUMBERS[:-1], None]), "y,b")
    assert len(found.y) == ROWS - 3
    assert any("is missing or infinite (y 1, b 2)." in note for note in found.notes)


def test_a_column_named_with_a_comma_is_one_target(write):
    assert load(write(**{"a,b": NUMBERS}), "a,b").problem == "regression"


def test_problem_can_be_set(write):
    path = write(y=[1, 2, 3, 4] * 10, share=np.linspace(0, 1, ROWS))
    assert load(path, problem="regression").y.tolist() == [1, 2, 3, 4] * 10
    assert load(path, "share", "unit_regression").problem == "unit_regression"
    assert load(path, problem="multiclass").notes == ()


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_columns_become_numbers_or_texts(write, name):
    gaps = [None, *NUMBERS[1:]]
    flags = pandas.array([None, *halves(True, False)[1:]], dtype="boolean")
    days = pandas.date_range("1970-01-11", periods=ROWS)
    path = write(
        name,
        y=NUMBERS,
        gaps=gaps,
        flags=flags,
        days=days,
        words=["", *COLOURS[1:]],
        count=halves(1, 5),
    )
    found = load(path)
    assert {column: str(dtype) for column, dtype in found.x.dtypes.items()} == {
        "size": "float64",
        "colour": "object",
        "gaps": "float64",
        "flags": "float64",
        "days": "float64",
        "words": "object",
        "count": "float64",
    }
    assert found.x["days"].tolist() == list(range(10, ROWS + 10))
    assert found.x["count"].tolist() == halves(1.0, 5.0)
    assert np.isnan(found.x["gaps"].iloc[0])
    assert np.isnan(found.x["flags"].iloc[0])
    assert found.x["words"].tolist() == ["", *COLOURS[1:]]
    assert {type(value) for value in found.x["colour"]} == {str}
    assert any("gaps 1, flags 1, words 1" in note and "of 40 rows" in note for note in found.notes)
    assert any("'days' holds dates" in note for note in found.notes)


def test_csv_and_parquet_of_one_table_have_one_digest(write):
    csv, parquet, other = (
        write(y=NUMBERS),
        write("rows.parquet", y=NUMBERS),
        write("other.csv", y=NUMBERS + 1),
    )
    assert load(csv).digest == load(parquet).digest
    assert load(csv).digest != load(other).digest
    assert load(csv).digest != load(csv, drop=["colour"]).digest


def test_what_parquet_alone_can_hold(write):
    path = write(
        "rows.parquet",
        y=NUMBERS,
        kind=pandas.Categorical(COLOURS),
        lists=[[1, 2]] * ROWS,
        dates=[datetime.date(1970, 1, 1 + row % 9) for row in range(ROWS)],
        waits=pandas.to_timedelta(np.arange(ROWS) % 7, unit="D"),
        wide=pandas.array([None, *range(1, ROWS)], dtype="Int64"),
        noon=pandas.date_range("2020-01-01 12:00", periods=ROWS, tz="Europe/Paris"),
    )
    found = load(path)
    assert list(found.x.columns) == ["size", "colour", "kind", "dates", "waits", "wide", "noon"]
    assert found.x["kind"].tolist() == found.x["colour"].tolist()
    assert found.x["dates"].iloc[8] == 8.0
    assert found.x["waits"].max() == 6.0
    assert found.readings["lists"].left_out.startswith("it holds mixed values")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([7.5] * ROWS, "it is 7.5 in every row"),
        (["same"] * ROWS, "it is 'same' in every row"),
        ([None] * ROWS, "it is empty"),
        ([f"name {row}" for row in range(ROWS)], "its 40 texts name the rows"),
        (list(range(1, ROWS + 1)), "it counts the rows"),
    ],
)
def test_a_useless_column_is_left_out_with_the_reason(write, values, reason):
    found = load(write(y=NUMBERS, useless=values))
    assert list(found.x.columns) == ["size", "colour"]
    assert found.readings["useless"].left_out.startswith(reason)


def test_a_missing_value_can_be_informative(write):
    assert "flag" in load(write(y=NUMBERS, flag=halves("x", None))).x.columns


def test_a_few_words_among_numbers_are_gaps(write):
    found = load(write(y=NUMBERS, nearly=["unknown", "?", *range(2, ROWS)]))
    assert found.x["nearly"].isna().sum() == 2
    assert any("'nearly' has 'unknown' for missing numbers" in note for note in found.notes)


def test_infinite_numbers_count_as_missing(write):
    found = load(write(y=NUMBERS, tall=[np.inf, *NUMBERS[1:]]))
    assert np.isnan(found.x["tall"].iloc[0])
    assert any("'tall' holds 1 infinite" in note for note in found.notes)


def test_rows_without_a_target_are_left_out_and_counted(write):
    found = load(write(y=[None, np.inf, *NUMBERS[2:]]))
    assert len(found.y) == len(found.x) == ROWS - 2
    assert found.x.index.tolist() == list(range(ROWS - 2))
    assert any("Left out 2 of 40 rows" in note for note in found.notes)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_detected(write, separator):
    assert load(write(y=NUMBERS, sep=separator)).x.shape == (ROWS, 2)


def test_a_decimal_comma_is_detected(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "\ufeffsize; y\n" + "".join(f"{n},5; {n},25\n" for n in range(ROWS)), encoding="utf-8"
    )
    found = load(path)
    assert found.x["size"].tolist() == [n + 0.5 for n in range(ROWS)]
    assert found.y.tolist() == [n + 0.25 for n in range(ROWS)]
    assert any("'size' is read as numbers, written 1234,5" in note for note in found.notes)
    assert any("target 'y' is read as numbers, written 1234,5" in note for note in found.notes)


def test_the_facts(write):
    path = write(y=NUMBERS)
    found = load(path, drop=["colour"], subset=5)
    assert (found.name, found.kind, found.source, found.location) == (
        "table",
        "table",
        "original",
        str(path),
    )
    assert (found.subset, found.fixed, list(found.x.columns)) == (5, {}, ["size"])


def test_numbers_can_be_names(write):
    assert load(write(**{"2020": NUMBERS}), 2020).y == pytest.approx(NUMBERS)


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        (
            {},
            {"target": None},
            r"add dataset\.target=NAME; expected one of the columns of rows\.csv: size, colour, y",
        ),
        (
            {},
            {"target": "Sise"},
            r"no column 'Sise'; expected one of .* size, colour, y\. Did you mean dataset.target=size\?",
        ),
        ({}, {"target": "y,z"}, r"no column 'z'"),
        ({}, {"drop": ["hue"]}, r"no column 'hue'"),
        ({}, {"drop": ["y"]}, r"'y' is in both dataset\.target and dataset\.drop"),
        ({}, {"drop": ["size", "colour"]}, r"no column left to predict y from"),
        ({"y": [3] * ROWS}, {}, r"target 'y' is 3 in every row; expected at least two values"),
        (
            {"y": [1.0] * 5 + [None] * 35},
            {},
            r"has 5 rows with a target \(y\) of 40 .* expected at least 20",
        ),
        (
            {"y": [1, 2, -3, 4] * 10},
            {"problem": "binary"},
            r"4 values \(-3, 1, 2, 4\), .* is binary; expected two",
        ),
        (
            {"y": [f"t{n}" for n in range(ROWS)]},
            {},
            r"40 different values in 40 rows .* classes with several rows",
        ),
        (
            {"y": halves("a", "b")},
            {"problem": "regression"},
            r"holds texts \(a, b\), and .* is regression; expected",
        ),
        ({"y": NUMBERS * 100}, {"problem": "unit_regression"}, r"goes from -.* expected 0 to 1"),
        (
            {},
            {"problem": "multilabel"},
            r"names one column \(y\), in which no cell holds several tags .* expected tags such as",
        ),
        (
            {},
            {"target": "y,size", "problem": "binary"},
            r"names 2 columns, .* is binary; expected one column",
        ),
        ({}, {"target": "y,y"}, r"names a column twice"),
        (
            {"a": halves(0, 1), "b": halves(0, 2)},
            {"target": "a,b"},
            r"names numbers \(b\) and classes: a \(0, 1\); expected .* dataset\.drop_classes=a, or "
            r"dataset\.drop_classes=b\. .* for numbers, type dataset\.problem=regression\.$",
        ),
        (
            {"b": [1.5, *NUMBERS[1:]], "kind": halves("red", "blue"), "ok": halves("yes", "no")},
            {"target": "y,kind,b,ok"},
            r"names numbers \(y, b\) and classes: kind \(.*\), ok \(.*\); .*"
            r"kind out: 'dataset\.drop_classes=\[kind,ok\]', or 'dataset\.drop_classes=\[y,b\]'\.$",
        ),
        (
            {"b": [2.5] * ROWS},
            {"target": "y,b"},
            r"target 'b' is 2\.5 in every row; expected at least two",
        ),
        (
            {"b": halves("red", "blue")},
            {"target": "y,b", "problem": "regression"},
            r"'b' holds texts \(.*\), and dataset\.problem is regression; expected numbers",
        ),
        (
            {"b": [n / 10 for n in range(ROWS)]},
            {"target": "y,b", "problem": "unit_regression"},
            r"'y' goes from -.* expected 0 to 1",
        ),
        (
            {"b": [1e300, *NUMBERS[1:]]},
            {"target": "y,b"},
            r"'b' is 1e\+300 in row 1; expected 0, or a size",
        ),
        (
            {"a": halves(0, 1), "b": halves(0, 0)},
            {"target": "a,b"},
            r"label 'b' holds 0; expected only 0 and 1.* leave it out: dataset\.drop_classes=b\.",
        ),
        (
            {"a": halves(0, 1), "b": ["red|big", "red", "big", "big"] * (ROWS // 4)},
            {"target": "a,b"},
            r"names 'b', whose cells hold tags \('red\|big'\), and 1 more; expected one column of",
        ),
        (
            {"y": halves("red", "")},
            {"problem": "multilabel"},
            r"names one column \(y\), in which no cell holds several tags .* expected tags such as",
        ),
        (
            {"y": halves("red|photo", "photo")},
            {"problem": "multilabel"},
            r"1 can be labels\. Left out tags of 'y' that every row has \(photo\)\. Expected two",
        ),
        (
            {"y": [f"tag {n}|tag {n + 1}" for n in range(ROWS)]},
            {},
            r"40 different values in 40 rows .* for labels, .*, dataset\.problem=multilabel",
        ),
    ],
)
def test_what_cannot_be_predicted_is_a_sentence(write, columns, options, said):
    with pytest.raises(DataError, match=said):
        load(write(**{"y": NUMBERS, **columns}), **options)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("rows.doc", b"PK", r"ends in '\.doc'; expected one of \.csv, .* Save the table as CSV"),
        ("rows.xlsx", b"PK", r"cannot be read as xlsx \(Cannot detect file format\)"),
        ("rows.csv", b"", r"nothing but empty lines"),
        ("rows.csv", b"\n\n", r"nothing but empty lines"),
        ("rows.csv", b"a,y\n", r"has 0 rows with a target \(y\)"),
        (
            "rows.csv",
            b"a,y\nb\xe9,1\n" * 30,
            r"not UTF-8: line 2 has the byte 0xe9\. Save it as UTF-8",
        ),
        (
            "rows.csv",
            b"a,y\n1,2\n1,2,3\n" * 30,
            r"cannot be read: line 3 \(Expected Number of Columns: 2 Found: 3\) is '1,2,3'",
        ),
        ("rows.csv", b"a,y\n" + b"1,2,3\n" * 30, r"begins with 'a,y', and line 2 is '1,2,3'"),
        ("rows.csv", b"a,a ,y\n" + b"1,2,3\n" * 30, r"more than one column named 'a'"),
        ("rows.parquet", b"not parquet", r"cannot be read as parquet"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        load(tmp_path / name)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(DataError, match=r"house\.csv cannot be read as csv .*No such file"):
        load(tmp_path / "house.csv")


def test_a_table_needs_no_tensorflow(write):
    call = f"table.load(file={str(write(y=NUMBERS))!r}, target='y', **{HOW!r})"
    check = "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    script = f"import sys; from goldilocks.dataset import table; {call}; {check}"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_rows_of_a_group_have_a_number_in_common_and_the_column_is_no_input(write):
    patients = [f"p{number // 2}" if number != 5 else "" for number in range(ROWS)]
    data = load(write(y=NUMBERS, patient=patients), group="patient")
    assert data.groups is not None
    assert data.groups.dtype == np.int64
    assert data.groups[0] == data.groups[1] != data.groups[2]
    assert (data.groups == data.groups[5]).sum() == 1  # A missing one stands for itself.
    assert "patient" not in data.x.columns
    assert "1 rows have no patient; each is a group of its own." in data.notes
    assert load(write(y=NUMBERS)).groups is None


def test_the_rows_of_a_query_are_a_group_and_are_ranked(write):
    searches = [f"s{number // 4}" for number in range(ROWS)]
    data = load(write(y=NUMBERS, search=searches), query="search")
    assert data.query == "search"
    assert "search" not in data.x.columns
    assert data.queries(np.array([0, 3, 4])).tolist() == [0, 0, 1]
    assert load(write(y=NUMBERS)).queries(np.arange(3)) is None

    file = write(y=NUMBERS, search=searches, one=[f"q{number}" for number in range(ROWS)])
    with pytest.raises(DataError, match=r"Each of the \d+ rows has a 'one' of its own"):
        load(file, query="one")
    with pytest.raises(DataError, match=r"dataset\.query is 'search' and dataset\.group 'one'"):
        load(file, query="search", group="one")


def test_a_group_that_is_the_target_is_refused(write):
    with pytest.raises(
        DataError, match=r"The column 'y' is in both dataset\.target and .+dataset\.group"
    ):
        load(write(y=NUMBERS), group="y")


@pytest.mark.parametrize("value", [1e39, -1e300, 1e-39])
def test_a_target_that_is_no_float32_is_refused_with_its_row(write, value):
    y = [*NUMBERS[:3], None, *NUMBERS[4:7], value, *NUMBERS[8:]]
    with pytest.raises(DataError, match=r"The target 'y' is .* in row 8; expected"):
        load(write(y=y))


def test_a_target_of_too_many_digits_is_left_out_as_infinite(write):
    found = load(write(y=[*NUMBERS[:3], "9" * 400, *NUMBERS[4:]]))
    assert "Left out 1 of 40 rows, because their target is missing or infinite." in found.notes


@pytest.mark.parametrize(
    "values", [[202001, 202002] * 20, [f"{number:05d}" for number in range(100, 140)]]
)
def test_digits_are_no_dates_among_inputs(write, values):
    found = load(write(y=NUMBERS, code=values))
    assert "dates" not in " ".join(found.notes)


def test_a_number_that_may_be_read_in_two_ways_is_asked_for_or_decided_by_the_file(write):
    size = [f"{number + 1},{500 + number * 7 % 90}" for number in range(ROWS)]
    asked = write(y=halves("a", "b"), area=size, size=range(ROWS))
    with pytest.raises(
        DataError, match=r"'1,500' in row 1 is 1500, then type dataset\.decimal=point"
    ):
        load(asked)
    assert load(asked, decimal="point").x["area"][0] == 1500
    assert load(asked, decimal="comma").x["area"][0] == 1.5
    decided = write("decided.csv", y=halves("a", "b"), area=size, size=NUMBERS)
    assert load(decided).x["area"][0] == 1500


def test_labels_that_differ_in_capital_letters_are_joined_when_asked(write):
    path = write(y=["Yes", "yes ", "no", "No"] * 10)
    found = load(path)
    assert found.classes == ("No", "Yes", "no", "yes")
    assert len(load(path, ignore_case=True).classes) == 2


def test_a_class_is_left_out_by_its_name(write):
    found = load(write(y=["a", "b", "c", "b"] * 10), drop_classes=["c"])
    assert (found.classes, len(found.y)) == (("a", "b"), 30)
    with pytest.raises(DataError, match=r"dataset\.drop_classes names 'd', which no row has"):
        load(write(y=halves("a", "b")), drop_classes=["d"])


def test_classes_are_left_out_beside_rows_without_a_target(write):
    found = load(write(y=["a", "b", "c", None] * 10), drop_classes=["c"])
    assert found.classes == ("a", "b")
    assert len(found.y) == 20


def test_a_target_of_categories_in_parquet_is_read(tmp_path):
    classes = pandas.Series([3, 5] * 20, dtype="category")
    pandas.DataFrame({"size": NUMBERS, "y": classes}).to_parquet(tmp_path / "rows.parquet")
    assert load(tmp_path / "rows.parquet").classes == ("3", "5")


def test_an_empty_target_is_asked_for(write):
    with pytest.raises(
        DataError, match=r"needs the column to predict.* Networks here learn to predict"
    ):
        load(write(y=halves("a", "b")), target="")


@pytest.mark.parametrize("step", [1, 10])
def test_a_counter_of_rows_is_left_out_in_any_order_and_kept_when_asked(write, step):
    counter = np.random.default_rng(1).permutation(ROWS) * step
    path = write(y=NUMBERS, index=counter)
    assert "index" not in load(path).x
    assert load(path).readings["index"].left_out.endswith("dataset.keep=index keeps it")
    assert "index" in load(path, keep=["index"]).x


def test_codes_of_more_digits_than_numbers_have_are_words(write):
    codes = [str(10**17 + at % 9) for at in range(ROWS)]
    assert load(write(y=NUMBERS, code=codes)).x["code"].tolist() == codes


@pytest.mark.parametrize("gap", ["NA", "null", "unknown", "-"])
def test_dates_may_have_gaps(write, gap):
    days = pandas.date_range("2020-01-01", periods=ROWS).strftime("%Y-%m-%d")
    found = load(write(y=NUMBERS, day=[gap, *days[1:]]))
    assert np.isnan(found.x["day"].iloc[0])
    assert found.x["day"].iloc[1] == 18263
    assert found.readings["day"].words == ((gap,) if gap in ("unknown", "-") else ())


@pytest.mark.parametrize("sign", ["|", ";", " ; "])
def test_a_column_of_tags_is_labels_and_its_reading_is_said(write, sign):
    tags = [sign.join(part) for part in (["red", "blue"], ["blue"], ["red", "big"], [], ["big"])]
    found = load(path := write(tags=tags * (ROWS // 5)), "tags")
    assert (found.problem, found.classes, found.target) == (
        "multilabel",
        ("big", "blue", "red"),
        "tags",
    )
    assert found.y.dtype == np.float32
    assert found.y[:5].tolist() == [[0, 1, 1], [0, 1, 0], [1, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert found.target_reading == Reading(kind="tags", format=sign.strip())
    said = " ".join(found.notes)
    assert f"joins tags by {sign.strip()!r}, such as 'red{sign}big': each tag is a label" in said
    assert "3 tags for labels (big, blue, red); 8 of 40 rows have none" in said

    classes = load(path, "tags", problem="multiclass")
    assert classes.classes == tuple(sorted({f"red{sign}blue", "blue", f"red{sign}big", "big"}))


def test_tags_between_commas_are_labels_where_somebody_says_so(write):
    tags = ["red, blue", "blue", "red", "red, big", "big"]
    path = write(tags=tags * (ROWS // 5))
    found = load(path, "tags")
    assert (found.problem, len(found.classes)) == ("multiclass", 5)
    assert any("type dataset.problem=multilabel" in note for note in found.notes)
    assert load(path, "tags", problem="multilabel").classes == ("big", "blue", "red")


def test_tags_that_are_more_than_cells_are_classes_and_what_makes_labels_of_them_is_said(write):
    path = write(tags=halves("red|big", "blue|round"))
    found = load(path, "tags")
    assert found.classes == ("blue|round", "red|big")
    assert any("by '|', and each combination is a class" in note for note in found.notes)
    assert len(load(path, "tags", problem="multilabel").classes) == 4
    assert not any("join" in note for note in load(path, "tags", problem="binary").notes)


def test_names_with_a_comma_are_no_tags(write):
    names = ["Doe, John", "Smith, Ann", "Brown, Bob"]
    assert not any("tags" in note for note in load(write(y=(names * ROWS)[:ROWS])).notes)


def test_a_label_can_be_left_out_and_its_rows_stay(write):
    path = write(a=halves(0, 1), b=halves(1, 0), c=halves(0, 0))
    found = load(path, "a,b,c", drop_classes=["c"])
    assert (found.classes, found.target, len(found.y)) == (("a", "b"), "a, b", ROWS)
    assert list(found.x.columns) == ["size", "colour"]
    tags = ["red|blue", "blue|big", "red|big", "red"] * (ROWS // 4)
    found = load(write(tags=tags), "tags", drop_classes=["big"])
    assert (found.classes, len(found.y)) == (("blue", "red"), ROWS)
    with pytest.raises(DataError, match=r"names 'bg', which no row has; .* big, blue, red"):
        load(write(tags=tags), "tags", drop_classes=["bg"])
