import dataclasses
import math
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from goldilocks import reference
from goldilocks.dataset import Dataset, Vectorization
from goldilocks.dataset.readers import naive
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import packing
from goldilocks.encoding.targets import count_outputs, encode_targets, target_prior
from goldilocks.evaluation import measures
from goldilocks.evaluation import scores as evaluation
from goldilocks.problem import resolve
from goldilocks.protocol import Split
from goldilocks.reference import pipelines, rows, search

AUTO = {
    "type": "auto",
    "last_activation": "auto",
    "loss": "auto",
    "metrics": "auto",
    "standardize": "auto",
    "log_target": False,
    "class_weight": "none",
    "threshold": None,
    "cost": None,
    "override": False,
}
WORDS = Vectorization(
    encoding="auto",
    hashing=False,
    token="word",
    max_tokens=100,
    maxlen=20,
    truncating="pre",
    padding="pre",
    reverse=False,
)


def data(kind, problem, x, y, classes=(), **more):
    facts = {"source": "original", "location": "here", "digest": "", "name": kind, "kind": kind}
    return Dataset(problem=problem, x=x, y=y, classes=classes, **facts, **more)


def table(bunch, problem, classes=()):
    frame = pd.DataFrame(
        bunch.data, columns=[f"c{column}" for column in range(bunch.data.shape[1])]
    )
    return data("table", problem, frame, bunch.target.astype("float32"), classes)


