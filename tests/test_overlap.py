"""Rows that are known again by what stands in them, and rows that only look alike."""

from dataclasses import replace

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
    asked = overlap.ask(a_dataset(second), *drawn(len(second), seed), SECRET)
    known = overlap.known(asked, kept)
    return None if known is None else known.share


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


def categories(rows, seed=0, columns=7, values=4):
    generator = np.random.default_rng(seed)
    return pd.DataFrame(generator.integers(0, values, (rows, columns)))


@pytest.mark.parametrize("rows", [150, 3000])
@pytest.mark.parametrize(("columns", "values"), [(7, 4), (20, 2)])
def test_a_table_of_categories_is_known_by_its_rows_and_never_said_to_be_another_one(
    rows, columns, values
):
    table = categories(rows, 0, columns, values)
    assert share(table, table) > 0.9
    assert share(table, table.set_axis(list(range(1, columns + 1)), axis=1)) > 0.9
    assert 0.1 < share(table, table, seed=7) < 0.45
    others = [share(table, categories(rows, seed, columns, values)) for seed in range(1, 9)]
    assert set(others) == {None}
    assert share(table, table.drop(columns=0)) is None, "the columns are others"


def test_rows_of_few_contents_tell_nothing():
    assert share(categories(300, 0, 2), categories(300, 0, 2)) is None
    assert share(categories(60), categories(60, 1)) is None


def test_a_series_is_known_by_its_time_and_all_its_targets():
    times = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]").astype("datetime64[us]")

    def kept_and_asked(first, second):
        one, other = (
            replace(
                a_dataset(pd.DataFrame(values), "series"),
                cell_keys=cell_keys.of_series(times, values),
            )
            for values in (first, second)
        )
        kept = overlap.keep(one.cell_keys, np.arange(250, 366), SECRET)
        asked = overlap.ask(other, np.arange(240, 340), np.arange(240), SECRET)
        return overlap.known(asked, kept).share

    sold = [np.random.default_rng(seed).poisson(2, (366, 2)) for seed in range(2)]
    assert kept_and_asked(sold[0], sold[0]) == pytest.approx(0.9, abs=0.02)
    assert kept_and_asked(*sold) < 0.05, "another shop sold as many on some days"
    assert kept_and_asked(sold[0][:, :1], sold[1][:, :1]) < 0.05


def test_rows_of_several_evaluations_are_counted_once_each():
    def known(first, last):
        rows = np.arange(1000)
        return overlap.Known((first <= rows) & (rows < last))

    apart = [known(start, start + 40) for start in range(0, 800, 40)]
    assert overlap.union(apart) == pytest.approx(0.8)
    assert overlap.union([apart[0]] * 20) == pytest.approx(0.04)
    assert overlap.union([apart[0], known(20, 60)]) == pytest.approx(0.06)
    assert overlap.union([overlap.ALL, apart[0]]) == 1
    assert overlap.union([overlap.NONE]) == overlap.union([]) == 0


def test_a_row_that_agrees_here_and_there_adds_nothing():
    lone = [overlap.Known(np.arange(1000) == row) for row in range(100)]
    assert overlap.union(lone) == pytest.approx(0.001)


def test_samples_of_the_same_rows_count_these_once():
    table, generator = houses(12_000), np.random.default_rng(0)
    keys, order = a_dataset(table).cell_keys, generator.permutation(12_000)
    asked = overlap.ask(a_dataset(table), order[:4000], order[4000:], SECRET)
    # The same 8 % of the asked rows, beside others of which nobody asks.
    kept = [
        overlap.keep(keys, np.concatenate([order[:320], order[start : start + 4000]]), SECRET)
        for start in (4000, 8000)
    ]
    known = [overlap.known(asked, of_one) for of_one in kept]
    assert overlap.union(known) == pytest.approx(0.08, abs=0.03)
