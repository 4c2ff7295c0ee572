"""A network trained on other images under a new top: chapter 6 of Deep Learning with Python, section 5.3.

The model is base -> pooling -> dense -> predictions; `base` and `pooling` are the names of its
first two layers.
"""

import difflib
import re
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import keras

from goldilocks.errors import ModelError
from goldilocks.model import Facts, Regularizer, transfer, weights_file
from goldilocks.model.layers import dropout, hidden, last

BASE, POOLING = "base", "pooling"  # names of layers
POOLINGS = {
    "flatten": keras.layers.Flatten,
    "avg": keras.layers.GlobalAveragePooling2D,
    "max": keras.layers.GlobalMaxPooling2D,
}


class Network(NamedTuple):
    """A network of `keras.applications`: what makes it, and the module whose `preprocess_input` it was trained with."""

    make: Callable[..., keras.Model]
    module: ModuleType


def _networks() -> dict[str, Network]:
    """Every network by its name in lower case with underscores: ResNet50V2 is resnet50_v2."""
    found = {}
    for word, make in vars(keras.applications).items():
        if word[0].isupper():
            parts = re.sub(
                r"(?<=[a-z\d])(V\d|B\d|ResNet|X?Large|Small|Tiny|Base|Mobile|[SML]$)", r"_\1", word
            )
            module = getattr(keras.applications, make.__module__.rsplit(".", 1)[-1])
            found[parts.lower()] = Network(make, module)
    return found


NETWORKS = _networks()


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
    """A dense layer and the predictions on top of a network that has learned to see.

    With `base="run"` the base is the convolutional part of `facts.earlier`, whose preprocessing it
    contains. Of an earlier run of this very model it is that run's base, and its top comes along
    where this one has the same shapes: else training the base further would begin with a random
    top, whose large gradients undo what the base has learned.

    Args:
        facts: Shape of the images (float32, 0 to 1) and of the predictions; with `base="run"`, the
            earlier model.
        regularizer: l1 and l2 act on the dense layer's kernel, dropout after it.
        base: A name of `NETWORKS`, or "run".
        weights: "imagenet" or None; not read where an earlier run gives them.
        preprocess: "base": the images as the base was trained with; "rescale": 0 to 1, as chapter 6
            does.
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
    """
    if base == "run":
        bottom = _of_run(facts)
    else:
        own = (
            None if facts.earlier is not None else weights
        )  # They are replaced by those of the earlier run.
        bottom = _of_keras(base, own, preprocess, facts.input_shape)
        theirs = _base(transfer.network(facts.earlier)) if facts.earlier is not None else None
        if theirs is not None and _operations(bottom) != _operations(theirs):
            raise ModelError(
                f"model.preprocess is {preprocess} with model.base={base}; the run that "
                "model.init_from names has "
                "another base, or prepared its images in another way. Use the model.base and "
                "model.preprocess of that "
                "run, or model.base=run."
            )
    _freeze(bottom, unfreeze_from)
    inputs = keras.Input(facts.input_shape)
    # Out of training a frozen base drops nothing out and normalizes by what it has learned.
    x = bottom(inputs, training=False) if unfreeze_from is None else bottom(inputs)
    x = POOLINGS[pooling](name=POOLING)(x)
    x = dropout(hidden(x, units, activation, regularizer), regularizer)
    model = keras.Model(inputs, last(x, facts), name="pretrained")
    if base == "run" and facts.earlier is not None and transfer.fits(model, facts.earlier):
        transfer.start(model, facts.earlier)
    return model


