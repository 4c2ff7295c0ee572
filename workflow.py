"""The universal workflow, from a data set to one tested model: see `python workflow.py --help`."""

import sys

try:
    from goldilocks.cli.entry_points import workflow
except ModuleNotFoundError as error:
    sys.exit(
        f"{error.name} is not installed for {sys.executable}: run `make train`, then "
        "`.venv/bin/python workflow.py`."
    )

if __name__ == "__main__":
    workflow()
