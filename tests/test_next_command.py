import dataclasses
import shlex

import pytest
from hydra import initialize_config_dir

from composition import CONF, ROOT
from goldilocks.config import invocation
from goldilocks.config.command_line import compose_settings
from goldilocks.config.literals import for_hydra
from goldilocks.report import sections
from goldilocks.sweep import next_command
from goldilocks.sweep.expand import combinations, settings_of
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


def test_what_the_store_has_is_found_by_the_data_and_not_by_its_rows(hydra, monkeypatch):
    tags = {"dataset.rows": "5" * 64, "dataset.digest": "6" * 64, "verdict": "underfit"}
    runs = [a_run(str(units), loss, tags=tags) for units, loss in ((4, 3.0), (8, 2.0))]
    runs = [dataclasses.replace(run, params={"model.base": "vgg16"}) for run in runs]
    asked = {}
    monkeypatch.setattr(next_command, "unresolved", lambda section: [])
    monkeypatch.setattr(next_command, "stored_predictions", lambda store, run_id: (range(3), None))
    monkeypatch.setattr(
        *(next_command.next_moves, "propose"),
        lambda settings, *_, digest, **__: asked.update(settings=settings, digest=digest) or (),
    )
    words = {run.run_id: ["dataset=catsdogs", "model=pretrained"] for run in runs}
    next_command.commands([section(runs)], words, NullStore())
    assert asked["digest"] == "6" * 64
    assert asked["settings"].tree["model"]["base"] == "vgg16"


def test_of_jobs_that_differ_in_two_keys_the_best_alone_is_trained_again():
    jobs = [
        ["dataset=boston", "model.units=4", "seed=1"],
        ["dataset=boston", "model.units=8", "seed=2"],
    ]
    assert "-m dataset=boston model.units=4 seed=1 seed=0,1,2" in next_command._over_seeds(jobs)


def test_a_name_with_a_comma_stays_one_name_behind_m():
    jobs = [["dataset.target='x, y'", f"model.units={units}"] for units in (4, 8)]
    assert "dataset.target='x, y'" in next_command._over_seeds(jobs)


def test_after_a_single_run_a_sweep_has_nothing_to_say():
    runs = seeds("4", [1.0])
    assert next_command.commands([section(runs)], {}, NullStore()) == {}


@pytest.mark.parametrize(
    "words",
    [
        ["dataset.target=left us"],
        ["dataset.target=price (USD)"],
        ["dataset.target=it's"],
        ["dataset.target=a=b"],
        ["dataset.target=a\\b"],
        ["dataset.target=größe"],
        ["dataset.target=[left us,right us]"],
        ["dataset.target=y", "dataset.drop=[customer id,since]"],
        ["dataset.target=y", "dataset.drop=customer id"],
        ["dataset.target=y", "dataset.drop=['a, b',c]"],
        ["dataset.target=y", "dataset.missing=[n a,-]"],
        ["dataset.target=y", "problem.class_weight={no: 1, yes: 5}"],
    ],
    ids=" ".join,
)
def test_the_command_of_a_sweeps_job_is_read_the_same_when_it_is_pasted(words):
    typed = ["-m", "dataset=table", f"dataset.file={ROOT / 'README.md'}", *words, "seed=4,8"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        job = settings_of(combinations(for_hydra(typed)[1:]))[0]
        # Alone, and as one of several with other seeds.
        alone = shlex.split(job.command)[2:]
        swept = shlex.split(invocation.command("train", ["-m", *job.overrides, "seed=4,5"]))[2:]
        [first, _] = settings_of(combinations(for_hydra(swept)[1:]))
    assert first.tree == job.tree
    assert compose_settings(alone, CONF).tree == job.tree
