import itertools
from dataclasses import replace

import numpy as np
import pytest

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.windows import Windows
from goldilocks.errors import SplitError
from goldilocks.protocol import holdout, kfold

FOUR = {"k": 4, "shuffle": True, "test": 0.25, "seed": 0}


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


def numbers(rows, **facts):
    return a_dataset(np.arange(float(rows)), **facts)


def in_classes(*counts, **facts):
    return a_dataset(np.repeat(np.arange(len(counts)), counts), "multiclass", **facts)


def a_series(points, lookback=6, delay=2, **facts):
    windows = Windows(
        np.arange(2.0 * points).reshape(points, 2), ("a", "b"), (0,), lookback, 1, delay
    )
    facts = {"kind": "series", "overlap": lookback + delay - 1, **facts}
    return replace(a_dataset(windows.targets, **facts), x=windows)


def the_test_of_holdout(dataset, test, seed):
    return holdout.split(dataset, validation=0.1, test=test, seed=seed)[0].test


SORTED = in_classes(50, 50, fixed={"test": np.r_[40:60]})


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("k", [2, 4, 5])
@pytest.mark.parametrize(
    "dataset",
    [
        numbers(101),
        numbers(97, groups=np.arange(97) // 4),
        in_classes(60, 40, groups=np.arange(100) % 31),
        a_dataset(np.arange(120) % 3, "multiclass"),
        numbers(90, fixed={"test": np.arange(60, 80)}),
        numbers(90, fixed={"train": np.arange(50), "validation": np.arange(60, 75)}),
    ],
)
def test_every_row_is_sealed_or_validated_once_and_groups_stay_whole(dataset, k, shuffle, seed):
    splits = kfold.split(dataset, k=k, shuffle=shuffle, test=0.25, seed=seed)
    assert len(splits) == k
    used = np.sort(np.concatenate([*(part.validation for part in splits), splits[0].test]))
    divided = np.setdiff1d(
        np.arange(len(dataset.y)), np.r_[50:60, 75:90] if "train" in dataset.fixed else []
    )
    assert np.array_equal(used, divided)
    for part in splits:
        assert np.array_equal(part.test, the_test_of_holdout(dataset, 0.25, seed))
        assert np.array_equal(
            np.sort(np.concatenate([part.train, part.validation, part.test])), divided
        )
        for rows in (part.train, part.validation, part.test):
            assert rows.dtype == np.int64
            assert np.all(np.diff(rows) > 0)
        if dataset.groups is not None:
            inside = [
                set(dataset.groups[rows]) for rows in (part.train, part.validation, part.test)
            ]
            assert sum(map(len, inside)) == len(set.union(*inside))


def test_bostons_published_training_rows_make_four_folds_of_101_consecutive_rows():
    dataset = numbers(506, fixed={"train": np.arange(404), "test": np.arange(404, 506)})
    splits = kfold.split(dataset, k=4, shuffle=False, test=0.25, seed=0)
    assert [part.validation.tolist() for part in splits] == [
        list(range(at, at + 101)) for at in (0, 101, 202, 303)
    ]
    assert {len(part.train) for part in splits} == {303}
    assert all(np.array_equal(part.test, np.arange(404, 506)) for part in splits)


def test_published_training_and_validation_rows_are_one_pool():
    fixed = {"train": np.arange(40), "validation": np.arange(40, 60), "test": np.arange(60, 80)}
    first, *_, last = kfold.split(numbers(80, fixed=fixed), k=3, shuffle=False, test=0.25, seed=0)
    assert first.validation.tolist() == list(range(20))
    assert last.validation.tolist() == list(range(40, 60))
    assert last.train.tolist() == list(range(40))


@pytest.mark.parametrize("counts", [(90, 10), (40, 30, 20)])
def test_classes_keep_their_shares_in_shuffled_folds(counts):
    dataset = in_classes(*counts)
    for part in kfold.split(dataset, k=3, shuffle=True, test=0.2, seed=0):
        held = np.bincount(dataset.y[part.validation], minlength=len(counts))
        assert np.abs(held - np.array(counts) * 0.8 / 3).max() <= 1


def test_classes_keep_their_shares_in_folds_of_groups():
    dataset = in_classes(240, 120, groups=np.arange(360) // 4)
    for part in kfold.split(dataset, **FOUR):
        assert np.abs(np.bincount(dataset.y[part.validation]) - [45, 22.5]).max() <= 8


def test_the_seed_draws_test_rows_and_folds_and_nothing_else_does():
    dataset = numbers(100)
    first, again, other = (kfold.split(dataset, **{**FOUR, "seed": seed}) for seed in (3, 3, 4))
    np.random.seed(12345)  # What a run does with its own seed.
    assert all(
        np.array_equal(a.validation, b.validation) for a, b in zip(first, again, strict=True)
    )
    assert not np.array_equal(first[0].test, other[0].test)
    published = numbers(100, fixed={"test": np.arange(20)})
    one, two = (kfold.split(published, **{**FOUR, "seed": seed})[0] for seed in (3, 4))
    assert not np.array_equal(one.validation, two.validation)


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_subset_limits_the_training_rows_of_each_fold_alone(shuffle):
    dataset = a_dataset(np.arange(200) % 2, "binary")
    whole = kfold.split(dataset, **{**FOUR, "shuffle": shuffle})
    for part, all_of_it in zip(
        kfold.split(replace(dataset, subset=20), **{**FOUR, "shuffle": shuffle}), whole, strict=True
    ):
        assert len(part.train) == 20
        assert set(part.train) <= set(all_of_it.train)
        assert dataset.y[part.train].mean() == 0.5
        assert np.array_equal(part.validation, all_of_it.validation)
        assert np.array_equal(part.test, all_of_it.test)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("points", "k", "test"), [(207, 4, 0.25), (300, 9, 0.1), (90, 2, 0.3)])
def test_a_series_is_chained_forward_and_no_point_is_in_two_parts(points, k, test, shuffle):
    dataset = a_series(points)
    splits = kfold.split(dataset, k=k, shuffle=shuffle, test=test, seed=0)
    span = dataset.x.lookback + dataset.x.delay - 1
    assert len(splits) == k
    for part in splits:
        assert np.array_equal(part.test, the_test_of_holdout(dataset, test, 5))
        for rows in (part.train, part.validation, part.test):
            assert np.all(np.diff(rows) == 1)
        assert part.train[0] == 0
        assert (
            part.validation[0] == part.train[-1] + span + 1
        )  # The point after the last that a training window has.
        assert part.test[0] > part.validation[-1] + span
    for part, following in itertools.pairwise(splits):
        assert following.validation[0] == part.validation[-1] + 1
        assert len(following.train) > len(part.train)
    assert splits[-1].test[0] == splits[-1].validation[-1] + span + 1


def test_a_subset_of_a_series_is_the_latest_before_each_fold():
    whole = kfold.split(a_series(207), **FOUR)
    for part, all_of_it in zip(kfold.split(a_series(207, subset=10), **FOUR), whole, strict=True):
        assert np.array_equal(part.train, all_of_it.train[-10:])


@pytest.mark.parametrize(
    ("dataset", "options", "said"),
    [
        (
            numbers(8),
            {"k": 7},
            r"protocol\.k is 7, and dataset=toy has 6 rows to divide .* expected from 2 to 6 folds",
        ),
        (
            numbers(60, groups=np.arange(60) // 15),
            {},
            r"protocol\.k is 4, .* has 3 groups of rows to divide",
        ),
        (
            in_classes(50, 4),
            {},
            r"'b' has 3 of the 40 rows to divide into protocol\.k=4 folds; expected at least 4 of",
        ),
        (
            SORTED,
            {"shuffle": False, "k": 2},
            r"fold 1 of 2 has 40 training rows and .* every class .*shuffle=true",
        ),
        (
            in_classes(50, 1),
            {},
            r"'b' has 1 of the rows that protocol\.test takes some of; expected at least 2",
        ),
        (
            numbers(40, subset=30),
            {},
            r"dataset\.subset would take 30 of 22 rows",
        ),
        (
            a_series(52),
            {},
            r"has 27 windows before the test: 4 folds of 5, .* 7 left out .* none to train with",
        ),
        (a_series(30), {"k": 40}, r"protocol\.k is 40, .* 40 folds of 0,"),
        (
            a_series(15),
            {},
            r"test would take the latest 2 of 8 windows, and up to 7 before them are left out",
        ),
    ],
)
def test_what_cannot_be_folded_is_a_sentence(dataset, options, said):
    with pytest.raises(SplitError, match=said):
        kfold.split(dataset, **{**FOUR, **options})
