"""A tuned scikit-learn model of the same rows: a network should beat it to be worth its trouble.

There is one for each kind of data: gradient boosting for tables, logistic regression on tf-idf for
texts, logistic regression on the principal components of small pixels for images, and for series
linear regression of a window's points for the change from its last value. It is fitted for the
metric that models are compared by: absolute errors, absolute errors in per cent, or squared ones.
`search` finds its hyperparameters, `pipelines` builds it, `rows` makes what it reads. Test rows are
never read.
"""

from goldilocks.reference.search import Reference, predict, tune

__all__ = ["Reference", "predict", "tune"]
