"""Step 7: the tested model gets a name by which it is found, predicts and is served."""

from __future__ import annotations

import dataclasses
import shlex

import numpy as np

from goldilocks.config import invocation
from goldilocks.errors import StoreError
from goldilocks.report.workflow.results import FinalScore, RegisterResult
from goldilocks.run import compared
from goldilocks.run.context import stored_predictions
from goldilocks.tracking import registry
from goldilocks.workflow import prose
from goldilocks.workflow.context import Context


def step(context: Context, score: FinalScore) -> RegisterResult:
    """Register the model of the final run, with its signature: as champion, or as challenger."""
    name = context.settings.data_name
    champion = registry.champion(context.store, name)
    shortcoming, remark = _shortcoming(context, score, champion)
    version = registry.register(context.store, score.run_id, name, shortcoming=shortcoming)
    predict = [invocation.path("goldilocks"), "predict", version.reference, "FILE_OR_FOLDER"]
    serve = [invocation.path("mlflow"), "models", "serve", "-m", version.uri]
    serve += ["--env-manager", "local"]
    report = prose.report(
        "register",
        version=version,
        shortcoming=shortcoming,
        remark=remark,
        champion=champion,
    )
    commands = {"Predict with it:": predict, "Serve it:": serve}
    lines = [f"{words}\n{shlex.join(command)}" for words, command in commands.items()]
    report = dataclasses.replace(report, reasons=(*report.reasons, *lines))
    return RegisterResult(
        report=report, name=version.name, version=version.number, alias=version.alias
    )


def _shortcoming(context: Context, score: FinalScore, champion: str | None) -> tuple[str, str]:
    """Return why a model is no champion, "" if it is, and what else there is to say of that.

    Args:
        context: Of the step.
        score: Of the model.
        champion: The run of the present champion; None without one.
    """
    if not score.beats_baseline:
        return "it is worse than the baseline on the test rows", ""
    if score.loses_to_reference:
        return "the reference is better on the test rows, beyond noise", ""
    if champion in (None, score.run_id):
        return "", ""

    run = context.store.get_run(champion)
    tested, of_model = stored_predictions(context.store, score.run_id)
    try:
        rows, of_champion = stored_predictions(context.store, champion)
    except StoreError:
        return "", f"The champion so far, run {champion}, has no predictions to compare with."
    if not compared.is_same(run, context.dataset) or not np.array_equal(rows, tested):
        return "", f"The champion so far, run {champion}, was tested on other rows."

    comparison = context.comparison()
    lead = comparison.compare(
        {("", ""): (rows, of_champion)}, {("", ""): (rows, of_model)}, score.metric
    )
    if lead.mean > 0 and lead.beyond_noise:
        return f"the champion, run {champion}, is better on the test rows, beyond noise", ""
    return "", f"The champion so far, run {champion}, is not better on the test rows beyond noise."
