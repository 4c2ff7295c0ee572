"""Goldilocks trains Keras models from Hydra configs, tracks them in MLflow, and judges the curves.

Importing it loads nothing and sets nothing. Data flows one way, through rooms named after the steps
of the workflow:

    errors       the errors a person can mend, under one UserError
    formatting   numbers and tables as people read them
    console      all that is printed, through one logger
    backend      TensorFlow and Keras, imported quietly
    problem      problem type -> last activation, loss, metrics, baseline
    config       overrides -> settings: checked, resolved, fingerprinted
    dataset      source -> rows and facts about them
    protocol     rows -> splits
    encoding     training rows -> an encoder from raw rows to tensors
    model        facts -> keras.Model
    evaluation   predictions -> scores, intervals, paired differences
    training     model + split -> history; callbacks know no tracker
    diagnosis    history -> verdict: evidence, sentence, next move
    plots        logged numbers -> figures
    reference    a tuned scikit-learn model of the same rows
    tracking     the only place that knows MLflow
    jobs         processes, slots, records of jobs; knows no Hydra
    search       Optuna: spaces, trials, pruning; knows no Hydra
    run          one run, top to bottom; folds and repeats, cache, test ledger
    interpret    a trained network -> activations, filters, Grad-CAM, saliency, importance
    report       stored runs -> tables, HTML pages
    serving      a logged model + raw input -> answers
    sweep        Hydra's launcher, sweeper and callback, on jobs and search
    workflow     runs -> the universal workflow; a module per step in `steps`
    notebook     what `goldilocks.train` and its neighbours do
    cli          the command `goldilocks`, `train.py` and `workflow.py`
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldilocks.diagnosis import Verdict
    from goldilocks.diagnosis.verdict_callback import VerdictCallback
    from goldilocks.notebook import load_run, run_sweep, run_workflow, train

__all__ = ["VerdictCallback", "judge", "load_run", "run_sweep", "run_workflow", "train"]

# What TensorFlow, Keras and MLflow read from the environment when they are first imported.
ENVIRONMENT = {
    # Else TensorFlow prints some twenty lines at every start.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    # Else MLflow reports over the network how it is used.
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def prepare_environment() -> None:
    """Set the variables of `ENVIRONMENT` unless a person has; call it before any such import."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def judge(
    history: object,
    *,
    metric: str | None = None,
    baseline: Mapping[str, float] | None = None,
    validation_rows: int | None = None,
) -> Verdict:
    """Return what the learning curves of a training say: a word, four answers, what to try next.

    It takes milliseconds and reads no model, so the training may be of any framework. The sentence
    of the verdict also says how the history was read where its names are not Keras's, and what was
    not tested since the baseline or the number of rows is not given.

    >>> history = model.fit(x, y, validation_split=0.2, epochs=20)  # doctest: +SKIP
    >>> print(goldilocks.judge(history, baseline={"loss": 0.693}))  # doctest: +SKIP

    Args:
        history: What `model.fit` returns, or a dict with a list of numbers, one an epoch, for each
            of `loss`, `val_loss`, and metrics; a table of pandas; or the path of a CSV, of any
            framework (`goldilocks.diagnosis.frameworks.columns_of`).
        metric: Name of the primary metric, with or without "val_"; None for the first whose name
            tells whether more of it is better.
        baseline: What a constant guess reaches on the validation rows: the `loss`, the metric, or
            both by name.
        validation_rows: Number of validation rows.

    Raises:
        HistoryError: A ValueError whose message says what was expected, such as both losses.
    """
    from dataclasses import replace

    from goldilocks import diagnosis
    from goldilocks.diagnosis.history import curves_of

    curves, remarks = curves_of(
        history, metric=metric, baseline=baseline, validation_rows=validation_rows
    )
    if not curves.baseline or curves.rows is None:
        remarks.append(
            "Whether it beats a constant guess is not tested: that needs the guess's loss as the "
            "baseline, and the number of validation rows."
        )
    verdict = diagnosis.judge(curves)
    return replace(verdict, sentence=" ".join([verdict.sentence, *remarks]))


def __getattr__(name: str) -> object:
    """Return what is imported when it is first asked for: Keras takes seconds, pandas a third."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "VerdictCallback":
        from goldilocks.diagnosis.verdict_callback import VerdictCallback

        return VerdictCallback
    with warnings.catch_warnings():  # In Jupyter, tqdm warns of bars that nobody draws here.
        warnings.filterwarnings("ignore", "IProgress not found")
        from goldilocks import notebook
    return getattr(notebook, name)


def __dir__() -> list[str]:
    """Return the names that are there, those to come included."""
    return sorted({*globals(), *__all__})
