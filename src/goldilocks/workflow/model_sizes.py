"""Sizes of each model, from too small to too large: the ladder that a workflow climbs until a network overfits."""

from collections.abc import Mapping, Sequence
from typing import Any

from goldilocks.config.settings import key_of
from goldilocks.workflow.runner import Candidate

# The rung that must show statistical power: below it stands one that is too small on purpose.
SMALL = 1


def rungs(model: str, sizes: Sequence[Mapping[str, Any]], typed: Sequence[str]) -> list[Candidate]:
    """Return the sizes of a model; what was typed stays, and sizes that differ in nothing else are one.

    Args:
        model: An option of the config group.
        sizes: As in its traits, from the smallest to the largest.
        typed: Overrides of the workflow.
    """
    fixed = set(map(key_of, typed))
    overrides = [
        [f"model.{key}={str(value).replace(' ', '')}" for key, value in size.items()]
        for size in sizes
    ]
    found = [tuple(word for word in size if key_of(word) not in fixed) for size in overrides]
    return [
        Candidate(" ".join(_short(word) for word in size) or model, size)
        for size in dict.fromkeys(found)
    ]


def _short(word: str) -> str:
    return (
        word.removeprefix("model.").replace(",", " ")
        if "[" not in word
        else word.removeprefix("model.")
    )
