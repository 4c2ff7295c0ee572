"""Step 1: what is the problem, how is success measured, and on which rows?

Source: Chollet, Deep Learning with Python (2017), sections 4.5.1 to 4.5.4.
"""

import dataclasses
import math
import shlex

import numpy as np

from goldilocks.config import literals
from goldilocks.config.settings import Settings, key_of
from goldilocks.dataset import Dataset, findings
from goldilocks.dataset.readers.reading import DATE
from goldilocks.encoding import differencing
from goldilocks.errors import SplitError
from goldilocks.formatting import argument
from goldilocks.problem import COST, PROBLEMS
from goldilocks.protocol import notes_of_all, parts
from goldilocks.report.workflow.results import ProblemResult
from goldilocks.run import data_summary, test_ledger
from goldilocks.workflow import prose
from goldilocks.workflow.balance import FREQUENT, most_frequent
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.context import Context
from goldilocks.workflow.references import BASELINE

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
# Keys that say which rows are in which part, or that belong together.
DIVIDING = {
    f"dataset.{key}" for key in ("time", "group", "query", "split", "validation_file", "test_file")
}


def in_time(settings: Settings, dataset: Dataset) -> tuple[Settings, Dataset]:
    """Divide the rows of a table with one column of dates by it, and say so.

    What was typed about the division stays, or is in the data set's own settings. So do rows of
    which some have no date.

    Args:
        settings: Of the workflow.
        dataset: Which they describe.

    Returns:
        Both, with `dataset.time`; or as they were.
    """
    dated = {name: reading for name, reading in dataset.readings.items() if reading.kind == DATE}
    chosen = {key for key in DIVIDING if settings.flat.get(key) is not None}
    chosen |= DIVIDING & set(map(key_of, settings.overrides))
    shuffled = settings.choices["protocol"] == "iterated_kfold"
    if dataset.kind != "table" or len(dated) != 1 or chosen or shuffled:
        return settings, dataset
    [(name, reading)] = dated.items()
    if reading.missing or reading.left_out or reading.distinct < 2:
        return settings, dataset

    settings = settings.changed({"dataset.time": name})
    [word] = literals.for_hydra(shlex.split(argument("dataset.time", name)))
    settings = dataclasses.replace(settings, overrides=(*settings.overrides[:-1], word))
    note = (
        f"The column {name!r} holds dates, so rows are divided by time (dataset.time): the latest "
        "are the test. If it does not say when a row came to be, as a date of birth does not, type "
        "dataset.time=null to draw rows at random."
    )
    dataset = settings.builder("dataset")()
    return settings, dataclasses.replace(dataset, notes=(*dataset.notes, note))


def step(context: Context) -> ProblemResult:
    """Choose metric, protocol and batches, split the rows, and say what is found in them.

    Raises:
        DataError: A finding is an error.
    """
    dataset, (overrides, reasons) = context.dataset, infer(context)
    settings = context.settings_of(Candidate("split", (*BASELINE.overrides, *overrides)))
    splits = settings.builder("protocol")(dataset)
    split, protocol = splits[0], settings.choices["protocol"]

    # A data set that is trained on a subset keeps it: the final training gets no further rows.
    final_rows = len(split.train)
    if dataset.subset is None:
        final_rows += len(split.validation)

    metric = settings.problem(dataset.problem).metric
    resolved = differencing.resolved(dataset, split.train)
    data = data_summary.summarize(resolved, splits, metric=metric, mute=settings.mute)
    findings.refuse(data.findings)
    of_difference = resolved.notes[len(dataset.notes) :]

    # Unless they are evaluated by force, the last step will refuse test rows that are known.
    earlier: list[test_ledger.Overlap] = []
    if not settings.tree["force"]:
        overlaps = test_ledger.ask(settings, context.store, dataset, split).overlaps()
        earlier = test_ledger.sealed(overlaps)
    report = prose.report(
        "problem",
        problem=context.problem,
        metric=metric,
        protocol=protocol,
        reasons=(*reasons, *of_difference, *notes_of_all(splits), *data.findings),
        test_rows=len(split.test),
        earlier=earlier,
        share=test_ledger.share(earlier),
    )
    return ProblemResult(
        report=report,
        overrides=overrides,
        train_rows=len(split.train),
        final_rows=final_rows,
        changes=tuple(
            finding.code for finding in data.findings if finding.code.startswith(findings.OF_TIME)
        ),
    )


