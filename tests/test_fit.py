import dataclasses
import math
import re

import keras
import numpy as np
import pandas
import pytest

from goldilocks import backend, problem
from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder
from goldilocks.model import Facts, Regularizer, mlp
from goldilocks.protocol import Split
from goldilocks.training import fit as training
from goldilocks.training import optimizer
from goldilocks.training.callbacks import ProgressBar
from goldilocks.training.predict import _network, predict
from goldilocks.training.pruner import Pruner

NONE = {
    "l1": 0.0,
    "l2": 0.0,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "flip": False,
    "rotation": 0.0,
}
NONE |= {"translation": 0.0, "shear": 0.0, "zoom": 0.0, "patience": None}
TRAINER = {
    "epochs": 3,
    "batch_size": 4,
    "steps_per_epoch": None,
    "validation_steps": None,
    "steps_per_execution": 1,
    "shuffle": True,
    "monitor": "val_loss",
    "deterministic": True,
    "checkpoint_seconds": 0,
}
RMSPROP = {
    "name": "rmsprop",
    "schedule": "constant",
    "decay_to": 0.0,
    "warmup": 0.0,
    "clipnorm": None,
}
GENERATOR = np.random.default_rng(0)
X = pandas.DataFrame({name: GENERATOR.normal(size=60) for name in "abc"})
Y = (X["a"] - 2 * X["b"] + GENERATOR.normal(size=60) / 10).to_numpy("float32")
SPLIT = Split(np.arange(0, 32), np.arange(32, 48), np.arange(48, 60))


class Trained:
    """The result of one call of `fit`, with all that it was called with."""

    def __init__(
        self,
        *,
        seed=0,
        split=SPLIT,
        learning_rate=0.01,
        ema_momentum=None,
        y=Y,
        regularizer=(),
        callbacks=(),
        checkpoint=None,
        scale=None,
        class_weight=None,
        **trainer,
    ):
        backend.seed(seed)
        self.split, self.y = split, y
        kind = problem.resolve(
            "regression",
            type="auto",
            last_activation="auto",
            loss="auto",
            metrics="auto",
            standardize="auto",
            log_target=False,
            class_weight="none",
            threshold=None,
            cost=None,
            override=False,
        )
        spread = None
        if scale is not None:
            kind, spread = dataclasses.replace(kind, scale=(scale,)), np.array([scale], "float32")
        dataset = Dataset(
            name="table",
            kind="table",
            problem="regression",
            x=X,
            y=y,
            classes=(),
            source="original",
            location="memory",
            digest="0" * 64,
        )
        self.dataset = dataset
        self.encoder = encoder.fit(dataset, split.train, in_order=False)
        regularizer = Regularizer(**{**NONE, **dict(regularizer)})
        self.steps = []

        def build(steps):
            self.steps.append(steps)
            return optimizer.build(
                steps, **RMSPROP, learning_rate=learning_rate, ema_momentum=ema_momentum
            )

        self.model = mlp.build(
            Facts((3,), 1, "linear", np.zeros(1, "float32"), spread),
            regularizer,
            units=8,
            layers=1,
            activation="relu",
        )
        self.x = keras.ops.convert_to_numpy(self.encoder(encoder.columns(X)))
        self.targets = y.reshape(-1, 1)
        spec = training.FitSpec(
            model=self.model,
            encoder=self.encoder,
            dataset=dataset,
            split=split,
            targets=self.targets,
            problem=kind,
            class_weight=class_weight,
            regularizer=regularizer,
            optimizer=build,
            seed=seed,
        )
        self.reported = []
        self.result = training.fit(
            spec,
            list(callbacks),
            lambda epoch, values: self.reported.append((epoch, values)),
            checkpoint,
            **{**TRAINER, **trainer},
        )

    def loss(self, rows):
        """Mean squared error on these rows, by numpy."""
        predictions = self.model.predict(self.x[rows], verbose=0)
        return float(((predictions - self.targets[rows]) ** 2).mean())


class Weights(keras.callbacks.Callback):
    """Records the weights after each epoch."""

    def __init__(self):
        super().__init__()
        self.by_epoch = []

    def on_epoch_end(self, epoch, logs=None):
        self.by_epoch.append(self.model.get_weights())


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def usual():
    return Trained()


