"""Errors of a configuration, in sentences, found without reading data or importing TensorFlow."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from goldilocks.config import conflicts, renamed, synonyms, traits
from goldilocks.config.conflicts import FILES, FOLDERS
from goldilocks.config.options import Tree
from goldilocks.config.regularizer import Regularizer
from goldilocks.config.rules import Rule, rule_of, same_type
from goldilocks.config.settings import Settings, leaves
from goldilocks.errors import did_you_mean, did_you_mean_file
from goldilocks.formatting import argument
from goldilocks.problem import NO_TARGET, TARGETLESS

OURS = "goldilocks."  # what the `_target_` of every option begins with


def config_errors(settings: Settings) -> list[str]:
    """Return what is wrong with a composed configuration.

    Returns:
        Sentences, each with what was given, what was expected and how to fix it; empty where
        nothing is wrong.
    """
    # The checks of values against each other may only see values that are what they should be.
    errors = [
        *_trait_errors(settings),
        *value_errors(settings.tree, settings.defaults()),
        *_part_errors(settings),
    ]
    return errors or [*conflicts.of(settings), *path_errors(settings.tree)]


def foreign_keys(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each key, added with `++`, that the chosen option does not have.

    Only a single job can be asked: what all jobs of a sweep share has not their options.
    """
    keys = settings.defaults()
    for key in leaves(settings.tree):
        group = key.partition(".")[0]
        name = settings.choices.get(group)
        # A regularizer's parts and unknown keys have checks of their own.
        if key not in keys and name is not None and group != "regularizer" and rule_of(key):
            owners = settings.files.owners(key)
            instead = f", or choose {' or '.join(owners)}" if owners else ""
            yield f"{key} is not a key of {group}={name}; leave it out{instead}."


def _trait_errors(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each option whose traits are not those that its own file states."""
    for group, name in settings.choices.items():
        if group == "experiment":
            continue
        traits_of_file = settings.files.traits(group, name)
        if settings.stated.get(group, {}) != traits_of_file:
            yield traits_touched(group)
        yield from traits.errors_of(group, name, traits_of_file)


def traits_touched(group: str) -> str:
    """Return the sentence for traits that a command line, a recipe, a sweep or a search changes."""
    return (
        f"{group}.traits are facts, which the file of an option states about it and nothing else "
        f"can change; leave out {group}.traits."
    )


def value_errors(tree: Tree, defaults: Tree) -> Iterator[str]:
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
            instead += _meant(key, rule, value)
            yield f"{key} is {shown(value)}; expected {rule.expected}.{instead}"


def _meant(key: str, rule: Rule, value: Any) -> str:
    """Return what to type in place of a value that a key may not have, if it is known."""
    if meant := synonyms.mended(key, rule, value):
        return f" Type {synonyms.typed(key, meant[0])}."
    if isinstance(value, list) and value and all(map(rule.allows, value)):
        return f" For a run of each, type: train.py -m {synonyms.typed(key, *value)}."
    return did_you_mean(str(value), rule.words)


def shown(value: Any) -> str:
    """Return a value as a person would read it in a sentence."""
    if value is None:
        return "null"
    return repr(value) if isinstance(value, str) else str(value).lower()


def _part_errors(settings: Settings) -> Iterator[str]:
    """Refuse a regularizer that lacks parts, or has others than those that models know."""
    name, parts = settings.choices["regularizer"], {part.name for part in fields(Regularizer)}
    if differing := sorted(parts ^ settings.tree["regularizer"].keys()):
        yield (
            f"regularizer={name} lacks or adds {', '.join(differing)}; expected just the keys of "
            f'regularizer/none.yaml: begin regularizer/{name}.yaml with "defaults: [none, _self_]".'
        )


def path_errors(tree: Tree) -> Iterator[str]:
    """Yield a sentence for each of a person's own folders and files that is not there."""
    vectors, here = tree["model"].get("vectors"), f"here ({Path.cwd()}); give the path of"
    for key in (*FOLDERS, *FILES):
        typed = tree["dataset"].get(key)
        if typed is None:
            continue
        path = Path(str(typed)).expanduser()
        kind, is_there = "folder", path.is_dir()
        if key in FILES:
            kind, is_there = "file", path.is_file()
        if not is_there:
            other = {"dir": "file", "file": "dir"}.get(key)
            if other and path.exists():
                yield (
                    f"dataset.{key}={typed} is a {other.replace('dir', 'folder')}; type "
                    f"{argument(f'dataset.{other}', str(typed))} in its place."
                )
                continue
            hint = did_you_mean_file(path)
            yield f"dataset.{key}={typed} is not a {kind} {here} one.{hint}"
    if vectors not in (None, "stand_in") and not Path(vectors).expanduser().is_file():
        yield f"model.vectors={vectors} is not a file {here} a GloVe file, or stand_in."
