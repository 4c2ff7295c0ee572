from types import SimpleNamespace

import numpy as np
import pytest

from goldilocks.workflow.steps import define
from workflows import dataset, problem


class Flow:
    """What step 1 reads of a workflow."""

    def __init__(self, data, typed=(), metric=None):
        self.dataset, self.typed, self.problem = data, tuple(typed), problem(data.problem, metric)
        pairs = [word.partition("=") for word in typed]
        trainer = {
            key.removeprefix("trainer."): int(value)
            for key, _, value in pairs
            if key.startswith("trainer.")
        }
        self.settings = SimpleNamespace(choices={"protocol": "holdout"}, tree={"trainer": trainer})


def defined(data, *typed):
    return define.inferred(Flow(data, typed))


def balanced(rows):
    return dataset(np.arange(rows) % 2, "binary")


@pytest.mark.parametrize(
    ("rows", "protocol"),
    [
        (100, "iterated_kfold"),
        (240, "iterated_kfold"),
        (300, "kfold"),
        (1500, "kfold"),
        (1700, "holdout"),
        (60_000, "holdout"),
    ],
)
def test_the_fewer_rows_the_more_of_them_validate(rows, protocol):
    found = defined(balanced(rows))
    assert found.chosen["protocol"] == protocol
    assert f"protocol={protocol}" in found.chosen["overrides"]
    assert any(str(rows) in reason for reason in found.reasons)


def test_published_rows_are_kept():
    data = dataset(
        np.arange(3000) % 2,
        "binary",
        fixed={"test": np.arange(2900, 3000), "validation": np.arange(50)},
    )
    assert "50 rows for validation" in " ".join(defined(data).reasons)
    assert defined(data).chosen["protocol"] == "holdout"


def test_the_rows_for_validation_are_a_part_of_those_that_are_divided():
    data = dataset(np.arange(1200) % 2, "binary", fixed={"test": np.arange(1000, 1200)})
    assert "Holding out 250 rows" in " ".join(defined(data).reasons)
    assert "each of the 1000 rows validates once" in " ".join(defined(data).reasons)


def test_no_class_has_fewer_groups_than_folds():
    data = dataset(np.arange(300) % 2, "binary", groups=np.arange(300) // 100)
    assert "protocol.k=2" in defined(data).chosen["overrides"]


def test_no_class_has_fewer_rows_than_folds():
    data = dataset([0] * 300 + [1] * 3, "multiclass")
    assert "protocol.k=2" in defined(data).chosen["overrides"]


def test_time_is_never_shuffled():
    found = defined(dataset(np.zeros(100), "regression", kind="series", overlap=3))
    assert found.chosen["protocol"] == "holdout"
    assert "future" in " ".join(found.reasons) or "past" in " ".join(found.reasons)


def test_what_is_typed_is_kept():
    found = defined(balanced(100), "protocol=kfold", "trainer.batch_size=7", "trainer.epochs=3")
    assert found.chosen["overrides"] == []
    assert "as you asked" in found.reasons[-1]


def test_a_typed_batch_size_has_its_own_epochs():
    found = defined(balanced(60_000), "trainer.batch_size=4000")
    assert f"trainer.epochs={define.EPOCHS[1]}" in found.chosen["overrides"]
    assert "batches of 4000 and 80 epochs: about 640 updates" in found.reasons[-1]


@pytest.mark.parametrize(("share", "metric"), [(0.5, "accuracy"), (0.25, "accuracy"), (0.1, "auc")])
def test_a_rare_class_is_not_measured_by_accuracy(share, metric):
    found = defined(dataset(np.arange(2000) < 2000 * share, "binary"))
    assert found.chosen["metric"] == metric
    assert f"{100 * share:.1f} %" in " ".join(found.reasons)


@pytest.mark.parametrize(
    ("rows", "size", "epochs"), [(100, 16, 80), (4000, 32, 24), (60_000, 512, 26)]
)
def test_batches_and_epochs_give_so_many_updates(rows, size, epochs):
    found = defined(balanced(rows))
    assert f"trainer.batch_size={size}" in found.chosen["overrides"]
    assert f"trainer.epochs={epochs}" in found.chosen["overrides"]
    assert f"about {epochs * -(-rows // 2 // size)} updates" in found.reasons[-1]
