"""Models of texts and series as their YAMLs build them, but for what a test changes."""

import functools

import numpy as np
import yaml
from hydra.utils import get_method

from composition import CONF
from goldilocks.model import Facts, Regularizer

NONE = Regularizer(**yaml.safe_load((CONF / "regularizer" / "none.yaml").read_text()))
WEATHER = (240, 14)  # time steps, columns


@functools.cache
def _node(option):
    node = yaml.safe_load((CONF / "model" / f"{option}.yaml").read_text())
    return {
        key: value for key, value in node.items() if key not in ("_target_", "init_from", "traits")
    }


def texts(words=10_000, length=500, vocabulary=()):
    return Facts((length,), 1, "sigmoid", np.full(1, 0.5, "float32"), None, words, vocabulary)


def series(shape=WEATHER, spread=1.0):
    return Facts(shape, 1, "linear", np.zeros(1, "float32"), np.full(1, spread, "float32"))


def built(option, facts, regularizer=NONE, **keys):
    build = get_method(f"goldilocks.model.{option}.build")
    assert not set(keys) - set(_node(option))
    return build(facts, regularizer, **_node(option) | keys)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def penalized(model):
    """How many kernels of which layer are penalized."""
    layers = [getattr(layer, "forward_layer", layer) for layer in model.layers]
    names = (
        "kernel_regularizer",
        "recurrent_regularizer",
        "embeddings_regularizer",
        "bias_regularizer",
    )
    counts = [
        (type(layer).__name__, sum(getattr(layer, name, None) is not None for name in names))
        for layer in layers
    ]
    return [(layer, count) for layer, count in counts if count]
