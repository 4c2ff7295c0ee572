import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from goldilocks.diagnosis.history import curves_of
from goldilocks.errors import HistoryError, UserError

LOSS, VAL_LOSS = [0.9, 0.5, 0.3], [1.0, 0.7, 0.6]
LOSSES = {"loss": LOSS, "val_loss": VAL_LOSS}

LIGHTNING = """\
epoch,step,train_loss_epoch,train_loss_step,val_acc,val_loss,test_loss
0,49,,1.4,,,
0,99,,1.2,,,
0,99,,,0.5,1.0,
0,99,0.9,,,,
1,149,,0.6,,,
1,199,,,0.7,0.7,
1,199,0.5,,,,
2,299,,,0.8,0.6,
2,299,0.3,,,,
3,299,,,,,0.65
"""
XGBOOST = {"train": {"logloss": LOSS, "auc": LOSS}, "eval": {"logloss": VAL_LOSS, "auc": LOSS}}
TRAINER = [
    {"loss": 1.0, "epoch": 0.5, "step": 10},
    {"loss": 0.8, "epoch": 1.0, "step": 20},
    {"eval_loss": 1.0, "eval_accuracy": 0.5, "eval_runtime": 2.1, "epoch": 1.0, "step": 20},
    {"loss": 0.5, "epoch": 1.5, "step": 30},
    {"eval_loss": 0.7, "eval_accuracy": 0.7, "eval_runtime": 2.0, "epoch": 2.0, "step": 40},
    {"loss": 0.3, "epoch": 2.5, "step": 50},
    {"eval_loss": 0.6, "eval_accuracy": 0.8, "eval_runtime": 2.2, "epoch": 3.0, "step": 60},
    {"train_runtime": 60.0, "train_loss": 0.65, "epoch": 3.0, "step": 60},
]


@pytest.fixture
def csv_file(tmp_path):
    """Writes a CSV file, and returns its path."""

    def write(text):
        path = tmp_path / "history.csv"
        path.write_text(text)
        return path

    return write


def losses(history):
    curves, _ = curves_of(history)
    return curves.loss.tolist(), curves.val_loss.tolist()


@pytest.mark.parametrize(
    "history",
    [
        LOSSES,
        SimpleNamespace(history=LOSSES, epoch=[0, 1, 2]),  # as Keras's History
        pd.DataFrame(LOSSES, index=[1, 2, 3]),
        {"loss": np.array(LOSS), "val_loss": [np.float32(1), np.array([0.7]), 0.6]},
        {"trainLoss": LOSS, "Validation Loss": VAL_LOSS},
        {"train_loss": LOSS, "valid_loss": VAL_LOSS},  # fastai
        {"loss/train": LOSS, "loss/val": VAL_LOSS},
        {"loss": LOSS, "test_loss": VAL_LOSS},
        {"loss": LOSS, "train_loss": [0.5], "eval_loss": VAL_LOSS},
        {"training": {"binary_logloss": LOSS}, "valid_1": {"binary_logloss": VAL_LOSS}},
        XGBOOST,
        [
            {"loss": loss, "val_loss": val_loss}
            for loss, val_loss in zip(LOSS, VAL_LOSS, strict=True)
        ],
        SimpleNamespace(log_history=TRAINER),
    ],
)
def test_the_losses_of_any_framework_are_found(history):
    loss, val_loss = losses(history)
    assert loss == pytest.approx(LOSS)
    assert val_loss == pytest.approx(VAL_LOSS)


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss,val_loss\n0,0.9,1.0\n1,0.5,0.7\n2,0.3,0.6\n",
        "epoch;loss;val_loss\n0;0.9;1.0\n1;0.5;0.7\n2;0.3;0.6\n",
        "\ufeffepoch\tloss\tval_loss\r\n0\t0.9\t1.0\r\n1\t0.5\t0.7\r\n2\t0.3\t0.6\r\n",
        LIGHTNING,
    ],
)
def test_the_losses_of_a_csv_are_found(csv_file, text):
    assert losses(csv_file(text)) == (LOSS, VAL_LOSS)
    assert losses(str(csv_file(text))) == (LOSS, VAL_LOSS)


def test_a_table_of_pandas_has_gaps_as_its_csv_has(csv_file):
    assert losses(pd.read_csv(csv_file(LIGHTNING))) == (LOSS, VAL_LOSS)


def test_what_was_read_as_what_is_said(csv_file):
    assert curves_of({**LOSSES, "accuracy": LOSS, "val_accuracy": LOSS})[1] == []
    assert curves_of(csv_file(LIGHTNING))[1] == [
        "Read train_loss_epoch as training loss and val_loss as validation loss.",
        "Epochs are numbered from 1 here; in the column epoch the first is 0 and the last 2.",
        "Read val_acc as the metric, of which more is better.",
    ]
    assert curves_of(TRAINER)[1] == [
        "Read loss as training loss and eval_loss as validation loss.",
        "loss is the mean of up to 2 values an epoch.",
        "Read eval_accuracy as the metric, of which more is better.",
    ]


