import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.evaluation.differences import Comparison
from goldilocks.evaluation.family import BOTH
from goldilocks.workflow import budget as budgets
from goldilocks.workflow import prose
from goldilocks.workflow.candidate import predictions
from goldilocks.workflow.contest import Contest, first_regularized, worse_by
from goldilocks.workflow.context import Context
from goldilocks.workflow.steps import tune
from workflows import dataset, problem, trained

ROWS = np.arange(100)
COMPARISON = Comparison(dataset(np.zeros(100), "regression"), problem("regression"), {}, 3)


def wrong(error, seed="0", *, name="a", overrides=()):
    predictions = np.full((100, 1), error, "float32")
    return trained(name, {(seed, ""): (ROWS, predictions)}, overrides=overrides)


def test_one_lucky_seed_does_not_win_against_three():
    lucky = [wrong(0.1)]
    better = [wrong(0.5, str(seed)) for seed in range(3)]
    worse = [wrong(0.6, str(seed)) for seed in range(3)]
    ranked = sorted([lucky, worse, better], key=lambda group: tune._rank(COMPARISON, group))
    assert ranked == [better, worse, lucky]


def test_time_is_counted_in_rounds_with_the_overhead_of_each_job():
    chosen = [
        trained("a", {}, metrics={"epochs": 10.0, "train_seconds": seconds})
        for seconds in (30.0, 60.0, 10.0)
    ]
    context = SimpleNamespace(room=SimpleNamespace(shared=[{}, {}]), overhead=5.0)
    assert Context.seconds(context, chosen) == 2 * 65  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("overrides", "is_regularized"),
    [
        (("regularizer.dropout=0.5",), True),
        (("regularizer=augmentation", "regularizer.patience=3"), True),
        (("regularizer.patience=3", "model.units=4"), False),
        ((), False),
    ],
)
def test_the_best_regularized_candidate_is_named(overrides, is_regularized):
    group = [wrong(0.5, overrides=overrides)]
    assert first_regularized([[wrong(0.4)], group]) == (group if is_regularized else [])


def test_a_row_shows_how_much_worse_a_candidate_is():
    winner = [wrong(0.1, str(seed)) for seed in range(3)]
    loser = [wrong(0.5, str(seed)) for seed in range(3)]
    cells = worse_by(COMPARISON.compare(predictions(winner), predictions(loser), "mae"))
    assert cells == {"than the winner": "0.4 to 0.4 worse", "that is": BOTH}
    rows = Contest(COMPARISON, [winner, loser], loser).table()
    assert [row["that is"] for row in rows] == ["the winner", BOTH]
    assert rows[0]["seeds"] == 3


def test_losses_of_logarithms_do_not_stand_beside_others():
    own = [wrong(0.1, overrides=("problem.log_target=true",))]
    rows = Contest(COMPARISON, [own, [wrong(0.5)]], own).table()
    assert [row["val_loss"] is None for row in rows] == [True, False]
    assert [row["val_mae"] for row in rows] == pytest.approx([0.1, 0.5])


def test_what_lacks_the_features_of_the_winner_makes_it_no_luckier():
    random = np.random.default_rng(0)

    def off(name, error, overrides=()):
        parts = {("0", ""): (ROWS, random.normal(error, 0.5, (100, 1)).astype("float32"))}
        return [trained(name, parts, overrides=overrides)]

    words = ("problem.log_target=true",)
    contenders = [off("a", 1.0, words), off("b", 1.1, words)]
    others = [one for number in range(8) for one in off(f"c{number}", 3.0)]
    noisy = dataclasses.replace(COMPARISON, seed_error={"mae": 0.3})
    plain = Contest(noisy, contenders, contenders[1], trials=others)
    knowing = dataclasses.replace(plain, features=words)
    alone = dataclasses.replace(plain, trials=[])
    assert knowing.shrunk == alone.shrunk != plain.shrunk


