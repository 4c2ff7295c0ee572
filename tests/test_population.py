"""Networks trained as one program, beside TensorFlow's `fit` of the same weights and batches.

`python tests/test_population.py [WORD ...]` trains all configurations, or those whose name has one
of the words, and prints how far the two are apart.
"""

import dataclasses
import functools
import math
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import sklearn.datasets

from composition import checked
from goldilocks.backend import keras
from goldilocks.encoding import encoder as encoding
from goldilocks.encoding.targets import standardized
from goldilocks.evaluation.scores import scores
from goldilocks.run import outcome
from goldilocks.run.context import RunContext, TrainingSpec
from goldilocks.run.run import training_specs
from goldilocks.run.train import prepare
from goldilocks.tracking import null
from goldilocks.training import jax_process, population
from goldilocks.training.fit import FitResult, FitSpec
from goldilocks.training.interruption import Interruption
from goldilocks.training.obstacles import obstacle
from goldilocks.training.predict import predict
from goldilocks.training.program_checkpoint import ProgramCheckpoints

OWN = """
import numpy as np

def quartile(y_true, y_pred):
    return np.quantile(np.abs(y_true - y_pred), 0.75)

quartile.greater_is_better = False
"""
KEYS = ("epochs", "batch_size", "steps_per_epoch", "validation_steps", "shuffle")
WINDOW = 10  # epochs in which each value of the two must be the same, at batch 16 and more
WINDOW_OF_SINGLE_ROWS = 2  # the same at batch 1, of so many more steps an epoch
CLOSE = 1e-4  # relative
ROUNDINGS = 6  # trainings by `fit` of first weights moved by a rounding, where the two are apart
DISTRIBUTION = 30  # seeds with dropout, whose random numbers are others in JAX


@dataclasses.dataclass(frozen=True)
class Configuration:
    """Overrides that all members of a program have in common, and those of each."""

    common: str
    members: tuple[str, ...] = ("seed=0", "seed=1", "seed=2")


