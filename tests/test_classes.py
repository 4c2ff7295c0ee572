import warnings

import numpy as np
import pytest
from sklearn.metrics import classification_report

from goldilocks.evaluation import classes
from goldilocks.run.summary import recalls, silence

GENERATOR = np.random.default_rng(0)
NAMES = ("crack", "leak", "none")
TRUTH = GENERATOR.choice(3, 400, p=[0.037, 0.017, 0.946])
DECIDED = np.where(GENERATOR.random(400) < 0.7, TRUTH, 2)
DECIDED[DECIDED == 1] = 2


def report(truth, decided, names):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return classification_report(truth, decided, target_names=names, output_dict=True)


@pytest.mark.parametrize("labels", [False, True], ids=["classes", "labels"])
def test_the_table_is_scikit_learns_classification_report(labels):
    truth, decided = TRUTH, DECIDED
    if labels:
        truth, decided = (GENERATOR.random((400, 3)) < [0.05, 0.3, 0.6] for _ in range(2))
    table = classes.table(classes.count(NAMES, truth, decided), name="class")
    expected = report(truth, decided, NAMES)
    for name, row in table.iterrows():
        assert row["precision"] == pytest.approx(expected[name]["precision"])
        assert row["recall"] == pytest.approx(expected[name]["recall"])
        assert row["f1_score"] == pytest.approx(expected[name]["f1-score"])
        assert row["rows"] == expected[name]["support"]
    assert table["predicted"].sum() == decided.sum() if labels else len(decided)


def test_two_classes_may_be_decimals_and_counts_add_up():
    y = np.array([0.0, 1.0, 1.0, 0.0], "float32")
    counts = classes.count(("no", "yes"), y, np.array([0, 1, 0, 0]))
    assert counts == {"no": [2, 2, 3], "yes": [2, 1, 1]}
    assert classes.total([counts, counts]) == {"no": [4, 4, 6], "yes": [4, 2, 2]}
    assert classes.total([counts, {}]) == {}


def test_a_class_that_is_there_and_never_predicted_is_named():
    counts = classes.count(NAMES, TRUTH, DECIDED)
    rows = int((TRUTH == 1).sum())
    assert rows
    assert classes.never(counts) == {"leak": rows}
    assert silence(counts) == f"It never says leak: recall 0 of {rows} rows."
    assert silence({"none": [3, 3, 3], "leak": [0, 0, 0]}) == ""


def test_of_many_classes_the_lowest_recalls_are_told_those_of_most_rows_first():
    counts = {f"class {number}": [10 + number, number, number] for number in range(5)}
    counts |= {"rare": [4, 0, 0], "common": [900, 0, 0]}
    assert recalls(counts) == (
        "the lowest of 7: common 0 (0 of 900 rows), class 0 0 (0 of 10 rows), rare 0 (0 of 4 rows)"
    )
    assert silence(counts) == "It never says common, class 0, rare: recall 0 of 914 rows."
