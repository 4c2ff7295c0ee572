import dataclasses
import json

import numpy as np
import pytest

from composition import checked
from goldilocks.encoding.targets import check_targets
from goldilocks.errors import ConfigError, DataError
from goldilocks.evaluation import measures, row_values, thresholds
from goldilocks.problem import standard
from goldilocks.run import summary
from test_class_weights import DATASET

GENERATOR = np.random.default_rng(0)
ROWS = 4000
HELD = GENERATOR.beta(0.3, 4, ROWS).astype("float32")  # probabilities that hold
Y = (GENERATOR.random(ROWS) < HELD).astype("float32")
F1 = standard("binary")
BALANCED = dataclasses.replace(F1, metrics=("balanced_accuracy",))
COST = dataclasses.replace(F1, cost=(1.0, 9.0))


@pytest.mark.parametrize("problem", [F1, BALANCED, COST], ids=["f1", "balanced", "cost"])
def test_no_other_threshold_is_better_on_these_rows(problem):
    coarse = HELD[:300, None].round(2)  # with many ties
    y = Y[:300]
    [chosen] = thresholds.choose(problem, y, coarse).thresholds
    measure = measures.get(thresholds.goal(problem))

    def reached(threshold):
        at = dataclasses.replace(problem, thresholds=(threshold,))
        return thresholds.score(problem, y, row_values.decided(at, coarse))

    best = reached(chosen)
    assert not any(measure.is_better(reached(other), best) for other in np.linspace(0, 1, 999))
    assert len(str(chosen)) <= 6, "it is a number that people type"


def test_a_cost_sets_the_threshold_that_holds_for_probabilities_that_hold():
    [chosen] = thresholds.choose(COST, Y, HELD[:, None]).thresholds
    assert chosen == pytest.approx(1 / (1 + 9), abs=0.04)


def test_each_label_has_its_own_threshold_and_one_without_both_kinds_one_half():
    problem = standard("multilabel")
    y = np.stack([Y, Y, np.zeros(ROWS)], axis=1)
    predictions = np.stack([HELD, np.sqrt(HELD), HELD], axis=1)
    first, second, third = thresholds.choose(problem, y, predictions).thresholds
    assert second == pytest.approx(np.sqrt(first), abs=0.01)
    assert third == 0.5


def test_yes_is_never_said_where_it_never_pays():
    dear = dataclasses.replace(F1, cost=(1000.0, 1.0))
    chosen = thresholds.choose(dear, Y, np.minimum(HELD, 0.3)[:, None])
    assert row_values.decided(chosen, HELD[:, None].clip(0, 0.3)).sum() == 0


def test_what_a_threshold_reaches_is_of_rows_that_it_was_not_chosen_on():
    noise = np.random.default_rng(1)
    here, apart = [], []
    for _ in range(50):
        y, random = (noise.random(100) < 0.5) * 1.0, noise.random((100, 1)).astype("float32")
        chosen = thresholds.choose(BALANCED, y, random)
        here.append(thresholds.score(BALANCED, y, row_values.decided(chosen, random)))
        apart.append(thresholds.compare(BALANCED, y, random)["threshold/balanced_accuracy"])
    assert np.mean(here) > 0.54
    assert np.mean(apart) == pytest.approx(0.5, abs=0.02)


def test_the_cost_is_a_measure_with_a_best_constant():
    truth = np.array([[1], [0], [0], [0]], "float32")
    predictions = np.array([[0.2], [0.9], [0.1], [0.1]], "float32")
    cost = measures.get("cost")
    assert cost.score(COST, truth, predictions) == pytest.approx((9 + 1) / 4)
    assert cost.best_constant(COST, truth, 1) == [1]
    cheap = dataclasses.replace(COST, cost=(1.0, 2.0))
    assert cost.best_constant(cheap, truth, 1) == [0]


def test_a_cost_is_a_metric_and_sets_the_threshold_until_one_is_chosen():
    settings = checked("dataset=imdb", "problem.cost=[1,9]", "trainer.monitor=val_cost")
    problem = settings.problem("binary")
    assert settings.chooses_threshold
    assert (problem.metrics, problem.thresholds) == (("accuracy", "cost"), (0.1,))
    given = checked("dataset=imdb", "problem.cost=[1,9]", "problem.threshold=0.3")
    assert not given.chooses_threshold
    assert given.problem("binary").thresholds == (0.3,)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "dataset=mnist problem.threshold=0.3",
            r"problem\.threshold is 0\.3; two classes or labels are predicted by thresholds, and "
            r"this is a multiclass problem\. Use problem\.threshold=null\.",
        ),
        ("dataset=boston problem.cost=[1,2]", r"this is a regression problem\. Use problem\.cost="),
        (
            "dataset=imdb problem.cost=[1,2,3]",
            r"problem\.cost is \[1, 2, 3\]; expected what a false positive and a false negative "
            r"cost, such as \[1,20\], or null\.",
        ),
        ("dataset=imdb problem.threshold=1.5", r"expected auto, or a number between 0 and"),
        (
            "dataset=imdb problem.metrics=[cost]",
            r"metrics has cost; a binary problem has .+; cost needs problem\.cost\.",
        ),
        (
            "dataset=imdb problem.threshold=auto final=true",
            r"final=true has no validation rows to choose problem\.threshold on\. Train with "
            r"final=false first",
        ),
    ],
)
def test_what_does_not_go_together_is_said_before_any_data_is_read(words, sentence):
    with pytest.raises(ConfigError, match=sentence):
        checked(*words.split())


def test_as_many_thresholds_as_labels_or_one():
    problem = dataclasses.replace(standard("multilabel"), thresholds=(0.2, 0.3))
    labels = dataclasses.replace(
        DATASET, problem="multilabel", y=np.eye(3, dtype="float32")[DATASET.y]
    )
    with pytest.raises(DataError, match=r"has 2 numbers, and table has 3 to predict: none, crack"):
        check_targets(problem, labels, [])


def test_a_chosen_threshold_stands_beside_what_it_gains():
    tags = {
        "thresholds": "[0.12]",
        "thresholds.goal": "f1_score",
        "classes": json.dumps({"no": [95, 90, 92], "yes": [5, 3, 8]}),
        "verdict": "balanced",
    }
    metrics = {
        "best_epoch": 7.0,
        "best_val_loss": 0.1,
        "threshold/f1_score": 0.41,
        "threshold/f1_score_at_0.5": 0.06,
    }
    settings = checked("dataset=imdb", "problem.threshold=auto")
    lines = summary.lines(settings, metrics, tags)
    assert (
        "threshold yes 0.12: best for f1_score on these rows; chosen on others it reaches 0.41, "
        "0.5 would reach 0.06" in lines
    )


def test_a_model_that_never_says_a_class_is_told_what_to_try():
    counts = {"no": [95, 95, 100], "yes": [5, 0, 0]}
    tags = {"classes": json.dumps(counts)}
    metrics = {"best_epoch": 1.0, "best_val_loss": 0.1}
    lines = summary.lines(checked("dataset=imdb"), metrics, tags)
    assert lines[-1] == (
        "warning   It never says yes: recall 0 of 5 rows. Try problem.threshold=auto."
    )
    tried = summary.lines(checked("dataset=imdb", "problem.threshold=0.4"), metrics, tags)
    assert tried[-1].endswith("rows.")
    tags = {"classes": json.dumps(counts | {"maybe": [9, 9, 9]})}
    assert (
        "Try problem.class_weight=balanced"
        in summary.lines(checked("dataset=mnist"), metrics, tags)[-1]
    )
