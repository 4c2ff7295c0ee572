"""Members of a program -> its arrays; those that see the same batches share a stream of them."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from goldilocks.encoding import encoder as encoding
from goldilocks.training import batches
from goldilocks.training.fit import FitSpec, has_data_loss
from goldilocks.training.program_spec import ProgramSpec, rescaling_constants

ZEROS = keras.initializers.serialize(keras.initializers.Zeros())
ROWS_TO_PREDICT = 1024  # of a batch: its size changes nothing but speed and memory


@dataclass(eq=False, kw_only=True)
class Member:
    """One network of a program. Before Keras's callbacks it stands for its model.

    Attributes:
        spec: What is trained; its model has the first weights, and gets those of the best epoch.
        validation: Validation rows, int64 (n,).
        stopping: Knows the best epoch; None where nothing is monitored.
        callbacks: See every epoch, and may set `stop_training`.
        identity: By which its state is found after a kill.
        learning_rate: It is constant.
        history: As of `FitResult`.
        stop_training: Whether its training is over.
        ended: Whether that is not because of a callback, which another process must ask again.
        epochs_done: When its program begins.
        state: From which it resumes, as `Program.state` returns it of a member; of one that has
            ended its best weights alone; empty of a new one.
    """

    spec: FitSpec
    validation: np.ndarray
    stopping: keras.callbacks.EarlyStopping | None
    callbacks: Sequence[keras.callbacks.Callback]
    identity: str = ""
    learning_rate: float = field(init=False)
    history: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    stop_training: bool = False
    ended: bool = False
    epochs_done: int = 0
    state: Sequence[np.ndarray] = ()

    def __post_init__(self):
        """Begin for the callbacks, and read the learning rate as it is logged.

        That is 0.001, not float32's 0.0010000000474974513.
        """
        rate = self.spec.optimizer(1).get_config()["learning_rate"]
        self.learning_rate = float(f"{rate:.7g}")
        for callback in self.callbacks:
            callback.set_model(self)
        if self.stopping is not None:
            self.stopping.set_model(self)
            self.stopping.on_train_begin()

    def resume(self, stored: Mapping[str, Any], state: Sequence[np.ndarray]) -> None:
        """Go on where an earlier process was.

        Args:
            stored: Its `history`, whether it had `ended`, and what `stopping` knew.
            state: As the attribute.
        """
        self.history, self.ended, self.state = stored["history"], stored["ended"], state
        self.epochs_done, self.stop_training = len(self.history["loss"]), self.ended
        if self.stopping is not None:  # Its best weights are there, as `get_weights` has them.
            vars(self.stopping).update(stored["stopping"], best_weights=[])

    @property
    def weights(self) -> list[keras.Variable]:
        """Return the trainable weights of its model, then the others, as a program has them."""
        return [*self.spec.model.trainable_variables, *self.spec.model.non_trainable_variables]

    def assign(self, weights: Sequence[np.ndarray]) -> None:
        """Give its model these weights."""
        for variable, values in zip(self.weights, weights, strict=True):
            variable.assign(values)

    @property
    def rows(self) -> Hashable:
        """Return what members with the same features of the same rows have in common."""
        spec = self.spec
        parts = spec.split.train.tobytes(), self.validation.tobytes()
        return id(spec.dataset.x), id(spec.encoder), parts

    @property
    def all_rows(self) -> np.ndarray:
        """Return the training rows, then the validation rows, int64 (n,)."""
        return np.concatenate([self.spec.split.train, self.validation])

    def get_weights(self) -> list[np.ndarray]:
        """Return none: it is the program that keeps the best weights."""
        return []


@dataclass(frozen=True, kw_only=True)
class Streams:
    """The members of a program by the batches that they see, equally many in each stream.

    Attributes:
        members: By stream.
        starts: Where the rows of each stream's data start among all rows.
        batch_size: Rows of a batch.
        shuffle: Whether each epoch has the training rows in another order.
    """

    members: Sequence[Sequence[Member]]
    starts: Mapping[Hashable, int]
    batch_size: int
    shuffle: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Return the numbers of streams, and of members of each."""
        return len(self.members), len(self.members[0])

    @property
    def flat(self) -> list[Member]:
        """Return all members, as a program numbers them."""
        return [member for stream in self.members for member in stream]

    def training_rows(self, epoch: int) -> np.ndarray:
        """Return the rows of each batch of an epoch, as `Program.epoch` takes them.

        Args:
            epoch: Of the program, from 1; a member's own is later by its `epochs_done`.
        """
        firsts = [stream[0] for stream in self.members]
        kinds = [(len(member.spec.split.train), member.epochs_done) for member in firsts]
        orders = [np.arange(count) for count, _ in kinds]
        if self.shuffle:
            for count, done in set(kinds):
                streams = [n for n, kind in enumerate(kinds) if kind == (count, done)]
                seeds = tf.constant([firsts[stream].spec.seed for stream in streams])
                number = tf.constant(done + epoch - 1)
                shuffled = batches.epoch_orders(tf.constant(count), number, seeds)
                for stream, order in zip(streams, shuffled.numpy(), strict=True):
                    orders[stream] = order
        starts = [self.starts[member.rows] for member in firsts]
        orders = [start + order for start, order in zip(starts, orders, strict=True)]
        return _batched(orders, self.batch_size)

    def validation_rows(self) -> np.ndarray:
        """Return the rows to predict after each epoch, int32 (streams, batches, batch size)."""
        positions = []
        for member, *_ in self.members:
            start = self.starts[member.rows] + len(member.spec.split.train)
            positions.append(start + np.arange(len(member.validation)))
        most = max(map(len, positions))
        return _batched(positions, max(1, min(most, ROWS_TO_PREDICT)))


