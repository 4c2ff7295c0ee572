"""Step 1: what is the problem, how is success measured, and how are models judged?

Source: Chollet, Deep Learning with Python (2017), sections 4.5.1 to 4.5.4.
"""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks.config.settings import key_of
from goldilocks.dataset import Dataset, row_keys
from goldilocks.problem import PROBLEMS
from goldilocks.protocol import Split, near_duplicates, notes_of_all, parts
from goldilocks.workflow.references import ANY
from goldilocks.workflow.runner import Candidate
from goldilocks.workflow.state import Flow
from goldilocks.workflow.step import Step

RARE = (
    0.2  # share of the rarer of two classes below which saying "the other one" looks like success
)
# validation rows: the standard error of an accuracy is then at most 2.5 points (0.5 / sqrt(400))
ENOUGH = 400
FEW = (
    200  # rows for training and validation, below which one shuffling of folds is a matter of luck
)
FOLDS = 4
UPDATES = 1500  # of the weights, that a first training shall have
BATCHES = 64  # an epoch shall have about so many
BATCH_SIZES = (16, 512)
EPOCHS = (10, 80)
TEST = VALIDATION = 0.25  # as in conf/protocol


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Infer type, measure and protocol, split the rows, and warn of what nearly repeats itself across parts."""
    found = inferred(flow)
    settings = flow.runner.settings(
        Candidate("split", (*ANY.overrides, *found.chosen["overrides"]))
    )
    split, *others = settings.builder("protocol")(flow.dataset)
    final = len(split.train) + (len(split.validation) if flow.dataset.subset is None else 0)
    chosen = {**found.chosen, "rows": {"train": len(split.train), "final": final}}
    pairs = near_duplicates.near_duplicates(flow.dataset, split)
    said = [
        *notes_of_all([split, *others]),
        near_duplicates.warning(flow.dataset, split, pairs),
        _seen(flow, split),
    ]
    return dataclasses.replace(found, reasons=[*found.reasons, *filter(None, said)], chosen=chosen)


def _seen(flow: Flow, split: Split) -> str:
    """That the last step will be refused, where the test rows have been looked at; "" where they have not."""
    looks = flow.store.test_evaluations(row_keys.digest(flow.dataset, split.test))
    if not looks or flow.settings.tree["force"]:
        return ""
    return (
        f"The {len(split.test)} test rows have been looked at before, by the run {looks[0].run_id} "
        f"({looks[0].name}): "
        "unless the same configuration wins, the last step will refuse to look again. force=true "
        "looks all the same, "
        "and says so."
    )


def inferred(flow: Flow) -> Step:
    """Type, measure and protocol, each with its reason; what was typed is kept."""
    dataset, typed = flow.dataset, set(map(key_of, flow.typed))
    kinds = (
        f"{len(dataset.classes)} classes"
        if dataset.classes
        else f"targets from {dataset.y.min():.4g} to {dataset.y.max():.4g}"
    )
    reasons = [
        f"{dataset.name}: {len(dataset.y)} rows of {dataset.kind} data with {kinds}: a "
        f"{flow.problem.type} problem."
    ]
    measure, why = _measure(flow, typed)
    protocol, because = _protocol(dataset, typed)
    training, reason = _training(dataset, typed, flow.settings.tree["trainer"])
    overrides = [*measure, *protocol, *training]
    shown = protocol[0].partition("=")[2] if protocol else flow.settings.choices["protocol"]
    metric = measure[0].partition("[")[2].split(",")[0] if measure else flow.problem.metric
    return Step(
        name="problem",
        title="The problem, the measure of success, the protocol",
        passed=True,
        decision=f"A {flow.problem.type} problem, measured by {metric}, judged by protocol={shown}.",
        reasons=[*reasons, why, because, reason, *dataset.notes],
        table=[],
        chosen={"overrides": overrides, "metric": metric, "protocol": shown},
    )


def _measure(flow: Flow, typed: set[str]) -> tuple[list[str], str]:
    """Overrides that choose the measure of success, and why."""
    problem, dataset = flow.problem, flow.dataset
    if "problem.metrics" in typed:
        return [], f"Success is measured by {problem.metric}, as you asked."
    if problem.type == "binary":
        share = float(min(dataset.y.mean(), 1 - dataset.y.mean()))
        if share < RARE:
            metrics = ",".join(dict.fromkeys(["auc", *PROBLEMS["binary"].metrics[:1]]))
            return [f"problem.metrics=[{metrics}]"], (
                f"The rarer class has {100 * share:.1f} % of the rows: always saying the other one "
                "would be "
                f"{100 * (1 - share):.1f} % accurate, so success is measured by auc."
            )
        return (
            [],
            f"The rarer class has {100 * share:.1f} % of the rows, enough for success to be "
            "measured by accuracy.",
        )
    if problem.type == "multiclass":
        shares = np.bincount(dataset.y, minlength=len(dataset.classes)) / len(dataset.y)
        return [], (
            "Success is measured by accuracy; the most frequent class has "
            f"{100 * shares.max():.1f} % of the rows, the "
            f"rarest {100 * shares.min():.1f} %."
        )
    return (
        [],
        f"Success is measured by {problem.metric}{f' in {dataset.unit}' if dataset.unit else ''}.",
    )


def _protocol(dataset: Dataset, typed: set[str]) -> tuple[list[str], str]:
    """Overrides that choose the protocol, and why."""
    if "protocol" in typed or any(key.startswith("protocol.") for key in typed):
        return [], "The protocol is the one that you asked for."
    published, rows = parts.published(dataset), parts.divisible(dataset)
    pool = len(rows) if "test" in published else round(len(rows) * (1 - TEST))
    size = (
        len(published["validation"]) if "validation" in published else round(len(rows) * VALIDATION)
    )
    if dataset.kind == "series":
        return ["protocol=holdout"], (
            "A series is divided by time: trained on the past, judged on what came after, tested "
            "on the latest."
        )
    if "validation" in published:
        return [
            "protocol=holdout"
        ], f"The data come with {size} rows for validation, which are used."
    folds = max(2, min(FOLDS, round(parts.rarest(dataset, rows) * (1 - TEST))))
    error = 1 / math.sqrt(max(1, size))
    known = (
        f"an accuracy to {50 * error:.1f} points"
        if dataset.classes
        else f"a mean error to {100 * error:.1f} % of its deviation from row to row"
    )
    if size >= ENOUGH:
        return [
            "protocol=holdout"
        ], f"One part of {size} rows is enough to judge with: it tells {known} (standard error)."
    few = f"Holding out {size} rows would tell {known} only (standard error)"
    if pool >= FEW:
        return ["protocol=kfold", f"protocol.k={folds}"], (
            f"{few}, so each of the {pool} rows validates once, in {folds} folds."
        )
    return ["protocol=iterated_kfold", f"protocol.k={folds}"], (
        f"{few}, and {pool} rows are few: {folds} folds, shuffled several times."
    )


def _training(dataset: Dataset, typed: set[str], given: Mapping[str, Any]) -> tuple[list[str], str]:
    """Overrides of batch size and epochs to begin with, and why; what was typed is given."""
    rows = min(dataset.subset or len(dataset.y), round(len(dataset.y) * (1 - 2 * TEST)))
    size = int(np.clip(2 ** round(math.log2(max(1, rows / BATCHES))), *BATCH_SIZES))
    size = given["batch_size"] if "trainer.batch_size" in typed else size
    epochs = int(np.clip(math.ceil(UPDATES / max(1, rows / size)), *EPOCHS))
    epochs = given["epochs"] if "trainer.epochs" in typed else epochs
    words = [
        *([f"trainer.batch_size={size}"] if "trainer.batch_size" not in typed else []),
        *([f"trainer.epochs={epochs}"] if "trainer.epochs" not in typed else []),
    ]
    updates = epochs * math.ceil(rows / size)
    reason = f"The first trainings have batches of {size} and {epochs} epochs: about {updates} updates of the weights."
    return words, reason if words else "Batch size and epochs begin as you asked."
