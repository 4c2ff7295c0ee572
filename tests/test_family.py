import math

import numpy as np
import pandas as pd
import pytest

from goldilocks.evaluation import family
from goldilocks.evaluation.family import Difference, Family, Scored

NAN = math.nan


def seeds(*numbers, first=0):
    return Scored(trainings={(str(first + seed), ""): value for seed, value in enumerate(numbers)})


def with_rows(random, rows=100, *, count=3, gain=0.0, noise=1.0, seed_noise=0.01):
    """A model whose scores have the noise of rows and of seeds."""
    shared = gain + noise * random.normal(size=rows)
    parts = {
        (str(seed), ""): pd.Series(shared + seed_noise * random.normal(), np.arange(rows))
        for seed in range(count)
    }
    return Scored(trainings={key: part.mean() for key, part in parts.items()}, rows=parts)


@pytest.mark.parametrize(
    ("p", "p_rows", "p_seeds", "words"),
    [
        (0.01, 0.01, 0.01, family.BOTH),
        (0.20, 0.01, 0.30, family.ROWS),
        (0.20, 0.30, 0.01, family.SEEDS),
        (0.20, 0.30, 0.30, family.WITHIN),
        (0.01, 0.01, NAN, family.ONE_SEED),
        (0.20, 0.20, NAN, family.WITHIN),
        (0.01, NAN, 0.01, family.NO_ROWS),
        (0.20, NAN, 0.20, family.WITHIN),
    ],
)
def test_each_word_stands_for_its_test(p, p_rows, p_seeds, words):
    difference = Difference(mean=1, error=1, p=p, p_rows=p_rows, p_seeds=p_seeds, pairs=3)
    assert difference.words == words
    assert difference.is_sure == (words == family.BOTH)


def test_a_difference_of_seeds_needs_no_seed_in_common():
    found = Family([seeds(3.1, 2.9, 3.3), seeds(1.0, 1.2, 1.1, first=7)], higher=True)
    difference = found.difference(0, 1)
    assert (difference.mean, difference.words) == (pytest.approx(2.0), family.NO_ROWS)
    assert difference.low > 0
    back = found.difference(1, 0)
    assert (back.low, back.p) == (pytest.approx(-difference.high), difference.p)


def test_equal_trainings_do_not_differ():
    found = Family([seeds(1.0, 2.0), seeds(1.0, 2.0)], higher=False).difference(0, 1)
    assert (found.mean, found.p, found.words) == (0, 1, family.WITHIN)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (seeds(1.0), seeds(2.0), family.CANNOT_TELL),
        (seeds(1.0, NAN), seeds(2.0, 2.0), family.NOT_FINITE),
    ],
)
def test_a_difference_without_a_test_gives_the_reason(first, second, words):
    difference = Family([first, second], higher=True).difference(0, 1)
    assert (difference.words, difference.beyond_noise) == (words, None)
    assert math.isnan(difference.low)


def test_folds_that_share_rows_give_a_wider_interval():
    first, second = (
        Scored(trainings={("0", str(fold)): value for fold, value in enumerate(values)})
        for values in ([3.0, 3.5, 3.2, 3.9], [2.0, 2.7, 2.1, 2.8])
    )
    alone = Family([first, second], higher=True).difference(0, 1)
    shared = Family([first, second], higher=True, overlap=1 / 3).difference(0, 1)
    assert shared.over == "folds"
    assert shared.error / alone.error == pytest.approx(math.sqrt((1 / 4 + 1 / 3) / (1 / 4)))
    assert alone.error == pytest.approx(np.std([1.0, 0.8, 1.1, 1.1], ddof=1) / 2)


def test_rows_and_seeds_both_enter():
    random = np.random.default_rng(0)
    worse, equal, better = (with_rows(random, gain=gain) for gain in (0, 0, 1))
    found = Family([worse, equal, better], higher=True)
    assert found.difference(2, 0).words == family.BOTH
    assert found.difference(1, 0).words != family.BOTH
    noisy = [with_rows(random, gain=gain, seed_noise=2.0) for gain in (0, 2)]
    assert Family(noisy, higher=True).difference(1, 0).words == family.ROWS
    one = [with_rows(random, gain=gain, count=1) for gain in (0, 1)]
    assert Family(one, higher=True).difference(1, 0).words == family.ONE_SEED
    measured = Family(one, higher=True, measured=(0.01, 2)).difference(1, 0)
    assert measured.words == family.BOTH


def test_groups_of_rows_are_clusters():
    random = np.random.default_rng(0)
    models = [with_rows(random, rows=80) for _ in range(2)]
    groups = pd.Series(np.arange(80) // 8, np.arange(80))
    grouped = Family(models, higher=True, clusters=groups).difference(0, 1)
    gaps = models[0].rows["0", ""] - models[1].rows["0", ""]
    sums = gaps.groupby(groups).mean()
    seeds_alone = Family(models, higher=True)._tests.seeds
    of_seeds = seeds_alone.variances(seeds_alone.squares, 0.0).sum()
    assert grouped.error**2 == pytest.approx(sums.var() / 10 + of_seeds)


def test_a_model_without_a_seed_has_no_noise_of_seeds():
    random = np.random.default_rng(0)
    model, constant = with_rows(random, gain=1), with_rows(random, count=1, noise=0.1)
    fixed = Scored(trainings=constant.trainings, rows=constant.rows, fixed=True)
    errors = [
        Family([model, other], higher=True, measured=(1.0, 2)).difference(0, 1).error
        for other in (fixed, constant)
    ]
    assert errors[0] < errors[1]