def mixed(problem, count=200):
    """Return a table with categories and gaps, whose target depends on both columns."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"kind": rng.choice(["flat", "house", ""], count), "size": rng.normal(size=count)}
    )
    frame["kind"] = frame["kind"].astype(object)
    value = frame["size"].to_numpy() + 3.0 * (frame["kind"] == "house").to_numpy()
    frame.loc[::9, "size"] = np.nan
    y, classes = {
        "binary": ((value > 1).astype("float32"), ("no", "yes")),
        "multiclass": (np.digitize(value, [0, 2]), ("low", "middle", "high")),
        "multilabel": (
            np.stack([value > 0, value > 2], axis=1).astype("float32"),
            ("red", "green"),
        ),
        "regression": (value.astype("float32"), ()),
        "unit_regression": ((1 / (1 + np.exp(-value))).astype("float32"), ()),
    }[problem]
    return data("table", problem, frame, y, classes)


def texts(count=120):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, count).astype("float32")
    reviews = []
    for good in y:
        words = rng.choice(["the", "film", "a", "plot"], 5)
        reviews.append(" ".join([*words, "good" if good else "bad"]))
    column = packing.column(reviews)
    return data("text", "binary", column, y, ("neg", "pos"), vectorization=WORDS)


def images():
    digits = datasets.load_digits()
    pixels = (digits.images * 15.9).astype("uint8")[..., np.newaxis]
    return data("image", "multiclass", pixels, digits.target.astype("int64"), tuple("0123456789"))


def series(count=400):
    times = np.arange(count)
    noise = np.random.default_rng(0).normal(0, 0.1, count)
    load, heat = 5 * np.sin(times / 4) + 10 + noise, np.cos(times / 9)
    values = np.stack([load, heat], axis=1).astype("float32")
    windows = Windows(values, ("load", "heat"), (0,), 24, 1, 6)
    y = windows.targets.copy()
    return data(
        "series", "regression", windows, y, overlap=29, naive=naive.forecasts(windows, None)
    )


def test_a_series_is_fitted_on_changes_whatever_its_networks_learn():
    dataset = series()
    parts, found = split(len(dataset.y)), []
    for log_target in (False, True):
        problem = dataclasses.replace(problem_of(dataset), log_target=log_target)
        wanted = parts.train, parts.validation, pipelines.FIRST["series"]
        found.append(reference.predict(dataset, problem, *wanted, seed=0))
    assert np.array_equal(*found)


def split(count, seed=0):
    order = np.random.default_rng(seed).permutation(count)
    return Split(*(np.sort(part) for part in np.split(order, [int(0.6 * count), int(0.8 * count)])))


def problem_of(dataset):
    return resolve(dataset.problem, **AUTO)


def tune(dataset, splits, *, seed=0, seconds=0.0):
    splits = [splits] if isinstance(splits, Split) else splits
    return reference.tune(dataset, problem_of(dataset), splits, seed=seed, seconds=seconds)


def predict_test(dataset, parts, parameters, seed=0):
    """Return predictions of the test rows after a fit on all others."""
    problem, train = problem_of(dataset), parts.joined().train
    return reference.predict(dataset, problem, train, parts.test, parameters, seed=seed)


def scores(dataset, rows, predictions):
    problem = problem_of(dataset)
    truth = encode_targets(problem, count_outputs(problem, dataset), dataset.y)[rows]
    return evaluation.scores(problem, truth, predictions)


@pytest.mark.parametrize(
    "problem", ["binary", "multiclass", "multilabel", "regression", "unit_regression"]
)
def test_a_table_of_every_problem_beats_the_baseline(problem):
    dataset = mixed(problem)
    parts, outputs = split(len(dataset.y)), {"multiclass": 3, "multilabel": 2}.get(problem, 1)

    tuned = tune(dataset, parts)
    predictions = predict_test(dataset, parts, tuned.parameters)

    assert [each.shape for each in tuned.predictions] == [(len(parts.validation), outputs)]
    assert (predictions.shape, predictions.dtype) == ((len(parts.test), outputs), np.float32)
    prior = target_prior(problem_of(dataset), outputs, dataset.y[parts.train])
    baseline = scores(dataset, parts.test, np.tile(prior, (len(parts.test), 1)))
    assert scores(dataset, parts.test, predictions)["loss"] < 0.8 * baseline["loss"]
    if problem != "regression":
        assert 0 <= predictions.min() <= predictions.max() <= 1


def test_a_table_of_several_numbers_has_a_model_for_each():
    one = mixed("regression")
    y = np.stack([one.y, 100 - 50 * one.y], axis=1)
    dataset = dataclasses.replace(one, y=y, outputs={"low": None, "high": None})
    parts = split(len(y))

    tuned = tune(dataset, parts)
    predictions = predict_test(dataset, parts, tuned.parameters)

    assert [each.shape for each in tuned.predictions] == [(len(parts.validation), 2)]
    alone = predict_test(one, parts, tuned.parameters)
    assert predictions[:, 0] == pytest.approx(alone[:, 0])
    assert np.corrcoef(predictions[:, 1], y[parts.test, 1])[0, 1] > 0.8


@pytest.mark.parametrize("make", [texts, images, series])
def test_texts_images_and_series_are_learned(make):
    dataset = make()
    parts = split(min(len(dataset.y), 600))

    tuned = tune(dataset, [parts], seconds=1.5)
    reached = scores(dataset, parts.test, predict_test(dataset, parts, tuned.parameters))

    assert set(reached) == set(tuned.scores) == {"loss", problem_of(dataset).metric}
    if dataset.kind == "series":
        last = scores(dataset, parts.test, dataset.naive[naive.LAST_VALUE][parts.test])
        assert reached["mae"] < 0.2 * last["mae"]
    else:
        assert reached["accuracy"] > 0.9


def poisoned(dataset, wanted):
    """Return the same data set with unreadable rows, but for those wanted."""
    x, y = dataset.x.copy(), dataset.y.copy()
    others = np.setdiff1d(np.arange(len(y)), wanted)
    y[others] = np.nan if y.dtype.kind == "f" else -(2**40)
    if dataset.kind == "table":
        x.loc[others, "kind"] = None
        x.loc[others, "size"] = np.inf
    elif dataset.kind == "text":
        x[others] = None
    else:
        x[others] = np.random.default_rng(0).integers(0, 256, x[others].shape)
    return dataclasses.replace(dataset, x=x, y=y)


@pytest.mark.long
@pytest.mark.parametrize("make", [lambda: mixed("multiclass"), texts, images])
def test_test_rows_are_never_read(make, monkeypatch):
    dataset = make()
    parts = split(min(len(dataset.y), 300))
    read, rows_read = rows.read, []

    def recorded(dataset, wanted):
        rows_read.append(wanted)
        return read(dataset, wanted)

    monkeypatch.setattr(rows, "read", recorded)
    monkeypatch.setattr(search, "CANDIDATES", 3)
    splits = [parts, Split(parts.validation, parts.train, parts.test)]
    clean = tune(dataset, splits, seed=3, seconds=60.0)
    other = tune(poisoned(dataset, parts.joined().train), splits, seed=3, seconds=60.0)

    assert not np.isin(np.concatenate(rows_read), parts.test).any()
    assert clean.scores == other.scores
    assert len(clean.predictions) == 2


def test_the_search_depends_on_its_seed_alone(monkeypatch):
    monkeypatch.setattr(search, "CANDIDATES", 3)
    first, same, *others = (
        tune(texts(), split(120), seed=seed, seconds=60.0) for seed in (0, 0, 1, 2)
    )
    assert [each.candidates for each in (first, same, *others)] == [3] * 4
    assert (first.parameters, first.scores) == (same.parameters, same.scores)
    np.testing.assert_array_equal(first.predictions[0], same.predictions[0])
    assert len({str(each.parameters) for each in (first, *others)}) > 1


def test_the_best_settings_win(monkeypatch):
    bad = {"alpha": 1e9}
    monkeypatch.setitem(pipelines.FIRST, "series", bad)
    monkeypatch.setattr(search, "CANDIDATES", 1)
    first = tune(series(), split(300), seconds=60.0)
    assert (first.parameters, first.candidates) == ({}, 1)  # The last value is better.

    monkeypatch.setattr(search, "CANDIDATES", 6)
    tuned = tune(series(), split(300), seconds=60.0)
    assert tuned.candidates == 6
    assert 0.1 <= tuned.parameters["alpha"] <= 1e6
    assert tuned.scores["loss"] < first.scores["loss"]


def test_without_time_the_defaults_are_tried_to_their_end():
    tuned = tune(mixed("binary"), [split(200, seed) for seed in range(3)], seconds=0.0)
    assert (tuned.parameters, tuned.candidates) == (pipelines.FIRST["table"], 1)
    assert len(tuned.predictions) == 3


@pytest.mark.long
def test_the_search_ends_in_time():
    began = time.monotonic()
    tuned = tune(mixed("binary"), [split(200, seed) for seed in range(3)], seconds=2.0)
    seconds = time.monotonic() - began
    assert seconds < 2.0 + 10 * seconds / tuned.candidates
    assert 1 <= tuned.candidates <= search.CANDIDATES


def test_settings_cut_off_by_the_time_do_not_count(monkeypatch):
    predict, predicted = search.predict, []

    def recorded(*arguments, **options):
        predicted.append(arguments)
        return predict(*arguments, **options)

    # Two settings of two splits are always tried; the time ends within the third.
    clock = SimpleNamespace(monotonic=lambda: 0.0 if len(predicted) < 5 else math.inf)
    monkeypatch.setattr(search, "predict", recorded)
    monkeypatch.setattr(search, "time", clock)
    tuned = tune(mixed("binary"), [split(200), split(200, seed=1)], seconds=60.0)
    assert len(predicted) == 5
    assert (tuned.parameters, tuned.candidates) == (pipelines.FIRST["table"], 1)


def skewed(kind, *, signal, count=400):
    """Return rows whose target has a long tail, and has to do with their numbers or not."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, 1, 3, 1)).astype("uint8")
    y = np.exp(rng.normal(size=count) + signal * pixels[:, 0, 0, 0] / 100).astype("float32")
    if kind == "image":
        return data("image", "regression", pixels, y)
    return data("table", "regression", pd.DataFrame(pixels[:, 0, :, 0], columns=list("abc")), y)


