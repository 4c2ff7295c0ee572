import numpy as np
import pandas as pd
import pytest

from goldilocks.protocol import Split, holdout, parts
from workflows import dataset


def distinct(y, **more):
    """A data set of rows that all differ."""
    data = dataset(y, "binary", **more)
    object.__setattr__(data, "x", pd.DataFrame({"a": np.arange(len(y), dtype=float)}))
    return data


def test_nested_validation_takes_training_rows_and_leaves_the_others():
    y = (np.random.default_rng(0).random(200) < 0.3).astype(int)
    data = distinct(y)
    [split] = holdout.split(data, validation=0.25, test=0.25, seed=0)
    nested = parts.nested(data, split, fraction=0.25, seed=0)
    assert np.array_equal(np.union1d(nested.train, nested.validation), split.train)
    assert len(nested.validation) == 25
    assert not np.intersect1d(nested.train, nested.validation).size
    assert np.array_equal(nested.outer, split.validation)
    assert np.array_equal(nested.test, split.test)
    assert y[nested.validation].mean() == pytest.approx(y[split.train].mean(), abs=0.03)


def test_a_class_that_is_too_rare_for_two_parts_is_where_chance_puts_it():
    y = np.zeros(200, int)
    y[3] = 1
    split = Split(np.arange(50), np.arange(50, 100), np.arange(100, 200))
    nested = parts.nested(distinct(y), split, fraction=0.25, seed=0)
    assert (len(nested.train), len(nested.validation)) == (38, 12)


def test_groups_stay_whole_in_nested_validation():
    groups = np.arange(200) // 10
    y = (np.random.default_rng(0).random(200) < 0.3).astype(int)
    split = Split(np.arange(100), np.arange(100, 150), np.arange(150, 200))
    nested = parts.nested(distinct(y, groups=groups), split, fraction=0.25, seed=0)
    assert not np.intersect1d(groups[nested.train], groups[nested.validation]).size
