"""The verdicts: name, meaning and colours of each, for tables, figures, pages and docs."""

from collections.abc import Mapping
from typing import NamedTuple


class Description(NamedTuple):
    """What people are shown of a verdict.

    Attributes:
        meaning: What is true of the model, in words.
        color: On white paper, as "#RRGGBB"; it can also carry white letters.
        dark_color: On dark paper.
    """

    meaning: str
    color: str
    dark_color: str


VERDICTS: Mapping[str, Description] = {
    "no_power": Description("no better than the baseline, beyond chance", "#6E6E6E", "#A8A8A8"),
    "underfit": Description("more epochs or a larger model would help", "#0072B2", "#5CB6EA"),
    "overfit": Description("stopping earlier or regularization would help", "#C84B00", "#F28C4E"),
    "balanced": Description(
        "beats the baseline, and none of these would help", "#007A59", "#3FC49B"
    ),
    "unsure": Description("the curve does not tell", "#8A6D00", "#D9B83A"),
    "diverged": Description("the loss exploded or is not a number", "#A3007A", "#E57CC8"),
}
