import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import integrate, stats

from goldilocks.encoding.targets import encode_targets
from goldilocks.evaluation import measures, scores
from goldilocks.evaluation.clusters import row_clusters
from goldilocks.evaluation.intervals import RATES, best_of, interval, mean_interval, standard_error
from goldilocks.problem import PROBLEMS, Problem

ROWS = 60


def problem(kind, *metrics):
    row = PROBLEMS[kind]
    return Problem(kind, row.last_activation, row.losses[0], metrics or row.metrics)


def a_case(kind, *, rows=ROWS, seed=0):
    """Return targets and predictions of a problem type that are sometimes wrong."""
    rng = np.random.default_rng(seed)
    if kind == "multiclass":
        y = rng.integers(3, size=rows)
        predictions = rng.dirichlet([1, 1, 1], rows) + 0.7 * np.eye(3)[y]
        truth = encode_targets(problem(kind), 3, y)
        return truth, (predictions / predictions.sum(axis=1, keepdims=True)).astype("float32")
    if kind in ("binary", "multilabel"):
        truth = (rng.random((rows, 1 if kind == "binary" else 4)) < 0.4).astype("float32")
        return truth, np.clip(0.3 * truth + rng.uniform(0, 0.7, truth.shape), 0, 1).astype(
            "float32"
        )
    truth = rng.random((rows, 2)).astype("float32") + 0.1
    return truth, np.clip(truth + rng.normal(0, 0.2, truth.shape), 0.01, 0.99).astype("float32")


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("groups", [None, 20])
def test_every_score_lies_in_its_interval(kind, groups):
    truth, predictions = a_case(kind)
    clusters = None if groups is None else np.arange(ROWS) % groups
    for name, score in scores.scores(problem(kind), truth, predictions).items():
        result = interval(problem(kind), name, truth, predictions, clusters)
        if math.isnan(score):  # No row is without relevance.
            assert result is None
            continue
        assert result.low < score < result.high or result.high == score == 1, name
        least, most = measures.get(name).range
        assert least <= result.low < result.high <= most


@pytest.mark.parametrize("name", [*RATES, "accuracy", "loss"])
def test_four_times_the_rows_halve_the_interval(name):
    widths = []
    for rows in (400, 1600):
        result = interval(problem("binary"), name, *a_case("binary", rows=rows), None)
        widths.append(result.high - result.low)
    assert widths[1] / widths[0] == pytest.approx(0.5, abs=0.12)


def test_a_share_of_independent_rows_has_wilsons_interval():
    truth = np.ones((100, 1), "float32")
    predictions = np.repeat([1.0, 0.0], [91, 9]).astype("float32")[:, None]
    result = interval(problem("binary"), "accuracy", truth, predictions, None)
    expected = stats.binomtest(91, 100).proportion_ci(0.95, method="wilson")
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high))


def test_a_perfect_score_still_has_an_interval():
    truth = np.repeat([0.0, 1.0], 10).astype("float32")[:, None]
    for clusters in (None, np.arange(20) // 2):
        for name in ("accuracy", "precision", "recall", "auc"):
            result = interval(problem("binary"), name, truth, truth, clusters)
            assert result.high == pytest.approx(1)
            assert 0.5 < result.low < 0.9, name


def test_copies_of_rows_add_nothing_as_clusters():
    truth, predictions = a_case("binary", rows=50)
    copies, clusters = np.repeat(np.arange(50), 10), np.repeat(np.arange(50), 10)
    for name in ("accuracy", "auc", "precision"):
        alone = interval(problem("binary"), name, truth, predictions, np.arange(50))
        copied = interval(problem("binary"), name, truth[copies], predictions[copies], clusters)
        fooled = interval(problem("binary"), name, truth[copies], predictions[copies], None)
        assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high), abs=0.02)
        assert fooled.high - fooled.low < 0.5 * (copied.high - copied.low)


def test_the_root_of_a_mean_has_the_roots_of_its_ends():
    truth, predictions = (values[:, :1] for values in a_case("regression"))
    squares = interval(problem("regression"), "mse", truth, predictions, None)
    roots = interval(problem("regression"), "root_mean_squared_error", truth, predictions, None)
    assert (roots.low**2, roots.high**2) == pytest.approx((squares.low, squares.high))


def test_few_skewed_rows_have_a_longer_upper_arm():
    rng = np.random.default_rng(0)
    values = rng.exponential(1, 5000)
    result = mean_interval(values, None)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high), rel=0.005)
    few = mean_interval(values[:60], None)
    mean = values[:60].mean()
    assert few.high - mean > 1.2 * (mean - few.low)
    assert mean_interval(values[:60], None) == few


@pytest.mark.parametrize(
    ("values", "rows"),
    [([1.0] * 200, None), ([1.0] * 190 + [2.0] * 10, None), ([1.0] * 199 + [9.0], 2)],
)
def test_an_interval_says_how_few_rows_it_hangs_on(values, rows):
    result = mean_interval(np.array(values), None)
    assert result.few_rows == (rows and pytest.approx(rows, rel=0.1))
    assert result.low <= np.mean(values) <= result.high < 2


@pytest.mark.parametrize("noise", [0, 1e-17, 1e-13])
def test_rounding_is_no_spread(noise):
    values = 0.1 + noise * np.arange(40)
    result = mean_interval(values, None)
    assert (result.low, result.high) == pytest.approx((0.1, 0.1), rel=1e-6)


