import numpy as np
import pytest

from goldilocks.dataset.sources import packing


@pytest.mark.parametrize(
    "texts", [["one", "two words"], ["", "a\nb", ""], ["naïve", "日本 \U0001f600", "\0"], ["x"], []]
)
def test_texts_come_back(texts, tmp_path):
    packed = packing.pack(texts)
    assert (packed["utf8"].dtype, packed["ends"].dtype) == (np.uint8, np.int64)
    for name, array in packed.items():
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=False)
    stored = {
        name: np.load(tmp_path / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        for name in packed
    }
    found = packing.unpack(stored)
    assert (found.dtype, found.shape, found.tolist()) == (object, (len(texts),), texts)


def test_the_digest_knows_texts_their_borders_targets_and_classes():
    def digest(texts, y, classes):
        return packing.digest(packing.column(texts), np.array(y, np.float32), classes)

    same = digest(["ab", "c"], [0, 1], ("no", "yes"))
    assert same == digest(["ab", "c"], [0, 1], ["no", "yes"])
    others = [
        digest(["a", "bc"], [0, 1], ("no", "yes")),
        digest(["ab", "d"], [0, 1], ("no", "yes")),
        digest(["ab", "c"], [1, 1], ("no", "yes")),
        digest(["ab", "c"], [0, 1], ("no", "maybe")),
    ]
    assert len({same, *others}) == 5
