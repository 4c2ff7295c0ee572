"""A single training, from rows to what it found: built, fitted, evaluated, judged, drawn, logged."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from goldilocks import console
from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.problem import Problem
from goldilocks.protocol import Split
from goldilocks.run.test_ledger import Look
from goldilocks.search.trial import Trial
from goldilocks.tracking import Tracker

if TYPE_CHECKING:
    import keras

    from goldilocks.run.outcome import Outcome
    from goldilocks.training.fit import Job

EXAMPLE_ROWS = 2  # in the logged model's input example

# The artifact with what the model of the best epoch predicted of the rows that judge it: `rows`,
# int64 (n,), and `predictions`, float32 (n, outputs); so that runs can be compared row by row.
PREDICTIONS = "predictions.npz"


@dataclass(frozen=True)
class Training:
    """One training of a configuration.

    Attributes:
        settings: With the seed of this training.
        split: The rows of this training.
        fold: Which of several folds, from 1; None where there is one split.
        part: What it is among several ("fold 1 of 4", "seed 7"); "" where it is the only one.
        look: At the test rows, of a final run; None of any other.
    """

    settings: Settings
    split: Split
    fold: int | None
    part: str
    look: Look | None = None

    @property
    def role(self) -> str:
        """What its run is for: "fold" or "repeat" under a parent that averages, else that of its settings."""
        return ("fold" if self.fold else "repeat") if self.part else self.settings.role


def prepare(
    settings: Settings,
    dataset: Dataset,
    problem: Problem,
    split: Split,
    earlier: keras.Model | None,
) -> Job:
    """A fresh model for these rows, with everything that training needs; the seed is set here.

    Args:
        settings: Checked.
        dataset: Loaded.
        problem: What is predicted.
        split: Its training rows alone are fitted on.
        earlier: The logged model to start from, or None.

    Raises:
        ModelError: The model cannot be built for the shape of the data.
    """
    from goldilocks import backend
    from goldilocks.encoding import encoder as encoding
    from goldilocks.encoding import vectorization
    from goldilocks.encoding.targets import (
        count_outputs,
        encode_targets,
        target_prior,
        target_spread,
    )
    from goldilocks.model import READS_IN_ORDER, Facts, Regularizer, transfer
    from goldilocks.training import frozen
    from goldilocks.training.fit import Job

    backend.seed(settings.tree["seed"])
    regularizer = Regularizer(**settings.tree["regularizer"])
    encoder = encoding.fit(
        dataset, split.train, in_order=settings.choices["model"] in READS_IN_ORDER
    )
    goes_on = earlier is not None and settings.tree["model"].get("base") != "run"
    # What its weights mean depends on the vocabulary and the scales that they were trained with.
    if goes_on:
        encoder = transfer.encoder(earlier, encoder)
    outputs = count_outputs(problem, dataset)
    prior = target_prior(problem, outputs, dataset.y[split.train])
    vocabulary = vectorization.vocabulary(encoder)
    facts = Facts(
        input_shape=tuple(encoder.output.shape[1:]),
        outputs=outputs,
        last_activation=problem.last_activation,
        prior=prior,
        spread=target_spread(problem, dataset.y[split.train]),
        max_tokens=dataset.vectorization.max_tokens
        if dataset.vectorization and vectorization.is_sequence(encoder)
        else 0,
        vocabulary=vocabulary,
        persistence=encoding.persistence(dataset, encoder),
        earlier=earlier,
    )
    model = settings.builder("model")(facts, regularizer)
    if goes_on:
        transfer.start(model, earlier)
    if not regularizer.augments:
        encoder, model = frozen.divide(encoder, model)
    return Job(
        model=model,
        encoder=encoder,
        dataset=dataset,
        split=split,
        targets=encode_targets(problem, outputs, dataset.y),
        prior=prior,
        problem=problem,
        regularizer=regularizer,
        optimizer=settings.builder("optimizer"),
        seed=settings.tree["seed"],
    )


def train(
    training: Training,
    dataset: Dataset,
    problem: Problem,
    earlier: keras.Model | None,
    tracker: Tracker,
    trial: Trial | None,
) -> Outcome:
    """Train, judge, draw and log.

    Args:
        training: What, with which seed and rows.
        dataset: Loaded.
        problem: What is predicted.
        earlier: The logged model to start from, or None.
        tracker: Of an open run.
        trial: Of a search, which may end the training early; or None.

    Returns:
        Everything that is known of it.

    Raises:
        ModelError: The model cannot be built for the shape of the data.
        StoreError: There is no room for what is logged.
    """
    import numpy as np

    from goldilocks import diagnosis
    from goldilocks.dataset.sources.cache import digest
    from goldilocks.encoding import encoder as encoding
    from goldilocks.evaluation import scores as evaluation
    from goldilocks.run import figures
    from goldilocks.run import outcome as summary
    from goldilocks.training.callbacks import ProgressBar
    from goldilocks.training.predict import predict
    from goldilocks.training.pruner import Pruner

    settings, split = training.settings, training.split
    console.note(f"{training.part or settings.name}: {summary.facts(dataset, problem, split)}")
    job = prepare(settings, dataset, problem, split, earlier)
    bar = ProgressBar(metric=problem.metric)
    pruner = (
        [] if trial is None else [Pruner(trial.epoch, monitor=settings.tree["trainer"]["monitor"])]
    )
    try:
        result = settings.builder("trainer")(job, [bar, *pruner], tracker.epoch, tracker.checkpoint)
    finally:
        bar.close()

    model, final = job.model, settings.tree["final"]
    judged = split.test if final else result.validation
    targets = job.targets[judged]
    if final:
        tracker.mark_test_evaluation()
    predicted = predict(job.encoder, model, dataset, judged)
    baseline = evaluation.scores(problem, targets, evaluation.naive(dataset, job.prior, judged))
    scores = evaluation.scores(problem, targets, predicted)
    verdict = None
    if not final and settings.role != "baseline":
        verdict = diagnosis.judge(
            result.history,
            metric=problem.metric,
            baseline=baseline,
            rows=len(judged),
            **settings.tree["diagnosis"],
        )
    complete = encoding.attach(job.encoder, model)
    outcome = summary.Outcome(
        settings=settings,
        part=training.part,
        dataset=dataset,
        problem=problem,
        split=split,
        result=result,
        baseline=baseline,
        beats_baseline=evaluation.beats(problem, scores, baseline),
        verdict=verdict,
        test=scores if final else None,
        intervals=evaluation.intervals_of(problem, dataset, judged, targets, predicted)
        if final
        else {},
        look=training.look,
        parameters=complete.count_params(),
        coverage=_coverage(settings, job),
        weights=digest(*complete.get_weights()),
    )
    with tempfile.TemporaryDirectory() as folder:
        summary.write(outcome, complete, Path(folder))
        figures.draw(outcome, model, job.regularizer, judged, predicted, Path(folder) / "plots")
        np.savez(Path(folder) / PREDICTIONS, rows=judged, predictions=predicted)
        tracker.files(Path(folder))
    tracker.dataset(dataset, context="train and test" if final else "train and validation")
    tracker.model(complete, encoding.raw(dataset, judged[:EXAMPLE_ROWS]))
    tracker.metrics(summary.metrics(outcome))
    tracker.tags(
        summary.tags(outcome) | ({"pruned": "true"} if any(each.pruned for each in pruner) else {})
    )
    tracker.describe(summary.description(outcome))
    console.result(
        summary.line(outcome)
        if training.part
        else summary.lines(outcome, tracker.where, tracker.ui_command)
    )
    return outcome


def _coverage(settings: Settings, job: Job) -> float | None:
    """The share of the vocabulary that the pretrained word vectors have; None without them."""
    source = settings.tree["model"].get("vectors")
    if source is None:
        return None
    from goldilocks.encoding import vectorization
    from goldilocks.model import vectors

    return vectors.load(
        source, vectorization.vocabulary(job.encoder), settings.tree["model"]["output_dim"]
    ).coverage
