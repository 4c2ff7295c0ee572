import dataclasses

import numpy as np
import pytest

from goldilocks.errors import ProblemError
from goldilocks.evaluation import bootstrap
from goldilocks.evaluation.intervals import interval
from goldilocks.problem import OwnMetric, standard

REGRESSION = standard("regression")


def a_case(rows):
    random = np.random.default_rng(0)
    truth = random.normal(size=(rows, 1))
    return truth, truth + random.normal(0, 0.5, (rows, 1))


def test_the_scores_vary_as_a_median_does():
    values = np.random.default_rng(0).normal(size=400)
    scores = bootstrap.scores(lambda rows: float(np.median(values[rows])), None, 400)
    assert scores.std() == pytest.approx(1.2533 / 20, rel=0.2)
    assert scores.mean() == pytest.approx(np.median(values), abs=0.03)


def test_clusters_are_drawn_as_a_whole():
    clusters = np.array([5, 7, 5, 9, 9, 9])

    def score(rows):
        drawn = np.bincount(rows, minlength=6)
        assert drawn[0] == drawn[2]
        assert drawn[3] == drawn[4] == drawn[5]
        assert drawn[0] + drawn[1] + drawn[3] == 3
        return float(len(rows))

    scores = bootstrap.scores(score, clusters, 6)
    assert len(scores) == bootstrap.RESAMPLES
    assert set(scores) > {3.0, 9.0}


def test_a_single_cluster_and_a_function_that_fails_have_none():
    def fail(rows):
        raise ProblemError("no such rows")

    assert np.isnan(bootstrap.scores(lambda rows: 1.0, np.zeros(6), 6)).all()
    assert np.isnan(bootstrap.scores(fail, None, 6)).all()


def test_a_measure_of_ones_own_has_an_interval_around_its_score():
    worst = OwnMetric("own.worst_tenth", lambda y, p: np.sort(abs(y - p))[-20:].mean(), False)
    problem = dataclasses.replace(REGRESSION, metrics=("worst_tenth",), own_metrics=(worst,))
    truth, predictions = a_case(200)
    of_score = interval(problem, "worst_tenth", truth, predictions, None)
    assert of_score is not None
    score = worst.function(truth, predictions)
    assert 0 < of_score.low < score < of_score.high < 2 * score


def test_where_a_single_block_has_all_rows_there_is_no_interval():
    truth, predictions = a_case(20)
    assert interval(standard("regression"), "r2_score", truth, predictions, np.zeros(20)) is None
