"""Trainings that are one program: prepared, trained, and returned to be logged one by one."""

from __future__ import annotations

import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from goldilocks.backend import keras
from goldilocks.errors import UserError
from goldilocks.evaluation import measures
from goldilocks.run.context import RunContext, Trained, TrainingSpec
from goldilocks.run.shares import kind
from goldilocks.run.train import prepare
from goldilocks.tracking import journal
from goldilocks.training import interruption, jax_process, population
from goldilocks.training.callbacks import ProgressBar
from goldilocks.training.fit import FitSpec
from goldilocks.training.program_checkpoint import ProgramCheckpoints
from goldilocks.training.pruner import Pruner

FEWEST = 2  # trainings of one kind; a single one is over before JAX is there
DRAWN = 3  # of the trainings of a population: the best
OPTIONS = (
    "epochs",
    "batch_size",
    "steps_per_epoch",
    "validation_steps",
    "shuffle",
)


def train(trainings: Sequence[tuple[RunContext, TrainingSpec]], run_id: str) -> dict[str, Trained]:
    """Train what is not stored yet as programs of many networks.

    Args:
        trainings: Each with what it shares with others of its run.
        run_id: Of the open run that stands above them, which keeps their checkpoints until it is
            finished; "" where nothing is stored.

    Returns:
        By fingerprint, those that were trained; `fit` trains the others.

    Raises:
        KeyboardInterrupt, SystemExit: A signal came; what can go on is in a checkpoint.
    """
    kinds = Counter(kind(spec.settings) for _, spec in trainings)
    by_options: dict[str, list[tuple[RunContext, TrainingSpec]]] = defaultdict(list)
    for context, spec in trainings:
        stored = context.stored_run(spec)
        is_stored = stored is not None and stored.status == "FINISHED"
        if kinds[kind(spec.settings)] >= FEWEST and not is_stored:
            by_options[json.dumps(_options(spec))].append((context, spec))
    if not by_options:
        return {}

    trained: dict[str, Trained] = {}
    folder = journal.of(run_id).folder if run_id else None
    with jax_process.start() as process:
        for pairs in by_options.values():
            trained |= _train_alike(process, pairs, folder)
    return trained


def _train_alike(
    process: jax_process.JaxProcess,
    trainings: Sequence[tuple[RunContext, TrainingSpec]],
    folder: Path | None,
) -> dict[str, Trained]:
    """Train networks with the same options of their trainer; their checkpoints are in a folder."""
    prepared: list[tuple[RunContext, TrainingSpec, FitSpec]] = []
    encoders: dict[Hashable, keras.Model] = {}
    for context, spec in trainings:
        with contextlib.suppress(UserError):  # Its own run says what is wrong with it.
            prepared.append((context, spec, prepare(context, spec, encoders)))
    if not prepared:
        return {}

    context, spec, _ = prepared[0]
    options = _options(spec)
    monitor: str = options["monitor"]
    checkpoints = ProgramCheckpoints(folder, spec.settings.tree["trainer"]["checkpoint_seconds"])
    with (
        contextlib.closing(ProgressBar(metric=context.problem.metric)) as progress,
        interruption.listening("epoch") as asked_to_end,
    ):
        try:
            results = population.train(
                process,
                [fit_spec for _, _, fit_spec in prepared],
                [context.fingerprint(spec) for context, spec, _ in prepared],
                lambda index: _callbacks(*prepared[index][:2]),
                progress,
                checkpoints,
                asked_to_end,
                spec.settings.builder("trainer"),
                **options,
            )
        finally:
            asked_to_end.end()

    # A few figures now; the others can be drawn from what is logged.
    best = [result.best[monitor] for result in results if result and result.monitor]
    best.sort(reverse=measures.find(context.problem, monitor).greater_is_better)
    trained: dict[str, Trained] = {}
    for (context, spec, fit_spec), result in zip(prepared, results, strict=True):
        if result is not None:
            is_drawn = not best or result.best[monitor] in best[:DRAWN]
            trained[context.fingerprint(spec)] = Trained(fit_spec, result, is_drawn)
    return trained


def _options(spec: TrainingSpec) -> dict[str, Any]:
    """Return the options of a trainer that a program follows."""
    options = {name: spec.settings.tree["trainer"][name] for name in OPTIONS}
    return options | {"monitor": spec.settings.monitor}


def _callbacks(context: RunContext, spec: TrainingSpec) -> list[keras.callbacks.Callback]:
    """Return what may stop one of the trainings."""
    if context.trial is None:
        return []
    return [Pruner(context.trial.report_epoch, monitor=spec.settings.monitor)]
