import numpy as np
import pytest

from goldilocks.evaluation.paired import Judge, apart
from workflows import dataset, problem, trained

ROWS = np.arange(400)


def regression(rng, noise, *, seeds=("0",), rows=ROWS, bias=0.0):
    """Predictions of a target of 0 that are wrong by so much, for each seed."""
    return trained(
        "a",
        {
            (seed, ""): (rows, (bias + rng.normal(0, noise, (len(rows), 1))).astype("float32"))
            for seed in seeds
        },
    )


def judge(seed_error=None):
    return Judge(dataset(np.zeros(400), "regression"), problem("regression"), seed_error or {}, 3)


def test_the_smaller_error_is_the_better_one():
    rng = np.random.default_rng(0)
    good, bad = regression(rng, 1.0), regression(rng, 2.0)
    found = judge().compare([good], [bad], "mae")
    assert found.gain == pytest.approx(0.8, abs=0.15)  # sqrt(2 / pi) x (2 - 1)
    assert (found.rows, found.seeds, found.beyond_noise) == (400, 1, True)
    back = judge().compare([bad], [good], "mae")
    assert (back.gain, back.low, back.high) == pytest.approx((-found.gain, -found.high, -found.low))
    assert found.chance() < 1e-6 < back.chance()


def test_a_candidate_does_not_differ_from_itself():
    one = regression(np.random.default_rng(0), 1.0)
    assert judge().compare([one], [one], "mae").gain == 0
    assert not judge({"mae": 0.1}).compare([one], [one], "mae").beyond_noise


def test_equal_candidates_are_told_apart_in_one_of_twenty():
    told = sum(
        judge()
        .compare(
            [regression(np.random.default_rng(n), 1.0)],
            [regression(np.random.default_rng(-n - 1 + 10**6), 1.0)],
            "mae",
        )
        .beyond_noise
        for n in range(200)
    )
    assert 3 <= told <= 20


def test_the_noise_of_seeds_comes_to_that_of_rows():
    rng = np.random.default_rng(0)
    one, other = regression(rng, 1.0), regression(rng, 1.0)
    alone, noisy = (
        judge().compare([one], [other], "mae"),
        judge({"mae": 0.3}).compare([one], [other], "mae"),
    )
    assert noisy.error == pytest.approx(np.hypot(alone.error, 0.3 * np.sqrt(2)))
    several = [
        [regression(rng, 1.0, seeds=(str(seed),), bias=seed) for seed in range(3)] for _ in range(2)
    ]
    own, pooled = (judge(known).compare(*several, "mae") for known in ({}, {"mae": 0.3}))
    assert own.error < pooled.error < 0.3
    assert own.freedom < pooled.freedom


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_equal_candidates_with_luck_of_their_own_are_told_apart_in_one_of_twenty(seeds):
    rng, spread, told = np.random.default_rng(1), 0.2, 0
    for _ in range(300):
        measured = float(np.std(rng.normal(0, spread, 3), ddof=1))
        of_rows = rng.normal(0, 1, (400, 1))
        one, other = (
            [
                trained(
                    "a",
                    {(str(seed), ""): (ROWS, (of_rows + rng.normal(0, spread)).astype("float32"))},
                )
                for seed in range(seeds)
            ]
            for _ in range(2)
        )
        # An error of the mean over rows, which the luck of a network moves as a whole.
        signed = Judge(
            dataset(np.full(400, -99), "regression"), problem("regression"), {"mae": measured}, 3
        )
        told += signed.compare(one, other, "mae").beyond_noise
    assert 0.02 < told / 300 < 0.08


def test_rows_that_only_one_has_judged_are_not_compared():
    rng = np.random.default_rng(0)
    some = regression(rng, 1.0, rows=ROWS[100:250])
    found = judge().against_predicted(
        [some], {"": (ROWS, np.arange(400, dtype="float32")[:, None])}, "mae"
    )
    assert found.rows == 150
    assert found.gain == pytest.approx(np.arange(100, 250).mean() - np.sqrt(2 / np.pi), abs=0.2)


def test_groups_of_rows_are_as_many_as_they_are():
    rng = np.random.default_rng(0)
    one, other = regression(rng, 1.0), regression(rng, 2.0)
    grouped = Judge(
        dataset(np.zeros(400), "regression", groups=ROWS // 80), problem("regression"), {}, 3
    )
    assert grouped.compare([one], [other], "mae").freedom == pytest.approx(4)
    assert judge().compare([one], [other], "mae").freedom == pytest.approx(399)


def test_scores_on_other_rows_differ_beyond_noise_in_one_of_twenty():
    rng, beyond = np.random.default_rng(0), 0
    for _ in range(300):
        measured = float(np.std(rng.normal(0, 0.2, 3), ddof=1))
        signed = Judge(
            dataset(np.full(400, -99), "regression"), problem("regression"), {"mae": measured}, 3
        )
        winner, tested = (
            [
                regression(rng, 1.0, seeds=(str(seed),), bias=rng.normal(0, 0.2))
                for seed in range(seeds)
            ]
            for seeds in (3, 1)
        )
        beyond += apart(signed.score(winner, "mae"), signed.score(tested, "mae")).beyond_noise
    assert 0.02 < beyond / 300 < 0.08


def test_what_has_no_seed_is_compared_with_every_seed():
    rng = np.random.default_rng(0)
    one = regression(rng, 1.0, seeds=("0", "1", "2"))
    found = judge().against_predicted([one], {"": (ROWS, np.full((400, 1), 3.0, "float32"))}, "mae")
    assert found.seeds == 3
    assert found.gain == pytest.approx(3 - np.sqrt(2 / np.pi), abs=0.1)


def test_only_seeds_and_folds_of_both_are_compared():
    rng = np.random.default_rng(0)
    one, other = regression(rng, 1.0, seeds=("0", "1")), regression(rng, 1.0, seeds=("1", "2"))
    assert judge().compare([one], [other], "mae").seeds == 1


def test_a_row_that_validates_several_times_counts_once():
    rng = np.random.default_rng(0)
    folds = {
        ("0", str(fold)): (
            ROWS[:200] + 200 * (fold % 2),
            rng.normal(0, 1, (200, 1)).astype("float32"),
        )
        for fold in range(6)
    }
    assert judge().compare([trained("a", folds)], [trained("b", folds)], "mae").rows == 400


def test_shares_are_compared_with_the_best_constant():
    y = np.array([0] * 300 + [1] * 100)
    said = np.where(np.arange(400) % 10 == 0, 1 - y, y).astype("float32")[:, None]
    right = Judge(dataset(y, "binary"), problem("binary"), {}, 3)
    assert right.measure == "accuracy"
    found = right.against_baseline([trained("a", {("0", ""): (ROWS, said)})], "accuracy")
    assert found.gain == pytest.approx(0.9 - 0.75)
    found = right.score([trained("a", {("0", ""): (ROWS, said)})], "accuracy")
    assert (found.gain, found.error) == pytest.approx((0.9, 0.3 / 20), rel=0.01)


def test_a_measure_that_is_no_mean_over_rows_gives_way_to_the_loss():
    assert Judge(dataset([0, 1], "binary"), problem("binary", "auc"), {}, 3).measure == "loss"
