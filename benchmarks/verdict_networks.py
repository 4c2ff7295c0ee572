"""Many small networks trained at once: stacks of dense layers in NumPy, with Keras's defaults, side
by side.

A network differs from its neighbours in its seed, its penalty, its dropout and nothing else; all
see the same rows. What `keras.Model.fit` would do to one of them happens here to each: Glorot's
uniform first weights, zero biases, relu, a new order of the rows each epoch, a last batch that may
be short, Adam with Keras's constants, and a training loss that is the mean over the batches as they
were met, with dropout on. `verdict_keras.py` compares the two.
"""

import itertools
from dataclasses import dataclass

import numpy as np

BATCH = 32
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # of Adam, in Keras
Layers = list[
    tuple[np.ndarray, np.ndarray]
]  # kernels (networks, inputs, units), biases (networks, 1, units)


@dataclass(frozen=True)
class Task:
    """Rows to learn from, and rows to judge by; features and real targets are scaled to mean 0 and
    deviation 1.

    Attributes:
        kind: "binary", "multiclass" or "regression".
        train: Features and targets to learn from, float32 (rows, features) and (rows, outputs);
            classes one-hot.
        val: The rows of the curve.
        held: Rows that neither training nor the curve has seen: they establish the truth.
    """

    kind: str
    train: tuple[np.ndarray, np.ndarray]
    val: tuple[np.ndarray, np.ndarray]
    held: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Trained:
    """What networks did, epoch by epoch.

    Attributes:
        loss: Training loss without penalties, float64 (networks, epochs).
        val_loss: Of the validation rows, float64 (networks, watched epochs).
        val_metric: Accuracy, or mean absolute error of a regression, float64 (networks, watched
            epochs).
        held: Loss of each held-out row, float32 (networks, watched epochs, rows).
        held_metric: Whether it is right, or its absolute error, float32 (networks, watched epochs,
            rows).
    """

    loss: np.ndarray
    val_loss: np.ndarray
    val_metric: np.ndarray
    held: np.ndarray
    held_metric: np.ndarray