def _of_keras(
    name: str, weights: str | None, preprocess: str, shape: tuple[int, ...]
) -> keras.Model:
    """A network of `keras.applications` without its top: images from 0 to 1 -> feature maps."""
    if name not in NETWORKS:
        raise ModelError(
            f"model.base is {name}; expected run, or one of "
            f"{', '.join(sorted(NETWORKS))}.{_meant(name, NETWORKS)}"
        )
    if shape[-1] != 3:
        raise ModelError(
            f"model.base is {name}, which takes images of 3 colour channels; these are "
            f"{_size(shape)}. Use colour "
            "images, or model=convnet."
        )
    make, module = NETWORKS[name]
    inputs = x = keras.Input(shape)
    if preprocess == "base":
        x = module.preprocess_input(keras.layers.Rescaling(255.0)(inputs))
    try:
        with weights_file.explained(name):
            network = make(include_top=False, weights=weights, input_shape=shape, input_tensor=x)
    except ValueError as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"model.base is {name}, which cannot be built for images of {_size(shape)}: "
            f"{str(error).rstrip('.')}. Use "
            "larger images (dataset.image_size), or another base."
        ) from error
    return keras.Model(inputs, network.output, name=BASE)


def _of_run(facts: Facts) -> keras.Model:
    """The convolutional part of an earlier run's network, a copy that shares nothing with it."""
    if facts.earlier is None:
        raise ModelError(
            "model.base is run, but model.init_from names none; add model.init_from=RUN_ID."
        )
    network = transfer.network(facts.earlier)
    if tuple(network.input_shape[1:]) != facts.input_shape:
        raise ModelError(
            f"the run that model.init_from names takes images of {_size(network.input_shape[1:])}, "
            "and these are "
            f"{_size(facts.input_shape)}; expected the same. Use the dataset.image_size of that "
            "run."
        )
    part = _base(network) or _convolutional_part(network)
    copy = keras.models.clone_model(part, clone_function=_without_penalty)
    copy.set_weights(part.get_weights())
    return keras.Model(copy.input, copy.output, name=BASE)


def _base(network: keras.Model) -> keras.Model | None:
    """The base of an earlier run of this model; None of any other."""
    return next((layer for layer in network.layers if layer.name == BASE), None)


def _operations(base: keras.Model) -> list[str]:
    """What a base does, step by step."""
    return [type(operation).__name__ for operation in base.operations]


def _convolutional_part(network: keras.Model) -> keras.Model:
    """Everything below the first flattening or global pooling."""
    convolutions = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D)
    kinds = [type(layer) for layer in network.layers]
    end = next((index for index, kind in enumerate(kinds) if kind in POOLINGS.values()), 0)
    if not any(issubclass(kind, convolutions) for kind in kinds[:end]):
        raise ModelError(
            f"the run that model.init_from names trained a model ({network.name}) without "
            "convolutions below a "
            "flattening; model.base=run needs a run of model=convnet or model=pretrained."
        )
    return keras.Model(network.input, network.layers[end].input)


def _without_penalty(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A new layer of the same kind; what an earlier run was regularized by is no part of this one."""
    config = layer.get_config()
    if config.get("kernel_regularizer"):
        config["kernel_regularizer"] = None
    return type(layer).from_config(config)


def _freeze(base: keras.Model, unfreeze_from: str | None) -> None:
    """Let the layers of the base train from one on, in Keras's order; none without a name."""
    base.trainable = unfreeze_from is not None
    if unfreeze_from is None:
        return
    names = [layer.name for layer in base.layers if layer.weights]
    known = [layer.name for layer in base.layers]
    if unfreeze_from != "all" and unfreeze_from not in known:
        raise ModelError(
            f"model.unfreeze_from is {unfreeze_from}; expected all, or a layer of the base, whose "
            "weights are in "
            f"{names[0]} to {names[-1]}.{_meant(unfreeze_from, known)}"
        )
    first = 0 if unfreeze_from == "all" else known.index(unfreeze_from)
    for index, layer in enumerate(base.layers):
        layer.trainable = index >= first and not isinstance(layer, keras.layers.BatchNormalization)
    if not base.trainable_weights:
        raise ModelError(
            f"model.unfreeze_from is {unfreeze_from}, and no layer from there up has weights to "
            "train; the last that "
            f"has is {names[-1]}."
        )


def _meant(given: str, known) -> str:
    close = difflib.get_close_matches(given, known, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def _size(shape) -> str:
    return "x".join(map(str, shape))
