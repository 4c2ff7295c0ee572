from dataclasses import replace

import numpy as np
import pytest

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.windows import Windows
from goldilocks.errors import SplitError
from goldilocks.protocol import holdout

QUARTERS = {"validation": 0.25, "test": 0.25, "seed": 0}


def a_dataset(y, problem="regression", **facts):
    y = np.asarray(y)
    classes = tuple("abcdefghij"[: int(y.max()) + 1]) if problem in ("binary", "multiclass") else ()
    facts = {
        "name": "toy",
        "kind": "table",
        "source": "stand_in",
        "location": "",
        "digest": "",
        **facts,
    }
    return Dataset(problem=problem, x=np.zeros((len(y), 1)), y=y, classes=classes, **facts)


def in_classes(*counts, **facts):
    y = np.repeat(np.arange(len(counts)), counts)
    if len(counts) == 2:
        return a_dataset(y.astype(np.float32), "binary", **facts)
    return a_dataset(y.astype(np.int64), "multiclass", **facts)


def sizes(split):
    return len(split.train), len(split.validation), len(split.test)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("counts", [(50, 50), (90, 10), (300, 40, 7), (5, 5, 5, 5)])
@pytest.mark.parametrize(("validation", "test"), [(0.25, 0.25), (0.2, 0.3), (0.5, 0.25)])
def test_the_parts_are_disjoint_cover_all_rows_and_keep_the_shares(seed, counts, validation, test):
    dataset = in_classes(*counts)
    (split,) = holdout.split(dataset, validation=validation, test=test, seed=seed)
    rows = np.concatenate([split.train, split.validation, split.test])
    assert np.array_equal(np.sort(rows), np.arange(sum(counts)))
    for part, share in (
        (split.validation, validation),
        (split.test, test),
        (split.train, 1 - validation - test),
    ):
        assert part.dtype == np.int64
        assert np.all(np.diff(part) > 0)
        expected = np.array(counts) * share
        assert (
            np.abs(np.bincount(dataset.y[part].astype(int), minlength=len(counts)) - expected).max()
            <= 1.5
        )


@pytest.mark.parametrize(
    "dataset", [in_classes(60, 40), in_classes(50, 30, 20), a_dataset(np.linspace(0, 1, 100))]
)
def test_only_the_seed_and_the_fraction_move_a_test_row(dataset):
    (first,) = holdout.split(dataset, **QUARTERS)
    for validation in (0.1, 0.3, 0.6):
        (again,) = holdout.split(dataset, validation=validation, test=0.25, seed=0)
        assert np.array_equal(again.test, first.test)
    (smaller,) = holdout.split(a_dataset(dataset.y, dataset.problem, subset=20), **QUARTERS)
    assert np.array_equal(smaller.test, first.test)
    assert np.array_equal(smaller.validation, first.validation)
    np.random.seed(12345)  # What a run does with its own seed.
    assert np.array_equal(holdout.split(dataset, **QUARTERS)[0].test, first.test)
    assert not np.array_equal(
        holdout.split(dataset, validation=0.25, test=0.25, seed=1)[0].test, first.test
    )


def test_rows_are_shuffled():
    (split,) = holdout.split(a_dataset(np.arange(1000.0)), **QUARTERS)
    assert abs(split.test.mean() - 499.5) < 50


def test_three_thousand_photos_are_split_as_in_chapter_6():
    assert sizes(holdout.split(in_classes(1500, 1500), **QUARTERS)[0]) == (1500, 750, 750)


def test_a_published_test_set_stays_and_the_fraction_is_of_the_rest():
    dataset = a_dataset(np.arange(506.0), fixed={"test": np.arange(404, 506)})
    (split,) = holdout.split(dataset, validation=0.25, test=0.9, seed=0)
    assert np.array_equal(split.test, np.arange(404, 506))
    assert sizes(split) == (303, 101, 102)


def test_published_parts_stay_as_they_are():
    fixed = {"train": np.arange(50), "validation": np.arange(50, 70), "test": np.arange(70, 80)}
    (split,) = holdout.split(
        a_dataset(np.arange(100.0), fixed=fixed), validation=0.9, test=0.9, seed=0
    )
    for name, rows in fixed.items():
        assert np.array_equal(getattr(split, name), rows)


