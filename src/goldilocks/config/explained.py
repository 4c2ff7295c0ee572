"""`--help GROUP=OPTION`: each key with its comment, its present value and what it accepts."""

import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from goldilocks.config import comments
from goldilocks.config.checks import value_errors
from goldilocks.config.composition import compose, composed
from goldilocks.config.options import OptionFiles, Tree
from goldilocks.config.rules import rule_of, rules_of, same_type
from goldilocks.config.settings import COMPOSED, GROUPS, key_of, leaves, listed
from goldilocks.config.synonyms import has, text_of
from goldilocks.errors import ConfigError

# Groups of Hydra that this project has options of, with the part of `rules.yaml` of their keys.
OF_HYDRA = {"hydra/launcher": "launcher", "hydra/sweeper": "search"}
WIDTH = 100  # the most columns of a line


class Setting(NamedTuple):
    """A key as the help shows it.

    Attributes:
        key: Its dotted name.
        value: Its value, as it is typed.
        comment: Of its file; "" without one.
        expected: What it accepts, in words.
    """

    key: str
    value: str
    comment: str
    expected: str


class Explanation(NamedTuple):
    """An option, or a part of the configuration, as the help shows it.

    Attributes:
        title: GROUP=OPTION, or the name of the part.
        lines: What it is, in sentences.
        settings: Its keys.
    """

    title: str
    lines: Sequence[str]
    settings: Sequence[Setting]


def option(files: OptionFiles, group: str, name: str, tree: Tree) -> Explanation:
    """Return an option with its keys.

    Args:
        files: The files of all options.
        group: A config group.
        name: An option of it.
        tree: The keys of the group with their present values.

    Raises:
        ConfigError: The option has no file.
    """
    stated, about = files.read(group, name), files.comments(group, name)
    traits = stated.get("traits", {})
    prefix = f"{group.replace('/', '.')}."
    settings = [
        Setting(
            f"{prefix}{key}",
            text_of(tree[key]),
            about.keys.get(key, ""),
            _expected(group, key, stated[key], traits),
        )
        for key in stated
        if key in tree and key not in ("_target_", "traits")
    ]
    lines = [about.option.removeprefix("@package _global_ "), *_facts(traits)]
    return Explanation(f"{group}={name}", lines, settings)


def part(conf: Path, name: str, tree: Tree) -> Explanation:
    """Return a part of `config.yaml` that is no group, or one of its keys: "problem", "seed".

    Args:
        conf: The folder of the configuration.
        name: The beginning of its dotted keys.
        tree: The whole configuration with its present values.
    """
    about = {
        **comments.read(conf / "config.yaml").keys,
        **comments.read(conf / "workflow.yaml").keys,
    }
    settings = [
        Setting(
            key, text_of(value), about.get(key, ""), (rule_of(key) or same_type(value)).expected
        )
        for key, value in leaves(tree).items()
        if key == name or key.startswith(f"{name}.")
    ]
    return Explanation(name, [], settings)


def page(words: Sequence[str], conf: Path, config: str, files: OptionFiles) -> str:
    """Return what the help says of the options, groups and keys that stand beside `--help`.

    Args:
        words: In Hydra's grammar, groups and keys without a value among them.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
        files: The files of all options.

    Raises:
        HydraException: The words cannot be composed.
        ConfigError: A key may not have its value.
    """
    chosen = [word for word in words if word.partition("=")[0] in (*GROUPS, *OF_HYDRA)]
    keys = [word for word in words if word not in chosen]
    typed = [word for word in keys if "=" in word]
    explanations: list[Explanation] = []
    for word in chosen:
        group, equals, names = word.partition("=")
        rest = [other for other in chosen if "=" in other and not other.startswith(f"{group}=")]
        if not equals:
            explanations.append(_group(files, group))
        for name in names.split(",") if equals else ():
            tree = _tree([*rest, f"{group}={name}", *typed], conf, config)
            explanations.append(option(files, group, name, tree.get(group, {})))
            if group == "experiment":
                explanations[-1] = _recipe(explanations[-1], files.read(group, name), tree)
    if not chosen:
        tree = _tree(typed, conf, config)
        explanations = [_of_key(key_of(word), conf, files, tree) for word in keys]
    return "\n\n".join("\n".join(_lines(explanation)) for explanation in explanations)


