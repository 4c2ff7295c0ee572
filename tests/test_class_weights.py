"""What a row of each class weighs in the training loss: `problem.class_weight`."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.class_weight import compute_class_weight

from composition import composed
from goldilocks.config.composition import plain
from goldilocks.config.settings import hash_of
from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import check_targets, class_weights
from goldilocks.errors import DataError
from goldilocks.problem import standard
from test_fit import SPLIT, Trained

Y = np.array([0, 0, 0, 0, 0, 1, 2, 2, 0, 1])
DATASET = Dataset(
    name="table",
    kind="table",
    problem="multiclass",
    x=pd.DataFrame({"size": np.arange(len(Y), dtype=float)}),
    y=Y,
    classes=("none", "crack", "leak"),
    source="original",
    location="memory",
    digest="0" * 64,
)


def weighted(class_weight):
    return dataclasses.replace(standard("multiclass"), class_weight=class_weight)


def test_balanced_weights_are_scikit_learns_of_the_training_rows():
    rows = np.arange(8)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=Y[rows])
    weights = class_weights(weighted("balanced"), DATASET, rows)
    assert weights == pytest.approx(dict(zip(DATASET.classes, expected, strict=True)))


def test_a_class_without_a_weight_weighs_one_and_without_any_there_are_none():
    assert class_weights(weighted({"leak": 3.0}), DATASET, np.arange(8)) == {
        "none": 1.0,
        "crack": 1.0,
        "leak": 3.0,
    }
    assert class_weights(weighted("none"), DATASET, np.arange(8)) is None


def test_a_weight_of_a_class_that_is_not_there_is_refused():
    sentence = (
        r"problem\.class_weight has 'crak', which is no class of table; expected some of none, "
        r"crack, leak\. Did you mean crack\?"
    )
    with pytest.raises(DataError, match=sentence):
        check_targets(weighted({"crak": 3.0, "leak": 1.0}), DATASET, [])


def test_names_of_classes_are_texts_whatever_they_look_like_and_have_no_order():
    typed = ["{1:3,yes:2}", "{yes:2,1:3}"]
    trees = [plain(composed(f"problem.class_weight={text}")) for text in typed]
    assert trees[0]["problem"]["class_weight"] == {"1": 3, "yes": 2}
    assert hash_of(trees[0]) == hash_of(trees[1])


@pytest.mark.long
def test_weights_are_in_the_training_loss_and_in_nothing_else():
    y = (np.arange(60) % 2).astype("float32")
    history = Trained(y=y, epochs=1, class_weight={"no": 3.0, "yes": 3.0}).result.history
    assert history["loss"][0] == pytest.approx(3 * history["data_loss"][0], rel=1e-5)
    assert history["val_loss"] == pytest.approx(history["val_data_loss"])
    assert "data_loss" not in Trained(y=y, epochs=1).result.history


@pytest.mark.long
def test_a_class_that_weighs_nothing_is_not_learned():
    y = (np.arange(60) % 2).astype("float32")
    trained = Trained(y=y, epochs=60, learning_rate=0.02, class_weight={"no": 0.0, "yes": 1.0})
    assert trained.model.predict(trained.x[SPLIT.train], verbose=0).mean() > 0.9
