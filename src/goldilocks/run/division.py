"""Settings and a data set -> the splits that a run trains with."""

from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.protocol import INNER, Split, parts


def splits_of(settings: Settings, dataset: Dataset) -> list[Split]:
    """Divide rows by the protocol, and training rows once more where `inner_validation` asks.

    Raises:
        SplitError: The rows cannot be divided so.
    """
    splits = settings.builder("protocol")(dataset)
    if not (fraction := settings.tree[INNER]):
        return list(splits)
    seed = settings.tree["protocol"]["seed"]
    return [parts.nested(dataset, one, fraction=fraction, seed=seed) for one in splits]
