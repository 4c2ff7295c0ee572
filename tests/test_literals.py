"""Names and paths as people type them, through Hydra's grammar and back to a shell."""

import os
import random
import shlex
import subprocess

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from composition import composed
from goldilocks.config.composition import plain
from goldilocks.config.literals import as_typed, for_hydra
from goldilocks.config.rules import rules_of

NAMES = [
    *(
        "median price (USD)",
        "价格",
        "Straße",
        "T [°C]",
        "#sold",
        "a=b",
        "it's",
        "a:b",
        "x, y",
        "{k}",
    ),
    *("50%", "C:\\x", "ends with \\", "true", "2020", "1e3", "nan", "007", " price ", "$price"),
    *("Price ($)", "a@b", "a;b", "R&D", "🙂", "a/b", "${x}", "a${x}'", "a|b", "*", "?", "C++", "~"),
    *("[open", "-5", "2020-01-01", "choice(a,b)", "median(x)", "range(1,3)", "a\tb", "a\nb", "!x"),
    *(
        'say "hi"',
        "both ' and \"",
        "\\'",
        "NULL",
        "{}",
        "`x`",
        "x=",
        ",",
        "x,",
        "a\\,b",
        "@",
    ),
]


def read(*words):
    """The data set's keys that a command line comes to."""
    return plain(composed(*words))["dataset"]


def jobs(*words):
    """The overrides of each job of a sweep."""
    parsed = OverridesParser.create().parse_overrides(for_hydra(["-m", *words])[1:])
    return BasicSweeper.split_arguments(parsed, None)[0]


def random_names(letters, count):
    generator = random.Random(0)
    names = {"".join(generator.choices(letters, k=generator.randint(1, 8))) for _ in range(count)}
    # These are a quoted text, or a list, of the name that stands within.
    return sorted(name for name in names if name[0] + name[-1] not in ("''", '""', "[]"))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_arrives_as_it_was_typed(name):
    words = for_hydra(["dataset=table", f"dataset.target={name}", f"dataset.drop={name}"])
    keys = read(*words)
    assert (keys["target"], keys["drop"]) == (name, [name])
    assert for_hydra(words) == words


@pytest.mark.parametrize("name", NAMES)
def test_a_printed_command_is_read_the_same_when_it_is_pasted(name):
    words = for_hydra(["train.py", "dataset=table", f"dataset.target={name}"])
    assert for_hydra(shlex.split(as_typed(words))) == words
    shell = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {as_typed(words)}"], capture_output=True, check=True
    )
    assert for_hydra(os.fsdecode(shell.stdout).split("\0")[:-1]) == words


@pytest.mark.long
@pytest.mark.parametrize("letters", ["ab'\"\\${}()[],:=#;&@~ °价🙂?1.-", "nultrefasinEF-./_05"])
def test_random_names_arrive_and_come_back_from_a_shell(letters):
    parser = OverridesParser.create()
    for name in random_names(letters, 3000):
        [word] = for_hydra([f"dataset.file={name}"])
        if "${" not in name:  # OmegaConf takes the rest of these away.
            assert parser.parse_override(word).value() == name
        assert for_hydra(shlex.split(as_typed([word]))) == [word], name


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("dataset.dir=~/photos", "dataset.dir='~/photos'"),
        ("dataset.file=houses.csv", "dataset.file=houses.csv"),
        ("dataset.file=null", "dataset.file=null"),
        ("dataset.time=null", "dataset.time=null"),
        ("dataset.target=null", "dataset.target=null"),
        ("dataset.target='null'", "dataset.target='null'"),
        ("dataset.dir=${oc.env:HOME}/x", "dataset.dir=${oc.env:HOME}/x"),
        ("dataset.target='x, y'", "dataset.target='x, y'"),
        ("dataset.target=l1,l2,l3", "dataset.target='l1,l2,l3'"),
        ("dataset.target=[l1,l2]", "dataset.target=[l1,l2]"),
        ("dataset.target=['C++',R&D]", "dataset.target=['C++','R&D']"),
        ("dataset.target='x, y',cheap", "dataset.target=['x, y',cheap]"),
        ("dataset.drop=rooms", "dataset.drop=[rooms]"),
        ("dataset.drop=[]", "dataset.drop=[]"),
        ("dataset.drop=[2020,true,T [°C]]", "dataset.drop=['2020','true','T [°C]']"),
        ("dataset.drop=[a,b],[c]", "dataset.drop=[a,b],[c]"),
        ("model.init_from=1" + 30 * "0" + "e", "model.init_from=1" + 30 * "0" + "e"),
        ("model.init_from=12e" + 29 * "0", "model.init_from='12e" + 29 * "0" + "'"),
        # What is no name is Hydra's business.
        ("seed=1,2", "seed=1,2"),
        ("model=mlp", "model=mlp"),
        ("+dataset.file=~/x", "+dataset.file=~/x"),
        ("hydra.run.dir=~/x", "hydra.run.dir=~/x"),
        ("~dataset.file", "~dataset.file"),
        ("--help", "--help"),
    ],
)
def test_only_what_hydra_would_read_otherwise_is_quoted(typed, words):
    assert for_hydra([typed]) == [words]


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("dataset.target=a,b", ["a", "b"]),
        ("dataset.target=Price ($),T [°C],2020", ["Price ($)", "T [°C]", "2020"]),
        ("dataset.target='x, y',cheap", ["x, y", "cheap"]),
        ("dataset.target=choice(a,b)", ["a", "b"]),
        ("dataset.group=null,patient", [None, "patient"]),
        ("dataset.drop=[rooms (m)],[]", [["rooms (m)"], []]),
        ("dataset.drop=[T [°C],x],[y]", [["T [°C]", "x"], ["y"]]),
        ("dataset.drop=a,b", [["a"], ["b"]]),
    ],
)
def test_a_comma_separates_the_jobs_of_a_sweep(typed, values):
    key = typed.partition("=")[0].removeprefix("dataset.")
    assert [read("dataset=table", *job)[key] for job in jobs(typed)] == values


def test_every_key_that_takes_a_name_or_a_path_takes_it_literally():
    text = "It's [a] name, 100% (a=b)"
    for key, rule in rules_of("configuration").items():
        if rule.allows(text) or rule.allows([text]):
            is_literal = for_hydra([f"{key}={text}"]) != [f"{key}={text}"]
            assert is_literal == bool(rule.literal), key
            assert rule.literal or key in (
                "problem.loss",
                "model.base",
                "model.unfreeze_from",
                "trainer.monitor",
            )
