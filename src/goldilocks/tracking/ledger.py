"""The test ledger: final runs by their test rows, and the runs compared on validation rows.

A final run has the tag `test.digest` from its first moment, and `test.evaluated` from just before
its evaluation on. All experiments of a store are searched, and deleted runs and experiments as
well: what a person has seen stays seen.
"""

from goldilocks.tracking.protocols import Store
from goldilocks.tracking.query import StoredRun

DIGEST = "test.digest"  # of the content of the test rows
EVALUATED = "test.evaluated"  # when, ISO 8601
EVALUATED_BEFORE = "test.looked"  # the same in stores of version 0.1

# Roles of the runs that choices are made by. A run of several folds or repeats is one choice: its
# parent has one of these roles, its children have not.
CHOICES = ("plain", "regularized")


def evaluated_at(run: StoredRun) -> str:
    """Return when a run was evaluated on its test rows, in ISO 8601; "" of one that was not."""
    return run.tags.get(EVALUATED) or run.tags.get(EVALUATED_BEFORE, "")


def evaluations(store: Store, digest: str) -> list[StoredRun]:
    """Return the final runs that were evaluated on test rows of this digest, or are about to be.

    Raises:
        StoreError: If the store cannot be read.
    """
    runs = store.search(f"tags.`{DIGEST}` = '{digest}'", deleted=True)
    return [run for run in runs if evaluated_at(run) or run.status == "RUNNING"]


def evaluations_elsewhere(store: Store, dataset_digest: str, digest: str) -> list[StoredRun]:
    """Return the final runs that were evaluated on other test rows of the same data set.

    Raises:
        StoreError: If the store cannot be read.
    """
    text = f"tags.`dataset.digest` = '{dataset_digest}' AND tags.role = 'final'"
    runs = store.search(text, deleted=True)
    return [run for run in runs if evaluated_at(run) and run.tags.get(DIGEST) != digest]


def validation_runs(store: Store, dataset_digest: str) -> list[StoredRun]:
    """Return the runs that were scored on validation rows of a data set, but for failed ones.

    Raises:
        StoreError: If the store cannot be read.
    """
    runs = store.search(
        f"tags.`dataset.digest` = '{dataset_digest}' AND attributes.status != 'FAILED' "
        "AND attributes.status != 'KILLED'",
        deleted=True,
    )
    return [run for run in runs if run.tags.get("role") in CHOICES]
