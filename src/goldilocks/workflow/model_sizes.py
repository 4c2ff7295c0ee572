"""Sizes of each model, from too small to too large: a workflow tries them until one overfits."""

from collections.abc import Mapping, Sequence
from typing import Any

from goldilocks.config.settings import key_of
from goldilocks.workflow.candidate import Candidate

# The index of the size that must show statistical power: the one below it is too small on purpose.
SMALL = 1


def model_sizes(
    model: str, sizes: Sequence[Mapping[str, Any]], typed: Sequence[str]
) -> list[Candidate]:
    """Return the sizes of a model, from the smallest to the largest.

    What was typed stays as it was typed; sizes that differ in nothing else are one.

    Args:
        model: An option of the config group.
        sizes: Values of its keys, as its traits state them.
        typed: Overrides of the workflow.
    """
    fixed = set(map(key_of, typed))
    overrides = [[_override(key, value) for key, value in size.items()] for size in sizes]
    free = [tuple(word for word in size if key_of(word) not in fixed) for size in overrides]
    return [Candidate(_name(size) or model, size) for size in dict.fromkeys(free)]


def _override(key: str, value: Any) -> str:
    return f"model.{key}={str(value).replace(' ', '')}"


def _name(size: Sequence[str]) -> str:
    return " ".join(word.removeprefix("model.") for word in size)
