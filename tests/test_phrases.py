"""Phrases of curves and sentences of verdicts: made by hand, and held against curves by a checker
that knows nothing of their making.
"""

import importlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from goldilocks.diagnosis.history import Curves
from goldilocks.diagnosis.phrases import CLASHES, HELP, phrases, sentence
from goldilocks.diagnosis.verdicts import VERDICTS

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
OPEN = dict.fromkeys(HELP, 0.5)

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(BENCHMARKS)
    benchmark = importlib.import_module("phrases")
    by_hand = importlib.import_module("phrases_by_hand")
    checker = importlib.import_module("phrases_checked")


def curves_of(loss, val_loss, *, base=0.6931, rows=1000, **more):
    val = np.array(val_loss, float)
    values = {"metric": "loss", "scores": val, "higher": False} | more
    baseline = {} if base is None else {"loss": base}
    return Curves(loss=np.array(loss, float), val_loss=val, baseline=baseline, rows=rows, **values)


def named(name):
    return next(case.curves for case in by_hand.CASES if case.name == name)


@pytest.mark.parametrize("case", by_hand.CASES, ids=lambda case: case.name)
def test_of_curves_made_by_hand_is_said_what_must_and_not_what_must_not(case):
    holds = phrases(case.curves)
    assert case.must | case.never <= CLASHES.keys()
    assert case.must <= holds.keys()
    assert not case.never & holds.keys()


def test_there_are_enough_curves_made_by_hand_and_each_phrase_is_said_of_one():
    assert len(by_hand.CASES) >= 57
    assert len({case.name for case in by_hand.CASES}) == len(by_hand.CASES)
    said = [name for case in by_hand.CASES for name in phrases(case.curves)]
    assert set(said) | {"slows down"} == CLASHES.keys()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["made by hand", "published", "trained", "simulated"])
def test_no_phrase_and_no_sentence_contradicts_its_curve_word_or_answers(kind):
    all_curves = {
        "made by hand": [case.curves for case in by_hand.CASES],
        "published": benchmark.published(),
        "trained": [case.curves for case in benchmark.cases()][::20],
        "simulated": [benchmark.simulated(number)[0] for number in range(60)],
    }[kind]
    random = np.random.default_rng(1)
    checked = [benchmark.faults(curves, random, 4) for curves in all_curves]
    assert sum(count for count, _ in checked) > 4 * len(all_curves)
    assert [fault for _, faults in checked for fault in faults] == []


def test_phrases_are_true_of_courses_without_noise():
    counts = Counter()
    for number in range(0, 300, 2):
        curves, truths = benchmark.simulated(number)
        counts.update(truths[name] for name in phrases(curves) if name in truths)
    assert counts.total() > 150
    assert counts[True] / counts.total() > 0.97


def test_the_checker_refuses_the_sentences_of_other_curves():
    all_curves = [case.curves for case in by_hand.CASES]
    texts = [sentence(curves, "unsure", OPEN) for curves in all_curves]
    refused = [
        bool(checker.contradictions(text, other))
        for text, other in zip(texts, all_curves[7:] + all_curves[:7], strict=True)
    ]
    assert np.mean(refused) > 0.9


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Validation loss still falls, from 0.6645 (epoch 21) to 0.84 (epoch 30).", "go down"),
        ("Validation loss rose from 0.45 (epoch 11) to 0.84 (epoch 30).", "not that of epoch 11"),
        ("Validation loss rose from 0.475 (epoch 9) to 0.84 (epoch 30).", "not the best"),
        ("Validation loss hardly changes any more, from 0.6645 (epoch 21) to 0.84 (epoch 30).",
         "not level"),
        ("Validation loss is at rest.", "nothing is known"),
        ("Validation loss jumps by about 0.0195 from epoch to epoch, too much to tell whether it "
         "still falls.", "turn back"),
        ("After epoch 30, training loss is 0.09652 and validation loss 0.84, 12 times as high.",
         "times"),
        ("Validation loss is 0.45 (epoch 10) at best, and the baseline gets 0.6931.", "below"),
    ],
)  # fmt: skip
def test_the_checker_refuses_what_is_not_so(text, fault):
    faults = checker.contradictions(text, named("a U while training loss falls"))
    assert any(fault in one for one in faults), faults


