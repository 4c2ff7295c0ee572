import ast
import dataclasses
import inspect
import itertools
import re
import shlex
import typing

import keras
import pytest
import yaml
from hydra.utils import get_method
from omegaconf import OmegaConf

from composition import CONF, FILES, NEEDED, OPTIONS, ROOT, checked, composed
from goldilocks.config import traits
from goldilocks.config.rules import rule_of, rules_of
from goldilocks.config.settings import COMPOSED, GROUPS, NOT_ARGUMENTS, leaves
from goldilocks.errors import ConfigError
from goldilocks.model import Regularizer

EVERY = [(group, option) for group in COMPOSED for option in OPTIONS[group]]
KINDS = ("image", "table", "text", "series")
BUILDERS = {"dataset": "load", "model": "build", "protocol": "split", "tracking": "connect"}


def node_of(group, option):
    node = OmegaConf.to_container(composed(f"{group}={option}")[group], resolve=True)
    assert isinstance(node, dict)
    return {str(key): value for key, value in node.items() if key != "traits"}


def covering():
    """Choices of one option a group, such that every two options of two groups stand together in
    one of them.
    """
    left = {frozenset(two) for two in itertools.combinations(EVERY, 2) if two[0][0] != two[1][0]}
    while left:
        row = dict(min(left, key=sorted))
        for group in COMPOSED:
            if group not in row:
                covers = {
                    option: sum(
                        frozenset([(group, option), other]) in left for other in row.items()
                    )
                    for option in OPTIONS[group]
                }
                row[group] = max(covers, key=lambda option: covers[option])
        left -= {frozenset(two) for two in itertools.combinations(row.items(), 2)}
        yield row


def test_every_folder_is_a_group_and_every_group_has_options():
    assert {folder.name for folder in CONF.iterdir() if folder.is_dir()} == {*GROUPS, "hydra"}
    assert all(OPTIONS.values())
    assert not list(CONF.glob("*/*/*.yaml")) or {
        file.parts[-3] for file in CONF.glob("*/*/*.yaml")
    } == {"hydra"}


@pytest.mark.slow
def test_every_two_options_compose_and_every_value_passes_its_rule():
    rows = list(covering())
    assert {item for row in rows for item in row.items()} == set(EVERY)
    for row in rows:
        cfg = composed(*(f"{group}={option}" for group, option in row.items()))
        assert {group: cfg.hydra.runtime.choices[group] for group in row} == row
        tree = OmegaConf.to_container(
            OmegaConf.masked_copy(cfg, [key for key in cfg if key != "hydra"]), resolve=True
        )
        refused = [
            key
            for key, value in leaves(tree).items()
            if (rule := rule_of(key)) and not rule.allows(value)
        ]
        assert not refused, row


def test_every_rule_has_a_key():
    top = OmegaConf.to_container(
        OmegaConf.masked_copy(
            composed(),
            [
                "seed",
                "own",
                "inner_validation",
                "final",
                "force",
                "problem",
                "findings",
                "diagnosis",
            ],
        )
    )
    keys = {*leaves(top), *FILES.keys(COMPOSED)}
    keys |= set(yaml.safe_load((CONF / "workflow.yaml").read_text())) - {"defaults"}
    assert set(rules_of("configuration")) <= keys


@pytest.mark.parametrize(("group", "option"), [item for item in EVERY if item[0] != "regularizer"])
def test_the_keys_are_the_builders_parameters(group, option):
    node = node_of(group, option)
    builder = get_method(node.pop("_target_"))
    parameters = inspect.signature(builder).parameters.values()
    for key in [key for key in node if f"{group}.{key}" in NOT_ARGUMENTS]:
        del node[key]
    by_keyword = {
        parameter.name
        for parameter in parameters
        if parameter.kind == inspect.Parameter.KEYWORD_ONLY
    }
    if group == "dataset":  # Options that several share.
        for hint in typing.get_type_hints(builder).values():
            if typing.get_origin(hint) is typing.Unpack:
                by_keyword |= typing.get_args(hint)[0].__required_keys__
    assert all(parameter.default is inspect.Parameter.empty for parameter in parameters)
    rest = set(node) - by_keyword
    assert by_keyword <= set(node)
    if group == "optimizer":
        kind = type(keras.optimizers.get(node["name"]))
        assert rest <= set(inspect.signature(kind).parameters)
    else:
        assert not rest


@pytest.mark.parametrize("option", OPTIONS["regularizer"])
def test_a_regularizer_is_data_with_the_parts_it_is_named_after(option):
    node = node_of("regularizer", option)
    assert set(node) == {field.name for field in dataclasses.fields(Regularizer)}
    parts = {
        "none": set(),
        "early_stopping": {"patience"},
        "augmentation": {"flip", "rotation", "translation", "shear", "zoom"},
        "l1_l2": {"l1", "l2"},
        "l2_dropout": {"l2", "dropout"},
    }.get(option, {option})
    assert {key for key, value in node.items() if value} == parts


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear", "exponential"])
@pytest.mark.parametrize("option", OPTIONS["optimizer"])
def test_every_optimizer_is_built_with_every_schedule(option, schedule):
    node = node_of("optimizer", option) | {
        "schedule": schedule,
        "clipnorm": 1.0,
        "ema_momentum": 0.9,
    }
    assert node["name"] == option
    optimizer = get_method(node.pop("_target_"))(100, **node)
    assert type(optimizer).__name__.lower() == option
    assert float(optimizer.learning_rate) == pytest.approx(node["learning_rate"])
    built = optimizer.get_config()
    assert built["use_ema"]
    own = set(node) - {"name", "learning_rate", "schedule", "decay_to", "warmup"}
    assert {key: built[key] for key in own} == {key: node[key] for key in own}


