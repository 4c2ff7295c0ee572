"""Moves: what they change, what they leave alone, and where they end."""

import dataclasses
import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldilocks.diagnosis.changes import Scope
from goldilocks.diagnosis.directions import HELPS, Attempt
from goldilocks.diagnosis.moves import generic, propose

SETTINGS = {
    "model.units": 64,
    "model.layers": 2,
    "optimizer.learning_rate": 0.001,
    "optimizer.clipnorm": None,
    "regularizer.dropout": 0.0,
    "regularizer.l2": 0.0,
    "regularizer.flip": False,
    "regularizer.rotation": 0.0,
    "regularizer.translation": 0.0,
    "regularizer.shear": 0.0,
    "regularizer.zoom": 0.0,
    "regularizer.patience": None,
    "trainer.epochs": 20,
    "problem.metrics": "auto",
}
SIZES = [{"units": units, "layers": layers} for units, layers in [(16, 1), (64, 2), (256, 2)]]
SCOPE = Scope(
    kind="table", honours=["l2", "dropout", "patience"], sizes=SIZES, baseline=1.0, rows=1000
)
NO = dict.fromkeys(HELPS, 0.05)


def attempt(word="underfit", answers=None, loss=0.5, **changes):
    """A configuration that differs from `SETTINGS` in some values."""
    return Attempt(
        name="a run",
        settings={**SETTINGS, **changes},
        word=word,
        answers=answers or {},
        loss=loss,
        loss_name="val_loss",
        train_loss=0.4,
        best_epoch=10,
        epochs=20,
        final={"trainer.epochs": 10, "final": True},
    )


def proposed(present, scope=SCOPE):
    """What to try after the only run of a store."""
    return propose(present, [present], scope)


def after(present, move):
    """The values of a configuration after a move."""
    values = dict(present.settings)
    for key, text in move.changes.items():
        try:
            values[key] = json.loads(text)
        except ValueError:
            values[key] = text
    return values


def ends(move):
    return not move.changes or "final" in move.changes


def changes(moves):
    return [dict(move.changes) for move in moves]


def test_the_likeliest_answer_comes_first_with_its_probability():
    moves = proposed(attempt(answers=NO | {"enlarge": 0.6, "go_on": 0.93}))
    assert changes(moves) == [{"trainer.epochs": "40"}, {"model.units": "256"}]
    assert moves[0].reason == "p = 0.93 that more epochs help"
    assert [move.p for move in moves] == [0.93, 0.6]


def test_a_word_is_followed_where_no_answer_is_likely():
    answers = {"stop_earlier": 0.02, "go_on": 0.05, "regularize": 0.3, "enlarge": 0.45}
    assert changes(proposed(attempt("underfit", answers))) == [{"model.units": "256"}]
    assert changes(proposed(attempt("balanced", answers)))[0]["final"] == "true"


def test_what_is_on_is_not_recommended():
    answers = NO | {"regularize": 0.95}
    moves = proposed(attempt("overfit", answers, **{"regularizer.dropout": 0.5}))
    assert changes(moves)[0] == {"regularizer.l2": "0.001"}
    assert not any("regularizer.dropout" in move.changes for move in moves)
    weak = attempt("overfit", answers, **{"regularizer.dropout": 0.2, "regularizer.l2": 0.001})
    assert changes(proposed(weak))[0] == {"regularizer.dropout": "0.5"}
    assert {"regularizer.l2": "0.01"} in changes(proposed(weak))


@pytest.mark.parametrize("kind", ["table", "text", "series", "image"])
def test_only_images_are_augmented(kind):
    scope = dataclasses.replace(SCOPE, kind=kind, honours=[*SCOPE.honours, "translation", "zoom"])
    moves = proposed(attempt("overfit", NO | {"regularize": 0.95}), scope)
    augmented = {"regularizer.translation": "0.1", "regularizer.zoom": "0.1"} in changes(moves)
    assert augmented == (kind == "image")


def test_numbers_get_less_dropout():
    scope = dataclasses.replace(SCOPE, dropout=0.2)
    [first, *_] = proposed(attempt("overfit", NO | {"regularize": 0.95}), scope)
    assert first.changes == {"regularizer.dropout": "0.2"}


