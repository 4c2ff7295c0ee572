from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import Dataset
from goldilocks.errors import SplitError
from goldilocks.protocol import duplicates, holdout, iterated_kfold, kfold, notes_of_all

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


@pytest.mark.parametrize("problem", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("copies", ["half twice", "all three times", "one 40 times"])
def test_sizes_stay_as_asked_whatever_repeats(copies, problem):
    kinds = {
        "half twice": np.r_[np.arange(300), np.arange(150)],
        "all three times": np.tile(np.arange(300), 3),
        "one 40 times": np.r_[np.arange(300), np.full(40, 7)],
    }[copies]
    kinds = np.random.default_rng(0).permutation(kinds)
    for seed in range(5):
        (split,) = splits("holdout", a_table(kinds, problem), seed)
        contents = [len(np.unique(kinds[rows])) for rows in the_parts(split)]
        assert contents == [150, 75, 75]
        sizes = np.array([len(rows) for rows in the_parts(split)]) / len(kinds)
        spread = 0.1 if copies == "one 40 times" else 0.04
        np.testing.assert_allclose(sizes, [0.5, 0.25, 0.25], atol=spread)
        assert len(np.unique(np.concatenate(the_parts(split)))) == len(kinds)


def test_it_is_said_how_many_rows_repeat_another_one():
    kinds = drawn(0)
    (split,) = splits("holdout", a_table(kinds))
    assert split.notes == (
        "Of 120 rows, 90 are distinct. Equal ones are in one part, so that none is tested that was "
        "trained with.",
    )
    assert notes_of_all(splits("kfold", a_table(kinds))) == split.notes
    (published,) = splits("holdout", a_table(kinds, fixed={"test": np.r_[60:120]}))
    assert any("rows repeating test rows." in note for note in published.notes)


def test_groups_that_share_a_content_are_one_group():
    groups = np.arange(120) // 4
    kinds = np.arange(120)
    kinds[[8, 17]] = kinds[[2, 40]]  # Groups 0 and 2, and 4 and 10.
    for protocol in PROTOCOLS:
        for split in splits(protocol, a_table(kinds, groups=groups)):
            contents = [set(kinds[rows].tolist()) for rows in the_parts(split)]
            members = [set(groups[rows].tolist()) for rows in the_parts(split)]
            for first, second in ((0, 1), (0, 2), (1, 2)):
                assert not contents[first] & contents[second]
                assert not members[first] & members[second]
            assert sum(map(len, the_parts(split))) == 120


def test_copies_inside_of_groups_move_no_row():
    groups = np.arange(120) // 4
    kinds = np.arange(120)
    kinds[1::4] = kinds[::4]
    alone = splits("holdout", a_table(np.arange(120), groups=groups))[0]
    (split,) = splits("holdout", a_table(kinds, groups=groups))
    for rows, same in zip(the_parts(split), the_parts(alone), strict=True):
        np.testing.assert_array_equal(rows, same)


def test_a_table_whose_equal_rows_have_other_targets_repeats_them_by_nature():
    kinds = np.arange(120) % 50
    observed = replace(a_table(kinds), y=np.random.default_rng(0).normal(size=120))
    (split,) = splits("holdout", observed)
    assert [len(rows) for rows in the_parts(split)] == [60, 30, 30]
    assert "Only 50 of 120 rows are distinct, and 70 rows that repeat another" in split.notes[0]
    assert duplicates.clusters(observed) is None

    texts = replace(observed, kind="text", x=kinds.astype(str).astype(object))
    (split,) = splits("holdout", texts)
    assert not set(kinds[split.train]) & set(kinds[split.test])


def test_a_table_of_few_contents_repeats_them_by_nature():
    (split,) = splits("holdout", a_table(np.arange(400) % 8, "binary"))
    assert [len(rows) for rows in the_parts(split)] == [200, 100, 100]
    assert "Only 8 of 400 rows are distinct, and 0 rows that" in split.notes[0]


@pytest.mark.parametrize("contents", [15, 60])
def test_copies_of_a_table_are_no_nature(contents):
    kinds = np.tile(np.arange(contents), 3)
    (split,) = splits("holdout", a_table(kinds, "binary"))
    assert not set(kinds[split.train]) & set(kinds[split.test])
    assert len(np.unique(duplicates.clusters(a_table(kinds)))) == contents


def test_a_content_of_many_rows_stays_in_training():
    kinds = np.random.default_rng(0).permutation(np.r_[np.arange(300), np.full(200, 7)])
    for seed in range(5):
        (split,) = splits("holdout", a_table(kinds), seed)
        assert 7 in kinds[split.train]
        assert len(split.test) == len(split.validation) == 75


def test_groups_that_equal_rows_tie_together_are_refused_with_the_cause():
    kinds = np.random.default_rng(0).integers(40, size=120)
    with pytest.raises(SplitError, match=r"rows of different groups are equal, which ties groups"):
        splits("holdout", a_table(kinds, groups=np.arange(120) // 2))


def test_a_class_that_is_all_one_content_cannot_be_in_two_parts():
    kinds = np.concatenate(
        [np.arange(0, 80, 2), np.full(10, 1)]
    )  # The odd class is one row, ten times.
    with pytest.raises(SplitError, match="'b' has 1 of the distinct rows to divide; expected at"):
        splits("holdout", a_table(kinds, "binary"))
    few = np.concatenate([np.arange(0, 160, 2), [1, 1, 3, 3, 3, 5]])
    with pytest.raises(SplitError, match=r"'b' has 2 of the 62 distinct rows to divide"):
        splits("kfold", a_table(few, "binary"))


def test_the_subset_is_drawn_from_what_is_left():
    kinds = drawn(1)
    (split,) = splits("holdout", a_table(kinds, subset=30))
    assert len(split.train) == 30
    assert not set(kinds[split.train]) & set(kinds[split.test])