def test_every_epoch_is_reported_and_recorded_once(usual):
    trained = usual
    assert [epoch for epoch, _ in trained.reported] == [1, 2, 3]
    history = trained.result.history
    assert set(history) == {"loss", "mae", "val_loss", "val_mae", "learning_rate", "seconds"}
    for epoch, values in trained.reported:
        assert values == {name: series[epoch - 1] for name, series in history.items()}
    assert history["learning_rate"] == pytest.approx([0.01] * 3)
    assert 0 < sum(history["seconds"]) <= trained.result.seconds
    assert trained.steps == [3 * 8]


def test_predictions_after_a_training_take_what_it_has_traced():
    trained = Trained(epochs=1)
    traced = trained.model.predict_function.experimental_get_tracing_count()
    predictions = predict(trained.encoder, trained.model, trained.dataset, SPLIT.validation)
    assert trained.model.predict_function.experimental_get_tracing_count() == traced
    expected = trained.model.predict(trained.x[SPLIT.validation], verbose=0)
    np.testing.assert_array_equal(predictions, expected)


def test_many_models_of_one_shape_predict_by_one_traced_function(usual):
    traced = []
    for seed in range(3):
        backend.seed(seed)
        model = mlp.build(
            Facts((3,), 1, "linear", np.zeros(1, "float32"), None),
            Regularizer(**NONE),
            units=8,
            layers=1,
            activation="relu",
        )
        predictions = predict(
            usual.encoder, model, usual.dataset, SPLIT.validation, one_of_many=True
        )
        traced.append(_network(model.to_json()).predict_function)
        expected = model.predict(usual.x[SPLIT.validation], verbose=0)
        np.testing.assert_array_equal(predictions, expected)
    assert traced[0] is traced[1] is traced[2]
    assert traced[0].experimental_get_tracing_count() == 1


@pytest.mark.long
def test_the_model_ends_with_the_weights_of_its_best_epoch():
    # A learning rate so high that validation loss jumps about: its best epoch is not its last.
    weights = Weights()
    trained = Trained(epochs=12, learning_rate=0.5, callbacks=[weights])
    losses = trained.result.history["val_loss"]
    best = trained.result.best_epoch
    assert losses[best - 1] == min(losses)
    assert 1 <= best < 12
    assert len(losses) == 12, "without patience, training goes on to the last epoch"
    assert same(trained.model.get_weights(), weights.by_epoch[best - 1])
    assert not same(trained.model.get_weights(), weights.by_epoch[-1])
    assert trained.loss(SPLIT.validation) == pytest.approx(min(losses), rel=1e-4)
    assert trained.result.best["val_loss"] == min(losses)
    assert trained.result.best["mae"] == trained.result.history["mae"][best - 1]
    assert trained.result.monitor == "val_loss"


@pytest.mark.long
def test_a_metric_that_should_grow_is_monitored_upwards(monkeypatch):
    # No metric of a regression but r2_score grows; the direction must come from its name and not
    # from Keras's guess.
    scored = problem.Problem("regression", "linear", "mse", ("r2_score",))
    monkeypatch.setattr(problem, "resolve", lambda *_, **__: scored)
    result = Trained(epochs=6, monitor="val_r2_score").result
    values = result.history["val_r2_score"]
    assert values[-1] > values[0]
    assert result.best_epoch == values.index(max(values)) + 1


def test_patience_ends_training_after_the_best_epoch():
    trained = Trained(epochs=60, learning_rate=0.5, regularizer={"patience": 3})
    assert len(trained.result.history["loss"]) == trained.result.best_epoch + 3 < 60
    assert trained.loss(SPLIT.validation) == pytest.approx(
        min(trained.result.history["val_loss"]), rel=1e-4
    )


