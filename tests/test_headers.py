import numpy as np
import pandas as pd
import pytest

from goldilocks.config.rules import rules_of
from goldilocks.dataset.readers import files
from goldilocks.errors import DataError

GENERATOR = np.random.default_rng(0)
ROWS = 60
HOUSES = pd.DataFrame(
    {
        "size": GENERATOR.uniform(20, 200, ROWS).round(1),
        "rooms": GENERATOR.integers(1, 7, ROWS),
        "kind": GENERATOR.choice(["flat", "house", "loft"], ROWS),
        "price": GENERATOR.integers(1000, 9000, ROWS),
    }
)


@pytest.fixture
def write(tmp_path):
    """Writes a file of text, and gives its path."""

    def to_file(text, name="rows.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return to_file


def read(path, header=None):
    return files.read_cells(path, header=header)


def with_units(units, separator=",", above=""):
    names, rows = HOUSES.to_csv(index=False, sep=separator).split("\n", 1)
    return f"{above}{names}\n{units.replace(',', separator)}\n{rows}"


@pytest.mark.parametrize("units", ["m2,-,,EUR", "m²,count,text,€", "[m2],,-,[EUR]", "m2,-,x,-"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_line_of_units_is_asked_about_and_can_be_left_out(write, units, separator):
    path = write(with_units(units, separator))
    with pytest.raises(
        DataError, match=r'Line 2 of .* looks like units.*"dataset\.header=\[1,2\]"'
    ):
        read(path)
    found = read(path, [1, 2])
    assert list(found.frame.columns) == list(HOUSES.columns)
    assert found.frame["price"].tolist() == HOUSES["price"].astype("str").tolist()
    assert "Left out line 2" in found.notes[0]
    assert len(read(path, 1).frame) == ROWS + 1


def test_units_below_comments_and_titles(write):
    path = write(with_units("m2,-,,EUR", above="# till\n\n"))
    with pytest.raises(DataError, match=r'Line 4 of .*"dataset\.header=\[3,4\]"'):
        read(path)
    assert len(read(path, [3, 4]).frame) == ROWS
    path = write(with_units("m2,-,,EUR", above="Sales report\n"))
    assert len(read(path, [2, 3]).frame) == ROWS


def test_an_empty_line_between_names_and_units(write):
    path = write(with_units("m2,-,,EUR").replace("price\n", "price\n\n"))
    with pytest.raises(DataError, match=r'Line 3 of .*"dataset\.header=\[1,3\]"'):
        read(path)
    assert len(read(path, [1, 3]).frame) == ROWS


@pytest.mark.parametrize("first", ["20.5,-,,NA", ",,flat,", "NA,-,flat,?", "m2,3,flat,EUR"])
def test_a_row_of_gaps_is_no_line_of_units(write, first):
    assert len(read(write(with_units(first))).frame) == ROWS + 1


def test_a_word_for_a_gap_that_stands_in_other_rows_is_no_unit(write):
    prices = ["sold" if row % 9 == 0 else str(row) for row in range(ROWS)]
    frame = pd.DataFrame({"kind": HOUSES["kind"], "price": prices})
    assert len(read(write(frame.to_csv(index=False))).frame) == ROWS


def test_units_in_a_spreadsheet(tmp_path):
    pytest.importorskip("openpyxl")
    units = pd.DataFrame([["m2", "-", "", "EUR"]], columns=HOUSES.columns)
    path = tmp_path / "rows.xlsx"
    pd.concat([units, HOUSES]).to_excel(path, index=False)
    with pytest.raises(DataError, match=r"Line 2 of .* looks like units"):
        read(path)
    assert read(path, [1, 2]).frame["price"].tolist() == HOUSES["price"].tolist()


def headless(frame):
    return frame.to_csv(index=False, header=False)


TEXTS = pd.DataFrame({"label": GENERATOR.integers(0, 2, ROWS), "text": ""})
TEXTS["text"] = [f"the film number {row} was quite good" for row in range(ROWS)]
DAYS = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=ROWS).astype("str")})
DAYS["value"] = HOUSES["size"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (HOUSES, r"occurs in \d+ rows of its own column"),
        (HOUSES[["kind", "size"]], r"occurs in \d+ rows of its own column"),
        (HOUSES[["size", "rooms", "price"]], "they are numbers"),
        (HOUSES[["rooms", "rooms", "rooms"]], "they are numbers"),
        (HOUSES[["price"]], "they are numbers"),
        (HOUSES[["size", "size", "rooms"]], "they are numbers"),
        (DAYS, "they are numbers, dates"),
        (TEXTS, "they are numbers, dates or texts"),
        (TEXTS[["text", "label"]], "they are numbers, dates or texts"),
        (TEXTS.assign(label=TEXTS["label"].map({0: "ham", 1: "spam"})), r"occurs in \d+ rows"),
    ],
)
@pytest.mark.parametrize("style", ["plain", "spaces", "commas"])
def test_a_file_without_a_header_line_is_asked_about(write, frame, reason, style):
    content = headless(frame)
    if style == "spaces":
        content = content.replace(",", ", ")
    elif style == "commas":
        content = frame.to_csv(index=False, header=False, sep=";", decimal=",")
    path = write(content)
    with pytest.raises(DataError, match=rf"Line 1 of .*{reason}.*\. Type dataset\.header=0 if"):
        read(path)
    found = read(path, 0).frame
    assert list(found.columns) == [str(at + 1) for at in range(frame.shape[1])]
    assert len(found) == ROWS


def test_no_header_line_below_comments(write):
    path = write("# exported\n" + headless(HOUSES))
    with pytest.raises(DataError, match=r"Line 2 of .*dataset\.header=0"):
        read(path)
    assert len(read(path, 0).frame) == ROWS


@pytest.mark.parametrize(
    "names",
    [
        ["2019", "2020", "country", "2021"],
        ["2018", "2019", "kind", "2020"],
        ["2019", "2020", "label", "2021"],
        ["400.5", "401", "substance", "401.5"],
        ["Jan-20", "Feb-20", "kind", "Mar-20"],
        ["1st floor", "2nd floor", "kind", "price"],
        ["How large is it", "How many rooms has it", "What kind is it", "What does it cost"],
        ["0", "1", "2", "3"],
        ["1", "2", "3", "4"],
        ["", "0", "1", "2"],
    ],
)
def test_names_that_hold_numbers_are_names(write, names):
    frame = HOUSES.copy()
    frame.columns = names
    found = read(write(frame.to_csv(index=False))).frame
    assert len(found) == ROWS


def test_a_name_that_stands_in_a_few_rows_is_a_name(write):
    frame = HOUSES.assign(kind=["kind", "kind", "kind", *HOUSES["kind"][3:]])
    assert len(read(write(frame.to_csv(index=False))).frame) == ROWS


def test_what_was_asked_can_be_answered(write):
    path = write(headless(HOUSES[["size", "rooms"]]))
    assert len(read(path, 1).frame) == ROWS - 1


def test_the_rule_of_the_header():
    rule = rules_of("configuration")["dataset.header"]
    assert all(map(rule.allows, [None, 0, 1, 7, [1, 2], [3, 7]]))
    assert not any(map(rule.allows, [-1, [2, 1], [1, 1], [0, 1], [1], [1, 2, 3], "1", True]))


def test_rows_that_repeat_the_header_line_are_left_out_and_said(write):
    text = HOUSES.to_csv(index=False)
    found = read(write(text * 3))
    assert len(found.frame) == 3 * ROWS
    assert any("Left out 2 rows repeating the header line" in note for note in found.notes)
    assert len(read(write("answer\n" + "answer\nother\n" * 3)).frame) == 6
