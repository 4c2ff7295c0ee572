"""What to try after a run, as whole commands: of its configuration, with the moves' changes.

What was trained before on the same rows is read from the store. The jobs of a sweep do not ask for
it: each would read all the others.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from goldilocks import console
from goldilocks.config import invocation
from goldilocks.config.checks import config_errors
from goldilocks.config.settings import SEEDS, Settings, as_word, deciding, key_of
from goldilocks.diagnosis import moves
from goldilocks.diagnosis.changes import DROPOUT, DROPOUT_OF_NUMBERS, Scope
from goldilocks.diagnosis.directions import HELPS, Attempt
from goldilocks.diagnosis.moves import Move
from goldilocks.errors import ConfigError, StoreError
from goldilocks.evaluation.baseline import deciding_metric
from goldilocks.problem import Problem
from goldilocks.run.summary import POWER, PROBES, THRESHOLDS
from goldilocks.tracking import Store
from goldilocks.tracking.ledger import CHOICES
from goldilocks.tracking.query import StoredRun, written

# What moves change; runs that differ in nothing else are compared.
MOVABLE = (
    *("model.", "optimizer.", "regularizer.", "trainer.epochs", "trainer.batch_size"),
    "problem.metrics",
)
# What makes no other result: two trainers train the same network.
SAME = (*SEEDS, "trainer")
SPOILT = ("loss", "accuracy", "log_loss")  # measures that class weights make worse
NEWEST = 30  # runs that are read, in some 0.05 s
LONGEST_TAG = 5000  # characters, that every version of MLflow takes


def lines(settings: Settings, proposed: Sequence[Move]) -> str:
    """Return what to type after a run, a line for each move, with its reason as a comment."""
    texts: list[str] = []
    for move in proposed:
        words = [f"# {move.reason}"]
        if move.changes:
            words.insert(0, command(settings, move.changes))
        texts.append("   ".join(words))
    while len("\n".join(texts)) > LONGEST_TAG:
        texts.pop()
    return "\n".join(texts)


def propose(
    settings: Settings,
    problem: Problem,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    *,
    rows: int,
    store: Store,
    digest: str,
) -> tuple[Move, ...]:
    """Return what to try after a run.

    Args:
        settings: Of the run.
        problem: What it predicts.
        metrics: What it has logged; of metrics of each epoch the last value.
        tags: Its tags.
        rows: Number of its validation rows.
        store: Has what was trained before.
        digest: `Dataset.digest`.
    """
    if settings.choices["trainer"] == "smoke":
        reason = "a smoke run shows that all works together, not how good the model is"
        return (Move({"trainer": "fit"}, reason),)

    beginning = "baseline/val_"
    baseline = {
        name.removeprefix(beginning): value
        for name, value in metrics.items()
        if name.startswith(beginning)
    }
    weighted = problem.class_weight != "none"
    accepts = functools.partial(_is_accepted, settings)
    asks = settings.tree["diagnosis"]["probes"] == 0
    scope = Scope(
        kind=settings.traits.dataset.kind,
        honours=settings.traits.model.honours,
        sizes=settings.traits.model.sizes,
        baseline=baseline["loss"],
        rows=rows,
        dropout=dropout_of(problem),
        accepts=accepts,
        weighted=weighted and deciding_metric(problem, baseline) in SPOILT,
        probes=asks and accepts({"diagnosis.probes": 1}),
    )
    present = _attempt(settings.name, settings.flat, metrics, tags)
    return moves.propose(present, _attempts(settings, store, digest, present), scope)


def dropout_of(problem: Problem) -> float:
    """Return the rate of dropout that is proposed for a problem."""
    return DROPOUT_OF_NUMBERS if problem.type.endswith("regression") else DROPOUT


def command(settings: Settings, changes: Mapping[str, str]) -> str:
    """Return the command of a configuration with some values changed, as it is typed in a shell.

    `force=true` is left out: what exists is reused, and a seal stays closed. So are probes, which
    are asked for run by run.

    Args:
        settings: The configuration.
        changes: Values as typed, by key or config group.
    """
    replaced = {*changes, "force", "diagnosis.probes"}
    if "experiment" not in settings.choices:  # Values of a recipe stand above those of options.
        changes = _named(settings, _without_defaults(settings, changes))
    if "regularizer" in changes:
        replaced |= {key for key in settings.flat if key.startswith("regularizer.")}
    typed = [key_of(word) for word in settings.overrides]
    if settings.tree["diagnosis"]["probes"] and "diagnosis.probes" not in typed:  # Of a recipe.
        changes = {"diagnosis.probes": "0", **changes}
    if changes.get("regularizer") == settings.choices["regularizer"] and "regularizer" not in typed:
        changes = {key: text for key, text in changes.items() if key != "regularizer"}
    unchanged = [word for word in settings.overrides if key_of(word) not in {*replaced, *changes}]
    changed = [f"{key}={value}" for key, value in changes.items()]
    return invocation.command("train", [*unchanged, *changed])


def _without_defaults(settings: Settings, changes: Mapping[str, str]) -> dict[str, str]:
    """Return the changes but for values that the chosen options have by themselves."""

    def is_default(key: str, text: str) -> bool:
        group, _, name = key.partition(".")
        if group == "regularizer" or group not in settings.choices or not name:
            return False
        stated = settings.files.read(group, settings.choices[group])
        return name in stated and as_word(stated[name]) == text

    return {key: text for key, text in changes.items() if not is_default(key, text)}


def _named(settings: Settings, changes: Mapping[str, str]) -> dict[str, str]:
    """Return the changes with the option of the regularizer that says most of its new values."""
    beginning = "regularizer."
    new = {
        key.removeprefix(beginning): text
        for key, text in changes.items()
        if key.startswith(beginning)
    }
    if not new:
        return dict(changes)

    values = {name: as_word(value) for name, value in settings.tree["regularizer"].items()} | new
    different: dict[str, dict[str, str]] = {}
    for option in settings.files.names("regularizer"):
        try:
            stated = settings.files.read("regularizer", option)
        except ConfigError:  # A person's own file that was not asked for.
            continue
        different[option] = {
            beginning + name: text
            for name, text in values.items()
            if as_word(stated.get(name)) != text
        }
    chosen = settings.choices["regularizer"]
    option = min(different, key=lambda option: (len(different[option]), option != chosen))
    rest = {key: text for key, text in changes.items() if not key.startswith(beginning)}
    return {"regularizer": option, **different[option], **rest}


def _attempts(settings: Settings, store: Store, digest: str, present: Attempt) -> list[Attempt]:
    """Return what was trained on the same rows with the same model and optimizer, as it began.

    The present configuration stands where it, or one of its seeds, was trained first.
    """
    if settings.job is not None:
        return [present]
    model, optimizer = settings.choices["model"], settings.choices["optimizer"]
    try:
        runs = store.search(
            f"tags.`dataset.digest` = '{digest}' "
            "AND attributes.status = 'FINISHED' "
            f"AND params.model = '{model}' AND params.optimizer = '{optimizer}'",
            newest=NEWEST,
        )
    except StoreError as error:  # What is left of a training must not fail by its advice.
        console.note(f"what to try next knows of no earlier run: {error}")
        return [present]
    fixed = {
        key: written(value)
        for key, value in deciding(settings.flat).items()
        if not key.startswith(MOVABLE) and key not in SAME
    }
    attempts = [
        _attempt(run.name, _values(run, settings), run.metrics, run.tags)
        for run in runs
        if run.tags.get("role") in CHOICES
        and run.tags.get("pruned") != "true"
        and all(run.params.get(key, text) == text for key, text in fixed.items())
    ]
    configurations = [attempt.settings for attempt in attempts] + [present.settings]
    attempts.insert(configurations.index(present.settings), present)
    return [
        attempt
        for attempt in attempts
        if attempt is present or attempt.settings != present.settings or attempt.probes
    ]


def _values(run: StoredRun, settings: Settings) -> dict[str, Any]:
    """Return the parameters of a run as values, for the keys of some settings.

    Those that a run of an earlier version does not have are as in the settings.
    """
    values = settings.flat
    for key in values.keys() & run.params.keys():
        try:
            values[key] = json.loads(run.params[key])
        except ValueError:
            values[key] = run.params[key]
    return values


def _attempt(
    name: str, flat: Mapping[str, Any], metrics: Mapping[str, float], tags: Mapping[str, str]
) -> Attempt:
    """Return a run as moves see it, from its settings by dotted key and what it has logged."""
    word = tags.get("verdict", "")
    loss_name = "val_data_loss" if "best_val_data_loss" in metrics else "val_loss"
    loss = metrics.get(f"best_{loss_name}", math.nan)
    if word == "diverged" or math.isnan(loss):
        loss = math.inf
    answers = {name: metrics.get(f"verdict/p_{name}", math.nan) for name in HELPS}
    return Attempt(
        name=name,
        settings={key: flat[key] for key in deciding(flat) if key.startswith(MOVABLE)},
        word=word,
        answers={name: p for name, p in answers.items() if not math.isnan(p)},
        loss=loss,
        loss_name=loss_name,
        train_loss=metrics.get("data_loss", metrics.get("loss", math.inf)),
        best_epoch=int(metrics.get("best_epoch", 0)),
        epochs=int(metrics.get("epochs", 0)),
        final=_final(flat, metrics, tags),
        probes=len(tags.get(PROBES, "").split()),
        has_power=tags.get(POWER, tags.get("beats_baseline")) == "true",
    )


def _final(
    flat: Mapping[str, Any], metrics: Mapping[str, float], tags: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of the final run: the best epochs, the chosen thresholds, one training.

    There are none for a run that does not beat the baseline, or saw a part of its rows alone.
    """
    if tags.get("beats_baseline") != "true" or flat["trainer.steps_per_epoch"]:
        return {}
    changes: dict[str, Any] = {}
    # A learning-rate schedule spans all epochs: with fewer it would be another training.
    if flat["optimizer.schedule"] == "constant":
        changes["trainer.epochs"] = int(metrics["best_epoch"])
    if flat["trainer.repeats"] > 1:
        changes["trainer.repeats"] = 1
    if chosen := json.loads(tags.get(THRESHOLDS, "[]")):
        changes["problem.threshold"] = chosen[0] if len(chosen) == 1 else chosen
    return {**changes, "final": True}


def _is_accepted(settings: Settings, values: Mapping[str, Any]) -> bool:
    """Return whether the checks of configurations accept these settings with other values."""
    return not config_errors(settings.changed(values))
