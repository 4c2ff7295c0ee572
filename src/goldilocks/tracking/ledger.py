"""The test ledger: final runs by their test rows, and the runs compared on validation rows.

A final run has the tag `test.digest` from its first moment, and `test.evaluated` from just before
its evaluation on. All experiments of a store are searched, and deleted runs and experiments as
well: what a person has seen stays seen.
"""

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

from goldilocks.tracking import query
from goldilocks.tracking.query import EXPERIMENTS_SEARCHED, StoredRun

DIGEST = "test.digest"  # of the content of the test rows
EVALUATED = "test.evaluated"  # when, ISO 8601
EVALUATED_BEFORE = "test.looked"  # the same in stores of version 0.1

# Roles of the runs that choices are made by. A run of several folds or repeats is one choice: its
# parent has one of these roles, its children have not.
CHOICES = ("plain", "regularized")


def evaluated_at(run: StoredRun) -> str:
    """Return when a run was evaluated on its test rows, in ISO 8601; "" of one that was not."""
    return run.tags.get(EVALUATED) or run.tags.get(EVALUATED_BEFORE, "")


def evaluations(client: MlflowClient, digest: str) -> list[StoredRun]:
    """Return the final runs that were evaluated on test rows of this digest, or are about to be.

    Raises:
        MlflowException: If the store cannot be read.
    """
    runs = _search(client, f"tags.`{DIGEST}` = '{digest}'")
    return [run for run in runs if evaluated_at(run) or run.status == "RUNNING"]


def evaluations_elsewhere(
    client: MlflowClient, dataset_digest: str, digest: str
) -> list[StoredRun]:
    """Return the final runs that were evaluated on other test rows of the same data set.

    Raises:
        MlflowException: If the store cannot be read.
    """
    runs = _search(client, f"tags.`dataset.digest` = '{dataset_digest}' AND tags.role = 'final'")
    return [run for run in runs if evaluated_at(run) and run.tags.get(DIGEST) != digest]


def validation_runs(client: MlflowClient, dataset_digest: str) -> list[StoredRun]:
    """Return the runs that were scored on validation rows of a data set, but for failed ones.

    Raises:
        MlflowException: If the store cannot be read.
    """
    runs = _search(
        client,
        f"tags.`dataset.digest` = '{dataset_digest}' AND attributes.status != 'FAILED' "
        "AND attributes.status != 'KILLED'",
    )
    return [run for run in runs if run.tags.get("role") in CHOICES]


def _search(client: MlflowClient, text: str) -> list[StoredRun]:
    experiments = client.search_experiments(
        view_type=ViewType.ALL, max_results=EXPERIMENTS_SEARCHED
    )
    ids = [experiment.experiment_id for experiment in experiments]
    return query.search(client, ids, text, ViewType.ALL)
