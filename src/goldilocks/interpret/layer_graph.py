"""A network without nesting, layer by layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras

from goldilocks.errors import AnalysisError, did_you_mean

CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Conv2DTranspose,
)


class Call(NamedTuple):
    """A layer with its input (the first, of several) and its output, both symbolic."""

    layer: keras.layers.Layer
    input: keras.KerasTensor
    output: keras.KerasTensor


@dataclass(frozen=True)
class LayerGraph:
    """A model without nested models, sharing its weights with the one that it came from.

    Attributes:
        model: The same inputs -> the same outputs.
        calls: Every layer but the inputs, by its name, in the order of the computation.
    """

    model: keras.Model
    calls: Mapping[str, Call]

    def convolutions(self) -> list[str]:
        """Return the names of the convolutions over images."""
        return [name for name, call in self.calls.items() if isinstance(call.layer, CONVOLUTIONS)]

    def convolution(self, name: str | None) -> str:
        """Return the layer of this name, or, for None, the last convolution.

        Raises:
            AnalysisError: There is none, or its output is no feature maps.
        """
        convolutions = self.convolutions()
        if name is None and convolutions:
            return convolutions[-1]
        layers = [layer for layer, call in self.calls.items() if len(call.output.shape) == 4]
        if name in layers:
            return name

        if not convolutions:
            raise AnalysisError(
                f"the network {self.model.name} has no convolutions over images; expected one such "
                "as model=convnet."
            )
        raise AnalysisError(
            f"{name} is no layer of {self.model.name} with feature maps; its convolutions are "
            f"{', '.join(convolutions)}.{did_you_mean(str(name), layers)}"
        )


def unnest(model: keras.Model, inputs: Any = None) -> LayerGraph:
    """Take a model apart.

    Args:
        model: Functional or sequential; models nested in it may be, too.
        inputs: New symbolic inputs in place of the model's own, in the same structure: images of
            another size, for example.
    """
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    while any(isinstance(operation, keras.Model) for operation in model.operations):
        model = keras.models.clone_model(model, clone_function=_itself, call_function=_unnest_once)

    calls: dict[str, Call] = {}

    def record(operation: keras.Operation, *arguments: Any, **keywords: Any) -> Any:
        output = operation(*arguments, **keywords)
        if isinstance(operation, keras.layers.Layer) and arguments:
            calls[operation.name] = Call(operation, arguments[0], output)
        return output

    copy = keras.models.clone_model(
        model, input_tensors=inputs, clone_function=_itself, call_function=record
    )
    return LayerGraph(copy, calls)


def evidence(graph: LayerGraph) -> keras.KerasTensor:
    """Return the class evidence, symbolic (batch, outputs): what enters a last softmax or sigmoid.

    A probability near 0 or 1 hardly moves, whatever the image shows. A network that ends otherwise
    has its own output as the evidence.
    """
    name, call = list(graph.calls.items())[-1]
    layer = call.layer
    squashing = (keras.activations.softmax, keras.activations.sigmoid)
    if isinstance(layer, keras.layers.Softmax) or getattr(layer, "activation", None) in squashing:
        return before_activation(graph, name)
    return graph.model.outputs[0]


def before_activation(graph: LayerGraph, name: str) -> keras.KerasTensor:
    """Return what enters an activation layer, or the function of a convolution or dense layer.

    Other layers have their output returned.
    """
    layer, layer_input, layer_output = graph.calls[name]
    if isinstance(layer, (keras.layers.Softmax, keras.layers.Activation)):
        return layer_input
    if not isinstance(layer, (*CONVOLUTIONS, keras.layers.Dense)):
        return layer_output
    linear = type(layer).from_config(
        layer.get_config() | {"activation": "linear", "name": f"{name}_linear"}
    )
    sums = linear(layer_input)
    linear.set_weights(layer.get_weights())
    return sums


def _itself(layer: keras.layers.Layer) -> keras.layers.Layer:
    return layer


def _unnest_once(operation: keras.Operation, *arguments: Any, **keywords: Any) -> Any:
    """Run a nested model's own graph on the spot; call anything else."""
    if isinstance(operation, keras.Model):
        return operation.call(*arguments)
    return operation(*arguments, **keywords)
