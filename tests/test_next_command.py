import pytest
from hydra import initialize_config_dir

from composition import CONF
from goldilocks.report import sections
from goldilocks.sweep import next_command
from goldilocks.tracking.null import NullStore
from stored_runs import a_run, seeds


@pytest.fixture
def hydra():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


def section(runs):
    [found] = sections.sections(runs, {}, lambda run_id, measure: None)
    return found


def judged(units, verdict, loss):
    return a_run(units, loss, params={"model.units": units}, tags={"verdict": verdict})


def test_what_one_seed_cannot_tell_apart_is_trained_with_more_seeds(hydra):
    runs = [judged("4", "underfit", 3.0), judged("8", "balanced", 2.0)]
    words = {
        run.run_id: ["dataset=boston", f"model.units={n}"]
        for run, n in zip(runs, (4, 8), strict=True)
    }
    [command] = next_command.commands([section(runs)], words, NullStore()).values()
    assert command.endswith(
        " train.py -m dataset=boston model.units=8,4 seed=0,1,2   "
        "# one seed cannot tell how much of the lead is chance"
    )


def test_of_jobs_that_differ_in_two_keys_the_best_alone_is_trained_again():
    jobs = [
        ["dataset=boston", "model.units=4", "seed=1"],
        ["dataset=boston", "model.units=8", "seed=2"],
    ]
    assert "-m dataset=boston model.units=4 seed=1 seed=0,1,2" in next_command._over_seeds(jobs)


def test_after_a_single_run_a_sweep_has_nothing_to_say():
    runs = seeds("4", [1.0])
    assert next_command.commands([section(runs)], {}, NullStore()) == {}
