"""What goes wrong with a store -> one sentence, and whether it may go right later."""

import contextlib
import sqlite3
from collections.abc import Generator

from filelock import Timeout
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from goldilocks import console
from goldilocks.errors import StoreError

# What MLflow raises about a store, by way of SQLAlchemy, requests (an OSError) or the file system.
FAILURES = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError, Timeout)

# What MLflow says of what does not exist, or cannot.
MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")

# What a store says of a call that it will not take however often it is asked.
REFUSALS = ("BAD_REQUEST", "INVALID_STATE", "PERMISSION_DENIED", *MISSING)

# What databases say, through MLflow, where two processes make the same row at the same moment.
COLLISIONS = ("IntegrityError", "UniqueViolation")


@contextlib.contextmanager
def explained(uri: str) -> Generator[None]:
    """Turn what is raised about a store into one sentence."""
    try:
        yield
    except FAILURES as error:
        cause = getattr(error, "orig", None) or error  # SQLAlchemy's is in the way.
        reason = (str(cause) or type(cause).__name__).splitlines()[0].rstrip(".")
        sentence = (
            f"the tracking store {uri} cannot be used: {reason}. Expected one with free space and "
            "write permission: make room or give permission, or use another with "
            "tracking.uri=URI, or none with tracking=none."
        )
        raise StoreError(console.without_passwords(sentence)) from error


def is_refusal(error: StoreError) -> bool:
    """Return whether the store refused for good, as it does with metrics of a deleted run."""
    cause = error.__cause__
    # Another process has made the same, such as a data set, at the same moment: now it is there.
    if any(word in str(cause) for word in COLLISIONS):
        return False
    return isinstance(cause, MlflowException) and cause.error_code in REFUSALS