def test_losses_without_penalties_stand_in_for_those_with():
    history = {
        "loss": [9, 9, 9],
        "val_loss": [9, 9, 9],
        "data_loss": LOSS,
        "val_data_loss": VAL_LOSS,
    }
    assert losses(history) == (LOSS, VAL_LOSS)
    assert curves_of(history)[0].loss_name == "data_loss"
    del history["val_data_loss"]
    assert curves_of(history)[0].loss_name == "loss"
    assert losses(history) == ([9, 9, 9], [9, 9, 9])


@pytest.mark.parametrize(
    ("names", "metric", "higher"),
    [
        (["accuracy", "loss", "val_accuracy", "val_loss", "val_mae"], "accuracy", True),
        (["val_mean_absolute_error", "val_accuracy"], "mean_absolute_error", False),
        (["val_precision_1"], "precision", True),
        (["val_top_5_accuracy"], "top_5_accuracy", True),
        (["val_first_loss", "val_second_loss", "val_first_acc"], "first_acc", True),
        (["accuracy"], "loss", False),
        (["val_colour"], "loss", False),
        ([], "loss", False),
    ],
)
def test_the_first_metric_with_a_direction_is_taken(names, metric, higher):
    history = {**{name: [0.1, 0.2, 0.3] for name in names}, **LOSSES}
    curves, _ = curves_of(history)
    assert (curves.metric, curves.higher) == (metric, higher)
    assert curves.scores.tolist() == (VAL_LOSS if metric == "loss" else [0.1, 0.2, 0.3])


@pytest.mark.parametrize("name", ["mae", "val_mae", "loss", "acc"])
def test_a_metric_may_be_named(name):
    values = {"val_accuracy": [1, 2, 3], "val_mae": [3, 2, 1], "val_f1_score": [[0, 1]] * 3}
    metric = {"acc": "accuracy"}.get(name, name.removeprefix("val_"))
    assert curves_of({**LOSSES, **values}, metric=name)[0].metric == metric


@pytest.mark.parametrize(
    ("values", "remark"),
    [
        (
            {"val_colour": LOSS},
            "Left out val_colour: its name does not tell whether more of it is better.",
        ),
        ({"val_auc": [0.5]}, "Left out val_auc: it has no finite value of some epochs."),
        (
            {"val_auc": [0.5, math.nan, 0.7]},
            "Left out val_auc: it has no finite value of some epochs.",
        ),
        ({"val_auc": [0.5, None, 0.7]}, "Left out val_auc: it has no finite value of some epochs."),
        (
            {"val_f1_score": [np.array([0.1, 0.2])] * 3},
            "Left out val_f1_score: Value 1 of val_f1_score is array([0.1, 0.2]); expected a number.",
        ),
    ],
)
def test_a_metric_that_cannot_be_read_is_left_out_and_said(values, remark):
    curves, remarks = curves_of({**LOSSES, **values})
    assert (curves.metric, remarks) == ("loss", [remark])


def test_a_baseline_is_named_as_the_history_names_it():
    history = {**LOSSES, "val_acc": LOSS, "val_mae": LOSS}
    baseline = {"val_loss": 1, "accuracy": np.float32(0.5), "mae": 3.0}
    curves, _ = curves_of(history, baseline=baseline, validation_rows=np.int64(100))
    assert (curves.baseline, curves.rows) == ({"loss": 1.0, "acc": 0.5}, 100)
    curves, _ = curves_of(XGBOOST, baseline={"loss": 0.69})
    assert (curves.baseline, curves.rows) == ({"loss": 0.69}, None)


def test_losses_that_are_not_numbers_stay():
    loss, val_loss = losses({"loss": [0.9, math.nan, 0.3], "val_loss": [1.0, math.inf, 0.6]})
    assert np.isfinite(loss).tolist() == np.isfinite(val_loss).tolist() == [True, False, True]


def test_losses_that_pandas_wrote_as_empty_cells_are_not_numbers(csv_file):
    history = pd.DataFrame({"loss": [0.9, math.nan], "val_loss": [1.0, math.nan], "lr": [1, 1]})
    for table in (history, csv_file(history.to_csv())):
        assert np.isfinite(losses(table)[0]).tolist() == [True, False]


def test_epochs_without_validation_are_left_out_and_said(csv_file):
    text = "epoch,loss,val_loss\n0,0.9,NA\n1,0.5,0.7\n2,0.3,NA\n3,0.2,0.6\n"  # validation_freq=2
    curves, remarks = curves_of(csv_file(text))
    assert (curves.loss.tolist(), curves.val_loss.tolist()) == ([0.5, 0.2], [0.7, 0.6])
    assert remarks == [
        "Left out 2 of 4 epochs, which lack one of both losses.",
        "Epochs are numbered from 1 here; in the column epoch the first is 1 and the last 3.",
    ]


