"""Step 1: what is the problem, how is success measured, and on which rows?

Source: Chollet, Deep Learning with Python (2017), sections 4.5.1 to 4.5.4.
"""

import math
from dataclasses import dataclass

import numpy as np

from goldilocks.dataset import findings, row_keys
from goldilocks.formatting import number, percent
from goldilocks.problem import PROBLEMS
from goldilocks.protocol import Split, notes_of_all, parts
from goldilocks.report.workflow.results import ProblemResult, StepReport
from goldilocks.run import data_summary
from goldilocks.tracking import ledger
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.context import Context
from goldilocks.workflow.references import BASELINE

# The share of the rarer of two classes below which always predicting the other looks like success.
RARE = 0.2
# Validation rows: the standard error of an accuracy is then at most 2.5 points (0.5 / sqrt(400)).
ENOUGH = 400
# Training and validation rows below which the score depends on how the folds were shuffled.
FEW = 200
FOLDS = 4
UPDATES = 1500  # of the weights, that a first training shall have
BATCHES = 64  # an epoch shall have about so many
BATCH_SIZES = (16, 512)
EPOCHS = (10, 80)
TEST = VALIDATION = 0.25  # as in conf/protocol


Choice = tuple[tuple[str, ...], str]  # values or overrides, and why in a sentence


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What follows from the data, before any row is split.

    Attributes:
        metrics: Those that are chosen; () if those of the problem stay.
        overrides: What all later trainings have beyond what was typed.
        reasons: Why, in sentences.
    """

    metrics: tuple[str, ...]
    overrides: tuple[str, ...]
    reasons: tuple[str, ...]


def step(context: Context) -> ProblemResult:
    """Choose metric, protocol and batches, split the rows, and say what is found in them.

    Raises:
        DataError: A finding is an error.
    """
    dataset, plan = context.dataset, infer(context)
    settings = context.settings_of(Candidate("split", (*BASELINE.overrides, *plan.overrides)))
    splits = settings.builder("protocol")(dataset)
    split, protocol = splits[0], settings.choices["protocol"]

    # A data set that is trained on a subset keeps it: the final training gets no further rows.
    final_rows = len(split.train)
    if dataset.subset is None:
        final_rows += len(split.validation)

    metric = settings.problem(dataset.problem).metric
    mute = settings.tree["findings"]["mute"]
    data = data_summary.summarize(dataset, splits, metric=metric, mute=mute)
    findings.refuse(data.findings)

    warnings = [*map(str, data.findings), _ledger_warning(context, split)]
    report = StepReport(
        name="problem",
        title="The problem, the metric, the protocol",
        decision=f"A {context.problem.type} problem, measured by {metric}, evaluated with "
        f"protocol={protocol}.",
        reasons=(*plan.reasons, *notes_of_all(splits), *filter(None, warnings)),
    )
    return ProblemResult(
        report=report,
        overrides=plan.overrides,
        metrics=plan.metrics,
        protocol=protocol,
        train_rows=len(split.train),
        final_rows=final_rows,
    )


def infer(context: Context) -> Plan:
    """Choose metrics, protocol and batches, each with its reason; what was typed stays."""
    dataset = context.dataset
    targets = f"{len(dataset.classes)} classes"
    if not dataset.classes:
        targets = f"targets from {number(dataset.y.min())} to {number(dataset.y.max())}"
    facts = (
        f"{dataset.name}: {len(dataset.y):,} rows of {dataset.kind} data with {targets}, "
        f"a {context.problem.type} problem."
    )

    metrics, metrics_reason = _metrics(context)
    protocol, protocol_reason = _protocol(context)
    training, training_reason = _training(context)
    chosen_metrics = (f"problem.metrics=[{','.join(metrics)}]",) if metrics else ()
    return Plan(
        metrics=metrics,
        overrides=(*chosen_metrics, *protocol, *training),
        reasons=(facts, metrics_reason, protocol_reason, training_reason, *dataset.notes),
    )


def _metrics(context: Context) -> Choice:
    """Return the metrics in place of those of the problem, () to keep them, and why."""
    problem, dataset = context.problem, context.dataset
    if "problem.metrics" in context.typed_keys:
        return (), f"The primary metric is {problem.metric}, as you asked."

    if problem.type == "binary":
        share = float(min(dataset.y.mean(), 1 - dataset.y.mean()))
        if share >= RARE:
            return (), (
                f"The rarer class has {percent(share)} of the rows, enough for accuracy to be the "
                "primary metric."
            )
        return ("auc", PROBLEMS["binary"].metrics[0]), (
            f"The rarer class has {percent(share)} of the rows. Always predicting the other one "
            f"would be {percent(1 - share)} accurate, so the primary metric is auc."
        )

    if problem.type == "multiclass":
        shares = np.bincount(dataset.y, minlength=len(dataset.classes)) / len(dataset.y)
        return (), (
            f"The primary metric is accuracy. The most frequent class has {percent(shares.max())} "
            f"of the rows, the rarest {percent(shares.min())}."
        )

    unit = f", in {dataset.unit}" if dataset.unit else ""
    return (), f"The primary metric is {problem.metric}{unit}."


def _protocol(context: Context) -> Choice:
    """Return the overrides that choose the protocol, and why."""
    dataset = context.dataset
    if any(key.partition(".")[0] == "protocol" for key in context.typed_keys):
        return (), "The protocol is the one that you asked for."

    if dataset.kind == "series":
        return ("protocol=holdout",), (
            "A series is split by time: it is trained on the past, validated on what came after, "
            "and tested on the latest part."
        )

    published, rows = parts.published(dataset), parts.divisible(dataset)
    if "validation" in published:
        count = len(published["validation"])
        return ("protocol=holdout",), f"The data come with {count:,} rows for validation."

    held_out = round(len(rows) * VALIDATION)
    error = 1 / math.sqrt(max(1, held_out))
    precision = f"a mean error to {number(100 * error, 3)} % of its deviation from row to row"
    if dataset.classes:
        precision = f"an accuracy to {number(50 * error, 3)} points"
    if held_out >= ENOUGH:
        return ("protocol=holdout",), (
            f"One part of {held_out:,} validation rows is enough: it measures {precision} "
            "(standard error)."
        )

    rarest = int(parts.class_counts(dataset, rows).min())
    folds = max(2, min(FOLDS, round(rarest * (1 - TEST))))
    pool = len(rows) if "test" in published else round(len(rows) * (1 - TEST))
    few = f"Holding out {held_out:,} rows would measure {precision} only (standard error)"
    if pool >= FEW:
        return ("protocol=kfold", f"protocol.k={folds}"), (
            f"{few}, so each of the {pool:,} rows validates once, in {folds} folds."
        )
    return ("protocol=iterated_kfold", f"protocol.k={folds}"), (
        f"{few}, and {pool:,} rows are few: {folds} folds, shuffled several times."
    )


def _training(context: Context) -> Choice:
    """Return the overrides of batch size and epochs to begin with, and why."""
    dataset, typed = context.dataset, context.typed_keys
    trainer, overrides = context.settings.tree["trainer"], []
    rows = min(dataset.subset or len(dataset.y), round(len(dataset.y) * (1 - 2 * TEST)))

    batch_size, epochs = trainer["batch_size"], trainer["epochs"]
    if "trainer.batch_size" not in typed:
        power_of_two = 2 ** round(math.log2(max(1, rows / BATCHES)))
        batch_size = int(np.clip(power_of_two, *BATCH_SIZES))
        overrides.append(f"trainer.batch_size={batch_size}")
    if "trainer.epochs" not in typed:
        epochs = int(np.clip(math.ceil(UPDATES / max(1, rows / batch_size)), *EPOCHS))
        overrides.append(f"trainer.epochs={epochs}")

    if not overrides:
        return (), "Batch size and epochs begin as you asked."
    updates = epochs * math.ceil(rows / batch_size)
    return tuple(overrides), (
        f"The first trainings have batches of {batch_size} rows and {epochs} epochs, about "
        f"{updates:,} updates of the weights."
    )


def _ledger_warning(context: Context, split: Split) -> str:
    """Warn that the last step will be refused if the test rows were evaluated before, else ""."""
    if context.settings.tree["force"]:
        return ""
    earlier = ledger.evaluations(context.store, row_keys.digest(context.dataset, split.test))
    if not earlier:
        return ""
    return (
        f"The {len(split.test):,} test rows have been evaluated before, by the run "
        f"{earlier[0].run_id} ({earlier[0].name}). Unless the same configuration wins, the last "
        "step will refuse to evaluate them again. force=true evaluates them all the same, and the "
        "report says so."
    )