@pytest.mark.parametrize(
    ("name", "word", "text"),
    [
        ("a U while training loss falls", "overfit",
         "Validation loss rose from 0.45 (epoch 10) to 0.84 (epoch 30) while training loss fell to "
         "0.09652: the network memorizes the training rows."),
        ("both have stopped, high", "underfit",
         "Both losses have nearly stopped falling and are still high (training loss 0.8, validation "
         "loss 0.81; the baseline gets 1.1)."),
        ("jumps beside a baseline of 5,543", "no_power",
         "Validation loss jumps by about 1,400 from epoch to epoch, too much to say that it beats "
         "5,543."),
        ("never below the baseline", "no_power",
         "Validation loss is 0.75 (epoch 12) at best, and the baseline gets 0.6931. Validation loss "
         "still falls, from 0.8227 (epoch 8) to 0.75 (epoch 12), and training loss from 0.7855 "
         "(epoch 8) to 0.72 (epoch 12)."),
        ("explodes", "diverged",
         "Validation loss rose from 0.3 (epoch 6) to 990 (epoch 10), and training loss rose from "
         "0.3 (epoch 6) to 900 (epoch 10)."),
        ("an accuracy of 1", "underfit",
         "Validation loss still falls, from 0.1877 (epoch 8) to 0.09535 (epoch 12), and training "
         "loss from 0.1802 (epoch 8) to 0.08645 (epoch 12). The accuracy is 1 (epoch 12), its best "
         "value; only the loss can still improve."),
        ("one epoch, without baseline", "unsure",
         "After epoch 1, training loss is 0.6 and validation loss 0.55."),
    ],
)  # fmt: skip
def test_sentences_say_what_the_curves_show(name, word, text):
    assert sentence(named(name), word, {}) == text


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        ({"stop_earlier": 0.05, "go_on": 0.5, "regularize": 0.1, "enlarge": 0.3},
         "It does not overfit; whether more epochs or a larger model would help is open."),
        ({"stop_earlier": 0.3, "go_on": 0.02, "regularize": 0.95, "enlarge": 0.05},
         "Regularization should help; more epochs or a larger model should not help; whether "
         "stopping earlier would help is open."),
        (OPEN, "Whether stopping earlier, more epochs, regularization or a larger model would help "
         "is open."),
    ],
)  # fmt: skip
def test_unsure_says_what_is_known_and_what_is_open(answers, text):
    curves = curves_of([0.6, 0.6, 0.6], [0.5, 0.501, 0.5])
    assert sentence(curves, "unsure", answers).endswith(text)
    assert text not in sentence(curves, "underfit", answers)


def test_without_power_that_is_open_too():
    curves = named("a little below the baseline, few rows")
    assert sentence(curves, "unsure", OPEN, has_power=False) == (
        "Validation loss is 0.68 (epoch 1) at best, and the baseline gets 0.6931: 60 validation "
        "rows are too few to tell these apart. Whether it beats the baseline is open. Whether "
        "stopping earlier, more epochs, regularization or a larger model would help is open."
    )


def test_a_sentence_names_the_losses_without_penalties_as_the_epochs_do():
    curves = replace(named("a U while training loss falls"), loss_name="data_loss")
    assert sentence(curves, "overfit", {}) == (
        "val_data_loss rose from 0.45 (epoch 10) to 0.84 (epoch 30) while data_loss fell to "
        "0.09652: the network memorizes the training rows."
    )
    assert not checker.contradictions(sentence(curves, "overfit", {}), curves)


def test_a_rise_is_not_said_beside_an_answer_that_it_contradicts():
    curves = named("a U while training loss falls")
    no = {"stop_earlier": 0.05, "go_on": 0.5, "regularize": 0.05, "enlarge": 0.5}
    assert "rose" in sentence(curves, "unsure", OPEN)
    assert "rose" not in sentence(curves, "unsure", no)
    assert "memorizes" not in sentence(curves, "balanced", {})


@pytest.mark.parametrize("word", VERDICTS)
@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_short_curves_have_a_sentence_whatever_is_known(word, epochs):
    for base in (None, 0.7, -0.2):
        for rows in (None, 50):
            curves = curves_of([0.6, 0.5, 0.4][:epochs], [0.6, 0.55, 0.5][:epochs],
                               base=base, rows=rows)  # fmt: skip
            text = sentence(curves, word, {})
            assert text.endswith(".")
            assert not checker.contradictions(text, curves, word, {})


def test_a_metric_is_at_its_best_value_only_if_it_has_one_and_ends_there():
    falls = by_hand.fall(0.7, 0.02, 5, 12)
    perfect = {"scores": np.ones(12), "higher": True}
    assert "best value" in sentence(
        curves_of(falls, falls, metric="auc", **perfect), "unsure", OPEN
    )
    assert "best value" not in sentence(
        curves_of(falls, falls, metric="profit", **perfect), "unsure", OPEN
    )
    perfect["scores"] = np.append(np.ones(11), 0.9)
    assert "best value" not in sentence(
        curves_of(falls, falls, metric="auc", **perfect), "unsure", OPEN
    )
