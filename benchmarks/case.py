"""A training job as `goldilocks.run.run` would make it, for measuring its parts."""

from pathlib import Path

from hydra import compose, initialize_config_dir

from goldilocks import backend  # noqa: F401  First: it is quiet.
from goldilocks.config.settings import Settings, settled
from goldilocks.problem import resolve
from goldilocks.run.context import RunContext, TrainingSpec
from goldilocks.run.train import prepare
from goldilocks.training.fit import FitSpec

CONF = Path(__file__).parents[1] / "conf"


def settings(*overrides: str) -> Settings:
    """The checked settings of a command line."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", list(overrides), return_hydra_config=True)
    return settled(cfg, choices=cfg.hydra.runtime.choices, overrides=overrides, sweep_dir=None)


def job(given: Settings) -> FitSpec:
    """Build a fresh model of these settings, with the rows to train it on."""
    dataset = given.builder("dataset")()
    problem = resolve(dataset.problem, **given.tree["problem"])
    split = given.builder("protocol")(dataset)[0]
    context = RunContext(given, given.builder("tracking")(), dataset, problem)
    return prepare(context, TrainingSpec(given, split, None, ""), None)
