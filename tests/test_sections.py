import dataclasses
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from goldilocks.evaluation.family import NO_ROWS, SEEDS, WITHIN
from goldilocks.report import sections, variants
from stored_runs import a_run, folds, seeds


def section(runs, histories=None):
    [found] = sections.sections(runs, histories or {}, lambda run_id, measure: None)
    return found


def test_runs_that_differ_in_their_seed_are_one_variant_with_an_interval():
    found = section([*seeds("4", [30.0, 40.0, 50.0]), *seeds("64", [9.0, 10.0, 11.0])])
    best, worst = found.variants
    assert (best.name, worst.name) == ("units=64", "units=4")
    spread = best.spread("val_loss")
    reach = stats.t.ppf(0.975, 2) * 1.0 / math.sqrt(3)
    assert (spread.mean, spread.low, spread.high) == (
        10,
        pytest.approx(10 - reach),
        pytest.approx(10 + reach),
    )
    assert found.columns == ("model.units",)
    assert dict(found.settings) == {"model.units": ("64", "4"), "seed": ("0", "1", "2")}
    assert found.same["dataset"] == "boston"
    assert {name: difference.mean for name, difference in found.differences.items()} == {
        "units=4": 15  # of the primary metric, mae
    }


def test_settings_without_an_effect_make_no_variants():
    runs = [
        a_run("a", 1.0, params={"tracking.uri": "x"}),
        a_run("b", 2.0, params={"tracking.uri": "y", "seed": "1"}),
    ]
    assert len(section(runs).variants) == 1


def test_the_best_epoch_counts_and_not_the_last():
    run = a_run("a", 1.5, metrics={"val_loss": 9.0})
    assert section([run]).variants[0].spread("val_loss").mean == 1.5


def test_a_stored_run_says_the_direction_of_a_measure_of_ones_own():
    params = {"problem.metrics": '["mypackage.retention"]', "trainer.monitor": "val_retention"}
    runs = [
        a_run(
            name,
            0.5,
            tags={"own_metrics": '{"retention": true}'},
            params={**params, "model.units": name},
            metrics={"best_val_retention": share},
        )
        for name, share in (("low", -6.0), ("high", 9.0))
    ]
    found = section(runs)
    assert found.measures == ("val_retention", "val_loss")
    assert found.higher == {"val_retention": True, "val_loss": False}
    assert found.reference.name == "units=high"


def test_a_measure_of_which_more_is_better_is_sorted_so():
    tags, settings = {"problem": "binary"}, {"trainer.monitor": "val_accuracy"}
    runs = [
        a_run(
            name,
            0.5,
            tags=tags,
            params={**settings, "model.units": name},
            metrics={"best_val_accuracy": share},
        )
        for name, share in (("low", 0.6), ("high", 0.9))
    ]
    found = section(runs)
    assert found.measures == ("val_accuracy", "val_loss")
    assert [each.name for each in found.variants] == ["units=high", "units=low"]


def test_the_primary_metric_ranks_whatever_is_monitored():
    weighted = a_run("a", 9.0, params={"model.units": "4"}, metrics={"best_val_mae": 1.0})
    plain = a_run("b", 2.0, params={"model.units": "8"}, metrics={"best_val_mae": 3.0})
    ranked = section([plain, weighted])
    assert ranked.measures == ("val_mae", "val_loss")
    assert [variant.name for variant in ranked.variants] == ["units=4", "units=8"]


def test_penalties_are_left_out_of_the_loss():
    unscored = {"problem": "binary"}  # Its primary metric, accuracy, is not logged here.
    data_loss = {"best_val_data_loss": 1.0}
    plain = a_run("a", 2.0, params={"regularizer": "none"}, tags=unscored)
    penalized = a_run("b", 5.0, params={"regularizer": "l2"}, metrics=data_loss, tags=unscored)
    assert [each.name for each in section([plain, penalized]).variants] == [
        "regularizer=l2",
        "regularizer=none",
    ]


def test_what_has_decided_the_best_epoch_is_said_in_the_words_of_the_page():
    typed = {"trainer.monitor": "val_loss"}  # What runs of earlier versions had by default.
    penalized = {"best_val_data_loss": 1.0}
    assert variants.monitor(a_run("a", 2.0, params={"trainer.monitor": "auto"})) == "val_loss"
    assert variants.monitor(a_run("a", 2.0, params=typed)) == "val_loss"
    with_penalty = a_run("a", 2.0, params=typed, metrics=penalized)
    assert variants.monitor(with_penalty) == "val_loss with its penalty"


def test_folds_count_as_one_variant_at_the_epoch_of_their_parent():
    reach = stats.t.ppf(0.975, 3) * math.sqrt(5 / 3) * math.sqrt(1 / 4 + 1 / 3)
    runs, histories = folds("8", [1.0, 2.0, 3.0, 4.0], overlap=1 / 3)
    [variant] = variants.group(runs, histories, ["val_loss"])
    assert variant.values["val_loss"] == {
        ("0", "1"): 1.0,
        ("0", "2"): 2.0,
        ("0", "3"): 3.0,
        ("0", "4"): 4.0,
    }
    assert variant.overlap == 1 / 3
    spread = variant.spread("val_loss")
    assert (spread.mean, spread.high) == (2.5, pytest.approx(2.5 + reach))
    assert [run.run_id for run in variant.runs] == ["8"]


