"""Whatever is typed or given as a table is taken, or is answered with a sentence.

The inputs are generated, each from its number; `-m slow` is the whole campaign.
"""

import copy
import dataclasses
import os
import re
import subprocess
import sys
import time
import traceback
from collections import Counter

import pytest

import generated_inputs
from composition import CONF, ROOT, checked
from goldilocks.config import command_line, literals, mistakes
from goldilocks.config.settings import COMPOSED, listed
from goldilocks.errors import ConfigError, UserError
from goldilocks.run import data_source, data_summary

MOST_SECONDS = 20  # of the processor, for one input
# Every sentence says what to type, or what would be right.
WAY_OUT = re.compile(
    r"expected|did you mean|\b(add|choose|drop|fix|give|leave|name|repair|replace|save|type|use)\b",
    re.IGNORECASE,
)


def outcome_of(act, about):
    """What comes of an input: "accepted", or the sentence of a refusal; all else is a fault.

    Args:
        act: Returns what was understood.
        about: Words of which a sentence names one.
    """
    start = time.process_time()
    try:
        result = str(act())
    except UserError as error:
        result, sentences = f"refused: {error}", sentences_of(error)
        assert sentences, "a refusal without a word"
        for sentence in sentences:
            assert WAY_OUT.search(sentence), f"not what to type: {sentence}"
            assert any(word in sentence for word in about), f"not the value: {sentence}"
    assert time.process_time() - start < MOST_SECONDS
    return result


def sentences_of(error):
    """The numbered sentences of a configuration's errors; one of any other error."""
    if not isinstance(error, ConfigError):
        return [str(error)]
    first, *numbered = re.split(r"^  \d+\. ", str(error), flags=re.MULTILINE)
    return numbered or [first]


def faults_of(count, name, outcome):
    """Try so many inputs, one in ten of them twice; print the outcomes, and return the faults."""
    faults, outcomes = [], Counter()
    for number in range(count):
        try:
            result = outcome(number)
            if number % 10 == 0:
                assert outcome(number) == result, "another outcome of the same input"
            outcomes["refused" if result.startswith("refused: ") else "accepted"] += 1
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            faults.append(f"{name} {number}: {where.name}: {type(error).__name__}: {error}"[:600])
            print(faults[-1], flush=True)
    print(f"{count} {name}s: {dict(outcomes)}, {len(faults)} faults")
    return faults


def compose(number):
    """The settings of a command line; of a sweep, whether anything is wrong with it."""
    words = generated_inputs.command_line(number)

    def act():
        if not literals.MULTIRUN & set(words):
            return command_line.compose_settings(words, CONF)
        errors = mistakes.errors_in(literals.for_hydra(words), CONF, "config")
        if errors:
            raise ConfigError(listed(errors))
        return "accepted"

    # What an option brings with it may not go with another one, whose key is then named.
    about = {"hydra.", "problem.", *(f"{group}." for group in COMPOSED)}
    about |= {part for word in words for part in re.split("[@=.]", word.lstrip("+~"))[:2]}
    return outcome_of(act, {word for word in about if word} | set(words))


@pytest.mark.parametrize(
    "count",
    [10, pytest.param(40, marks=pytest.mark.long), pytest.param(2500, marks=pytest.mark.slow)],
)
def test_a_command_line_is_taken_or_answered_with_sentences(count):
    faults = faults_of(count, "command line", compose)
    assert faults == [], "\n".join([f"{len(faults)} faults", *faults])


@pytest.fixture(scope="module")
def bases():
    """Settings of each data set that is read from a file."""
    file = f"dataset.file={ROOT / 'pyproject.toml'}"
    more = {"table": [], "texts": ["dataset.text=x"], "series": ["dataset.time=x"]}
    return {
        name: checked(f"dataset={name}", file, "dataset.target=y", *words)
        for name, words in more.items()
    }


@pytest.mark.parametrize(
    "count",
    [20, pytest.param(80, marks=pytest.mark.long), pytest.param(6500, marks=pytest.mark.slow)],
)
def test_a_table_is_read_or_answered_with_a_sentence(count, bases, tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))

    def read(number):
        keys = generated_inputs.table(number, tmp_path)
        base = bases[keys.pop("option")]
        tree = copy.deepcopy({**base.tree, "dataset": {**base.tree["dataset"], **keys}})
        settings = dataclasses.replace(base, tree=tree)

        def act():
            summary = data_source.describe(settings, examples=3)
            return data_summary.text(summary) + summary.to_json()

        return outcome_of(act, {keys["file"], "column", "dataset.", "t.", "target", "rows"})

    faults = faults_of(count, "table", read)
    assert faults == [], "\n".join([f"{len(faults)} faults", *faults])


def train(words, folder):
    """Run train.py as a person does."""
    outside = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
    return subprocess.run(
        [sys.executable, ROOT / "train.py", *words],
        cwd=folder,
        env={**outside, "PYTHONPATH": str(ROOT / "src"), "GOLDILOCKS_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.slow
def test_train_py_answers_as_its_settings_do(tmp_path):
    """Of the refused command lines, those that a shell can pass on; and some that train."""
    refused = []
    for number in range(200):
        words = generated_inputs.command_line(number)
        if compose(number).startswith("refused: ") and not re.search("[\0\ud800]", "".join(words)):
            refused.append(words)
    for words in refused[:20]:
        done = train(words, tmp_path)
        assert done.returncode == 1, (words, done.stderr)
        assert "goldilocks: " in done.stderr, (words, done.stderr)
        assert "Traceback" not in done.stderr, (words, done.stderr)

    base = ["dataset=boston", "dataset.source=stand_in", "trainer=smoke", "tracking=none"]
    for more in (
        ["seed=-0"],
        ["regularizer.l1=1e-400"],
        ["trainer.epochs=${trainer.steps_per_execution}", "trainer.steps_per_execution=1"],
        ["optimizer.learning_rate=1e30"],
        ["++model.units=${oc.env:NOT_THERE,3}", "findings.mute=[]"],
    ):
        done = train([*base, *more], tmp_path)
        assert done.returncode in (0, 1), (more, done.stderr)
        assert "Traceback" not in done.stderr, (more, done.stderr)
