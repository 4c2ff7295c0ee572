"""Settings of small networks, and their training as one program of JAX.

All networks of a call are one `goldilocks.training.program.Program`: they differ in seed, penalty
and rate of dropout, and each does what `keras.Model.fit` would do to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
import verdict_layers as layers
from verdict_tasks import FAMILIES, FARTHEST, TASKS, WORDS

from goldilocks.problem import Problem
from goldilocks.training.program import Program
from goldilocks.training.program_spec import ProgramSpec

HELD_ROWS = 2000  # at most; of shipped tasks half of what they have
PREDICTED = 512  # rows of a batch that is predicted
OPTIMIZERS = {
    "adam": (keras.optimizers.Adam, 0.003),
    "rmsprop": (keras.optimizers.RMSprop, 0.003),
    "nadam": (keras.optimizers.Nadam, 0.003),
    "adamw": (keras.optimizers.AdamW, 0.003),
    "sgd": (keras.optimizers.SGD, 0.1),
    "momentum": (keras.optimizers.SGD, 0.03),
}
ZEROS = {"kernel_initializer": "zeros"}  # `first_values` draws them
RECURRENT = {
    "gru": layers.PenalizedGRU,
    "lstm": layers.PenalizedLSTM,
    "simple": layers.PenalizedSimpleRNN,
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One run.

    Attributes:
        number: Of the setting; it decides the rows and the seeds.
        family: The task and the architecture, "task/architecture".
        rows: To learn from; a shipped task may have fewer.
        val_rows: Of the curve; a shipped task may have fewer.
        noise: Share of wrong labels, or the standard deviation of the noise of real targets in that
            of the targets.
        shuffled: Whether targets are shuffled, so that there is nothing to learn.
        units: Of each hidden layer, or filters.
        layers: Hidden ones.
        cell: Of recurrent layers.
        epochs: How many.
        batch_size: Rows of a batch.
        optimizer: One of `OPTIMIZERS`.
        learning_rate: Of it, at first.
        schedule: "constant", "cosine" or "steps".
        l2: Penalty.
        dropout: Rate.
        augmented: Whether inputs are moved, or get noise.
        batch_norm: Whether dense layers and convolutions have it.
    """

    number: int
    family: str
    rows: int
    val_rows: int
    noise: float
    shuffled: bool
    units: int
    layers: int
    cell: str
    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    schedule: str
    l2: float
    dropout: float
    augmented: bool
    batch_norm: bool

    @property
    def architecture(self) -> str:
        """Return the part of the family's name after the task's."""
        return self.family.partition("/")[2]

    @property
    def kind(self) -> str:
        """Return "binary", "multiclass" or "regression"."""
        return TASKS[self.family.partition("/")[0]].kind

    @property
    def is_deep(self) -> bool:
        """Whether it convolves or recurs, and so is expensive."""
        return self.architecture not in ("dense", "embedding")

    @property
    def seeds(self) -> int:
        """Return how many networks are trained alike."""
        return 3 if self.is_deep else 6


