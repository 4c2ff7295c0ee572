"""Rows that are known again by what stands in them, and rows that only look alike."""

import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import Dataset, cell_keys, overlap

SECRET = b"secret"


def a_dataset(frame, kind="table"):
    return Dataset(
        name=kind,
        kind=kind,
        problem="regression",
        x=frame,
        y=np.zeros(len(frame)),
        classes=(),
        source="original",
        location="",
        digest="",
        cell_keys=cell_keys.of_frame(frame),
    )


def houses(rows, seed=0):
    generator = np.random.default_rng(seed)
    size = generator.integers(40, 400, rows) / 2
    return pd.DataFrame({
        "size": size,
        "kind": generator.choice(["flat", "house", "loft"], rows),
        "rooms": generator.integers(1, 9, rows),
        "year": generator.integers(1900, 2020, rows),
        "price": (3 * size + generator.normal(0, 20, rows)).round(1),
    })  # fmt: skip


def weather(rows, seed=0):
    """Columns that follow from each other, so that rows agree in several cells by chance."""
    generator = np.random.default_rng(seed)
    degrees = generator.normal(10, 5, rows).round(1)
    return pd.DataFrame({
        "C": degrees,
        "K": (degrees + 273.15).round(2),
        "F": (degrees * 1.8 + 32).round(2),
        "vapour": (6.1 * np.exp(degrees / 15)).round(2),
        "wind": generator.gamma(2, 1, rows).round(1),
    })  # fmt: skip


def drawn(rows, seed=0):
    order = np.random.default_rng(seed).permutation(rows)
    return np.split(order, [round(rows * 0.25)])


def share(first, second, seed=0):
    """Which fraction of the test rows of a second table was among those of a first one."""
    kept = overlap.keep(a_dataset(first).cell_keys, drawn(len(first))[0], SECRET)
    return overlap.share(overlap.ask(a_dataset(second), *drawn(len(second), seed)), kept, SECRET)


@pytest.mark.parametrize("rows", [60, 400, 12_000])
def test_rows_are_known_again_whatever_their_table_became(rows):
    table, generator = houses(rows), np.random.default_rng(1)
    assert share(table, table) == pytest.approx(1, abs=0.02)
    assert share(table, table[table.columns[::-1]].set_axis(list("abcde"), axis=1)) > 0.95
    assert share(table, table.drop(columns="size")) > 0.95
    assert share(table, table.assign(noise=generator.normal(size=rows))) > 0.8
    assert 0.1 < share(table, table, seed=7) < 0.45
    assert share(table, table.drop(index=generator.permutation(rows)[: rows // 6])) > 0.1
    assert share(table, pd.concat([table, houses(rows // 6, 9)], ignore_index=True)) > 0.1


@pytest.mark.parametrize(
    ("source", "rows"),
    [(houses, 60), (houses, 200), (houses, 3000), (weather, 200), (weather, 3000)],
)
def test_other_rows_of_one_source_are_not_known(source, rows):
    table = source(rows)
    shares = [share(table, source(rows, seed)) or 0.0 for seed in range(1, 21)]
    assert max(shares) < 0.05


def test_rows_of_a_few_values_tell_nothing():
    few = pd.DataFrame(np.random.default_rng(0).integers(0, 4, (300, 6)))
    assert share(few, few) is None


def test_a_sample_of_many_rows_stands_for_all():
    table = houses(40_000).assign(exact=np.random.default_rng(3).normal(size=40_000))
    kept = overlap.keep(a_dataset(table).cell_keys, drawn(40_000)[0], SECRET)
    assert kept.keys.shape == (overlap.KEPT, 6)
    assert kept.rows == 10_000
    assert share(table, table) == pytest.approx(1, abs=0.05)
    assert share(table, table, seed=5) == pytest.approx(0.25, abs=0.05)


def test_texts_are_known_by_one_cell():
    texts = pd.DataFrame([f"text number {number}" for number in range(200)])
    kept = overlap.keep(cell_keys.of_frame(texts), np.arange(50), SECRET)
    asked = overlap.ask(a_dataset(texts, "text"), np.arange(40, 140), np.arange(140, 200))
    assert overlap.share(asked, kept, SECRET) == pytest.approx(0.1)