def arrange(members: Sequence[Member], *, batch_size: int, shuffle: bool) -> Streams:
    """Put members that see the same batches into one stream."""
    streams: dict[Hashable, list[Member]] = defaultdict(list)
    for member in members:
        order = (member.spec.seed, member.epochs_done) if shuffle else None
        streams[order, member.rows].append(member)
    arranged: list[list[Member]] = list(streams.values())
    if len(set(map(len, arranged))) > 1:
        arranged = [[member] for member in members]

    starts: dict[Hashable, int] = {}
    end = 0
    for member in members:
        if member.rows not in starts:
            starts[member.rows] = end
            end += len(member.spec.split.train) + len(member.validation)
    return Streams(members=arranged, starts=starts, batch_size=batch_size, shuffle=shuffle)


def program_spec(streams: Streams) -> ProgramSpec:
    """Return the network and the arrays of a program."""
    first = streams.flat[0]
    spec, problem = first.spec, first.spec.problem
    without_keras = {metric.name for metric in problem.own_metrics}
    metrics = tuple(name for name in problem.metrics if name not in without_keras)

    # Rows that several streams have in common are there once.
    by_rows = {member.rows: member for member in streams.flat}
    sources = [by_rows[rows] for rows in streams.starts]
    counts = {math.ceil(len(member.spec.split.train) / streams.batch_size) for member in sources}
    rates = [member.learning_rate for member in streams.flat]
    return ProgramSpec(
        model=json.dumps(json.loads(spec.model.to_json(), object_hook=_uninitialized)),
        modules=sorted({type(layer).__module__ for layer in spec.model.layers}),
        optimizer=keras.optimizers.serialize(spec.optimizer(1)),
        problem=replace(problem, metrics=metrics, own_metrics=()),
        has_data_loss=has_data_loss(spec),
        trainable=_stacked(streams, lambda model: model.trainable_variables),
        non_trainable=_stacked(streams, lambda model: model.non_trainable_variables),
        learning_rates=np.array(rates, "float32").reshape(streams.shape),
        units=_stacked(streams, rescaling_constants),
        features=np.concatenate([_features(member) for member in sources]),
        targets=np.concatenate([member.spec.targets[member.all_rows] for member in sources]),
        weights=_weights(sources),
        validation=streams.validation_rows(),
        even=len(counts) == 1,
    )


def _uninitialized(node: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a network's configuration whose weights start at 0, not drawn."""
    names = [name for name in node if name.endswith("_initializer") and node[name]]
    return node | dict.fromkeys(names, ZEROS)


def _stacked(streams: Streams, values: Callable[[keras.Model], Sequence[Any]]) -> list[np.ndarray]:
    """Return each of the arrays that a model has, for all models: (streams, members, ...)."""
    arrays = [[np.asarray(value) for value in values(member.spec.model)] for member in streams.flat]
    return [
        np.stack(of_all).reshape(*streams.shape, *of_all[0].shape)
        for of_all in zip(*arrays, strict=True)
    ]


def _features(member: Member) -> np.ndarray:
    """Return the features of a member's training rows, then of its validation rows."""
    dataset, encoder, rows = member.spec.dataset, member.spec.encoder, member.all_rows
    if encoding.is_held(dataset, encoder):
        return encoding.features(dataset, encoder, rows)
    loaded = batches.evaluation(dataset, encoder, rows, member.spec.targets)
    return np.concatenate([x for x, _ in loaded.as_numpy_iterator()])


def _weights(members: Sequence[Member]) -> np.ndarray | None:
    """Return what each row weighs in the training loss, float32 (rows,); None where all weigh 1."""
    weights: list[np.ndarray] = []
    for member in members:
        of_classes = member.spec.class_weight
        if of_classes is None:
            return None
        targets = member.spec.targets[member.all_rows]
        if targets.ndim > 1 and targets.shape[1] > 1:
            targets = targets.argmax(axis=1)
        of_each = np.array(list(of_classes.values()), "float32")
        weights.append(of_each[targets.ravel().astype(int)])
    return np.concatenate(weights)


def _batched(orders: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Return rows in batches, int32 (streams, batches, size), filled up with -1."""
    count = math.ceil(max(map(len, orders)) / size)
    rows = np.full((len(orders), count * size), -1, "int32")
    for row, order in zip(rows, orders, strict=True):
        row[: len(order)] = order
    return rows.reshape(len(orders), count, size)
