import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from goldilocks import reference
from goldilocks.dataset import Dataset, Vectorization
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import packing
from goldilocks.encoding.targets import count_outputs, encode_targets, target_prior
from goldilocks.evaluation import scores as evaluation
from goldilocks.problem import resolve
from goldilocks.protocol import Split
from goldilocks.reference import rows

AUTO = {
    "type": "auto",
    "last_activation": "auto",
    "loss": "auto",
    "metrics": "auto",
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
    frame = pd.DataFrame(bunch.data, columns=[f"c{place}" for place in range(bunch.data.shape[1])])
    return data("table", problem, frame, bunch.target.astype("float32"), classes)


def mixed(problem, count=200):
    """A table with categories and gaps; what is to be predicted depends on both columns."""
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
    said = [
        " ".join([*rng.choice(["the", "film", "a", "plot"], 5), "good" if good else "bad"])
        for good in y
    ]
    return data("text", "binary", packing.column(said), y, ("neg", "pos"), vectorization=WORDS)


def images():
    digits = datasets.load_digits()
    pixels = (digits.images * 15.9).astype("uint8")[..., np.newaxis]
    return data("image", "multiclass", pixels, digits.target.astype("int64"), tuple("0123456789"))


def series(count=400):
    time = np.arange(count)
    noise = np.random.default_rng(0).normal(0, 0.1, count)
    values = np.stack([5 * np.sin(time / 4) + 10 + noise, np.cos(time / 9)], axis=1).astype(
        "float32"
    )
    windows = Windows(values, ("load", "heat"), 0, 24, 1, 6)
    y = windows.targets.copy()
    return data("series", "regression", windows, y, overlap=29, persistence=windows.persistence)


def split(count, seed=0):
    order = np.random.default_rng(seed).permutation(count)
    return Split(*(np.sort(part) for part in np.split(order, [int(0.6 * count), int(0.8 * count)])))


def problem_of(dataset):
    return resolve(dataset.problem, **AUTO)


@pytest.mark.parametrize(
    "problem", ["binary", "multiclass", "multilabel", "regression", "unit_regression"]
)
def test_a_table_of_every_problem_is_learned_and_predicted_in_the_networks_shape(problem):
    dataset = mixed(problem)
    parts = split(len(dataset.y))
    found = reference.tune(dataset, problem_of(dataset), parts, seed=0, seconds=0.0)
    outputs = {"multiclass": 3, "multilabel": 2}.get(problem, 1)
    assert [each.shape for each in found.predictions] == [(len(parts.validation), outputs)]
    assert found.candidates == 1, (
        "with no time at all, scikit-learn's defaults are tried to their end"
    )
    with pytest.raises(ValueError, match=r"tuned and not fitted; expected one that `refit`"):
        reference.predict(found, dataset, parts.test)
    fitted = reference.refit(found, dataset, parts.joined().train)
    predicted = reference.predict(fitted, dataset, parts.test)
    assert (predicted.shape, predicted.dtype) == ((len(parts.test), outputs), np.float32)
    truth = encode_targets(found.problem, outputs, dataset.y)
    prior = target_prior(found.problem, outputs, dataset.y[parts.train])
    dumb = evaluation.scores(found.problem, truth[parts.test], np.tile(prior, (len(parts.test), 1)))
    assert (
        evaluation.scores(found.problem, truth[parts.test], predicted)["loss"] < 0.8 * dumb["loss"]
    )
    if problem != "regression":
        assert 0 <= predicted.min() <= predicted.max() <= 1


@pytest.mark.parametrize("make", [texts, images, series])
def test_texts_images_and_series_are_learned(make):
    dataset = make()
    count = min(len(dataset.y), 600)
    parts, problem = split(count), problem_of(dataset)
    found = reference.tune(dataset, problem, [parts], seed=0, seconds=1.5)
    fitted = reference.refit(found, dataset, parts.joined().train)
    truth = encode_targets(problem, count_outputs(problem, dataset), dataset.y)
    scores = evaluation.scores(
        problem, truth[parts.test], reference.predict(fitted, dataset, parts.test)
    )
    assert set(scores) == set(found.scores[0]) == {"loss", problem.metric}
    if dataset.kind == "series":
        last = evaluation.scores(
            problem, truth[parts.test], dataset.persistence[parts.test, np.newaxis]
        )
        assert scores["mae"] < 0.2 * last["mae"]
    else:
        assert scores["accuracy"] > 0.9


def poisoned(dataset, wanted):
    """The same data set, whose rows are unreadable but for these: whoever touches another one fails."""
    y = dataset.y.copy()
    others = np.setdiff1d(np.arange(len(y)), wanted)
    y[others] = np.nan if y.dtype.kind == "f" else -(2**40)
    if dataset.kind == "table":
        x = dataset.x.copy()
        x.loc[others, "kind"] = None
        x.loc[others, "size"] = np.inf
    elif dataset.kind == "text":
        x = dataset.x.copy()
        x[others] = None
    else:
        x = dataset.x.copy()
        x[others] = np.random.default_rng(0).integers(0, 256, x[others].shape)
    return dataclasses.replace(dataset, x=x, y=y)


@pytest.mark.parametrize("make", [lambda: mixed("multiclass"), texts, images])
def test_test_rows_are_never_read(make, monkeypatch):
    dataset = make()
    parts = split(min(len(dataset.y), 300))
    read, seen = rows.read, []
    monkeypatch.setattr(
        rows, "read", lambda dataset, wanted: [seen.append(wanted), read(dataset, wanted)][1]
    )
    given = [parts, Split(parts.validation, parts.train, parts.test)]
    clean, other = (
        reference.tune(each, problem_of(dataset), given, seed=3, seconds=0.0)
        for each in (dataset, poisoned(dataset, parts.joined().train))
    )
    assert not np.isin(np.concatenate(seen), parts.test).any()
    assert clean.scores == other.scores
    assert len(clean.scores) == 2


def test_a_seed_gives_the_same_search_and_another_one_another(monkeypatch):
    monkeypatch.setattr("goldilocks.reference.search.CANDIDATES", 3)
    dataset = texts()
    found = [
        reference.tune(dataset, problem_of(dataset), split(120), seed=seed, seconds=60.0)
        for seed in (0, 0, 1, 2)
    ]
    assert [each.candidates for each in found] == [3] * 4
    assert (found[0].parameters, found[0].scores) == (found[1].parameters, found[1].scores)
    assert len({str(each.parameters) for each in found}) > 1
    np.testing.assert_array_equal(found[0].predictions[0], found[1].predictions[0])


def test_the_best_settings_win_whatever_their_place(monkeypatch):
    monkeypatch.setattr("goldilocks.reference.search.CANDIDATES", 6)
    dataset = series()
    found = reference.tune(dataset, problem_of(dataset), split(300), seed=0, seconds=60.0)
    monkeypatch.setattr("goldilocks.reference.search.CANDIDATES", 1)
    first = reference.tune(dataset, problem_of(dataset), split(300), seed=0, seconds=60.0)
    assert found.scores[0]["loss"] <= first.scores[0]["loss"]
    assert (found.candidates, first.candidates) == (6, 1)


def test_a_class_that_no_training_row_has_is_given_no_probability():
    dataset = mixed("multiclass")
    rare = np.flatnonzero(dataset.y == 2)
    common = np.flatnonzero(dataset.y != 2)
    parts = Split(common[:100], np.union1d(common[100:], rare), rare[:0])
    found = reference.tune(dataset, problem_of(dataset), parts, seed=0, seconds=0.0)
    assert not found.predictions[0][:, 2].any()
    alone = Split(rare[:20], common[:20], rare[:0])
    said = reference.tune(dataset, problem_of(dataset), alone, seed=0, seconds=0.0).predictions[0]
    np.testing.assert_array_equal(said, np.tile([0, 0, 1], (20, 1)))


def test_large_images_are_shrunk_and_large_data_is_thinned(monkeypatch):
    pixels = np.full((10, 80, 50, 3), 255, np.uint8)
    dataset = data("image", "binary", pixels, np.arange(10, dtype="float32") % 2, ("a", "b"))
    read = rows.read(dataset, np.array([3, 1]))
    assert read.shape == (2, 32 * 32 * 3)
    np.testing.assert_allclose(read, 1, atol=1e-6)
    monkeypatch.setattr(rows, "MOST_NUMBERS", 4 * 32 * 32 * 3)
    np.testing.assert_array_equal(rows.thinned(dataset, np.arange(10)), [0, 3, 6, 9])
    dark = dataclasses.replace(
        dataset, x=(pixels * (dataset.y == 0)[:, None, None, None]).astype("uint8")
    )
    parts = Split(np.arange(6), np.arange(6, 10), np.arange(0))
    monkeypatch.setattr(rows, "MOST_NUMBERS", 3 * 32 * 32 * 3)  # fewer than the validation rows
    found = reference.tune(dark, problem_of(dark), parts, seed=0, seconds=0.0)
    assert found.scores[0]["accuracy"] == 1.0


def test_a_split_without_validation_rows_is_refused():
    dataset = mixed("binary")
    with pytest.raises(
        ValueError, match=r"got 1 splits with \[0\] validation rows; expected at least one split"
    ):
        reference.tune(dataset, problem_of(dataset), split(200).joined(), seed=0, seconds=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "digits"])
