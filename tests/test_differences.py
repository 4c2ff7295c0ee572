import math
import random

import numpy as np
import pytest
from scipy import stats

from goldilocks.evaluation.differences import (
    Comparison,
    Difference,
    between_samples,
    between_trainings,
    holm,
)
from goldilocks.problem import Problem
from workflows import dataset, problem

ROWS = np.arange(400)


def values(*numbers):
    return {(str(seed), ""): number for seed, number in enumerate(numbers)}


def test_a_difference_between_trainings_is_the_paired_t_test():
    first, second = [3.1, 2.9, 3.6, 3.3], [2.0, 2.5, 2.1, 2.2]

    difference = between_trainings(values(*first), values(*second), overlap=0)

    expected = stats.ttest_rel(first, second)
    interval = expected.confidence_interval(0.95)
    assert (difference.mean, difference.p) == pytest.approx((1.025, expected.pvalue))
    assert (difference.low, difference.high) == pytest.approx((interval.low, interval.high))
    assert (difference.pairs, difference.over) == (4, "seeds")
    assert (difference.words, difference.beyond_noise) == ("beyond noise", True)


def test_only_the_same_seeds_are_pairs():
    first = {("0", ""): 1.0, ("1", ""): 2.0, ("7", ""): 90.0}
    second = {("1", ""): 1.0, ("0", ""): 0.5, ("8", ""): 0.0}
    difference = between_trainings(first, second, overlap=0)
    assert (difference.pairs, difference.mean) == (2, pytest.approx(0.75))


@pytest.mark.parametrize("count", [2, 3, 8])
def test_equal_trainings_do_not_differ(count):
    draws = values(*[random.Random(count).gauss(0, 5) for _ in range(count)])
    difference = between_trainings(draws, draws, overlap=0)
    assert (difference.mean, difference.low, difference.high, difference.p) == (0, 0, 0, 1)
    assert difference.words == "within noise"


@pytest.mark.parametrize("seed", range(5))
def test_swapped_trainings_have_the_other_sign(seed):
    rng = random.Random(seed)
    first, second = (values(*[rng.gauss(mean, 1) for _ in range(4)]) for mean in (0, 1))
    there = between_trainings(first, second, overlap=0.25)
    back = between_trainings(second, first, overlap=0.25)
    assert there.mean == pytest.approx(-back.mean)
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert there.p == pytest.approx(back.p)


def test_folds_that_share_rows_give_a_wider_interval():
    first = {("0", str(fold)): value for fold, value in enumerate([3.0, 3.5, 3.2, 3.9])}
    second = {key: value - 1 + 0.1 * int(key[1]) for key, value in first.items()}

    independent = between_trainings(first, second, overlap=0)
    shared = between_trainings(first, second, overlap=1 / 3)

    ratio = math.sqrt((1 / 4 + 1 / 3) / (1 / 4))
    assert shared.over == "folds"
    assert shared.reach / independent.reach == pytest.approx(ratio)
    assert shared.p > independent.p


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (values(1.0), values(2.0), "one seed cannot tell"),
        ({("0", "1"): 1.0}, {("0", "1"): 2.0}, "one fold cannot tell"),
        (values(1.0), {("5", ""): 2.0}, "no seed in common, so there are no pairs"),
        (values(1.0, math.nan), values(2.0, 2.0), "a value is not finite"),
    ],
)
def test_a_difference_without_a_test_gives_the_reason(first, second, words):
    difference = between_trainings(first, second, overlap=0)
    assert (difference.words, difference.beyond_noise) == (words, None)
    assert math.isnan(difference.p)
    assert math.isnan(difference.low)


def test_holm_corrects_several_comparisons():
    def with_p(p):
        return Difference(mean=stats.norm.isf(p / 2), error=1, freedom=math.inf, pairs=2)

    untested = between_trainings(values(1.0), values(2.0), overlap=0)
    differences = {"a": with_p(0.04), "b": untested, "c": with_p(0.01), "d": with_p(0.03)}

    corrected = holm(differences)

    assert list(corrected) == ["a", "b", "c", "d"]
    assert corrected["b"] == untested
    assert corrected["c"].adjusted == pytest.approx(0.03)
    assert corrected["d"].adjusted == pytest.approx(0.06)
    assert corrected["a"].adjusted == pytest.approx(0.06), "never below a smaller p-value"
    assert [corrected[name].beyond_noise for name in "abcd"] == [False, None, True, False]
    assert holm({}) == {}


def predictions(rng, noise, *, seeds=("0",), rows=ROWS, bias=0.0):
    """Return predictions of a target of 0 for each seed, wrong by the noise and the bias."""
    return {
        (seed, ""): (rows, (bias + rng.normal(0, noise, (len(rows), 1))).astype("float32"))
        for seed in seeds
    }


