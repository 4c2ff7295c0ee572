import pytest

from goldilocks.run import promise
from goldilocks.run.promise import Promise
from goldilocks.tracking.query import StoredRun

TAGS = {"validated.run": "abc"}


def run(run_id, role="plain", **tags):
    return StoredRun(
        run_id, run_id, "FINISHED", {}, {"role": role, **tags}, {"best_val_mae": 2}, ()
    )


class Store:
    """A store with these runs."""

    uri = "somewhere"

    def __init__(self, *runs):
        self.runs = runs

    def search(self, text):
        assert text == "tags.candidate = 'c' AND attributes.status = 'FINISHED'"
        return list(self.runs)


def test_the_newest_run_that_validated_the_same_choices_is_found():
    runs = run("old"), run("new", verdict="underfit"), run("fold", role="fold"), run("f", "final")
    assert promise.find(Store(*runs), "c") == Promise("new", "underfit", True, {"best_val_mae": 2})
    assert promise.find(Store(run("f", "final")), "c") is None


def test_a_configuration_without_power_is_said_to_be_before_its_test():
    assert "no_power, it does not beat the baseline" in Promise("abc", "no_power", True, {}).warning
    assert "its training diverged" in Promise("abc", "diverged", False, {}).warning
    assert "not better than the baseline" in Promise("abc", "unsure", False, {}).warning
    assert Promise("abc", "balanced", True, {}).warning == ""


@pytest.mark.parametrize(
    ("test", "interval", "sentence"),
    [
        (2.2, (1.9, 2.5), "val_mae 2 (run abc); the test is 0.2 worse, within its 95 % interval"),
        (2.9, (2.5, 3.3), "the test is 0.9 worse, beyond its 95 % interval: validation promised"),
        (1.5, (1.3, 1.7), "the test is 0.5 better, beyond its 95 % interval: it had more rows"),
        (2.2, None, "val_mae 2 (run abc); the test is 0.2 worse"),
    ],
)
def test_a_test_score_is_compared_with_what_validation_promised(test, interval, sentence):
    metrics = {"promised/mae": 2.0, "test_mae": test}
    if interval:
        metrics |= dict(zip(("test_mae_low", "test_mae_high"), interval, strict=True))
    assert sentence in promise.compared(metrics, TAGS)
    assert promise.compared({"test_mae": test}, TAGS) == ""


def test_more_of_some_metrics_is_better():
    metrics = {"promised/auc": 0.8, "test_auc": 0.9}
    assert "0.1 better" in promise.compared(metrics, TAGS)
    metrics = {"promised/own": 0.8, "test_own": 0.9}
    assert "0.1 worse" in promise.compared(metrics, TAGS | {"own_metrics": '{"own": false}'})
