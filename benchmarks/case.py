"""A training as `goldilocks.run` makes it, for measuring its parts."""

from pathlib import Path

from hydra import compose, initialize_config_dir

from goldilocks import backend  # noqa: F401  First: it is quiet.
from goldilocks.config.composition import settled
from goldilocks.config.settings import Settings
from goldilocks.problem import resolve
from goldilocks.run.context import RunContext, TrainingSpec
from goldilocks.run.train import prepare
from goldilocks.training.fit import FitSpec

CONF = Path(__file__).parents[1] / "conf"


def settings_of(*overrides: str) -> Settings:
    """Return the checked settings of a command line."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("config", list(overrides), return_hydra_config=True)
    return settled(cfg, hydra=cfg.hydra, overrides=overrides)


def fit_spec(settings: Settings) -> FitSpec:
    """Build a fresh model of these settings, with the rows to train it on."""
    dataset = settings.builder("dataset")()
    problem = resolve(dataset.problem, **settings.tree["problem"])
    split = settings.builder("protocol")(dataset)[0]
    context = RunContext(settings, settings.builder("tracking")(), dataset, problem)
    return prepare(context, TrainingSpec(settings, split, None, ""), {})