def infer(context: Context) -> tuple[tuple[str, ...], list[str]]:
    """Choose metrics, protocol and batches, before any row is split; what was typed stays.

    Returns:
        The overrides that all later trainings have beyond what was typed, and why, in sentences.
    """
    dataset, problem, typed = context.dataset, context.problem, context.typed_keys
    shares = np.ones(1)
    if problem.type == "binary":
        shares = np.array([dataset.y.mean(), 1 - dataset.y.mean()], float)
    elif problem.type == "multiclass":
        shares = np.bincount(dataset.y, minlength=len(dataset.classes)) / len(dataset.y)
    elif problem.type == "multilabel":
        shares = dataset.y.mean(axis=0)

    rare, metrics = most_frequent(problem, dataset) > FREQUENT, tuple[str, ...]()
    if dataset.query and "problem.metrics" not in typed:
        metrics = (f"problem.metrics=[ndcg,{PROBLEMS[problem.type].metrics[0]}]",)
    elif "problem.cost" in typed and "problem.metrics" not in typed:
        metrics = (f"problem.metrics=[{COST},auc]",)
    elif rare and "problem.metrics" not in typed:
        primary = "auc" if problem.type == "binary" else "balanced_accuracy"
        metrics = (f"problem.metrics=[{primary},{PROBLEMS[problem.type].metrics[0]}]",)
    threshold: tuple[str, ...] = ()
    decides = problem.type == "multilabel" or (problem.type == "binary" and rare)
    if decides and not {"problem.threshold", "problem.cost"} & typed:
        threshold = ("problem.threshold=auto",)
    protocol, rows = _protocol(context)
    training, updates = _training(context)
    reasons = prose.sentences(
        "plan",
        dataset=dataset,
        problem=problem,
        typed=typed,
        metrics=metrics,
        threshold=threshold,
        rarest=shares.min(),
        most=shares.max(),
        protocol=protocol,
        rows=rows,
        training=training,
        updates=updates,
    )
    chosen = [f"{key}={value}" for key, value in training.items() if key not in typed]
    return (*metrics, *threshold, *protocol, *chosen), reasons


def _protocol(context: Context) -> tuple[tuple[str, ...], dict[str, int]]:
    """Return the overrides that choose the protocol, () if it was typed, and the rows behind it."""
    dataset = context.dataset
    if any(key.partition(".")[0] == "protocol" for key in context.typed_keys):
        return (), {}
    if dataset.kind == "series":
        return ("protocol=holdout",), {}

    published, rows = dataset.fixed, parts.divisible(dataset)
    if "validation" in published:
        return ("protocol=holdout",), {"published": len(published["validation"])}
    held_out = round(len(rows) * VALIDATION)
    if held_out >= ENOUGH:
        return ("protocol=holdout",), {"held_out": held_out}

    rarest = int(parts.class_counts(dataset, rows).min())
    folds = max(2, min(FOLDS, round(rarest * (1 - TEST))))
    pool = len(rows)
    if "test" not in published:
        pool = round(len(rows) * (1 - TEST))
    if dataset.times is not None:
        folds = next(k for k in range(folds, 0, -1) if k == 1 or _are_possible(context, k))
        if folds == 1:  # Its earliest rows may lack a class.
            return ("protocol=holdout",), {"latest": held_out, "held_out": held_out}
    shuffled = pool < FEW and dataset.times is None
    name = "iterated_kfold" if shuffled else "kfold"
    counts = {"held_out": held_out, "pool": pool, "folds": folds}
    return (f"protocol={name}", f"protocol.k={folds}"), counts


def _are_possible(context: Context, folds: int) -> bool:
    """Return whether rows can be divided into so many folds."""
    words = ("protocol=kfold", f"protocol.k={folds}")
    settings = context.settings_of(Candidate("folds", (*BASELINE.overrides, *words)))
    try:
        settings.builder("protocol")(context.dataset)
    except SplitError:
        return False
    return True


def _training(context: Context) -> tuple[dict[str, int], int]:
    """Return batch size and epochs to begin with, and the updates of the weights they make."""
    dataset, typed = context.dataset, context.typed_keys
    trainer = context.settings.tree["trainer"]
    rows = min(dataset.subset or len(dataset.y), round(len(dataset.y) * (1 - 2 * TEST)))

    batch_size, epochs = trainer["batch_size"], trainer["epochs"]
    if "trainer.batch_size" not in typed:
        power_of_two = 2 ** round(math.log2(max(1, rows / BATCHES)))
        batch_size = int(np.clip(power_of_two, *BATCH_SIZES))
    if "trainer.epochs" not in typed:
        epochs = int(np.clip(math.ceil(UPDATES / max(1, rows / batch_size)), *EPOCHS))
    training = {"trainer.batch_size": batch_size, "trainer.epochs": epochs}
    return training, epochs * math.ceil(rows / batch_size)