def test_strong_regularization_is_relaxed_where_it_underfits():
    strong = {"regularizer.dropout": 0.8, "regularizer.l2": 0.1}
    [first, *_] = proposed(attempt("underfit", NO | {"go_on": 0.95}, **strong))
    assert first.changes == {"regularizer.dropout": "0.5"}
    assert first.reason == "strong regularization: perhaps less helps"
    [move, *_] = proposed(attempt("no_power", {}, **{"regularizer.l2": 0.1}))
    assert move.changes == {"regularizer.l2": "0.001"}
    moves = proposed(attempt("overfit", NO | {"regularize": 0.95}, **strong))
    assert not any("strong" in move.reason for move in moves)
    unsure = proposed(attempt("unsure", NO | {"go_on": 0.5}, **strong))
    assert unsure[0].changes == {"regularizer.dropout": "0.5"}
    assert {"regularizer.l2": "0.001"} not in changes(unsure)


def test_no_penalty_without_a_hidden_layer():
    flat = attempt("overfit", NO | {"regularize": 0.95}, **{"model.layers": 0})
    assert not any("regularizer.l2" in move.changes for move in proposed(flat))


def test_more_epochs_are_more_patience_where_that_ended_the_training():
    stopped = attempt(answers=NO | {"go_on": 0.95}, **{"regularizer.patience": 5})
    stopped = dataclasses.replace(stopped, epochs=12)
    assert changes(proposed(stopped)) == [{"regularizer.patience": "10"}]


def test_a_longer_training_in_vain_answers_whether_to_go_on():
    present = attempt(answers=NO | {"go_on": 0.95})
    longer = attempt("balanced", loss=0.499, **{"trainer.epochs": 40})
    [move] = propose(present, [present, longer], SCOPE)
    assert ends(move)
    assert "no better beyond noise: take this one, val_loss 0.5" in move.reason


def test_after_moves_in_vain_only_what_is_sure_or_needed_is_worth_another():
    present = attempt("overfit", NO | {"regularize": 0.6, "go_on": 0.5})
    others = [
        attempt("overfit", loss=0.6, **{"trainer.batch_size": size}) for size in (16, 64, 256)
    ]
    present.settings["trainer.batch_size"] = 32
    moves = propose(present, [present, *others], SCOPE)
    assert changes(moves) == [{"trainer.epochs": "40"}]
    sure = dataclasses.replace(present, answers=NO | {"regularize": 0.95})
    assert changes(propose(sure, [sure, *others], SCOPE))[0] == {"regularizer.dropout": "0.5"}


def test_epochs_that_helped_once_are_made_four_times_as_many():
    half = attempt(loss=0.9, **{"trainer.epochs": 10})
    present = attempt(answers=NO | {"go_on": 0.95})
    moves = propose(present, [half, present], SCOPE)
    assert changes(moves) == [{"trainer.epochs": "80"}]


def test_moves_go_from_the_best_configuration():
    best = attempt("overfit", NO | {"regularize": 0.95}, loss=0.4, **{"model.units": 256})
    worse = attempt("overfit", NO, loss=0.6, **{"model.units": 256, "regularizer.dropout": 0.5})
    moves = propose(worse, [best, worse], SCOPE)
    assert changes(moves)[0] == {"regularizer.dropout": "0.0", "regularizer.l2": "0.001"}
    assert moves[0].reason == (
        "from the best so far, val_loss 0.4: p = 0.95 that more regularization helps, "
        "though one way was tried and is no better beyond noise"
    )


def test_a_balanced_run_has_its_final_command_and_nothing_unlikely():
    [move] = proposed(attempt("balanced", NO | {"enlarge": 0.2}))
    assert changes([move]) == [{"trainer.epochs": "10", "final": "true"}]
    moves = proposed(attempt("balanced", NO | {"enlarge": 0.6}))
    assert [ends(move) for move in moves] == [False, True]
    [longer] = proposed(attempt("balanced", NO | {"go_on": 0.2}))
    assert changes([longer]) == [{"trainer.epochs": "40"}]


@pytest.mark.parametrize(
    "present",
    [
        attempt("no_power"),
        attempt("diverged", loss=math.inf),
        attempt("balanced", NO | {"go_on": 0.2}),
        attempt("balanced", NO | {"stop_earlier": 0.5}),
        attempt("underfit", NO | {"go_on": 0.95}),
        dataclasses.replace(attempt("balanced", NO), final={}),
    ],
    ids=[
        "no power",
        "diverged",
        "open go",
        "open stop",
        "untried",
        "does not beat the baseline",
    ],
)
def test_no_final_command_of_what_does_not_deserve_it(present):
    assert not any("final" in move.changes for move in proposed(present))


