"""Where in an image a convnet found the evidence for a class or a label.

Source: R. Selvaraju et al.: Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization, 2017; Chollet, Deep Learning with Python (2017), section 5.4.3, "Visualizing
    heatmaps of class activation".
"""

from dataclasses import dataclass

import keras
import numpy as np

from goldilocks.interpret.gradients import evidence_gradients
from goldilocks.interpret.layer_graph import unnest


@dataclass(frozen=True)
class HeatMap:
    """Where the evidence is.

    Attributes:
        heat: float32 (height, width) of the layer's feature maps, 0 to 1; zero everywhere if
            nothing spoke for it.
        label: The class or label.
        probability: That the network gave to it, 0 to 1.
        layer: Whose feature maps were weighted.
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
    """Return the heat maps of some images.

    The gradient of the evidence for a class or a label, averaged over all positions, weights the
    channels of the feature maps; what is positive in their weighted mean is the heat.

    Args:
        model: Of any nesting; ends in a softmax or in a sigmoid.
        images: (rows, height, width, channels), as the model takes them.
        labels: As of `evidence_gradients`.
        layer: Name of a layer with feature maps; None: the last convolution.

    Raises:
        AnalysisError: There is no such layer.
    """
    graph = unnest(model)
    name = graph.convolution(layer)
    batch = evidence_gradients(graph, graph.calls[name].output, images, labels)
    weights = batch.gradients.mean(axis=(1, 2), keepdims=True)
    heats = np.maximum((batch.values * weights).mean(axis=-1), 0)
    highest = heats.max(axis=(1, 2), keepdims=True)
    heats = np.divide(heats, highest, out=np.zeros_like(heats), where=highest > 0)

    probabilities = batch.predictions
    if probabilities.shape[1] == 1:
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
    return [
        HeatMap(heat, int(label), float(row[label]), name)
        for heat, label, row in zip(heats, batch.labels, probabilities, strict=True)
    ]
