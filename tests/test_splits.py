"""Splits that come with a person's own files: by a column, or as files of their own."""

import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import table
from goldilocks.dataset.readers import splits
from goldilocks.errors import DataError
from goldilocks.protocol import holdout, kfold
from test_table import HOW

ROWS = 60
WORDS = ["train", "Training", " train ", "VAL", "valid", "TEST"]
HOUSES = pd.DataFrame(
    {
        "size": np.random.default_rng(0).normal(80, 20, ROWS).round(1),
        "kind": ["flat", "loft", "villa"] * (ROWS // 3),
        "sold": pd.date_range("2024-01-15", periods=ROWS).strftime("%d.%m.%Y"),
        "price": np.random.default_rng(1).normal(200, 50, ROWS).round(1),
    }
)


@pytest.fixture
def load(tmp_path):
    """Load tables; the first is `file`, others are given by their key."""

    def from_frames(file, target="price", split=None, drop=(), **others):
        paths = {}
        for key, frame in {"file": file, **others}.items():
            paths[key] = str(tmp_path / f"{key}.csv")
            frame.to_csv(paths[key], index=False)
        return table.load(target=target, **{**HOW, "split": split, "drop": drop, **paths})

    return from_frames


def test_a_column_says_the_part_of_each_row_whatever_its_capital_letters(load):
    parts = np.resize(WORDS, ROWS)
    data = load(HOUSES.assign(part=parts), split="part")
    assert list(data.x) == ["size", "kind", "sold"]
    assert data.fixed["test"].tolist() == np.flatnonzero(parts == "TEST").tolist()
    assert data.fixed["validation"].tolist() == np.flatnonzero(np.isin(parts, WORDS[3:5])).tolist()
    [split] = holdout.split(data, validation=0.25, test=0.25, seed=0)
    assert [len(split.train), len(split.validation), len(split.test)] == [30, 20, 10]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["train", "holdout"],
            r"'part' of file\.csv holds 'holdout'; expected rows for train, and",
        ),
        (["train", None], r"holds ''; expected"),
        (["test", "val"], r"holds no row for train; expected rows for train"),
    ],
)
def test_other_words_are_refused(load, words, message):
    with pytest.raises(DataError, match=message):
        load(HOUSES.assign(part=np.resize(np.array(words, object), ROWS)), split="part")


def test_rows_left_out_do_not_move_the_parts(load):
    table = HOUSES.assign(part=["train"] * 40 + ["test"] * 20)
    table.loc[[3, 45], "price"] = None
    assert load(table, split="part").fixed["test"].tolist() == list(range(39, 58))


def test_the_parts_are_in_the_digest(load):
    digests = [
        load(HOUSES.assign(part=["train"] * (ROWS - rows) + ["test"] * rows), split="part").digest
        for rows in (10, 11)
    ]
    assert len({*digests, load(HOUSES).digest}) == 3


def test_a_column_that_could_say_the_parts_is_named(load):
    notes = load(HOUSES.assign(part=["train"] * 40 + ["test"] * 20)).notes
    sentence = "The column 'part' holds train, test, and is an input. If it says the parts of a "
    assert f"{sentence}split, type dataset.split=part." in notes
    assert not any("dataset.split" in note for note in load(HOUSES).notes)


def test_files_are_parts_that_are_read_by_one_reading(load):
    train, valid, test = HOUSES[:40], HOUSES[40:50], HOUSES[50:][HOUSES.columns[::-1]]
    data = load(train, validation_file=valid, test_file=test.assign(kind="castle"))
    assert data.fixed["validation"].tolist() == list(range(40, 50))
    assert data.fixed["test"].tolist() == list(range(50, 60))
    assert set(data.x["kind"][50:]) == {"castle"}
    assert data.x["size"].tolist() == HOUSES["size"].tolist()
    assert data.readings["sold"].format == "%d.%m.%Y"
    for split in kfold.split(data, k=3, shuffle=True, test=0.25, seed=0):
        assert split.test.tolist() == list(range(50, 60))
        assert sorted([*split.train, *split.validation]) == list(range(50))


def test_a_column_that_is_read_by_day_in_one_file_decides_for_all(load):
    # No day of the second file is above 12.
    data = load(
        HOUSES[:40], test_file=HOUSES[:12].assign(sold=[f"{n:02}.02.2024" for n in range(1, 13)])
    )
    assert data.x["sold"][40:].diff().dropna().eq(1).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda test: test.drop(columns="price"), r"differ in their columns price; expected"),
        (
            lambda test: test.rename(columns={"size": "Size"}),
            r"differ in their columns Size, size;",
        ),
        (
            lambda test: test.assign(
                size=test["size"].map(lambda value: str(value).replace(".", ","))
            ),
            r"'size' is written '\d+\.\d', '\d+,\d' in .*file\.csv and .*test_file\.csv: no one way",
        ),
        (
            lambda test: test.assign(sold=[f"2024-03-{day:02}" for day in range(1, 21)]),
            r"'sold' is written '15\.01\.2024', '2024-03-01' in",
        ),
    ],
)
def test_files_that_differ_are_refused(load, changed, message):
    with pytest.raises(DataError, match=message):
        load(HOUSES[:40], test_file=changed(HOUSES[40:]))


def test_a_row_that_is_repeated_in_the_test_file_is_not_trained_with(load):
    data = load(HOUSES[:50], test_file=HOUSES[40:])
    [split] = holdout.split(data, validation=0.25, test=0.25, seed=0)
    assert len(split.test) == 20
    assert not set(split.train) & set(range(40, 50))
    assert any("Left out 10 rows repeating test rows." in note for note in split.notes)


def test_a_column_of_bytes_is_no_column_of_parts(tmp_path):
    column = pd.Series([b"\xff\xfe", b"train"], name="part")
    with pytest.raises(DataError, match="part"):
        splits._of_column(column, tmp_path / "rows.parquet")
