"""The universal workflow, from a data set to one tested model: see `python workflow.py --help`."""

import sys
from pathlib import Path

try:
    import hydra
    from omegaconf import DictConfig

    from goldilocks.config import command_line, composition
    from goldilocks.workflow import refused
except ModuleNotFoundError as error:
    sys.exit(
        f"{error.name} is not installed for {sys.executable}: run `make train`, then "
        "`.venv/bin/python workflow.py`."
    )


@hydra.main(version_base="1.3", config_path="conf", config_name="workflow")
def main(cfg: DictConfig) -> None:
    """Check the composed config, then conduct the workflow."""
    with command_line.stopping():
        settings = composition.settle(cfg)
        refused.check(settings)
        from goldilocks.jobs.resources import prepare

        # Before the imports of the next line: both take their time at once.
        room = prepare(["goldilocks.sweep.preload"])
        from goldilocks.workflow.conduct import conduct

        conduct(settings, room)


if __name__ == "__main__":
    command_line.launch(main, Path(__file__).parent / "conf", "workflow")
