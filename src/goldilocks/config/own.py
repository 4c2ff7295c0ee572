"""A person's own functions, imported from the project: of packages that it lists under `own`."""

import importlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import yaml

from goldilocks.config.options import Tree
from goldilocks.errors import ProblemError, did_you_mean
from goldilocks.problem import COST, METRIC_SYNONYMS, PROBLEMS, OwnMetric

# Names of ours, and what the names of other logged values end in.
TAKEN = {"loss", "data_loss", COST, *METRIC_SYNONYMS} | {
    name for row in PROBLEMS.values() for name in row.metrics
}
ENDINGS = ("_std", "_low", "_high", "_few_rows")


def listed() -> list[str]:
    """Return the packages that the project in this folder lists in its `conf/config.yaml`."""
    file = Path("conf/config.yaml")
    return yaml.safe_load(file.read_text("utf-8")).get("own") or [] if file.is_file() else []


def paths(tree: Tree) -> list[str]:
    """Return the paths of those metrics of a configuration that a person has written."""
    names = tree["problem"]["metrics"]
    return [] if names == "auto" else [name for name in names if "." in name]


def metrics(tree: Tree) -> tuple[OwnMetric, ...]:
    """Return those of the metrics of a configuration that a person has written.

    Args:
        tree: As in `Composed`.

    Raises:
        ProblemError: A package is not listed or cannot be imported, a function is not there or does
            not say which scores are better, or its name is taken.
    """
    chosen = tuple(_metric(path, tree["own"]) for path in dict.fromkeys(paths(tree)))
    counts = Counter(metric.name for metric in chosen)
    for metric in chosen:
        if metric.name in TAKEN or metric.name.endswith(ENDINGS) or counts[metric.name] > 1:
            raise ProblemError(
                f"problem.metrics has {metric.path}, and val_{metric.name} is or may be the name "
                "of another value; give the function another name."
            )
    return chosen


def _metric(path: str, packages: Sequence[str]) -> OwnMetric:
    """Import a metric by its path."""
    package = path.partition(".")[0]
    module, _, name = path.rpartition(".")
    if package not in packages:
        listed = ",".join([*packages, package])
        raise ProblemError(
            f"problem.metrics has {path}, and own does not list {package}; if it is yours, add "
            f'"own=[{listed}]", or own: [{listed}] to conf/config.yaml.'
        )

    folder = str(Path.cwd())
    if folder not in sys.path:  # An installed command does not look into the folder it runs in.
        sys.path.insert(0, folder)
    try:
        function = getattr(imported := importlib.import_module(module), name, None)
    except Exception as error:  # Whatever the person's own code raises.
        raise ProblemError(
            f"problem.metrics has {path}, and {module} cannot be imported: "
            f"{type(error).__name__}: {error}. Expected a package that is installed, or stands in "
            f"this folder, {folder}."
        ) from error

    if not callable(function):
        hint = did_you_mean(name, vars(imported), lambda near: f"{module}.{near}")
        raise ProblemError(
            f"problem.metrics has {path}, and {module} has no function {name}; expected one of "
            f"(y_true, y_pred) that returns a number.{hint}"
        )
    greater_is_better = getattr(function, "greater_is_better", None)
    if not isinstance(greater_is_better, bool):
        raise ProblemError(
            f"problem.metrics has {path}, which does not say whether more of it is better; write "
            f"below the function: {name}.greater_is_better = True, or False."
        )
    return OwnMetric(path, function, greater_is_better)
