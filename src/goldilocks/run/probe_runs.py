"""Open questions of a finished run -> trainings that answer them -> its verdict again.

A probe is a run as any other, below the run that it answers a question of. One that the store has
is not trained again; one that was interrupted goes on.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import goldilocks.backend  # noqa: F401  First: it is quiet.
from goldilocks import console, diagnosis
from goldilocks.config.settings import Settings, as_word, key_of
from goldilocks.diagnosis import Verdict, answers, probes
from goldilocks.diagnosis.directions import HELPS
from goldilocks.diagnosis.probes import Probe
from goldilocks.errors import UserError
from goldilocks.evaluation.differences import Comparison
from goldilocks.run import next_moves, summary
from goldilocks.run.context import RunContext, Shared, TrainingSpec, stored_predictions
from goldilocks.run.outcome import Outcome, curves, read_outcome
from goldilocks.run.summary import PROBES
from goldilocks.tracking import query
from goldilocks.tracking.query import PARENT, StoredRun

Train = Callable[[Settings, Shared, str], object]
NOTE = "mlflow.note.content"
ALONE = "The learning curve alone:\n\n"  # before what the description said without probes


def answer(context: RunContext, spec: TrainingSpec, train: Train) -> None:
    """Train what answers the open questions of a finished run, and replace its verdict.

    At most `diagnosis.probes` trainings stand below it, those of earlier commands among them. What
    other runs have trained counts for nothing.

    Args:
        context: Of the run.
        spec: Its one training.
        train: Trains settings below a run: `run.run`.

    Raises:
        StoreError: If the store cannot be read or written.
    """
    stored = _finished(context, spec)
    if stored is None:
        return
    outcome = read_outcome(context, spec, stored)
    curve = curves(context, outcome.result, outcome.baseline, outcome.metrics)
    alone = verdict = diagnosis.judge(curve)

    answered: list[Probe] = []
    tried, elsewhere = set[str](), list[str]()
    left = context.settings.tree["diagnosis"]["probes"]
    while question := answers.most_valuable(verdict.answers, tried):
        tried.add(question)
        values = _changes(question, context, outcome)
        if not values:
            continue
        changed = _changed(spec, values)
        run = _finished(context, changed)
        is_below = run is None or run.tags.get(PARENT) == stored.run_id
        if is_below and not left:
            continue
        left -= is_below

        if run is None:
            p = verdict.answers[question]
            console.result(f"probe     p = {p:.2f} that {HELPS[question]}: {_shown(values)}")
            run = _train(context, changed, stored.run_id, train)
            if run is None:
                continue
        elif not is_below:
            elsewhere.append(run.run_id)
        answered.append(_compare(context, question, _shown(values), stored, run))
        verdict = probes.reconsidered(alone, curve, answered)

    if not answered:  # A probe that cannot be trained has said why.
        if left == context.settings.tree["diagnosis"]["probes"]:
            console.result("probe     no question is open that a training would answer")
        return
    tags = {PROBES: " ".join(probe.question for probe in answered), **query.reused_tags(elsewhere)}
    _replace(context, stored, verdict, tags, rows=len(outcome.result.validation))


def _finished(context: RunContext, spec: TrainingSpec) -> StoredRun | None:
    run = query.find_run(context.store, context.fingerprint(spec))
    return run if run is not None and run.status == "FINISHED" else None


def _changes(question: str, context: RunContext, outcome: Outcome) -> dict[str, Any]:
    settings = outcome.spec.settings
    return probes.changes(
        question,
        settings.flat,
        honours=settings.traits.model.honours,
        kind=settings.traits.dataset.kind,
        dropout=next_moves.dropout_of(context.problem),
        sizes=settings.traits.model.sizes,
        epochs=len(outcome.result.history["loss"]),
    )


def _changed(spec: TrainingSpec, values: Mapping[str, Any]) -> TrainingSpec:
    """Return the training with some values changed, as a run of its own without probes."""
    changed = spec.settings.changed({**values, "diagnosis.probes": 0})
    typed = [word for word in changed.overrides if key_of(word) != "diagnosis.probes"]
    settings = replace(changed, overrides=tuple(typed), sweep_dir=None, job=None)
    return replace(spec, settings=settings)


def _shown(values: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={as_word(value)}" for key, value in values.items())


def _train(context: RunContext, spec: TrainingSpec, parent: str, train: Train) -> StoredRun | None:
    """Train a probe and return its run; None if it cannot be trained, which is said."""
    try:
        train(spec.settings, Shared(context.shared.datasets), parent)
    except UserError as error:
        console.note(f"the probe cannot be trained: {error}")
    return _finished(context, spec)


def _compare(
    context: RunContext, question: str, changes: str, before: StoredRun, after: StoredRun
) -> Probe:
    """Return what a probe brought, from the predictions of both runs."""
    comparison = Comparison(context.dataset, context.problem, {}, 0)
    run, probe = (
        {("", ""): stored_predictions(context.store, one.run_id)} for one in (before, after)
    )
    (_, predicted), loss = probe["", ""], comparison.score(run, "loss")
    gain = error = -math.inf
    if np.isfinite(predicted).all():
        difference = comparison.compare(probe, run, "loss")
        gain, error = difference.mean, difference.error
    return Probe(
        question=question,
        changes=changes,
        before=loss.mean,
        gain=gain,
        error=error,
        rows=loss.rows,
        baseline=before.metrics["baseline/val_loss"],
    )


def _replace(
    context: RunContext,
    stored: StoredRun,
    verdict: Verdict,
    tags: Mapping[str, str],
    *,
    rows: int,
) -> None:
    """Log and print the verdict of a finished run again."""
    metrics = {f"verdict/p_{name}": p for name, p in verdict.answers.items()}
    tags = {**tags, "verdict": verdict.word, "verdict.reason": verdict.sentence}
    every = {**stored.metrics, **metrics}, {**stored.tags, **tags}
    moves = context.moves(*every, rows=rows)
    tags["verdict.next"] = next_moves.lines(context.settings, moves)

    text = f"**{verdict.word}.** {verdict.sentence}\n\n```\n{tags['verdict.next']}\n```\n\n{ALONE}"
    tags[NOTE] = text + stored.tags.get(NOTE, "").rpartition(ALONE)[2]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "verdict.json").write_text(replace(verdict, next_moves=moves).to_json())
        context.store.annotate(stored.run_id, metrics, tags, folder)
    for line in summary.lines(context.settings, stored.metrics, {**stored.tags, **tags}):
        console.result(line)
