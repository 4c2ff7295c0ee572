"""Runs as a store has them, made by hand for the tests of comparisons."""

from mlflow.entities import Metric, Param, RunTag

from goldilocks.tracking.query import StoredRun

DIGEST = "ab" * 32


def a_run(
    run_id, value=None, *, params=None, tags=None, metrics=None, status="FINISHED", started=0
):
    """A run of the Boston data with its best `val_loss`, or of another kind by what is given."""
    best = (
        {}
        if value is None
        else {"best_epoch": 2.0, "best_val_loss": value, "best_val_mae": value / 2}
    )
    return StoredRun(
        run_id=run_id,
        name=f"run {run_id}",
        status=status,
        params={"dataset": "boston", "problem.loss": "auto", "seed": "0", **(params or {})},
        tags={
            "problem": "regression",
            "dataset.source": "stand_in",
            "dataset.digest": DIGEST,
            **(tags or {}),
        },
        metrics={**best, **(metrics or {})},
        val_loss=(),
        experiment_id="1",
        started=started,
    )


def seeds(name, values, **more):
    """Runs of one variant, one a seed from 0."""
    params = more.pop("params", {})
    return [
        a_run(
            f"{name}{seed}",
            value,
            params={"model.units": name, "seed": str(seed), **params},
            **more,
        )
        for seed, value in enumerate(values)
    ]


def folds(name, values, *, overlap=1 / 3):
    """A run that averages folds, whose values are those at its best epoch, 2, and the folds below
    it.

    `overlap` is None of a run of an earlier version, which did not log it.
    """
    mean = sum(values) / len(values)
    metrics = {"trainings": len(values)}
    if overlap is not None:
        metrics["folds_overlap"] = overlap
    params = {"model.units": name, "protocol": "kfold", "protocol.k": str(len(values))}
    above = a_run(name, mean, params=params, metrics=metrics, tags={"role": "plain"})
    below = [
        a_run(f"{name}.{fold}", value - 1, params=params,
              tags={"role": "fold", "fold": str(fold), "mlflow.parentRunId": name})
        for fold, value in enumerate(values, 1)
    ]  # fmt: skip
    histories = {
        run.run_id: {"val_loss": [(1, 99.0), (2, value), (3, 99.0)]}
        for run, value in zip(below, values, strict=True)
    }
    return [above, *below], histories


def log(client, experiment_id, run, curves):
    """Put a run into a store; its ID is the store's."""
    made = client.create_run(experiment_id, run_name=run.name, tags=dict(run.tags)).info.run_id
    metrics = [Metric(name, value, 0, 0) for name, value in run.metrics.items()]
    metrics += [
        Metric(name, value, 0, step)
        for name, values in curves.items()
        for step, value in enumerate(values, 1)
    ]
    client.log_batch(
        made,
        metrics[:1000],
        [Param(name, value) for name, value in run.params.items()],
        [RunTag("k", "v")],
    )
    client.set_terminated(made, run.status)
    return made


def a_sweep(store, name):
    """Open the run above a sweep's runs, and give its ID."""
    return store.client.create_run(
        store.experiment_id, run_name=name, tags={"role": "sweep"}
    ).info.run_id
