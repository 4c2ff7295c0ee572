"""Some of the real curves from Keras itself: `python benchmarks/verdict_keras.py`, after
`verdict_trained.py`.

Every ninth run of `verdict_curves.csv` is trained by `keras.Model.fit` from three seeds. That its
held-out loss is that of the NumPy networks is tested by ranks (Mann and Whitney, 1947), as tiny
networks may die and the others not; the first seed's curve goes to `verdict_curves_keras.csv`, with
what the interventions brought to its neighbour in NumPy, and how far that one beats the baseline.
"""

import csv
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from scipy import stats
from verdict_networks import BATCH, Task, train
from verdict_tasks import Setting, draw, task
from verdict_trained import FILE, SEEDS, written

KERAS_FILE = FILE.with_name("verdict_curves_keras.csv")
EVERY = 9
KERAS_SEEDS = 3
LOSSES = {
    "binary": "binary_crossentropy",
    "multiclass": "categorical_crossentropy",
    "regression": "mse",
}
ENDS = {"binary": "sigmoid", "multiclass": "softmax", "regression": "linear"}


def build(setting: Setting, data: Task) -> keras.Model:
    """The network of a run, compiled."""
    keras.utils.set_random_seed(setting.number)
    model = keras.Sequential([keras.Input(data.train[0].shape[1:])])
    for _ in range(setting.layers):
        penalty = keras.regularizers.L2(setting.l2) if setting.l2 else None
        model.add(keras.layers.Dense(setting.units, "relu", kernel_regularizer=penalty))
        if setting.dropout:
            model.add(keras.layers.Dropout(setting.dropout))
    model.add(keras.layers.Dense(data.train[1].shape[1], ENDS[data.kind]))
    loss = keras.losses.get(LOSSES[data.kind])
    score = keras.metrics.MeanAbsoluteError(name="metric")
    if data.kind == "binary":
        score = keras.metrics.BinaryAccuracy(name="metric")
    elif data.kind == "multiclass":
        score = keras.metrics.CategoricalAccuracy(name="metric")
    optimizer = keras.optimizers.Adam if setting.optimizer == "adam" else keras.optimizers.SGD
    model.compile(
        optimizer(setting.learning_rate),
        loss,
        metrics=[keras.metrics.MeanMetricWrapper(loss, name="data_loss"), score],
    )
    return model


def fit(
    model: keras.Model, setting: Setting, data: Task, seed: int
) -> tuple[dict[str, list[float]], float]:
    """The history of a training from new weights, without penalties, and the loss of the held-out
    rows at its end.
    """
    keras.utils.set_random_seed(1000 * setting.number + seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            layer.kernel.assign(keras.initializers.GlorotUniform()(layer.kernel.shape))
            layer.bias.assign(keras.ops.zeros(layer.bias.shape))
    for variable in model.optimizer.variables:
        if variable is not model.optimizer.learning_rate:
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))
    history = model.fit(
        *data.train, batch_size=BATCH, epochs=setting.epochs, validation_data=data.val, validation_batch_size=4096,
        verbose=0,
    ).history  # fmt: skip
    held = model.evaluate(*data.held, batch_size=4096, verbose=0, return_dict=True)["data_loss"]
    return history, held


def main() -> None:
    with FILE.open(newline="") as file:
        lines = {int(line["number"]): line for line in csv.DictReader(file)}
    chances, trained_lines = [], []
    for number in [number for number in sorted(lines) if number % EVERY == 1]:
        setting = draw(number)
        data = task(setting)
        model = build(setting, data)
        trained = [fit(model, setting, data, seed) for seed in range(KERAS_SEEDS)]
        in_numpy = train(
            data, units=setting.units, layers=setting.layers, epochs=setting.epochs, optimizer=setting.optimizer,
            learning_rate=setting.learning_rate, seeds=[1000 * number + seed for seed in range(SEEDS)],
            l2=np.full(SEEDS, setting.l2), dropout=np.full(SEEDS, setting.dropout), watched={setting.epochs - 1},
        )  # fmt: skip
        ours, theirs = in_numpy.held[:, -1].mean(axis=1), np.array([held for _, held in trained])
        chances.append(
            stats.mannwhitneyu(
                np.nan_to_num(ours, nan=np.inf), np.nan_to_num(theirs, nan=np.inf)
            ).pvalue
        )
        history = trained[0][0]
        curves = written(
            *(np.array(history[name]) for name in ("data_loss", "val_data_loss", "val_metric"))
        )
        trained_lines.append(lines[number] | {"source": "keras"} | curves)
        print(
            f"{number:3} {setting.family:14} NumPy {ours.mean():.4f}, Keras {theirs.mean():.4f}, p "
            f"{chances[-1]:.3f}"
        )
    with KERAS_FILE.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(trained_lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(trained_lines)
    few = sum(chance < 0.05 for chance in chances)
    print(
        f"{few} of {len(chances)} differ at 5 %; by chance {0.05 * len(chances):.1f} would, at "
        "most."
    )


if __name__ == "__main__":
    main()
