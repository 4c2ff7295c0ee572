"""A network with everything that is nested in it laid open, layer by layer."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import keras

from goldilocks.errors import AnalysisError

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Conv2DTranspose,
)


@dataclass(frozen=True)
class Opened:
    """A model without nested models, sharing its weights with the one that it came from.

    Attributes:
        model: The same inputs -> the same outputs.
        layers: Every layer but the inputs, by its name, in the order of the computation.
        tensors: What each of them puts out; symbolic.
        entering: What enters each of them (the first, of several); symbolic.
    """

    model: keras.Model
    layers: Mapping[str, keras.layers.Layer]
    tensors: Mapping[str, keras.KerasTensor]
    entering: Mapping[str, keras.KerasTensor]

    def convolutions(self) -> list[str]:
        """The names of the convolutions over images."""
        return [name for name, layer in self.layers.items() if isinstance(layer, CONVOLUTIONS)]

    def convolution(self, name: str | None) -> str:
        """The layer of this name, or, of None, the last convolution.

        Raises:
            AnalysisError: There is none, or it puts out no feature maps.
        """
        known = [each for each, tensor in self.tensors.items() if len(tensor.shape) == 4]
        convolutions = self.convolutions()
        if name is None and convolutions:
            return convolutions[-1]
        if name in known:
            return name
        if not convolutions:
            raise AnalysisError(
                f"the network {self.model.name} has no convolutions over images; expected one such "
                "as model=convnet."
            )
        close = difflib.get_close_matches(str(name), known, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise AnalysisError(
            f"{name} is no layer of {self.model.name} with feature maps; its convolutions are "
            f"{', '.join(convolutions)}.{hint}"
        )


def opened(model: keras.Model, inputs=None) -> Opened:
    """A model taken apart.

    Args:
        model: Functional or sequential; models nested in it may be, too.
        inputs: New symbolic inputs in place of the model's own, in the same structure: images of
            another size, say.
    """
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    while any(isinstance(operation, keras.Model) for operation in model.operations):
        model = keras.models.clone_model(model, clone_function=_itself, call_function=_one_level)
    layers, tensors, entering = {}, {}, {}

    def record(operation, *arguments, **named):
        result = operation(*arguments, **named)
        if isinstance(operation, keras.layers.Layer) and arguments:
            layers[operation.name], tensors[operation.name] = operation, result
            entering[operation.name] = arguments[0]
        return result

    flat = keras.models.clone_model(
        model, input_tensors=inputs, clone_function=_itself, call_function=record
    )
    return Opened(flat, layers, tensors, entering)


def part(model: keras.Model, tensor) -> keras.Model:
    """The part of an opened model from its inputs up to one of its tensors."""
    return keras.Model(model.input, tensor, name=model.name)


def split(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """A logged model as its encoder and its network: raw rows -> features -> predictions.

    Args:
        model: Raw rows -> predictions, its network nested behind the encoder's layers
            (`encoding.attach`).

    Raises:
        AnalysisError: There is no nested network.
    """
    nested = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    if not nested:
        raise AnalysisError(
            f"the model {model.name} is not an encoder with a network behind it; expected a run "
            "that this program "
            "has logged."
        )
    entered = []

    def note(operation, *arguments, **named):
        if operation is nested[0]:
            entered.append(arguments[0])
        return operation(*arguments, **named)

    copy = keras.models.clone_model(model, clone_function=_itself, call_function=note)
    encoder = keras.Model(copy.input, entered[0], name="encoder")
    inputs = x = keras.Input(entered[0].shape[1:], dtype=entered[0].dtype)
    for layer in nested:
        x = layer(x)
    return encoder, keras.Model(inputs, x, name=model.name)


def score(network: Opened):
    """The tensor of the class evidence, symbolic (batch, outputs): the sums that enter a last softmax or sigmoid.

    Its own output, where the network ends otherwise. A probability near 0 or 1 hardly moves,
    whatever the image shows.
    """
    name = list(network.layers)[-1]
    layer, below = network.layers[name], network.entering[name]
    if isinstance(layer, keras.layers.Softmax) or (
        isinstance(layer, keras.layers.Activation) and _squashes(layer)
    ):
        return below
    if isinstance(layer, keras.layers.Dense) and _squashes(layer):
        return before_activation(network, name)
    return network.model.outputs[0]


def before_activation(network: Opened, name: str):
    """The tensor that enters the activation function of a convolution or dense layer; of other layers their output."""
    layer = network.layers[name]
    if not isinstance(layer, (*CONVOLUTIONS, keras.layers.Dense)):
        return network.tensors[name]
    linear = type(layer).from_config(
        layer.get_config() | {"activation": "linear", "name": f"{name}_linear"}
    )
    sums = linear(network.entering[name])
    linear.set_weights(layer.get_weights())
    return sums


def _squashes(layer) -> bool:
    return layer.activation in (keras.activations.softmax, keras.activations.sigmoid)


def _itself(layer: keras.layers.Layer) -> keras.layers.Layer:
    return layer


def _one_level(operation, *arguments, **named):
    """Run a nested model's own graph on the spot; anything else is called."""
    return (
        operation.call(*arguments)
        if isinstance(operation, keras.Model)
        else operation(*arguments, **named)
    )
