from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from goldilocks.dataset import Dataset, images, row_keys
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import packing
from test_images import SETTINGS

RANDOM = np.random.default_rng(0)
TWICE = np.array([0, 1, 2, 3, 1, 5])  # Row 4 is row 1 again.


def a_dataset(x, kind, y=None):
    y = np.arange(float(len(x)), dtype="float32") if y is None else y
    facts = {
        "name": "toy",
        "source": "stand_in",
        "location": "",
        "digest": "a digest",
        "classes": (),
    }
    return Dataset(kind=kind, problem="regression", x=x, y=y, **facts)


PIXELS = RANDOM.integers(256, size=(6, 4, 4, 3), dtype=np.uint8)
TABLE = pd.DataFrame(
    {"n": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0], "c": np.array(list("abcdef"), object)}
)
TEXTS = packing.column(["one", "two", "three", "Two", "five", "six"])
MADE = {
    "image": a_dataset(PIXELS[TWICE], "image"),
    "table": a_dataset(TABLE.iloc[TWICE].reset_index(drop=True), "table"),
    "text": a_dataset(TEXTS[TWICE], "text"),
}


@pytest.mark.parametrize("kind", MADE)
def test_equal_rows_and_no_others_have_equal_keys(kind):
    keys = row_keys.keys(MADE[kind])
    assert keys.dtype == np.uint64
    assert keys[4] == keys[1]
    assert len(set(keys.tolist())) == 5
    assert np.array_equal(row_keys.keys(MADE[kind]), keys)


def test_a_missing_value_equals_a_missing_value_and_no_number():
    dataset = a_dataset(pd.DataFrame({"a": [np.nan, np.nan, 0.0], "b": [1.0, 1.0, 1.0]}), "table")
    first, second, third = row_keys.keys(dataset)
    assert first == second != third


def test_streamed_images_are_equal_where_their_files_are(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(5):
            Image.fromarray(PIXELS[number]).save(tmp_path / "photos" / name / f"{number}.png")
    asked = {**SETTINGS, "dir": str(tmp_path / "photos"), "image_size": 4}
    streamed, held = (images.load(**{**asked, "cache_gib": gib}) for gib in (0.0, 1.0))
    assert streamed.image_size is not None
    for dataset in (streamed, held):
        keys = row_keys.keys(dataset)
        assert np.array_equal(keys[:5], keys[5:])
        assert len(set(keys.tolist())) == 5
        assert np.array_equal(row_keys.keys(dataset), keys)


def test_windows_of_a_series_have_no_keys():
    windows = Windows(np.zeros((20, 2), "float32"), ("a", "b"), (0,), 4, 1, 1)
    dataset = replace(a_dataset(np.zeros(16), "table", windows.targets), x=windows, kind="series")
    assert row_keys.keys(dataset) is None


@pytest.mark.parametrize("kind", MADE)
def test_the_digest_of_rows_is_of_their_content_alone(kind):
    dataset, rows = MADE[kind], np.array([0, 1, 2])
    found = row_keys.digest(dataset, rows)
    other = replace(dataset, digest="another", name="other")
    assert row_keys.digest(other, rows) == found
    assert row_keys.digest(dataset, np.array([0, 1])) != found
    assert row_keys.digest(dataset, np.array([0, 1, 3])) != found
    changed = dataset.y.copy()
    changed[2] += 1
    assert row_keys.digest(replace(dataset, y=changed), rows) != found
    changed = dataset.y.copy()
    changed[5] += 1
    assert row_keys.digest(replace(dataset, y=changed), rows) == found


def test_the_digest_of_windows_does_not_depend_on_what_was_before_them():
    values = RANDOM.normal(size=(30, 2)).astype("float32")
    whole = Windows(values, ("a", "b"), (0,), 4, 1, 1)
    late = Windows(values[10:], ("a", "b"), (0,), 4, 1, 1)

    def of(windows, rows):
        dataset = replace(
            a_dataset(np.zeros(len(windows)), "table", windows.targets), x=windows, kind="series"
        )
        return row_keys.digest(dataset, np.array(rows))

    assert of(whole, [20, 21, 22]) == of(late, [10, 11, 12])
    assert of(whole, [20, 21, 22]) != of(whole, [19, 20, 21])
