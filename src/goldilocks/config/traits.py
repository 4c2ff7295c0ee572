"""Traits: what an option states about itself in its own YAML, so that no table elsewhere has to.

Traits are facts. They are no parameter of a run, builders do not see them, and neither a command
line nor a recipe, a sweep or a search space can change them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields

from goldilocks.config.options import Tree
from goldilocks.config.rules import rules_of


@dataclass(frozen=True, kw_only=True)
class DatasetTraits:
    """What a data set states about itself.

    Attributes:
        kind: "image", "table", "text" or "series", known before any file is read.
        problem: The problem type; None where a person's own files decide it.
        standardize: Whether `problem.standardize=auto` makes a regression's loss one of targets
            in their deviations; the book's two regressions are trained in their unit.
        needs: What a person must bring, in words.
        requires: Of a person's own data: the keys to give with a placeholder for each; of several
            such mappings, one is enough. A key of null may be given beside the others.
        whole_numbers: Keys that are whole numbers of at least 1 here, and any numbers elsewhere.
    """

    kind: str
    problem: str | None = None
    standardize: bool = True
    needs: str = ""
    requires: Sequence[Mapping[str, str]] = ()
    whole_numbers: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ModelTraits:
    """What a model states about itself.

    Attributes:
        accepts: The kinds of data that it takes.
        honours: The parts of a regularizer that it honours; the others are refused by name.
        sizes: Values of its keys from too small to too large, each with about four to ten times
            the weights of the one before, as in chapter 4 (4, 16 and 512 units): the workflow
            enlarges a network along them until it overfits. The second must show power.
        reads_in_order: Whether it reads a text word by word; the others are told which words occur.
        fewest_layers: The smallest `model.layers` that it can be built with.
        per_layer: The keys that may be a list, with a value for each layer.
        baseline: Whether it predicts without having learned: what a model must beat.
        together: Whether many small networks of it may gain from being one program; of
            convolutions, TensorFlow's own are faster on a CPU.
        suggested: Why the workflow suggests it, by the kind of data: "model=NAME, which ...".
    """

    accepts: Sequence[str]
    honours: Sequence[str]
    sizes: Sequence[Tree]
    reads_in_order: bool = False
    fewest_layers: int | None = None
    per_layer: Sequence[str] = ()
    baseline: bool = False
    together: bool = False
    suggested: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ProtocolTraits:
    """What a protocol states about itself.

    Attributes:
        accepts: The kinds of data that it can split.
    """

    accepts: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class TrainerTraits:
    """What a trainer states about itself.

    Attributes:
        together: Whether it trains many networks as one program, where they fit into one.
    """

    together: bool


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The traits of the options chosen, by their groups."""

    dataset: DatasetTraits
    model: ModelTraits
    protocol: ProtocolTraits
    trainer: TrainerTraits


GROUPS = {
    "dataset": DatasetTraits,
    "model": ModelTraits,
    "protocol": ProtocolTraits,
    "trainer": TrainerTraits,
}


def errors_of(group: str, name: str, stated: Tree) -> Iterator[str]:
    """Yield what is wrong with the traits that the file of an option states, in sentences."""
    required: dict[str, bool] = {}
    if group in GROUPS:
        required = {  # Without a default, both are MISSING.
            trait.name: trait.default is trait.default_factory for trait in fields(GROUPS[group])
        }
    absent = [name for name in required if required[name] and name not in stated]
    rules, where = rules_of("traits"), f"traits of {group}/{name}.yaml"
    for trait, value in {**stated, **dict.fromkeys(absent, "missing")}.items():
        if trait not in required:
            expected = ", ".join(required) or "none in this group"
            yield f"{trait} in the {where} is no trait; expected {expected}."
        elif not rules[trait].allows(value):
            yield f"{trait} in the {where} is {value}; expected {rules[trait].expected}."
