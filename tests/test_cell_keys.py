import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import cell_keys, series, table
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
    return table.load(file=str(path), target="price", **{**OF_TABLE, **how}).cell_keys


def test_equal_rows_of_a_table_have_equal_keys_and_others_have_not(write):
    twice = pd.concat([HOUSES, HOUSES.iloc[:7]])
    keys = keys_of_table(write(twice))
    assert keys.dtype == np.uint64
    assert keys.shape == (ROWS + 7, 4)
    assert len({tuple(row) for row in keys}) == ROWS
    assert keys[ROWS:].tolist() == keys[:7].tolist()


def test_one_cell_of_a_column_that_is_left_out_has_another_key(write):
    other = HOUSES.assign(note=["changed", *HOUSES["note"][1:]])
    differ = keys_of_table(write(HOUSES)) != keys_of_table(write(other))
    assert np.argwhere(differ).tolist() == [[0, 2]]


@pytest.mark.parametrize(
    "how", [{"drop": ["size"]}, {"header": 1}, {"decimal": "point"}, {"keep": ["note"]}]
)
def test_the_options_of_reading_change_no_key(write, how):
    path = write(HOUSES)
    assert keys_of_table(path, **how).tolist() == keys_of_table(path).tolist()


def test_rows_without_a_target_have_no_key(write):
    gaps = HOUSES.assign(price=HOUSES["price"].where(HOUSES.index != 3))
    keys = keys_of_table(write(gaps))
    assert keys.tolist() == np.delete(keys_of_table(write(HOUSES)), 3, axis=0).tolist()


def test_lists_in_parquet_have_keys(tmp_path):
    HOUSES.assign(many=[[row] for row in range(ROWS)]).to_parquet(tmp_path / "rows.parquet")
    assert len(set(keys_of_table(tmp_path / "rows.parquet")[:, -1])) == ROWS


def test_columns_have_no_names_and_no_places(write):
    moved = HOUSES.rename(columns={"size": "area"})[["note", "area", "price", "kind"]]
    keys = keys_of_table(write(moved))
    assert keys[:, [1, 3, 0, 2]].tolist() == keys_of_table(write(HOUSES)).tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["1", "2", "-0"], ["1.0", "2.00", "0"]),
        (["1", "2", "3"], [1, 2, 3]),
        (["0.1", "1e3", "2.50"], np.array([0.1, 1000, 2.5], "float32")),
        (["2020-01-01", "2021-02-03"], pd.to_datetime(["2020-01-01", "2021-02-03"])),
        (["2020-01-01 12:30:00"], pd.to_datetime(["2020-01-01 12:30"])),
        (["True", "False"], [True, False]),
        ([" Flat", "house"], ["flat", "House "]),
        (["1.23456789", "2"], [1.234568, 2]),
    ],
)
def test_cells_have_one_key_however_they_are_written(one, other):
    first, second = (cell_keys.of_frame(pd.DataFrame({"a": cells})) for cells in (one, other))
    assert first.tolist() == second.tolist()


def test_other_cells_have_other_keys_and_a_missing_one_has_none():
    cells = ["1", "2", "1.5", "1.25", "12345678", "12345679", "flat", "flats", "x1", None, "-1"]
    keys = cell_keys.of_frame(pd.DataFrame({"a": cells}))[:, 0]
    assert len(set(keys.tolist())) == len(cells)
    assert np.flatnonzero(keys == 0).tolist() == [cells.index(None)]


def test_keyed_keys_are_equal_where_keys_are_and_depend_on_the_secret():
    keys = np.array([[5, 0], [7, 5]], np.uint64)
    first, other = (cell_keys.keyed(keys, secret) for secret in (b"one", b"two"))
    assert first[0, 0] == first[1, 1] != first[1, 0]
    assert first[0, 1] == 0
    assert not np.isin(first[first > 0], other).any()


def test_texts_are_one_cell_be_they_in_files_or_in_a_column(write):
    found = load_texts(file=write(HOUSES), text="note", target="kind")
    keys = cell_keys.of_dataset(found)
    assert keys.shape == (ROWS, 1)
    renamed = HOUSES.rename(columns={"note": "text"})[["kind", "text"]]
    again = load_texts(file=write(renamed), text="text", target="kind")
    assert cell_keys.of_dataset(again).tolist() == keys.tolist()


def test_a_window_of_a_series_has_the_key_of_the_row_that_it_predicts(write):
    frame = HOUSES.assign(day=pd.date_range("2020-01-01", periods=ROWS).astype("str"))
    how = {**OF_SERIES, "lookback": 6, "delay": 2}
    other = {**OF_SERIES, "lookback": 3, "delay": 5, "step": 2, "drop": ["size"]}
    first, second = (
        series.load(file=str(path), time="day", target="price", **options).cell_keys
        for path, options in ((write(frame), how), (write(frame.iloc[::-1]), other))
    )
    assert first.shape == (ROWS - 6 - 2 + 1, 2)
    assert first.tolist() == second.tolist()
    assert len(set(first[:, 0].tolist())) == len(first)
