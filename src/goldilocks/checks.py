"""Every error of a configuration, in sentences, found from the configuration alone: no data, no TensorFlow."""

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from goldilocks.dataset import KINDS, PUBLISHED_PROBLEMS
from goldilocks.model import ACCEPTS, AUGMENTATION, HONOURS
from goldilocks.problem import LOSSES, PROBLEMS, ProblemError, resolve


class Rule(NamedTuple):
    """What the value of a key may be: in words, and as a test."""

    expected: str
    allows: Callable[[Any], bool]

    def or_(self, *words: str | None) -> "Rule":
        """The same rule, with some words (None is `null`) allowed as well."""
        named = " or ".join("null" if word is None else word for word in words)
        return Rule(f"{self.expected}, or {named}", lambda value: value in words or self.allows(value))


def whole(low: int) -> Rule:
    """A whole number of at least `low`."""
    return Rule(f"a whole number of at least {low}", lambda value: _is_int(value) and value >= low)


def number(low: float, high: float = math.inf, *, below: bool = False) -> Rule:
    """A finite number from `low` to `high`, or, with `below`, less than `high`."""
    span = f"of at least {low:g}" if high == math.inf else f"from {low:g} to {'less than ' * below}{high:g}"
    return Rule(
        f"a number {span}",
        lambda value: (
            (_is_int(value) or isinstance(value, float))
            and math.isfinite(value)
            and low <= value <= high
            and not (below and value == high)
        ),
    )


def one_of(*words: str) -> Rule:
    """One of some words."""
    return Rule(f"one of {', '.join(words)}", lambda value: value in words)


def each(rule: Rule) -> Rule:
    """A list, not empty, of values that a rule allows."""
    return Rule(
        f"a list, each {rule.expected}",
        lambda value: isinstance(value, list) and bool(value) and all(rule.allows(item) for item in value),
    )


def either(first: Rule, second: Rule) -> Rule:
    """What one of two rules allows."""
    return Rule(f"{first.expected}, or {second.expected}", lambda value: first.allows(value) or second.allows(value))


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


FLAG = Rule("true or false", lambda value: isinstance(value, bool))
TEXT = Rule("a word", lambda value: isinstance(value, str) and bool(value.strip()))
# YAML reads `dataset.target=2020` and `dataset.dir=2020` as numbers; both are fine names.
NAME = Rule("a name", lambda value: isinstance(value, str | int) and not isinstance(value, bool) and value != "")
POSITIVE = Rule("a number above 0", lambda value: number(0).allows(value) and value > 0)
SHARE = number(0, 1, below=True)
SOURCES = one_of("auto", "original", "stand_in")
ACTIVATIONS = (
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu linear log_sigmoid "
    "log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus squareplus swish "
    "tanh tanh_shrink threshold"
).split()
ACTIVATION = one_of(*ACTIVATIONS)

# Every key of every YAML under conf/, and what its value may be (a test holds both directions).
RULES: Mapping[str, Rule] = {
    "seed": whole(0),
    "final": FLAG,
    "problem.type": one_of("auto", *PROBLEMS),
    "problem.last_activation": ACTIVATION.or_("auto"),
    "problem.loss": TEXT,
    "problem.metrics": either(one_of("auto"), each(TEXT)),
    "problem.override": FLAG,
    "dataset.source": SOURCES,
    "dataset.dir": NAME.or_(None),
    "dataset.file": NAME.or_(None),
    "dataset.target": either(NAME, each(NAME)).or_(None),
    "dataset.problem": one_of("auto", *PROBLEMS),
    "dataset.drop": Rule("a list of names", lambda value: isinstance(value, list) and all(map(NAME.allows, value))),
    "dataset.image_size": whole(8),
    "dataset.hold": number(0),
    "dataset.broken_limit": number(0, 1),
    "dataset.subset": whole(1).or_(None),
    "model.filters": each(whole(1)),
    "model.layers": whole(1).or_("auto"),
    "model.units": either(whole(1), each(whole(1))),
    "model.activation": ACTIVATION,
    "optimizer.name": one_of("rmsprop", "adam", "adamw", "sgd", "nadam"),
    "optimizer.learning_rate": POSITIVE,
    "optimizer.schedule": one_of("constant", "cosine", "linear", "exponential"),
    "optimizer.decay_to": number(0, 1),
    "optimizer.warmup": SHARE,
    "optimizer.clipnorm": POSITIVE.or_(None),
    "optimizer.rho": SHARE,
    "optimizer.momentum": SHARE,
    "optimizer.nesterov": FLAG,
    "optimizer.beta_1": SHARE,
    "optimizer.beta_2": SHARE,
    "optimizer.weight_decay": number(0),
    "regularizer.l1": number(0),
    "regularizer.l2": number(0),
    "regularizer.dropout": SHARE,
    "regularizer.flip": FLAG,
    "regularizer.rotation": number(0, 180),
    "regularizer.translation": number(0, 1),
    "regularizer.shear": number(0, 1),
    "regularizer.zoom": SHARE,
    "regularizer.patience": whole(1).or_(None),
    "protocol.validation": Rule(
        "a number between 0 and 1", lambda value: number(0, 1, below=True).allows(value) and value > 0
    ),
    "protocol.test": Rule(
        "a number between 0 and 1", lambda value: number(0, 1, below=True).allows(value) and value > 0
    ),
    "protocol.seed": whole(0),
    "trainer.epochs": whole(1),
    "trainer.batch_size": whole(1),
    "trainer.steps_per_epoch": whole(1).or_(None),
    "trainer.validation_steps": whole(1).or_(None),
    "trainer.steps_per_execution": whole(1).or_("auto"),
    "trainer.monitor": TEXT,
    "trainer.deterministic": FLAG,
    "tracking.uri": TEXT.or_(None),
    "tracking.experiment": TEXT,
}


