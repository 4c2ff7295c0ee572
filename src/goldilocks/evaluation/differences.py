"""Values of two variants, in pairs -> how far they lie apart, and whether chance alone would do that.

Two trainings with the same seed on the same rows share what that seed and those rows do to both, so
that their difference varies less than either: the paired t-test looks at nothing but the
differences.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from goldilocks.evaluation import mean_interval
from goldilocks.evaluation.mean_interval import CONFIDENCE

Key = tuple[
    str, str
]  # what a training is told by among those of its variant: its seed, and its fold or ""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A variant against another.

    Attributes:
        variant: Its name.
        other: The name of the other.
        pairs: How many trainings of both had the same seed and fold.
        over: What the pairs are over: "seeds" or "folds".
        mean: Mean of variant minus other over the pairs, in the unit of the measure; NaN without a
            pair.
        low: Lower end of its 95 % confidence interval; NaN with fewer than two pairs.
        high: Its upper end.
        p: How often chance alone would set them at least as far apart, 0 to 1; NaN with fewer than
            two pairs.
        adjusted: The same after the correction for several comparisons; equal to `p` until `holm`
            makes it.
        why: Why it cannot be told, in words; "" where it can.
    """

    variant: str
    other: str
    pairs: int
    over: str
    mean: float
    low: float
    high: float
    p: float
    adjusted: float
    why: str

    @property
    def beyond_noise(self) -> bool | None:
        """Whether more than chance sets them apart; None where that cannot be told."""
        return None if math.isnan(self.adjusted) else self.adjusted < 1 - CONFIDENCE

    @property
    def words(self) -> str:
        """The same in words."""
        return self.why or ("beyond noise" if self.beyond_noise else "within noise")


def difference(
    variant: str,
    values: Mapping[Key, float],
    other: str,
    others: Mapping[Key, float],
    *,
    overlap: float,
) -> Difference:
    """The mean difference of two variants over the trainings that both have, with its interval.

    Source: Student's paired t-test; of folds, whose trainings share rows, corrected as
        `folds.spread` is (Nadeau and
    Bengio, "Inference for the generalization error", Machine Learning 52 (2003), section 3).

    Args:
        variant: Its name.
        values: Of each of its trainings.
        other: The name of the other variant.
        others: Of each of the other's trainings.
        overlap: 0 of seeds on one split; of folds the number of validation rows divided by that of
            training rows.

    Raises:
        ValueError: `overlap` is negative or not finite.
    """
    keys = [key for key in values if key in others]
    over = "folds" if keys and any(fold for _, fold in keys) else "seeds"
    nothing = Difference(
        variant=variant, other=other, pairs=len(keys), over=over, mean=math.nan, low=math.nan, high=math.nan,
        p=math.nan, adjusted=math.nan, why="no seed in common, so there are no pairs",
    )  # fmt: skip
    if not keys:
        return nothing
    gaps = [values[key] - others[key] for key in keys]
    if not all(map(math.isfinite, gaps)):
        return replace(nothing, why="a value is not finite")
    spread = mean_interval.spread(gaps, overlap=overlap)
    if len(keys) == 1:
        return replace(nothing, mean=spread.mean, why=f"one {over.removesuffix('s')} cannot tell")
    p = _chance(spread.mean, spread.deviation * math.sqrt(1 / len(keys) + overlap), len(keys))
    return replace(
        nothing, mean=spread.mean, low=spread.low, high=spread.high, p=p, adjusted=p, why=""
    )


def holm(differences: Sequence[Difference]) -> list[Difference]:
    """The same differences, their chances corrected for being several: one in twenty is beyond noise by chance.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
        Statistics 6
    (1979). The smallest of m chances is multiplied by m, the next by m - 1, and so on; none falls
    below one before it.
    """
    tested = sorted(
        (place for place, each in enumerate(differences) if not each.why),
        key=lambda k: differences[k].p,
    )
    corrected, least = list(differences), 0.0
    for rank, place in enumerate(tested):
        least = max(least, min(1.0, (len(tested) - rank) * differences[place].p))
        corrected[place] = replace(differences[place], adjusted=least)
    return corrected


def _chance(mean: float, error: float, count: int) -> float:
    """The two-sided chance of a mean so far from 0, given its standard error."""
    if error == 0:  # All pairs lie equally far apart.
        return 1.0 if mean == 0 else 0.0
    from scipy import special

    return float(2 * special.stdtr(count - 1, -abs(mean) / error))
