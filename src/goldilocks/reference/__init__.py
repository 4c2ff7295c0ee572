"""A tuned scikit-learn model of the same rows: a network that does not beat it is not worth its trouble.

One for each kind of data: gradient boosting of tables, logistic regression on tf-idf of texts,
logistic regression on the principal components of small pixels, ridge regression of a window's
points for the change from its last value. `search` finds its hyperparameters, `pipelines` builds
it, `rows` makes what it reads. Test rows are never read.
"""

from goldilocks.reference.search import Reference, predict, refit, tune

__all__ = ["Reference", "predict", "refit", "tune"]
