import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import series, table
from test_series import HOW as OF_SERIES
from test_table import HOW as OF_TABLE
from test_texts import load as load_texts

GENERATOR = np.random.default_rng(0)
ROWS = 60
HOUSES = pd.DataFrame(
    {
        "size": GENERATOR.integers(20, 200, ROWS) / 2,
        "kind": GENERATOR.choice(["flat", "house", "loft"], ROWS),
        "note": [f"written about number {row}" for row in range(ROWS)],
        "price": GENERATOR.normal(size=ROWS).round(3),
    }
)


@pytest.fixture
def write(tmp_path):
    """Writes a frame as CSV, and gives its path."""

    def to_file(frame, **style):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"
        frame.to_csv(path, index=False, **style)
        return path

    return to_file


def keys_of_table(path, **how):
    return table.load(file=str(path), target="price", **{**OF_TABLE, **how}).raw_keys


def test_equal_rows_of_a_table_have_equal_keys_and_others_have_not(write):
    twice = pd.concat([HOUSES, HOUSES.iloc[:7]])
    keys = keys_of_table(write(twice))
    assert keys.dtype == np.uint64
    assert len(set(keys)) == ROWS
    assert keys[ROWS:].tolist() == keys[:7].tolist()


def test_one_cell_of_a_column_that_is_left_out_changes_the_key_of_its_row(write):
    other = HOUSES.assign(note=["changed", *HOUSES["note"][1:]])
    differ = keys_of_table(write(HOUSES)) != keys_of_table(write(other))
    assert differ.tolist() == [True, *[False] * (ROWS - 1)]


@pytest.mark.parametrize(
    "how", [{"drop": ["size"]}, {"header": 1}, {"decimal": "point"}, {"keep": ["note"]}]
)
def test_the_options_of_reading_change_no_key(write, how):
    path = write(HOUSES)
    assert keys_of_table(path, **how).tolist() == keys_of_table(path).tolist()


def test_rows_without_a_target_have_no_key(write):
    gaps = HOUSES.assign(price=HOUSES["price"].where(HOUSES.index != 3))
    keys = keys_of_table(write(gaps))
    assert keys.tolist() == np.delete(keys_of_table(write(HOUSES)), 3).tolist()


def test_lists_in_parquet_have_keys(tmp_path):
    HOUSES.assign(many=[[row] for row in range(ROWS)]).to_parquet(tmp_path / "rows.parquet")
    assert len(set(keys_of_table(tmp_path / "rows.parquet"))) == ROWS


def test_texts_of_a_file_have_keys_of_all_their_columns(write):
    found = load_texts(file=write(HOUSES), text="note", target="kind")
    assert found.raw_keys.tolist() == keys_of_table(write(HOUSES)).tolist()
    fewer = load_texts(file=write(HOUSES), text="note", target="kind", drop_classes=["loft"])
    left = (HOUSES["kind"] != "loft").to_numpy()
    assert fewer.raw_keys.tolist() == found.raw_keys[left].tolist()


def test_a_window_of_a_series_has_the_key_of_the_row_that_it_predicts(write):
    frame = HOUSES.assign(day=pd.date_range("2020-01-01", periods=ROWS).astype("str"))
    frame.loc[:4, "size"] = np.nan  # Left out: no value before them.
    keys = keys_of_table(write(frame))
    how = {**OF_SERIES, "lookback": 6, "delay": 2}
    for path in (write(frame), write(frame.iloc[::-1])):
        found = series.load(file=str(path), time="day", target="price", **how)
        assert found.raw_keys.tolist() == keys[5 + 6 + 2 - 1 :].tolist()