@pytest.mark.parametrize("metric", ["mae", "mean_absolute_percentage_error"])
def test_no_constant_beats_it_on_noise_by_the_metric_it_is_fitted_for(metric):
    dataset = skewed("table", signal=0)
    problem = resolve("regression", **(AUTO | {"metrics": [metric]}))
    parts = split(len(dataset.y))
    tuned = reference.tune(dataset, problem, [parts], seed=0, seconds=0.0)

    known, (predictions,) = dataset.y[parts.train], tuned.predictions
    weights = known**0.0 if metric == "mae" else 1 / known
    constant = np.quantile(known, 0.5, weights=weights, method="inverted_cdf")
    measure, truth = measures.get(metric), dataset.y[parts.validation, np.newaxis]
    of_constant = measure.score(problem, truth, np.full_like(predictions, constant))
    assert tuned.scores[metric] <= of_constant * (1 + 1e-6)

    if not tuned.parameters:
        assert tuned.name == "the baseline, which no gradient boosting beat"
        again = reference.predict(dataset, problem, parts.train, parts.validation, {}, seed=0)
        np.testing.assert_array_equal(again, predictions)


@pytest.mark.parametrize("kind", ["table", "image"])
@pytest.mark.parametrize("metric", ["mae", "mean_absolute_percentage_error"])
def test_it_is_fitted_for_the_metric(metric, kind):
    dataset, scores = skewed(kind, signal=1), {}
    parts = split(len(dataset.y))
    for name in (metric, "mse"):
        problem = resolve("regression", **(AUTO | {"metrics": [name]}))
        first, wanted = pipelines.FIRST[kind], parts.validation
        predicted = reference.predict(dataset, problem, parts.train, wanted, first, seed=0)
        truth = dataset.y[wanted, np.newaxis]
        scores[name] = measures.get(metric).score(problem, truth, predicted)
    assert scores[metric] < scores["mse"]


