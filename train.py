"""One tracked run, or a sweep with -m: `python train.py --help` explains."""

import sys

try:
    from goldilocks.cli.entry_points import train
except ModuleNotFoundError as error:
    sys.exit(
        f"{error.name} is not installed for {sys.executable}: run `make train`, then "
        "`.venv/bin/python train.py`."
    )

if __name__ == "__main__":
    train()
