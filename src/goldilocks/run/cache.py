"""What an earlier run of the same configuration, data and code has found, taken instead of training again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.problem import Problem
from goldilocks.run import test_ledger
from goldilocks.run.train import Training
from goldilocks.tracking import Store
from goldilocks.tracking.query import StoredRun

if TYPE_CHECKING:
    from goldilocks.run.outcome import Outcome


def value(settings: Settings, found: StoredRun) -> float:
    """The one number that a sweep compares, of a finished run: see `summary.value`."""
    monitor = settings.tree["trainer"]["monitor"]
    if not settings.tree["final"]:
        return found.metrics.get(f"best_{monitor}", math.nan)  # Of a diverged one, none was logged.
    name = f"test_{monitor.removeprefix('val_')}"
    return found.metrics.get(name if name in found.metrics else "test_loss", math.nan)


def lines(found: StoredRun, see: str) -> str:
    """What a person is told of a finished run instead of a training.

    Args:
        found: The run.
        see: The command that shows the store.
    """
    note = found.tags.get("mlflow.note.content", "").split("\n\n")
    said = [paragraph.replace("**", "") for paragraph in note[:2] if paragraph.startswith("**")]
    best = {name: number for name, number in found.metrics.items() if name.startswith("best_val_")}
    judged = [f"{name.removeprefix('best_')} {number:.4g}" for name, number in best.items()]
    for name, number in test_ledger.results(found).items():
        ends = [found.metrics.get(f"{name}_{end}") for end in ("low", "high")]
        between = f" (95 % interval {ends[0]:.4g} to {ends[1]:.4g})" if None not in ends else ""
        judged.append(f"{name} {number:.4g}{between}")
    tested = bool(test_ledger.results(found))
    where = "test      " if tested else f"best      epoch {found.metrics['best_epoch']:.0f}: "
    again = test_ledger.warned(found.metrics.get("test_looks"))
    return "\n".join(
        [
            f"reused    run {found.run_id} has trained this configuration, data and code; "
            "force=true trains again",
            *said,
            where + ", ".join(judged),
            *([f"again     {again}"] if again else []),
            f"see it    {see}",
        ]
    )


def outcome(
    training: Training, dataset: Dataset, problem: Problem, found: StoredRun, store: Store
) -> Outcome:
    """What a finished fold or repeat had found, for the average over all of them.

    Args:
        training: The fold or repeat.
        dataset: Loaded.
        problem: What is predicted.
        found: Its run.
        store: Where the run is.

    Raises:
        StoreError: The store cannot be read.
    """
    from goldilocks.run import outcome as summary
    from goldilocks.training import fit

    trainer, metrics = training.settings.tree["trainer"], found.metrics
    names = [name for name in metrics if f"best_{name}" in metrics or name in TIMES]
    curves = store.histories([found.run_id], names)[found.run_id]
    judged = fit.validated(
        training.split.validation, trainer["validation_steps"], trainer["batch_size"]
    )
    result = fit.Result(
        history={name: [value for _, value in points] for name, points in curves.items()},
        best_epoch=int(metrics["best_epoch"]),
        monitor=trainer["monitor"],
        seconds=metrics["train_seconds"],
        validation=judged,
    )
    return summary.Outcome(
        settings=training.settings,
        part=training.part,
        dataset=dataset,
        problem=problem,
        split=training.split,
        result=result,
        baseline=_under(metrics, "baseline/val_"),
        beats_baseline=bool(metrics["beats_baseline"]),
        verdict=None,  # That of the mean curve counts.
        test=None,
        intervals={},
        look=None,
        parameters=int(metrics["parameters"]),
        coverage=metrics.get("word_vectors_coverage"),
        weights=found.tags["weights"],
    )


TIMES = ("learning_rate", "seconds")  # of each epoch; no best value is logged of them


def _under(metrics: Any, prefix: str) -> dict[str, float]:
    return {
        name.removeprefix(prefix): number
        for name, number in metrics.items()
        if name.startswith(prefix)
    }
