"""Sizes of each model, from too small to too large: a workflow tries them until one overfits."""

from collections.abc import Collection

from goldilocks.config.settings import Settings
from goldilocks.workflow.candidate import Candidate

# The index of the size that must show statistical power: the one below it is too small on purpose.
SMALL = 1


def model_sizes(settings: Settings, typed: Collection[str]) -> list[Candidate]:
    """Return the sizes of the model, from the smallest to the largest, as its traits state them.

    What was typed stays as it was typed; sizes that differ in nothing else are one.

    Args:
        settings: Of the model.
        typed: The keys that were typed.
    """
    sizes: list[Candidate] = []
    for size in settings.traits.model.sizes:
        free = {key: value for key, value in size.items() if f"model.{key}" not in typed}
        words = [f"{key}={str(value).replace(' ', '')}" for key, value in free.items()]
        overrides = tuple(f"model.{word}" for word in words)
        sizes.append(Candidate(" ".join(words) or settings.choices["model"], overrides))
    return list(dict.fromkeys(sizes))
