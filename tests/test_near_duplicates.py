import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import packing
from goldilocks.protocol import Split
from goldilocks.protocol.near_duplicates import near_duplicates, warning

RANDOM = np.random.default_rng(0)
NONE = np.arange(0)


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


def a_split(rows, test, validation=0):
    order = np.arange(rows)
    return Split(
        order[: rows - test - validation],
        order[rows - test - validation : rows - test],
        order[rows - test :],
    )


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
    dataset, split = a_dataset(drawn, "image"), a_split(42, 10)
    assert near_duplicates(dataset, split) == [(40, 3), (41, 17)]
    said = warning(dataset, split)
    assert "2 of 10 test rows nearly repeat a row of another part" in said
    assert "row 40 and row 3" in said


def test_streamed_images_are_named_by_their_files(drawn, tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cat").mkdir()
    files = [tmp_path / "cat" / f"{number}.jpg" for number in range(len(drawn))]
    for file, pixels in zip(files, drawn, strict=True):
        Image.fromarray(pixels).save(file)
    dataset = a_dataset(np.array([str(file) for file in files]), "image", image_size=(60, 60))
    pairs = near_duplicates(dataset, a_split(42, 10))
    assert pairs == [(40, 3), (41, 17)]
    assert "cat/40.jpg and cat/3.jpg" in warning(dataset, a_split(42, 10))


def test_plain_images_and_strokes_are_different():
    plain = np.stack([np.full((20, 20, 1), level, np.uint8) for level in range(0, 200, 5)])
    assert near_duplicates(a_dataset(plain, "image"), a_split(40, 10)) == []
    strokes = np.zeros((40, 28, 28, 1), np.uint8)
    for number, stroke in enumerate(strokes):
        stroke[4:24, 4 + number // 2 : 6 + number // 2] = 255
        stroke[6 + number % 2 * 8 : 9 + number % 2 * 8, 2:26] = 255
    assert near_duplicates(a_dataset(strokes, "image"), a_split(40, 10)) == []


def sentences(rows):
    words = np.array([f"word{number}" for number in range(500)])
    return [" ".join(RANDOM.choice(words, 30)) for _ in range(rows)]


def test_a_text_with_another_word_is_a_near_duplicate_and_an_identical_one_is_not():
    texts = sentences(60)
    texts += [texts[5] + " word1", texts[7].upper() + "!", texts[9]]
    dataset, split = a_dataset(packing.column(texts), "text"), a_split(63, 20)
    assert near_duplicates(dataset, split) == [(60, 5), (61, 7)]
    assert "row 60 ('word" in warning(dataset, split)


def test_texts_without_a_word_are_like_nothing():
    texts = packing.column([f"{'!' * number}" for number in range(1, 21)])
    assert near_duplicates(a_dataset(texts, "text"), a_split(20, 5)) == []


def test_a_row_with_slightly_other_numbers_is_a_near_duplicate_unless_a_text_or_a_gap_differs():
    frame = pd.DataFrame(
        {"a": RANDOM.normal(size=50), "b": 1000 * RANDOM.normal(size=50), "c": ["x"] * 50, "d": 1.0}
    )
    near = frame.iloc[:4].copy()
    near["b"] += 1.0
    near.loc[near.index[1], "c"] = "y"
    near.loc[near.index[2], "a"] = np.nan
    dataset = a_dataset(pd.concat([frame, near], ignore_index=True), "table")
    assert near_duplicates(dataset, a_split(54, 10)) == [(50, 0), (53, 3)]


def test_validation_rows_are_held_against_training_rows():
    frame = pd.DataFrame({"a": np.r_[np.arange(30.0), 3.001], "b": np.r_[np.arange(30.0), 3.001]})
    rows = a_split(31, 0)
    dataset = a_dataset(frame, "table")
    split = Split(rows.train[:20], rows.train[20:], NONE)
    assert near_duplicates(dataset, split) == [(30, 3)]
    assert "1 of 11 validation rows" in warning(dataset, split)
    assert near_duplicates(dataset, Split(np.r_[4:20], NONE, np.r_[20:31])) == []


def test_a_series_has_none():
    windows = Windows(np.zeros((40, 1), "float32"), ("a",), 0, 4, 1, 1)
    dataset = replace(a_dataset(np.zeros(36), "table"), kind="series", x=windows)
    assert near_duplicates(dataset, a_split(36, 5)) == []
    assert warning(dataset, a_split(36, 5)) == ""


@pytest.mark.slow
def test_ten_thousand_rows_take_less_than_ten_seconds():
    split = a_split(10_000, 2500, 2500)
    for dataset in (
        a_dataset(packing.column(sentences(10_000)), "text"),
        a_dataset(pd.DataFrame(RANDOM.normal(size=(10_000, 60))), "table"),
        a_dataset(RANDOM.integers(256, size=(10_000, 32, 32, 3), dtype=np.uint8), "image"),
    ):
        began = time.perf_counter()
        near_duplicates(dataset, split)
        assert time.perf_counter() - began < 15, dataset.kind
