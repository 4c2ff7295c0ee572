"""Boston housing: the median home value of 506 census tracts near Boston in 1970 (chapter 4).

Source: `keras.datasets.boston_housing`, the file `boston_housing.npz`, SHA-256
    f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5 (checked by Keras); from
    StatLib (http://lib.stat.cmu.edu/datasets/boston), after D. Harrison and D. L. Rubinfeld,
    "Hedonic prices and the demand for clean air", Journal of Environmental Economics and Management
    5, 1978.
Licence: none is stated with the data.
Counts: 506 rows, which Keras shuffles with seed 113 and splits into 404 to train with and 102 to
    test on.
Shape: 13 columns, float64, none missing, on very different scales:
    CRIM crimes per person; ZN % of land zoned for large lots; INDUS % of acres not for retail; CHAS
    1 at the Charles River, else 0; NOX nitric oxides in parts per 10 million; RM rooms per
    dwelling; AGE % built before 1940; DIS distance to five employment centres; RAD access to radial
    highways; TAX property tax per 10 k$; PTRATIO pupils per teacher; B (see below); LSTAT % of the
    population of "lower status".
Target: MEDV, the median value of owner-occupied homes in thousands of dollars (k$), float32, 5 to
    50 (censored at 50).

Contested: B is 1000 (Bk - 0.63)^2, where Bk is the share of Black residents. It encodes its
    authors' assumption that racial self-segregation has a price, and the formula hides the share
    itself. scikit-learn removed the data set for it, and Keras advises against it but for such
    lessons. It is here because chapter 4 is; do not build on it.

Stand-in: the same 506 rows in StatLib's order in the wheel mlxtend 0.25.0 (BSD 3-clause), shuffled
    and split here as Keras does, so it is the original again: the first training targets are 15.2
    42.3 50.0 21.1 17.7. Where every value is equal both sources have the same digest; that could
    not be checked without the network.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from goldilocks.dataset import Dataset
from goldilocks.dataset.sources import cache, published

COLUMNS = [
    *("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE"),
    *("DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT"),
]
TRAIN_ROWS = 404  # int(506 * (1 - 0.2)), Keras's test_split.


def load(*, source: str, subset: int | None) -> Dataset:
    """Load the tracts.

    x is a DataFrame of 506 rows and 13 float64 columns; y is float32 (506,), in k$.

    Args:
        source: "original", "stand_in" or "auto".
        subset: Number of training rows to keep, or None for all.

    Raises:
        SourceUnavailable: The source cannot be reached.
    """
    arrays, facts = published.load(
        source,
        name="boston",
        module="boston_housing",
        from_keras=_from_keras,
        from_wheel=_from_wheel,
    )
    x, y = np.array(arrays["x"], np.float64), np.array(arrays["y"], np.float32)
    return Dataset(
        **facts,
        kind="table",
        problem="regression",
        x=pd.DataFrame(x, columns=COLUMNS),
        y=y,
        classes=(),
        digest=cache.digest(",".join(COLUMNS), x, y),
        subset=subset,
        unit="k$",
    )


def _from_keras(x: np.ndarray) -> dict[str, np.ndarray]:
    return {"x": x}


def _from_wheel(file: Path) -> dict[str, np.ndarray]:
    table = np.loadtxt(file, delimiter=",")
    order = np.arange(len(table))
    # As keras.datasets.boston_housing.load_data(seed=113).
    np.random.RandomState(113).shuffle(order)
    x, y = table[order, :-1], table[order, -1]
    return {"x": x, "y": y, "test": np.arange(TRAIN_ROWS, len(y))}
