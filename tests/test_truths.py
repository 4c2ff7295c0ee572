from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset.readers.numbers import NumberStyle
from goldilocks.dataset.readers.reading import Reading
from goldilocks.encoding.schema import Schema
from goldilocks.serving import truths

NOTHING = {"unit": "", "image_size": None, "channels": 0, "text": None, "time": (), "header": None}
NOTHING |= {"time_format": "", "fill": 0, "lookback": 0, "step": 0, "delay": 0, "columns": {}}


def of(problem, classes=(), target="answer", **facts):
    return Schema(
        kind="table", problem=problem, classes=classes, target=target, **{**NOTHING, **facts}
    )


def read(schema, **columns):
    return truths.of_columns(pd.DataFrame(columns, dtype="str"), schema, Path("rows.csv"))


def test_a_file_without_the_target_has_no_truth():
    assert read(of("regression"), other=["1"]) == (None, [])


def test_classes_are_found_by_their_names_and_gaps_are_no_unknown_ones():
    truth, notes = read(of("multiclass", ("1", "2", "high")), answer=["2", "1", " high", None, ""])
    np.testing.assert_array_equal(truth, [1, 0, 2, np.nan, np.nan])
    assert not notes


def test_a_label_that_the_model_does_not_know_is_not_scored():
    schema = of("binary", ("no", "yes"))
    truth, _ = read(schema, answer=["no", "perhaps"])
    np.testing.assert_array_equal(truth, [0, np.nan])
    assert read(schema, answer=["never", "perhaps"]) == (
        None,
        ["Not scored: no 'answer' of rows.csv is a class of the model."],
    )


EUROS = of(
    "regression",
    target_reading=Reading(
        kind="number", style=NumberStyle(decimal=",", thousands=".", behind="€")
    ),
)


def test_numbers_are_read_in_the_style_of_training():
    truth, _ = read(EUROS, answer=["1.234,5 €", None])
    np.testing.assert_array_equal(truth, [1234.5, np.nan])


def test_several_numbers_are_the_truth_where_the_file_has_all_of_them():
    schema = of("regression", outputs={"b": EUROS.target_reading, "a": Reading(kind="number")})
    truth, _ = read(schema, a=["1", "2"], b=["1.234,5 €", None])
    np.testing.assert_array_equal(truth, [[1234.5, 1], [np.nan, 2]])
    assert read(schema, a=["1", "2"]) == (None, [])


def test_numbers_in_another_unit_are_not_scored():
    truth, [note] = read(EUROS, answer=["1.5 $", "2 $"])
    assert truth is None
    assert note.startswith("Not scored: rows.csv: the column 'answer' holds '1.5 $'")


def test_the_first_folder_that_is_named_as_a_class_is_the_class():
    paths = ["pets/cat/1.png", "cat/dog/2.png", "cat.png"]
    found = truths.of_files(paths, of("binary", ("cat", "dog")))
    np.testing.assert_array_equal(found, [0, 0, np.nan])
    assert np.isnan(truths.of_files(paths, of("regression"))).all()
    assert truths.of_files(paths, of("multilabel", ("cat", "dog"))) is None


def test_classes_that_look_like_tags_are_classes():
    schema = of("multiclass", ("red", "red|round", "round"))
    truth, _ = read(schema, answer=["red|round", "red", "round"])
    np.testing.assert_array_equal(truth, [1, 0, 2])


def test_labels_are_found_in_a_column_each():
    schema = of("multilabel", ("red", "big"), target_reading=Reading(kind="number"))
    truth, notes = read(schema, big=["yes", "no", None], red=["1", "maybe", "0"])
    np.testing.assert_array_equal(truth, [[1, 1], [np.nan, 0], [0, np.nan]])
    assert not notes
    assert read(schema, big=["yes"]) == (None, [])


def test_labels_are_found_in_a_column_of_tags():
    reading = Reading(kind="tags", format="|", words=("?",))
    schema = of("multilabel", ("big", "red"), target_reading=reading)
    truth, _ = read(schema, answer=["red | big", "RED", "round", None, "?"])
    np.testing.assert_array_equal(truth, [[1, 1], [0, 1], [0, 0], [0, 0], [np.nan] * 2])
    assert read(schema, answer=["round", None]) == (None, [])  # Of no row anything is known.
    assert read(schema, big=["1"], red=["0"]) == (None, [])