def draw(number: int) -> Setting:
    """Return a setting; every sixth convolves or recurs, some learn from shuffled targets, and some
    learn far too fast.
    """
    random = np.random.default_rng([20261129, number])
    deep = number % 6 == 5
    of_kind = [name for name in FAMILIES if name.endswith(("/dense", "/embedding")) != deep]
    if not deep:  # An embedding has fewer tasks than the dense.
        kind = random.choice(["/dense", "/dense", "/dense", "/embedding"])
        of_kind = [name for name in of_kind if name.endswith(kind)]
    family = str(random.choice(of_kind))
    recurrent = family.endswith("/rnn")

    units = int(random.choice([2, 4, 8, 16] if deep else [1, 2, 4, 8, 16, 32, 64, 128, 256]))
    rows = round(math.exp(random.uniform(math.log(25), math.log(1500 if deep else 5000))))
    shortest = float(random.choice([3, 20]))  # long curves alone turn
    epochs = round(math.exp(random.uniform(math.log(shortest), math.log(60 if deep else 200))))
    batch_size = int(random.choice([4, 8, 16, 32, 64]))
    most = 600 if deep else 4000
    while epochs * math.ceil(rows / batch_size) > most and batch_size < 256:
        batch_size *= 2
    epochs = max(3, min(epochs, most // math.ceil(rows / batch_size)))

    optimizer = str(random.choice(list(OPTIMIZERS), p=[0.35, 0.2, 0.1, 0.1, 0.15, 0.1]))
    rate = OPTIMIZERS[optimizer][1] * math.exp(random.normal(0, 1.1))
    if number % 17 == 8:
        rate *= math.exp(random.uniform(3, 6))
    l2, dropout = [(0, 0), (0, 0), (0, 0), (1e-4, 0), (1e-3, 0), (1e-2, 0), (0, 0.2), (0, 0.5)][
        random.integers(8)
    ]
    return Setting(
        number=number,
        family=family,
        rows=rows,
        val_rows=round(math.exp(random.uniform(math.log(20), math.log(3000)))),
        noise=float(random.choice([0.0, 0.0, 0.05, 0.2, 0.2, 0.4])),
        shuffled=bool(random.random() < 0.08),
        units=2 * units if recurrent else units,
        layers=1 if recurrent or units > 64 else int(random.integers(1, 4 if units < 64 else 3)),
        cell=str(random.choice(list(RECURRENT))),
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=float(f"{rate:.3g}"),
        schedule=str(random.choice(["constant", "cosine", "steps"], p=[0.7, 0.15, 0.15])),
        l2=float(l2),
        dropout=float(dropout),
        augmented=bool(random.random() < 0.15),
        batch_norm=bool(random.random() < 0.15),
    )


@dataclass(frozen=True)
class Data:
    """Rows of a setting, scaled by its training rows.

    Attributes:
        x: Features, training rows first, then those of the curve, then those held back.
        y: Targets, as the loss takes them.
        counts: Of the three.
        outputs: Of a network.
    """

    x: np.ndarray
    y: np.ndarray
    counts: tuple[int, int, int]
    outputs: int

    @property
    def parts(self) -> tuple[slice, slice, slice]:
        """Return where the three are."""
        train, val, held = self.counts
        return slice(train), slice(train, train + val), slice(train + val, train + val + held)


def data_of(setting: Setting) -> Data:
    """Return the rows of a setting, with noise and shuffling as it says."""
    random = np.random.default_rng([setting.number, 7])
    task = TASKS[setting.family.partition("/")[0]]
    x, y = task.draw(setting.rows + setting.val_rows + HELD_ROWS, random)
    order = random.permutation(len(x))
    held = min(HELD_ROWS, len(x) // 2)
    val = min(setting.val_rows, (len(x) - held) // 3)
    rows = min(setting.rows, len(x) - held - val)
    order = order[: rows + val + held]
    x, y = x[order], y[order]

    if task.kind == "regression":
        y = y + random.normal(0, setting.noise, y.shape) * y.std(axis=0)
    else:
        y = np.where(random.random(len(y)) < setting.noise, random.permutation(y), y)
    y = random.permutation(y) if setting.shuffled else y

    if np.issubdtype(x.dtype, np.floating):
        mean, deviation = x[:rows].mean(axis=0), x[:rows].std(axis=0)
        if x.ndim > 2:
            mean, deviation = mean.mean(), x[:rows].std()
        x = np.clip((x - mean) / np.maximum(deviation, 1e-6), -FARTHEST, FARTHEST)
        x = x.astype("float32")
    if task.kind == "regression":
        y = (y - y[:rows].mean(axis=0)) / np.maximum(y[:rows].std(axis=0), 1e-6)
    if task.kind == "multiclass":
        return Data(x, y.astype("int32"), (rows, val, held), int(y.max()) + 1)
    y = y.astype("float32").reshape(len(y), -1)
    return Data(x, y, (rows, val, held), y.shape[1])


def network(setting: Setting, data: Data, *, units: int, has_dropout: bool) -> keras.Model:
    """Return a network of a setting, with so many units."""
    inputs = keras.Input(data.x.shape[1:], dtype=data.x.dtype.name)
    tensor, architecture = inputs, setting.architecture
    if data.x.dtype == "int32" or data.x.dtype == "int64":
        tensor = keras.layers.Embedding(WORDS, 16, embeddings_initializer="zeros")(tensor)
    elif setting.augmented:
        tensor = layers.Noise()(tensor) if data.x.ndim == 2 else layers.Shift()(tensor)
    if architecture == "embedding":
        pooling = keras.layers.Flatten() if setting.number % 2 else _mean()
        tensor = pooling(tensor)

    for number in range(setting.layers):
        if architecture == "rnn":
            tensor = RECURRENT[setting.cell](units, recurrent_initializer="zeros", **ZEROS)(tensor)
        elif architecture in ("conv", "conv1d"):
            filters = units * 2 ** min(number, 1)
            tensor = layers.PenalizedConv(filters, activation="relu", **ZEROS)(tensor)
            tensor = layers.Pool()(tensor)
        else:
            tensor = layers.PenalizedDense(units, activation="relu", **ZEROS)(tensor)
        if setting.batch_norm and architecture != "rnn":
            tensor = keras.layers.BatchNormalization()(tensor)
        if has_dropout:
            tensor = layers.Dropout()(tensor)
    if architecture in ("conv", "conv1d"):
        tensor = keras.layers.Flatten()(tensor)
    activation = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}
    outputs = keras.layers.Dense(data.outputs, activation=activation[setting.kind], **ZEROS)(tensor)
    return keras.Model(inputs, outputs)


def _mean() -> keras.layers.Layer:
    return keras.layers.GlobalAveragePooling1D()


def first_values(variable: keras.Variable, random: np.random.Generator) -> np.ndarray:
    """Return first values as Keras draws them, by the name of a variable."""
    value = np.asarray(variable)
    name = variable.path.rpartition("/")[2]
    if name == "recurrent_kernel":
        tall = random.normal(size=value.shape[::-1])
        return np.linalg.qr(tall)[0].T.astype("float32")
    if name == "kernel":
        limit = math.sqrt(6 / sum(value.shape[-2:]))
        return random.uniform(-limit, limit, value.shape).astype("float32")
    if name == "embeddings":
        return random.uniform(-0.05, 0.05, value.shape).astype("float32")
    if "seed" in name:
        return random.integers(0, 2**31, value.shape).astype(value.dtype)
    return value


def optimizer_of(setting: Setting, steps: int) -> keras.optimizers.Optimizer:
    """Return the optimizer of a training of so many steps; its schedule ends with them."""
    make, _ = OPTIMIZERS[setting.optimizer]
    rate = setting.learning_rate
    if setting.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    if setting.schedule == "steps":
        ends = [max(1, steps // 2), max(2, 3 * steps // 4)]
        rates = [rate, rate / 5, rate / 25]
        rate = keras.optimizers.schedules.PiecewiseConstantDecay(ends, rates)
    options = {"momentum": 0.9} if setting.optimizer == "momentum" else {}
    return make(rate, **options)


@dataclass(frozen=True)
class Trained:
    """What networks did, each array (seeds, penalties, ...).

    Attributes:
        loss: Training loss without penalties, (..., epochs).
        val: Predictions of the rows of the curve by epoch, from 1, (..., rows, outputs).
        held: The same of rows held back.
    """

    loss: np.ndarray
    val: dict[int, np.ndarray]
    held: dict[int, np.ndarray]


def train(
    setting: Setting,
    data: Data,
    *,
    units: int,
    epochs: int,
    penalties: Sequence[tuple[float, float]],
    watched: set[int],
) -> Trained:
    """Train networks of each seed with each penalty.

    Args:
        setting: All else.
        data: Its rows.
        units: Of each hidden layer.
        epochs: How long.
        penalties: L2 and the rate of dropout.
        watched: Epochs, from 1, after which rows are predicted.
    """
    seeds = [1000 * setting.number + seed for seed in range(setting.seeds)]
    has_dropout = any(rate for _, rate in penalties)
    model = network(setting, data, units=units, has_dropout=has_dropout)
    batches = math.ceil(data.counts[0] / setting.batch_size)
    shape = len(seeds), len(penalties)
    trainable = _each(model.trainable_variables, seeds, penalties)
    others = _each(model.non_trainable_variables, seeds, penalties)
    predicted = np.arange(data.counts[0], sum(data.counts))
    positions = _batched([predicted] * len(seeds), PREDICTED)
    losses = {
        "binary": ("sigmoid", "binary_crossentropy"),
        "multiclass": ("softmax", "sparse_categorical_crossentropy"),
        "regression": ("linear", "mean_squared_error"),
    }
    program = Program()
    program.load(
        ProgramSpec(
            model=model.to_json(),
            modules=["verdict_layers"],
            optimizer=keras.optimizers.serialize(optimizer_of(setting, epochs * batches)),
            problem=Problem(setting.kind, *losses[setting.kind], ()),
            has_data_loss=True,
            trainable=trainable,
            non_trainable=others,
            learning_rates=np.full(shape, setting.learning_rate, "float32"),
            units=[],
            features=data.x,
            targets=data.y,
            weights=None,
            validation=positions,
            even=True,
        )
    )
    positions, nothing = program.validation, np.zeros((0,), "int32")
    orders = [np.random.default_rng([seed, 2]) for seed in seeds]
    loss: list[np.ndarray] = []
    val: dict[int, np.ndarray] = {}
    held: dict[int, np.ndarray] = {}
    for epoch in range(1, epochs + 1):
        program.validation = positions if epoch in watched else nothing
        rows = _batched([order.permutation(data.counts[0]) for order in orders], setting.batch_size)
        done = program.epoch(rows, batches, None)
        loss.append(done.logs["data_loss"].reshape(shape))
        if epoch in watched:
            outputs = done.predictions[:, : len(predicted)].reshape(*shape, len(predicted), -1)
            val[epoch], held[epoch] = np.split(outputs, [data.counts[1]], axis=2)
    return Trained(np.stack(loss, axis=2), val, held)


def _each(
    variables: Sequence[keras.Variable],
    seeds: Sequence[int],
    penalties: Sequence[tuple[float, float]],
) -> list[np.ndarray]:
    """Return the first values of variables, each (seeds, penalties, ...)."""
    randoms = [np.random.default_rng([seed, 1]) for seed in seeds]
    arrays: list[np.ndarray] = []
    for variable in variables:
        values = np.stack([first_values(variable, random) for random in randoms])
        values = np.repeat(values[:, None], len(penalties), axis=1)
        for index, name in enumerate(("l2", "rate")):
            if variable.path.endswith(f"/{name}"):
                values[:] = [penalty[index] for penalty in penalties]
        arrays.append(values)
    return arrays


def _batched(orders: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Return rows in batches, int32 (orders, batches, size), -1 where there is none."""
    count = math.ceil(len(orders[0]) / size)
    batches = np.full((len(orders), count * size), -1, "int32")
    batches[:, : len(orders[0])] = orders
    return batches.reshape(len(orders), count, size)


def row_losses(setting: Setting, outputs: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the loss of each row, (..., rows)."""
    outputs = outputs.astype(float)
    if setting.kind == "regression":
        return ((outputs - y) ** 2).mean(axis=-1)
    outputs = np.clip(outputs, 1e-7, 1 - 1e-7)
    if setting.kind == "binary":
        return -np.log(np.where(y > 0.5, outputs, 1 - outputs))[..., 0]
    chosen = np.broadcast_to(y[:, None], (*outputs.shape[:-1], 1))
    return -np.log(np.take_along_axis(outputs, chosen, axis=-1))[..., 0]


def row_metrics(setting: Setting, outputs: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return whether each row is right, or its absolute error, (..., rows)."""
    if setting.kind == "regression":
        return np.abs(outputs - y).mean(axis=-1)
    if setting.kind == "binary":
        return ((outputs > 0.5) == (y > 0.5))[..., 0].astype(float)
    return (outputs.argmax(axis=-1) == y).astype(float)
