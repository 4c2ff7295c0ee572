"""Errors of a configuration, in sentences, found without reading data or importing TensorFlow."""

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from goldilocks.config import own, renamed, traits
from goldilocks.config.options import OptionFiles
from goldilocks.config.regularizer import AUGMENTATION, Regularizer
from goldilocks.config.rules import rule_of, same_type
from goldilocks.config.traits import DatasetTraits, ModelTraits, TrainerTraits, Traits
from goldilocks.errors import ProblemError, did_you_mean
from goldilocks.formatting import argument
from goldilocks.problem import (
    LOSSES,
    METRIC_SYNONYMS,
    NO_TARGET,
    TARGETLESS,
    Problem,
    check_monitor,
    resolve,
)

OURS = "goldilocks."  # what the `_target_` of every option begins with

# The keys of a person's own data.
FOLDERS = ("dir", "validation_dir", "test_dir")
FILES = ("file", "validation_file", "test_file")


@dataclass(frozen=True)
class Composed:
    """A composed configuration, before its checks.

    Attributes:
        tree: The resolved configuration, as plain containers, without traits.
        stated: The traits in the composed configuration, by config group.
        choices: The option chosen in each config group.
        files: The files of all options.
    """

    tree: Mapping[str, Any]
    stated: Mapping[str, Any]
    choices: Mapping[str, str]
    files: OptionFiles

    def defaults(self) -> dict[str, Any]:
        """Return every key of the chosen options with its default, by its dotted name."""
        groups = [group for group in self.choices if group != "experiment"]
        return leaves({group: self.files.read(group, self.choices[group]) for group in groups})

    def traits(self) -> Traits:
        """Return the traits of the chosen options; `trait_errors` must have found nothing."""
        chosen: dict[str, Any] = {
            group: kind(**self.files.traits(group, self.choices[group]))
            for group, kind in traits.GROUPS.items()
        }
        return Traits(**chosen)


def config_errors(composed: Composed) -> list[str]:
    """Return what is wrong with a composed configuration.

    Returns:
        Sentences, each with what was given, what was expected and how to fix it; empty where
        nothing is wrong.
    """
    # The checks of values against each other may only see values that are what they should be.
    errors = [
        *trait_errors(composed),
        *value_errors(composed.tree, composed.defaults()),
        *_part_errors(composed.tree["regularizer"], composed.choices["regularizer"]),
    ]
    if errors:
        return errors

    stated = composed.traits()
    return [
        *_kind_errors(composed, stated),
        *_regularizer_errors(composed, stated),
        *_layer_errors(composed, stated.model),
        *_split_errors(composed.tree["protocol"]),
        *_problem_errors(composed.tree, stated.dataset),
        *_final_errors(composed, stated.model),
        *_probe_errors(composed, stated.model),
        *_extra_errors(composed.choices["trainer"], stated.trainer),
        *_own_data_errors(composed.tree["dataset"], composed.choices["dataset"], stated.dataset),
        *path_errors(composed.tree),
    ]


def foreign_keys(composed: Composed) -> Iterator[str]:
    """Yield a sentence for each key, added with `++`, that the chosen option does not have.

    Only a single job can be asked: what all jobs of a sweep share has not their options.
    """
    keys = composed.defaults()
    for key in leaves(composed.tree):
        group = key.partition(".")[0]
        name = composed.choices.get(group)
        # A regularizer's parts and unknown keys have checks of their own.
        if key not in keys and name is not None and group != "regularizer" and rule_of(key):
            yield f"{key} is not a key of {group}={name}; leave it out."


def trait_errors(composed: Composed) -> Iterator[str]:
    """Yield a sentence for each option whose traits are not those that its own file states."""
    for group, name in composed.choices.items():
        if group == "experiment":
            continue
        traits_of_file = composed.files.traits(group, name)
        if composed.stated.get(group, {}) != traits_of_file:
            yield traits_touched(group)
        yield from traits.errors_of(group, name, traits_of_file)


def traits_touched(group: str) -> str:
    """Return the sentence for traits that a command line, a recipe, a sweep or a search changes."""
    return (
        f"{group}.traits are facts, which the file of an option states about it and nothing else "
        f"can change; leave out {group}.traits."
    )


