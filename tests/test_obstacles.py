import dataclasses
import types

import numpy as np
import pytest

from goldilocks.backend import keras
from goldilocks.model import Regularizer
from goldilocks.protocol import Split
from goldilocks.training import obstacles
from goldilocks.training.fit import FitResult, FitSpec
from goldilocks.training.streams import Member, Streams

layers = keras.layers
NONE = dict.fromkeys(field.name for field in dataclasses.fields(Regularizer))
DATASET = types.SimpleNamespace(x=np.zeros((22, 12)))


def spec_of(*hidden, optimizer=None, shape=(4, 3), **changes):
    """A network with some layers between its inputs and one output."""
    model = keras.Sequential([keras.Input(shape), *hidden, layers.Flatten(), layers.Dense(1)])
    fields = dict.fromkeys(field.name for field in dataclasses.fields(FitSpec))
    fields |= {
        "model": model,
        "dataset": DATASET,
        "split": Split(np.arange(19), np.arange(19, 22), np.arange(0)),
        "regularizer": Regularizer(**NONE),
        "optimizer": lambda steps: optimizer or keras.optimizers.SGD(0.1),
    }
    return FitSpec(**{**fields, **changes})


def streams_of(*specs):
    """A program of networks that see the same batches of two rows."""
    members = [
        Member(
            spec=spec, validation=spec.split.validation, stopping=None, callbacks=[], identity=""
        )
        for spec in specs
    ]
    return Streams(members=[members], starts={}, batch_size=2, shuffle=True)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (spec_of(layers.BatchNormalization()), "batch normalization would count the rows"),
        (
            spec_of(layers.TimeDistributed(layers.BatchNormalization())),
            "batch normalization would count the rows",
        ),
        (spec_of(layers.Dense(2, activity_regularizer="l2")), "activity regularizers would count"),
        (spec_of(layers.ActivityRegularization(0.1)), "activity regularizers would count"),
        (
            spec_of(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(1, 9))),
            "the learning rate has a schedule",
        ),
        (
            spec_of(optimizer=keras.optimizers.SGD(use_ema=True)),
            "the optimizer averages its weights",
        ),
        (
            spec_of(regularizer=Regularizer(**{**NONE, "flip": True})),
            "augmentation is a part of TensorFlow's reading of images",
        ),
        (spec_of(model=keras.Sequential([layers.Flatten()])), "there is nothing to train"),
        (
            spec_of(layers.Embedding(5, 2), shape=(4,), optimizer=keras.optimizers.Adam(0.1)),
            "the gradient of a word",
        ),
    ],
)
def test_what_only_fit_can_train_has_a_reason(spec, sentence):
    assert sentence in obstacles.obstacle(spec, None)


@pytest.mark.parametrize(
    "hidden",
    [
        [layers.Dense(2, kernel_regularizer="l2", name="BatchNormalization"), layers.Dropout(0.5)],
        [layers.LSTM(2, return_sequences=True), layers.LayerNormalization()],
    ],
)
def test_other_layers_have_no_obstacle(hidden):
    assert obstacles.obstacle(spec_of(*hidden), None) == ""


def test_convolutions_are_seen_wherever_they_are():
    assert obstacles.convolves(spec_of(layers.Conv1D(2, 2)).model)
    assert obstacles.convolves(
        spec_of(layers.TimeDistributed(layers.SeparableConv1D(2, 2)), shape=(2, 4, 3)).model
    )
    assert not obstacles.convolves(spec_of(layers.Dense(2, name="Conv")).model)


def test_epochs_of_some_batches_are_for_fit():
    assert "trainer.steps_per_epoch ends epochs" in obstacles.obstacle(spec_of(), 3)


def test_a_program_larger_than_the_available_memory_says_both_sizes(monkeypatch):
    # 10 copies of the weights of 50 networks, 4 * 200,000 to and from a layer and its biases.
    streams = streams_of(*[spec_of(layers.Dense(100_000))] * 50)
    monkeypatch.setattr("psutil.virtual_memory", lambda: types.SimpleNamespace(available=2**30))
    assert obstacles.too_large(streams) == (
        "as one program they would take about 1.5 GiB, and 1.0 GiB of memory are available"
    )
    monkeypatch.setattr("psutil.virtual_memory", lambda: types.SimpleNamespace(available=2**31))
    assert obstacles.too_large(streams) == ""


def test_features_that_networks_share_are_in_memory_once(monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: types.SimpleNamespace(available=2**30))
    monkeypatch.setattr(obstacles, "WEIGHTS", 0)
    spec = spec_of(shape=(4, 2_000_000))  # 3 copies of 22 rows: 2 GiB
    assert "2.0 GiB" in obstacles.too_large(streams_of(spec))
    assert "2.0 GiB" in obstacles.too_large(streams_of(spec, spec, spec))


def test_fit_is_not_timed_where_the_program_takes_seconds():
    assert obstacles.faster_by_fit(streams_of(spec_of()), 9.9, None, epochs=5) == ""


def timed_fit(seconds):
    """A training whose batches and epochs take given times."""

    def fit(spec, callbacks, report, checkpoint, *, epochs):
        assert len(spec.split.train) == 4
        for _ in range(epochs):
            for callback in callbacks:
                callback.on_train_batch_begin(0, None)
                callback.on_train_batch_end(1, None)
        return FitResult(
            history={"seconds": seconds}, best_epoch=1, monitor=None, seconds=0, validation=None
        )

    return fit


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (300, ""),
        (
            400,
            "as one program they would take about 400 s, and by fit 342 s (2 batches of each were "
            "timed)",
        ),
    ],
)
def test_the_faster_way_wins_and_both_figures_are_said(seconds, sentence, monkeypatch):
    # Two batches take 2 s, and the first epoch 4 s more: an epoch of ten batches takes 3 + 8 s.
    times = iter([0.0, 6.0, 10.0, 12.0, 20.0, 22.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    fit = timed_fit([7.0, 3.0, 3.0])
    streams = streams_of(*[spec_of()] * 3)
    assert obstacles.faster_by_fit(streams, seconds, fit, epochs=10) == sentence
