import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldilocks.dataset.readers import numbers
from goldilocks.dataset.readers.numbers import STYLES, NumberStyle, read_numbers

NAN = math.nan
MANY = [str(number) for number in range(30)]


def read(cells):
    return [
        (reading.style, reading.values.tolist(), reading.words)
        for reading in read_numbers(pa.array(cells, pa.large_string()))
    ]


@pytest.mark.parametrize(
    ("cells", "style", "values"),
    [
        (["1.5", " 2", "-3e4", "+.5"], NumberStyle(), [1.5, 2, -3e4, 0.5]),
        (["1", "", "NA", "null", None], NumberStyle(), [1, NAN, NAN, NAN, NAN]),
        (["123,456", "12", "1,234,567"], NumberStyle(","), [123456, 12, 1234567]),
        (["1.234,56", "2,5"], NumberStyle(".", ","), [1234.56, 2.5]),
        (["1\u00a0234", "99"], NumberStyle(" "), [1234, 99]),
        (["1\u202f234,5", "99"], NumberStyle(" ", ","), [1234.5, 99]),
        (["1\u2019234.50", "3.25"], NumberStyle("'"), [1234.5, 3.25]),
        (["1,23,456", "12,34,567"], NumberStyle(","), [123456, 1234567]),
        (["12,5", "13,75"], NumberStyle("", ","), [12.5, 13.75]),
        (["$1,200", "-$3.50", "$-2"], NumberStyle(",", before="$"), [1200, -3.5, -2]),
        (["CHF 5", "7"], NumberStyle(before="CHF"), [5, 7]),
        (["5 €", "7,5€"], NumberStyle("", ",", behind="€"), [5, 7.5]),
        (["$(1,200)", "$900.5"], NumberStyle(",", before="$"), [-1200, 900.5]),
        (["(€1.200,5)", "€2.000,5"], NumberStyle(".", ",", before="€"), [-1200.5, 2000.5]),
        (["(12)", "13", "\u22124"], NumberStyle(), [-12, 13, -4]),
        (["12 kg", "14.5kg"], NumberStyle(behind="kg"), [12, 14.5]),
        (["12%", "13,5 %"], NumberStyle("", ",", behind="%"), [12, 13.5]),
        (["0.123", "5.678"], NumberStyle(), [0.123, 5.678]),
    ],
)
def test_one_style_explains_all_cells(cells, style, values):
    [(found, numbers, words)] = read(cells)
    assert (found, words) == (style, ())
    assert numbers == pytest.approx(values, nan_ok=True)


@pytest.mark.parametrize(
    "cells",
    [
        ["1.234", "5.678"],
        ["1,234", "56,789"],
        ["$1.234", "$2.000"],
    ],
)
def test_two_readings_that_differ_are_both_returned(cells):
    small, large = sorted(values[0] for _, values, _ in read(cells))
    assert large == pytest.approx(1000 * small)


@pytest.mark.parametrize(
    "cells",
    [
        ["", "NA"],
        ["red", "7"],
        ["00123", "04567"],
        ["12 kg", "14 g"],
        ["12 kg", "14"],
        ["12%", "0.5"],
        ["1.5M", "200K"],
        ["1.5M", "900"],
        ["1,5", "1.55"],
        ["$(5", "$6"],
        ["€5", "$6"],
        ["1-2", "3"],
        ["12:30", "12:45"],
        ["2020-01-02"],
        ["(12", "13"],
        ["1", "2", "3", "R"],
        ["1,2,3", "4,5,6"],
        [*MANY, "2x3"],
        [*MANY, "red", "green", "blue", "grey"],
    ],
)
def test_other_cells_are_no_numbers(cells):
    assert read(cells) == []


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1", "2", "."], (".",)),
        (["1", "Unknown", "-", "k.A."], ("Unknown", "-", "k.A.")),
        ([*MANY, "broken"], ("broken",)),
    ],
)
def test_a_few_words_are_gaps_among_numbers(cells, words):
    [(_, values, found)] = read(cells)
    assert set(found) == set(words)
    assert sum(map(math.isnan, values)) == len(words)


@given(data=st.data(), style=st.sampled_from(STYLES))
def test_numbers_in_a_person_s_style_are_read_back_or_asked(data, style):
    thousands, decimal = style
    decimals = data.draw(st.integers(0, 4))
    sizes = st.floats(-1e9, 1e9, allow_nan=False)
    numbers = data.draw(st.lists(sizes, min_size=1, max_size=12))
    before = data.draw(st.sampled_from(["", "$", "€ ", "CHF "]))
    behind = "" if before else data.draw(st.sampled_from(["", " kg", "%", " €"]))
    gap = data.draw(st.sampled_from(["", "NA", "-", "unknown"]))

    written = []
    for number in numbers:
        text = f"{abs(number):,.{decimals}f}".translate({44: thousands or None, 46: decimal})
        written.append(f"{'-' * (number < 0)}{before}{text}{behind}")
    expected = np.array([*(round(number, decimals) for number in numbers), NAN])

    readings = read([*written, gap])
    right = [np.allclose(values, expected, equal_nan=True) for _, values, _ in readings]
    assert any(right)


CELL = st.from_regex(r"[+-]?0{0,2}\d{0,4}(\.\d{0,4})?(e[+-]?\d)? ?", fullmatch=True)


@pytest.mark.long
@given(cells=st.lists(st.one_of(CELL, st.sampled_from(["", "007", "1.234", "nan"])), min_size=1))
def test_numbers_of_programs_are_read_at_once_as_cell_by_cell(cells):
    at_once = read(cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "_plain", lambda cells: None)
        one_by_one = read(cells)
    assert repr(at_once) == repr(one_by_one)


@pytest.mark.parametrize("cells", [["950", "1.234"], ["nan", "1.234"], [*MANY * 5, "12.500"]])
def test_whole_numbers_do_not_decide_what_a_point_means(cells):
    assert len(read(cells)) == 2


@pytest.mark.parametrize("decisive", ["1.5", "0.123", "1234.567", ".5", "1.23e4"])
def test_one_number_with_decimals_decides_what_a_point_means(decisive):
    assert [style for style, _, _ in read(["950", "1.234", decisive])] == [NumberStyle()]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["1,5", "1.55", "2"], "written in different ways, such as '1,5' and '1.55'"),
        (["1.234,50", "1,234.50"], "written in different ways, such as '1.234,50' and '1,234.50'"),
        (["1.5M", "200K"], "different units, such as 'K' and 'M'"),
        (["12%", "0.5", "7"], "different units, such as none and '%'"),
        (["€5", "$6"], "different units, such as '$' and '€'"),
        (["5", "6", "<5"], "1 of its 3 values are no numbers, such as '<5'"),
        (["00123", "04567"], ""),
        (["1.2.3", "1.2.4"], ""),
        (["red", "7"], ""),
        (["", ""], ""),
    ],
)
def test_numbers_that_cannot_be_read_have_a_reason(cells, reason):
    said = numbers.obstacle(np.array(cells, object), np.ones(len(cells), int))
    assert reason in said
    assert bool(said) == bool(reason)