def config_errors(tree: Mapping[str, Any], choices: Mapping[str, str]) -> list[str]:
    """What is wrong with a composed configuration.

    Args:
        tree: The resolved configuration, as plain containers.
        choices: The option chosen in each config group.

    Returns:
        Sentences, each with what was given, what was expected and how to fix it; empty where nothing is wrong.
    """
    wrong = [
        f"{key} is {_shown(value)}; expected {rule_of(key).expected}."
        for key, value in leaves(tree).items()
        if not rule_of(key).allows(value)
    ]
    if wrong:  # The checks below compare values, and may only see values that are what they should be.
        return wrong
    return [*_misfits(tree, choices), *_problem_errors(tree, choices), *_file_errors(tree, choices)]


def rule_of(key: str) -> Rule:
    """The rule of a key, by its dotted name; thresholds of the verdict share one."""
    return number(0) if key.startswith("diagnosis.") else RULES[key]


def leaves(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every leaf of a configuration by its dotted key; a list is one leaf; `_target_` is none."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= leaves(value, f"{prefix}{key}.")
        elif key != "_target_":
            flat[f"{prefix}{key}"] = value
    return flat


def unknown(given: str, known: Sequence[str], *, what: str) -> str:
    """The sentence for a name that does not exist, with the nearest ones that do."""
    close = difflib.get_close_matches(given, known, n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"{given} is not {what}; expected one of {', '.join(known)}.{hint}"


def _shown(value: Any) -> str:
    return "null" if value is None else repr(value) if isinstance(value, str) else str(value).lower()


def _misfits(tree: Mapping[str, Any], choices: Mapping[str, str]) -> list[str]:
    """Groups that do not go together: model and data, model and regularizer, data and regularizer."""
    dataset, model = choices["dataset"], choices["model"]
    kind, regularizer = KINDS[dataset], tree["regularizer"]
    errors = []
    if kind not in ACCEPTS[model]:
        fitting = " or ".join(f"model={name}" for name, kinds in ACCEPTS.items() if kind in kinds)
        takes = " and ".join(f"{name}s" for name in sorted(ACCEPTS[model]))
        errors.append(f"model={model} takes {takes}; dataset={dataset} holds a {kind}. Use {fitting}.")
    parts = [part for part, value in regularizer.items() if value]
    refused = [part for part in parts if part not in HONOURS[model]]
    if refused:
        errors.append(
            f"model={model} has nothing that {_named(refused)} could act on; expected regularizer=none, "
            f"or another model than {model}."
        )
    pictured = [part for part in parts if part in AUGMENTATION and part not in refused]
    if pictured and kind != "image":
        errors.append(
            f"{_named(pictured)} changes images; dataset={dataset} holds a {kind}. "
            "Use regularizer=none, l1, l2, dropout or early_stopping."
        )
    units, layers = tree["model"].get("units"), tree["model"].get("layers")
    if isinstance(units, list) and model == "convnet":
        errors.append(f"model.units is {units}; model=convnet has one dense layer: expected one whole number.")
    if model == "mlp" and layers == "auto":
        errors.append("model.layers is 'auto'; model=mlp expects a whole number of at least 1.")
    return errors


def _problem_errors(tree: Mapping[str, Any], choices: Mapping[str, str]) -> list[str]:
    """The table of problem types, where the type is known without reading data; a monitored value that will exist."""
    problem, monitor, dataset = tree["problem"], tree["trainer"]["monitor"], choices["dataset"]
    errors = []
    if problem["loss"] not in ("auto", *LOSSES):
        errors.append("problem.loss: " + unknown(problem["loss"], ["auto", *LOSSES], what="a loss"))
    elif dataset in PUBLISHED_PROBLEMS:
        try:
            resolve(PUBLISHED_PROBLEMS[dataset], **problem)
        except ProblemError as error:
            errors.append(str(error))
    metrics = (
        list(problem["metrics"]) if isinstance(problem["metrics"], list) else ["accuracy", "binary_accuracy", "mae"]
    )
    known = [f"val_{name}" for name in ("loss", "data_loss", *metrics)]
    if monitor not in known:
        errors.append("trainer.monitor: " + unknown(monitor, known, what="logged by this run"))
    penalized = tree["regularizer"]["l1"] or tree["regularizer"]["l2"]
    if monitor == "val_data_loss" and not penalized:
        errors.append("trainer.monitor is val_data_loss; without an l1 or l2 penalty that is val_loss: use val_loss.")
    if tree["final"] and choices["model"] == "baseline":
        errors.append(
            "final=true trains a model for its one look at the test set; model=baseline is not one to choose."
        )
    return errors


def _file_errors(tree: Mapping[str, Any], choices: Mapping[str, str]) -> list[str]:
    """The user's own folders and files: named where they must be, and there."""
    dataset, name = tree["dataset"], choices["dataset"]
    errors = []
    if name == "images" and dataset["dir"] is None:
        errors.append(
            "dataset=images needs the folder that holds a folder of images per class: add dataset.dir=FOLDER."
        )
    if dataset.get("dir") is not None and not Path(str(dataset["dir"])).is_dir():
        errors.append(f"dataset.dir={dataset['dir']} is not a folder here ({Path.cwd()}); give the path of one.")
    if name == "table" and dataset["file"] is None:
        errors.append("dataset=table needs a CSV or Parquet file: add dataset.file=FILE.")
    if dataset.get("file") is not None and not Path(str(dataset["file"])).is_file():
        errors.append(f"dataset.file={dataset['file']} is not a file here ({Path.cwd()}); give the path of one.")
    return errors


def _named(parts: Sequence[str]) -> str:
    return " and ".join(f"regularizer.{part}" for part in parts)
