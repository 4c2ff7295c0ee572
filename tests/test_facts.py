from goldilocks.report import facts, sections
from goldilocks.report.facts import Fact
from stored_runs import a_run


def table(runs):
    [found] = sections.sections(runs, {}, lambda run_id, measure: None)
    return facts.facts(found)


def repeated(verdicts, beats):
    """A run of three repeats: the first verdict and answer are its own, the others theirs."""
    roles = [{"role": "plain"}] + [{"role": "repeat", "mlflow.parentRunId": "0"}] * 3
    return [
        a_run(
            str(number),
            1.0,
            params={"seed": str(max(0, number - 1)), "model.units": "4"},
            tags={**role, "verdict": verdict, "beats_baseline": str(answer).lower()},
        )
        for number, (role, verdict, answer) in enumerate(zip(roles, verdicts, beats, strict=True))
    ]


def test_a_run_of_repeats_has_its_own_verdict_and_says_where_they_differ():
    cells = table(
        repeated(["underfit", "no_power", "unsure", "underfit"], [True, False, False, True])
    )
    assert cells["verdict"] == [
        Fact("underfit", "single trainings: no_power 1, unsure 1, underfit 1", "verdict underfit")
    ]
    assert cells["beats it"] == [Fact("yes", "1 of 3 trainings")]


def test_where_all_repeats_agree_with_their_run_nothing_is_counted():
    cells = table(repeated(["unsure"] * 4, [False] * 4))
    assert cells["verdict"] == [Fact("unsure", "", "verdict unsure")]
    assert cells["beats it"] == [Fact("no", "", "warning")]


def test_of_several_runs_the_verdicts_are_counted_and_the_most_frequent_stands_first():
    words, answers = ["overfit", "unsure", "overfit"], ["true", "true", "false"]
    runs = [
        a_run(
            str(seed),
            1.0,
            params={"seed": str(seed)},
            tags={"verdict": word, "beats_baseline": answer},
        )
        for seed, (word, answer) in enumerate(zip(words, answers, strict=True))
    ]
    cells = table(runs)
    assert cells["verdict"] == [Fact("overfit", "overfit 2, unsure 1", "verdict overfit")]
    assert cells["beats it"] == [Fact("2 of 3", "", "warning")]
    assert cells["trainings"] == [Fact("3", kind="number")]


def test_what_is_the_same_in_all_rows_is_said_once():
    runs = [a_run(units, 1.0, params={"model.units": units}) for units in ("4", "8")]
    runs[0].tags["verdict"], runs[1].tags["verdict"] = "overfit", "unsure"
    cells = table(runs)
    assert list(facts.differing(cells)) == ["verdict"]
    assert facts.shared(cells) == ["trainings 1", "best epoch 2"]


def test_a_single_row_keeps_what_it_says():
    cells = table([a_run("a", 1.0)])
    assert list(facts.differing(cells)) == ["trainings", "best epoch"]
    assert facts.shared(cells) == []