def test_it_is_as_good_as_what_scikit_learn_gives_by_default(name):
    bunch = getattr(datasets, f"load_{name}")()
    if name == "digits":
        dataset, plain = images(), LogisticRegression(max_iter=2000)
    elif name == "diabetes":
        dataset, plain = table(bunch, "regression"), HistGradientBoostingRegressor(random_state=0)
    else:
        dataset, plain = (
            table(bunch, "binary", ("bad", "good")),
            HistGradientBoostingClassifier(random_state=0),
        )
    losses = []
    problem = problem_of(dataset)
    for seed in range(3):
        parts = split(len(dataset.y), seed)
        found = reference.refit(
            reference.tune(dataset, problem, parts, seed=seed, seconds=15.0),
            dataset,
            parts.joined().train,
        )
        x = bunch.data / 16 if name == "digits" else bunch.data
        plain.fit(x[parts.joined().train], bunch.target[parts.joined().train])
        usual = (
            plain.predict(x[parts.test])[:, None]
            if name == "diabetes"
            else plain.predict_proba(x[parts.test])
        )
        usual = usual[:, 1:] if problem.type == "binary" else usual
        truth = encode_targets(problem, count_outputs(problem, dataset), dataset.y[parts.test])
        own = reference.predict(found, dataset, parts.test)
        losses.append(
            [
                evaluation.scores(problem, truth, each.astype("float32"))["loss"]
                for each in (own, usual)
            ]
        )
    own, usual = np.mean(losses, axis=0)
    print(name, own, usual)
    assert own <= 1.1 * usual
