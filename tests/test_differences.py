import math

import numpy as np
import pytest

from goldilocks.evaluation import differences
from goldilocks.evaluation.differences import Comparison, between_samples
from goldilocks.problem import Problem
from workflows import dataset, problem

ROWS = np.arange(400)


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
    mirrored = pytest.approx((-there.mean, -there.high, -there.low), rel=0.02)
    assert (back.mean, back.low, back.high) == mirrored
    assert there.p_better < 1e-6 < back.p_better


def test_a_model_does_not_differ_from_itself():
    model = predictions(np.random.default_rng(0), 1.0)
    assert comparison().compare(model, model, "mae").mean == 0
    assert not comparison({"mae": 0.1}).compare(model, model, "mae").beyond_noise


@pytest.mark.long
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


@pytest.mark.parametrize(("spread", "wider"), [(1.0, True), (0.0, False)])
def test_the_spread_of_seeds_is_pooled_with_that_measured(spread, wider):
    rng = np.random.default_rng(0)
    first, second = (with_biases(rng, (0, spread, 2 * spread)) for _ in range(2))
    from_these = comparison().compare(first, second, "mae")
    pooled = comparison({"mae": 0.3}).compare(first, second, "mae")
    assert (pooled.error < from_these.error) == wider
    assert pooled.error > 0.3 * math.sqrt(2 / 3) / math.sqrt(3)


@pytest.mark.long
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

    assert beyond / 300 < 0.08


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
    assert grouped.score(first, "mae").freedom == pytest.approx(4)
    assert comparison().score(first, "mae").freedom == pytest.approx(399)
    one, many = (of.compare(first, second, "mae") for of in (grouped, comparison()))
    assert one.reach / one.error > many.reach / many.error


@pytest.mark.long
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


def test_only_folds_of_both_are_compared():
    rng = np.random.default_rng(0)
    first = {("0", str(fold)): part for fold in range(3) for part in predictions(rng, 1).values()}
    second = {key: part for key, part in first.items() if key != ("0", "2")}
    assert comparison().compare(first, second, "mae").over == "folds"
    assert comparison().family([first, second], "mae")._scores.shape == (2, 2)


def test_rows_of_one_model_alone_are_counted():
    rng = np.random.default_rng(0)
    first, second = predictions(rng, 1.0), predictions(rng, 1.0, rows=ROWS[100:])
    difference = comparison().compare(first, second, "mae")
    assert (difference.rows, difference.left_out) == (300, 100)
    expected = np.abs(second["0", ""][1]).mean() - np.abs(first["0", ""][1][100:]).mean()
    assert difference.mean == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("metric", ["accuracy", "r2_score"])
def test_what_is_stored_of_rows_has_the_score_as_its_mean(metric):
    kind = "regression" if metric == "r2_score" else "binary"
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200).astype(float)
    data, of = dataset(y, kind, groups=np.arange(200) // 2), problem(kind, metric)
    predicted = np.clip(y + rng.normal(0, 0.4, 200), 0.1, 0.9)[:, None].astype("float32")
    arrays = differences.stored(of, data, np.arange(200), predicted)
    assert sorted(arrays) == sorted(
        f"{part}_{name}" for part in ("values", "clusters") for name in ("loss", metric)
    )
    score = Comparison(data, of, {}, 0).score({("0", ""): (np.arange(200), predicted)}, metric)
    assert arrays[f"values_{metric}"].mean() == pytest.approx(score.mean)
    assert len(np.unique(arrays["clusters_loss"])) == 100
    assert differences.stored(of, data, np.arange(200), predicted * np.nan) == {}


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


@pytest.mark.long
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
