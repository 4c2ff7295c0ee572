"""Rows that a run had are known again: images by pixels or bytes, series by time and targets."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from goldilocks.dataset import images, series
from goldilocks.errors import StoreError
from goldilocks.protocol import Split
from goldilocks.run import seen_rows
from test_images import SETTINGS
from test_row_keys import MADE, PIXELS
from test_score import OneRun
from test_series import HOW as OF_SERIES


def test_what_is_written_is_what_is_read(tmp_path):
    seen_rows.write(MADE["table"], Split(np.arange(3), np.array([3]), np.array([4, 5])), tmp_path)

    class Files(OneRun):
        def read_artifact(self, run_id, path):
            return (tmp_path / path).read_bytes()

    keys = seen_rows.keys_of(MADE["table"])
    logged = seen_rows.logged(Files(), "a")
    assert {part: len(of_part) for part, of_part in logged.items()} == {
        "train": 3, "validation": 1, "test": 2
    }  # fmt: skip
    assert seen_rows.among(keys, logged["test"]).tolist() == [False, True, False, False, True, True]


def test_an_image_is_known_by_its_pixels_or_its_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(6):
            pixels = PIXELS[number] // 2 + 100 * (name == "dog")
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    asked = {**SETTINGS, "dir": str(tmp_path / "photos"), "image_size": 4}
    held, streamed, smaller = (
        seen_rows.keys_of(images.load(**{**asked, **how}))
        for how in ({}, {"cache_gib": 0.0}, {"image_size": 3})
    )
    assert held.shape == (12, 2)
    for other in (streamed, smaller):
        assert seen_rows.among(other, held).all()

    file = tmp_path / "photos" / "cat" / "0.png"
    [seen] = seen_rows.among(seen_rows.of_image(file, np.zeros((4, 4, 3), np.uint8)), streamed)
    assert seen
    [seen] = seen_rows.among(seen_rows.of_image(file.parent / "1.png", PIXELS[0] // 2), held[:1])
    assert seen


def test_a_window_is_known_by_its_time_and_all_targets(tmp_path):
    days = pd.date_range("2020-01-01", periods=60).astype("str")
    values = np.random.default_rng(0).normal(size=(60, 2)).round(2)
    frame = pd.DataFrame({"day": days, "a": values[:, 0], "b": values[:, 1]})

    def keys(table, **how):
        table.to_csv(tmp_path / "s.csv", index=False)
        asked = {"file": str(tmp_path / "s.csv"), "time": "day", "target": ["a", "b"]}
        return seen_rows.keys_of(series.load(**{**OF_SERIES, **asked, **how}))

    first = keys(frame, lookback=6, delay=2)
    assert first.shape == (60 - 6 - 2 + 1, 1)
    assert seen_rows.among(keys(frame, lookback=9, delay=4, step=2), first).all()
    assert not seen_rows.among(
        keys(frame.assign(b=frame["b"] + 1), lookback=6, delay=2), first
    ).any()
    assert not seen_rows.among(keys(frame.assign(day=days[::-1]), lookback=6, delay=2), first).any()


def test_rows_that_are_sealed_are_warned_of():
    keys = [np.array([[1], [8]], np.uint64), np.array([[9]], np.uint64)]
    [said] = seen_rows.warning(OneRun(train=[1, 2], test=[8, 9]), "a", keys)
    assert said.startswith("warning   2 of these rows are sealed test rows of the run")
    [said] = seen_rows.warning(OneRun(train=[1, 2], test=[8]), "a", keys)
    assert said.startswith("warning   1 of these rows is a sealed test row of the run")
    assert seen_rows.warning(OneRun(train=[1, 2], test=[7]), "a", keys) == []
    assert seen_rows.warning(OneRun(), "a", keys) == []


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"\x80\4K\1."], ids=["none", "cut", "pickle"])
def test_keys_that_are_damaged_are_said_to_be(content):
    class Damaged(OneRun):
        def read_artifact(self, run_id, path):
            return content

    with pytest.raises(StoreError, match=r"row_keys\.npz of the run a is damaged"):
        seen_rows.logged(Damaged(), "a")
    assert seen_rows.warning(Damaged(), "a", [np.zeros((1, 1), np.uint64)]) == []
