"""What step 5 searches: sizes, learning rates and regularizers around where tuning begins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.context import Context

RATES = (0.1, 5.0)  # times the learning rate of the configuration: the least and the greatest
PATIENCE = 0.25  # of the epochs, without a better one, after which a trial stops
PENALTIES: Mapping[str, Sequence[float]] = {
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    "l1": (0.0, 1e-6, 1e-5, 1e-4),
    "l2": (0.0, 1e-5, 1e-4, 1e-3, 1e-2),
}


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """What is searched.

    Attributes:
        sizes: The model sizes, by name, from the smallest.
        start: The name of the size that the search is around.
        learning_rate: Of the configuration.
        distributions: What is searched, by name; the rest stays as in the configuration.
    """

    sizes: Mapping[str, Candidate]
    start: str
    learning_rate: float
    distributions: Mapping[str, BaseDistribution]

    def first_trials(self) -> list[dict[str, Any]]:
        """Return the first trials: each kind of regularization alone, then a smaller network.

        The values are the book's.
        """
        unchanged = {"size": self.start, "learning_rate": self.learning_rate, "augmentation": False}
        base = {name: unchanged.get(name, 0.0) for name in self.distributions}
        names = list(self.sizes)
        changes: list[dict[str, Any]] = [
            {"dropout": 0.5},
            {"augmentation": True, "dropout": 0.5},
            {"l2": 1e-3},
            {"l1": 1e-5},
            {"learning_rate": self.learning_rate / 3},
            {"size": names[max(0, names.index(self.start) - 1)]},
        ]
        return [base | change for change in changes if change.keys() <= base.keys()]

    def candidate(self, params: Mapping[str, Any], *, epochs: int) -> Candidate:
        """Return the candidate of a trial.

        Args:
            params: The trial's, of those in `distributions`.
            epochs: At most.
        """
        size = self.sizes[params.get("size", self.start)]
        overrides = ["regularizer=augmentation"] if params.get("augmentation") else []
        # An embedding without a layer has no weights to penalize.
        weightless = "model.layers=0" in size.overrides
        used = [name for name in PENALTIES if params.get(name)]
        if weightless:
            used = [name for name in used if name == "dropout"]
        overrides += [f"regularizer.{name}={params[name]:g}" for name in used]

        rate = params.get("learning_rate", self.learning_rate)
        if not math.isclose(rate, self.learning_rate):
            overrides.append(f"optimizer.learning_rate={rate:.3g}")

        changes = [word.partition(".")[2] or "augmentation" for word in overrides]
        patience = max(3, round(PATIENCE * epochs))
        overrides += [f"trainer.epochs={epochs}", f"regularizer.patience={patience}"]
        return size.overridden(" ".join([size.name, *changes]), *overrides)


def search_space(context: Context, sizes: Sequence[Candidate], start: Candidate) -> SearchSpace:
    """Return what is searched: neither what was typed, nor what the model refuses."""
    settings, typed = context.settings_of(start), context.typed_keys
    rate = settings.tree["optimizer"]["learning_rate"]
    distributions: dict[str, BaseDistribution] = {}
    if len(sizes) > 1:
        distributions["size"] = CategoricalDistribution([size.name for size in sizes])
    if "optimizer.learning_rate" not in typed:
        low, high = RATES[0] * rate, RATES[1] * rate
        distributions["learning_rate"] = FloatDistribution(low, high, log=True)

    if "regularizer" not in typed:
        for name, values in PENALTIES.items():
            if name in settings.traits.model.honours and f"regularizer.{name}" not in typed:
                distributions[name] = CategoricalDistribution(values)
        # Features of a frozen base are computed once; with random views, in every epoch.
        is_frozen = settings.tree["model"].get("unfreeze_from", "all") is None
        if settings.traits.dataset.kind == "image" and not is_frozen:
            distributions["augmentation"] = CategoricalDistribution([False, True])

    return SearchSpace(
        sizes={size.name: size for size in sizes},
        start=start.name,
        learning_rate=rate,
        distributions=distributions,
    )
