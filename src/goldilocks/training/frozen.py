"""A frozen base as a part of the encoder: its features are computed once, only the top is trained.

Source: Deep Learning with Python, 1st edition, section 5.3.1, "Fast feature extraction without data
augmentation".
"""

import keras

from goldilocks.model.pretrained import POOLING, base_layer
from goldilocks.model.transfer import FROZEN


def divide(encoder: keras.Model, model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Move a wholly frozen base, and the pooling above it, from the model into the encoder.

    Images must reach the base unchanged in every epoch: with augmentation there is nothing to gain.

    Args:
        encoder: Raw rows -> features.
        model: Features -> predictions.

    Returns:
        Raw rows -> pooled features of the base, float32 (batch, n), and these -> predictions; the
        weights are shared with the arguments. The arguments themselves if the model has no base,
        or one that is trained.
    """
    base = base_layer(model)
    if base is None or base.trainable_weights:
        return encoder, model

    pooled = model.get_layer(POOLING).output
    below = keras.Model(model.input, pooled, name=FROZEN)
    top = keras.Model(pooled, model.output, name=model.name)
    return keras.Model(encoder.input, below(encoder.output), name=encoder.name), top
