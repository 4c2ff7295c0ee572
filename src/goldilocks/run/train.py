"""Training specifications -> outcomes: built, fitted, evaluated, diagnosed, drawn and logged."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from goldilocks import backend, console
from goldilocks.encoding import differencing, vectorization
from goldilocks.encoding import encoder as encoding
from goldilocks.encoding.targets import (
    class_weights,
    count_outputs,
    encode_targets,
    target_logarithms,
    target_prior,
    target_spread,
)
from goldilocks.evaluation import differences
from goldilocks.model import Facts, transfer
from goldilocks.run import (
    description,
    figures,
    room,
    seen_rows,
    terminal,
    test_claims,
    warm_start,
)
from goldilocks.run.context import BY_MODEL, PREDICTIONS, RunContext, TrainingSpec
from goldilocks.run.outcome import Outcome, evaluate, read_outcome
from goldilocks.tracking import Tracker, query
from goldilocks.training import frozen, interruption
from goldilocks.training.callbacks import Interrupter, ProgressBar
from goldilocks.training.fit import FitResult, FitSpec
from goldilocks.training.predict import predict
from goldilocks.training.pruner import Pruner

if TYPE_CHECKING:
    import keras

EXAMPLE_ROWS = 2  # in the logged model's input example
WEIGHTS = "best.weights.h5"  # artifact of a training that was interrupted
PRUNED = {"pruned": "true"}  # tags of a run that is not reused as a finished one


def train(context: RunContext, specs: Sequence[TrainingSpec], tracker: Tracker) -> list[Outcome]:
    """Train each specification and log it: a single one in the open run, several in child runs.

    Args:
        context: What the trainings share.
        specs: The trainings, at least one.
        tracker: Tracker of the open run.

    Returns:
        One outcome for each specification; fewer if the trial of a search was pruned.

    Raises:
        ModelError: If a model cannot be built for the shape of the data.
        StoreError: If there is no room for what is logged.
    """
    outcomes: list[Outcome] = []
    reused: list[str] = []
    for number, spec in enumerate(specs, start=1):
        if len(specs) == 1:
            outcome = _train_one(context, spec, tracker)
        else:
            outcome = _train_child(context, spec, tracker.run_id, reused)
            tracker.tags(query.reused_tags(reused))
        outcomes.append(outcome)

        if context.trial is not None:
            context.trial.report_training(number, outcome.value, last=number == len(specs))
        if context.pruned:
            break
    return outcomes


def _train_child(
    context: RunContext, spec: TrainingSpec, parent: str, reused: list[str]
) -> Outcome:
    """Train one of several specifications in a child run, or read a finished one's outcome.

    Add the ID of a run that stands below another parent to `reused`.
    """
    with context.store.lock(context.fingerprint(spec)):
        stored = context.stored_run(spec)
        if stored is not None:
            if stored.parent != parent:
                reused.append(stored.run_id)
            if stored.status == "FINISHED":
                console.note(f"{spec.part}: trained before, run {stored.run_id}")
                console.result(terminal.line(spec.part, stored.metrics, stored.tags))
                return read_outcome(context, spec, stored)

        with context.open_run(spec, parent=parent, resumed=stored) as tracker:
            outcome = _train_one(context, spec, tracker)
            if context.pruned:
                tracker.tags(PRUNED)
            return outcome


def _train_one(context: RunContext, spec: TrainingSpec, tracker: Tracker) -> Outcome:
    """Train a specification in an open run."""
    settings, dataset = spec.settings, context.dataset
    facts = terminal.facts(context, spec.split)
    console.note(f"{spec.part or settings.name}: {facts}")
    tracker.describe(description.beginning(spec, tracker, facts))

    # Model and split -> history.
    trained = context.shared.trained.pop(context.fingerprint(spec), None)
    if trained is not None:
        fit_spec, result = trained.fit_spec, trained.result
        for number in range(1, len(result.history["loss"]) + 1):
            tracker.epoch(number, result.of_epoch(number))
    else:
        fit_spec, result = _fit(context, spec, tracker)

    # Model and rows -> predictions. The store records a test evaluation before the model predicts:
    # if the process is killed in between, the test rows count as evaluated.
    rows = result.validation
    if settings.tree["final"]:
        rows = spec.split.test
        assert spec.evaluation is not None
        test_claims.mark(spec.evaluation, tracker)
    predictions = predict(
        fit_spec.encoder, fit_spec.model, dataset, rows, one_of_many=trained is not None
    )

    # Of nested validation, what other models are compared with by rows that have chosen nothing.
    compared, of_compared = rows, predictions
    if len(spec.split.outer):
        compared = spec.split.outer
        of_compared = predict(
            fit_spec.encoder, fit_spec.model, dataset, compared, one_of_many=trained is not None
        )

    # Predictions -> scores, and history -> verdict.
    model = encoding.attach(fit_spec.encoder, fit_spec.model)
    outcome = evaluate(context, spec, fit_spec, model, result, rows, predictions)
    outcome = replace(outcome, predicted=(compared, of_compared))
    tracker.params(_of_model(settings.flat, fit_spec.model))

    # All of it -> the store.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        description.write(outcome, model, folder)
        if trained is None or trained.is_drawn:
            figures.draw(outcome, fit_spec, rows, predictions, folder / "plots")
        of_rows = differences.stored(context.problem, dataset, compared, of_compared)
        arrays = {"rows": compared, "predictions": of_compared, **of_rows}
        np.savez(folder / PREDICTIONS, allow_pickle=False, **arrays)
        seen_rows.write(dataset, spec.split, folder)
        one_number = not context.problem.classifies and predictions.shape[1] == 1
        example = encoding.raw(dataset, rows[:EXAMPLE_ROWS])
        tracker.model(model, example, one_number=one_number)
        description.log(outcome, tracker, folder)
    return outcome


def _of_model(flat: Mapping[str, object], model: keras.Model) -> dict[str, object]:
    """Return what the settings of `BY_MODEL` stood for that were `auto`."""
    convolutions = [layer for layer in model.layers if "conv" in layer.name]
    stood_for = {
        "model.layers": len(convolutions),
        "trainer.steps_per_execution": model.steps_per_execution,
    }
    return {key: stood_for[key] for key, auto in BY_MODEL if flat.get(key) == auto}


def _fit(context: RunContext, spec: TrainingSpec, tracker: Tracker) -> tuple[FitSpec, FitResult]:
    """Build the model of a training and fit it, in an open run."""
    settings, fit_spec = spec.settings, prepare(context, spec, {})
    with (
        contextlib.closing(ProgressBar(metric=context.problem.metric)) as progress,
        interruption.listening() as asked_to_end,
    ):
        callbacks: list[keras.callbacks.Callback] = [progress, Interrupter(asked_to_end)]
        if context.trial is not None:
            callbacks.append(Pruner(context.trial.report_epoch, monitor=settings.monitor))
        result = settings.builder("trainer")(fit_spec, callbacks, tracker.epoch, tracker.checkpoint)
    if result.interrupted:
        _keep(context, spec, fit_spec, result, tracker)
        asked_to_end.end()
    return fit_spec, result


def _keep(
    context: RunContext, spec: TrainingSpec, fit_spec: FitSpec, result: FitResult, tracker: Tracker
) -> None:
    """Log what a training has that was asked to end; the same command replaces it later.

    Nothing that stands once is logged: no model and no metrics of the whole training. Test rows are
    not looked at.
    """
    if spec.settings.tree["final"] or not result.history:
        return

    rows = result.validation
    predictions = predict(fit_spec.encoder, fit_spec.model, context.dataset, rows)
    model = encoding.attach(fit_spec.encoder, fit_spec.model)
    outcome = evaluate(context, spec, fit_spec, model, result, rows, predictions)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        description.write(outcome, model, folder)
        figures.draw(outcome, fit_spec, rows, predictions, folder / "plots")
        model.save_weights(folder / WEIGHTS)
        description.log_interrupted(outcome, tracker, folder)


def prepare(
    context: RunContext, spec: TrainingSpec, encoders: dict[Hashable, keras.Model]
) -> FitSpec:
    """Set the seed, and build the model of a training with everything that `fit` needs.

    Args:
        context: What the trainings of the run share.
        spec: The training; nothing but its training rows is fitted on.
        encoders: Those of other trainings, which may have the same rows; this one's is added.

    Raises:
        ModelError: The model cannot be built for the shape of the data, or is too large.
        StoreError: There is no room to write it before it is logged.
    """
    settings, split = spec.settings, spec.split
    dataset, problem, initial_model = context.dataset, context.problem, context.initial_model
    backend.seed(settings.tree["seed"])
    regularizer = settings.regularizer

    # Training rows -> encoder. A model that starts from logged weights also takes their encoder:
    # weights have a meaning only with the vocabulary and the scales that they were trained with.
    # With `model.base=run` the model builder takes the weights itself, and the encoder is new.
    in_order = settings.traits.model.reads_in_order
    key = id(dataset.x), split.train.tobytes(), in_order
    if key not in encoders:
        encoders[key] = encoding.fit(dataset, split.train, in_order=in_order)
    encoder = encoders[key]
    starts_from_weights = initial_model is not None and warm_start.keeps_encoder(settings)
    if starts_from_weights:
        encoder = transfer.encoder(initial_model, encoder)

    # Training targets -> number of outputs, and where they lie.
    outputs = count_outputs(problem, dataset)
    prior = target_prior(problem, outputs, dataset.y[split.train])

    max_tokens = 0
    if dataset.vectorization and vectorization.is_sequence(encoder):
        max_tokens = dataset.vectorization["max_tokens"]

    last_value = None
    if dataset.kind == "series":
        last_value = differencing.standardization(dataset, encoder)

    # Facts -> model.
    facts = Facts(
        input_shape=tuple(encoder.output.shape[1:]),
        outputs=outputs,
        last_activation=problem.last_activation,
        prior=prior,
        spread=target_spread(problem, dataset.y[split.train]),
        logarithms=target_logarithms(problem, dataset.y[split.train]),
        max_tokens=max_tokens,
        vocabulary=vectorization.vocabulary(encoder),
        last_value=last_value,
        difference=differencing.fit(dataset, split.train, encoder),
        initial_model=initial_model,
    )
    model = room.build(settings, facts)
    if starts_from_weights:
        transfer.start(model, initial_model)
    if not regularizer.augments:
        encoder, model = frozen.divide(encoder, model)

    return FitSpec(
        model=model,
        encoder=encoder,
        dataset=dataset,
        split=split,
        targets=encode_targets(problem, outputs, dataset.y),
        problem=problem,
        class_weight=class_weights(problem, dataset, split.train),
        regularizer=regularizer,
        optimizer=settings.builder("optimizer"),
        seed=settings.tree["seed"],
    )
