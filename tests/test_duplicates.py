from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import Dataset
from goldilocks.errors import SplitError
from goldilocks.protocol import holdout, iterated_kfold, kfold, notes_of_all

PROTOCOLS = {
    "holdout": (holdout.split, {"validation": 0.25, "test": 0.25}),
    "kfold": (kfold.split, {"k": 4, "shuffle": True, "test": 0.25}),
    "iterated": (iterated_kfold.split, {"k": 3, "iterations": 2, "test": 0.25}),
}


def a_table(kinds, problem="regression", **facts):
    """Rows that are equal where their kind is; `kinds` is an int array."""
    kinds = np.asarray(kinds)
    y = {"binary": (kinds % 2).astype("float32"), "multiclass": kinds % 3}.get(
        problem, kinds.astype("float32")
    )
    classes = {"binary": ("a", "b"), "multiclass": ("a", "b", "c")}.get(problem, ())
    given = {
        "name": "toy",
        "kind": "table",
        "source": "stand_in",
        "location": "",
        "digest": "",
        **facts,
    }
    return Dataset(
        problem=problem,
        x=pd.DataFrame({"kind": kinds.astype("float64")}),
        y=y,
        classes=classes,
        **given,
    )


def drawn(seed, rows=120, distinct=90):
    """Kinds of rows, of which some stand twice or more."""
    random = np.random.default_rng(seed)
    return random.permutation(
        np.concatenate([np.arange(distinct), random.integers(distinct, size=rows - distinct)])
    )


def splits(protocol, dataset, seed=0):
    split, asked = PROTOCOLS[protocol]
    return split(dataset, seed=seed, **asked)


def the_parts(split):
    return split.train, split.validation, split.test


@pytest.mark.parametrize("problem", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_content_stands_in_two_parts_of_a_split(protocol, seed, problem):
    kinds = drawn(seed)
    for split in splits(protocol, a_table(kinds, problem), seed):
        train, validation, test = (set(kinds[rows].tolist()) for rows in the_parts(split))
        assert not train & validation
        assert not train & test
        assert not validation & test
        rows = np.concatenate(the_parts(split))
        assert len(np.unique(rows)) == len(rows)
        if protocol == "holdout":
            assert len(rows) == len(kinds)


@pytest.mark.parametrize(
    "published", [{}, {"test": np.r_[90:120]}, {"validation": np.r_[:20], "test": np.r_[90:120]}]
)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_content_is_in_two_parts(protocol, seed, published):
    kinds = drawn(seed)
    for split in splits(protocol, a_table(kinds, fixed=published), seed):
        train, validation, test = (set(kinds[rows].tolist()) for rows in the_parts(split))
        assert not train & validation
        assert not (train | validation) & test
        if "test" in published:
            assert np.array_equal(split.test, published["test"])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_duplicates_every_row_is_where_it_was_drawn(protocol, seed):
    rows = a_table(np.arange(100), "binary")
    unknown = replace(
        rows, x=pd.DataFrame({"kind": np.zeros(100)})
    )  # Repeats by nature, so nothing is moved.
    for split, same in zip(
        splits(protocol, rows, seed), splits(protocol, unknown, seed), strict=True
    ):
        assert split.notes == ()
        assert all(
            np.array_equal(a, b) for a, b in zip(the_parts(split), the_parts(same), strict=True)
        )


@pytest.mark.parametrize("seed", range(4))
def test_all_protocols_have_the_same_test_rows(seed):
    dataset = a_table(drawn(seed))
    found = {name: splits(name, dataset, seed)[0].test for name in PROTOCOLS}
    assert np.array_equal(found["holdout"], found["kfold"])
    assert np.array_equal(found["holdout"], found["iterated"])
    alone = replace(dataset, x=pd.DataFrame({"row": np.arange(120.0)}))
    before = splits("holdout", alone, seed)[0].test
    assert set(before.tolist()) < set(found["holdout"].tolist())


def test_moved_rows_are_counted_in_a_note():
    kinds = drawn(0)
    (split,) = splits("holdout", a_table(kinds))
    alone = splits("holdout", a_table(np.arange(120)))[0]
    moved = len(split.test) - len(alone.test)
    assert any(
        f"Moved {moved} duplicates of test rows from the other rows" in note for note in split.notes
    )
    assert any(
        "of validation rows from the other rows to the validation rows" in note
        for note in split.notes
    )
    folds = splits("kfold", a_table(kinds))
    assert len(notes_of_all(folds)) == 1
    assert any("fold 2 of 4 trains with none of them" in note for note in folds[1].notes)
    (published,) = splits("holdout", a_table(kinds, fixed={"test": np.r_[60:120]}))
    assert any(
        "of test rows, because the published test rows stay as they are" in note
        for note in published.notes
    )


def test_rows_of_groups_are_left_out_and_no_group_is_parted():
    groups = np.arange(120) // 4
    kinds = drawn(3)
    (split,) = splits("holdout", a_table(kinds, groups=groups))
    contents = [set(kinds[rows].tolist()) for rows in the_parts(split)]
    members = [set(groups[rows].tolist()) for rows in the_parts(split)]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not contents[first] & contents[second]
        assert not members[first] & members[second]
    assert sum(map(len, the_parts(split))) < 120
    assert any("because their groups stay whole" in note for note in split.notes)


def test_a_table_of_few_distinct_rows_repeats_them_by_nature():
    kinds = np.arange(120) % 50
    (split,) = splits("holdout", a_table(kinds))
    assert [len(rows) for rows in the_parts(split)] == [60, 30, 30]
    assert "Only 50 of 120 rows are distinct" in split.notes[0]
    texts = replace(a_table(kinds), kind="text", x=kinds.astype(str).astype(object))
    (split,) = splits("holdout", texts)
    assert not set(kinds[split.train]) & set(kinds[split.test])


def test_a_class_that_is_all_one_content_cannot_be_in_two_parts():
    kinds = np.concatenate(
        [np.arange(0, 80, 2), np.full(10, 1)]
    )  # The odd class is one row, ten times.
    with pytest.raises(
        SplitError,
        match="same content are kept in one part, and so no row is left to train with of 'b'",
    ):
        splits("holdout", a_table(kinds, "binary"))
    few = np.concatenate([np.arange(0, 160, 2), [1, 1, 3, 3, 3, 5]])
    for seed in range(20):
        try:
            found = splits("kfold", a_table(few, "binary"), seed)
        except SplitError as error:
            assert "'b'" in str(error)  # noqa: PT017
        else:
            assert all(set((few[split.train] % 2).tolist()) == {0, 1} for split in found)


def test_a_fold_that_is_left_without_a_class_says_why():
    kinds = np.concatenate([np.arange(0, 160, 2), np.full(8, 1), [3, 3]])
    dataset = a_table(kinds, "binary", fixed={"test": np.r_[:20, 88:90]})
    with pytest.raises(
        SplitError, match=r"trains with no row, of which \d+ repeat a validation row, of 'b'"
    ):
        splits("kfold", dataset)


def test_the_subset_is_drawn_from_what_is_left():
    kinds = drawn(1)
    (split,) = splits("holdout", a_table(kinds, subset=30))
    assert len(split.train) == 30
    assert not set(kinds[split.train]) & set(kinds[split.test])
