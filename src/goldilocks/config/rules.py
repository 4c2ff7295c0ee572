"""What the value of each key of the configuration may be, in words and as a test."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from goldilocks.problem import PROBLEMS


class Rule(NamedTuple):
    """What the value of a key may be: in words, and as a test."""

    expected: str
    allows: Callable[[Any], bool]

    def or_(self, *words: str | None) -> "Rule":
        """Return the same rule, with some words (None is `null`) allowed as well."""
        named = " or ".join("null" if word is None else word for word in words)
        return Rule(
            f"{self.expected}, or {named}", lambda value: value in words or self.allows(value)
        )


def whole(low: int) -> Rule:
    """Return the rule of whole numbers of at least `low`."""
    return Rule(f"a whole number of at least {low}", lambda value: _is_int(value) and value >= low)


def number(low: float, high: float = math.inf, *, below: bool = False) -> Rule:
    """Return the rule of finite numbers from `low` to `high`, or with `below` less than `high`."""
    span = f"of at least {low:g}"
    if high != math.inf:
        span = f"from {low:g} to {'less than ' * below}{high:g}"
    return Rule(
        f"a number {span}",
        lambda value: _is_number(value) and low <= value <= high and not (below and value == high),
    )


def one_of(*words: str) -> Rule:
    """Return the rule of one of some words."""
    return Rule(f"one of {', '.join(words)}", lambda value: value in words)


def some_of(*words: str) -> Rule:
    """Return the rule of a list of some of these words, or of none."""
    return Rule(
        f"a list of some of {', '.join(words)}",
        lambda value: isinstance(value, list) and all(item in words for item in value),
    )


def each(rule: Rule) -> Rule:
    """Return the rule of a list, not empty, of values that a rule allows."""
    return Rule(
        f"a list, each {rule.expected}",
        lambda value: (
            isinstance(value, list) and bool(value) and all(rule.allows(item) for item in value)
        ),
    )


def either(first: Rule, second: Rule) -> Rule:
    """Return the rule of what one of two rules allows."""
    return Rule(
        f"{first.expected}, or {second.expected}",
        lambda value: first.allows(value) or second.allows(value),
    )


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return (_is_int(value) or isinstance(value, float)) and math.isfinite(value)


BUDGET = re.compile(r"(?P<amount>[1-9]\d*(\.\d+)?|0\.\d*[1-9]) ?(?P<unit>minutes|runs)?")
FLAG = Rule("true or false", lambda value: isinstance(value, bool))
TEXT = Rule("a word", lambda value: isinstance(value, str) and bool(value.strip()))
# YAML reads `dataset.target=2020` and `dataset.dir=2020` as numbers; both are fine names.
NAME = Rule(
    "a name",
    lambda value: isinstance(value, str | int) and not isinstance(value, bool) and value != "",
)
POSITIVE = Rule("a number above 0", lambda value: number(0).allows(value) and value > 0)
# What NumPy and scikit-learn can be seeded with.
SEED = Rule(
    "a whole number from 0 to 4294967295", lambda value: whole(0).allows(value) and value < 2**32
)
SHARE = number(0, 1, below=True)
METRICS = sorted({name for row in PROBLEMS.values() for name in row.metrics})
SOURCES = one_of("auto", "original", "stand_in")
ACTIVATION = one_of(
    *("celu", "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu"),
    *("hard_tanh", "leaky_relu", "linear", "log_softmax", "mish", "relu"),
    *("relu6", "selu", "sigmoid", "silu", "softmax", "softplus"),
    *("softsign", "tanh"),
)

# What the value of a key may be; `same_type` is the rule of every other key of an option.
RULES: Mapping[str, Rule] = {
    "seed": SEED,
    "budget": Rule(
        "minutes above 0, or a number of runs such as 40runs",
        lambda value: bool(BUDGET.fullmatch(str(value))),
    ),
    "final": FLAG,
    "force": FLAG,
    "problem.type": one_of("auto", *PROBLEMS),
    "problem.last_activation": ACTIVATION.or_("auto"),
    "problem.loss": TEXT,
    "problem.metrics": either(one_of("auto"), each(one_of(*METRICS))),
    "problem.standardize": either(one_of("auto"), FLAG),
    "problem.override": FLAG,
    "dataset.source": SOURCES,
    "dataset.dir": NAME.or_(None),
    "dataset.file": NAME.or_(None),
    "dataset.target": either(NAME, each(NAME)).or_(None),
    "dataset.problem": one_of("auto", *PROBLEMS),
    "dataset.drop": Rule(
        "a list of names", lambda value: isinstance(value, list) and all(map(NAME.allows, value))
    ),
    "dataset.image_size": whole(8),
    "dataset.cache_gib": number(0),
    "dataset.broken_limit": number(0, 1),
    "dataset.subset": whole(1).or_(None),
    "dataset.group": NAME.or_(None),
    "dataset.encoding": one_of("auto", "multi_hot", "count", "sequence", "one_hot"),
    "dataset.hashing": FLAG,
    "dataset.token": one_of("word", "character"),
    "dataset.max_tokens": whole(3),
    "dataset.maxlen": whole(1),
    "dataset.truncating": one_of("pre", "post"),
    "dataset.padding": one_of("pre", "post"),
    "dataset.reverse": FLAG,
    "dataset.text": NAME.or_(None),
    "dataset.time": NAME.or_(None),
    "dataset.lookback": POSITIVE,
    "dataset.step": POSITIVE,
    "dataset.delay": number(0),
    "dataset.purge": FLAG,
    "model.filters": each(whole(1)),
    "model.kernel_size": whole(1),
    "model.pool_size": whole(1),
    "model.layers": whole(0).or_("auto"),
    "model.units": either(whole(1), each(whole(1))),
    "model.activation": either(ACTIVATION, each(ACTIVATION)),
    "model.cell": one_of("simple", "lstm", "gru"),
    "model.bidirectional": FLAG,
    "model.reversed": FLAG,
    "model.output_dim": whole(1),
    "model.vectors": TEXT.or_(None),
    "model.trainable": FLAG,
    "model.base": TEXT,
    "model.weights": one_of("imagenet").or_(None),
    "model.preprocess": one_of("base", "rescale"),
    "model.pooling": one_of("flatten", "avg", "max"),
    "model.unfreeze_from": TEXT.or_(None),
    "model.init_from": TEXT.or_(None),
    "optimizer.name": one_of("rmsprop", "adam", "adamw", "sgd", "nadam"),
    "optimizer.learning_rate": POSITIVE,
    "optimizer.schedule": one_of("constant", "cosine", "linear", "exponential"),
    "optimizer.decay_to": number(0, 1),
    "optimizer.warmup": SHARE,
    "optimizer.clipnorm": POSITIVE.or_(None),
    "optimizer.ema_momentum": SHARE.or_(None),
    "optimizer.rho": SHARE,
    "optimizer.momentum": SHARE,
    "optimizer.nesterov": FLAG,
    "optimizer.beta_1": SHARE,
    "optimizer.beta_2": SHARE,
    "optimizer.weight_decay": number(0),
    "regularizer.l1": number(0),
    "regularizer.l2": number(0),
    "regularizer.dropout": SHARE,
    "regularizer.recurrent_dropout": SHARE,
    "regularizer.flip": FLAG,
    "regularizer.rotation": number(0, 180),
    "regularizer.translation": number(0, 1),
    "regularizer.shear": number(0, 1),
    "regularizer.zoom": SHARE,
    "regularizer.patience": whole(1).or_(None),
    "protocol.validation": Rule(
        "a number between 0 and 1",
        lambda value: number(0, 1, below=True).allows(value) and value > 0,
    ),
    "protocol.test": Rule(
        "a number between 0 and 1",
        lambda value: number(0, 1, below=True).allows(value) and value > 0,
    ),
    "protocol.k": whole(2),
    "protocol.iterations": whole(1),
    "protocol.shuffle": FLAG,
    "protocol.seed": SEED,
    "trainer.epochs": whole(1),
    "trainer.batch_size": whole(1),
    "trainer.steps_per_epoch": whole(1).or_(None),
    "trainer.validation_steps": whole(1).or_(None),
    "trainer.steps_per_execution": whole(1).or_("auto"),
    "trainer.shuffle": FLAG,
    "trainer.repeats": whole(1),
    "trainer.monitor": TEXT,
    "trainer.deterministic": FLAG,
    "trainer.checkpoint_seconds": number(0).or_(None),
    "tracking.uri": TEXT.or_(None),
    "tracking.experiment": TEXT,
}


def same_type(default: Any) -> Rule:
    """Return the rule of a key that has none of its own: the type of its default.

    A default of null allows anything. The builder refuses what it cannot use.
    """
    if default is None:
        return Rule("anything", lambda value: True)
    if isinstance(default, bool):
        return FLAG
    if isinstance(default, int):
        return Rule("a whole number", _is_int)
    if isinstance(default, float):
        return Rule("a number", _is_number)
    if isinstance(default, list):
        return Rule("a list", lambda value: isinstance(value, list))
    return TEXT


def rule_of(key: str) -> Rule | None:
    """Return the rule of a key, by its dotted name; None of a key without one."""
    if key.startswith("diagnosis."):
        return number(0)  # Thresholds of the verdict share one rule.
    return RULES.get(key)
