"""Probes: what they change, which question they answer, and the verdict that follows."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pandas
import pytest
from mlflow.tracking import MlflowClient

from goldilocks.config.regularizer import AUGMENTATION
from goldilocks.diagnosis import Verdict, answers, judge
from goldilocks.diagnosis.history import Curves
from goldilocks.diagnosis.probes import LEAST, Probe, changes, reconsidered
from goldilocks.run.run import run

NOTHING = dict.fromkeys(answers.QUESTIONS, 0.05)
MLP = {
    "model.units": 64,
    "model.layers": 2,
    "model.init_from": None,
    "regularizer.dropout": 0.0,
    "regularizer.l2": 0.0,
    **dict.fromkeys([f"regularizer.{part}" for part in AUGMENTATION], 0.0),
    "regularizer.patience": None,
    "trainer.epochs": 8,
}
SIZES = ({"units": 2, "layers": 1}, {"units": 16, "layers": 1})


def change(question, *, epochs=8, honours=("dropout", "l2"), sizes=SIZES, dropout=0.5, **values):
    settings = MLP | {name.replace("__", "."): value for name, value in values.items()}
    known = {"honours": honours, "kind": "table", "dropout": dropout}
    return changes(question, settings, **known, sizes=sizes, epochs=epochs)


def probe(question="go_on", *, gain=0.0, error=0.01):
    return Probe(
        question=question,
        changes="trainer.epochs=16",
        before=0.5,
        gain=gain,
        error=error,
        rows=500,
        baseline=0.69,
    )


def flat_curves():
    falling = 0.69 * np.exp(-np.arange(12) / 4) + 0.3
    return Curves(
        loss=falling,
        val_loss=falling + 0.01,
        metric="loss",
        scores=falling + 0.01,
        higher=False,
        baseline={"loss": 0.99},
        rows=1000,
    )


def unsure(**open_questions):
    return replace(judge(flat_curves()), word="unsure", answers=NOTHING | open_questions)


def test_more_epochs_are_twice_as_many():
    assert change("go_on") == {"trainer.epochs": 16}


def test_a_run_that_early_stopping_ended_gets_more_patience():
    assert change("go_on", epochs=5, regularizer__patience=3) == {"regularizer.patience": 6}
    assert change("go_on", epochs=8, regularizer__patience=3) == {"trainer.epochs": 16}


def test_dropout_comes_before_a_penalty_and_never_what_is_on():
    assert change("regularize") == {"regularizer.dropout": 0.5}
    assert change("regularize", dropout=0.2) == {"regularizer.dropout": 0.2}
    assert change("regularize", regularizer__dropout=0.5) == {"regularizer.l2": 0.001}
    assert change("regularize", regularizer__dropout=0.5, regularizer__l2=0.01) == {}


def test_a_regularizer_that_the_model_does_not_honour_is_no_probe():
    assert change("regularize", honours=("l2",)) == {"regularizer.l2": 0.001}
    assert change("regularize", honours=("l2",), model__layers=0) == {}


def test_a_larger_network_has_four_times_the_units_and_as_many_layers():
    assert change("enlarge") == {"model.units": 256}
    assert change("enlarge", model__units=[64, 4]) == {"model.units": [256, 16]}


def test_units_that_no_layer_has_are_not_enlarged():
    sizes = ({"output_dim": 2, "layers": 0}, {"output_dim": 16, "units": 32, "layers": 1})
    embedding = {"sizes": sizes, "model__output_dim": 8, "model__layers": 0}
    assert change("enlarge", **embedding) == {"model.output_dim": 32}
    assert change("enlarge", **embedding, model__vectors="stand_in") == {}


def test_a_network_with_weights_of_another_run_keeps_its_size():
    assert change("enlarge", model__init_from="0123") == {}


def test_a_probe_helps_by_the_same_rule_as_an_intervention_of_the_table_of_truths():
    effect = 0.02 * math.sqrt(0.5 * 0.69)
    assert probe().effect == pytest.approx(effect)
    assert probe(gain=effect * 1.01, error=0.001).helps
    assert not probe(gain=effect * 0.99, error=0.001).helps
    assert probe(gain=0.041, error=0.02).helps
    assert not probe(gain=0.039, error=0.02).helps


def test_a_clear_gain_is_a_yes_and_a_clear_lack_of_it_a_no():
    assert probe(gain=0.1).probability(0.5) >= 0.95
    assert probe(gain=-0.02).probability(0.5) <= 0.05
    assert probe(gain=0.0, error=0.0).probability(0.5) == LEAST


def test_a_test_that_cannot_tell_leaves_what_the_curve_said():
    assert probe(gain=0.02 * math.sqrt(0.5 * 0.69), error=0.1).probability(0.3) == pytest.approx(
        0.3
    )
    assert probe(gain=0.05, error=0.03).probability(0.3) == 0.3


def test_no_probability_is_surer_than_one_seed_can_be():
    assert probe(gain=0.4).probability(0.5) == 1 - LEAST
    assert probe(gain=math.nan).probability(0.5) == LEAST


def test_no_sentence_of_a_probe_contradicts_its_answer():
    cases = product(np.linspace(-0.1, 0.1, 21), [0.0, 0.001, 0.01, 0.1], [0.11, 0.5, 0.89])
    for gain, error, curve in cases:
        test = probe(gain=gain, error=error)
        p, text = test.probability(curve), str(test)
        assert p < answers.YES or "better beyond noise" in text
        assert p > answers.NO or "better beyond noise" not in text


def test_the_sentence_has_both_values_and_the_rows():
    assert str(probe(gain=0.04)) == (
        "More epochs (trainer.epochs=16): validation loss 0.46 instead of 0.5 on the same 500 "
        "rows, better beyond noise."
    )
    assert "worse beyond noise" in str(probe(gain=-0.04))
    assert "within noise" in str(probe(gain=0.01))
    assert "less than matters" in str(probe(gain=0.005, error=0.001))
    assert "not a finite number" in str(probe(gain=-math.inf))


def test_the_question_that_most_likely_decides_the_word_is_asked_first():
    assert answers.most_valuable(NOTHING | {"go_on": 0.5}, ()) == "go_on"
    # Whether to regularize decides nothing while it is open whether to go on.
    assert answers.most_valuable(NOTHING | {"go_on": 0.5, "regularize": 0.5}, ()) == "go_on"
    # To regularize would be the same word as to stop earlier.
    assert (
        answers.most_valuable(NOTHING | {"stop_earlier": 0.5, "regularize": 0.5}, ())
        == "regularize"
    )
    assert answers.most_valuable(NOTHING | {"go_on": 0.5, "enlarge": 0.5}, ("go_on",)) == "enlarge"


def test_what_is_said_or_needs_no_training_is_not_asked():
    assert answers.most_valuable(NOTHING, ()) is None
    assert answers.most_valuable({}, ()) is None
    assert answers.most_valuable(NOTHING | {"stop_earlier": 0.5}, ()) is None
    assert answers.most_valuable(NOTHING | {"go_on": 0.5}, ("go_on",)) is None


def test_the_first_question_with_the_answer_yes_decides_the_word():
    curves, gain = flat_curves(), 0.1
    for question, word in (("go_on", "underfit"), ("regularize", "overfit")):
        verdict = reconsidered(unsure(**{question: 0.5}), curves, [probe(question, gain=gain)])
        assert verdict.word == word
        assert verdict.answers[question] >= 0.95
        assert "better beyond noise" in verdict.sentence


def test_four_times_no_is_balanced():
    verdict = reconsidered(unsure(enlarge=0.5), flat_curves(), [probe("enlarge", gain=-0.1)])
    assert verdict.word == "balanced"


def test_it_stays_unsure_while_an_earlier_question_is_open():
    before = unsure(go_on=0.5, regularize=0.5)
    assert reconsidered(before, flat_curves(), [probe("regularize", gain=0.1)]).word == "unsure"


def test_a_word_that_an_answer_makes_wrong_is_taken_back():
    said: Verdict = replace(unsure(go_on=0.5, enlarge=0.5), word="underfit")
    assert reconsidered(said, flat_curves(), [probe("go_on", gain=-0.1)]).word == "underfit"
    both = [probe("go_on", gain=-0.1), probe("enlarge", gain=-0.1)]
    assert reconsidered(said, flat_curves(), both).word == "balanced"


def test_without_power_no_probe_gives_a_word():
    verdict = replace(unsure(go_on=0.5), evidence={"loss_power": 1.5})
    assert reconsidered(verdict, flat_curves(), [probe(gain=0.1)]).word == "unsure"


def test_the_words_that_are_left_are_those_of_all_answers_that_are_open():
    for probabilities in product([0.05, 0.5, 0.95], repeat=4):
        open_as = [[p] if p != 0.5 else [0.0, 1.0] for p in probabilities]
        words = set()
        for each in product(*open_as):
            first = next((place for place, p in enumerate(each) if p > 0.5), None)
            words.add("balanced" if first is None else [*answers.DECIDES.values()][first])
        named = dict(zip(answers.QUESTIONS, probabilities, strict=True))
        assert answers.possible(named) == words


@pytest.mark.slow
def test_a_finished_run_is_asked_for_a_probe_once_and_keeps_its_answer(folder, composed, capsys):
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"size": rng.normal(100, 20, 300), "age": rng.normal(50, 9, 300)})
    frame["price"] = 2 * frame["size"] - frame["age"] + rng.normal(0, 5, 300)
    frame.to_csv("rows.csv", index=False)
    table = ("dataset=table", "dataset.file=rows.csv", "dataset.target=price")
    plain = (*table, "trainer.epochs=10", "trainer.batch_size=8", "model.units=8")
    value = run(composed(*plain))
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    [main] = client.search_runs(["1"])
    assert "verdict.probes" not in main.data.tags

    # The open question is answered by one training below it; typed again, by none.
    for _ in range(2):
        capsys.readouterr()
        assert run(composed(*plain, "diagnosis.probes=1")) == value
        probe_run, again = client.search_runs(["1"])
        assert again.info.run_id == main.info.run_id
        assert probe_run.data.tags["mlflow.parentRunId"] == main.info.run_id
        assert probe_run.data.params["diagnosis.probes"] == "0"
        assert "diagnosis.probes" not in probe_run.data.tags["mlflow.note.content"]
        tags = again.data.tags
        assert "on the same 75 rows" in tags["verdict.reason"]
        assert f"verdict   {tags['verdict']}: {tags['verdict.reason']}" in capsys.readouterr().out
        assert tags["mlflow.note.content"].startswith(f"**{tags['verdict']}.**")
        assert tags["mlflow.note.content"].count("The learning curve alone:") == 1