def row_losses(kind: str, outputs: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The loss of each row: cross-entropy of logits, or the squared error; (networks, rows)."""
    if kind == "regression":
        return ((outputs - y) ** 2).mean(axis=-1)
    if kind == "binary":
        return (np.logaddexp(0, outputs) - y * outputs).mean(axis=-1)
    top = outputs.max(axis=-1, keepdims=True)
    return (
        np.log(np.exp(outputs - top).sum(axis=-1, keepdims=True))
        + top
        - (y * outputs).sum(-1, keepdims=True)
    )[..., 0]


def row_metrics(kind: str, outputs: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether each row is right, or its absolute error; (networks, rows)."""
    if kind == "regression":
        return np.abs(outputs - y).mean(axis=-1)
    if kind == "binary":
        return ((outputs > 0) == (y > 0.5)).mean(axis=-1)
    return outputs.argmax(-1) == y.argmax(-1)


def slopes(kind: str, outputs: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of the mean loss of a batch by its outputs, (networks, batch, outputs)."""
    rows = outputs.shape[1]
    if kind == "regression":
        return 2 * (outputs - y) / (rows * outputs.shape[2])
    if kind == "binary":
        return (1 / (1 + np.exp(-np.clip(outputs, -60, 60))) - y) / (rows * outputs.shape[2])
    share = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return (share / share.sum(axis=-1, keepdims=True) - y) / rows


def forward(layers: Layers, x: np.ndarray) -> np.ndarray:
    """The outputs of every network for the same rows, (networks, rows, outputs)."""
    for kernel, bias in layers[:-1]:
        x = np.maximum(x @ kernel + bias, 0)
    return x @ layers[-1][0] + layers[-1][1]


def first_layers(sizes: list[int], seeds: list[int]) -> Layers:
    """Glorot's uniform kernels and zero biases; a seed means the same for every neighbour."""
    randoms = [np.random.default_rng([seed, 1]) for seed in seeds]
    found = []
    for inputs, units in itertools.pairwise(sizes):
        limit = np.sqrt(6 / (inputs + units))
        kernel = np.stack(
            [random.uniform(-limit, limit, (inputs, units)) for random in randoms]
        ).astype("float32")
        found.append((kernel, np.zeros((len(seeds), 1, units), "float32")))
    return found


def train(
    task: Task,
    *,
    units: int,
    layers: int,
    epochs: int,
    optimizer: str,
    learning_rate: float,
    seeds: list[int],
    l2: np.ndarray,
    dropout: np.ndarray,
    watched: set[int],
) -> Trained:
    """Train one network for each seed.

    Args:
        task: The rows.
        units: Of each hidden layer.
        layers: How many hidden layers.
        epochs: How long.
        optimizer: "adam" or "sgd".
        learning_rate: Of the optimizer.
        seeds: Of each network; it decides first weights, order of rows and dropout.
        l2: The penalty of each network on its hidden kernels, float (networks,).
        dropout: The rate of each network after each hidden layer, float (networks,).
        watched: The epochs, from 0, after which validation and held-out rows are evaluated.

    Returns:
        Its losses and metrics; not finite from where training diverged.
    """
    x, y = task.train
    stack = first_layers([x.shape[1], *[units] * layers, y.shape[1]], seeds)
    randoms = [np.random.default_rng([seed, 2]) for seed in seeds]
    keep = (1 - dropout).astype("float32")[:, None, None]
    penalty = (2 * l2).astype("float32")[:, None, None]
    moments = [[(np.zeros_like(part), np.zeros_like(part)) for part in layer] for layer in stack]
    steps, found = 0, ([], [], [], [], [])
    for epoch in range(epochs):
        order = np.stack([random.permutation(len(x)) for random in randoms])
        total = np.zeros(len(seeds))
        for start in range(0, len(x), BATCH):
            rows = order[:, start : start + BATCH]
            steps += 1
            inputs, masks, at = [x[rows]], [], y[rows]
            for kernel, bias in stack[:-1]:
                hidden = np.maximum(inputs[-1] @ kernel + bias, 0)
                if dropout.any():
                    drawn = np.stack(
                        [random.random(hidden.shape[1:], "float32") for random in randoms]
                    )
                    masks.append((drawn < keep) / keep)
                    hidden = hidden * masks[-1]
                inputs.append(hidden)
            outputs = inputs[-1] @ stack[-1][0] + stack[-1][1]
            total += row_losses(task.kind, outputs, at).sum(axis=1)
            back = slopes(task.kind, outputs, at)
            for number in reversed(range(len(stack))):
                kernel, bias = stack[number]
                hidden = inputs[number]
                gradients = (hidden.transpose(0, 2, 1) @ back, back.sum(axis=1, keepdims=True))
                if number < len(stack) - 1:
                    gradients = (gradients[0] + penalty * kernel, gradients[1])
                if number:
                    back = (back @ kernel.transpose(0, 2, 1)) * (hidden > 0)
                    back = back * masks[number - 1] if masks else back
                for part, gradient, (mean, square) in zip(
                    stack[number], gradients, moments[number], strict=True
                ):
                    if optimizer == "sgd":
                        part -= learning_rate * gradient
                        continue
                    mean += (1 - BETA_1) * (gradient - mean)
                    square += (1 - BETA_2) * (gradient**2 - square)
                    rate = learning_rate * np.sqrt(1 - BETA_2**steps) / (1 - BETA_1**steps)
                    part -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(EPSILON))
        found[0].append(total / len(x))
        if epoch not in watched:
            continue
        said = forward(stack, task.val[0])
        found[1].append(row_losses(task.kind, said, task.val[1]).mean(axis=1))
        found[2].append(row_metrics(task.kind, said, task.val[1]).mean(axis=1))
        said = forward(stack, task.held[0])
        found[3].append(row_losses(task.kind, said, task.held[1]).astype("float32"))
        found[4].append(row_metrics(task.kind, said, task.held[1]).astype("float32"))
    return Trained(*(np.stack(each, axis=1) for each in found))
