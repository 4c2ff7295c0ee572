"""Step 7: the tested model gets a name by which it is found, predicts and is served."""

import shlex

from goldilocks.report.workflow.results import RegisterResult
from goldilocks.tracking import provenance, registry
from goldilocks.workflow import prose
from goldilocks.workflow.context import Context


def step(context: Context, run_id: str) -> RegisterResult:
    """Register the model of the final run, with its signature."""
    version = registry.register(context.store, run_id, context.settings.data_name)
    predict = [provenance.program("goldilocks"), "predict", version.name, "FILE_OR_FOLDER"]
    serve = [provenance.program("mlflow"), "models", "serve", "-m", version.uri]
    serve += ["--env-manager", "local"]
    report = prose.report(
        "register",
        version=version,
        predict=shlex.join(predict),
        serve=shlex.join(serve),
    )
    return RegisterResult(report=report, name=version.name, version=version.number)
