"""The only place that knows MLflow: store, run, provenance.

A tracker is what `run` talks to: `tracking.run.Tracker` writes to MLflow, `tracking.none.Tracker` nowhere.
"""


class StoreError(OSError):
    """The tracking store cannot be reached or written; the message says which, why and how to fix it."""
