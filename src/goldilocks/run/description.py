"""A finished training in words: its last lines, its MLflow description, its files."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import yaml

from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.diagnosis import Verdict
from goldilocks.encoding import schema
from goldilocks.evaluation.intervals import Interval
from goldilocks.formatting import number
from goldilocks.problem import Problem
from goldilocks.protocol import Split
from goldilocks.run import test_ledger
from goldilocks.run.outcome import Outcome
from goldilocks.tracking import provenance

if TYPE_CHECKING:
    import keras


def facts(dataset: Dataset, problem: Problem, split: Split) -> str:
    """Return the data of a training in one line."""
    kind = problem.type
    if dataset.classes:
        kind += f", {len(dataset.classes)} classes"
    if problem.scale:
        deviations = ", ".join(map(number, problem.scale))
        unit = f" {dataset.unit}" if dataset.unit else ""
        kind += f" (loss in deviations of the target: {deviations}{unit})"

    rows = (
        f"{len(split.train)} train, {len(split.validation)} validation, "
        f"{len(split.test)} test rows (sealed)"
    )
    if not len(split.validation):
        rows = (
            f"{len(split.train)} train and validation rows together, "
            f"{len(split.test)} test rows (opened)"
        )
    return f"{kind}; {rows}; {dataset.source.replace('_', '-')}: {dataset.location}"


def lines(outcome: Outcome, where: str, ui_command: str) -> str:
    """Return the last lines of a run on the terminal.

    Args:
        outcome: Its outcome.
        where: Where it was logged, in words.
        ui_command: The command that shows it; "" where there is nothing to show.
    """
    label = "best" if outcome.test is None else "test"
    scores = f"{label}      {_scores(outcome)}"
    return "\n".join(
        [
            *verdict_lines(outcome.verdict),
            scores,
            *_notes(outcome),
            *_final_lines(outcome),
            *where_lines(where, ui_command),
        ]
    )


def verdict_lines(verdict: Verdict | None) -> list[str]:
    """Return the verdict and the next move, a line each; no lines without a verdict."""
    if verdict is None:
        return []
    return [
        f"verdict   {verdict.name}: {verdict.reason}",
        f"next      {verdict.next_move}",
    ]


def where_lines(where: str, ui_command: str) -> list[str]:
    """Return where a run was logged and the command that shows it, a line each."""
    logged = [f"logged    {where}"]
    if ui_command:
        logged.append(f"see it    {ui_command}")
    return logged


def line(outcome: Outcome) -> str:
    """Return one of several trainings in one line."""
    verdict = f"{outcome.verdict.name}; " if outcome.verdict else ""
    return f"{outcome.part}: {verdict}{_scores(outcome)}"


def _notes(outcome: Outcome) -> list[str]:
    """Return the warning of a repeated test evaluation and the note on many configurations."""
    notes = []
    if outcome.evaluation is not None:
        if warning := test_ledger.warning(outcome.evaluation.number):
            notes.append(f"warning   {warning}")
        if note := optimism(outcome):
            notes.append(f"note      {note}")
    return notes


def _final_lines(outcome: Outcome) -> list[str]:
    if outcome.verdict is None:
        return []
    return [f"final     {final_command(outcome.settings, outcome.result.best_epoch)}"]


def optimism(outcome: Outcome) -> str:
    """Return what comparing many configurations on few rows does to the best score; "" of one."""
    evaluation = outcome.evaluation
    if evaluation is None or (evaluation.configurations or 0) < 2 or not outcome.optimism:
        return ""
    return (
        f"You compared {evaluation.configurations} configurations on "
        f"{evaluation.validation_rows} validation rows; the best one's "
        f"val_{outcome.problem.metric} may look up to {number(outcome.optimism)} too good by "
        "chance."
    )


def final_command(settings: Settings, best_epoch: int) -> str:
    """Return the command of the final run, for the best number of epochs."""
    # A learning-rate schedule spans all epochs: with fewer it would be another training.
    constant = settings.tree["optimizer"]["schedule"] == "constant"
    replaced = ("trainer.repeats=", "trainer.epochs=") if constant else ("trainer.repeats=",)
    overrides = [override for override in settings.overrides if not override.startswith(replaced)]
    if constant:
        overrides.append(f"trainer.epochs={best_epoch}")

    # A recipe that asks for repeats needs to be told that a final run is one training.
    typed = any(override.startswith("trainer.repeats=") for override in settings.overrides)
    if settings.tree["trainer"]["repeats"] > 1 and not typed:
        overrides.append("trainer.repeats=1")
    return shlex.join([provenance.program("python"), "train.py", *overrides, "final=true"])


def markdown(outcome: Outcome) -> str:
    """Return the run in Markdown, for the description on its MLflow page and as an artifact.

    The verdict stands first, since MLflow folds a description after a few lines; the notes on the
    data stand last, since of wide tables there are more than MLflow shows.
    """
    paragraphs = verdict_paragraphs(outcome.verdict)
    if outcome.test is not None:
        paragraphs.append(_final_paragraph(outcome))
        if note := optimism(outcome):
            paragraphs.append(f"**Note.** {note}")

    paragraphs += [_table(outcome), f"**What was trained.** {_training(outcome)}"]
    paragraphs += command_paragraphs(outcome.settings)
    if outcome.verdict is not None:
        paragraphs += final_paragraphs(outcome.settings, outcome.result.best_epoch)
    paragraphs.append(f"**Data.** {facts(outcome.dataset, outcome.problem, outcome.split)}")
    return "\n\n".join([*paragraphs, *bullets((*outcome.dataset.notes, *outcome.split.notes))])


def verdict_paragraphs(verdict: Verdict | None) -> list[str]:
    """Return the verdict and the next move in Markdown; no paragraphs without a verdict."""
    if verdict is None:
        return []
    return [f"**{verdict.name}.** {verdict.reason}", f"**Next.** {verdict.next_move}"]


def command_paragraphs(settings: Settings) -> list[str]:
    """Return the command that repeats the run, in Markdown."""
    return ["**Do it again**", f"```\n{settings.command}\n```"]


def final_paragraphs(settings: Settings, best_epoch: int) -> list[str]:
    """Return the command of the final run, in Markdown."""
    return [
        "**One test evaluation, when you have chosen**",
        f"```\n{final_command(settings, best_epoch)}\n```",
    ]


def bullets(notes: Sequence[str]) -> list[str]:
    """Return notes as bullets in Markdown."""
    return [f"- {note}" for note in notes]


def _final_paragraph(outcome: Outcome) -> str:
    position = None if outcome.evaluation is None else outcome.evaluation.number
    warning = test_ledger.warning(position)
    times = f": {warning}." if warning else ", once."
    return (
        "**final.** Trained on train and validation rows, then evaluated on the test rows" + times
    )


def _training(outcome: Outcome) -> str:
    """Return what was trained, in a sentence."""
    tree, choices = outcome.settings.tree, outcome.settings.choices
    return (
        f"`{choices['model']}` with {outcome.parameters:,} weights on `{choices['dataset']}`, "
        f"{len(outcome.result.history['loss'])} epochs of batches of "
        f"{tree['trainer']['batch_size']}, optimizer `{choices['optimizer']}`, regularizer "
        f"`{choices['regularizer']}`, seed {tree['seed']}, {outcome.result.seconds:.0f} s."
    )


def _scores(outcome: Outcome) -> str:
    """Return the scores in one line, each with its interval and baseline."""
    scores = []
    for name, value in outcome.scores.items():
        _, _, metric = name.partition("_")
        details = []
        if interval := outcome.intervals.get(metric):
            details.append(f"95 % interval {between(interval)}")
        if metric in outcome.baseline:
            details.append(f"baseline {number(outcome.baseline[metric])}")

        score = f"{name} {number(value)}"
        if details:
            score += f" ({', '.join(details)})"
        scores.append(score)

    epoch = f"epoch {outcome.result.best_epoch}: " if outcome.test is None else ""
    return epoch + ", ".join(scores)


def _table(outcome: Outcome) -> str:
    """Return the scores as a table in Markdown, with intervals where there are any."""
    columns = ["", "value", "95 % interval", "baseline"]
    if not outcome.intervals:
        columns.remove("95 % interval")

    rows = [columns, ["---"] * len(columns)]
    for name, value in outcome.scores.items():
        _, _, metric = name.partition("_")
        cells = [name, number(value)]
        if outcome.intervals:
            interval = outcome.intervals.get(metric)
            cells.append("" if interval is None else between(interval))
        cells.append(number(outcome.baseline[metric]) if metric in outcome.baseline else "")
        rows.append(cells)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def between(interval: Interval) -> str:
    """Return the two ends of an interval: "0.71 to 0.79"."""
    return f"{number(interval.low)} to {number(interval.high)}"


def write(outcome: Outcome, model: keras.Model, folder: Path) -> None:
    """Write the texts of a run: config, input, history, layers, summary, provenance.

    Args:
        outcome: Its outcome.
        model: From raw rows to predictions; its layers are listed.
        folder: An empty folder.
    """
    (folder / "plots").mkdir()
    tree = outcome.settings.tree
    (folder / "config.yaml").write_text(yaml.safe_dump(dict(tree), sort_keys=False))
    inputs = schema.of(outcome.dataset, outcome.problem.type)
    (folder / schema.FILE).write_text(inputs.to_json())

    epochs = pd.RangeIndex(1, len(outcome.result.history["loss"]) + 1, name="epoch")
    pd.DataFrame(outcome.result.history, index=epochs).to_csv(folder / "history.csv")
    (folder / "summary.md").write_text(f"## {outcome.settings.name}\n\n{markdown(outcome)}\n")
    layers: list[str] = []
    model.summary(print_fn=layers.append, line_length=100, expand_nested=True)
    (folder / "model_summary.txt").write_text("\n".join(layers))

    _write_provenance(folder / "provenance")


def _write_provenance(folder: Path) -> None:
    folder.mkdir()
    code = provenance.code()
    state = {"commit": code.commit, "dirty": code.dirty, "code": code.digest}
    machine = provenance.machine() | state
    (folder / "environment.json").write_text(json.dumps(machine, indent=2))
    (folder / "packages.txt").write_text(provenance.packages())
    (folder / "git.diff").write_text(code.diff)
