"""Where in an image a convnet found the evidence for a class.

Source: R. Selvaraju et al.: Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization, 2017;
Chollet, Deep Learning with Python (2017), section 5.4.3, "Visualizing heatmaps of class
activation".
"""

from dataclasses import dataclass

import keras
import numpy as np
from PIL import Image

from goldilocks.interpret.gradients import of_evidence
from goldilocks.interpret.layer_graph import opened


@dataclass(frozen=True)
class HeatMap:
    """Where the evidence is.

    Attributes:
        heat: float32 (height, width) of the layer's feature maps, 0 to 1; zero everywhere if
            nothing spoke for it.
        label: The class that it is the evidence for.
        probability: That the network gave to this class, 0 to 1.
        layer: Whose feature maps were weighed.
    """

    heat: np.ndarray
    label: int
    probability: float
    layer: str


def heat_maps(
    model: keras.Model,
    images: np.ndarray,
    *,
    labels: np.ndarray | None = None,
    layer: str | None = None,
) -> list[HeatMap]:
    """The heat maps of some images.

    The gradient of the evidence for a class, averaged over all positions, weighs the channels of
    the feature maps; what is positive in their weighted mean is the heat.

    Args:
        model: Of any nesting; ends in a softmax, or in a sigmoid of one unit.
        images: (rows, height, width, channels), as the model takes them.
        labels: The class to look for in each image, int64 (rows,); None: the predicted one.
        layer: Name of a layer with feature maps; None: the last convolution.

    Raises:
        AnalysisError: There is no such layer.
    """
    network = opened(model)
    name = network.convolution(layer)
    found = of_evidence(network, network.tensors[name], images, labels=labels)
    weights = found.gradients.mean(axis=(1, 2), keepdims=True)
    heats = np.maximum((found.values * weights).mean(axis=-1), 0)
    tops = heats.max(axis=(1, 2), keepdims=True)
    heats = np.divide(heats, tops, out=np.zeros_like(heats), where=tops > 0)
    single = found.predictions.shape[1] == 1
    given = (
        found.predictions[:, 0]
        if single
        else found.predictions[np.arange(len(images)), found.labels]
    )
    given = np.where(found.labels > 0, given, 1 - given) if single else given
    return [
        HeatMap(heat, int(label), float(probability), name)
        for heat, label, probability in zip(heats, found.labels, given, strict=True)
    ]


def resized(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    """A heat map, float32 (h, w), smoothly enlarged to (height, width)."""
    picture = Image.fromarray(heat.astype("float32"))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
