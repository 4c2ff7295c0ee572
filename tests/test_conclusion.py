import math

import pytest

from goldilocks.evaluation.family import NO_ROWS, WITHIN
from goldilocks.report import conclusion, sections
from stored_runs import a_run, seeds


def section(runs, **options):
    [found] = sections.sections(runs, {}, lambda run_id, measure: None, **options)
    return found


def judged(units, verdict, loss, **params):
    params = {"model.units": units, **params}
    return a_run(f"{units} {params}", loss, params=params, tags={"verdict": verdict})


def test_a_lead_beyond_noise_is_said_with_its_test():
    far = section([*seeds("4", [30.0, 31.0, 32.0]), *seeds("8", [9.0, 9.1, 9.2])])
    assert conclusion.sentences(far) == [
        ("best", "units=8: val_mae 4.55"),
        ("lead", f"over units=4: {NO_ROWS}"),
    ]
    assert conclusion.unresolved(far) == []


def test_a_lead_within_noise_names_its_rivals():
    values = {"4": [9.0, 11.0, 10.1], "8": [8.9, 11.1, 9.9], "16": [90.0, 91.0, 92.0]}
    near = section([run for units, losses in values.items() for run in seeds(units, losses)])
    (word, best), lead = conclusion.sentences(near)
    assert (word, best.rpartition(" ")[0]) == ("best", "units=8: val_mae")
    assert lead == ("lead", f"over units=4: {WITHIN}; over 1 more: {NO_ROWS}")
    assert [variant.name for variant in conclusion.unresolved(near)] == ["units=4"]


def test_a_variant_that_has_diverged_is_no_rival():
    runs = [*seeds("4", [math.nan]), *seeds("8", [2.0]), *seeds("16", [3.0])]
    found = section(runs)
    assert conclusion.sentences(found)[1] == (
        "lead",
        "over units=16: one seed cannot tell; over 1 more: a value is not finite",
    )
    assert [variant.name for variant in conclusion.unresolved(found)] == ["units=16"]
    assert conclusion.sentences(section(seeds("4", [math.nan]))) == []


def test_one_seed_cannot_tell():
    runs = [judged("4", "underfit", 3.0), judged("8", "balanced", 2.0)]
    said = conclusion.sentences(section(runs))
    assert said == [("best", "units=8: val_mae 1"), ("lead", "over units=4: one seed cannot tell")]
    assert conclusion.lines(said)[0] == "best      units=8: val_mae 1"


def test_a_page_has_the_next_command_to_be_copied_and_one_sentence_for_the_best():
    said = [("", "boston"), ("best", "units=8: val_mae 1"), ("next", "python train.py")]
    assert conclusion.paragraphs(said, winner=[]) == [
        "**boston**",
        "**Best.** units=8: val_mae 1",
        "**Next.**\n\n```\npython train.py\n```",
    ]
    assert conclusion.paragraphs(said[1:], winner=["**Winner.**"]) == [
        "**Winner.**",
        "**Next.**\n\n```\npython train.py\n```",
    ]


def test_where_underfit_turns_to_overfit():
    sizes = [
        judged("2", "underfit", 5.0),
        judged("4", "underfit", 4.0),
        judged("64", "overfit", 2.0),
        judged("512", "overfit", 3.0),
    ]
    assert conclusion.turn(section(sizes), "model.units") == (
        "underfit up to units=4, overfit from units=64"
    )
    mixed = [*sizes, judged("1024", "underfit", 6.0)]
    assert conclusion.turn(section(mixed), "model.units") == ""
    assert conclusion.turn(section(sizes[:2]), "model.units") == ""


def test_a_turn_is_sought_where_all_else_is_as_in_the_best():
    rates = {"optimizer.learning_rate": "0.1"}
    runs = [
        judged("2", "underfit", 5.0),
        judged("64", "overfit", 2.0),
        judged("2", "overfit", 9.0, **rates),
        judged("64", "underfit", 8.0, **rates),
    ]
    for run in runs[:2]:
        run.params["optimizer.learning_rate"] = "0.01"
    found = section(runs)
    assert conclusion.turn(found, "model.units") == "underfit up to units=2, overfit from units=64"
    assert conclusion.turn(found, "optimizer.learning_rate") == (
        "overfit up to learning_rate=0.01, underfit from learning_rate=0.1"
    )


@pytest.mark.parametrize(("measure", "best"), [("", "4"), ("val_loss", "8")])
def test_a_search_ranks_by_what_it_searched_for(measure, best):
    runs = [
        a_run("a", 9.0, params={"model.units": "4"}, metrics={"best_val_mae": 1.0}),
        a_run("b", 2.0, params={"model.units": "8"}, metrics={"best_val_mae": 3.0}),
    ]
    assert section(runs, rank_by=measure).variants[0].name == f"units={best}"


def test_each_section_has_its_own_next_command():
    other = {"dataset.digest": "cd" * 32}
    runs = [judged("4", "underfit", 3.0), judged("8", "balanced", 2.0)]
    others = [a_run(name, 1.0, params={"model.units": name}, tags=other) for name in ("16", "32")]
    found = sections.sections([*runs, *others], {}, lambda run_id, measure: None)
    first, second = conclusion.headings(found)
    said = conclusion.of_sections(found, {second: "goldilocks train"})
    assert [word for word, _ in said] == ["", "best", "lead", "", "best", "lead", "next"]
    assert (said[0], said[3]) == (("", first), ("", second))


def test_a_single_run_has_no_conclusion():
    assert conclusion.of_sections([section(seeds("4", [1.0]))], {}) == []


def test_the_end_of_a_sweep_is_a_tag_that_a_store_can_hold():
    sweep = a_run("a", tags=conclusion.tags({"boston": "goldilocks train"}, "val_loss"))
    assert conclusion.end(sweep) == ("val_loss", {"boston": "goldilocks train"})
    assert conclusion.end(a_run("b")) == ("", {})
    long = a_run("c", tags=conclusion.tags({"boston": "x" * 5000}, "val_loss"))
    assert conclusion.end(long) == ("val_loss", {})