def test_trials_without_all_folds_leave_the_others_all_their_rows():
    parts = {str(fold): np.arange(50 * fold, 50 * fold + 50) for fold in range(2)}
    random = np.random.default_rng(0)

    def folded(run_id, seeds=1, folds=2):
        found = {
            (str(seed), fold): (rows, random.normal(size=(50, 1)).astype("float32"))
            for seed in range(seeds)
            for fold, rows in list(parts.items())[:folds]
        }
        one = trained(run_id, found)
        return dataclasses.replace(one, run=dataclasses.replace(one.run, run_id=run_id))

    winner, start = [folded("w")], [folded("s")]
    contest = Contest(COMPARISON, [winner, start], start, trials=[folded("t"), folded("u", 1, 1)])
    assert len(contest.complete) == 1
    assert (contest.gain.rows, contest.gain.left_out) == (100, 0)
    some = Contest(COMPARISON, [winner, [folded("s", 1, 1)]], winner, trials=[folded("u", 1, 1)])
    assert (some.gain.rows, some.gain.left_out) == (50, 50)
    words = " ".join(
        prose.sentences(
            "tune",
            contest=some,
            search=SimpleNamespace(
                space=SimpleNamespace(distributions=["l2"]),
                **dict.fromkeys(("count", "epochs", "pruned", "ended_by"), 1),
            ),
            features=SimpleNamespace(
                silent=["n"],
                silent_words="'n'",
                needed=["n"],
                needed_words="'n'",
                are_alone=False,
                columns=3,
                tried={},
                seeds=0,
                proposed=["log_target"],
            ),
            verdicts=VERDICTS,
            seeds_measured=3,
            **dict.fromkeys(("score", "shrunk", "of_epochs", "epoch", "considered"), 1),
            **dict.fromkeys(("balance", "silence"), ""),
            failures=(),
        )
    )
    assert "50 validation rows were left out of all comparisons" in words
    assert "scored on them; 50 are compared." in words
    assert "One trial was stopped before all folds, and is not among those" in words
    assert "1 of 3 columns ('n') does not seem to help the network" in words
    assert "Without 'n', some rows would become equal" in words
    assert "did not reach a training with log_target." in words
    assert "did not reach a training with another seed: how much seeds differ is known" in words


@pytest.mark.parametrize(
    ("budget", "seeds"),
    [
        ("7runs", [1, 1, 1, 1]),
        ("15runs", [2, 2, 1, 1]),
        ("40runs", [3, 3, 2, 2]),
        ("60runs", [3, 3, 3, 3]),
    ],
)
def test_the_best_and_the_start_get_other_seeds_before_the_rest(tmp_path, budget, seeds):
    spent = budgets.read(budget, tmp_path)
    spent.keep(*map(str, range(int(0.75 * spent.runs))))
    finalists = [
        trained(name, {}, metrics={"epochs": 1.0, "best_epoch": 1.0, "train_seconds": 1.0})
        for name in "abcd"
    ]

    def train(candidates, folder):
        spent.keep(*(f"{folder}{candidate.name}" for candidate in candidates))
        return [dataclasses.replace(finalists[0], candidate=one) for one in candidates]

    context = SimpleNamespace(
        budget=spent,
        folder=tmp_path,
        seeds=["seed=0", "seed=1", "seed=2"],
        final_seconds=lambda training: 0.0,
        seconds=lambda some: 1.0,
        train=train,
    )
    groups = tune._confirmed(context, finalists)  # pyright: ignore[reportArgumentType]
    assert [len(group) for group in groups] == seeds


def test_the_winner_is_compared_with_all_it_was_picked_from():
    random = np.random.default_rng(0)

    def noisy(seed, run_id):
        values = 3 + random.normal(size=(100, 1)).astype("float32")
        one = trained(run_id, {(str(seed), ""): (ROWS, values)})
        return dataclasses.replace(one, run=dataclasses.replace(one.run, run_id=run_id))

    winner, start = ([noisy(seed, f"{name}{seed}") for seed in range(3)] for name in "ws")
    few = Contest(COMPARISON, [winner, start], start)
    fixed = {"baseline": {"": (ROWS, np.full((100, 1), 9, "float32"))}}
    trials = [winner[0], *(noisy(0, f"t{number}") for number in range(20))]
    many = Contest(COMPARISON, [winner, start], start, [noisy(0, "small")], trials, fixed)
    assert len(many.family.models) == 2 + 1 + 1 + 20
    assert many.gain.mean == pytest.approx(few.gain.mean)
    assert many.gain.reach / many.gain.error > few.gain.reach / few.gain.error
    assert many.fixed_row("baseline", 9.0)["that is"] == BOTH
    assert len(many.network_rows()) == 3
