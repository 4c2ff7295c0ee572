"""Values that do not go together, in sentences."""

import importlib.util
import itertools
from collections.abc import Iterable, Iterator, Sequence

from goldilocks.config import own
from goldilocks.config.options import Tree
from goldilocks.config.regularizer import AUGMENTATION
from goldilocks.config.settings import Settings
from goldilocks.errors import ProblemError
from goldilocks.formatting import argument

# The keys of a person's own data.
FOLDERS = ("dir", "validation_dir", "test_dir")
FILES = ("file", "validation_file", "test_file")


def of(settings: Settings) -> list[str]:
    """Return what does not go together in settings whose single values are right."""
    return [error for check in CHECKS for error in check(settings)]


def _kind_errors(settings: Settings) -> Iterator[str]:
    """Refuse a model or a protocol that cannot take the kind of data."""
    stated, files, choices = settings.traits, settings.files, settings.choices
    kind, data = stated.dataset.kind, f"dataset={choices['dataset']}"
    for group, accepts in (("model", stated.model.accepts), ("protocol", stated.protocol.accepts)):
        if kind in accepts:
            continue
        options = {name: files.traits(group, name) for name in files.names(group)}
        names = [name for name in options if kind in options[name].get("accepts", [])]
        names.sort(key=lambda name: options[name].get("baseline", False))
        yield (
            f"{group}={choices[group]} takes {_and(sorted(accepts))} data; {data} is {kind} data. "
            f"Use {' or '.join(f'{group}={name}' for name in names)}."
        )

    vectors = settings.tree["model"].get("vectors")
    if settings.tree["dataset"].get("hashing") and vectors:
        yield (
            f"model.vectors={vectors} are of words, and dataset.hashing=true keeps none; use "
            "dataset.hashing=false, or model.vectors=null."
        )


def _regularizer_errors(settings: Settings) -> Iterator[str]:
    """Refuse parts of a regularizer that nothing in the model or the data could take."""
    stated, model, kind = (
        settings.traits.model,
        settings.choices["model"],
        settings.traits.dataset.kind,
    )
    parts = [part for part, value in settings.tree["regularizer"].items() if value]
    refused = [part for part in parts if part not in stated.honours]
    if refused:
        yield (
            f"model={model} has nothing that {_keys(refused)} could act on; expected "
            f"regularizer=none, or another model than {model}."
        )

    augmenting = [part for part in parts if part in AUGMENTATION and part not in refused]
    if augmenting and kind != "image":
        files, names = settings.files, settings.files.names("regularizer")
        options = {name: files.read("regularizer", name) for name in names}
        fitting = [name for name in names if not any(options[name][p] for p in AUGMENTATION)]
        yield (
            f"dataset={settings.choices['dataset']} is {kind} data, and {_keys(augmenting)} would "
            f"change images. Use one of regularizer={', '.join(fitting)}."
        )

    node, penalties = settings.tree["model"], [part for part in ("l1", "l2") if part in parts]
    flat = node.get("layers") == stated.fewest_layers == 0 and not isinstance(node["units"], list)
    if flat and penalties and not refused:
        yield (
            f"model={model} with model.layers=0 has no hidden layer that {_keys(penalties)} could "
            "act on; expected model.layers=1 or more, or another regularizer."
        )


def _layer_errors(settings: Settings) -> Iterator[str]:
    """Refuse numbers of layers, and lists of values, that a model cannot be built with."""
    model, node, stated = settings.choices["model"], settings.tree["model"], settings.traits.model
    layers, fewest = node.get("layers"), stated.fewest_layers
    lists = {key: value for key, value in node.items() if isinstance(value, list)}
    for key in ("units", "activation"):
        if key in lists and key not in stated.per_layer:
            yield (
                f"model.{key} is {node[key]}; model={model} takes one value, not one for each "
                f"layer: type model.{key}={node[key][0]}."
            )
            del lists[key]

    automatic = settings.defaults().get("model.layers") == "auto"
    if isinstance(layers, str):
        too_few = not automatic
    else:
        too_few = None not in (layers, fewest) and layers < fewest
    if too_few:
        yield (
            f"model.layers is {layers!r}; model={model} expects a whole number of at least "
            f"{fewest}{', or auto' * automatic}."
        )
        return

    count = len(node["units"]) if isinstance(node.get("units"), list) else layers
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


def _split_errors(settings: Settings) -> Iterator[str]:
    """Refuse fractions that leave no training rows."""
    node = settings.tree["protocol"]
    if node.get("validation", 0) + node.get("test", 0) >= 1:
        yield (
            f"protocol.validation={node['validation']} and protocol.test={node['test']} leave no "
            "rows to train with; expected fractions that add up to less than 1."
        )


def _problem_errors(settings: Settings) -> Iterator[str]:
    """Refuse what does not fit the problem type, where that is known before any data is read."""
    problem = settings.traits.dataset.problem
    try:
        if problem is None:  # The rest is checked once the data is read.
            own.metrics(settings.tree)
        else:
            settings.problem(problem)
    except ProblemError as error:
        yield str(error)


