"""Every error of a configuration, in sentences, found from the configuration alone: no data, no TensorFlow."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from goldilocks.config.rules import rule_of
from goldilocks.dataset import KINDS, PUBLISHED_PROBLEMS
from goldilocks.errors import ProblemError
from goldilocks.model import ACCEPTS, AUGMENTATION, HONOURS
from goldilocks.problem import LOSSES, check_monitor, resolve

# The fewest layers that a model can be built with.
FEWEST_LAYERS = {"convnet": 1, "mlp": 1, "embedding": 0, "rnn": 1}

# The models of which `model.units` is one number, and of which kind of layer.
ONE_LAYER_OF_UNITS = {"convnet": "dense", "pretrained": "dense", "conv_rnn": "recurrent"}


def config_errors(tree: Mapping[str, Any], choices: Mapping[str, str]) -> list[str]:
    """What is wrong with a composed configuration.

    Args:
        tree: The resolved configuration, as plain containers.
        choices: The option chosen in each config group.

    Returns:
        Sentences, each with what was given, what was expected and how to fix it; empty where
        nothing is wrong.
    """
    # The checks of values against each other may only see values that are what they should be.
    return value_errors(tree) or [
        *_misfits(tree, choices),
        *_problem_errors(tree, choices),
        *_file_errors(tree, choices),
    ]


def value_errors(tree: Mapping[str, Any]) -> list[str]:
    """What is wrong with single keys of a composed configuration, in sentences as those of `config_errors`."""
    errors = [
        f"{group}._target_ is {node['_target_']}; expected a function of goldilocks."
        for group, node in tree.items()
        if isinstance(node, Mapping)
        and not str(node.get("_target_", "goldilocks.")).startswith("goldilocks.")
    ]
    for key, value in leaves(tree).items():
        rule = rule_of(key)
        if rule is None:
            errors.append(f"{key} is not a key of any configuration; leave it out.")
        elif not rule.allows(value):
            errors.append(f"{key} is {_shown(value)}; expected {rule.expected}.")
    return errors


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
    return (
        "null" if value is None else repr(value) if isinstance(value, str) else str(value).lower()
    )


def _misfits(tree: Mapping[str, Any], choices: Mapping[str, str]) -> list[str]:
    """Groups that do not go together: model and data, model and regularizer, data and regularizer."""
    dataset, model = choices["dataset"], choices["model"]
    kind, regularizer = KINDS[dataset], tree["regularizer"]
    errors = []
    if kind not in ACCEPTS[model]:
        fitting = " or ".join(f"model={name}" for name, kinds in ACCEPTS.items() if kind in kinds)
        takes = " and ".join(f"{name}s" for name in sorted(ACCEPTS[model]))
        errors.append(
            f"model={model} takes {takes}; dataset={dataset} holds a {kind}. Use {fitting}."
        )
    if tree["dataset"].get("hashing") and tree["model"].get("vectors"):
        errors.append(
            f"model.vectors={tree['model']['vectors']} are of words, and dataset.hashing=true "
            "keeps none; use "
            "dataset.hashing=false, or model.vectors=null."
        )
    parts = [part for part, value in regularizer.items() if value]
    refused = [part for part in parts if part not in HONOURS[model]]
    if refused:
        errors.append(
            f"model={model} has nothing that {_named(refused)} could act on; expected "
            "regularizer=none, "
            f"or another model than {model}."
        )
    pictured = [part for part in parts if part in AUGMENTATION and part not in refused]
    if pictured and kind != "image":
        errors.append(
            f"{_named(pictured)} changes images; dataset={dataset} holds a {kind}. "
            "Use regularizer=none, l1, l2, dropout or early_stopping."
        )
    errors += _layer_errors(tree["model"], model)
    penalties = [part for part in ("l1", "l2") if regularizer[part]]
    units, layers = tree["model"].get("units"), tree["model"].get("layers")
    if model == "embedding" and layers == 0 and not isinstance(units, list) and penalties:
        errors.append(
            f"model=embedding with model.layers=0 has no hidden layer that {_named(penalties)} "
            "could act on; expected "
            "model.layers=1 or more, or another regularizer."
        )
    if kind == "series" and choices["protocol"] == "iterated_kfold":
        errors.append(
            f"protocol=iterated_kfold shuffles rows; dataset={dataset} holds a series, which must "
            "stay in order. "
            "Use protocol=kfold, which chains its folds forward, or protocol=holdout."
        )
    taken = [tree["protocol"].get("validation"), tree["protocol"].get("test")]
    if None not in taken and sum(taken) >= 1:
        errors.append(
            f"protocol.validation={taken[0]} and protocol.test={taken[1]} leave no rows to train "
            "with; expected "
            "fractions that add up to less than 1."
        )
    return errors


def _layer_errors(node: Mapping[str, Any], model: str) -> list[str]:
    """Numbers of layers, and lists with a value for each, that a model cannot be built with."""
    errors = []
    units, layers, activation = (
        node.get("units"),
        node.get("layers", "auto"),
        node.get("activation"),
    )
    if isinstance(units, list) and model in ONE_LAYER_OF_UNITS:
        errors.append(
            f"model.units is {units}; model={model} has one {ONE_LAYER_OF_UNITS[model]} layer: "
            "expected one whole "
            "number."
        )
    if isinstance(activation, list) and model != "rnn":
        errors.append(
            f"model.activation is {activation}; model={model} has the same in every layer: "
            "expected a word."
        )
    least, or_auto = FEWEST_LAYERS.get(model), ", or auto" if model == "convnet" else ""
    if least is not None and (not or_auto if layers == "auto" else layers < least):
        errors.append(
            f"model.layers is {_shown(layers)}; model={model} expects a whole number of at least "
            f"{least}{or_auto}."
        )
    elif model == "rnn" and isinstance(activation, list):
        count = len(units) if isinstance(units, list) else layers
        if len(activation) != count:
            errors.append(
                f"model.activation={activation} is for {len(activation)} layers, and there are "
                f"{count} "
                "(model.units, model.layers); expected an activation for each, or one word for all."
            )
    if model == "convnet" and layers != "auto" and layers > len(node["filters"]):
        errors.append(
            f"model.layers is {layers}; model.filters={node['filters']} has {len(node['filters'])} "
            "blocks: list more, "
            "or use auto."
        )
    return errors


def _problem_errors(tree: Mapping[str, Any], choices: Mapping[str, str]) -> list[str]:
    """The table of problem types, where the type is known without reading data; a monitored value that will exist."""
    problem, dataset = tree["problem"], choices["dataset"]
    errors = []
    if problem["loss"] not in ("auto", *LOSSES):
        errors.append("problem.loss: " + unknown(problem["loss"], ["auto", *LOSSES], what="a loss"))
    elif (
        dataset in PUBLISHED_PROBLEMS
    ):  # The user's own data says its type later; `run` then checks the same.
        try:
            resolved = resolve(PUBLISHED_PROBLEMS[dataset], **problem)
            penalized = bool(tree["regularizer"]["l1"] or tree["regularizer"]["l2"])
            check_monitor(resolved, tree["trainer"]["monitor"], penalized=penalized)
        except ProblemError as error:
            errors.append(str(error))
    if tree["final"] and tree["trainer"]["repeats"] > 1:
        errors.append(
            f"final=true is one training and one look at the test set, but trainer.repeats is "
            f"{tree['trainer']['repeats']}; use trainer.repeats=1."
        )
    if tree["final"] and choices["model"] == "baseline":
        errors.append(
            "final=true trains a model for its one look at the test set; model=baseline is not one "
            "to choose."
        )
    if tree["optimizer"]["ema_momentum"] is not None and not tree["final"]:
        errors.append(
            f"optimizer.ema_momentum is {tree['optimizer']['ema_momentum']:g}, but this run keeps "
            "the weights of its "
            "best epoch, not their average; leave it out, or add final=true."
        )
    return errors


def _file_errors(tree: Mapping[str, Any], choices: Mapping[str, str]) -> list[str]:
    """The user's own folders and files: named where they must be, and there."""
    dataset, name = tree["dataset"], choices["dataset"]
    errors = []
    if name == "images" and dataset["dir"] is None:
        errors.append(
            "dataset=images needs the folder that holds a folder of images per class: add "
            "dataset.dir=FOLDER."
        )
    if dataset.get("dir") is not None and not Path(str(dataset["dir"])).expanduser().is_dir():
        errors.append(
            f"dataset.dir={dataset['dir']} is not a folder here ({Path.cwd()}); give the path of "
            "one."
        )
    if name == "texts":
        errors += _texts_errors(dataset)
    if name == "table" and dataset["file"] is None:
        errors.append("dataset=table needs a CSV or Parquet file: add dataset.file=FILE.")
    if name == "series":
        absent = {"file": "FILE", "time": "NAME", "target": "NAME"}
        needs = [f"dataset.{key}={what}" for key, what in absent.items() if dataset[key] is None]
        if needs:
            errors.append(
                "dataset=series needs a CSV or Parquet file, its column of times and the one to "
                "predict: add "
                f"{' '.join(needs)}."
            )
        errors += [
            f"dataset.{key} is {dataset[key]:g}; dataset=series counts in rows: expected a whole "
            "number of at least 1."
            for key in ("lookback", "step", "delay")
            if dataset[key] < 1 or dataset[key] != int(dataset[key])
        ]
    if dataset.get("file") is not None and not Path(str(dataset["file"])).expanduser().is_file():
        errors.append(
            f"dataset.file={dataset['file']} is not a file here ({Path.cwd()}); give the path of "
            "one."
        )
    vectors = tree["model"].get("vectors")
    if vectors not in (None, "stand_in") and not Path(vectors).expanduser().is_file():
        errors.append(
            f"model.vectors={vectors} is not a file here ({Path.cwd()}); give the path of a GloVe "
            "file, or stand_in."
        )
    return errors


