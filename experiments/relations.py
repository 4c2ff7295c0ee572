"""What must hold of the variants -> whether it does, with the numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chapter import Relation
from measured import Measured, Statistic


@dataclass(frozen=True)
class Checked:
    """A relation with the numbers of its two sides.

    Attributes:
        relation: The relation.
        left: Number of the left side; None where it was not measured.
        right: Number of the right side; None where it was not measured.
        holds: Whether it holds; None where a side was not measured.
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
        holds = None
        if left is not None and right is not None:
            holds = _holds(relation, left.mean, right.mean)
        checked.append(Checked(relation, left, right, holds))
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
    numbers = values.get(side, {})
    return numbers.get(measure) or numbers.get(measure.replace("data_loss", "loss"))
