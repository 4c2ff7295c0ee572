"""Trainings that are one program: prepared, trained, and returned to be logged one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import keras

import goldilocks.backend  # noqa: F401  First: it is quiet.
from goldilocks.evaluation import measures
from goldilocks.run.context import RunContext, Trained, TrainingSpec
from goldilocks.run.train import prepare
from goldilocks.tracking import journal
from goldilocks.training import interruption, jax_process, population
from goldilocks.training.callbacks import ProgressBar
from goldilocks.training.program_checkpoint import ProgramCheckpoints
from goldilocks.training.pruner import Pruner

DRAWN = 3  # of the trainings of a population: the best


def train(trainings: Sequence[tuple[RunContext, TrainingSpec]], run_id: str) -> dict[str, Trained]:
    """Train what is not stored yet as programs of many networks.

    Args:
        trainings: Each with what it shares with others of its run; all have one trainer.
        run_id: Of the open run that stands above them, which keeps their checkpoints until it is
            finished; "" where nothing is stored.

    Returns:
        By fingerprint, those that were trained; `fit` trains the others.

    Raises:
        KeyboardInterrupt, SystemExit: A signal came; what can go on is in a checkpoint.
    """
    missing = [pair for pair in trainings if not _is_stored(*pair)]
    if not missing:
        return {}
    context, spec = missing[0]
    trainer, metric = spec.settings.tree["trainer"], context.problem.metric
    folder = journal.of(run_id).folder if run_id else None
    fingerprints = [context.fingerprint(spec) for context, spec in missing]
    with jax_process.start() as process, contextlib.closing(ProgressBar(metric=metric)) as progress:
        fit_specs = [prepare(*pair) for pair in missing]
        with interruption.listening("epoch") as asked_to_end:
            try:
                results = population.train(
                    process,
                    fit_specs,
                    fingerprints,
                    lambda index: _callbacks(*missing[index]),
                    progress,
                    ProgramCheckpoints(folder, trainer["checkpoint_seconds"]),
                    asked_to_end,
                    epochs=trainer["epochs"],
                    batch_size=trainer["batch_size"],
                    steps_per_epoch=trainer["steps_per_epoch"],
                    validation_steps=trainer["validation_steps"],
                    shuffle=trainer["shuffle"],
                    monitor=trainer["monitor"],
                )
            finally:
                asked_to_end.end()

    monitor = trainer["monitor"]
    best = [result.best[monitor] for result in results if result and result.monitor]
    best.sort(reverse=measures.find(context.problem, monitor).greater_is_better)
    trained: dict[str, Trained] = {}
    for (context, spec), fit_spec, result in zip(missing, fit_specs, results, strict=True):
        if result is not None:
            is_drawn = not best or result.best[monitor] in best[:DRAWN]
            trained[context.fingerprint(spec)] = Trained(fit_spec, result, is_drawn)
    return trained


def _is_stored(context: RunContext, spec: TrainingSpec) -> bool:
    stored = context.stored_run(spec)
    return stored is not None and stored.status == "FINISHED"


def _callbacks(context: RunContext, spec: TrainingSpec) -> list[keras.callbacks.Callback]:
    """Return what may stop one of the trainings."""
    if context.trial is None:
        return []
    return [Pruner(context.trial.report_epoch, monitor=spec.settings.tree["trainer"]["monitor"])]
