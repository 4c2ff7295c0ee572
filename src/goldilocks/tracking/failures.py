"""What goes wrong with a store -> one sentence, and whether it may go right later."""

import contextlib
import re
import sqlite3
from collections.abc import Generator
from importlib import resources

import yaml
from filelock import Timeout
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError
from urllib3.exceptions import HTTPError

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
        reason = _reason(error)
        sentence = (
            f"the tracking store {uri} cannot be used: {reason}. Expected {_expected(reason)}. Or "
            "use another store (tracking.uri=URI; `goldilocks` takes --uri URI), or train without "
            "one: tracking=none."
        )
        raise StoreError(console.without_passwords(sentence)) from error


def _reason(error: BaseException) -> str:
    """Return the first line of what was said; of a chain of errors of the network, the first."""
    cause = getattr(error, "orig", None) or error  # SQLAlchemy's is in the way.
    while isinstance(cause.__context__, HTTPError | OSError):
        cause = cause.__context__
    return (str(cause) or type(cause).__name__).splitlines()[0].rstrip(".")


def _expected(reason: str) -> str:
    """Return what stands in failures.yaml for a reason."""
    text = resources.files("goldilocks.tracking").joinpath("failures.yaml").read_text("utf-8")
    for cause in yaml.safe_load(text):
        if re.search(cause["says"], reason, re.IGNORECASE):
            return cause["expected"]
    return "a store that takes and gives what is asked"


def is_refusal(error: StoreError) -> bool:
    """Return whether the store refused for good, as it does with metrics of a deleted run."""
    cause = error.__cause__
    # Another process has made the same, such as a data set, at the same moment: now it is there.
    if any(word in str(cause) for word in COLLISIONS):
        return False
    return isinstance(cause, MlflowException) and cause.error_code in REFUSALS
