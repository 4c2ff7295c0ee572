"""Hydra's own tests of a launcher, on ours."""

from pathlib import Path

import pytest
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.plugins.launcher import Launcher
from hydra.test_utils.launcher_common_tests import IntegrationTestSuite, LauncherTestSuite
from hydra.version import VersionBase

from hydra_plugins.goldilocks import LocalLauncher

pytestmark = pytest.mark.long

OURS = f"hydra.searchpath=[file://{Path(__file__).parents[1] / 'conf'}]"
KEYS = [
    OURS,
    "hydra.launcher.preload=null",
    "hydra.launcher.n_jobs=2",
]  # Nothing in these jobs needs TensorFlow.


@pytest.fixture(autouse=True)
def _no_version_yet(hydra_restore_singletons):
    """Whoever composes a configuration sets Hydra's version for the process; these tests expect
    that nobody has.
    """
    Singleton._instances.pop(VersionBase, None)


def test_hydra_finds_the_launcher():
    assert LocalLauncher.__name__ in [
        found.__name__ for found in Plugins.instance().discover(Launcher)
    ]


@pytest.mark.parametrize(("launcher_name", "overrides"), [("local", KEYS)])
class TestLocalLauncher(LauncherTestSuite):
    pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"),
    [({}, ["-m", "hydra/launcher=local", *KEYS])],
)
class TestLocalLauncherAsACommand(IntegrationTestSuite):
    pass
