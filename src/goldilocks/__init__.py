"""Goldilocks trains Keras models from composable Hydra configs, tracks every run in MLflow, and judges the curves.

Data flows one way, through modules named after the steps of the workflow:

    config       compose -> checked, resolved, flat, fingerprinted
    command_line what a person typed -> a run, or a sentence and exit status 1
    problem      problem type -> last activation, loss, metric, baseline
    dataset      source -> arrays or tf.data, facts about them, digest
    protocol     rows -> splits
    model        facts -> keras.Model
    training     model + split -> history
    evaluation   predictions -> metrics, difference to the baseline
    intervals    predictions -> how sure a score is
    looks        which look at the test rows a final run is, and whether it is allowed
    folds        many trainings of one configuration -> one result
    diagnosis    history -> verdict, evidence, next move in words
    analysis     network + rows -> what it has learned, as numbers; `insights` draws it, `analyse` logs it
    reference    a tuned scikit-learn model of the same rows, to compare with
    plots        logged numbers -> figures
    tracking     the only place that knows MLflow
    jobs         what became of each job of a sweep, in files
    pruning      the trial of a job of a search, which says whether the job may stop
    sweep        many runs of one `-m` call under one parent
    study        stored runs -> the page of a study, beside the book's numbers
    origin       the run that another one starts from
    average      several trainings of one configuration -> one run
    reference    a tuned scikit-learn model of the same rows, to compare with
    run          one run, top to bottom, one line per step; folds and repeats as its children
    comparison   stored runs -> one HTML file that compares them
    workflow     runs -> the universal workflow, from a data set to one tested model
    predict      a logged model + raw input -> a table of answers
    cli          the command `goldilocks`
"""

import os

# TensorFlow reads these once, when it is first imported: without them it prints some twenty lines at every start.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# MLflow reports how it is used to its makers, over the network, unless told not to.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
