import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.evaluation.differences import Comparison
from goldilocks.evaluation.family import BOTH
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
    assert cells == {"worse than the winner by": "0.4 to 0.4", "that is": BOTH}
    rows = Contest(COMPARISON, [winner, loser], loser).table()
    assert [row["that is"] for row in rows] == ["the winner", BOTH]
    assert rows[0]["seeds"] == 3


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
