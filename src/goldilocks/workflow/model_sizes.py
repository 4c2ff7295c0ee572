"""Sizes of each model, from too small to too large: a workflow tries them until a network overfits."""

from collections.abc import Mapping, Sequence

from goldilocks.config.settings import key_of
from goldilocks.workflow.candidate import Candidate

# Of each option of the config group `model`, overrides from the smallest size to the largest. Each
# size has about four to ten times the weights of the one before it: the book's own steps (chapter 4
# compares 4, 16 and 512 units).
SIZES: Mapping[str, Sequence[tuple[str, ...]]] = {
    "mlp": [
        ("model.units=2", "model.layers=1"),
        ("model.units=16", "model.layers=1"),
        ("model.units=64", "model.layers=2"),
        ("model.units=256", "model.layers=2"),
        ("model.units=512", "model.layers=3"),
    ],
    "convnet": [
        ("model.filters=[4,8,8,8]", "model.units=8"),
        ("model.filters=[8,16,32,32]", "model.units=32"),
        ("model.filters=[16,32,64,64]", "model.units=128"),
        ("model.filters=[32,64,128,128]", "model.units=512"),
        ("model.filters=[64,128,256,256]", "model.units=1024"),
    ],
    "pretrained": [
        ("model.units=4",),
        ("model.units=16",),
        ("model.units=64",),
        ("model.units=256",),
        ("model.units=1024",),
    ],
    "embedding": [
        ("model.output_dim=2", "model.layers=0"),
        ("model.output_dim=8", "model.layers=0"),
        ("model.output_dim=16", "model.units=32", "model.layers=1"),
        ("model.output_dim=64", "model.units=64", "model.layers=1"),
        ("model.output_dim=128", "model.units=256", "model.layers=2"),
    ],
    "rnn": [
        ("model.units=2", "model.layers=1"),
        ("model.units=8", "model.layers=1"),
        ("model.units=32", "model.layers=1"),
        ("model.units=64", "model.layers=2"),
        ("model.units=128", "model.layers=2"),
    ],
    "conv1d": [
        ("model.filters=[4,4]",),
        ("model.filters=[16,16]",),
        ("model.filters=[32,32]",),
        ("model.filters=[64,64]",),
        ("model.filters=[256,256]",),
    ],
    "conv_rnn": [
        ("model.filters=[4,4]", "model.units=4"),
        ("model.filters=[16,16]", "model.units=8"),
        ("model.filters=[32,32]", "model.units=32"),
        ("model.filters=[64,64]", "model.units=64"),
        ("model.filters=[128,128]", "model.units=128"),
    ],
}
# The index of the size that must show statistical power: the one below it is too small on purpose.
SMALL = 1


def model_sizes(model: str, typed: Sequence[str]) -> list[Candidate]:
    """Return the sizes of a model, from the smallest to the largest.

    What was typed stays as it was typed; sizes that differ in nothing else are one.

    Args:
        model: An option of the config group.
        typed: Overrides of the workflow.
    """
    fixed = set(map(key_of, typed))
    free = [tuple(word for word in size if key_of(word) not in fixed) for size in SIZES[model]]
    return [Candidate(_name(size) or model, size) for size in dict.fromkeys(free)]


def _name(size: Sequence[str]) -> str:
    return " ".join(word.removeprefix("model.") for word in size)
