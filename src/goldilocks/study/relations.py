"""What must hold of the variants -> whether it does, with the numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goldilocks.study.measured import Measured, Statistic
from goldilocks.study.plan import Relation


@dataclass(frozen=True)
class Checked:
    """A relation, the numbers of its two sides (None where not measured), and whether it holds (None: not known)."""

    relation: Relation
    left: Statistic | None
    right: Statistic | None
    holds: bool | None


def check(relations: Sequence[Relation], variants: Sequence[Measured]) -> list[Checked]:
    """Each relation with the means of its two sides."""
    named = {each.variant: each.values for each in variants}
    checked = []
    for relation in relations:
        left, right = (
            _side(named, relation.left, relation.measure),
            _side(named, relation.right, relation.measure),
        )
        holds = None
        if left is not None and right is not None:
            bound = relation.times * right.mean
            holds = {
                "greater": left.mean > bound + relation.by,
                "less": left.mean < bound - relation.by,
                "equal": abs(left.mean - bound) <= relation.by,
            }[relation.comparison]
        checked.append(Checked(relation, left, right, holds))
    return checked


def _side(
    named: Mapping[str, Mapping[str, Statistic]], side: str | float, name: str
) -> Statistic | None:
    """The number of one side of a relation; the loss where there is no penalty to tell apart from it."""
    if isinstance(side, float):
        return Statistic(side, None, 0)
    found = named.get(str(side), {})
    return found.get(name) or found.get(name.replace("data_loss", "loss"))