CONFIGURATIONS = {
    "regression, seeds": Configuration(
        "dataset=table dataset.file=diabetes.csv dataset.target=progress optimizer=rmsprop"
        " trainer.batch_size=16 trainer.epochs=30"
    ),
    "regression, unequal folds at batch 1": Configuration(
        "dataset=table dataset.file=few.csv dataset.target=progress optimizer=sgd model.units=16"
        " optimizer.nesterov=true optimizer.learning_rate=0.001 protocol=kfold protocol.k=4"
        " trainer.batch_size=1 trainer.epochs=8",
        ("seed=0", "seed=1"),
    ),
    "regression in its unit, mae, l2": Configuration(
        "dataset=table dataset.file=diabetes.csv dataset.target=progress problem.loss=mae"
        " problem.standardize=false optimizer=adam regularizer=l2"
        " trainer.batch_size=32 trainer.epochs=30"
    ),
    "several numbers, huber, l1 and l2, folds": Configuration(
        "dataset=table dataset.file=numbers.csv dataset.target=[first,second,third]"
        " problem.loss=huber optimizer=adam regularizer=l1_l2 protocol=kfold protocol.k=3"
        " trainer.batch_size=16 trainer.epochs=30",
        ("seed=0", "seed=1"),
    ),
    "unit regression, own metric": Configuration(
        "dataset=table dataset.file=unit.csv dataset.target=share problem.type=unit_regression"
        " own=[populationmetrics] problem.metrics=[populationmetrics.quartile,mae,r2_score]"
        " optimizer=rmsprop optimizer.momentum=0.5 trainer.batch_size=16 trainer.epochs=30"
    ),
    "binary, learning rates and seeds, clipnorm": Configuration(
        "dataset=table dataset.file=cancer.csv dataset.target=malignant optimizer=adam"
        " optimizer.clipnorm=0.5 problem.metrics=[accuracy,auc,f1_score,log_loss]"
        " trainer.batch_size=16 trainer.epochs=30",
        tuple(f"optimizer.learning_rate={r} seed={s}" for r in (0.003, 0.0003) for s in (0, 1)),
    ),
    "binary, class weights, weight decay, val_auc": Configuration(
        "dataset=table dataset.file=cancer.csv dataset.target=malignant optimizer=adamw"
        " problem.class_weight=balanced problem.metrics=[auc,accuracy] trainer.monitor=val_auc"
        " trainer.batch_size=20 trainer.epochs=30"
    ),
    "classes as integers, nadam, l1": Configuration(
        "dataset=table dataset.file=wine.csv dataset.target=grower optimizer=nadam regularizer=l1"
        " problem.metrics=[accuracy,top_k_categorical_accuracy,balanced_accuracy]"
        " trainer.batch_size=16 trainer.epochs=30"
    ),
    "classes one-hot, sgd, weights": Configuration(
        "dataset=table dataset.file=wine.csv dataset.target=grower optimizer=sgd"
        " problem.loss=categorical_crossentropy problem.class_weight=balanced"
        " trainer.batch_size=16 trainer.epochs=30"
    ),
    "labels": Configuration(
        "dataset=table dataset.file=labels.csv dataset.target=[red,round,loud] optimizer=rmsprop"
        " problem.metrics=[average_precision,auc,f1_score] trainer.batch_size=16"
        " trainer.epochs=30"
    ),
    "token sequences, patience": Configuration(
        "dataset=imdb dataset.source=stand_in dataset.subset=400 dataset.max_tokens=500"
        " dataset.maxlen=20 model=embedding regularizer=early_stopping regularizer.patience=1"
        " optimizer=sgd optimizer.learning_rate=1 trainer.batch_size=32 trainer.epochs=30"
    ),
    "series, orders in common": Configuration(
        "dataset=series dataset.file=series.csv dataset.time=when dataset.target=load"
        " dataset.lookback=12 model=mlp model.units=[16] optimizer=rmsprop problem.loss=mae"
        " trainer.shuffle=false trainer.batch_size=32 trainer.epochs=20",
    ),
    "queries, few validation rows": Configuration(
        "dataset=table dataset.file=queries.csv dataset.target=clicks dataset.query=search"
        " problem.metrics=[ndcg,mae] trainer.monitor=val_ndcg trainer.validation_steps=3"
        " optimizer=adam trainer.batch_size=16 trainer.epochs=30"
    ),
    "classes of newswires, final": Configuration(
        "dataset=reuters dataset.source=stand_in dataset.subset=500 dataset.max_tokens=300"
        " final=true optimizer=rmsprop trainer.batch_size=64 trainer.epochs=10"
    ),
    "recurrent network on a series": Configuration(
        "dataset=series dataset.file=series.csv dataset.time=when dataset.target=load"
        " dataset.lookback=12 model=rnn model.units=4 optimizer=adam"
        " trainer.batch_size=32 trainer.epochs=10",
        ("seed=0", "seed=1"),
    ),
}
WITH_DROPOUT = Configuration(
    "dataset=table dataset.file=diabetes.csv dataset.target=progress model.units=16"
    " regularizer=dropout trainer.batch_size=16 trainer.epochs=20",
    tuple(f"seed={seed}" for seed in range(DISTRIBUTION)),
)
FAST = {
    "two unequal folds at batch 1": Configuration(
        "dataset=table dataset.file=few.csv dataset.target=progress optimizer=sgd model.units=8"
        " protocol=kfold protocol.k=2 regularizer=l2 trainer.batch_size=1 trainer.epochs=3",
        ("seed=0",),
    ),
    "class weights, val_auc": Configuration(
        "dataset=table dataset.file=cancer.csv dataset.target=malignant problem.metrics=[auc]"
        " problem.class_weight=balanced trainer.monitor=val_auc trainer.batch_size=20"
        " trainer.epochs=10 optimizer=adamw",
        ("seed=0", "seed=1"),
    ),
}


