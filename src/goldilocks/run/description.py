"""A finished training in words: its MLflow description and its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml

from goldilocks import console, formatting
from goldilocks.encoding import schema
from goldilocks.evaluation import classes
from goldilocks.run import data_summary, promise, summary, terminal, test_scores
from goldilocks.run.context import OUTPUTS, TrainingSpec
from goldilocks.run.outcome import Outcome
from goldilocks.run.rendering import environment
from goldilocks.tracking import Tracker, page, provenance

if TYPE_CHECKING:
    import keras

CURVES = "plots/learning_curves.png"  # the figure at the head of the page
MOST_CLASSES = 20  # in a description; `per_class.csv` has all


def beginning(spec: TrainingSpec, tracker: Tracker, facts: str) -> str:
    """Return what the description of a run says while it trains: its command, data and page."""
    part = f" ({spec.part})" if spec.part else ""
    return (
        f"In training{part}:\n\n```\n{spec.settings.command}\n```\n\n"
        f"**Data.** {facts}\n\n{tracker.url}"
    )


def markdown(outcome: Outcome, parts: pd.DataFrame | None, *, figure: str) -> str:
    """Return a run in Markdown, for the description on its MLflow page and as an artifact.

    Args:
        outcome: Its outcome.
        parts: A row for each of several trainings; None of a single one.
        figure: The address of the figure of its curves; "" without one.
    """
    metrics, split, settings = outcome.metrics, outcome.spec.split, outcome.spec.settings
    evaluation = outcome.spec.evaluation
    validated = evaluation.validation_rows if evaluation else 0
    findings = ()
    if outcome.context.data:
        findings = outcome.context.data.findings
    of_classes = None
    if outcome.counts:
        of_classes = per_class(outcome).sort_values("recall", kind="stable")[:MOST_CLASSES]
    text = (
        environment("goldilocks.run")
        .get_template("summary.md.j2")
        .render(
            outcome=outcome,
            figure=figure,
            moves=outcome.tags.get("verdict.next", "").splitlines(),
            classes=None if of_classes is None else formatting.markdown(of_classes.reset_index()),
            scores=formatting.markdown(pd.DataFrame(summary.scores(metrics))),
            of_each=formatting.markdown(_of_each(outcome)),
            parts=None if parts is None else formatting.markdown(parts),
            warning=test_scores.warning(test_scores.evaluations(metrics)),
            promised=promise.compared(metrics, outcome.tags),
            worse=summary.WORSE,
            note=terminal.note(settings, metrics, validated, outcome.context.problem.metric),
            facts=terminal.facts(outcome.context, split),
            is_smoke=terminal.is_smoke(settings),
            works=terminal.WORKS,
            notes=(*outcome.context.dataset.notes, *split.notes, *findings),
        )
    )
    return text.rstrip()


def _of_each(outcome: Outcome) -> pd.DataFrame:
    """Return the texts of the scores of each output, of many of some from the first to the last."""
    count = len(outcome.of_each)
    shown = np.unique(
        np.linspace(0, max(0, count - 1), min(count, terminal.FEW_OUTPUTS)).astype(int)
    )
    return (
        pd.DataFrame(outcome.of_each)
        .iloc[shown]
        .map(lambda cell: cell if isinstance(cell, str) else formatting.number(cell))
    )


def per_class(outcome: Outcome) -> pd.DataFrame:
    """Return the table of the classes or labels of a run that has some."""
    name = "label" if outcome.context.problem.type == "multilabel" else "class"
    return classes.table(outcome.counts, name=name)


def log(
    outcome: Outcome, tracker: Tracker, folder: Path, parts: pd.DataFrame | None = None
) -> None:
    """Log and print what a run came to: its files, data set, metrics, tags and description.

    Args:
        outcome: Its outcome.
        tracker: Tracker of the run.
        folder: Holds its other files; history and summary are added.
        parts: As of `markdown`.
    """
    text = _write_summary(outcome, tracker, folder, parts)
    tracker.files(folder)
    for context, rows in _parts(outcome).items():
        name = outcome.spec.settings.data_name
        tracker.dataset(outcome.context.dataset, rows, name=name, context=context)
    tracker.metrics(outcome.metrics)
    tracker.tags(outcome.tags)
    tracker.describe(text)

    evaluation = outcome.spec.evaluation
    if outcome.spec.part:
        console.result(terminal.line(outcome.spec.part, outcome.metrics, outcome.tags))
        return
    ends = terminal.lines(
        *(outcome.context, outcome.metrics, outcome.tags),
        each=outcome.of_each,
        validation_rows=evaluation.validation_rows if evaluation else 0,
        where=tracker.where,
        page_command=tracker.page_command,
    )
    console.result("\n".join(ends))


def _parts(outcome: Outcome) -> dict[str, np.ndarray]:
    """Return the rows, int64 (n,), that a run has read, by what MLflow calls their part.

    Of several trainings, a row that one trains on may be a validation row of another.
    """
    split = outcome.spec.split
    if outcome.spec.settings.tree["final"]:
        return {"training": split.train, "test": split.test}
    validation = np.union1d(outcome.result.validation, split.validation)
    if len(validation) == len(split.validation):
        return {"training": split.train, "validation": validation}
    return {"training": np.union1d(split.train, split.validation), "validation": validation}


def log_interrupted(outcome: Outcome, tracker: Tracker, folder: Path) -> None:
    """Log what can be replaced later, of a training that was asked to end: files, verdict, summary.

    Args:
        outcome: Of the epochs that are done.
        tracker: Tracker of the run.
        folder: Holds its other files; history and summary are added.
    """
    text = _write_summary(outcome, tracker, folder, None)
    tracker.files(folder)
    tracker.tags(outcome.tags)
    tracker.describe(f"Interrupted; the same command goes on.\n\n{text}")


def _write_summary(
    outcome: Outcome, tracker: Tracker, folder: Path, parts: pd.DataFrame | None
) -> str:
    """Write history, summary and data, and return the description."""
    settings, history = outcome.spec.settings, outcome.result.history
    epochs = pd.RangeIndex(1, len(history["loss"]) + 1, name="epoch")
    pd.DataFrame(history, index=epochs).to_csv(folder / "history.csv")
    if outcome.counts:
        per_class(outcome).to_csv(folder / "per_class.csv")
    figure = CURVES if (folder / CURVES).exists() else ""
    text = markdown(outcome, parts, figure=figure)
    if outcome.verdict is not None:
        (folder / "verdict.json").write_text(outcome.verdict.to_json())
    (folder / "summary.md").write_text(f"## {settings.name}\n\n{text}\n")
    if data := outcome.context.data:
        (folder / data_summary.FILE).write_text(data.to_json())
    return text.replace(f"]({CURVES})", f"]({page.artifact(CURVES, tracker.run_id)})")


def write(outcome: Outcome, model: keras.Model, folder: Path) -> None:
    """Write what belongs to a training of its own: config, input, layers, provenance.

    Args:
        outcome: Its outcome.
        model: From raw rows to predictions; its layers are listed.
        folder: An empty folder.
    """
    tree, context = outcome.spec.settings.tree, outcome.context
    (folder / "config.yaml").write_text(yaml.safe_dump(dict(tree), sort_keys=False))
    inputs = schema.of(context.dataset, context.problem)
    (folder / schema.FILE).write_text(inputs.to_json())
    if outcome.of_each:
        pd.DataFrame(outcome.of_each).to_csv(folder / OUTPUTS, index=False)
    layers: list[str] = []
    model.summary(print_fn=layers.append, line_length=100, expand_nested=True)
    (folder / "model_summary.txt").write_text("\n".join(layers))

    origin, code = folder / "provenance", provenance.code()
    origin.mkdir()
    machine = provenance.machine()
    machine |= {"commit": code.commit, "dirty": code.dirty, "code": code.digest}
    (origin / "environment.json").write_text(json.dumps(machine, indent=2))
    (origin / "packages.txt").write_text(provenance.packages())
    (origin / "git.diff").write_text(code.diff)
