import numpy as np
import pytest
from scipy import stats

from goldilocks.evaluation import deviations


def test_independent_rows_have_the_standard_error_of_their_mean():
    values = np.random.default_rng(0).exponential(1, 70)
    moved, freedom = deviations.deviations(*deviations.sums(values, None))
    assert np.linalg.norm(moved) == pytest.approx(stats.sem(values))
    assert freedom == pytest.approx(69)


def test_clusters_of_equal_size_count_as_so_many_rows():
    values, clusters = np.random.default_rng(0).normal(size=60), np.repeat(np.arange(12), 5)
    moved, freedom = deviations.deviations(*deviations.sums(values, clusters))
    assert np.linalg.norm(moved) == pytest.approx(stats.sem(values.reshape(12, 5).mean(axis=1)))
    assert freedom == pytest.approx(11)


def test_degrees_of_freedom_are_those_of_the_variance_of_unequal_clusters():
    """The variance of a chi-squared variable over its mean squared is 2 / degrees of freedom."""
    rng, sizes = np.random.default_rng(0), np.array([30, 20, 5, 4, 3, 2, 1])
    variances, means = [], []
    for _ in range(4000):
        sums = rng.normal(size=len(sizes)) * np.sqrt(sizes)
        moved, freedom = deviations.deviations(sums, sizes.astype(float))
        variances.append((moved**2).sum())
        means.append(sums.sum() / sizes.sum())
    assert np.mean(variances) == pytest.approx(np.var(means), rel=0.1)
    assert 2 * np.mean(variances) ** 2 / np.var(variances) == pytest.approx(freedom, rel=0.1)


def test_the_skewness_of_a_mean_is_that_of_its_values_over_the_root_of_their_number():
    values = np.random.default_rng(0).exponential(1, 5000)
    moved, _ = deviations.deviations(*deviations.sums(values, None))
    expected = stats.skew(values) / np.sqrt(5000)
    assert deviations.skewness(moved) == pytest.approx(expected, rel=1e-3)
    assert deviations.skewness(np.zeros(4)) == 0


def test_a_quantile_without_skewness_is_itself_and_with_it_the_arms_differ():
    assert deviations.unskewed(2.0, 0.0) == 2.0
    assert deviations.unskewed(2.0, 1e-4) == pytest.approx(2.0, abs=1e-3)
    assert 0 < deviations.unskewed(2, 0.3) < 2 < -deviations.unskewed(-2, 0.3)
    assert -deviations.unskewed(-2, 1.0) < 7, "the longest arm"


def test_one_row_of_a_thousand_is_too_few_and_forty_of_them_are_enough():
    assert deviations.few(1.0, 1000) == pytest.approx(30)
    assert deviations.few(40**-0.5, 1000) < 1