def test_data_loss_is_the_loss_without_its_penalty(usual):
    penalty = 0.05
    trained = Trained(epochs=2, regularizer={"l2": penalty})
    best = trained.result.best
    assert best["val_data_loss"] == pytest.approx(trained.loss(SPLIT.validation), rel=1e-4)
    kernel = trained.model.layers[1].kernel.numpy()
    assert best["val_loss"] - best["val_data_loss"] == pytest.approx(
        penalty * (kernel**2).sum(), rel=1e-3
    )
    assert all(
        whole > bare
        for whole, bare in zip(
            trained.result.history["loss"], trained.result.history["data_loss"], strict=True
        )
    )
    assert "data_loss" not in usual.result.history


def test_the_lines_of_epochs_show_the_losses_without_penalties_where_there_are_some(caplog):
    caplog.set_level("INFO")
    progress = ProgressBar(metric="accuracy")
    progress.set_params({"epochs": 2})
    for data_loss in ({}, {"data_loss": 0.3, "val_data_loss": 0.4}):
        progress.on_epoch_begin(0)
        progress.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.6} | data_loss)
    assert "loss 0.5  val_loss 0.6" in caplog.messages[0]
    assert "data_loss 0.3  val_data_loss 0.4" in caplog.messages[1]


@pytest.mark.parametrize("metric", ["mae", "mean_average_precision"])
def test_80_columns_have_a_bar_and_a_line_for_each_epoch(capsys, monkeypatch, metric):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("goldilocks.console.draws_progress", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    values = {"data_loss": 0.0001234, "val_data_loss": 0.1234, metric: 0.5, f"val_{metric}": 0.4321}
    progress = ProgressBar(metric=metric)
    progress.set_params({"epochs": 100, "steps": 2})
    progress.on_train_begin()
    for epoch in range(2):
        progress.on_epoch_begin(epoch)
        progress.on_epoch_end(epoch, values)
    progress.progress.refresh()
    progress.close()
    printed = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\r", capsys.readouterr().err)
    lines = [line.strip() for line in re.split(r"[\r\n]+", printed)]
    bars = [" ".join(lines).split("epoch")[-1]]
    kept = [line for line in lines if re.fullmatch(r"epoch \d/100 .+ s", line)]
    assert len({line[:9] for line in kept}) == 2
    assert all(len(line) <= 80 and "0.1234" in line and "0.4321" in line for line in kept)
    assert "0.1234" in bars[0]
    assert "0.4321" in bars[0]
    assert "━" in bars[0]


def test_a_loss_that_is_not_finite_ends_training():
    trained = Trained(epochs=50, learning_rate=1e20)
    history = trained.result.history
    assert 1 <= len(history["loss"]) < 50
    assert not math.isfinite(history["loss"][-1])
    assert {len(values) for values in history.values()} == {len(history["loss"])}
    assert 1 <= trained.result.best_epoch <= len(history["loss"])


@pytest.mark.long
def test_a_loss_that_is_not_finite_later_keeps_the_best_weights():
    class Break(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                output = self.model.layers[
                    -1
                ]  # whose values no activation can make finite, as a fused relu may
                output.kernel.assign(output.kernel * np.nan)

    trained = Trained(epochs=50, callbacks=[Break()])
    history = trained.result.history
    assert len(history["loss"]) == 4
    assert trained.result.best_epoch <= 3
    assert trained.loss(SPLIT.validation) == pytest.approx(min(history["val_loss"][:3]), rel=1e-4)


@pytest.mark.parametrize(
    "steps_per_execution",
    [
        "auto",  # all 8 batches of an epoch
        3,  # no divisor of 8
    ],
)
def test_batches_run_at_once_give_the_same_weights(usual, steps_per_execution):
    one_by_one, at_once = usual, Trained(steps_per_execution=steps_per_execution)
    for name, values in one_by_one.result.history.items():
        if name != "seconds":
            np.testing.assert_allclose(
                at_once.result.history[name], values, rtol=1e-5, err_msg=name
            )
    for expected, weight in zip(
        one_by_one.model.get_weights(), at_once.model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(weight, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("steps", "most", "expected"),
    [(8, 8, 8), (8, 99, 8), (30, 10, 10), (30, 9, 6), (7, 3, 1), (8, 0, 1), (1, 1, 1)],
)
def test_the_batches_of_a_call_divide_the_epoch(steps, most, expected):
    assert training.largest_divisor(steps, most) == expected


@pytest.mark.long
def test_weights_depend_on_the_seed():
    dropout = {"regularizer": {"dropout": 0.3}, "epochs": 2}
    first, again, other = Trained(**dropout), Trained(**dropout), Trained(seed=1, **dropout)
    assert same(first.model.get_weights(), again.model.get_weights())
    assert not same(first.model.get_weights(), other.model.get_weights())
    assert first.result.history["val_loss"] == again.result.history["val_loss"]


def test_a_final_training_monitors_nothing_and_keeps_the_last_epoch():
    weights = Weights()
    trained = Trained(split=SPLIT.joined(), epochs=4, learning_rate=0.5, callbacks=[weights])
    assert trained.result.monitor is None
    assert trained.result.best_epoch == 4
    assert set(trained.result.history) == {"loss", "mae", "learning_rate", "seconds"}
    assert same(trained.model.get_weights(), weights.by_epoch[-1])
    assert trained.steps == [4 * 12]  # 48 rows, train and validation together


def test_a_final_training_ends_with_the_moving_average_of_its_weights():
    weights = Weights()
    averaged = Trained(
        split=SPLIT.joined(), epochs=6, steps_per_epoch=1, ema_momentum=0.8, callbacks=[weights]
    )
    expected = weights.by_epoch[0]
    for weights_before in weights.by_epoch[1:]:
        expected = [
            0.8 * average + 0.2 * weight
            for average, weight in zip(expected, weights_before, strict=True)
        ]
    for weight, average in zip(averaged.model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(weight, average, rtol=1e-5)
    assert not same(averaged.model.get_weights(), weights.by_epoch[-1])


@pytest.mark.long
def test_validation_judges_the_moving_average_of_the_weights():
    settings = {"epochs": 4, "steps_per_epoch": 1, "ema_momentum": 0.8}
    last = Trained(split=SPLIT.joined(), **settings)
    judged = Trained(split=Split(SPLIT.joined().train, SPLIT.test, SPLIT.test), **settings)
    assert judged.result.history["val_loss"][-1] == pytest.approx(last.loss(SPLIT.test), rel=1e-5)


@pytest.mark.long
def test_neither_validation_nor_test_rows_change_a_weight(usual):
    y = Y.copy()
    y[SPLIT.validation], y[SPLIT.test] = -1e6, 1e6
    history = Trained(y=y).result.history
    assert history["loss"] == usual.result.history["loss"]
    assert min(history["val_loss"]) > 1e11
    y = Y.copy()
    y[SPLIT.test] = 1e6
    assert Trained(y=y, epochs=1).result.history["val_loss"] == usual.result.history["val_loss"][:1]


@pytest.mark.long
def test_validation_steps_limit_the_validation_rows():
    # With 5 training batches in one call; the rows are spread evenly, since data may stand class by
    # class.
    split = Split(np.arange(0, 20), np.arange(300) % 12 + 32, SPLIT.test)
    trained = Trained(
        split=split, epochs=1, steps_per_epoch=5, steps_per_execution=5, validation_steps=2
    )
    rows = trained.result.validation
    assert len(rows) == 2 * TRAINER["batch_size"]
    assert (rows[0], rows[-1]) == (split.validation[0], split.validation[-1])
    some, all_ = trained.loss(rows), trained.loss(split.validation)
    assert some != pytest.approx(all_, rel=1e-4)
    assert trained.result.history["val_loss"][0] == pytest.approx(some, rel=1e-5)


@pytest.mark.long
@pytest.mark.parametrize("regularizer", [(), (("l2", 0.01),)])
def test_a_standardized_loss_trains_alike_in_every_unit(regularizer):
    deviation = float(Y[SPLIT.train].std())
    one, other = (
        Trained(y=Y * unit, scale=deviation * unit, regularizer=regularizer)
        for unit in (np.float32(1), np.float32(2**14))
    )
    assert same(one.model.get_weights(), other.model.get_weights())
    assert other.result.history["val_loss"] == one.result.history["val_loss"]
    in_unit = np.multiply(one.result.history["val_mae"], 2**14)
    assert other.result.history["val_mae"] == pytest.approx(in_unit.tolist())
    if regularizer:
        assert other.result.history["val_data_loss"] < one.result.history["val_loss"]


def test_the_losses_are_those_of_numpy():
    trained = Trained(epochs=1, learning_rate=1e-12)
    assert trained.result.history["val_loss"][0] == pytest.approx(
        trained.loss(SPLIT.validation), rel=1e-4
    )
    assert trained.result.history["loss"][0] == pytest.approx(trained.loss(SPLIT.train), rel=1e-4)


class Cut(keras.callbacks.Callback):
    """Ends a training in the middle of an epoch, as a killed process does."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise ConnectionAbortedError


@pytest.mark.long
@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 7, "regularizer": {"dropout": 0.5}, "steps_per_epoch": 3},
        {"epochs": 40, "regularizer": {"patience": 2}, "learning_rate": 0.3},
        {"epochs": 5, "split": Split(SPLIT.train, SPLIT.validation[:0], SPLIT.test)},
        {
            "epochs": 5,
            "split": Split(SPLIT.train, SPLIT.validation[:0], SPLIT.test),
            "ema_momentum": 0.9,
        },
        {"epochs": 6, "ema_momentum": 0.9},
    ],
    ids=["random layers", "patience", "final", "average", "validated average"],
)
def test_an_interrupted_training_ends_like_an_uninterrupted_one(tmp_path, settings):
    whole = Trained(**settings)
    with pytest.raises(ConnectionAbortedError):
        Trained(**settings, checkpoint=tmp_path / "state.npz", callbacks=[Cut(3)])
    rest = Trained(**settings, checkpoint=tmp_path / "state.npz")
    assert rest.reported[0][0] == 4
    assert (rest.result.best_epoch, rest.result.monitor) == (
        whole.result.best_epoch,
        whole.result.monitor,
    )
    for name in whole.result.history.keys() - {"seconds"}:
        assert rest.result.history[name] == whole.result.history[name], name
    assert same(rest.model.get_weights(), whole.model.get_weights())
    assert rest.result.seconds > sum(rest.result.history["seconds"][:3])


@pytest.mark.long
def test_a_finished_training_does_not_resume(tmp_path):
    settings = {"epochs": 40, "regularizer": {"patience": 2}, "learning_rate": 0.3}
    whole = Trained(**settings, checkpoint=tmp_path / "state.npz")
    assert len(whole.reported) < 40
    again = Trained(**settings, checkpoint=tmp_path / "state.npz")
    assert again.reported == []
    assert again.result.history == whole.result.history
    assert same(again.model.get_weights(), whole.model.get_weights())


def test_a_resumed_training_asks_the_pruner_again(tmp_path):
    settings = {"epochs": 6, "checkpoint": tmp_path / "state.npz", "checkpoint_seconds": 0}
    pruned = Trained(
        **settings, callbacks=[Pruner(lambda epoch, value: epoch >= 2, monitor="val_loss")]
    )
    assert len(pruned.reported) == 2
    again = Pruner(lambda epoch, value: True, monitor="val_loss")
    assert len(Trained(**settings, callbacks=[again]).reported) == 1
    assert again.pruned


def test_an_unreadable_checkpoint_is_ignored(tmp_path, capsys):
    (tmp_path / "state.npz").touch()
    assert len(Trained(epochs=3, checkpoint=tmp_path / "state.npz").reported) == 3
    assert "cannot be read" in capsys.readouterr().err


def test_training_survives_a_failed_checkpoint(tmp_path, capsys):
    nowhere = tmp_path / "gone" / "state.npz"
    assert len(Trained(epochs=3, checkpoint=nowhere, checkpoint_seconds=0).reported) == 3
    assert "no checkpoint could be written" in capsys.readouterr().err


@pytest.mark.long
def test_checkpoints_keep_their_distance(tmp_path):
    Trained(epochs=3, checkpoint=tmp_path / "state.npz", checkpoint_seconds=60)
    assert not (tmp_path / "state.npz").exists()
    Trained(epochs=3, checkpoint=tmp_path / "state.npz", checkpoint_seconds=None)
    assert not (tmp_path / "state.npz").exists()
