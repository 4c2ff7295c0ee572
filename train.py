"""One tracked run, or a sweep with -m: `python train.py --help` explains."""

import sys
from pathlib import Path

try:
    import hydra
    from omegaconf import DictConfig

    from goldilocks.config import command_line, composition
except ModuleNotFoundError as error:
    sys.exit(
        f"{error.name} is not installed for {sys.executable}: run `make train`, then "
        "`.venv/bin/python train.py`."
    )


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    """Check the composed config, then train; TensorFlow is imported once the config is right."""
    with command_line.sentences():
        settings = composition.settle(cfg)
        from goldilocks.run.run import run

        return run(settings)


if __name__ == "__main__":
    command_line.launch(main, Path(__file__).parent / "conf", "config")