def comparison(seed_error=None, target=0.0):
    data = dataset(np.full(400, target), "regression")
    return Comparison(data, problem("regression"), seed_error or {}, 3)


def test_the_smaller_error_is_better():
    rng = np.random.default_rng(0)
    good, bad = predictions(rng, 1.0), predictions(rng, 2.0)

    there = comparison().compare(good, bad, "mae")
    back = comparison().compare(bad, good, "mae")

    assert there.mean == pytest.approx(0.8, abs=0.15)  # sqrt(2 / pi) x (2 - 1)
    assert (there.rows, there.pairs, there.beyond_noise) == (400, 1, True)
    assert (back.mean, back.low, back.high) == pytest.approx((-there.mean, -there.high, -there.low))
    assert there.p_better < 1e-6 < back.p_better


def test_a_model_does_not_differ_from_itself():
    model = predictions(np.random.default_rng(0), 1.0)
    assert comparison().compare(model, model, "mae").mean == 0
    assert not comparison({"mae": 0.1}).compare(model, model, "mae").beyond_noise


def test_equal_models_differ_beyond_noise_in_one_of_twenty():
    beyond = 0
    for seed in range(200):
        first = predictions(np.random.default_rng(seed), 1.0)
        second = predictions(np.random.default_rng(-seed - 1 + 10**6), 1.0)
        beyond += bool(comparison().compare(first, second, "mae").beyond_noise)
    assert 3 <= beyond <= 20


def test_the_noise_of_seeds_adds_to_that_of_rows():
    rng = np.random.default_rng(0)
    first, second = predictions(rng, 1.0), predictions(rng, 1.0)
    of_rows = comparison().compare(first, second, "mae")
    of_both = comparison({"mae": 0.3}).compare(first, second, "mae")
    assert of_both.error == pytest.approx(np.hypot(of_rows.error, 0.3 * np.sqrt(2)))


def with_biases(rng, biases):
    """Return predictions of one seed for each bias."""
    model = {}
    for seed, bias in enumerate(biases):
        model |= predictions(rng, 1.0, seeds=(str(seed),), bias=bias)
    return model


@pytest.mark.parametrize(("biases", "wider"), [((0, 1, 2), True), ((2, 0, 1), False)])
def test_the_spread_of_seeds_is_pooled_with_that_measured(biases, wider):
    rng = np.random.default_rng(0)
    first, second = with_biases(rng, (0, 1, 2)), with_biases(rng, biases)

    from_these = comparison().compare(first, second, "mae")
    pooled = comparison({"mae": 0.3}).compare(first, second, "mae")

    assert (pooled.error > from_these.error) == wider
    assert pooled.error > 0.3 * math.sqrt(2 / 3) / math.sqrt(2)
    assert pooled.freedom == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_equal_models_with_noisy_seeds_differ_beyond_noise_in_one_of_twenty(seeds):
    rng, spread, beyond = np.random.default_rng(1), 0.2, 0

    for _ in range(300):
        measured = float(np.std(rng.normal(0, spread, 3), ddof=1))
        of_rows = rng.normal(0, 1, (400, 1))
        first, second = (
            {
                (str(seed), ""): (ROWS, (of_rows + rng.normal(0, spread)).astype("float32"))
                for seed in range(seeds)
            }
            for _ in range(2)
        )
        # A target far below makes the error signed: the seed of a network moves it as a whole.
        signed = comparison({"mae": measured}, target=-99)
        beyond += bool(signed.compare(first, second, "mae").beyond_noise)

    assert 0.02 < beyond / 300 < 0.08


def test_rows_of_one_model_alone_are_left_out():
    rng = np.random.default_rng(0)
    some = predictions(rng, 1.0, rows=ROWS[100:250])
    fixed = {"": (ROWS, np.arange(400, dtype="float32")[:, None])}
    difference = comparison().against_fixed(some, fixed, "mae")
    assert difference.rows == 150
    expected = np.arange(100, 250).mean() - np.sqrt(2 / np.pi)
    assert difference.mean == pytest.approx(expected, abs=0.2)


