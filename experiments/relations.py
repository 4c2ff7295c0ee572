"""What must hold of the variants -> whether it does, with the numbers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chapter import MINUS, Relation
from measured import Measured, Statistic


@dataclass(frozen=True)
class Checked:
    """A relation with the numbers of its two sides.

    Attributes:
        relation: The relation.
        left: Number of the left side; None where it was not measured.
        right: Number of the right side; None where it was not measured.
        holds: Whether it holds, by more than the spread; None where a side was not measured.
    """

    relation: Relation
    left: Statistic | None
    right: Statistic | None
    holds: bool | None

    @property
    def close(self) -> bool:
        """Return whether the sides are closer to the bound than their spread together."""
        left, right, relation = self.left, self.right, self.relation
        if relation.comparison == "equal" or left is None or right is None:
            return False
        sign = 1 if relation.comparison == "greater" else -1
        margin = left.mean - relation.times * right.mean - sign * relation.by
        variance = (left.std or 0.0) ** 2 + (relation.times * (right.std or 0.0)) ** 2
        return margin**2 < variance


def check(relations: Sequence[Relation], variants: Sequence[Measured]) -> list[Checked]:
    """Return each relation with the means of its two sides."""
    values = {variant.name: variant.values for variant in variants}
    checked = []
    for relation in relations:
        left = _side(values, relation.left, relation.measure)
        right = _side(values, relation.right, relation.measure)
        each = Checked(relation, left, right, None)
        if left is not None and right is not None:
            holds = _holds(relation, left.mean, right.mean) and not each.close
            each = replace(each, holds=holds)
        checked.append(each)
    return checked


def _holds(relation: Relation, left: float, right: float) -> bool:
    bound = relation.times * right
    if relation.comparison == "greater":
        return left > bound + relation.by
    if relation.comparison == "less":
        return left < bound - relation.by
    return abs(left - bound) <= relation.by


def _side(
    values: Mapping[str, Mapping[str, Statistic]], side: str | float, measure: str
) -> Statistic | None:
    """Return the number of a side; for `data_loss`, the loss of a variant without a penalty."""
    if not isinstance(side, str):
        return Statistic(side, None, 0)
    if MINUS in side:
        of = [_side(values, variant, measure) for variant in side.split(MINUS)]
        return _minus(*of)
    numbers = values.get(side, {})
    return numbers.get(measure) or numbers.get(measure.replace("data_loss", "loss"))


def _minus(first: Statistic | None, second: Statistic | None) -> Statistic | None:
    """Return the difference of two means; seeds are not paired, so that variances add up."""
    if first is None or second is None:
        return None
    std = None
    if first.std is not None and second.std is not None:
        std = math.hypot(first.std, second.std)
    return Statistic(first.mean - second.mean, std, min(first.count, second.count))
