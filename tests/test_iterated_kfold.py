import numpy as np
import pytest

from goldilocks.dataset import Dataset
from goldilocks.errors import SplitError
from goldilocks.protocol import holdout, iterated_kfold, kfold

THREE = {"k": 3, "iterations": 2, "test": 0.25, "seed": 0}


def a_dataset(rows, classes=0, **facts):
    y = np.arange(rows) % classes if classes else np.arange(float(rows))
    problem = "multiclass" if classes else "regression"
    facts = {
        "name": "toy",
        "kind": "table",
        "source": "stand_in",
        "location": "",
        "digest": "",
        **facts,
    }
    return Dataset(
        problem=problem, x=np.zeros((rows, 1)), y=y, classes=tuple("abcdef"[:classes]), **facts
    )


def same(one, other):
    return all(np.array_equal(vars(one)[name], vars(other)[name]) for name in vars(one))


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize(("k", "iterations"), [(2, 1), (3, 4), (5, 2)])
@pytest.mark.parametrize(
    "dataset",
    [
        a_dataset(71),
        a_dataset(120, 3),
        a_dataset(90, groups=np.arange(90) // 5),
        a_dataset(96, 2, groups=np.arange(96) // 6),
        a_dataset(
            60,
            fixed={
                "train": np.arange(30),
                "validation": np.arange(30, 40),
                "test": np.arange(40, 60),
            },
        ),
    ],
)
def test_every_row_is_sealed_or_validated_once_an_iteration(dataset, k, iterations, seed):
    splits = iterated_kfold.split(dataset, k=k, iterations=iterations, test=0.25, seed=seed)
    (held,) = holdout.split(dataset, validation=0.2, test=0.25, seed=seed)
    assert len(splits) == k * iterations
    for start in range(0, len(splits), k):
        judged = np.concatenate([part.validation for part in splits[start : start + k]])
        assert np.array_equal(
            np.sort(np.concatenate([judged, held.test])), np.arange(len(dataset.y))
        )
    for part in splits:
        assert np.array_equal(part.test, held.test)
        assert np.array_equal(
            np.sort(np.concatenate([part.train, part.validation, part.test])),
            np.arange(len(dataset.y)),
        )
        if dataset.groups is not None:
            inside = [
                set(dataset.groups[rows]) for rows in (part.train, part.validation, part.test)
            ]
            assert sum(map(len, inside)) == len(set.union(*inside))


def test_iterations_are_shuffled_anew_and_more_of_them_change_no_earlier_one():
    two, three = (
        iterated_kfold.split(a_dataset(80), **{**THREE, "iterations": count}) for count in (2, 3)
    )
    assert all(same(one, other) for one, other in zip(two, three, strict=False))
    firsts = [three[at].validation.tolist() for at in (0, 3, 6)]
    assert len({tuple(rows) for rows in firsts}) == 3


def test_the_seed_decides_and_two_seeds_share_no_shuffle():
    published = a_dataset(80, fixed={"test": np.arange(20)})
    folds = [
        tuple(part.validation.tolist())
        for seed in range(6)
        for part in iterated_kfold.split(published, **{**THREE, "seed": seed, "iterations": 5})
    ]
    assert len(set(folds)) == len(folds) == 6 * 5 * 3
    once, again = (iterated_kfold.split(published, **THREE) for _ in range(2))
    assert all(same(one, other) for one, other in zip(once, again, strict=True))


def test_an_iteration_is_shuffled_kfold():
    published = a_dataset(80, 2, fixed={"test": np.arange(20)})
    seed = int(np.random.SeedSequence(0).generate_state(2)[1])
    plain = kfold.split(published, k=3, shuffle=True, test=0.25, seed=seed)
    assert all(
        same(one, other)
        for one, other in zip(iterated_kfold.split(published, **THREE)[3:], plain, strict=True)
    )


def test_a_subset_limits_the_training_rows_of_each_split():
    whole = iterated_kfold.split(a_dataset(80), **THREE)
    for part, all_of_it in zip(
        iterated_kfold.split(a_dataset(80, subset=9), **THREE), whole, strict=True
    ):
        assert len(part.train) == 9
        assert set(part.train) <= set(all_of_it.train)
        assert np.array_equal(part.validation, all_of_it.validation)


@pytest.mark.parametrize(
    ("dataset", "options", "said"),
    [
        (
            a_dataset(10),
            {"k": 9},
            r"protocol\.k is 9, and dataset=toy has 8 rows to divide into folds",
        ),
        (
            a_dataset(8, 2),
            {"k": 4},
            r"'a' has 3, 'b' has 3 .* protocol\.k=4 folds; expected at least 4",
        ),
    ],
)
def test_what_cannot_be_folded_is_a_sentence(dataset, options, said):
    with pytest.raises(SplitError, match=said):
        iterated_kfold.split(dataset, **{**THREE, **options})
