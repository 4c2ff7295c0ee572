"""The programs `train` and `workflow`: what is typed behind them -> a run, a sweep, a workflow."""

import hydra
from omegaconf import DictConfig

from goldilocks.config import command_line, composition
from goldilocks.config.options import CONF
from goldilocks.workflow import refused


def train() -> None:
    """Train as the command line of this process says: one run, or a sweep with -m."""
    command_line.launch(_train, CONF, "config")


def workflow() -> None:
    """Conduct the universal workflow as the command line of this process says."""
    command_line.launch(_workflow, CONF, "workflow")


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def _train(cfg: DictConfig) -> float:
    """Check the composed config, then train; TensorFlow is imported once the config is right."""
    with command_line.sentences():
        settings = composition.settle(cfg)
        from goldilocks.run.run import run

        return run(settings)


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="workflow")
def _workflow(cfg: DictConfig) -> None:
    """Check the composed config, then conduct the workflow."""
    with command_line.stopping():
        settings = composition.settle(cfg)
        refused.check(settings)
        from goldilocks.jobs.resources import prepare

        # Before the imports of the next line: both take their time at once.
        room = prepare(["goldilocks.sweep.preload"])
        from goldilocks.workflow.conduct import conduct

        conduct(settings, room)
