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
    cli          the command `goldilocks`
"""

import os

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