def test_fewer_epochs_are_tried_last_and_then_the_final_run_is_due():
    present = attempt("overfit", NO | {"stop_earlier": 0.8, "regularize": 0.5})
    moves = proposed(present)
    assert changes(moves) == [
        {"regularizer.dropout": "0.5"},
        {"model.units": "16", "model.layers": "1"},
        {"trainer.epochs": "10"},
    ]
    dropout = attempt("overfit", loss=0.6, **{"regularizer.dropout": 0.5})
    shorter = attempt("balanced", **{"trainer.epochs": 10})
    small = attempt("overfit", **{"model.units": 16, "model.layers": 1})
    assert changes(propose(present, [present, dropout, small], SCOPE))[-1] == {
        "trainer.epochs": "10"
    }
    penalty = attempt("overfit", **{"regularizer.l2": 0.001})
    [move] = propose(present, [present, dropout, penalty, small, shorter], SCOPE)
    assert move.changes == {"trainer.epochs": "10", "final": "true"}
    certain = attempt("overfit", NO | {"stop_earlier": 0.95})
    assert not any("trainer.epochs" in change for change in changes(proposed(certain)))


def test_no_final_run_where_power_is_unknown():
    bare = dataclasses.replace(SCOPE, honours=[], sizes=[])
    for answers, is_final in [({}, False), (NO | {"enlarge": 0.5}, True)]:
        present = attempt("unsure", answers)
        longer = attempt("unsure", answers, **{"trainer.epochs": 40})
        [move] = propose(present, [present, longer], bare)
        assert ("final" in move.changes) == is_final


def test_no_final_run_where_power_is_not_shown():
    bare = dataclasses.replace(SCOPE, honours=[], sizes=[])
    open_ones = NO | {"enlarge": 0.5}
    present = dataclasses.replace(attempt("unsure", open_ones), has_power=False)
    rest = [
        dataclasses.replace(present, settings={**SETTINGS, key: value})
        for key, value in [("trainer.epochs", 40), ("optimizer.learning_rate", 0.01)]
    ]
    slow = dataclasses.replace(present, settings={**SETTINGS, "optimizer.learning_rate": 0.0001})
    [move] = propose(present, [present, *rest, slow], bare)
    assert not move.changes


def test_diverged_is_trained_more_carefully():
    moves = proposed(attempt("diverged", loss=math.inf))
    assert changes(moves) == [
        {"optimizer.learning_rate": "0.0001"},
        {"optimizer.clipnorm": "1.0"},
        {"optimizer.learning_rate": "1e-05"},
    ]


def test_an_unusual_learning_rate_is_tried_first():
    high = {"optimizer.learning_rate": 0.3}
    moves = proposed(attempt("balanced", NO, **high))
    assert changes(moves)[0] == {"optimizer.learning_rate": "0.03"}
    assert moves[0].reason == "learning rate 0.3: perhaps a lower one helps"
    assert ends(moves[1])
    low = {"optimizer.learning_rate": 1e-6}
    first, second = proposed(attempt(answers=NO | {"go_on": 0.95}, **low))
    assert changes([first, second]) == [
        {"optimizer.learning_rate": "0.001"},
        {"trainer.epochs": "40"},
    ]
    [move] = proposed(attempt("balanced", NO, **low))
    assert ends(move)


def test_no_power_names_what_was_checked():
    learned = dataclasses.replace(attempt("no_power"), train_loss=0.1)
    moves = proposed(learned)
    assert moves[0].reason == "it learns the training rows and no others"
    assert changes(moves)[0] == {"model.units": "16", "model.layers": "1"}

    stuck = dataclasses.replace(attempt("no_power"), train_loss=1.0)
    assert changes(proposed(stuck)) == [
        {"trainer.epochs": "40"},
        {"optimizer.learning_rate": "0.01"},
        {"model.units": "256"},
    ]
    assert proposed(stuck)[0].reason == "no power, and training loss 1 is still high"
    high = dataclasses.replace(stuck, settings={**SETTINGS, "optimizer.learning_rate": 0.5})
    assert changes(proposed(high))[0] == {"optimizer.learning_rate": "0.05"}
    low = dataclasses.replace(stuck, settings={**SETTINGS, "optimizer.learning_rate": 1e-6})
    assert changes(proposed(low))[0] == {"optimizer.learning_rate": "0.001"}
    late = dataclasses.replace(stuck, best_epoch=20)
    assert changes(proposed(late))[0] == {"trainer.epochs": "40"}
    assert "that of the last epochs" in proposed(late)[0].reason
    unsure = dataclasses.replace(stuck, word="unsure", answers=NO, has_power=False)
    assert changes(proposed(unsure)) == changes(proposed(stuck))
    weighted = proposed(stuck, dataclasses.replace(SCOPE, weighted=True))
    assert changes(weighted)[0] == {"problem.metrics": "[auc,accuracy]"}


