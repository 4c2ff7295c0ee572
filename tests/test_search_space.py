import pytest
from optuna.distributions import CategoricalDistribution

from goldilocks.workflow import second_model
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.search_space import SearchSpace, search_space
from workflows import context, dataset

SMALL, LARGE = Candidate("units=4", ("model.units=4",)), Candidate("units=8", ("model.units=8",))
FLAT = Candidate("layers=0", ("model.layers=0",))
ANY = CategoricalDistribution([0])


def space(*names, start=LARGE):
    sizes = {size.name: size for size in (FLAT, SMALL, LARGE)}
    distributions = dict.fromkeys(names, ANY)
    return SearchSpace(
        sizes=sizes, start=start.name, learning_rate=0.01, distributions=distributions
    )


def candidate(params, *, start=LARGE):
    return space(start=start).candidate(params, epochs=9)


def test_the_first_trials_regularize_in_one_way_each():
    first = space("size", "dropout", "l2").first_trials()
    assert first == [
        {"size": "units=8", "dropout": 0.5, "l2": 0.0},
        {"size": "units=8", "dropout": 0.0, "l2": 1e-3},
        {"size": "units=4", "dropout": 0.0, "l2": 0.0},
    ]


def test_a_candidate_has_what_differs_from_the_configuration():
    changed = candidate({"size": "units=4", "dropout": 0.5, "l1": 0.0, "learning_rate": 0.02})
    assert changed.name == "units=4 dropout=0.5 learning_rate=0.02"
    assert changed.overrides == (
        "model.units=4",
        "regularizer.dropout=0.5",
        "optimizer.learning_rate=0.02",
        "trainer.epochs=9",
        "regularizer.patience=3",
    )
    assert candidate({"learning_rate": 0.01, "augmentation": False}).name == "units=8"


def test_augmentation_comes_before_other_regularizers():
    changed = candidate({"augmentation": True, "dropout": 0.5})
    assert changed.name == "units=8 augmentation dropout=0.5"
    assert changed.overrides[1:3] == ("regularizer=augmentation", "regularizer.dropout=0.5")


def test_a_model_without_weights_to_penalize_keeps_its_dropout():
    changed = candidate({"l1": 0.1, "l2": 0.1, "dropout": 0.5}, start=FLAT)
    assert changed.name == "layers=0 dropout=0.5"


@pytest.mark.parametrize(
    ("overrides", "searched"), [(["model.units=64"], True), (second_model.MODELS["image"], False)]
)
def test_random_views_are_not_searched_on_a_frozen_base(overrides, searched):
    photographs = dataset([0, 1], "binary", kind="image", image_size=(64, 64))
    step = context(photographs, ["dataset=mnist"])
    start = Candidate("start", tuple(overrides))
    names = search_space(step, [start], start).distributions.keys()
    assert ("augmentation" in names) == searched
    assert {"learning_rate", "dropout", "l1", "l2"} <= names
