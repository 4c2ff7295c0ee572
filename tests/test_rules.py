import math

import pytest

from goldilocks.config.rules import rule, rule_of, rules_of, same_type

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("form", "expected", "good", "bad"),
    [
        (
            {"whole": 1},
            "a whole number of at least 1",
            [1, 2**40],
            [0, -1, 1.0, True, "1", None, [1]],
        ),
        ({"whole": 0}, "a whole number of at least 0", [0, 1], [-1, False, 0.0]),
        (
            {"number": 0},
            "a number of at least 0",
            [0, 0.0, 1e9],
            [-1e-9, NAN, INF, "0", None, True],
        ),
        ({"number": [0, 1]}, "a number from 0 to 1", [0, 0.5, 1, 1.0], [1.01, -0.01, NAN, -INF]),
        ("share", "a number from 0 to less than 1", [0, 0.999], [1, 1.0, -1, NAN]),
        (
            {"some_of": ["a", "b"]},
            "a list of some of a, b",
            [[], ["a"], ["b", "a"]],
            ["a", ["c"], None],
        ),
        ({"one_of": ["a", "b"]}, "one of a, b", ["a", "b"], ["c", "", None, 1]),
        (
            {"each": {"whole": 1}},
            "a list, each a whole number of at least 1",
            [[1], [1, 2]],
            [[], [0], [1, "2"], 1, (1,)],
        ),
        (
            [{"whole": 1}, {"one_of": ["all"]}],
            "a whole number of at least 1, or all",
            [3, "all"],
            [0, "none"],
        ),
        ([{"whole": 1}, None], "a whole number of at least 1, or null", [1, None], [0, "null"]),
        (
            [{"whole": 1}, "auto", None],
            "a whole number of at least 1, or auto, or null",
            [1, None, "auto"],
            [0, "no"],
        ),
    ],
)
def test_a_rule_says_what_it_allows(form, expected, good, bad):
    read = rule(form)
    assert read.expected == expected
    assert [value for value in good if not read.allows(value)] == []
    assert [value for value in bad if read.allows(value)] == []


@pytest.mark.parametrize(
    ("default", "expected", "good", "bad"),
    [
        (4, "a whole number", [0, -1], [0.5, True, "4", None]),
        (0.5, "a number", [0, -1.5], [True, "0.5", NAN, None]),
        (True, "true or false", [False], [0, "true", None]),
        ("relu", "a word", ["tanh"], [1, "", None]),
        ([1], "a list", [[], ["a"]], [1, None]),
        (None, "anything", [None, 1, "a"], []),
    ],
)
def test_a_key_without_a_rule_has_the_type_of_its_default(default, expected, good, bad):
    rule = same_type(default)
    assert rule.expected == expected
    assert [value for value in good if not rule.allows(value)] == []
    assert [value for value in bad if rule.allows(value)] == []


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("seed", [0, 7], [-1, 0.5, "0", None]),
        ("final", [True, False], [0, 1, "true", None]),
        ("problem.type", ["auto", "binary", "unit_regression"], ["classification", None]),
        ("problem.last_activation", ["auto", "linear", "softmax"], ["relux", None]),
        (
            "problem.metrics",
            ["auto", ["accuracy"], ["mae", "mse"]],
            ["accuracy", [], ["accurracy"], None],
        ),
        ("dataset.dir", [None, "photos", 2020], ["", True, 1.5]),
        ("dataset.target", [None, "price", 2020, ["a", 3]], ["", [], [""], True]),
        ("dataset.drop", [[], ["a", 1]], ["a", None, [""], [None]]),
        ("dataset.image_size", [8, 150], [7, 64.0]),
        ("dataset.broken_limit", [0, 0.5, 1], [1.1, -0.1]),
        ("dataset.pixel_limit", [0.5, 178], [-1, 179]),
        ("dataset.subset", [None, 1], [0, 0.5]),
        ("model.filters", [[1], [32, 64]], [[], 32, [0]]),
        ("model.layers", [0, 1, "auto"], [-1, None, "all"]),
        ("model.units", [1, [64, 4]], [0, [], [0], "64"]),
        ("model.activation", ["relu", "tanh"], ["RELU", None, "auto"]),
        ("optimizer.learning_rate", [1e-9, 1, 10.0], [0, 0.0, -1, NAN, INF, "1e-4", None]),
        ("optimizer.warmup", [0, 0.5], [1, -0.1]),
        ("optimizer.decay_to", [0, 1], [1.5]),
        ("optimizer.clipnorm", [None, 1.0], [0]),
        ("optimizer.ema_momentum", [None, 0, 0.99], [1, -0.1]),
        ("regularizer.dropout", [0, 0.5, 0.99], [1, 1.0, -0.5]),
        ("regularizer.l2", [0, 0.001, 5], [-1, NAN, True]),
        ("regularizer.rotation", [0, 180], [181]),
        ("regularizer.zoom", [0, 0.9], [1]),
        ("regularizer.patience", [None, 1], [0]),
        ("protocol.validation", [0.01, 0.99], [0, 1, 0.0, 1.0, None]),
        ("protocol.test", [0.01, 0.99], [0, 1]),
        ("trainer.steps_per_execution", [1, "auto"], [0, None]),
        ("trainer.epochs", [1], [0, 1.5, None]),
        ("budget", [15, 0.5, "40runs", "3 minutes"], [0, "0", "-1", "many", "3 hours", "2.5.1"]),
        ("tracking.uri", [None, "http://x"], ["", " ", 5]),
        ("tracking.experiment", ["x"], ["", None]),
    ],
)
def test_the_values_of_a_key(key, good, bad):
    rule = rule_of(key)
    assert rule
    assert [value for value in good if not rule.allows(value)] == []
    assert [value for value in bad if rule.allows(value)] == []


RULES = rules_of("configuration")


@pytest.mark.parametrize("key", RULES)
def test_no_rule_allows_everything_and_each_says_what_it_expects(key):
    assert not all(RULES[key].allows(value) for value in (-1, "?", [], None, NAN))
    assert RULES[key].expected


def test_a_key_of_no_configuration_has_no_rule():
    assert rule_of("model.unit") is None