def test_a_mistake_that_no_row_shows_counts_as_what_the_prediction_would_cost():
    """The rule of three: of 300 rows without a mistake, up to one in a hundred may be one."""
    truth = np.ones((300, 1), "float32")
    predictions = np.full((300, 1), 1 - 1e-6, "float32")
    result = interval(problem("binary", "log_loss"), "log_loss", truth, predictions, None)
    assert result.high == pytest.approx(-math.log(1e-6) * 3 / 300, rel=0.05)
    assert result.few_rows == pytest.approx(1, abs=0.1)
    unsure = interval(problem("binary", "log_loss"), "log_loss", *a_case("binary", rows=300), None)
    assert unsure.few_rows is None


def test_unequal_clusters_leave_fewer_degrees_of_freedom():
    clusters = np.repeat(np.arange(5), [90, 3, 3, 2, 2])
    _, freedom = standard_error(np.random.default_rng(0).normal(size=100), clusters)
    assert 1 < freedom < 1.5


def test_too_few_rows_have_no_interval():
    truth, predictions = np.ones((1, 1)), np.full((1, 1), 0.5, "float32")
    assert interval(problem("regression"), "mae", truth, predictions, None) is None
    assert interval(problem("binary"), "auc", truth, predictions, None) is None
    assert interval(problem("binary"), "recall", 0 * truth, predictions, None) is None
    three = mean_interval(np.array([1.0, 2.0, 3.0]), None)
    expected = stats.ttest_1samp([1, 2, 3], 0).confidence_interval()
    assert three.low == 0 > expected.low
    assert three.high == pytest.approx(expected.high)


def test_a_series_is_cut_into_few_long_stretches():
    windows = SimpleNamespace(starts=np.arange(1000, 2000), delay=1, horizon=1)
    series = SimpleNamespace(kind="series", is_ordered=True, x=windows, overlap=24)
    rows = np.arange(1000)
    assert len(set(row_clusters(series, rows))) == 43
    assert np.bincount(row_clusters(series, rows, most=10)).tolist() == [100] * 10
    series.overlap = 500
    assert np.unique(row_clusters(series, rows), return_counts=True)[1].tolist() == [125] * 8
    windows.delay, windows.horizon = 200, 51
    assert np.unique(row_clusters(series, rows), return_counts=True)[1].tolist() == [250] * 4


def test_a_table_that_is_divided_by_time_is_cut_into_short_stretches():
    table = SimpleNamespace(kind="table", is_ordered=True)
    assert np.bincount(row_clusters(table, np.arange(1000))).tolist() == [10] * 100


def test_values_that_are_not_finite_have_no_interval():
    truth, predictions = a_case("binary")
    predictions[3] = np.nan
    assert interval(problem("binary"), "loss", truth, predictions, None) is None
    assert interval(problem("binary"), "auc", truth, predictions, None) is None


def test_the_area_is_keras_s_and_its_error_delong_s():
    truth, predictions = a_case("binary", rows=300)
    predictions = np.round(predictions, 1)
    area = scores.scores(problem("binary", "auc"), truth, predictions)["auc"]
    result = interval(problem("binary"), "auc", truth, predictions, None)
    middle = [math.log(end / (1 - end)) for end in (result.low, result.high)]
    assert sum(middle) / 2 == pytest.approx(math.log(area / (1 - area)), rel=1e-4)
    ones, zeros = predictions[truth == 1], predictions[truth == 0]
    wins = (ones[:, None] > zeros) + 0.5 * (ones[:, None] == zeros)
    error = math.sqrt(
        wins.mean(axis=1).var(ddof=1) / len(ones) + wins.mean(axis=0).var(ddof=1) / len(zeros)
    )
    reach = (middle[1] - middle[0]) / 2 / stats.t(299).ppf(0.975) * area * (1 - area)
    # Beside it there is one more row of the rarer class, right or wrong by chance.
    more = area * (1 - area) / (len(ones) + 1) ** 2
    assert reach == pytest.approx(math.sqrt(error**2 + more), rel=0.01)


@pytest.mark.parametrize("count", [2, 3, 10, 40, 200, 1000])
def test_the_best_of_many_is_the_largest_of_normal_draws(count):
    def weighted(z):
        return z * count * stats.norm.pdf(z) * stats.norm.cdf(z) ** (count - 1)

    expected = integrate.quad(weighted, -9, 9)[0]
    assert best_of(count, 0.1) == pytest.approx(0.1 * expected, rel=1e-6)
    assert best_of(1, 0.1) == best_of(0, 0.1) == 0


def test_the_interval_holds_the_truth_in_95_of_100_data_sets():
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        result = mean_interval(rng.exponential(1, 50), None)
        held += result.low <= 1 <= result.high
    assert 0.91 <= held / 200 <= 0.99


def test_the_error_of_rows_is_that_of_the_t_test():
    differences = np.random.default_rng(0).normal(0.1, 0.1, 80)
    error, freedom = standard_error(differences, None)
    expected = stats.ttest_1samp(differences, 0)
    assert (differences.mean() / error, freedom) == pytest.approx((expected.statistic, 79))


def test_the_error_of_clusters_is_that_of_their_means():
    differences, clusters = np.random.default_rng(0).normal(size=60), np.repeat(np.arange(12), 5)
    error, freedom = standard_error(differences, clusters)
    assert (error, freedom) == pytest.approx(
        (stats.sem(differences.reshape(12, 5).mean(axis=1)), 11)
    )
    assert math.isnan(standard_error(differences, np.zeros(60, int))[0])
