"""What TensorFlow, Keras and MLflow read from the environment when they are first imported."""

import os

DEFAULTS = {
    # Else TensorFlow prints some twenty lines at every start.
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    # Else MLflow reports over the network how it is used.
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def prepare() -> None:
    """Set these variables unless a person has; call it before any of the three is imported."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
