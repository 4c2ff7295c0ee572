import math

import numpy as np
import pandas as pd
import pytest

from goldilocks import formatting


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.27489, "0.2749"),
        (0.00012345, "0.0001234"),
        (12.0, "12"),
        (999.96, "1000"),
        (12310.4, "12,310"),
        (-1234.5, "-1,234"),
        (1.2345e9, "1.2e+09"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_a_number_has_four_digits_and_no_needless_exponent(value, text):
    assert formatting.number(value) == text


def test_fewer_digits_can_be_requested():
    assert formatting.number(0.04567, digits=2) == "0.046"


def test_a_difference_shows_its_sign():
    assert [formatting.signed(value) for value in (0.25, 0.0, -3.0)] == ["+0.25", "+0", "-3"]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.001, "<1 %"), (0.256, "26 %"), (0.999, ">99 %"), (1.0, "100 %")],
)
def test_a_share_never_reads_as_all_or_nothing_unless_it_is(share, text):
    assert formatting.percent(share) == text


def test_a_table_leaves_missing_cells_empty():
    table = pd.DataFrame({"name": ["a", None], "value": [12310.4, math.nan]})
    assert formatting.markdown(table).splitlines() == [
        "| name | value |",
        "| --- | --- |",
        "| a | 12,310 |",
        "|  |  |",
    ]


@pytest.mark.parametrize("count", [2, 5, 9])
def test_a_shortened_name_keeps_the_values(count):
    values = ["0.0603161", "32", "128", "0.00123", "0.000123", "relu", "0.25", "7", "1e-05"][:count]
    words = [f"a_long_key_{number}={value}" for number, value in enumerate(values)]
    name = formatting.name_of(words)
    assert [word.partition("=")[2] for word in name.split(" ")] == values
    assert len(name) <= 60 or count == 9


def test_a_table_of_a_terminal_has_columns():
    table = pd.DataFrame({"units": ["4", "512"], "val_mae": [0.27489, math.nan]})
    assert formatting.aligned(table).splitlines() == [
        "units val_mae",
        "    4  0.2749",
        "  512        ",
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "1 row"), (0, "0 rows"), (np.int64(1), "1 row"), (np.float64(1.5), "1.5 rows")],
)
def test_a_noun_agrees_with_its_count(count, text):
    assert formatting.counted(count, "row") == text
