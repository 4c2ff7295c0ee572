"""Step 7: the tested model gets a name by which it is found, predicts and is served."""

import re
import shlex
from pathlib import Path

from goldilocks.tracking import provenance
from goldilocks.workflow.state import Flow
from goldilocks.workflow.step import Step


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Register the model of the final run, with its signature."""
    run_id = flow.found("final")["tested"]["runs"][0]
    version = flow.store.register(run_id, name(flow))
    predict = shlex.join([provenance.program("goldilocks"), "predict", version.name, "FILE_OR_FOLDER"])
    serve = shlex.join([provenance.program("mlflow"), "models", "serve", "-m", version.uri, "--env-manager", "local"])
    return Step(
        name="register",
        title="Registration",
        passed=True,
        decision=f"The tested model is version {version.number} of the registered model {version.name}.",
        reasons=[f"Predict with it: {predict}", f"Serve it: {serve}"],
        table=[],
        chosen={"name": version.name, "version": version.number},
    )


def name(flow: Flow) -> str:
    """Of the registered model: the data set's option, and of the user's own data the name of the file or folder."""
    tree, option = flow.settings.tree["dataset"], flow.settings.choices["dataset"]
    own = tree.get("dir") or tree.get("file")
    words = [option, Path(str(own)).expanduser().resolve().stem] if own else [option]
    return re.sub(r"[^\w.-]+", "-", "-".join(words))