def _tree(words: Sequence[str], conf: Path, config: str) -> dict[str, Any]:
    """Return a checked configuration by its groups, those of Hydra that have options included."""
    cfg = compose(words, conf, config)
    settings = composed(cfg, cfg.hydra)
    if errors := list(value_errors(settings.tree, settings.defaults())):
        raise ConfigError(listed(errors))
    tree = {**settings.tree, "choices": settings.choices}
    for group in OF_HYDRA:
        node = OmegaConf.select(cfg, group.replace("/", "."))
        tree[group] = OmegaConf.to_container(node, resolve=False)
    return tree


def _group(files: OptionFiles, group: str) -> Explanation:
    """Return a group with its options, each with what it is."""
    names = files.names(group)
    lines = [f"{group}={name}: {files.comments(group, name).option}" for name in names]
    return Explanation(group, lines, [])


def _recipe(explanation: Explanation, stated: Tree, tree: Tree) -> Explanation:
    """Return a recipe with each part of its comment on a line, and what it chooses and sets."""
    comment, chosen = explanation.lines[0], tree["choices"]
    lines = re.split(r" (?=(?:Takes|Expect): )", comment)
    lines.append(f"Chooses {' '.join(f'{group}={chosen[group]}' for group in COMPOSED)}")
    words = [f"{key}={text_of(value)}" for key, value in leaves(stated).items()]
    return explanation._replace(lines=[*lines, f"Sets {' '.join(words)}"], settings=[])


def _of_key(key: str, conf: Path, files: OptionFiles, tree: Tree) -> Explanation:
    """Return a key of the present configuration, or of an option that has it."""
    group = key.partition(".")[0]
    if group not in COMPOSED and has(leaves(tree), key):
        return part(conf, key, tree)
    owners, chosen = files.owners(key), f"{group}={tree['choices'].get(group)}"
    if not owners:
        raise ConfigCompositionException(f"{key} is no key")
    owner = chosen if chosen in owners else owners[0]
    title = owner.partition("=")[2]
    node = tree[group] if owner == chosen else files.read(group, title)
    whole = option(files, group, title, node)
    return whole._replace(
        lines=whole.lines[:1], settings=[one for one in whole.settings if one.key == key]
    )


def _facts(traits: Tree) -> Iterator[str]:
    """Yield what an option states about itself, in sentences."""
    if needs := traits.get("needs"):
        ways = [
            " ".join(f"dataset.{key}={what}" for key, what in way.items() if what)
            for way in traits["requires"]
        ]
        yield f"Needs {needs}: {', or '.join(dict.fromkeys(ways))}."
    if accepts := traits.get("accepts"):
        yield f"Takes {', '.join(accepts)} data."
    if honours := traits.get("honours"):
        yield f"Honours {', '.join(f'regularizer.{name}' for name in honours)}."


def _expected(group: str, key: str, default: object, traits: Tree) -> str:
    """Return what a key of an option accepts, as narrow as the option does."""
    fewest, per_layer = traits.get("fewest_layers"), traits.get("per_layer", ())
    if group in OF_HYDRA:
        return (rules_of(OF_HYDRA[group]).get(key) or same_type(default)).expected
    if key in traits.get("whole_numbers", ()):
        return "a whole number of at least 1"
    if group == "model" and key == "layers" and fewest is not None:
        return f"a whole number of at least {fewest}" + ", or auto" * (default == "auto")
    expected = (rule_of(f"{group}.{key}") or same_type(default)).expected
    if group == "model" and key in ("units", "activation") and key not in per_layer:
        return expected.partition(", or a list")[0]
    return expected


def _lines(explanation: Explanation) -> Iterator[str]:
    """Yield an explanation in lines of the terminal's width."""
    width = min(shutil.get_terminal_size().columns, WIDTH)
    yield explanation.title
    for line in explanation.lines:
        yield from textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="  ")
    for key, value, comment, expected in explanation.settings:
        yield ""
        yield f"  {key}={value}"
        for line in (f"{comment}.", f"Accepts {expected}."):
            yield from textwrap.wrap(line, width, initial_indent="    ", subsequent_indent="    ")
