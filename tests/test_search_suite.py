"""Hydra's own tests of sweepers, as the plugins that come with Hydra pass them."""

import pytest
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.test_utils.launcher_common_tests import (
    BatchedSweeperTestSuite,
    IntegrationTestSuite,
    LauncherTestSuite,
)
from hydra.version import VersionBase
from packaging.version import Version

from composition import CONF

# Hydra 1.3.8's own tests ask for the behaviour of Hydra 1.1.
pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings(
        "ignore:Future Hydra versions will no longer change working directory"
    ),
]

# Their configurations have no trainer.monitor, and their tasks want every combination.
SEARCH = [
    f"hydra.searchpath=[file://{CONF}]",
    "hydra/sweeper=search",
    "hydra.sweeper.sampler=grid",
]


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """As these tests were written: jobs run in folders of their own. Figures are tested
    elsewhere.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(VersionBase.instance(), "version_base", Version("1.1"))
    monkeypatch.setattr(
        "goldilocks.report.search_figures.draw", lambda study, folder, *, measure: None
    )


def test_hydra_finds_the_sweeper():
    assert "SearchSweeper" in [plugin.__name__ for plugin in Plugins.instance().discover(Sweeper)]


@pytest.mark.parametrize(("launcher_name", "overrides"), [("basic", SEARCH)])
class TestAsEverySweeper(LauncherTestSuite):
    pass


@pytest.mark.parametrize(
    ("launcher_name", "overrides"), [("basic", [*SEARCH, "hydra.sweeper.max_batch_size=2"])]
)
class TestInBatches(BatchedSweeperTestSuite):
    pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_launcher_cfg", "extra_flags"), [({}, ["-m", *SEARCH, "hydra/launcher=basic"])]
)
class TestAsAProgram(IntegrationTestSuite):
    @pytest.mark.skip(
        reason="the same command typed twice goes on with its study: the second job has number 1, "
        "not 0"
    )
    def test_to_absolute_path_multirun(self, tmpdir, task_launcher_cfg, extra_flags):
        pass