def write_data(folder):
    """Write the tables and the series that the configurations train on."""
    diabetes = sklearn.datasets.load_diabetes(as_frame=True, scaled=False)
    frame = diabetes.frame.rename(columns={"target": "progress"})
    frame.to_csv(folder / "diabetes.csv", index=False)
    frame[:111].to_csv(folder / "few.csv", index=False)
    share = (frame["progress"] - 20) / 340
    frame.assign(share=share).drop(columns="progress").to_csv(folder / "unit.csv", index=False)

    cancer = sklearn.datasets.load_breast_cancer(as_frame=True).frame.iloc[::2]
    words = cancer.pop("target").map({0: "yes", 1: "no"})
    cancer.iloc[:, :5].assign(malignant=words).to_csv(folder / "cancer.csv", index=False)
    wine = sklearn.datasets.load_wine(as_frame=True).frame
    grower = wine.pop("target").map({0: "Ada", 1: "Bo", 2: "Cy"})
    wine.iloc[:, :4].assign(grower=grower).to_csv(folder / "wine.csv", index=False)

    rng = np.random.default_rng(0)
    x = pd.DataFrame({name: rng.normal(size=310).round(4) for name in "abcd"})
    noise = rng.normal(size=(3, 310)) / 2
    first, second = x["a"] + x["b"] ** 2 + noise[0], 100 * (x["c"] + noise[1])
    third = x["a"] * x["d"] + noise[2]
    x.assign(first=first, second=second, third=third).to_csv(folder / "numbers.csv", index=False)
    labels = {"red": first > 1, "round": second > 30, "loud": third > 0}
    x.assign(**{name: y.astype(int) for name, y in labels.items()}).to_csv(
        folder / "labels.csv", index=False
    )
    clicks = rng.gamma(np.exp(x["a"] / 2)).round(3)
    x.assign(clicks=clicks, search=[f"q{row // 7}" for row in range(310)]).to_csv(
        folder / "queries.csv", index=False
    )

    hours = np.arange(500)
    load = 50 + 9 * np.sin(hours / 24 * 2 * np.pi) + rng.normal(size=500)
    when = pd.date_range("2020-01-01", periods=500, freq="h").astype(str)
    wind = rng.normal(5, 2, 500).round(3)
    frame = pd.DataFrame({"when": when, "load": load.round(3), "wind": wind})
    frame.to_csv(folder / "series.csv", index=False)
    (folder / "populationmetrics.py").write_text(OWN)


def trainings(configuration):
    """The trainings of all members, each with what it shares with the others."""
    all_settings = [
        checked(*configuration.common.split(), *member.split()) for member in configuration.members
    ]
    first = all_settings[0]
    dataset = first.builder("dataset")()
    problem = first.problem(dataset.problem)
    splits = first.builder("protocol")(dataset)
    if first.standardizes:
        problem = standardized(problem, dataset, splits)
    return [
        (RunContext(settings, null.connect(), dataset, problem), spec)
        for settings in all_settings
        for spec in training_specs(settings, dataset, splits)
    ]


@dataclasses.dataclass(frozen=True)
class Trained:
    """A training, and what became of it."""

    context: RunContext
    spec: TrainingSpec
    fit_spec: FitSpec
    result: FitResult

    @functools.cached_property
    def rows(self):
        """Those that are predicted: of a final training those for the test."""
        return self.result.validation if self.result.monitor else self.spec.split.test

    @functools.cached_property
    def predictions(self):
        """By the weights that the model was left with."""
        return predict(self.fit_spec.encoder, self.fit_spec.model, self.context.dataset, self.rows)

    @property
    def values(self):
        """The values of the predictions, as a history names them."""
        queries = self.context.dataset.queries(self.rows)
        targets = self.fit_spec.targets[self.rows]
        values = scores(self.context.problem, targets, self.predictions, queries)
        if "data_loss" in self.result.history:
            values["data_loss"] = values.pop("loss")
        return {f"val_{name}": value for name, value in values.items()}

    @property
    def verdict(self):
        """Its word; none of a final training."""
        if not self.result.monitor:
            return ""
        model = encoding.attach(self.fit_spec.encoder, self.fit_spec.model)
        concluded = outcome.evaluate(
            self.context,
            self.spec,
            self.fit_spec,
            model,
            self.result,
            self.rows,
            self.predictions,
        )
        return concluded.tags["verdict"]


def by_fit(context, spec, rounding=None):
    """A training by TensorFlow's `fit`, of first weights moved by a rounding if one is given."""
    fit_spec = prepare(context, spec, {})
    if rounding is not None:
        rng = np.random.default_rng(rounding)
        ulp = np.finfo(np.float32).eps
        moved = [w * (1 + ulp * rng.integers(-1, 2, w.shape)) for w in fit_spec.model.get_weights()]
        fit_spec.model.set_weights(moved)
    result = spec.settings.builder("trainer")(fit_spec, [], lambda number, values: None, None)
    return Trained(context, spec, fit_spec, result)


