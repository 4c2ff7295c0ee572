"""What a run found, in words: the lines at its end, and the description on its MLflow page."""

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import pandas as pd
import yaml

from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.diagnosis import Verdict
from goldilocks.encoding import schema
from goldilocks.evaluation.intervals import Interval, best_of
from goldilocks.formatting import number
from goldilocks.problem import Problem
from goldilocks.protocol import Split
from goldilocks.run.test_ledger import Look, warned
from goldilocks.tracking import provenance
from goldilocks.training.fit import Result

NORMAL = 1.96  # standard errors to either side in a 95 % interval


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that a finished run knows.

    Attributes:
        settings: What was asked for.
        part: Which of several trainings it is ("fold 1 of 4", "seed 7"); "" of the only one.
        dataset: What it was trained on.
        problem: What was predicted.
        split: Which rows.
        result: The history and its best epoch.
        baseline: Scores of the dumb predictor on the judged rows, by Keras's names without `val_`.
        beats_baseline: Whether the measure of success is better than the baseline's.
        verdict: What the curves say; None for a final run, which has no validation curve.
        test: Scores on the test rows, by Keras's names; None but for a final run.
        intervals: The 95 % intervals of scores on the test rows, by Keras's names; empty but for a
            final run.
        look: Which look at the test rows it is; None but for a final run.
        parameters: Number of the model's weights.
        coverage: Share of the vocabulary that pretrained word vectors have, 0 to 1; None without
            them.
        weights: SHA-256, hexadecimal, of the weights.
    """

    settings: Settings
    part: str
    dataset: Dataset
    problem: Problem
    split: Split
    result: Result
    baseline: Mapping[str, float]
    beats_baseline: bool
    verdict: Verdict | None
    test: Mapping[str, float] | None
    intervals: Mapping[str, Interval]
    look: Look | None
    parameters: int
    coverage: float | None
    weights: str

    @property
    def judged(self) -> dict[str, float]:
        """What the run is compared by: `test_` values of a final run, else `val_` values at the best epoch."""
        if self.test is not None:
            return {f"test_{name}": value for name, value in self.test.items()}
        return {name: value for name, value in self.result.best.items() if name.startswith("val_")}

    @property
    def luck(self) -> float:
        """How much better than it is the best of all consulted configurations is expected to look on validation rows.

        In the unit of the measure of success, if all were equally good; 0 where the ledger or the
        interval is missing. The spread of the measure is that of the test rows, on as many rows as
        there are to validate with. Candidates that go wrong on the same rows differ by less, so it
        is the most that is to be expected.
        """
        found = self.intervals.get(self.problem.metric)
        if found is None or self.look is None or not self.look.consulted or not self.look.validated:
            return 0.0
        error = (
            (found.high - found.low)
            / (2 * NORMAL)
            * math.sqrt(len(self.split.test) / self.look.validated)
        )
        return best_of(self.look.consulted, error)

    @property
    def consulted(self) -> str:
        """How often validation was consulted, and what is to be expected of that, in a sentence; "" of one time."""
        if self.look is None or (self.look.consulted or 0) < 2 or not self.luck:
            return ""
        return (
            f"{self.look.consulted} configurations were judged by the {self.look.validated} "
            "validation rows of these "
            "data: the best of so many equally good ones is expected to look better than it is by "
            "up to "
            f"{number(self.luck)} of val_{self.problem.metric}, by luck alone."
        )


def facts(dataset: Dataset, problem: Problem, split: Split) -> str:
    """The data of a run in one line."""
    kind = f"{problem.type}, {len(dataset.classes)} classes" if dataset.classes else problem.type
    rows = f"{len(split.train)} train, {len(split.validation)} validation, {len(split.test)} test rows (sealed)"
    if not len(split.validation):
        rows = f"{len(split.train)} train and validation rows together, {len(split.test)} test rows (opened)"
    return f"{kind}; {rows}; {dataset.source.replace('_', '-')}: {dataset.location}"


def lines(outcome: Outcome, where: str, see: str) -> str:
    """The last lines of a run on the terminal.

    Args:
        outcome: What it found.
        where: Where it was logged, in words.
        see: The command that shows it; "" where there is nothing to see.
    """
    said = []
    if outcome.verdict is not None:
        said += [
            f"verdict   {outcome.verdict.name}: {outcome.verdict.reason}",
            f"next      {outcome.verdict.next_move}",
        ]
    said.append(f"{'test' if outcome.test is not None else 'best'}      {_scores(outcome)}")
    if outcome.look is not None and (again := warned(outcome.look.number)):
        said.append(f"again     {again}")
    said += [f"luck      {outcome.consulted}"] if outcome.consulted else []
    if outcome.verdict is not None:
        said.append(f"final     {final_command(outcome.settings, outcome.result.best_epoch)}")
    said += [f"logged    {where}", *([f"see it    {see}"] if see else [])]
    return "\n".join(said)


def line(outcome: Outcome) -> str:
    """One of several trainings in one line."""
    verdict = f"{outcome.verdict.name}; " if outcome.verdict else ""
    return f"{outcome.part}: {verdict}{_scores(outcome)}"


def final_command(settings: Settings, best_epoch: int) -> str:
    """The command that trains on train and validation rows for the best number of epochs, and opens the test rows."""
    constant = settings.tree["optimizer"]["schedule"] == "constant"
    # A learning-rate schedule spans all epochs: with fewer it would be another training.
    epochs = [f"trainer.epochs={best_epoch}"] if constant else []
    dropped = ("trainer.repeats=", *(("trainer.epochs=",) if constant else ()))
    kept = [word for word in settings.overrides if not word.startswith(dropped)]
    asked = any(word.startswith("trainer.repeats=") for word in settings.overrides)
    if settings.tree["trainer"]["repeats"] > 1 and not asked:  # An experiment's file asks for it.
        epochs.append("trainer.repeats=1")
    return shlex.join([provenance.program("python"), "train.py", *kept, *epochs, "final=true"])


def metrics(outcome: Outcome) -> dict[str, float]:
    """The single values of a run: its best epoch and best values, baseline, test scores, size, and the evidence."""
    result = outcome.result
    values: dict[str, float] = {"best_epoch": result.best_epoch}
    values |= {
        f"best_{name}": value
        for name, value in result.best.items()
        if name not in ("learning_rate", "seconds")
    }
    side = "test" if outcome.test is not None else "val"
    values |= {f"baseline/{side}_{name}": value for name, value in outcome.baseline.items()}
    values |= {f"test_{name}": value for name, value in (outcome.test or {}).items()}
    for name, found in outcome.intervals.items():
        values |= {f"test_{name}_low": found.low, f"test_{name}_high": found.high}
    if outcome.look is not None and outcome.look.number is not None:
        values |= {
            "test_looks": outcome.look.number,
            "test_looks_elsewhere": outcome.look.elsewhere,
        }
        values |= {
            "validation_consulted": outcome.look.consulted or 0,
            "validation_luck": outcome.luck,
        }
    values |= {"beats_baseline": float(outcome.beats_baseline), "parameters": outcome.parameters}
    values |= {} if outcome.coverage is None else {"word_vectors_coverage": outcome.coverage}
    values |= {"train_seconds": result.seconds, "epochs": len(result.history["loss"])}
    evidence = outcome.verdict.evidence if outcome.verdict else {}
    return values | {f"verdict/{name}": float(value) for name, value in evidence.items()}


def tags(outcome: Outcome) -> dict[str, str]:
    """What a finished run can be found by."""
    verdict = {"verdict": outcome.verdict.name} if outcome.verdict else {}
    if outcome.look is not None and outcome.look.number is not None:
        verdict |= {"test_looks": str(outcome.look.number)}
    return verdict | {
        "weights": outcome.weights,
        "beats_baseline": str(outcome.beats_baseline).lower(),
    }


def value(outcome: Outcome) -> float:
    """The one number that a sweep compares: the best monitored value, or of a final run the same measure on test."""
    if outcome.test is None:
        return outcome.result.best[outcome.result.monitor or "loss"]
    name = outcome.settings.tree["trainer"]["monitor"].removeprefix("val_")
    return outcome.test[name if name in outcome.test else "loss"]


def write(outcome: Outcome, model: keras.Model, folder: Path) -> None:
    """Write a run's texts into a folder: config, input, history, layers, summary, code, packages and machine.

    Args:
        outcome: What the run found.
        model: From raw rows to predictions; its layers are listed.
        folder: Where to; it is there.
    """
    code, origin = provenance.code(), folder / "provenance"
    origin.mkdir()
    (folder / "plots").mkdir()
    (folder / "config.yaml").write_text(
        yaml.safe_dump(dict(outcome.settings.tree), sort_keys=False)
    )
    taken = schema.of(outcome.dataset, outcome.problem.type)
    (folder / schema.FILE).write_text(taken.to_json())
    epochs = pd.RangeIndex(1, len(outcome.result.history["loss"]) + 1, name="epoch")
    pd.DataFrame(outcome.result.history, index=epochs).to_csv(folder / "history.csv")
    (folder / "summary.md").write_text(f"## {outcome.settings.name}\n\n{description(outcome)}\n")
    model.summary(print_fn=(layers := []).append, line_length=100, expand_nested=True)
    (folder / "model_summary.txt").write_text("\n".join(layers))
    machine = provenance.machine() | {
        "commit": code.commit,
        "dirty": code.dirty,
        "code": code.digest,
    }
    (origin / "environment.json").write_text(json.dumps(machine, indent=2))
    (origin / "packages.txt").write_text(provenance.packages())
    (origin / "git.diff").write_text(code.diff)


def description(outcome: Outcome) -> str:
    """The run in Markdown, for the description on its MLflow page and as an artifact."""
    tree, result = outcome.settings.tree, outcome.result
    choices = outcome.settings.choices
    epochs = len(result.history["loss"])
    verdict = outcome.verdict
    trained = (
        f"`{choices['model']}` with {outcome.parameters:,} weights on `{choices['dataset']}`, "
        f"{epochs} epochs of "
        f"batches of {tree['trainer']['batch_size']}, optimizer `{choices['optimizer']}`, "
        "regularizer "
        f"`{choices['regularizer']}`, seed {tree['seed']}, {result.seconds:.0f} s."
    )
    parts = []
    if verdict is not None:  # First: MLflow folds a description after a few lines.
        parts += [f"**{verdict.name}.** {verdict.reason}", f"**Next.** {verdict.next_move}"]
    if outcome.test is not None:
        again = warned(outcome.look.number) if outcome.look else ""
        once = (
            f"evaluated on the test rows: {again}."
            if again
            else "evaluated on the test rows, once."
        )
        parts.append(f"**final.** Trained on train and validation rows, then {once}")
        parts += [f"**Luck.** {outcome.consulted}"] if outcome.consulted else []
    parts += [_table(outcome), f"**What was trained.** {trained}"]
    parts += ["**Do it again**", f"```\n{outcome.settings.command}\n```"]
    if verdict is not None:
        parts += [
            "**One look at the test set, when you have chosen**",
            f"```\n{final_command(outcome.settings, result.best_epoch)}\n```",
        ]
    parts.append(f"**Data.** {facts(outcome.dataset, outcome.problem, outcome.split)}")
    notes = (*outcome.dataset.notes, *outcome.split.notes)
    parts += [f"- {note}" for note in notes]  # Last: of wide tables, more than MLflow shows.
    return "\n\n".join(parts)


def _scores(outcome: Outcome) -> str:
    where = "" if outcome.test is not None else f"epoch {outcome.result.best_epoch}: "
    shown = []
    for name, value in outcome.judged.items():
        dumb, found = (
            outcome.baseline.get(name.split("_", 1)[1]),
            outcome.intervals.get(name.split("_", 1)[1]),
        )
        beside = [f"95 % interval {number(found.low)} to {number(found.high)}"] if found else []
        beside += [f"baseline {number(dumb)}"] if dumb is not None else []
        shown.append(f"{name} {number(value)}" + (f" ({', '.join(beside)})" if beside else ""))
    return where + ", ".join(shown)


def _table(outcome: Outcome) -> str:
    intervals = {f"test_{name}": found for name, found in outcome.intervals.items()}
    rows = ["| | value | 95 % interval | baseline |", "|---|---|---|---|"] if intervals else []
    rows = rows or ["| | value | baseline |", "|---|---|---|"]
    for name, value in outcome.judged.items():
        dumb, found = outcome.baseline.get(name.split("_", 1)[1]), intervals.get(name)
        cells = [name, number(value)]
        cells += (
            [f"{number(found.low)} to {number(found.high)}" if found else ""] if intervals else []
        )
        rows.append(f"| {' | '.join([*cells, number(dumb) if dumb is not None else ''])} |")
    return "\n".join(rows)
