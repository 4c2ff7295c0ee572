"""Step 7: the tested model gets a name by which it is found, predicts and is served."""

import shlex

from goldilocks.report.workflow.results import RegisterResult, StepReport
from goldilocks.tracking import provenance, registry
from goldilocks.workflow.context import Context


def step(context: Context, run_id: str) -> RegisterResult:
    """Register the model of the final run, with its signature."""
    version = registry.register(context.store, run_id, context.settings.data_name)
    predict = [provenance.program("goldilocks"), "predict", version.name, "FILE_OR_FOLDER"]
    serve = [provenance.program("mlflow"), "models", "serve", "-m", version.uri]
    report = StepReport(
        name="register",
        title="Registration",
        decision=f"The tested model is version {version.number} of the registered model "
        f"{version.name}.",
        reasons=(
            f"It is the champion, whatever earlier versions have reached: {version.name} without "
            "a number means it.",
            f"Predict with it: {shlex.join(predict)}",
            f"Serve it: {shlex.join([*serve, '--env-manager', 'local'])}",
        ),
    )
    return RegisterResult(report=report, name=version.name, version=version.number)