def as_program(process, pairs):
    """Trainings as one program, each from the same weights as by `fit`; None of the refused."""
    encoders = {}
    fit_specs = [prepare(context, spec, encoders) for context, spec in pairs]
    trainer = pairs[0][1].settings.tree["trainer"]
    results = population.train(
        process,
        fit_specs,
        [context.fingerprint(spec) for context, spec in pairs],
        lambda index: [],
        keras.callbacks.Callback(),
        ProgramCheckpoints(None, None),
        Interruption(),
        pairs[0][1].settings.builder("trainer"),
        monitor=pairs[0][1].settings.monitor,
        **{key: trainer[key] for key in KEYS},
    )
    return [
        result and Trained(context, spec, fit_spec, result)
        for (context, spec), fit_spec, result in zip(pairs, fit_specs, results, strict=True)
    ]


def apart(one, other):
    """How far two numbers are apart, of the larger one."""
    if one == other or (math.isnan(one) and math.isnan(other)):
        return 0.0
    return abs(one - other) / max(abs(one), abs(other))


def apart_early(one, other, window):
    """How far any two values of two histories are apart, at most, in the first epochs."""
    one, other = one.result.history, other.result.history
    assert list(one) == list(other), "names and their order"
    return max(
        max(map(apart, one[name][:window], other[name][:window]))
        for name in one.keys() - {"seconds"}
    )