def _texts_errors(dataset: Mapping[str, Any]) -> list[str]:
    """A folder or a file, and of a file the two columns."""
    columns = {"text": "of texts", "target": "to predict"}
    if dataset["dir"] is None and dataset["file"] is None:
        return [
            "dataset=texts needs a folder with a folder of .txt files per class, or a CSV or "
            "Parquet file: add "
            "dataset.dir=FOLDER, or dataset.file=FILE dataset.text=NAME dataset.target=NAME."
        ]
    if dataset["dir"] is None:
        return [
            f"dataset=texts needs the column {role} of dataset.file={dataset['file']}: add "
            f"dataset.{key}=NAME."
            for key, role in columns.items()
            if dataset[key] is None
        ]
    if dataset["file"] is not None:
        return [
            f"dataset=texts has both dataset.dir={dataset['dir']} and "
            f"dataset.file={dataset['file']}; expected one of "
            "them, leave out the other."
        ]
    given = " and ".join(
        f"dataset.{key}={dataset[key]}" for key in columns if dataset[key] is not None
    )
    if given:
        return [
            f"{given}: the column of a file, but dataset.dir={dataset['dir']} is a folder, whose "
            "folders are the "
            "target. Leave it out, or give dataset.file=FILE instead of dataset.dir."
        ]
    return []


def _named(parts: Sequence[str]) -> str:
    return " and ".join(f"regularizer.{part}" for part in parts)
