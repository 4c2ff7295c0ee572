"""What every job needs, imported once by the server that jobs are forked from.

Nothing here may start TensorFlow's runtime, CUDA, or a thread of Python's: none of them survives a
fork.
"""

import gc
import importlib
import pkgutil

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

import goldilocks.backend  # noqa: F401  # isort: skip  First: it is quiet.

# Modules, or packages with all their modules.
STEPS = ("jobs.worker", "run", "sweep.callback", "sweep.processes")
OPTIONS = (
    "dataset",
    "encoding",
    "model",
    "protocol",
    "tracking",
    "training",
)  # any module of these may be some job's

JAX = "goldilocks.training.program"  # Runs in a process of its own, which is never forked.

# What others import in the midst of a run: MLflow for a database, a model and provenance; pandas
# for tables; Pillow for pictures; rich for progress; Hydra for its plugins.
LATE = (
    "git",
    "hydra_plugins.goldilocks",
    "mlflow.keras",
    "mlflow.models.model",
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
    "omegaconf._impl",
    "pandas.io.formats.style",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "pyarrow.pandas_compat",
    "rich._emoji_codes",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.preprocessing",
    "sqlalchemy.dialects.sqlite",
)

for _name in (*STEPS, *OPTIONS):
    _module = importlib.import_module(f"goldilocks.{_name}")
    for _inner in pkgutil.walk_packages(getattr(_module, "__path__", ()), f"{_module.__name__}."):
        if _inner.name != JAX:
            importlib.import_module(_inner.name)
for _name in LATE:
    importlib.import_module(_name)

# MLflow finds out once a process which package each module comes from; that takes longer than
# logging a model.
importlib.import_module("mlflow.utils.requirements_utils")._init_modules_to_packages_map()

# The grammars of Hydra and OmegaConf learn from every new form of a text, slowly; a job of theirs
# starts without that.
OmegaConf.to_container(
    OmegaConf.create({"a": 1, "b": "${a}", "c": "x ${b}", "d": "${oc.env:HOME,null}"}), resolve=True
)
OverridesParser.create().parse_overrides(
    [
        "a=1",
        "a.b=0.1",
        "a=b",
        "a/b=c_d",
        "+a=-1e-3",
        "++a=x/y.z",
        "~a",
        "a=null",
        "a=[1,b,0.1]",
        "a={b:1}",
        "a='b c'",
    ]
)

# A job's garbage collection then writes to none of these pages, and all jobs go on sharing them.
gc.freeze()
