"""One meaning of runs that may be compared: the sweep's table, the HTML report and the pages of
chapters.
"""

import pytest

from goldilocks.report import grouping, sections, sweep
from stored_runs import a_run, folds

REUTERS = {
    "params": {"dataset": "reuters"},
    "tags": {"problem": "multiclass", "dataset.digest": "ef" * 32},
}


def reuters(name, loss):
    params = {**REUTERS["params"], "problem.loss": loss}
    return a_run(name, 1.0, params=params, tags=REUTERS["tags"])


def final(name, test_rows="0" * 64, **params):
    return a_run(
        name,
        None,
        params={"final": "true", **params},
        tags={"test.digest": test_rows, "role": "final"},
        metrics={"test_loss": 3.0},
    )


def validated(name, **settings):
    params = {"protocol": "holdout", "protocol.seed": "0", "trainer.batch_size": "16"}
    return a_run(name, 1.0, params={**params, **settings})


CASES = {
    "one crossentropy under three names": (
        1,
        [
            reuters("a", "auto"),
            reuters("b", "categorical_crossentropy"),
            reuters("c", "sparse_categorical_crossentropy"),
        ],
    ),
    "the default loss and its name": (
        1,
        [validated("a"), validated("b", **{"problem.loss": "mse"})],
    ),
    "a loss in the unit and one in deviations": (
        2,
        [validated("a"), a_run("b", 1.0, tags={"problem.scale": "[2.5]"})],
    ),
    "another loss": (2, [validated("a"), validated("b", **{"problem.loss": "mae"})]),
    "a final run and another": (2, [validated("a"), final("b")]),
    "final runs on the same test rows": (1, [final("a", seed="0"), final("b", seed="1")]),
    "final runs on other test rows": (2, [final("a"), final("b", test_rows="1" * 64)]),
    "another source": (2, [a_run("a", 1.0), a_run("b", 1.0, tags={"dataset.source": "original"})]),
    "another digest": (2, [a_run("a", 1.0), a_run("b", 1.0, tags={"dataset.digest": "c" * 64})]),
    "another data set": (2, [a_run("a", 1.0), a_run("b", 1.0, params={"dataset": "mine"})]),
    "another problem": (2, [a_run("a", 1.0), a_run("b", 1.0, tags={"problem": "unit_regression"})]),
    "the default metric and its name": (
        1,
        [validated("a"), validated("b", **{"problem.metrics": '["mae", "mse"]'})],
    ),
    "another primary metric": (
        2,
        [validated("a"), validated("b", **{"problem.metrics": '["mse", "mae"]'})],
    ),
    "other validation rows": (2, [validated("a"), validated("b", **{"protocol.seed": "1"})]),
    "another protocol": (2, [validated("a"), validated("b", protocol="kfold")]),
    "another seed or batch size": (
        1,
        [validated("a"), validated("b", seed="1", **{"trainer.batch_size": "32"})],
    ),
    "rows of a part of the training rows": (
        2,
        [validated("a", inner_validation="0"), validated("b", inner_validation="0.25")],
    ),
    "a key that an earlier version did not have": (
        1,
        [validated("a"), validated("b", inner_validation="0", **{"dataset.group": "null"})],
    ),
    "rows kept in groups": (2, [validated("a"), validated("b", **{"dataset.group": "who"})]),
    "rows that a dropped column made equal": (
        2,
        [
            a_run(name, 1.0, tags={"dataset.rows": "1" * 64, "validation.digest": rows * 64})
            for name, rows in (("a", "2"), ("b", "3"))
        ],
    ),
    "validation steps of another batch size": (
        2,
        [
            validated("a", **{"trainer.validation_steps": "2"}),
            validated("b", **{"trainer.validation_steps": "2", "trainer.batch_size": "32"}),
        ],
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def test_the_groups_of_runs(case):
    count, runs = case
    assert len(grouping.group(runs)) == count


def test_the_table_of_a_sweep_has_these_groups(case, tmp_path):
    count, runs = case
    text = sweep.compare(runs, tmp_path, title="A sweep").markdown
    assert text.count("\n| --- |") == count


def test_the_html_report_has_these_groups_and_compares_nothing_across_them(case):
    count, runs = case
    found = sections.sections(runs, {}, lambda run_id, measure: None)
    assert len(found) == count
    assert count == 1 or not any(section.differences for section in found)


def test_folds_belong_to_the_group_of_the_run_above_them():
    runs, _ = folds("8", [1.0, 2.0])
    assert [len(members) for members in grouping.group(runs).values()] == [3]


def test_headings_say_what_sets_groups_apart():
    runs = [validated("a"), validated("b", **{"protocol.seed": "1"}), final("c")]
    bases = list(grouping.group(runs))
    data = "boston (stand-in, abababab)"
    assert [grouping.heading(basis, bases) for basis in bases] == [
        f"{data}, protocol.seed=0",
        f"{data}, protocol.seed=1",
        f"{data}, final runs",
    ]
    assert grouping.reasons(bases) == [
        grouping.REASONS["final"],
        grouping.REASONS["rows"],
    ]
    assert grouping.heading(bases[0], bases[:1]) == data
