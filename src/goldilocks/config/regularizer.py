"""The config group `regularizer` as a value; each model honours the parts that apply to it."""

from dataclasses import dataclass

# The parts that change what a training image looks like: they need images.
AUGMENTATION = ("flip", "rotation", "translation", "shear", "zoom")


@dataclass(frozen=True)
class Regularizer:
    """What keeps a network from memorizing; `conf/regularizer/none.yaml` explains each part."""

    l1: float
    l2: float
    dropout: float
    recurrent_dropout: float
    flip: bool
    rotation: float
    translation: float
    shear: float
    zoom: float
    patience: int | None

    @property
    def penalizes(self) -> bool:
        """Whether a penalty on the weights is added to the loss."""
        return self.l1 > 0 or self.l2 > 0

    @property
    def augments(self) -> bool:
        """Whether training images are changed at random."""
        return any(getattr(self, part) for part in AUGMENTATION)
