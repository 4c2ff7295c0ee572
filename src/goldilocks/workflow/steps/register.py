"""Step 7: the tested model gets a name by which it is found, predicts and is served."""

import shlex
from pathlib import Path

from goldilocks.tracking import provenance
from goldilocks.workflow.state import Flow
from goldilocks.workflow.step import Step


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Register the model of the final run, with its signature."""
    run_id = flow.found("final")["tested"]["runs"][0]
    version = flow.store.register(run_id, flow.settings.data_name)
    predict = shlex.join(
        [provenance.program("goldilocks"), "predict", version.name, "FILE_OR_FOLDER"]
    )
    serve = shlex.join(
        [
            provenance.program("mlflow"),
            "models",
            "serve",
            "-m",
            version.uri,
            "--env-manager",
            "local",
        ]
    )
    return Step(
        name="register",
        title="Registration",
        passed=True,
        decision=f"The tested model is version {version.number} of the registered model "
        f"{version.name}.",
        reasons=[
            f"It is the champion, whatever earlier versions have reached: {version.name} without a "
            "number means it.",
            f"Predict with it: {predict}",
            f"Serve it: {serve}",
        ],
        table=[],
        chosen={"name": version.name, "version": version.number},
    )
