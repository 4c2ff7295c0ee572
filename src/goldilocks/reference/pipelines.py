"""Kind of data and problem -> a scikit-learn pipeline, and the hyperparameters to try."""

from collections.abc import Mapping, Sequence

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder, RobustScaler, StandardScaler
from sklearn.svm import LinearSVR

from goldilocks.dataset import Dataset
from goldilocks.evaluation import measures
from goldilocks.problem import Problem
from goldilocks.reference import rows

Parameters = Mapping[str, float | bool]  # of the baseline none

NAMES: Mapping[str, str] = {
    "table": "gradient boosting",
    "text": "linear model on tf-idf",
    "image": "linear model on principal components of pixels",
    "series": "linear regression of the change from the last value",
}
MOST_CATEGORIES = 250  # of a column; gradient boosting takes 255, and the rarest are taken together
MOST_WORDS = 100_000
# Losses and metrics, by Keras's names, for which medians are fitted; for the others means.
ABSOLUTE = ("mae", "mean_absolute_percentage_error")
ITERATIONS = 1000  # of a linear model's solver, at most

# What is tried, by the names of `FIRST`.
SPACES: Mapping[str, dict[str, BaseDistribution]] = {
    "table": {
        "learning_rate": FloatDistribution(0.01, 0.3, log=True),
        "max_leaf_nodes": IntDistribution(3, 63),
        "min_samples_leaf": IntDistribution(2, 59),
        "l2_regularization": FloatDistribution(1e-3, 100, log=True),
        "max_iter": CategoricalDistribution([50, 100, 200, 400]),
        "max_features": CategoricalDistribution([0.3, 0.6, 1.0]),
    },
    "text": {
        "C": FloatDistribution(0.1, 100, log=True),
        "ngrams": IntDistribution(1, 2),
        "sublinear_tf": CategoricalDistribution([False, True]),
    },
    "image": {
        "C": FloatDistribution(1e-3, 100, log=True),
        "components": CategoricalDistribution([10, 30, 60, 100, 150]),
    },
    "series": {"alpha": FloatDistribution(0.1, 1e6, log=True)},
}

# What is tried first: scikit-learn's own defaults, as far as it has them.
FIRST: Mapping[str, Parameters] = {
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


def build(
    dataset: Dataset, problem: Problem, parameters: Parameters, x: rows.Inputs, *, seed: int
) -> Pipeline:
    """Build a pipeline that is not fitted yet.

    Args:
        dataset: Where the rows are from.
        problem: Whether classes or numbers are predicted, and the loss of numbers.
        parameters: Hyperparameters, by the names of `FIRST[dataset.kind]`.
        x: What it will be fitted on.
        seed: Seed of all that is random.
    """
    several = bool(dataset.outputs)
    if dataset.kind == "table":
        categories = rows.categories(dataset)
        columns = _encode_categories(categories)
        indices = list(range(len(categories)))  # The encoder puts them first.
        model = _boosted(problem, parameters, indices, seed, several=several)
        return Pipeline([("columns", columns), ("model", model)])

    if dataset.vectorization is not None:
        ngrams = int(parameters["ngrams"])
        characters = dataset.vectorization["token"] == "character"
        words = TfidfVectorizer(
            analyzer="char_wb" if characters else "word",
            token_pattern=r"(?u)\b\w+\b",  # Else a text of single letters would be empty.
            ngram_range=(2, 2 + ngrams) if characters else (1, ngrams),
            sublinear_tf=parameters["sublinear_tf"],
            max_features=MOST_WORDS,
            dtype=np.float32,
        )
        model = _linear(problem, parameters["C"], len(x), seed, several=several)
        return Pipeline([("words", words), ("model", model)])

    if dataset.kind == "image":
        count = min(int(parameters["components"]), *np.shape(x))
        components = PCA(count, svd_solver="auto", random_state=seed)
        model = _linear(problem, parameters["C"], len(x), seed, several=several)
        return Pipeline([("components", components), ("model", model)])

    model = _linear(problem, 1 / parameters["alpha"], len(x), seed, several=several)
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def _encode_categories(categories: Sequence[str]) -> ColumnTransformer:
    """Return what numbers the categories of a table and leaves the other columns as they are."""
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=MOST_CATEGORIES,
    )
    return ColumnTransformer([("categories", encoder, list(categories))], remainder="passthrough")


def _boosted(
    problem: Problem,
    parameters: Parameters,
    categorical_features: list[int],
    seed: int,
    *,
    several: bool,
) -> BaseEstimator:
    """Return gradient boosting whose first features are categories, of several numbers each."""
    arguments = {"categorical_features": categorical_features, "random_state": seed}
    if not problem.classifies:
        loss = "absolute_error" if criterion(problem) in ABSOLUTE else "squared_error"
        model = HistGradientBoostingRegressor(loss=loss, **parameters, **arguments)
        return MultiOutputRegressor(model) if several else model
    return _each_label(HistGradientBoostingClassifier(**parameters, **arguments), problem)


def _linear(
    problem: Problem, inverse: float, count: int, seed: int, *, several: bool
) -> BaseEstimator:
    """Return a linear model of so many rows, whose penalty is as strong as the inverse of `C`."""
    if problem.classifies:
        model = LogisticRegression(C=inverse, max_iter=ITERATIONS, random_state=seed)
        return _each_label(model, problem)
    if criterion(problem) not in ABSOLUTE:
        return Ridge(alpha=1 / inverse)

    # Its errors are a sum: with a `C` for 1,000 rows the solver is as fast for many.
    strength = inverse * 1000 / count
    model = LinearSVR(epsilon=0, C=strength, max_iter=ITERATIONS, random_state=seed)
    regressor = MultiOutputRegressor(model) if several else model
    return TransformedTargetRegressor(regressor, transformer=RobustScaler())


def _each_label(model: BaseEstimator, problem: Problem) -> BaseEstimator:
    """Return a model for each label of a multilabel problem, else the model itself."""
    return OneVsRestClassifier(model) if problem.type == "multilabel" else model


def criterion(problem: Problem) -> str:
    """Return what a model is fitted for: the primary metric, or the loss if rows have no values."""
    has_values = measures.find(problem, problem.metric).per_row is not None
    return problem.metric if has_values else problem.loss
