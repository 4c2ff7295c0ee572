from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.evaluation.differences import Comparison
from goldilocks.workflow.runner import Runner
from goldilocks.workflow.steps import tune
from workflows import dataset, problem, trained

ROWS = np.arange(100)
COMPARISON = Comparison(dataset(np.zeros(100), "regression"), problem("regression"), {}, 3)


def wrong(by, seed="0", *, name="a", overrides=()):
    return trained(
        name, {(seed, ""): (ROWS, np.full((100, 1), by, "float32"))}, overrides=overrides
    )


def test_what_one_seed_has_made_so_good_does_not_win_against_three():
    lucky, better, worse = (
        [wrong(0.1)],
        [wrong(0.5, str(n)) for n in range(3)],
        [wrong(0.6, str(n)) for n in range(3)],
    )
    assert sorted([lucky, worse, better], key=lambda group: tune._rank(COMPARISON, group)) == [
        better,
        worse,
        lucky,
    ]


def test_time_is_counted_in_rounds_with_what_a_job_takes_beside_its_training():
    chosen = [
        trained("a", {}, metrics={"epochs": 10.0, "train_seconds": seconds})
        for seconds in (30.0, 60.0, 10.0)
    ]
    runner = SimpleNamespace(room=SimpleNamespace(shared=[{}, {}]), overhead=5.0)
    assert Runner.seconds(runner, chosen) == 2 * 65  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("overrides", "is_found"),
    [
        (("regularizer.dropout=0.5",), True),
        (("regularizer.patience=3", "model.units=4"), False),
        ((), False),
    ],
)
def test_the_best_regularized_candidate_is_named(overrides, is_found):
    group = [wrong(0.5, overrides=overrides)]
    assert tune._regularized([[wrong(0.4)], group]) == (group if is_found else [])
