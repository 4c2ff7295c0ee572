"""Sizes of each model, from too small to too large: a workflow tries them until one overfits."""

from goldilocks.config.settings import Settings, key_of
from goldilocks.workflow.candidate import Candidate

# The index of the size that must show statistical power: the one below it is too small on purpose.
SMALL = 1


def model_sizes(settings: Settings) -> list[Candidate]:
    """Return the sizes of the model, from the smallest to the largest, as its traits state them.

    What was typed stays as it was typed; sizes that differ in nothing else are one.
    """
    typed, sizes = set(map(key_of, settings.overrides)), []
    for size in settings.traits.model.sizes:
        free = {key: value for key, value in size.items() if f"model.{key}" not in typed}
        words = [f"{key}={str(value).replace(' ', '')}" for key, value in free.items()]
        overrides = tuple(f"model.{word}" for word in words)
        sizes.append(Candidate(" ".join(words) or settings.choices["model"], overrides))
    return list(dict.fromkeys(sizes))
