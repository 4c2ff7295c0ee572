"""Start a new model where an earlier run ended.

A logged model maps raw rows to predictions: an encoder's layers, then the network as one nested
layer that has the model's name. A network with a frozen base may be two nested layers: the base,
named `FROZEN`, and its top.
"""

from collections.abc import Iterator
from itertools import zip_longest

import keras

from goldilocks.errors import ModelError

Layers = Iterator[keras.layers.Layer]

FROZEN = "frozen"  # name of the nested layer that holds a frozen base apart from its top
UNIT = "unit"  # name of the layer that turns predictions into the unit of a regression's targets


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
    pairs = list(zip_longest(_weighted(model), _weighted(network(source))))
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
    for ours, theirs in zip(_units(model), _units(network(source)), strict=False):
        ours.scale, ours.offset = theirs.scale, theirs.offset


def network(source: keras.Model) -> keras.Model:
    """Return the network of a logged model, features -> predictions, sharing its weights.

    Raises:
        ModelError: The model was not logged by Goldilocks.
    """
    inner = source.layers[-1]
    if not isinstance(inner, keras.Model) or inner.name != source.name:
        raise ModelError(
            f"the model {source.name} of the run that model.init_from names is not an encoder with "
            "a network behind it; expected a run that this program has logged."
        )

    below = source.layers[-2]
    if below.name != FROZEN:
        return inner
    return keras.Model(below.input, inner(below.output), name=inner.name)


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

    network(source)  # It raises if there is no encoder.
    position = -3 if source.layers[-2].name == FROZEN else -2
    return keras.Model(source.input, source.operations[position].output, name="encoder")


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
    return (layer for layer in _layers(model) if layer.name == UNIT)


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