def _final_errors(settings: Settings) -> Iterator[str]:
    """Refuse what a final training cannot have."""
    tree = settings.tree
    seed, repeats, final = tree["seed"], tree["trainer"]["repeats"], tree["final"]
    if seed + repeats > 2**32:
        yield (
            f"seed={seed} and trainer.repeats={repeats}: each repeat has the seed after the last "
            "one's, and the last seed is 4294967295; use a smaller seed."
        )
    if final and repeats > 1:
        yield (
            "final=true is one training and one test evaluation, but trainer.repeats is "
            f"{repeats}; use trainer.repeats=1."
        )
    if final and settings.chooses_threshold:
        yield (
            "final=true has no validation rows to choose problem.threshold on. Train with "
            "final=false first: its last lines have the final command, with the threshold."
        )
    if final and settings.traits.model.baseline:
        yield (
            "final=true trains a model for its one test evaluation; "
            f"model={settings.choices['model']} does not learn. Choose another model."
        )
    if final and tree["inner_validation"]:
        yield (
            "final=true trains for trainer.epochs and chooses no epoch, but inner_validation is "
            f"{tree['inner_validation']}; leave it out."
        )


def _probe_errors(settings: Settings) -> Iterator[str]:
    """Refuse probes of what is no single training with validation rows that is stored."""
    tree, choices = settings.tree, settings.choices
    probes, repeats = tree["diagnosis"]["probes"], tree["trainer"]["repeats"]
    refused = {
        "final=true": tree["final"],
        f"trainer.repeats={repeats}": repeats > 1,
        f"protocol={choices['protocol']}": "k" in tree["protocol"],
        f"model={choices['model']}": settings.traits.model.baseline,
        "tracking=none": choices["tracking"] == "none",
    }
    for words, is_refused in refused.items():
        if probes and is_refused:
            yield (
                f"diagnosis.probes={probes} compares the stored training of this run with others, "
                f"on its validation rows; with {words} there is none. Use diagnosis.probes=0."
            )


def _extra_errors(settings: Settings) -> Iterator[str]:
    """Refuse a trainer whose extra is not installed."""
    name = settings.choices["trainer"]
    if settings.traits.trainer.together and importlib.util.find_spec("jax") is None:
        yield (
            f"trainer={name} trains with JAX, which is not installed; type "
            f"pip install 'goldilocks[{name}]', or use trainer=fit."
        )


def _own_data_errors(settings: Settings) -> Iterator[str]:
    """Refuse a person's own data without the keys that it requires, or with too many of them."""
    node, name = settings.tree["dataset"], settings.choices["dataset"]
    stated = settings.traits.dataset
    for key in stated.whole_numbers:
        if node[key] < 1 or node[key] != int(node[key]):
            yield (
                f"dataset.{key} is {node[key]:g}; dataset={name} expects a whole number of at "
                "least 1."
            )

    with_value = {key for key, value in node.items() if value is not None}
    for key in (*FOLDERS[1:], *FILES[1:], "split"):
        needed = "dir" if key in FOLDERS else "file"
        if key in with_value and needed not in with_value:
            yield f"dataset.{key} goes with dataset.{needed}; add that, or leave out dataset.{key}."
        elif key in with_value and key in FOLDERS and "file" in with_value:
            yield (
                f"dataset.{key} is a folder of classes, and dataset.file has the targets; leave "
                "out one, or name the parts by dataset.split or files."
            )

    keys = [key for key in dict.fromkeys(itertools.chain(*stated.requires)) if key in with_value]
    begun = [way for way in stated.requires if way.keys() >= set(keys)]
    if not begun and keys:
        both = " and ".join(_typed({key: node[key]}) for key in keys)
        yield f"dataset={name} has {both}; expected one of them, leave out the other."
        return

    # Of the ways that were begun, what is missing; nothing if one of them is complete.
    ways = [_typed({key: what for key, what in way.items() if key not in keys}) for way in begun]
    if ways and all(ways):
        yield f"dataset={name} needs {stated.needs}: add {', or '.join(ways)}."


def _typed(keys: Tree) -> str:
    """Return keys of the data set as a person types them, without those that have no value."""
    words = {f"dataset.{key}": str(value) for key, value in keys.items() if value is not None}
    return " ".join(argument(key, value) for key, value in words.items())


def _keys(parts: Iterable[str]) -> str:
    return _and([f"regularizer.{part}" for part in parts])


def _and(words: Sequence[str]) -> str:
    """Return words as a sentence lists them: "image, table and text"."""
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last


CHECKS = (
    _kind_errors,
    _regularizer_errors,
    _layer_errors,
    _split_errors,
    _problem_errors,
    _final_errors,
    _probe_errors,
    _extra_errors,
    _own_data_errors,
)
