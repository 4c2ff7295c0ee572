"""Kind of data and problem -> a scikit-learn pipeline with given parameters, and the parameters that are tried."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import loguniform, randint
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

from goldilocks.problem import Problem

NAMES: Mapping[str, str] = {
    "table": "gradient boosting",
    "text": "linear model on tf-idf",
    "image": "linear model on principal components of pixels",
    "series": "ridge regression of the change from the last value",
}
MOST_CATEGORIES = 250  # of a column; gradient boosting takes 255, and the rarest are taken together
MOST_WORDS = 100_000
COMPONENTS = (10, 30, 60, 100, 150)
BOOSTED_LOSSES = {"mae": "absolute_error"}  # by Keras's names; squared error of the others
ITERATIONS = 1000  # of a linear model's solver, at most

# What is tried first: scikit-learn's own defaults, as far as it has them.
FIRST: Mapping[str, Mapping[str, Any]] = {
    "table": {
        "learning_rate": 0.1,
        "max_leaf_nodes": 31,
        "min_samples_leaf": 20,
        "l2_regularization": 0.0,
        "max_iter": 100,
        "max_features": 1.0,
    },
    "text": {"C": 1.0, "ngrams": 1, "sublinear_tf": False},
    "image": {"C": 1.0, "components": 60},
    "series": {"alpha": 1.0},
}


def space(kind: str) -> dict[str, Any]:
    """The distributions, or lists of values, that `sklearn.model_selection.ParameterSampler` draws from."""
    if kind == "table":
        return {
            "learning_rate": loguniform(0.01, 0.3),
            "max_leaf_nodes": randint(3, 64),
            "min_samples_leaf": randint(2, 60),
            "l2_regularization": loguniform(1e-3, 100),
            "max_iter": [50, 100, 200, 400],
            "max_features": [0.3, 0.6, 1.0],
        }
    if kind == "text":
        return {"C": loguniform(0.1, 100), "ngrams": [1, 2], "sublinear_tf": [False, True]}
    if kind == "image":
        return {"C": loguniform(1e-3, 100), "components": list(COMPONENTS)}
    return {"alpha": loguniform(0.1, 1e6)}


def build(
    kind: str,
    problem: Problem,
    parameters: Mapping[str, Any],
    *,
    categories: Sequence[str],
    characters: bool,
    most_components: int,
    seed: int,
) -> Pipeline:
    """A pipeline that is not fitted yet.

    Args:
        kind: Of the data set.
        problem: Says whether classes or numbers are predicted, and of numbers the loss.
        parameters: Those of `FIRST[kind]`.
        categories: Of a table: the columns that hold categories.
        characters: Of texts: whether they are cut into characters, not words.
        most_components: Of images: rows or pixels that it will be fitted on, whichever are fewer.
        seed: Of everything that is drawn.
    """
    if kind == "table":
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            encoded_missing_value=np.nan,
            max_categories=MOST_CATEGORIES,
        )
        columns = ColumnTransformer(
            [("categories", encoder, list(categories))], remainder="passthrough"
        )
        places = list(range(len(categories)))  # They come first.
        chosen: dict[str, Any] = {
            **parameters,
            "categorical_features": places,
            "random_state": seed,
        }
        if _is_regression(problem):
            loss = BOOSTED_LOSSES.get(problem.loss, "squared_error")
            model = HistGradientBoostingRegressor(loss=loss, **chosen)
        else:
            model = _each_label(HistGradientBoostingClassifier(**chosen), problem)
        return Pipeline([("columns", columns), ("model", model)])
    if kind == "text":
        words = TfidfVectorizer(
            analyzer="char_wb" if characters else "word",
            token_pattern=r"(?u)\b\w+\b",  # Else a text of single letters would be empty.
            ngram_range=(2, 2 + parameters["ngrams"]) if characters else (1, parameters["ngrams"]),
            sublinear_tf=parameters["sublinear_tf"],
            max_features=MOST_WORDS,
            dtype=np.float32,
        )
        return Pipeline([("words", words), ("model", _linear(problem, parameters["C"], seed))])
    if kind == "image":
        count = min(parameters["components"], most_components)
        components = PCA(count, svd_solver="auto", random_state=seed)
        return Pipeline(
            [("components", components), ("model", _linear(problem, parameters["C"], seed))]
        )
    return Pipeline([("scale", StandardScaler()), ("model", Ridge(alpha=parameters["alpha"]))])


def _linear(problem: Problem, inverse: float, seed: int) -> Any:
    """A linear model whose penalty is as strong as the inverse of `C`."""
    if _is_regression(problem):
        return Ridge(alpha=1 / inverse)
    return _each_label(
        LogisticRegression(C=inverse, max_iter=ITERATIONS, random_state=seed), problem
    )


def _each_label(model: Any, problem: Problem) -> Any:
    return OneVsRestClassifier(model) if problem.type == "multilabel" else model


def _is_regression(problem: Problem) -> bool:
    return problem.type.endswith("regression")
