"""What a report costs: of 500 runs of 30 epochs, beside asking MLflow for the curves run by run, in
turns.

Both read the same store, in one process, after a warm-up. The naive loop only reads the two curves
of each run; the report reads them, compares the runs and writes its file.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

from mlflow.entities import Metric, Param

from goldilocks.report import compare, sections
from goldilocks.tracking import local
from goldilocks.tracking.selection import select

RUNS, SEEDS, EPOCHS, REPEATS = 500, 5, 30, 3
NAMES = ("val_loss", "val_mae")


def fill(store) -> str:
    """Log a sweep with MLflow's batches, and give its ID."""
    sweep = store.client.create_run(
        store.experiment_id, run_name="benchmark", tags={"role": "sweep"}
    ).info.run_id
    for number in range(RUNS):
        variant, seed = divmod(number, SEEDS)
        params = {
            "dataset": "boston",
            "seed": str(seed),
            "optimizer.learning_rate": str(variant),
            "problem.loss": "mse",
        }
        params |= {f"same.{key}": str(key) for key in range(50)}  # As many as a run has.
        tags = {"mlflow.parentRunId": sweep, "problem": "regression", "dataset.source": "stand_in"}
        run = store.client.create_run(store.experiment_id, tags=tags).info.run_id
        values = [10 / epoch + variant / 100 + seed / 1000 for epoch in range(1, EPOCHS + 1)]
        points = [
            Metric(name, value, 0, epoch) for name in NAMES for epoch, value in enumerate(values, 1)
        ]
        points += [Metric(f"best_{name}", values[-1], 0, 0) for name in NAMES] + [
            Metric("best_epoch", EPOCHS, 0, 0)
        ]
        store.client.log_batch(run, points, [Param(name, value) for name, value in params.items()])
        store.client.set_terminated(run)
    store.client.set_terminated(sweep)
    return sweep


def report(store, sweep: str, ids: list[str]) -> float:
    """Seconds of the whole report."""
    began = time.perf_counter()
    file = compare.write(store, [sweep], None, command="")
    spent = time.perf_counter() - began
    print(f"  report {spent:.1f} s, {file.stat().st_size / 1e6:.1f} MB")
    return spent


def at_once(store, sweep: str, ids: list[str]) -> float:
    """Seconds of reading the curves as the report does."""
    began = time.perf_counter()
    store.histories(ids, [*NAMES, "val_data_loss"])
    return time.perf_counter() - began


def naive(store, sweep: str, ids: list[str]) -> float:
    """Seconds of reading the curves with `get_metric_history`."""
    began = time.perf_counter()
    for run_id in ids:
        for name in NAMES:
            store.client.get_metric_history(run_id, name)
    return time.perf_counter() - began


def main():
    os.chdir(tempfile.mkdtemp())
    store = local.connect(uri=f"sqlite:///{Path.cwd() / 'mlflow.db'}", experiment="goldilocks")
    sweep = fill(store)
    runs = select(store, [sweep]).runs
    assert set(sections.curve_names(runs)) == {*NAMES, "val_data_loss"}
    ids = [run.run_id for run in runs]
    seconds = {arm: [] for arm in (report, at_once, naive)}
    for repeat in range(REPEATS + 1):
        for arm in list(seconds)[:: 1 if repeat % 2 else -1]:
            spent = arm(store, sweep, ids)
            if repeat:  # The first turn warms up.
                seconds[arm].append(spent)
    middle = {arm: statistics.median(spent) for arm, spent in seconds.items()}
    print(f"{RUNS} runs of {EPOCHS} epochs, {REPEATS} turns:")
    for arm in seconds:
        print(f"  {arm.__name__}: median {middle[arm]:.2f} s")
    for arm in (report, at_once):
        print(f"  naive / {arm.__name__}: {middle[naive] / middle[arm]:.1f}")


if __name__ == "__main__":
    main()