def test_an_unseen_class_gets_no_probability():
    dataset = mixed("multiclass")
    rare, common = np.flatnonzero(dataset.y == 2), np.flatnonzero(dataset.y != 2)

    unseen = Split(common[:100], np.union1d(common[100:], rare), rare[:0])
    assert not tune(dataset, unseen).predictions[0][:, 2].any()

    single = Split(rare[:20], common[:20], rare[:0])
    predictions = tune(dataset, single).predictions[0]
    np.testing.assert_array_equal(predictions, np.tile([0, 0, 1], (20, 1)))


def test_large_images_are_shrunk_and_large_data_is_thinned(monkeypatch):
    pixels = np.full((10, 80, 50, 3), 255, np.uint8)
    dataset = data("image", "binary", pixels, np.arange(10, dtype="float32") % 2, ("a", "b"))
    read = rows.read(dataset, np.array([3, 1]))
    assert read.shape == (2, 32 * 32 * 3)
    np.testing.assert_allclose(read, 1, atol=1e-6)

    monkeypatch.setattr(rows, "MOST_NUMBERS", 4 * 32 * 32 * 3)
    np.testing.assert_array_equal(rows.thin(dataset, np.arange(10)), [0, 3, 6, 9])

    monkeypatch.setattr(rows, "MOST_NUMBERS", 3 * 32 * 32 * 3)  # fewer than the validation rows
    is_bright = (dataset.y == 0)[:, None, None, None]
    easy = dataclasses.replace(dataset, x=(pixels * is_bright).astype("uint8"))
    parts = Split(np.arange(6), np.arange(6, 10), np.arange(0))
    assert tune(easy, parts).scores["accuracy"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "digits"])
def test_it_is_as_good_as_what_scikit_learn_gives_by_default(name):
    bunch = getattr(datasets, f"load_{name}")()
    if name == "digits":
        dataset, plain = images(), LogisticRegression(max_iter=2000)
    elif name == "diabetes":
        dataset, plain = table(bunch, "regression"), HistGradientBoostingRegressor(random_state=0)
    else:
        dataset = table(bunch, "binary", ("bad", "good"))
        plain = HistGradientBoostingClassifier(random_state=0)
    x = bunch.data / 16 if name == "digits" else bunch.data

    losses = []
    for seed in range(3):
        parts = split(len(dataset.y), seed)
        train, test = parts.joined().train, parts.test
        tuned = tune(dataset, parts, seed=seed, seconds=15.0)
        ours = predict_test(dataset, parts, tuned.parameters, seed)

        plain.fit(x[train], bunch.target[train])
        theirs = plain.predict_proba(x[test]) if dataset.classes else plain.predict(x[test])
        if dataset.problem != "multiclass":
            theirs = theirs.reshape(len(test), -1)[:, -1:]
        pair = (ours, theirs.astype("float32"))
        losses.append([scores(dataset, test, predictions)["loss"] for predictions in pair])

    ours, theirs = np.mean(losses, axis=0)
    print(name, ours, theirs)
    assert ours <= 1.1 * theirs
