"""What tests share: settings as the command line makes them, and a store of one's own."""

import copy
import gc
import os
import shutil
import sqlite3
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from hydra._internal.config_repository import ConfigRepository

from composition import checked
from goldilocks import prepare_environment
from goldilocks.config.settings import Settings

ROOT = Path(__file__).parent.parent
prepare_environment()
for _threads in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
    os.environ.setdefault(_threads, "1")  # There is a worker of pytest on each core.
os.environ["GOLDILOCKS_LEDGER"] = str(Path(tempfile.mkdtemp()) / "ledger.db")  # Never a real one.
os.environ["VIRTUAL_ENV"] = sys.prefix  # Printed programs are those of an activated environment.
os.environ["PYTHONPATH"] = str(
    ROOT / "src"
)  # Else a subprocess would test what is installed, maybe another checkout.
# Machines are shared: how long an example takes says nothing.
hypothesis.settings.register_profile("goldilocks", deadline=None)
hypothesis.settings.load_profile("goldilocks")


_load_config = ConfigRepository.load_config
_loaded = {}


def _load_config_once(repository, config_path):
    """Parse each file of conf/ once in a process: Hydra does so for every composition, which was
    half of the time of the hundreds that tests ask for.
    """
    sources = tuple(source.full_path() for source in repository.sources)
    files = [source for source in sources if source.startswith("file://")]
    if files != [f"file://{ROOT / 'conf'}"]:
        return _load_config(repository, config_path)  # A test's own files may change.
    key = (sources, config_path)
    if key not in _loaded:
        _loaded[key] = _load_config(repository, config_path)
    return copy.deepcopy(_loaded[key])


ConfigRepository.load_config = _load_config_once


def pytest_collection_finish():
    """Leave what has been imported out of every later garbage collection: Keras asks for one before
    each model.
    """
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_ledger(monkeypatch):
    """A test ledger for each test: what one has evaluated is new to another."""
    file = Path(os.environ["GOLDILOCKS_LEDGER"]).with_name(f"{uuid.uuid4().hex}.db")
    monkeypatch.setenv("GOLDILOCKS_LEDGER", str(file))


@pytest.fixture(scope="session", autouse=True)
def _stand_ins():
    """Stand-ins, wherever tests run and in whatever order: of a process's tests the first to use one
    would be warned, or be given the original.
    """
    from goldilocks.dataset.sources import cache  # NumPy, after the number of threads is set.

    cache._UNREACHABLE.update(("boston", "catsdogs", "imdb", "jena", "mnist", "reuters"))


@pytest.fixture(scope="session")
def composed() -> Callable[..., Settings]:
    """Checked settings from overrides as a person types them."""

    return checked


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> Path:
    """An MLflow database with all its tables and nothing in them: making one takes seconds, copying
    it none.
    """
    from mlflow.tracking import MlflowClient

    file = tmp_path_factory.mktemp("migrated") / "mlflow.db"
    MlflowClient(f"sqlite:///{file}").search_experiments()
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM experiments")
    connection.close()
    return file


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory, migrated):
    """As `folder`, and one for all tests of a file."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        shutil.copy(migrated, folder / "mlflow.db")
        yield folder


@pytest.fixture
def folder(tmp_path, monkeypatch, migrated) -> Path:
    """An empty working folder with a store in it, which is where MLflow and Goldilocks look for
    one.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    shutil.copy(migrated, tmp_path / "mlflow.db")
    return tmp_path