def fit_beside(pair, other, window):
    """The training by `fit` that one of a program is compared with.

    A rounding can turn a unit on or off in a batch and so send a training another way, by `fit` as
    well. Where the two are apart, `fit` has to go the program's way from first weights that are
    moved by a rounding.
    """
    fitted = first = by_fit(*pair)
    for rounding in range(ROUNDINGS):
        if apart_early(fitted, other, window) < CLOSE:
            return fitted
        fitted = by_fit(*pair, rounding)
    return fitted if apart_early(fitted, other, window) < CLOSE else first


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What came of a configuration both ways.

    Attributes:
        members: Number of trainings.
        batch_size: Of the training.
        early: How far any two values of the first epochs are apart, at most.
        best: How far two best losses are apart, at most, in deviations among seeds.
        epochs: The length of each history, ascending.
        same_epochs: Of how many members the best epoch and the last are the same.
        weights: How far the values that the program's weights predict are from those of the best
            epoch, or, of a final training, of the weights of `fit`.
        same_verdicts: Of how many members the verdict is the same.
        verdicts: The words of `fit`.
    """

    members: int
    batch_size: int
    early: float
    best: float
    epochs: tuple[int, ...]
    same_epochs: int
    weights: float
    same_verdicts: int
    verdicts: tuple[str, ...]


def compared(process, configuration):
    """Train a configuration both ways."""
    pairs = trainings(configuration)
    batch_size = pairs[0][1].settings.tree["trainer"]["batch_size"]
    window = WINDOW if batch_size >= 16 else WINDOW_OF_SINGLE_ROWS
    programmed = as_program(process, pairs)
    fitted = [fit_beside(*each, window) for each in zip(pairs, programmed, strict=True)]
    both = list(zip(fitted, programmed, strict=True))

    best, weights, by_group = [], [], defaultdict(list)
    for one, other in both:
        if not one.result.monitor:
            expected = one.values
        else:
            expected = other.result.best
            best.append(abs(one.result.best["val_loss"] - other.result.best["val_loss"]))
            rate = one.result.best["learning_rate"]
            by_group[one.spec.fold, rate].append(one.result.best["val_loss"])
        weights += [apart(expected[name], value) for name, value in other.values.items()]
    deviations = [np.std(losses, ddof=1) for losses in by_group.values() if len(losses) > 1]
    epochs = [[(len(t.result.history["loss"]), t.result.best_epoch) for t in pair] for pair in both]
    words = [(one.verdict, other.verdict) for one, other in both]
    return Comparison(
        members=len(pairs),
        batch_size=batch_size,
        early=max(apart_early(one, other, window) for one, other in both),
        best=max(best) / min(deviations) if deviations else 0.0,
        epochs=tuple(sorted(length for (length, _), _ in epochs)),
        same_epochs=sum(one == other for one, other in epochs),
        weights=max(weights),
        same_verdicts=sum(one == other for one, other in words),
        verdicts=tuple(sorted({one for one, _ in words})),
    )


def kolmogorov_smirnov(process):
    """The p-value that best losses with dropout come from one distribution both ways."""
    pairs = trainings(WITH_DROPOUT)
    fitted = [by_fit(*pair).result.best["val_loss"] for pair in pairs]
    programmed = [trained.result.best["val_loss"] for trained in as_program(process, pairs)]
    assert fitted != programmed, "JAX has other random numbers"
    return float(scipy.stats.ks_2samp(fitted, programmed).pvalue)


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory):
    """The folder with all data, in which the tests are."""
    folder = tmp_path_factory.mktemp("population")
    write_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        yield folder


@pytest.fixture(scope="module")
def process():
    with jax_process.start() as started:
        yield started


def check(comparison):
    """Fail if the two are not the same."""
    assert comparison.early < CLOSE
    assert comparison.best < 1
    assert comparison.weights < CLOSE
    assert comparison.same_epochs == comparison.same_verdicts == comparison.members


@pytest.mark.long
def test_folds_of_unequal_size_end_as_by_fit_also_beside_some_that_diverge(process):
    comparison = compared(
        process,
        Configuration(
            "dataset=table dataset.file=few.csv dataset.target=progress optimizer=sgd model.units=8"
            " problem.metrics=[mae,r2_score] protocol=kfold protocol.k=2 regularizer=l2 trainer.batch_size=1 trainer.epochs=3",
            ("optimizer.learning_rate=0.01", "optimizer.learning_rate=1e8"),
        ),
    )
    check(comparison)
    assert comparison.epochs == (1, 1, 3, 3)


@pytest.mark.long
def test_class_weights_and_a_monitor_that_rises_are_as_by_fit(process):
    words = "problem.class_weight=balanced problem.metrics=[auc,f1_score] trainer.monitor=val_auc"
    configuration = Configuration(
        f"dataset=table dataset.file=cancer.csv dataset.target=malignant {words} optimizer=adamw"
        " regularizer=early_stopping regularizer.patience=1 trainer.batch_size=20"
        " trainer.epochs=10",
        ("seed=0", "seed=1"),
    )
    check(compared(process, configuration))


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_program_trains_as_fit_does(process, name):
    check(compared(process, CONFIGURATIONS[name]))


@pytest.mark.slow
def test_with_dropout_the_best_losses_come_from_one_distribution(process):
    assert kolmogorov_smirnov(process) > 0.01


def test_what_only_fit_can_train_is_said_with_the_reason(capsys):
    words = "dataset=table dataset.file=few.csv dataset.target=progress optimizer.schedule=cosine"
    assert as_program(None, trainings(Configuration(words))) == [None] * 3
    sentence = "fit trains 3 of 3 networks, one by one: the learning rate has a schedule"
    assert sentence in capsys.readouterr().err


@pytest.mark.long
def test_word_vectors_are_trained_together_where_a_step_is_linear(capsys):
    words = "dataset=imdb dataset.source=stand_in dataset.subset=40 model=embedding"
    for changes in ("optimizer=adam", "optimizer=sgd optimizer.clipnorm=1"):
        [(context, spec)] = trainings(Configuration(f"{words} {changes}", ("seed=0",)))
        assert "the gradient of a word" in obstacle(prepare(context, spec, {}), None)
    [(context, spec)] = trainings(Configuration(f"{words} optimizer=sgd", ("seed=0",)))
    assert not obstacle(prepare(context, spec, {}), None)


def test_fit_trains_what_a_process_that_is_killed_does_not(capsys):
    pairs = trainings(
        Configuration("dataset=table dataset.file=few.csv dataset.target=progress", ("seed=0",))
    )
    with jax_process.start() as process:
        process.process.kill()
        assert as_program(process, pairs) == [None]
    assert "fit trains 1 of 1 networks, one by one: the process" in capsys.readouterr().err


def main():
    words = sys.argv[1:]
    chosen = {
        name: configuration
        for name, configuration in CONFIGURATIONS.items()
        if not words or any(word in name for word in words)
    }
    print("| configuration | members | batch | early | best | epochs | weights | verdicts |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, jax_process.start() as process:
        os.chdir(folder)
        sys.path.insert(0, folder)
        write_data(Path(folder))
        for name, configuration in chosen.items():
            row = compared(process, configuration)
            cells = [
                name,
                row.members,
                row.batch_size,
                f"{row.early:.0e}",
                f"{row.best:.0e}",
                f"{row.same_epochs} of {row.members}",
                f"{row.weights:.0e}",
                f"{row.same_verdicts} of {row.members}: {', '.join(row.verdicts)}",
            ]
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
        if not words or "dropout" in words:
            print(f"\ndropout, {DISTRIBUTION} seeds: p = {kolmogorov_smirnov(process):.2f}")


if __name__ == "__main__":
    main()