def value_errors(tree: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with single keys of a configuration, in sentences.

    Args:
        tree: As in `Composed`.
        defaults: Keys of the options by their dotted names, with their defaults; a key without a
            rule must have the type of its default.
    """
    for group, node in tree.items():
        if not isinstance(node, Mapping):
            continue
        target = str(node.get("_target_", OURS))
        if not target.startswith(OURS):
            yield f"{group}._target_ is {target}; expected a function of goldilocks."

    for key, value in leaves(tree).items():
        rule = rule_of(key)
        if rule is None and key in defaults:
            rule = same_type(defaults[key])
        if rule is None:
            unknown_key = f"{key} is not a key of any configuration; leave it out."
            yield renamed.sentence(key, [shown(value)]) or unknown_key
        elif not rule.allows(value):
            is_problem = key in ("dataset.problem", "problem.type")
            instead = f" {NO_TARGET}" if is_problem and TARGETLESS.search(str(value)) else ""
            yield f"{key} is {shown(value)}; expected {rule.expected}.{instead}"


def real_numbers(tree: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Make whole numbers real ones in place, where the rule of a key means a real number.

    Those of a key whose default is whole stay: `dataset.lookback` is 24 rows, or 1.5 hours.

    Args:
        tree: As in `Composed`.
        defaults: As of `value_errors`.
    """
    for key, default in defaults.items():
        group, _, name = key.partition(".")
        value = tree[group].get(name)
        rule = rule_of(key) or same_type(default)
        if rule.real and type(value) is int and type(default) is not int and rule.allows(value):
            tree[group][name] = float(value)


def metric_names(nodes: Mapping[str, dict[str, Any]]) -> None:
    """Give metrics the names of `problem.PROBLEMS` in place, where another name is understood.

    Args:
        nodes: The groups of a configuration that are mappings, with anything in them.
    """
    problem, trainer = nodes.get("problem", {}), nodes.get("trainer", {})
    if isinstance(problem.get("metrics"), list):
        names = problem["metrics"]
        problem["metrics"] = [METRIC_SYNONYMS.get(str(name), name) for name in names]
    prefix, _, name = str(trainer.get("monitor")).partition("_")
    if prefix == "val" and name in METRIC_SYNONYMS:
        trainer["monitor"] = f"val_{METRIC_SYNONYMS[name]}"


def leaves(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return every leaf of a configuration by its dotted key; a list, or a value, is one leaf.

    `_target_` and traits are no keys that a person gives, and left out.
    """
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if key in ("_target_", "traits"):
            continue
        if isinstance(value, Mapping) and rule_of(f"{prefix}{key}") is None:
            flat |= leaves(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def unknown(name: str, options: Sequence[str], *, what: str) -> str:
    """Return the sentence for a name that does not exist, with the nearest one that does."""
    hint = did_you_mean(name, options)
    return f"{name} is not {what}; expected one of {', '.join(options)}.{hint}"


def shown(value: Any) -> str:
    """Return a value as a person would read it in a sentence."""
    if value is None:
        return "null"
    return repr(value) if isinstance(value, str) else str(value).lower()


def resolve_problem(tree: Mapping[str, Any], problem: str) -> Problem:
    """Return the problem of a configuration.

    Args:
        tree: As in `Composed`.
        problem: The problem type of the data set.

    Raises:
        ProblemError: The problem type, the last activation, the loss and the metrics do not go
            together, or the monitored value will not be logged.
    """
    resolved = resolve(problem, **tree["problem"], own_metrics=own.metrics(tree))
    penalizes = Regularizer(**tree["regularizer"]).penalizes
    data_loss = penalizes or resolved.class_weight != "none"
    check_monitor(resolved, tree["trainer"]["monitor"], data_loss=data_loss)
    return resolved


def chooses_threshold(tree: Mapping[str, Any]) -> bool:
    """Return whether thresholds are chosen on validation rows."""
    threshold, cost = tree["problem"]["threshold"], tree["problem"]["cost"]
    return threshold == "auto" or (threshold is None and cost is not None)


def _part_errors(node: Mapping[str, Any], name: str) -> Iterator[str]:
    """Refuse a regularizer that lacks parts, or has others than those that models know."""
    parts = {part.name for part in fields(Regularizer)}
    if differing := sorted(parts ^ node.keys()):
        yield (
            f"regularizer={name} lacks or adds {', '.join(differing)}; expected just the keys of "
            f'regularizer/none.yaml: begin regularizer/{name}.yaml with "defaults: [none, _self_]".'
        )


def _kind_errors(composed: Composed, stated: Traits) -> Iterator[str]:
    """Refuse a model or a protocol that cannot take the kind of data."""
    kind, data = stated.dataset.kind, f"dataset={composed.choices['dataset']}"
    for group, accepts in (("model", stated.model.accepts), ("protocol", stated.protocol.accepts)):
        if kind in accepts:
            continue
        options = {name: composed.files.traits(group, name) for name in composed.files.names(group)}
        names = [name for name in options if kind in options[name].get("accepts", [])]
        names.sort(key=lambda name: options[name].get("baseline", False))
        fitting = [f"{group}={name}" for name in names]
        yield (
            f"{group}={composed.choices[group]} takes {_and(sorted(accepts))} data; "
            f"{data} is {kind} data. Use {' or '.join(fitting)}."
        )

    vectors = composed.tree["model"].get("vectors")
    if composed.tree["dataset"].get("hashing") and vectors:
        yield (
            f"model.vectors={vectors} are of words, and dataset.hashing=true keeps none; use "
            "dataset.hashing=false, or model.vectors=null."
        )


def _regularizer_errors(composed: Composed, stated: Traits) -> Iterator[str]:
    """Refuse parts of a regularizer that nothing in the model or the data could take."""
    model, tree = composed.choices["model"], composed.tree
    parts = [part for part, value in tree["regularizer"].items() if value]
    refused = [part for part in parts if part not in stated.model.honours]
    augmenting = [part for part in parts if part in AUGMENTATION and part not in refused]
    penalties = [part for part in ("l1", "l2") if part in parts]
    if refused:
        yield (
            f"model={model} has nothing that {_keys(refused)} could act on; expected "
            f"regularizer=none, or another model than {model}."
        )

    if augmenting and stated.dataset.kind != "image":
        fitting = [
            name
            for name in composed.files.names("regularizer")
            if not any(composed.files.read("regularizer", name)[part] for part in AUGMENTATION)
        ]
        yield (
            f"dataset={composed.choices['dataset']} is {stated.dataset.kind} data, and "
            f"{_keys(augmenting)} would change images. Use one of "
            f"regularizer={', '.join(fitting)}."
        )

    layers, units = tree["model"].get("layers"), tree["model"].get("units")
    flat = layers == stated.model.fewest_layers == 0 and not isinstance(units, list)
    if flat and penalties and not refused:
        yield (
            f"model={model} with model.layers=0 has no hidden layer that {_keys(penalties)} could "
            "act on; expected model.layers=1 or more, or another regularizer."
        )


def _layer_errors(composed: Composed, stated: ModelTraits) -> Iterator[str]:
    """Refuse numbers of layers, and lists of values, that a model cannot be built with."""
    model, node = composed.choices["model"], composed.tree["model"]
    layers, fewest = node.get("layers"), stated.fewest_layers
    lists = {key: value for key, value in node.items() if isinstance(value, list)}
    for key in ("units", "activation"):
        if key in lists and key not in stated.per_layer:
            yield (
                f"model.{key} is {node[key]}; model={model} takes one value, not one for each "
                f"layer: type model.{key}={node[key][0]}."
            )
            del lists[key]

    automatic = composed.files.read("model", model).get("layers") == "auto"
    if isinstance(layers, str):
        too_few = not automatic
    else:
        too_few = None not in (layers, fewest) and layers < fewest
    if too_few:
        yield (
            f"model.layers is {shown(layers)}; model={model} expects a whole number of at least "
            f"{fewest}{', or auto' * automatic}."
        )
        return

    count = layers
    if isinstance(node.get("units"), list):
        count = len(node["units"])
    if len(lists.get("activation", [])) not in (0, count):
        yield (
            f"model.activation={node['activation']} is for {len(node['activation'])} layers, and "
            f"there are {count} (model.units, model.layers); expected an activation for each, or "
            "one word for all."
        )
    if "filters" in lists and isinstance(layers, int) and layers > len(node["filters"]):
        yield (
            f"model.layers is {layers}; model.filters={node['filters']} has fewer blocks: list "
            "more, or use auto."
        )


def _split_errors(node: Mapping[str, Any]) -> Iterator[str]:
    """Refuse fractions that leave no training rows."""
    if "validation" in node and "test" in node and node["validation"] + node["test"] >= 1:
        yield (
            f"protocol.validation={node['validation']} and protocol.test={node['test']} leave no "
            "rows to train with; expected fractions that add up to less than 1."
        )


def _problem_errors(tree: Mapping[str, Any], stated: DatasetTraits) -> Iterator[str]:
    """Refuse what does not fit the problem type, where that is known before any data is read."""
    loss = tree["problem"]["loss"]
    if loss not in ("auto", *LOSSES):
        yield "problem.loss: " + unknown(loss, ["auto", *LOSSES], what="a loss")
        return
    try:
        if stated.problem is None:  # `Settings.problem` checks the rest once the data is read.
            own.metrics(tree)
        else:
            resolve_problem(tree, stated.problem)
    except ProblemError as error:
        yield str(error)


def _final_errors(composed: Composed, stated: ModelTraits) -> Iterator[str]:
    """Refuse what a final training cannot have, and what only a final training has."""
    tree, momentum = composed.tree, composed.tree["optimizer"]["ema_momentum"]
    if tree["seed"] + tree["trainer"]["repeats"] > 2**32:
        yield (
            f"seed={tree['seed']} and trainer.repeats={tree['trainer']['repeats']}: each repeat "
            "has the seed after the last one's, and the last seed is 4294967295; use a smaller "
            "seed."
        )
    if tree["final"] and tree["trainer"]["repeats"] > 1:
        yield (
            "final=true is one training and one test evaluation, but trainer.repeats is "
            f"{tree['trainer']['repeats']}; use trainer.repeats=1."
        )
    if tree["final"] and chooses_threshold(tree):
        yield (
            "final=true has no validation rows to choose problem.threshold on. Train with "
            "final=false first: its last lines have the final command, with the threshold."
        )
    if tree["final"] and stated.baseline:
        yield (
            "final=true trains a model for its one test evaluation; "
            f"model={composed.choices['model']} does not learn. Choose another model."
        )
    if momentum is not None and not tree["final"]:
        yield (
            f"optimizer.ema_momentum is {momentum:g}, but this run keeps the weights of its best "
            "epoch, not their average; leave it out, or add final=true."
        )


def _probe_errors(composed: Composed, stated: ModelTraits) -> Iterator[str]:
    """Refuse probes of what is no single training with validation rows that is stored."""
    tree, choices = composed.tree, composed.choices
    probes, repeats = tree["diagnosis"]["probes"], tree["trainer"]["repeats"]
    refused = {
        "final=true": tree["final"],
        f"trainer.repeats={repeats}": repeats > 1,
        f"protocol={choices['protocol']}": "k" in tree["protocol"],
        f"model={choices['model']}": stated.baseline,
        "tracking=none": choices["tracking"] == "none",
    }
    for words, is_refused in refused.items():
        if probes and is_refused:
            yield (
                f"diagnosis.probes={probes} compares the stored training of this run with others, "
                f"on its validation rows; with {words} there is none. Use diagnosis.probes=0."
            )


def _extra_errors(name: str, stated: TrainerTraits) -> Iterator[str]:
    """Refuse a trainer whose extra is not installed."""
    if stated.together and importlib.util.find_spec("jax") is None:
        yield (
            f"trainer={name} trains with JAX, which is not installed; type "
            f"pip install 'goldilocks[{name}]', or use trainer=fit."
        )


def _own_data_errors(node: Mapping[str, Any], name: str, stated: DatasetTraits) -> Iterator[str]:
    """Refuse a person's own data without the keys that it requires, or with too many of them."""
    for key in stated.whole_numbers:
        if node[key] < 1 or node[key] != int(node[key]):
            yield (
                f"dataset.{key} is {node[key]:g}; dataset={name} expects a whole number of at "
                "least 1."
            )

    for key in (*FOLDERS[1:], *FILES[1:], "split"):
        needed = "file"
        if key.endswith("_dir"):
            needed = "dir"
        if node.get(key) is None:
            continue
        if node.get(needed) is None:
            yield f"dataset.{key} goes with dataset.{needed}; add that, or leave out dataset.{key}."
        elif needed == "dir" and node.get("file") is not None:
            yield (
                f"dataset.{key} is a folder of classes, and dataset.file has the targets; leave "
                "out one, or name the parts by dataset.split or files."
            )

    keys = dict.fromkeys(key for way in stated.requires for key in way if node[key] is not None)
    begun = [way for way in stated.requires if keys.keys() <= way.keys()]
    if not begun and keys:
        both = " and ".join(_typed({key: node[key]}) for key in keys)
        yield f"dataset={name} has {both}; expected one of them, leave out the other."
        return

    # Of the ways that were begun, what is missing; nothing if one of them is complete.
    ways = [_typed({key: what for key, what in way.items() if key not in keys}) for way in begun]
    if ways and all(ways):
        yield f"dataset={name} needs {stated.needs}: add {', or '.join(ways)}."


def _typed(keys: Mapping[str, Any]) -> str:
    """Return keys of the data set as a person types them, without those that have no value."""
    words = {f"dataset.{key}": str(value) for key, value in keys.items() if value is not None}
    return " ".join(argument(key, value) for key, value in words.items())


def path_errors(tree: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each of a person's own folders and files that is not there."""
    vectors, here = tree["model"].get("vectors"), f"here ({Path.cwd()}); give the path of"
    for key, typed in tree["dataset"].items():
        if typed is None or key not in (*FOLDERS, *FILES):
            continue
        path = Path(str(typed)).expanduser()
        if key in FOLDERS and not path.is_dir():
            yield f"dataset.{key}={typed} is not a folder {here} one."
        if key in FILES and not path.is_file():
            yield f"dataset.{key}={typed} is not a file {here} one."
    if vectors not in (None, "stand_in") and not Path(vectors).expanduser().is_file():
        yield f"model.vectors={vectors} is not a file {here} a GloVe file, or stand_in."


def _keys(parts: Iterable[str]) -> str:
    return _and([f"regularizer.{part}" for part in parts])


def _and(words: Sequence[str]) -> str:
    """Return words as a sentence lists them: "image, table and text"."""
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last
