import math

import numpy as np
import pytest
from scipy import stats

from goldilocks.evaluation.simultaneous import Candidates, Seeds


def candidates(scores, covariance=None, *, fixed=None, named=None, **more):
    scores = np.asarray(scores, float)
    every = np.ones(len(scores), bool)
    seeds = Seeds(scores=scores, fixed=~every if fixed is None else fixed, **more)
    means = np.nanmean(scores, axis=1)
    return Candidates(
        means=means,
        covariance=covariance,
        row_freedom=10**6,
        seeds=seeds,
        named=every if named is None else named,
    )


@pytest.mark.parametrize("count", [2, 5, 10])
def test_by_rows_alone_it_is_tukeys_range_test(count):
    found = candidates(np.zeros((count, 1)), np.eye(count)).rows
    expected = stats.studentized_range.ppf(0.95, count, np.inf) / np.sqrt(2)
    assert found.reach == pytest.approx(expected, rel=0.04)


def test_candidates_whose_rows_go_wrong_together_differ_by_less():
    together = np.array([[1.0, 0.99], [0.99, 1.0]])
    scores = [[0.5], [0.0]]
    assert candidates(scores, together).rows.p[0, 1] < 0.01
    assert candidates(scores, np.eye(2)).rows.p[0, 1] > 0.5


def test_few_seeds_need_a_larger_difference():
    few, many = (candidates(np.random.default_rng(0).normal(size=(4, seeds))) for seeds in (3, 30))
    assert few.of_seeds.reach > 1.3 * many.of_seeds.reach


def test_only_differences_that_are_asked_for_are_corrected():
    named = np.arange(30) < 2
    some = candidates(np.zeros((30, 1)), np.eye(30), named=named).rows
    every = candidates(np.zeros((30, 1)), np.eye(30)).rows
    assert some.reach < 0.95 * every.reach


def test_candidates_that_are_one_another_do_not_differ():
    found = candidates([[0.3, 0.4], [0.3, 0.4]], np.ones((2, 2))).both
    assert found.p.min() == 1
    constant = candidates([[0.0], [1.0]], np.zeros((2, 2))).rows
    assert (constant.p[0, 1] < 0.01, constant.error[0, 1]) == (True, 0)


@pytest.mark.parametrize(("seeds", "apart"), [(3, 1.0), (3, 3.0), (10, 1.0)])
def test_equal_candidates_are_set_apart_in_one_of_twenty(seeds, apart):
    random, false = np.random.default_rng(3), 0
    deviations = np.array([apart, 1, 1, 1])[:, np.newaxis]
    for _ in range(100):
        of_rows = random.normal(size=(4, 1)) * 0.7
        scores = of_rows + random.normal(size=(4, seeds)) * deviations
        false += candidates(scores, np.eye(4) * 0.49).both.p.min() < 0.05
    assert false <= 12  # P(13 or more of 100 at 5 %) < 0.002


def chosen(truths, random, *, of_rows=0.0):
    """The best of candidates with one seed each, and its true score."""
    scores = truths + random.normal(size=len(truths)) * math.hypot(1, of_rows)
    shared = random.normal() * 5  # What a row does to all of them.
    order = np.argsort(-scores)
    covariance = np.eye(len(truths)) * of_rows**2 + 25
    scored = (scores[order] + shared)[:, np.newaxis]
    found = candidates(scored, covariance, deviation=1.0, freedom=20)
    return scores[order[0]], found.shrunk - shared, truths[order[0]]


@pytest.mark.parametrize("of_rows", [0.3, 1.0])
@pytest.mark.parametrize(
    ("truths", "most"),
    [
        (lambda random: np.zeros(8), 0.7),
        (lambda random: random.normal(size=25), 0.7),
        (lambda random: np.where(random.random(25) < 0.5, -10.0, 0.0), 0.7),
        (lambda random: np.arange(25) * 4.0, 1.3),
    ],
    ids=["equal", "normal", "half are bad", "far apart"],
)
def test_a_shrunk_score_is_nearer_to_the_truth_than_that_of_the_best(truths, most, of_rows):
    random = np.random.default_rng(5)
    draws = np.array([chosen(truths(random), random, of_rows=of_rows) for _ in range(200)])
    best, shrunk = draws[:, 0] - draws[:, 2], draws[:, 1] - draws[:, 2]
    assert np.sqrt(np.mean(shrunk**2)) < most * np.sqrt(np.mean(best**2))
    assert abs(shrunk.mean()) < 0.5 * math.hypot(1, of_rows)


def test_the_shrunk_score_of_equal_candidates_is_their_mean():
    found = candidates([[0.3], [0.1], [0.0], [-0.1]], deviation=1.0, freedom=20)
    assert found.shrunk == pytest.approx(0.075, abs=0.02)


def test_the_shrunk_score_of_a_clear_winner_is_its_own():
    found = candidates([[10.0], [0.0], [0.0]], deviation=0.1, freedom=20)
    assert found.shrunk == pytest.approx(10, abs=0.02)


def test_without_noise_that_is_known_a_score_stays_as_it_is():
    assert candidates([[1.0], [0.9]]).shrunk == 1
