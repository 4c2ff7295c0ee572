"""Settings of small networks, and their training as one program of JAX.

All networks of a call are one `goldilocks.training.program.Program`: they differ in seed, penalty
and rate of dropout, and each does what `keras.Model.fit` would do to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
import verdict_layers as layers
from verdict_tasks import FAMILIES, FARTHEST, TASKS, WORDS

from goldilocks.problem import Problem
from goldilocks.training.program import Program
from goldilocks.training.program_spec import ProgramSpec

CLEAN = 400  # the number from which on most settings have targets without noise
GROUP = 4  # settings of one program
OPERATIONS = 4e11  # that the networks of a group may take
SHORTEST = 3  # epochs of a curve
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
    """Return a setting; every sixth group convolves or recurs, some settings learn from shuffled
    targets, and some learn far too fast.

    The settings of a group have one network and one number of epochs, so that they are one program;
    they differ in their rows, rates and penalties.
    """
    group = np.random.default_rng([20261129, number // GROUP, 1])
    deep = number // GROUP % 6 == 5
    of_kind = [name for name in FAMILIES if name.endswith(("/dense", "/embedding")) != deep]
    if not deep:  # An embedding has fewer tasks than the dense.
        kind = group.choice(["/dense", "/dense", "/dense", "/embedding"])
        of_kind = [name for name in of_kind if name.endswith(kind)]
    family = str(group.choice(of_kind))
    recurrent = family.endswith("/rnn")
    units = int(group.choice([2, 4, 8, 16] if deep else [1, 2, 4, 8, 16, 32, 64, 128]))
    layers = 1 if recurrent or units > 64 else int(group.integers(1, 4 if units < 64 else 3))
    shortest = float(group.choice([3, 20]))  # long curves alone turn
    epochs = round(math.exp(group.uniform(math.log(shortest), math.log(60 if deep else 200))))
    batch_size = int(group.choice([8, 16, 32, 64]))
    optimizer = str(group.choice(list(OPTIMIZERS), p=[0.35, 0.2, 0.1, 0.1, 0.15, 0.1]))
    schedule = str(group.choice(["constant", "cosine", "steps"], p=[0.7, 0.15, 0.15]))
    augmented, batch_norm = group.random(2) < 0.15
    most_rows = math.exp(group.uniform(math.log(60), math.log(1500 if deep else 5000)))

    random = np.random.default_rng([20261129, number, 2])
    rate = OPTIMIZERS[optimizer][1] * math.exp(random.normal(0, 1.1))
    if number % 17 == 8:
        rate *= math.exp(random.uniform(3, 6))
    penalties = [(0, 0), (0, 0), (0, 0), (1e-4, 0), (1e-3, 0), (1e-2, 0), (0, 0.2), (0, 0.5)]
    l2, dropout = penalties[random.integers(len(penalties))]
    rows = round(most_rows * math.exp(-abs(random.normal(0, 0.5))))
    val_rows = round(math.exp(random.uniform(math.log(20), math.log(3000))))
    noise = float(random.choice([0.0, 0.0, 0.05, 0.2, 0.2, 0.4]))
    shuffled = bool(random.random() < 0.08)
    # The first ones were hardly ever solved well.
    if number >= CLEAN and random.random() < 0.8:
        noise, shuffled = 0.0, False
    return Setting(
        number=number,
        family=family,
        rows=rows,
        val_rows=val_rows,
        noise=noise,
        shuffled=shuffled,
        units=2 * units if recurrent else units,
        layers=layers,
        cell=str(group.choice(list(RECURRENT))),
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=float(f"{rate:.3g}"),
        schedule=schedule,
        l2=float(l2),
        dropout=float(dropout),
        augmented=bool(augmented),
        batch_norm=bool(batch_norm),
    )


def affordable(settings: Sequence[Setting], datas: Sequence[Data]) -> list[Setting]:
    """Return settings with larger batches and fewer epochs where training would take too long."""
    first, data = settings[0], datas[0]
    rows = max(each.counts[0] for each in datas)
    batch_size, epochs = first.batch_size, first.epochs
    most = 400 if first.is_deep else 1500
    while epochs * math.ceil(rows / batch_size) > most and batch_size < 256:
        batch_size *= 2
    inputs = int(np.prod(data.x.shape[1:])) * (16 if data.x.dtype.kind == "i" else 1)
    units = 4 * first.units
    weights = inputs * units + (first.layers - 1) * units**2 + units * data.outputs
    if first.architecture in ("conv", "conv1d"):
        weights = inputs * (9 * units + (first.layers > 1) * 9 * units**2 / 2)
    if first.architecture == "rnn":
        weights = data.x.shape[1] * 4 * (units + 16) * units
    operations = 6 * weights * rows * first.seeds * len(settings)
    epochs = min(epochs, most // math.ceil(rows / batch_size), int(OPERATIONS / operations))
    return [
        replace(setting, batch_size=batch_size, epochs=max(SHORTEST, epochs))
        for setting in settings
    ]


def lengths_of(setting: Setting) -> list[int]:
    """Return the epochs after which the run is judged, the longest first."""
    fractions = (1, 2, 4) if setting.schedule == "constant" else (1,)
    lengths = [setting.epochs // fraction for fraction in fractions]
    return [length for length in dict.fromkeys(lengths) if length >= SHORTEST]


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


def factor(schedule: str, epoch: int, epochs: int) -> float:
    """Return what the first learning rate is multiplied by in an epoch, from 1."""
    done = min(1.0, (epoch - 1) / epochs)
    if schedule == "cosine":
        return 0.5 + 0.5 * math.cos(math.pi * done)
    if schedule == "steps":
        return 0.2 ** ((done >= 0.5) + (done >= 0.75))
    return 1.0


@dataclass(frozen=True)
class Trained:
    """What the networks of a setting did, each array (seeds, penalties, ...).

    Attributes:
        loss: Training loss without penalties, (..., epochs).
        val_loss: Of the rows of the curve, by epoch from 1, (...).
        val_metric: As `val_loss`.
        held: Loss of each row held back, by epoch, float32 (..., rows).
        held_metric: Whether it is right, or its absolute error, as `held`.
    """

    loss: np.ndarray
    val_loss: dict[int, np.ndarray]
    val_metric: dict[int, np.ndarray]
    held: dict[int, np.ndarray]
    held_metric: dict[int, np.ndarray]


def train(
    settings: Sequence[Setting],
    datas: Sequence[Data],
    *,
    size: int,
    epochs: int,
    until: int,
    penalties: Sequence[Sequence[tuple[float, float]]],
    watched: set[int],
    held: set[int],
) -> list[Trained]:
    """Train networks of each setting, from each seed with each penalty, as one program.

    Args:
        settings: Of one group.
        datas: Their rows.
        size: Times the units of the settings.
        epochs: That a schedule spans.
        until: How long.
        penalties: Of each setting, L2 and the rate of dropout.
        watched: Epochs, from 1, after which the rows of the curve are predicted.
        held: Those of them after which rows held back are predicted too.
    """
    first, counts = settings[0], [data.counts for data in datas]
    seeds = [1000 * one.number + seed for one in settings for seed in range(first.seeds)]
    of_seed = [penalties[number // first.seeds] for number in range(len(seeds))]
    shape = len(seeds), len(of_seed[0])
    has_dropout = any(rate for each in penalties for _, rate in each)
    outputs = max(data.outputs for data in datas)
    data = replace(datas[0], outputs=outputs)
    model = network(first, data, units=size * first.units, has_dropout=has_dropout)
    make, _ = OPTIMIZERS[first.optimizer]
    options = {"momentum": 0.9} if first.optimizer == "momentum" else {}
    losses = {
        "binary": ("sigmoid", "binary_crossentropy"),
        "multiclass": ("softmax", "sparse_categorical_crossentropy"),
        "regression": ("linear", "mean_squared_error"),
    }
    starts = np.cumsum([0, *(sum(each) for each in counts)])
    each_start = np.repeat(starts[:-1], first.seeds)
    each_count = [each for each in counts for _ in range(first.seeds)]
    predicted = [
        start + np.arange(train, train + val + rest)
        for start, (train, val, rest) in zip(each_start, each_count, strict=True)
    ]
    rates = np.repeat([one.learning_rate for one in settings], first.seeds)
    rates = np.tile(rates[:, None], shape[1]).astype("float32")
    program = Program()
    program.load(
        ProgramSpec(
            model=model.to_json(),
            modules=["verdict_layers"],
            optimizer=keras.optimizers.serialize(make(0.001, **options)),
            problem=Problem(first.kind, *losses[first.kind], ()),
            has_data_loss=True,
            trainable=_each(model.trainable_variables, seeds, of_seed),
            non_trainable=_each(model.non_trainable_variables, seeds, of_seed),
            learning_rates=rates,
            units=[],
            features=np.concatenate([each.x for each in datas]),
            targets=np.concatenate([each.y for each in datas]),
            weights=None,
            validation=_batched(predicted, PREDICTED),
            even=len({math.ceil(each[0] / first.batch_size) for each in counts}) == 1,
        )
    )
    names = [variable.path for variable in program.optimizer.variables]
    rate_at = next(at for at, name in enumerate(names) if name.endswith("/learning_rate"))
    curve = [rows[: each[1]] for rows, each in zip(predicted, each_count, strict=True)]
    positions = {True: program.validation, False: _batched(curve, PREDICTED)}
    orders = [np.random.default_rng([seed, 2]) for seed in seeds]

    trained = [Trained(np.zeros((first.seeds, shape[1], until)), {}, {}, {}, {}) for _ in settings]
    for epoch in range(1, until + 1):
        trainable, others, optimizer = program.variables
        optimizer[rate_at] = rates * factor(first.schedule, epoch, epochs)
        program.variables = trainable, others, optimizer
        program.validation = np.zeros((0,), "int32")
        if epoch in watched:
            program.validation = positions[epoch in held]
        rows = [
            start + order.permutation(each[0])
            for start, order, each in zip(each_start, orders, each_count, strict=True)
        ]
        rows = _batched(rows, first.batch_size)
        done = program.epoch(rows, rows.shape[1], None)
        loss = done.logs["data_loss"].reshape(len(settings), first.seeds, shape[1])
        for number, result in enumerate(trained):
            result.loss[..., epoch - 1] = loss[number]
            if epoch in watched:
                values = done.predictions.reshape(*shape, *done.predictions.shape[1:])
                own = values[number * first.seeds : (number + 1) * first.seeds]
                _score(result, epoch, first, datas[number], own, has_held=epoch in held)
    return trained


def _score(
    result: Trained,
    epoch: int,
    setting: Setting,
    data: Data,
    predictions: np.ndarray,
    *,
    has_held: bool,
) -> None:
    """Record the losses and metrics of an epoch's predictions, (seeds, penalties, rows, outputs)."""
    train, val, held = data.counts
    count = val + held if has_held else val
    y, predictions = data.y[train : train + count], predictions[:, :, :count]
    losses = row_losses(setting, predictions, y)
    scores = row_metrics(setting, predictions, y)
    result.val_loss[epoch] = losses[..., :val].mean(axis=-1)
    result.val_metric[epoch] = scores[..., :val].mean(axis=-1)
    if has_held:
        result.held[epoch] = losses[..., val:].astype("float32")
        result.held_metric[epoch] = scores[..., val:].astype("float32")


def _each(
    variables: Sequence[keras.Variable],
    seeds: Sequence[int],
    penalties: Sequence[Sequence[tuple[float, float]]],
) -> list[np.ndarray]:
    """Return the first values of variables, each (seeds, penalties, ...)."""
    randoms = [np.random.default_rng([seed, 1]) for seed in seeds]
    arrays: list[np.ndarray] = []
    for variable in variables:
        values = np.stack([first_values(variable, random) for random in randoms])
        values = np.repeat(values[:, None], len(penalties[0]), axis=1)
        for index, name in enumerate(("l2", "rate")):
            if variable.path.endswith(f"/{name}"):
                values[:] = [[penalty[index] for penalty in each] for each in penalties]
        arrays.append(values)
    return arrays


def _batched(orders: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Return rows in batches, int32 (orders, batches, size), -1 where there is none."""
    count = math.ceil(max(map(len, orders)) / size)
    batches = np.full((len(orders), count * size), -1, "int32")
    for row, order in zip(batches, orders, strict=True):
        row[: len(order)] = order
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