def test_folds_have_the_interval_over_rows_that_their_run_has_logged():
    runs, histories = folds("8", [1.0, 2.0, 3.0, 4.0], overlap=1 / 3)
    ends = {"best_val_loss_low": 2.0, "best_val_loss_high": 3.5, "best_val_loss_few_rows": 4.0}
    parent = dataclasses.replace(runs[0], metrics={**runs[0].metrics, **ends})
    [variant] = variants.group([parent, *runs[1:]], histories, ["val_loss"])
    spread = variant.spread("val_loss")
    assert (spread.mean, spread.low, spread.high, spread.few_rows) == (2.5, 2.0, 3.5, 4.0)


def test_folds_without_their_overlap_have_no_interval_and_no_p_value():
    runs, histories = folds("8", [1.0, 2.0, 3.0], overlap=None)
    others, more = folds("64", [4.0, 5.0, 6.5], overlap=1 / 3)
    found = section([*runs, *others], histories | more)
    best = found.variants[0]
    assert best.overlap is None
    spread = best.spread("val_loss")
    assert (spread.mean, spread.deviation, math.isnan(spread.low)) == (2, 1, True)

    [difference] = found.differences.values()
    assert difference.mean == pytest.approx(3 + 1 / 6)
    assert difference.words == "folds were stored without their overlap"
    assert difference.beyond_noise is None


def test_repeats_on_one_split_have_no_overlap_whatever_their_version():
    runs, histories = folds("8", [1.0, 2.0, 3.0], overlap=None)
    repeats = [
        replace(run, tags={**run.tags, "role": "repeat"}) if "fold" in run.tags else run
        for run in runs
    ]
    [variant] = variants.group(repeats, histories, ["val_loss"])
    assert variant.overlap == 0


def test_runs_without_a_result_are_listed_and_not_counted():
    runs = seeds("4", [3.0, 4.0])
    runs += [
        a_run("bad", params={"model.units": "4", "seed": "2"}, status="FAILED"),
        a_run("cut", 1.0, params={"model.units": "4", "seed": "3"}, tags={"pruned": "true"}),
        a_run("now", params={"model.units": "9"}, status="RUNNING"),
    ]
    counted, without = section(runs).variants
    assert counted.problems == ("seed 2 failed", "seed 3 pruned")
    assert (counted.spread("val_loss").mean, len(counted.trainings)) == (3.5, 2)
    assert (without.problems, without.spread("val_loss")) == (("seed 0 still running",), None)


def test_of_one_seed_the_newest_run_counts():
    [variant] = section([a_run("old", 9.0, started=1), a_run("new", 1.0, started=2)]).variants
    assert variant.spread("val_loss").mean == 1.0
    assert variant.problems == ("an older run of seed 0 is not counted",)


def test_a_diverged_run_stands_last_and_is_not_compared():
    found = section([*seeds("4", [math.nan, 1.0]), *seeds("8", [5.0, 6.0])])
    assert [each.name for each in found.variants] == ["units=8", "units=4"]
    assert next(iter(found.differences.values())).words == "a value is not finite"


def test_variants_are_compared_with_the_best_of_several_trainings():
    lucky = a_run("x", 2.95, params={"model.units": "8"})
    found = section([*seeds("4", [6.0, 6.1, 6.2]), *seeds("64", [3.0, 3.1, 3.2]), lucky])
    assert found.variants[0].name == "units=8"
    assert found.reference.name == "units=64"
    assert [(name, difference.words) for name, difference in found.differences.items()] == [
        ("units=8", WITHIN),
        ("units=4", NO_ROWS),
    ]
    assert section([lucky]).reference.name == lucky.name
    assert section([a_run("bad", status="FAILED")]).reference is None


def test_variants_of_a_chapter_have_the_names_of_their_recipes():
    runs = [
        a_run(name, 1.0, params={"experiment": name, "model.units": name})
        for name in ("imdb_big", "imdb_small")
    ]
    assert {each.name for each in section(runs).variants} == {"imdb_big", "imdb_small"}


def test_folds_that_a_run_took_from_another_count_as_its_own():
    runs, histories = folds("64", [10.0, 11.0, 12.0], overlap=1 / 2)
    above, *below = runs
    taken = replace(
        above, tags={**above.tags, "reused.0": " ".join(run.run_id for run in below[:2])}
    )
    below = [
        replace(run, tags={**run.tags, "mlflow.parentRunId": "older"}) for run in below[:2]
    ] + below[2:]
    [found] = variants.group([taken, *below], histories, ["val_loss"])
    assert sorted(found.values["val_loss"].values()) == [10.0, 11.0, 12.0]


def test_rows_that_runs_have_stored_add_their_noise():
    runs = [*seeds("4", [6.0, 6.2, 6.4]), *seeds("64", [3.0, 3.2, 3.4])]
    noise = np.random.default_rng(0).normal(size=(2, 50)) * 12
    asked = set()

    def read_rows(run_id, measure):
        asked.add(measure)
        values = noise[int(run_id.startswith("64"))]
        return pd.Series(values), pd.Series(range(50))

    [found] = sections.sections(runs, {}, read_rows)
    [difference] = found.differences.values()
    assert (difference.rows, difference.words, asked) == (50, SEEDS, {"mae"})
    assert difference.error > np.hypot(*noise.std(axis=1)) / np.sqrt(50) * 0.9
