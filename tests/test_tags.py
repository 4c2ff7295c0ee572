"""A column of tags: which sign joins them, what a cell holds, which tags are labels."""

import pandas as pd
import pytest

from goldilocks.dataset.readers import tags
from goldilocks.dataset.readers.reading import ReadingOptions
from goldilocks.errors import DataError


@pytest.mark.parametrize(
    ("cells", "problem", "sign"),
    [
        (["red|round", "red", "round"], "auto", "|"),
        (["red;round", "red;big", "big;round"], "auto", ";"),
        (["red", "round"], "multilabel", ""),
        (["red|round", "red", "round"], "multiclass", ""),
        (["Doe, John", "Smith, Ann", "Brown, Bob"], "auto", ""),
        (["Doe, John", "Smith, Ann", "Brown, Bob"], "multilabel", ","),
        (["spam|phishing", "ham"], "auto", ""),
        (["a|", "b|"], "auto", ""),
        ([], "auto", ""),
    ],
)
def test_a_sign_joins_tags_where_they_stand_in_several_cells(cells, problem, sign):
    assert tags.sign_of(cells, problem) == sign


def cells(*written):
    return pd.Series(written, dtype="str", name="tags")


def test_blanks_order_and_repetitions_of_tags_do_not_count():
    read, _ = tags.read(cells("b | a", "a|b", " a |b|a| ", "|", None), "|", ReadingOptions())
    assert read.tolist() == [("a", "b")] * 3 + [(), ()]


def test_an_empty_cell_has_no_tag_and_a_word_for_a_gap_is_not_known():
    read, _ = tags.read(cells("a|b", "", "?"), "|", ReadingOptions(missing=["?"]))
    assert read[:2].tolist() == [("a", "b"), ()]
    assert read.isna().tolist() == [False, False, True]


def test_capital_letters_count_unless_somebody_says_that_they_do_not():
    column = cells("Red|big", "red", "red|RED")
    assert tags.read(column, "|", ReadingOptions())[0][0] == ("Red", "big")
    read, notes = tags.read(column, "|", ReadingOptions(ignore_case=True))
    assert read.tolist() == [("big", "red"), ("red",), ("red",)]
    assert notes == ["Took 'red', 'Red', 'RED' for one label."]


def test_tags_of_hardly_any_row_and_of_every_row_are_no_labels():
    column = cells("a|x", "a|x", "a|x|rare", "b|x", "b|x", "b|x", "x")
    y, names, notes = tags.labels(tags.read(column, "|", ReadingOptions())[0])
    assert names == ("a", "b")
    assert y.tolist() == [[1, 0]] * 3 + [[0, 1]] * 3 + [[0, 0]]
    assert notes == [
        "Took 2 tags for labels (a, b); 1 of 7 rows have none of them.",
        "Left out tags of 'tags' that fewer than 3 rows have (rare).",
        "Left out tags of 'tags' that every row has (x).",
    ]


def test_one_tag_alone_is_refused():
    column = cells(*["red|red"] * 4, "", "")
    with pytest.raises(DataError, match=r"of which 1 can be labels\. .* a column of yes and no"):
        tags.labels(tags.read(column, "|", ReadingOptions())[0])