def test_validation_rows_come_from_a_published_training_set():
    fixed = {"train": np.arange(40), "test": np.arange(60, 80)}
    (split,) = holdout.split(a_dataset(np.arange(80.0), fixed=fixed), **QUARTERS)
    assert sizes(split) == (30, 10, 20)
    assert np.concatenate([split.train, split.validation]).max() < 40


@pytest.mark.parametrize("subset", [10, 25, 50])
def test_a_subset_keeps_the_shares_and_only_drops_training_rows(subset):
    dataset = in_classes(80, 20, subset=subset)
    (whole,) = holdout.split(in_classes(80, 20), **QUARTERS)
    (split,) = holdout.split(dataset, **QUARTERS)
    assert sizes(split) == (subset, 25, 25)
    assert set(split.train) <= set(whole.train)
    assert dataset.y[split.train].mean() == pytest.approx(0.2, abs=0.05)


def test_multilabel_rows_are_split_at_random():
    y = np.random.default_rng(0).integers(0, 2, (40, 3)).astype(np.float32)
    assert sizes(holdout.split(a_dataset(y, "multilabel"), **QUARTERS)[0]) == (20, 10, 10)


def in_groups(counts, per_group, **facts):
    """Rows in classes of so many; consecutive ones, `per_group` of them, form a group: most are of
    one class.
    """
    rows = sum(counts)
    return in_classes(*counts, groups=(np.arange(rows) // per_group)[::-1] * 7 - 3, **facts)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("counts", "per_group"), [((200, 100), 5), ((120, 90, 40), 7), ((300, 300), 3)]
)
def test_groups_stay_whole_and_classes_keep_their_shares_as_well_as_groups_allow(
    counts, per_group, seed
):
    dataset = in_groups(counts, per_group)
    (split,) = holdout.split(dataset, **{**QUARTERS, "seed": seed})
    assert np.array_equal(
        np.sort(np.concatenate([split.train, split.validation, split.test])), np.arange(sum(counts))
    )
    in_parts = [set(dataset.groups[part]) for part in (split.train, split.validation, split.test)]
    assert sum(map(len, in_parts)) == len(set.union(*in_parts))
    for part, share in ((split.train, 0.5), (split.validation, 0.25), (split.test, 0.25)):
        assert np.all(np.diff(part) > 0)
        held = np.bincount(dataset.y[part].astype(int), minlength=len(counts))
        assert np.abs(held - np.array(counts) * share).max() <= 2 * per_group


def test_groups_of_any_size_come_near_the_fractions_of_rows():
    groups = np.repeat(np.arange(60), np.random.default_rng(1).integers(1, 40, 60))
    (split,) = holdout.split(a_dataset(np.zeros(len(groups)), groups=groups), **QUARTERS)
    for part, share in ((split.train, 0.5), (split.validation, 0.25), (split.test, 0.25)):
        assert len(part) / len(groups) == pytest.approx(share, abs=0.01)


def test_only_the_seed_and_the_fraction_move_a_group_into_the_test():
    first = holdout.split(in_groups((200, 100), 5), **QUARTERS)[0]
    for options in ({"validation": 0.1}, {"validation": 0.6}):
        assert np.array_equal(
            holdout.split(in_groups((200, 100), 5), **{**QUARTERS, **options})[0].test, first.test
        )
    smaller = holdout.split(in_groups((200, 100), 5, subset=31), **QUARTERS)[0]
    assert np.array_equal(smaller.test, first.test)
    assert len(smaller.train) == 31
    assert not np.array_equal(
        holdout.split(in_groups((200, 100), 5), **{**QUARTERS, "seed": 1})[0].test, first.test
    )


def a_series(points, lookback=6, delay=2, **facts):
    windows = Windows(
        np.arange(2.0 * points).reshape(points, 2), ("a", "b"), (0,), lookback, 1, delay
    )
    facts = {"kind": "series", "overlap": lookback + delay - 1, **facts}
    return replace(a_dataset(windows.targets, **facts), x=windows)


def reach(dataset, rows):
    """The first and the last point of time that these windows see or predict."""
    return rows[0], rows[-1] + dataset.x.lookback + dataset.x.delay - 1


@pytest.mark.parametrize(
    ("points", "validation", "test"), [(107, 0.25, 0.25), (200, 0.1, 0.4), (60, 0.5, 0.2)]
)
def test_a_series_is_divided_in_order_of_time_and_no_point_is_in_two_parts(
    points, validation, test
):
    dataset = a_series(points)
    (split,) = holdout.split(dataset, validation=validation, test=test, seed=0)
    count = len(dataset.x)
    assert [len(split.validation), len(split.test)] == [
        round(validation * count),
        round(test * count),
    ]
    assert len(split.train) == count - len(split.validation) - len(split.test) - 2 * 7
    assert (split.train[0], split.test[-1]) == (0, count - 1)
    for part in (split.train, split.validation, split.test):
        assert part.dtype == np.int64
        assert np.all(np.diff(part) == 1)
    for earlier, later in ((split.train, split.validation), (split.validation, split.test)):
        # Not one point is shared, and not one row more is left out than that takes.
        assert reach(dataset, later)[0] == reach(dataset, earlier)[1] + 1


def test_the_test_windows_of_a_series_depend_on_their_fraction_alone():
    (first,) = holdout.split(a_series(107), **QUARTERS)
    for dataset, options in (
        (a_series(107), {"validation": 0.5}),
        (a_series(107), {"seed": 9}),
        (a_series(107, subset=5), {}),
    ):
        assert np.array_equal(holdout.split(dataset, **{**QUARTERS, **options})[0].test, first.test)


def test_a_subset_of_a_series_is_its_latest_training_windows():
    (whole,) = holdout.split(a_series(107), **QUARTERS)
    (split,) = holdout.split(a_series(107, subset=11), **QUARTERS)
    assert np.array_equal(split.train, whole.train[-11:])
    assert np.array_equal(split.validation, whole.validation)


# Seven classes, each in three of seven groups, as the lines and points of the Fano plane: however
# its points are parted in two, some line has all of its points on one side.
FANO = (np.array([0, 1, 3]) + np.arange(7)[:, np.newaxis]) % 7
CROSSED = in_classes(*[6] * 7, groups=np.repeat(FANO.ravel(), 2))


@pytest.mark.parametrize(
    ("dataset", "options", "said"),
    [
        (
            in_classes(50, 30, 2),
            {},
            r"'c' has 2 of the rows to divide; expected at least 3 of each class",
        ),
        (
            in_classes(50, 30, 3),
            {"test": 0.7, "validation": 0.2},
            r"'c' has 1 of .* expected at least 2",
        ),
        (
            in_classes(4, 4, 4),
            {"test": 0.1},
            r"test would take 1 of 12 rows; expected at least 3 taken",
        ),
        (a_dataset([1.0]), {}, r"would take 0 of 1 rows; .* Add rows"),
        (
            in_classes(50, 50, subset=51),
            {},
            r"dataset\.subset would take 51 of 50 rows; expected at least 2 taken and 2 left",
        ),
        (in_classes(50, 50, subset=1), {}, r"dataset\.subset would take 1 of 50 rows"),
        (
            a_dataset(np.arange(9.0), fixed={"test": np.arange(9)}),
            {},
            r"no rows to train with: all 9 .* for test;",
        ),
        (
            a_dataset(np.arange(9.0), groups=np.ones(9, int)),
            {},
            r"the 9 rows that test rows .* all of one group; exp",
        ),
        (
            a_dataset(np.arange(9.0), groups=np.arange(9) > 4),
            {},
            r"the [45] rows that validation rows .* of one group",
        ),
        (
            in_groups((40, 10), 5),
            {},
            r"'b' has 2 groups of the rows to divide; expected at least 3 of each class",
        ),
        (
            in_classes(3, 3, groups=np.array([0, 0, 1, 0, 1, 1])),
            {"validation": 0.1},
            r"groups of the rows",
        ),
        (
            CROSSED,
            {"test": 0.3, "validation": 0.3},
            r"no drawing of whole groups left rows of every class",
        ),
        (
            a_series(25),
            {},
            r"validation would take the latest 4 of 7 windows, and up to 7 before .* at least 1 taken",
        ),
        (
            a_series(12),
            {},
            r"test would take the latest 1 of 5 windows, .* lower dataset\.lookback",
        ),
        (
            a_series(107, subset=99),
            {},
            r"dataset\.subset would take 99 of 36 rows; expected at least 1 taken and 1 left",
        ),
        (a_series(107), {"test": 0.001}, r"would take the latest 0 of 100 windows"),
    ],
)
def test_what_cannot_be_split_is_a_sentence(dataset, options, said):
    with pytest.raises(SplitError, match=said):
        holdout.split(dataset, **{**QUARTERS, **options})
