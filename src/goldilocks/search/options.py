"""What a search does: its options, its plan, and where its trials are.

Nothing here imports Optuna, which takes a second: a command line is checked without it.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldilocks.search.space import Space

GRID = "grid"

# Optuna's classes by the names that people type, and the package that one needs beside Optuna.
SAMPLERS = {
    GRID: "RandomSampler",  # Its points are trials before the sampler is asked.
    "tpe": "TPESampler",
    "random": "RandomSampler",
    "qmc": "QMCSampler",
    "nsgaii": "NSGAIISampler",
    "nsgaiii": "NSGAIIISampler",
    "cmaes": "CmaEsSampler",
    "gp": "GPSampler",
}
NEEDS = {"cmaes": "cmaes", "gp": "torch"}

PRUNERS = ("none", "median", "hyperband", "wilcoxon")

# In the folder of a sweep: where its trials are, and the table and figures of its search.
FILE = "search.json"
RESULTS = "search"


@dataclass(frozen=True, kw_only=True)
class Options:
    """The keys of conf/hydra/sweeper/search.yaml, which explains them."""

    sampler: str
    seed: int | None
    trials: int | None
    seconds: float | None
    pruner: str
    pruner_warmup: int
    study: str | None
    params: Mapping[str, Any] | None
    when: Mapping[str, str] | None
    max_batch_size: int | None


@dataclass(frozen=True)
class Plan:
    """A search without mistakes.

    Attributes:
        options: As typed.
        space: What is searched.
        measure: What is compared, by name.
        maximize: Whether more of it is better.
        epochs: Of a training, at most; None if it is searched, or there is no such key.
        trials: How many in all; None if only the time ends the search.
        study: The name of the study.
    """

    options: Options
    space: Space
    measure: str
    maximize: bool
    epochs: int | None
    trials: int | None
    study: str


@dataclass(frozen=True, kw_only=True)
class StudySpec:
    """Where the trials of a study are, and how they are pruned.

    Attributes:
        storage: Absolute path of the journal.
        study: The name of the study there.
        pruner: One of `PRUNERS`.
        warmup: Epochs (of wilcoxon: folds) that every trial may have.
        epochs: Of a training, at most; None if that is not known.
    """

    storage: str
    study: str
    pruner: str
    warmup: int
    epochs: int | None

    def save(self, sweep_dir: Path) -> None:
        """Write this for the jobs of a sweep."""
        (sweep_dir / FILE).write_text(json.dumps(dataclasses.asdict(self), indent=2))


def read_spec(sweep_dir: Path) -> StudySpec | None:
    """Return where the trials of a sweep's jobs are; None if the sweep does not search."""
    try:
        return StudySpec(**json.loads((sweep_dir / FILE).read_text()))
    except FileNotFoundError:
        return None
