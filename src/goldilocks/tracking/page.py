"""MLflow's pages: their addresses, what an experiment says of itself, and views of its runs.

MLflow keeps a view of the table of runs, with its columns, order and filter, in a tag of the
experiment, and shows it at an address that has the rest of the tag's name.
"""

import json
from collections.abc import Mapping, Sequence

VIEW = "mlflow.sharedViewState."
HOST, PORT = "127.0.0.1", 5000  # of `mlflow ui`, where nothing else is asked for
KEY = "viewStateShareKey"
VERDICT, BEST_EPOCH = "tags.`verdict`", "metrics.`best_epoch`"
LONGEST_VIEW = 5000  # characters of a tag of an experiment


def url(uri: str, experiment_id: str, path: str) -> str:
    """Return the address of a page of an experiment, as `mlflow ui` or the server shows it.

    Args:
        uri: The tracking URI; a database is taken to be shown by `mlflow ui` at its usual port.
        experiment_id: MLflow's.
        path: Of the page, below the experiment's.
    """
    server = uri.rstrip("/") if uri.startswith("http") else f"http://{HOST}:{PORT}"
    return f"{server}/#/experiments/{experiment_id}/{path}"


def artifact(path: str, run_id: str) -> str:
    """Return the address of an artifact of a run for a text on a page of the same server."""
    return f"get-artifact?path={path}&run_uuid={run_id}"


def view(run_ids: Sequence[str], settings: Sequence[str], best: str, *, higher: bool) -> str:
    """Return a view of runs: verdict, best value, best epoch and what differs, the best run first.

    Args:
        run_ids: Of the runs.
        settings: Dotted keys of those that differ.
        best: The metric that they are sorted by.
        higher: Whether more of it is better.

    Returns:
        The value of the experiment's tag; "" of too many runs for one.
    """
    listed = ", ".join(f"'{run_id}'" for run_id in run_ids)
    state = {
        "searchFilter": f"attributes.run_id IN ({listed})",
        "orderByKey": f"metrics.`{best}`",
        "orderByAsc": not higher,
        "selectedColumns": [
            VERDICT,
            f"metrics.`{best}`",
            BEST_EPOCH,
            *(f"params.`{key}`" for key in settings),
        ],
    }
    text = json.dumps(state)
    return text if len(text) <= LONGEST_VIEW else ""


def _of_all() -> str:
    """Return the view that MLflow lists by its name, under "Views"."""
    best = [f"metrics.`best_val_{name}`" for name in ("accuracy", "mae", "loss")]
    chosen = [f"params.`{group}`" for group in ("dataset", "model", "regularizer")]
    state = {"selectedColumns": [VERDICT, *best, BEST_EPOCH, *chosen]}
    named = {"name": "Verdicts", "createdAt": 0, "updatedAt": 0, "state": json.dumps(state)}
    return json.dumps(named)


# Tags of a new experiment. By the first, MLflow opens on runs and their metrics, not on its pages
# for language-model traces.
EXPERIMENT: Mapping[str, str] = {
    "mlflow.experimentKind": "custom_model_development",
    "mlflow.note.content": (
        "Trainings by Goldilocks, each with its **verdict**: whether the model underfits, overfits "
        "or is just right. A run's page says it in words, with the next command and the curves. "
        "The view **Verdicts** (button *Views*) has verdict and best values as columns; a run "
        "with a plus sign is a sweep, or the mean of several trainings."
    ),
    f"{VIEW}verdicts": _of_all(),
}
