"""The ledger of looks: which final runs have looked at which test rows, and how often validation rows were consulted.

A final run has the tag `test.digest` from its first moment, and `test.looked` from just before its
evaluation on. All experiments of a store are asked, and runs and experiments that were deleted as
well: what was seen stays seen.
"""

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

from goldilocks.tracking import query as stored
from goldilocks.tracking.query import EXPERIMENTS_SEARCHED, StoredRun

DIGEST = "test.digest"  # of the content of the test rows
LOOKED = "test.looked"  # when, ISO 8601
CONSULTING = (
    "plain",
    "regularized",
)  # roles; a run of several folds or repeats is one choice, and so counts once


def looks(client: MlflowClient, digest: str) -> list[StoredRun]:
    """The final runs that have looked at test rows of this digest, or are under way to it, as they started.

    Raises:
        MlflowException: The store cannot be read.
    """
    found = _search(client, f"tags.`{DIGEST}` = '{digest}'", ViewType.ALL)
    return [run for run in found if LOOKED in run.tags or run.status == "RUNNING"]


def elsewhere(client: MlflowClient, dataset_digest: str, digest: str) -> list[StoredRun]:
    """The final runs that have looked at other test rows of the same data set, as they started.

    Raises:
        MlflowException: The store cannot be read.
    """
    query = f"tags.`dataset.digest` = '{dataset_digest}' AND tags.role = 'final'"
    found = _search(client, query, ViewType.ALL)
    return [run for run in found if LOOKED in run.tags and run.tags.get(DIGEST) != digest]


def consulted(client: MlflowClient, dataset_digest: str) -> list[StoredRun]:
    """The runs that were judged by validation rows of a data set: those that ended well, or go on.

    Raises:
        MlflowException: The store cannot be read.
    """
    query = f"tags.`dataset.digest` = '{dataset_digest}' AND attributes.status != 'FAILED'"
    found = _search(client, f"{query} AND attributes.status != 'KILLED'", ViewType.ALL)
    return [run for run in found if run.tags.get("role") in CONSULTING]


def _search(client: MlflowClient, query: str, view: int) -> list[StoredRun]:
    experiments = client.search_experiments(
        view_type=ViewType.ALL, max_results=EXPERIMENTS_SEARCHED
    )
    return stored.search(client, [each.experiment_id for each in experiments], query, view)
