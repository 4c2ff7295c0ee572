import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance

from goldilocks.dataset import Dataset
from goldilocks.dataset.checks.evidence import row_name
from goldilocks.dataset.near_duplicates import near_duplicates
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import packing

RANDOM = np.random.default_rng(0)


def a_dataset(x, kind, **facts):
    given = {
        "name": "toy",
        "source": "stand_in",
        "location": "",
        "digest": "",
        "classes": (),
        **facts,
    }
    return Dataset(kind=kind, problem="regression", x=x, y=np.zeros(len(x), "float32"), **given)


def parts(rows, test):
    """Rows of the training, and the last ones for the test."""
    return [np.arange(rows - test), np.arange(rows - test, rows)]


def altered(pixels):
    """A photograph again, lighter, and saved as a JPEG in another size."""
    picture = (
        ImageEnhance.Brightness(Image.fromarray(pixels))
        .enhance(1.15)
        .resize((75, 75))
        .resize((60, 60))
    )
    return np.asarray(picture)


@pytest.fixture(scope="module")
def drawn():
    """40 different smooth pictures, and two of them again with slight changes: uint8 (42, 60, 60,
    3).
    """
    coarse = RANDOM.integers(200, size=(40, 6, 6, 3), dtype=np.uint8)
    pixels = [
        np.asarray(Image.fromarray(each).resize((60, 60), Image.Resampling.BICUBIC))
        for each in coarse
    ]
    return np.stack([*pixels, altered(pixels[3]), altered(pixels[17])])


def test_a_lightened_and_scaled_image_is_detected(drawn):
    assert near_duplicates(a_dataset(drawn, "image"), parts(42, 10)) == [(40, 3), (41, 17)]


def test_streamed_images_are_named_by_their_files(drawn, tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cat").mkdir()
    files = [tmp_path / "cat" / f"{number}.jpg" for number in range(len(drawn))]
    for file, pixels in zip(files, drawn, strict=True):
        Image.fromarray(pixels).save(file)
    dataset = a_dataset(np.array([str(file) for file in files]), "image", image_size=(60, 60))
    assert near_duplicates(dataset, parts(42, 10)) == [(40, 3), (41, 17)]
    assert row_name(dataset, 40) == "cat/40.jpg"


def test_plain_images_and_strokes_are_different():
    plain = np.stack([np.full((20, 20, 1), level, np.uint8) for level in range(0, 200, 5)])
    assert near_duplicates(a_dataset(plain, "image"), parts(40, 10)) == []
    strokes = np.zeros((40, 28, 28, 1), np.uint8)
    for number, stroke in enumerate(strokes):
        stroke[4:24, 4 + number // 2 : 6 + number // 2] = 255
        stroke[6 + number % 2 * 8 : 9 + number % 2 * 8, 2:26] = 255
    assert near_duplicates(a_dataset(strokes, "image"), parts(40, 10)) == []


def sentences(rows):
    words = np.array([f"word{number}" for number in range(500)])
    return [" ".join(RANDOM.choice(words, 30)) for _ in range(rows)]


def test_a_text_with_another_word_is_a_near_duplicate_and_an_identical_one_is_not():
    texts = sentences(60)
    texts += [texts[5] + " word1", texts[7].upper() + "!", texts[9]]
    dataset = a_dataset(packing.column(texts), "text")
    assert near_duplicates(dataset, parts(63, 20)) == [(60, 5), (61, 7)]
    assert row_name(dataset, 60).startswith("row 61 ('word")


def test_texts_without_a_word_are_like_nothing():
    texts = packing.column([f"{'!' * number}" for number in range(1, 21)])
    assert near_duplicates(a_dataset(texts, "text"), parts(20, 5)) == []


def numbers(rows, columns=30):
    """A table of numbers that depend on each other."""
    mixed = RANDOM.normal(size=(rows, 8)) @ RANDOM.normal(size=(8, columns))
    frame = pd.DataFrame(mixed + 0.3 * RANDOM.normal(size=(rows, columns)))
    frame["word"] = RANDOM.choice(np.array(["x", "y", "z"], object), rows)
    return frame.rename(columns=str).astype({"word": object})


def one_column_differs(frame):
    return frame.assign(**{"7": RANDOM.permutation(frame["7"])})


def a_word_differs(frame):
    return frame.assign(word=np.full(len(frame), "w", object))


def four_columns_are_off(frame):
    names = list("1359")
    return frame.assign(**(frame[names] + 0.02 * RANDOM.normal(size=(len(frame), 4))))


def all_columns_are_off(frame):
    names = frame.columns.drop("word")
    return frame.assign(**(frame[names] + 0.02 * RANDOM.normal(size=(len(frame), len(names)))))


def a_gap(frame):
    return frame.assign(**{"4": np.nan})


@pytest.mark.parametrize(
    "change",
    [one_column_differs, a_word_differs, four_columns_are_off, all_columns_are_off, a_gap],
)
def test_rows_of_a_table_may_differ_in_a_column_or_by_a_little(change):
    frame = numbers(1000)
    whole = pd.concat([frame, change(frame[:250])], ignore_index=True)
    pairs = near_duplicates(a_dataset(whole, "table"), parts(1250, 300))
    planted = [(1000 + row, row) for row in range(250)]
    assert len(set(planted) - set(pairs)) <= 3
    assert len(set(pairs) - set(planted)) <= 3


def test_identical_and_different_rows_are_not_meant():
    frame = numbers(1000)
    whole = pd.concat([frame, frame[:100]], ignore_index=True)
    assert near_duplicates(a_dataset(whole, "table"), parts(1100, 300)) == []


@pytest.mark.parametrize("columns", [1, 2, 4])
def test_few_columns_of_few_values_have_none(columns):
    frame = pd.DataFrame(RANDOM.integers(20, size=(2000, columns)).astype(float))
    assert near_duplicates(a_dataset(frame, "table"), parts(2000, 300)) == []


@pytest.mark.parametrize("values", [[np.nan] * 20, [1.0] * 20, [np.nan, *range(19)]])
def test_columns_that_tell_nothing_have_none(values):
    frame = pd.DataFrame({"a": np.array(values, float), "b": 2.0})
    assert near_duplicates(a_dataset(frame, "table"), parts(20, 5)) == []


def test_a_series_has_none():
    windows = Windows(np.zeros((40, 1), "float32"), ("a",), (0,), 4, 1, 1)
    dataset = replace(a_dataset(np.zeros(36), "table"), kind="series", x=windows)
    assert near_duplicates(dataset, parts(36, 5)) == []


@pytest.mark.slow
def test_ten_thousand_rows_take_less_than_ten_seconds():
    for dataset in (
        a_dataset(packing.column(sentences(10_000)), "text"),
        a_dataset(pd.DataFrame(RANDOM.normal(size=(10_000, 60))), "table"),
        a_dataset(RANDOM.integers(256, size=(10_000, 32, 32, 3), dtype=np.uint8), "image"),
    ):
        began = time.perf_counter()
        near_duplicates(dataset, parts(10_000, 2_500))
        assert time.perf_counter() - began < 15, dataset.kind
