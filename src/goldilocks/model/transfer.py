"""Start a new model where an earlier run ended.

A logged model maps raw rows to predictions: an encoder's layers, then the network as one nested
layer that has the model's name. A network with a frozen base may be two nested layers: the base,
named `FROZEN`, and its top.
"""

from collections.abc import Iterator
from itertools import zip_longest

import keras

from goldilocks.errors import ModelError
from goldilocks.model.layers import EXPONENTIAL

Layers = Iterator[keras.layers.Layer]

FROZEN = "frozen"  # name of the nested layer that holds a frozen base apart from its top
# Names of the layers that turn predictions into the unit of a regression's targets, and windows of
# a series into changes.
UNITS = ("unit", "changes")
DIFFERENCE = (
    "difference_"  # begins the name of the layer of what changes count from, then its season
)


def start(model: keras.Model, source: keras.Model) -> None:
    """Copy the weights of a logged model into a new one.

    Which of them are trained does not change. The predictions of a regression keep the unit that
    they were trained in, too.

    Args:
        model: Uncompiled, features -> predictions; its weights are changed in place.
        source: Logged, raw rows -> predictions, with the same layers.

    Raises:
        ModelError: A layer does not fit; the message names the first, and nothing was changed.
    """
    network = split(source)[1]
    ours, theirs = _season(model), _season(network)
    if ours != theirs:
        raise ModelError(
            f"the run that model.init_from names predicts with dataset.difference={theirs}, and "
            f"here it is {ours}; expected the same. Use dataset.difference={theirs}."
        )
    if _learns_logarithms(model) != _learns_logarithms(network):
        theirs = str(_learns_logarithms(network)).lower()
        raise ModelError(
            "the run that model.init_from names learned its targets otherwise than this one: its "
            f"problem.log_target is {theirs}. Type problem.log_target={theirs}."
        )
    pairs = list(zip_longest(_weighted(model), _weighted(network)))
    for ours, theirs in pairs:
        if _shapes(ours) != _shapes(theirs):
            raise ModelError(
                "the weights of the run that model.init_from names do not fit: this model has "
                f"{_described(ours)} where that run has {_described(theirs)}. Expected the same "
                "layers: use the model and dataset options of that run, or take its convolutions "
                "alone (model=pretrained model.base=run)."
            )

    for ours, theirs in pairs:
        ours.set_weights(theirs.get_weights())
    for ours, theirs in zip(_units(model), _units(network), strict=False):
        ours.scale, ours.offset = theirs.scale, theirs.offset


def split(source: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Split a logged model into its encoder and its network, which share its weights.

    Args:
        source: Raw rows -> predictions, its network nested behind the encoder's layers
            (`encoding.attach`).

    Returns:
        Raw rows -> features, and features -> predictions.

    Raises:
        ModelError: There is no nested network.
    """
    nested = [layer for layer in source.layers if isinstance(layer, keras.Model)]
    if not nested:
        raise ModelError(
            f"the model {source.name} is not an encoder with a network behind it; expected a run "
            "that this program has logged."
        )

    below = source.operations[source.operations.index(nested[0]) - 1]
    network = nested[-1]
    if len(nested) > 1:
        network = keras.Model(nested[0].input, network(nested[0].output), name=network.name)
    return keras.Model(source.input, below.output, name="encoder"), network


def encoder(source: keras.Model, fitted: keras.Model) -> keras.Model:
    """Return the encoder of a logged model, raw rows -> features, as its run fitted it.

    The weights only have a meaning together with the vocabulary or standardization that they were
    trained with.

    Args:
        source: Logged, raw rows -> predictions.
        fitted: The encoder of the present data, which takes the same raw rows.

    Raises:
        ModelError: The raw rows differ.
    """
    present, expected = _inputs(fitted), _inputs(source)
    if present != expected:
        name = min(dict(present.items() ^ expected.items()))
        raise ModelError(
            f"the run that model.init_from names was trained on other data: its input {name} is "
            f"{expected.get(name, 'not there')}, and here it is {present.get(name, 'not there')}. "
            "Expected the same columns, or images of the same size: use the dataset options of "
            "that run."
        )

    return split(source)[0]


def _inputs(model: keras.Model) -> dict[str, str]:
    """Return the dtype and shape of each input, in words, by its name."""
    return {
        tensor.name: f"{tensor.dtype} ({', '.join(['rows', *map(str, tensor.shape[1:])])})"
        for tensor in model.inputs
    }


def _layers(model: keras.Model) -> Layers:
    """Yield the layers of a model and of the models nested in it, in their order."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer


def _weighted(model: keras.Model) -> Layers:
    return (layer for layer in _layers(model) if layer.weights)


def _units(model: keras.Model) -> Layers:
    return (layer for layer in _layers(model) if layer.name in UNITS)


def _season(model: keras.Model) -> int:
    """Return `Dataset.difference` of a model."""
    names = [layer.name for layer in _layers(model)]
    seasons = [name.removeprefix(DIFFERENCE) for name in names if name.startswith(DIFFERENCE)]
    return int(*seasons)


def _learns_logarithms(model: keras.Model) -> bool:
    return any(layer.name == EXPONENTIAL for layer in _layers(model))


def _shapes(layer: keras.layers.Layer | None) -> list[tuple[int, ...]]:
    if layer is None:
        return []
    return [tuple(weight.shape) for weight in layer.weights]


def _described(layer: keras.layers.Layer | None) -> str:
    """Return the layer's name and the shapes of its weights, for people."""
    if layer is None:
        return "no further layer"
    shapes = ["x".join(map(str, shape)) for shape in _shapes(layer)]
    return f"the layer {layer.name} with weights of {' and '.join(shapes)}"