MODULES = {
    "none": "null"
}  # `tracking=none`; `null` is what YAML has for nothing, and no name of an option


def test_an_option_is_named_after_its_module_and_every_module_has_an_option():
    places = {"trainer": "goldilocks.training.{}.", "optimizer": "goldilocks.training.optimizer."}
    for group, option in EVERY:
        target = yaml.safe_load((CONF / group / f"{option}.yaml").read_text()).get("_target_")
        if target:  # Not of an option that starts from another.
            place = places.get(group, f"goldilocks.{group}.{{}}.")
            assert target.startswith(place.format(MODULES.get(option, option)))
    for group, name in BUILDERS.items():
        for file in (ROOT / "src" / "goldilocks" / group).glob("[a-z]*.py"):
            made = [
                node.name
                for node in ast.parse(file.read_text()).body
                if isinstance(node, ast.FunctionDef)
            ]
            modules = [MODULES.get(option, option) for option in OPTIONS[group]]
            assert (name in made) == (file.stem in modules), file


@pytest.mark.parametrize(("group", "option"), EVERY)
def test_an_option_states_sound_traits(group, option):
    stated = FILES.read(group, option).get("traits", {})
    assert list(traits.errors_of(group, option, stated)) == []
    assert bool(stated) == (group in traits.GROUPS)


def test_every_kind_of_data_has_a_model_and_every_part_of_a_regularizer_one_that_honours_it():
    models = checked().models().values()
    accepted = {kind for model in models for kind in model.accepts}
    assert rules_of("traits")["kind"].expected == f"one of {', '.join(KINDS)}"
    assert accepted == set(KINDS)
    parts = {field.name for field in dataclasses.fields(Regularizer)}
    assert {part for model in models for part in model.honours} == parts


@pytest.mark.parametrize("model", OPTIONS["model"])
@pytest.mark.parametrize("dataset", OPTIONS["dataset"])
def test_a_model_settles_on_data_that_it_takes_and_says_what_fits_other_data(dataset, model):
    overrides = [f"dataset={dataset}", f"model={model}", *NEEDED.get(dataset, ())]
    models, kind = checked().models(), FILES.read("dataset", dataset)["traits"]["kind"]
    if kind in models[model].accepts:
        assert checked(*overrides).choices["model"] == model
        return
    with pytest.raises(ConfigError) as raised:
        checked(*overrides)
    found = re.search(
        rf"model={model} takes (.+) data; dataset={dataset} is (.+) data\. Use (.+)\.$",
        str(raised.value),
    )
    assert found, str(raised.value)
    assert re.split(", | and ", found[1]) == sorted(models[model].accepts)
    assert found[2] == kind
    fitting = found[3].split(" or ")
    assert set(fitting) == {f"model={name}" for name in models if kind in models[name].accepts}
    assert fitting[-1] == "model=baseline"


@pytest.mark.parametrize("dataset", OPTIONS["dataset"])
def test_the_model_that_a_data_set_comes_with_fits_it(dataset):
    settings = checked(f"dataset={dataset}", *NEEDED.get(dataset, ()))
    assert settings.traits.dataset.kind in settings.traits.model.accepts


@pytest.mark.parametrize("option", OPTIONS["experiment"])
def test_an_experiment_says_its_command_its_cost_and_what_to_expect_and_passes_the_checks(option):
    lines = (CONF / "experiment" / f"{option}.yaml").read_text().splitlines()
    assert lines[0] == "# @package _global_"
    heads = [re.fullmatch(r"# (Run|Takes|Expect): (\S.*)", line) for line in lines[1:4]]
    assert [head and head[1] for head in heads] == ["Run", "Takes", "Expect"]
    assert heads[0]
    words = shlex.split(heads[0][2].replace("RUN_ID", "0" * 32))
    assert words[:3] == ["python", "train.py", f"experiment={option}"]
    settings = checked(*words[2:])
    assert settings.choices["experiment"] == option
    for (
        group,
        choice,
    ) in (
        settings.choices.items()
    ):  # An experiment that this one starts from may be of another model.
        assert group == "experiment" or settings.tree[group].keys() == node_of(group, choice).keys()
    raw = yaml.safe_load("\n".join(lines))
    own = leaves({key: value for key, value in raw.items() if key != "defaults"})
    assert {key: settings.flat[key] for key in own} == {
        key: float(value) if key == "optimizer.learning_rate" else value
        for key, value in own.items()
    }
