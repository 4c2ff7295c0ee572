import dataclasses

import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.reading import Reading
from goldilocks.dataset.readers.windows import Windows
from goldilocks.encoding import schema
from goldilocks.errors import DataError
from goldilocks.problem import standard


def data(kind, x, problem="regression", **more):
    y = np.zeros(len(x), "float32")
    facts = {"name": kind, "source": "original", "location": "here", "digest": ""}
    return Dataset(
        kind=kind, problem=problem, x=x, y=y, classes=more.pop("classes", ()), **facts, **more
    )


def test_what_is_written_is_read_again():
    frame = pd.DataFrame({"size": [1.0], "kind": np.array(["flat"], dtype=object)})
    written = schema.of(data("table", frame, unit="k€", target="price"), standard("regression"))
    kinds = {name: reading.kind for name, reading in written.columns.items()}
    assert kinds == {"size": "number", "kind": "category"}
    assert (written.target, written.unit, written.image_size, written.text) == (
        "price",
        "k€",
        None,
        None,
    )
    assert schema.from_json(written.to_json()) == written
    size = dataclasses.replace(written, image_size=(28, 30), channels=1, levels=(0.0, 4095.0))
    assert schema.from_json(size.to_json()) == size


def test_streamed_images_have_the_size_that_they_are_decoded_to():
    paths = np.array(["a.png", "b.png"])
    more = {"classes": ("a", "b"), "image_size": (64, 48), "levels": (0, 4095)}
    streamed = schema.of(data("image", paths, "binary", **more), standard("binary"))
    held = schema.of(
        data("image", np.zeros((2, 28, 30, 1), np.uint8), "binary", classes=("a", "b")),
        standard("binary"),
    )
    assert (streamed.image_size, streamed.channels, streamed.levels) == ((64, 48), 3, (0, 4095))
    assert (held.image_size, held.channels, held.target) == ((28, 30), 1, "class")


def test_a_series_says_its_columns_and_spans():
    windows = Windows(np.zeros((50, 2), "float32"), ("kwh", "heat"), (1,), 24, 2, 6)
    found = schema.of(
        data("series", windows, target="heat", time_columns=("hour",)), standard("regression")
    )
    assert (found.lookback, found.step, found.delay, found.horizon) == (24, 2, 6, 1)
    assert (list(found.columns), found.target, found.time) == (["kwh", "heat"], "heat", ("hour",))


@pytest.mark.parametrize(
    ("column", "problem", "name"),
    [
        ("price", "regression", "price"),
        ("red, green", "multilabel", "labels"),
        ("", "binary", "class"),
        ("", "unit_regression", "value"),
    ],
)
def test_what_is_predicted_has_a_name(column, problem, name):
    assert schema.target_of(column, problem) == name


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"classes": [], "image_size": null, "shape": 3}']
)
def test_what_another_version_wrote_is_refused_in_a_sentence(text):
    with pytest.raises(DataError, match=r"input\.json cannot be read .+ Train again\."):
        schema.from_json(text)


def test_several_numbers_are_written_by_their_names():
    outputs = {"b": Reading(kind="number", example="1,5"), "a": Reading(kind="number")}
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    written = schema.of(data("table", frame, outputs=outputs), standard("regression"))
    assert schema.from_json(written.to_json()).outputs == outputs
    assert list(schema.from_json(written.to_json()).outputs) == ["b", "a"]


def test_thresholds_are_written_with_what_the_answers_mean():
    frame, problem = pd.DataFrame({"size": [1.0]}), standard("multilabel", (0.25, 0.5))
    written = schema.of(data("table", frame, problem.type, classes=("a", "b")), problem)
    assert written.thresholds == (0.25, 0.5)
    assert schema.from_json(written.to_json()) == written