def test_unsure_asks_for_a_probe_where_there_is_one():
    unsure = attempt("unsure", NO | {"go_on": 0.55})
    assert changes(proposed(unsure)) == [{"trainer.epochs": "40"}]
    scope = dataclasses.replace(SCOPE, probes=True)
    first, second = proposed(unsure, scope)
    assert changes([first, second]) == [{"trainer.epochs": "40"}, {"diagnosis.probes": "1"}]
    assert second.reason == "a probe answers whether more epochs help, p = 0.55"

    probed = dataclasses.replace(unsure, word="balanced", answers=NO, probes=1)
    [move] = propose(unsure, [unsure, probed], scope)
    assert ends(move)


words = st.sampled_from(["no_power", "diverged", "underfit", "overfit", "balanced", "unsure"])
probabilities = st.fixed_dictionaries(dict.fromkeys(HELPS, st.floats(0, 1)))
beginnings = st.fixed_dictionaries(
    {
        "model.units": st.sampled_from([2, 16, 64, 256, 1000, [64, 4]]),
        "model.layers": st.integers(1, 4),
        "optimizer.learning_rate": st.sampled_from([1e-5, 0.001, 0.3]),
        "regularizer.dropout": st.sampled_from([0.0, 0.2, 0.5, 0.8]),
        "regularizer.l2": st.sampled_from([0.0, 0.0001, 0.001, 0.1]),
        "regularizer.patience": st.sampled_from([None, 3]),
        "trainer.epochs": st.integers(1, 100),
    }
)


@pytest.mark.long
@given(st.data())
def test_the_first_moves_never_return_and_end(data):
    scope = dataclasses.replace(SCOPE, kind=data.draw(st.sampled_from(["image", "table"])))
    trained, in_vain, best = [], 0, math.inf
    values = {**SETTINGS, **data.draw(beginnings)}
    while in_vain <= 6:
        word, loss = data.draw(words), data.draw(st.floats(0.05, 2))
        answers = {}
        if word not in ("no_power", "diverged"):
            answers = data.draw(st.sampled_from([{}, data.draw(probabilities)]))
        present = dataclasses.replace(
            attempt(word, answers, math.inf if word == "diverged" else loss),
            settings=values,
            epochs=data.draw(st.integers(1, values["trainer.epochs"])),
        )
        in_vain += 1
        if scope.is_better(present.loss, best):
            in_vain, best = 0, present.loss
        trained.append(present)
        moves = propose(present, trained, scope)

        assert 1 <= len(moves) <= 3
        for move in moves:
            assert re.fullmatch(r"[\w =.,:-]+", move.reason) or not move.changes
            assert ends(move) or after(present, move) not in [other.settings for other in trained]
        if ends(moves[0]):
            break
        values = after(present, moves[0])
    assert in_vain <= 6, "moves that gain nothing end"
    last = after(present, moves[0])
    assert last["trainer.epochs"] >= 1
    assert 0 <= last["regularizer.dropout"] <= 0.8


def test_without_a_configuration_moves_are_in_keras_words():
    answers = {"stop_earlier": 0.95, "go_on": 0.02, "regularize": 0.6, "enlarge": 0.1}
    moves = generic("overfit", answers, epochs=20, best_epoch=4)
    assert changes(moves) == [{"epochs": "4"}, {"Dropout": "0.5"}]
    assert changes(generic("underfit", {"go_on": 0.9}, epochs=20, best_epoch=20)) == [
        {"epochs": "40"}
    ]
    assert changes(generic("diverged", {}, epochs=3, best_epoch=1)) == [{"learning_rate": "0.1x"}]
    assert len(generic("no_power", {}, epochs=3, best_epoch=1)) == 2
    assert generic("balanced", NO, epochs=3, best_epoch=1) == ()
