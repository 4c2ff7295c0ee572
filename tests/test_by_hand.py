"""What a reader can run and see of chapters 8 and 9: the pages show what the programs print."""

import importlib.util
import re
import shlex

import numpy as np
import pytest

from composition import ROOT, checked


def program(folder):
    path = ROOT / "experiments" / folder / "by_hand.py"
    spec = importlib.util.spec_from_file_location(f"{folder}_by_hand", path)
    assert spec
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


def test_the_page_on_texts_shows_what_its_program_prints(capsys):
    program("text").main()
    printed = capsys.readouterr().out
    page = (ROOT / "experiments" / "text" / "README.md").read_text("utf-8")
    assert "".join(f"    {line}\n" for line in printed.splitlines()) in page
    assert printed.count("the same tokens: True") == 3


def test_encodings_that_take_other_tokens_for_equal_are_not_the_same():
    text = program("text")
    _, encoded = text.one_hot_words(text.SAMPLES)
    mixed = encoded.copy()
    mixed[0, [0, 1]] = mixed[0, [1, 0]]
    assert text.same(encoded, encoded)
    assert not text.same(encoded, mixed)
    assert text.fnv1a("a") == 0xAF63DC4C8601EC8C  # of the authors' test vectors


@pytest.mark.parametrize(
    "command",
    re.findall(
        r"^    python train\.py (.+)$",
        (ROOT / "experiments" / "text" / "README.md").read_text("utf-8"),
        re.MULTILINE,
    ),
)
def test_the_commands_of_the_page_on_texts_can_be_run(command):
    assert checked(*shlex.split(command)).choices["dataset"] == "imdb"


def test_the_forward_pass_is_that_of_keras(capsys):
    sequences = program("sequences")
    sequences.main()
    lines = capsys.readouterr().out.splitlines()
    assert float(lines[1].split()[-2]) < 1e-5
    steps = np.array([[1.0], [2.0]])
    states = sequences.forward(steps, np.array([[0.5]]), np.array([[2.0]]), np.array([0.1]))
    first = np.tanh(0.6)
    assert states.ravel() == pytest.approx([first, np.tanh(1.1 + 2 * first)])