def test_groups_of_rows_give_the_degrees_of_freedom():
    rng = np.random.default_rng(0)
    first, second = predictions(rng, 1.0), predictions(rng, 2.0)
    data = dataset(np.zeros(400), "regression", groups=ROWS // 80)
    grouped = Comparison(data, problem("regression"), {}, 3)
    assert grouped.compare(first, second, "mae").freedom == pytest.approx(4)
    assert comparison().compare(first, second, "mae").freedom == pytest.approx(399)


def test_scores_of_other_rows_differ_beyond_noise_in_one_of_twenty():
    rng, beyond = np.random.default_rng(0), 0

    for _ in range(300):
        measured = float(np.std(rng.normal(0, 0.2, 3), ddof=1))
        signed = comparison({"mae": measured}, target=-99)
        winner = with_biases(rng, (rng.normal(0, 0.2) for _ in range(3)))
        tested = with_biases(rng, [rng.normal(0, 0.2)])
        difference = between_samples(signed.score(winner, "mae"), signed.score(tested, "mae"))
        beyond += bool(difference.beyond_noise)

    assert 0.02 < beyond / 300 < 0.08


def test_a_model_without_a_seed_is_compared_with_every_seed():
    rng = np.random.default_rng(0)
    model = predictions(rng, 1.0, seeds=("0", "1", "2"))
    fixed = {"": (ROWS, np.full((400, 1), 3.0, "float32"))}
    difference = comparison().against_fixed(model, fixed, "mae")
    assert difference.pairs == 3
    assert difference.mean == pytest.approx(3 - np.sqrt(2 / np.pi), abs=0.1)


def test_only_seeds_and_folds_of_both_are_compared():
    rng = np.random.default_rng(0)
    first, second = predictions(rng, 1.0, seeds=("0", "1")), predictions(rng, 1.0, seeds=("1", "2"))
    assert comparison().compare(first, second, "mae").pairs == 1


def test_a_row_that_validates_several_times_counts_once():
    rng = np.random.default_rng(0)
    folds = {
        ("0", str(fold)): (
            ROWS[:200] + 200 * (fold % 2),
            rng.normal(0, 1, (200, 1)).astype("float32"),
        )
        for fold in range(6)
    }
    assert comparison().compare(folds, folds, "mae").rows == 400


def test_accuracies_are_compared_with_the_best_constant():
    y = np.array([0] * 300 + [1] * 100)
    wrong = np.where(np.arange(400) % 10 == 0, 1 - y, y).astype("float32")[:, None]
    model = {("0", ""): (ROWS, wrong)}
    binary = Comparison(dataset(y, "binary"), problem("binary"), {}, 3)

    assert binary.metric == "accuracy"
    assert binary.against_baseline(model, "accuracy").mean == pytest.approx(0.9 - 0.75)
    score = binary.score(model, "accuracy")
    assert (score.mean, score.error) == pytest.approx((0.9, 0.3 / 20), rel=0.01)


def test_a_negative_loss_keeps_its_sign():
    # Of 10, a perfect prediction: 10 - 10 x log(10) = -13.03.
    perfect = {("0", ""): (ROWS, np.full((400, 1), 10, "float32"))}
    poisson = Problem("regression", "exponential", "poisson", ("mae",))
    counts = Comparison(dataset(np.full(400, 10.0), "regression"), poisson, {}, 3)
    assert counts.score(perfect, "loss").mean == pytest.approx(10 - 10 * math.log(10))


def test_a_measure_without_values_of_rows_is_compared_by_the_jackknife():
    random = np.random.default_rng(5)
    errors, gaps = [], []
    for _ in range(60):
        y = random.normal(size=(300, 1))
        first, second = (
            {("0", ""): (np.arange(300), y + random.normal(0, 0.5, (300, 1)))} for _ in range(2)
        )
        comparison = Comparison(dataset(y, "regression"), problem("regression", "r2_score"), {}, 3)
        gain = comparison.compare(first, second, comparison.metric)
        gaps.append(gain.mean)
        errors.append(gain.error)
    assert comparison.metric == "r2_score"
    assert np.mean(errors) == pytest.approx(np.std(gaps), rel=0.3)


def test_predictions_like_the_baseline_divide_by_no_zero():
    labels = (np.arange(50) % 4 == 0).astype(int)
    same = {(seed, ""): (ROWS[:50], np.full((50, 1), 0.3, "float32")) for seed in ("0", "1")}
    binary = Comparison(dataset(labels, "binary"), problem("binary"), {}, 3)
    difference = binary.against_baseline(same, "accuracy")
    assert (difference.mean, difference.error, difference.p_better) == (0, 0, 1)


@pytest.mark.parametrize("metric", ["auc", "average_precision"])
def test_two_areas_differ_by_their_standard_error(metric):
    random = np.random.default_rng(3)
    errors, gaps = [], []
    for _ in range(100):
        y = (random.random(400) < 0.1).astype(float)
        shared = random.normal(size=400) + 1.5 * y
        first, second = (
            {("0", ""): (np.arange(400), (shared + random.normal(size=400))[:, np.newaxis])}
            for _ in range(2)
        )
        comparison = Comparison(dataset(y, "binary"), problem("binary", metric), {}, 3)
        gain = comparison.compare(first, second, metric)
        gaps.append(gain.mean)
        errors.append(gain.error)
    assert np.mean(errors) == pytest.approx(np.std(gaps), rel=0.25)