@pytest.mark.parametrize(("first", "said"), [(0, "the first is 0 and the last 2"), (1, "")])
def test_a_column_that_numbers_epochs_otherwise_is_said(csv_file, first, said):
    lines = [f"{first + epoch},0.{9 - epoch},0.{8 - epoch}" for epoch in range(3)]
    _, remarks = curves_of(csv_file("\n".join(["epoch,loss,val_loss", *lines, ""])))
    assert len(remarks) == bool(said)
    assert said in " ".join(remarks)


@pytest.mark.parametrize(
    ("history", "message"),
    [
        ({}, "The history is empty"),
        (None, "The history is None; expected what model.fit returns"),
        (0.5, "The history is 0.5"),
        ({"loss": [], "val_loss": []}, "loss 0 and val_loss 0; expected one value an epoch"),
        ({"loss": LOSS, "val_loss": [1.0]}, "loss 3 and val_loss 1; expected one value"),
        ({"loss": LOSS}, "give model.fit validation_split"),
        ({"train": LOSS, "val": VAL_LOSS}, "The history holds train, val; .+ --columns loss=NAME"),
        ({"loss": ["0.1"], "val_loss": [1]}, "Value 1 of loss is '0.1'; expected a number"),
        ({"loss": "abc", "val_loss": [1]}, "Value 1 of loss is 'abc'; expected a number"),
        ({"loss": [[0.1, 0.2]], "val_loss": [1]}, r"Value 1 of loss is \[0.1, 0.2\]; expected"),
        (
            {"loss": np.ones((2, 2)), "val_loss": [1, 2]},
            r"is array\(\[1., 1.\]\); expected a number",
        ),
        ({"loss": [1], "val_loss": [10**400]}, "Value 1 of val_loss is 1000.+; expected a number"),
        (
            {"train_loss": LOSS, "training_loss": LOSS, "val_loss": VAL_LOSS},
            "The training loss may be each of train_loss, training_loss. Say which are meant",
        ),
        (
            {"validation_0": {"logloss": LOSS}, "validation_1": {"logloss": VAL_LOSS}},
            "holds validation_0-logloss, validation_1-logloss; .+ --columns loss=NAME",
        ),
        (
            {"loss": [0.1, None], "val_loss": [None, 0.2]},
            "No epoch has a value of both loss and val_loss",
        ),
        (
            {**LOSSES, "epoch": [0, 1, 0]},
            "epoch goes from 1 to 0 at its value 3; expected the values of one training",
        ),
        ({**LOSSES, "epoch": [0, None, 1]}, "epoch goes from 0 to nan at its value 2"),
    ],
)
def test_a_history_that_cannot_be_judged_is_a_sentence(history, message):
    with pytest.raises(HistoryError, match=message):
        curves_of(history)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "history.csv holds no values"),
        ("epoch,loss,val_loss\n", "history.csv holds no values; expected"),
        ("loss,val_loss\n0.1,0.2\n0.1\n", "cells in lines 1 and 3 of .+history.csv are 2 and 1"),
        ("loss,val_loss\n0.1,0.2\nloss,val_loss\n", "Value 2 of loss is 'loss'; expected a number"),
        (
            "Wall time,Step,Value\n1,1,0.5\n",
            "The history holds Wall time, Step, Value; expected a train",
        ),
    ],
)
def test_a_file_that_cannot_be_judged_is_a_sentence(csv_file, text, message):
    with pytest.raises(HistoryError, match=message):
        curves_of(csv_file(text))


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    (tmp_path / "plot.png").write_bytes(b"\x89PNG")
    for name in ("plot.png", "missing.csv", "."):
        with pytest.raises(HistoryError, match=r"cannot be read: .+ Expected a CSV file\."):
            curves_of(tmp_path / name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"metric": "acuracy"},
            "no validation values of metric 'acuracy'; .+ Did you mean accuracy",
        ),
        ({"validation_rows": 0}, "validation_rows is 0; expected a whole number of at least 1"),
        ({"validation_rows": 10.5}, "validation_rows is 10.5"),
        ({"validation_rows": "many"}, "validation_rows is 'many'"),
        ({"baseline": 0.69}, "baseline is 0.69; expected a dict"),
        ({"baseline": []}, r"baseline is \[\]; expected a dict"),
        ({"baseline": {"loss": 0}}, r"baseline\['loss'\] is 0; expected a finite number"),
        ({"baseline": {"loss": math.nan}}, r"baseline\['loss'\] is nan"),
        ({"baseline": {"loss": "0.69"}}, r"baseline\['loss'\] is '0.69'"),
        ({"baseline": {"acuracy": 0.5}}, "baseline has acuracy, .+ Did you mean accuracy"),
    ],
)
def test_what_is_known_beside_a_history_is_checked(arguments, message):
    with pytest.raises(HistoryError, match=message) as raised:
        curves_of({**LOSSES, "val_accuracy": LOSS}, **arguments)
    assert isinstance(raised.value, UserError)
    assert isinstance(raised.value, ValueError)
