import csv
import dataclasses
import itertools
import json
import math
import os
import subprocess
import sys
import threading
from pathlib import Path

import optuna
import pytest
from filelock import FileLock

import searching
from goldilocks.errors import ConfigError
from goldilocks.jobs import records
from goldilocks.search.options import Options
from goldilocks.sweep.plan import RULES
from searching import Batched, Streaming, sweep

GRID = ("hydra.sweeper.sampler=grid", "model.units=4,8,16", "regularizer=none,l2")
SPACE = ("model.units=int(interval(4,64))", "optimizer.learning_rate=tag(log,interval(1e-4,1e-1))")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch, request):
    """A folder of its own; figures take a second, so only the tests of figures draw them."""
    monkeypatch.chdir(tmp_path)
    if "figures" not in request.fixturenames:
        monkeypatch.setattr(
            "goldilocks.report.search_figures.draw", lambda study, folder, *, measure: None
        )


@pytest.fixture
def figures():
    """Where they are drawn."""
    return Path("sweep/search")


def bowl(number, values):
    """Least at 32 units and a learning rate of 0.003."""
    return abs(int(values["model.units"]) - 32) / 32 + abs(
        math.log10(float(values.get("optimizer.learning_rate", 0.003))) + 2.5
    )


def stored_study(study=None):
    [log] = Path("search").glob("*.log")
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(log)))
    return optuna.load_study(study_name=study or log.stem, storage=storage)


def overrides_of(batches):
    return [tuple(job.overrides) for batch in batches for job in batch]


def test_a_grid_is_every_combination_in_hydras_order():
    done = sweep(Batched(lambda number, values: 1.0), *GRID, "dataset=boston")
    assert overrides_of(done) == [
        (f"model.units={units}", f"regularizer={name}", "dataset=boston")
        for units in (4, 8, 16)
        for name in ("none", "l2")
    ]
    assert [len(batch) for batch in done] == [6]
    assert [trial.number for trial in stored_study().trials] == list(range(6))


def test_a_batch_is_no_larger_than_asked():
    launcher = Batched(lambda number, values: 1.0)
    sweep(launcher, *GRID, "hydra.sweeper.max_batch_size=4")
    assert launcher.batches == [[0, 1, 2, 3], [4, 5]]


def test_tpe_comes_closer_than_its_first_trials():
    done = sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=40")
    values = [job.return_value for [job] in done]
    assert len(values) == 40
    assert min(values) < 0.15 < min(values[:5])


def test_a_slow_trial_does_not_hold_the_others():
    others = threading.Event()

    def job(number, values):
        if number == 0:
            assert others.wait(20), "the trials behind the slow one waited for it"
        elif number == 5:
            others.set()
        return float(number)

    launcher = Streaming(job, slots=2)
    [done] = sweep(launcher, *SPACE, "seed=1", "hydra.sweeper.trials=6")
    assert [job.return_value for job in done] == [0, 1, 2, 3, 4, 5]
    assert launcher.total == 6


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "nsgaii", "grid"])
def test_the_same_seed_gives_the_same_trials(sampler):
    space = GRID[1:] if sampler == "grid" else SPACE
    runs = []
    for study, seed in (("first", 1), ("again", 1), ("other", 2)):
        done = sweep(
            Batched(bowl),
            *space,
            "hydra.sweeper.trials=5",
            f"hydra.sweeper.sampler={sampler}",
            f"hydra.sweeper.seed={seed}",
            f"hydra.sweeper.study={study}",
            sweep_dir=Path(study),
        )
        runs.append(overrides_of(done))
    assert runs[0] == runs[1]
    assert (runs[0] == runs[2]) == (sampler == "grid")


def test_the_same_command_runs_no_trial_twice():
    first = sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=4")
    assert sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=4") == []
    more = sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=6")
    assert len(first) == 4
    assert len(more) == 2
    assert not set(overrides_of(first)) & set(overrides_of(more))
    assert len(stored_study().trials) == 6


@pytest.mark.long
def test_a_killed_search_goes_on_with_what_is_left(capsys):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [*GRID, "hydra.sweeper.max_batch_size=1"]
    killed = subprocess.run(
        [sys.executable, searching.__file__, *words],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -9, killed.stderr
    assert [trial.state.name for trial in stored_study().trials] == [
        "COMPLETE",
        "COMPLETE",
        "RUNNING",
    ]
    done = sweep(Batched(lambda number, values: 1.0), *words)
    assert overrides_of(done) == [
        ("model.units=8", "regularizer=none"),
        ("model.units=8", "regularizer=l2"),
        ("model.units=16", "regularizer=none"),
        ("model.units=16", "regularizer=l2"),
    ]
    assert [trial.state.name for trial in stored_study().trials] == [
        "COMPLETE",
        "COMPLETE",
        "FAIL",
        *4 * ["COMPLETE"],
    ]
    assert (
        "7 trials: 6 finished, 0 pruned, 0 failed, 1 failed or cut off and done again"
        in capsys.readouterr().out
    )


def test_an_interrupted_trial_runs_again_with_its_parameters():
    words = [*SPACE, "hydra.sweeper.trials=4"]

    def interrupted(number, values):
        if number == 2:
            raise KeyboardInterrupt
        return bowl(number, values)

    with pytest.raises(KeyboardInterrupt):
        sweep(Batched(interrupted), *words)
    lost = stored_study().trials[2].user_attrs["overrides"]
    done = sweep(Batched(bowl), *words)
    assert overrides_of(done)[0] == tuple(lost)
    assert len(done) == 2


def test_a_failed_job_is_raised_last_and_runs_again():
    def job(number, values):
        if values["model.units"] == "8" and number < 6:
            raise ZeroDivisionError("too small")
        return 1.0

    with pytest.raises(ZeroDivisionError, match="too small"):
        sweep(Streaming(job, slots=1), *GRID)
    assert [trial.state.name for trial in stored_study().trials] == [
        *2 * ["COMPLETE"],
        *2 * ["FAIL"],
        *2 * ["COMPLETE"],
    ]
    [again] = sweep(Streaming(job, slots=1), *GRID)
    assert [job.overrides[0] for job in again] == ["model.units=8", "model.units=8"]


def test_a_diverged_run_is_the_worst_and_does_not_run_again():
    words = [*SPACE, "hydra.sweeper.trials=3"]
    sweep(Batched(lambda number, values: math.nan if number == 1 else 1.0), *words)
    assert stored_study().trials[1].value == math.inf
    assert sweep(Batched(bowl), *words) == []


def test_a_pruned_job_is_a_pruned_trial():
    def job(number, values):
        records.update(Path("sweep"), number, pruned=number == 1)
        return 1.0

    sweep(Batched(job), *SPACE, "hydra.sweeper.trials=3")
    assert [trial.state.name for trial in stored_study().trials] == [
        "COMPLETE",
        "PRUNED",
        "COMPLETE",
    ]


def test_conditional_keys_reach_the_jobs():
    done = sweep(
        Batched(lambda number, values: 1.0),
        "model.units=4,8",
        "regularizer=none,dropout",
        "regularizer.dropout=interval(0.1,0.5)",
        "hydra.sweeper.when={regularizer.dropout:'regularizer=dropout'}",
        "hydra.sweeper.trials=12",
    )
    for words in overrides_of(done):
        values = dict(word.split("=") for word in words)
        assert ("regularizer.dropout" in values) == (values["regularizer"] == "dropout")
    assert len({words[1] for words in overrides_of(done)}) == 2


def test_params_of_the_configuration_come_before_the_command_line():
    done = sweep(
        Batched(lambda number, values: 1.0),
        "hydra.sweeper.sampler=grid",
        "hydra.sweeper.params={seed: '1,2', model.units: [64,4], regularizer: none}",
        "regularizer=l1,l2",
    )
    assert overrides_of(done) == [
        (f"seed={seed}", "model.units=[64,4]", f"regularizer={name}")
        for seed, name in itertools.product("12", ("l1", "l2"))
    ]


def test_no_trial_starts_after_the_seconds():
    assert sweep(Batched(bowl), *SPACE, "hydra.sweeper.seconds=1e-9") == []
    assert len(sweep(Batched(bowl), *SPACE, "hydra.sweeper.seconds=0.3")) > 0


@pytest.mark.parametrize(
    ("monitor", "direction"), [("val_loss", "MINIMIZE"), ("val_accuracy", "MAXIMIZE")]
)
def test_the_direction_is_that_of_the_monitored_value(monitor, direction):
    sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=1", f"trainer.monitor={monitor}")
    assert stored_study().direction.name == direction


def test_a_search_prints_a_summary_and_writes_its_results(capsys, figures):
    def job(number, values):
        if number == 5:
            raise ZeroDivisionError
        return bowl(number, values)

    with pytest.raises(ZeroDivisionError):
        sweep(Batched(job), *SPACE, "hydra.sweeper.trials=6")
    output = capsys.readouterr()
    assert "6 trials: 5 finished, 0 pruned, 1 failed" in output.out
    assert "goldilocks train model.units=" in output.out
    assert "Trial" not in output.err
    names = ("history", "importances", "parallel_coordinates")
    assert {file.name for file in figures.iterdir()} == {
        "trials.csv",
        *(f"{name}.png" for name in names),
    }
    rows = list(csv.DictReader((figures / "trials.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == [*5 * ["complete"], "fail"]
    assert float(rows[0]["val_loss"]) == stored_study().trials[0].value


def test_importances_need_two_trials(capsys, figures):
    sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=1")
    assert "importances need 2 finished trials" in capsys.readouterr().out
    assert not list(figures.glob("importances*"))


def test_jobs_find_their_trials_by_the_folder_of_the_sweep():
    def job(number, values):
        spec = json.loads(Path("sweep/search.json").read_text())
        assert (spec["pruner"], spec["epochs"]) == ("median", 15)
        assert Path(spec["storage"]).is_absolute()
        return 1.0

    sweep(Batched(job), *SPACE, "hydra.sweeper.trials=1", "hydra.sweeper.pruner=median")


def test_two_processes_do_not_search_the_same_study():
    Path("search").mkdir()
    with (
        FileLock("search/mine.running"),
        pytest.raises(ConfigError, match=r"mine is being searched by another process"),
    ):
        sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=1", "hydra.sweeper.study=mine")


def test_a_study_of_another_space_is_refused():
    sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=1", "hydra.sweeper.study=mine")
    with pytest.raises(ConfigError, match=r"mine was of another search: it differs in model.units"):
        sweep(
            Batched(bowl),
            "model.units=4,8",
            SPACE[1],
            "hydra.sweeper.trials=1",
            "hydra.sweeper.study=mine",
        )
    with pytest.raises(ConfigError, match=r"mine was of another search: it differs in measure"):
        sweep(
            Batched(bowl),
            *SPACE,
            "hydra.sweeper.trials=1",
            "hydra.sweeper.study=mine",
            "trainer.monitor=val_accuracy",
        )


def test_a_study_resumes_after_a_half_written_line():
    sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=2", "hydra.sweeper.study=mine")
    with Path("search/mine.log").open("a") as log:
        log.write('{"op_code":4,"wor')  # A full disk, or the power.
    assert (
        len(sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=3", "hydra.sweeper.study=mine")) == 1
    )
    assert len(stored_study().trials) == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hydra.sweeper.trials=0"], "trials is 0; expected a whole number of at least 1, or null"),
        (
            ["hydra.sweeper.trials=1", "hydra.sweeper.sampler=best"],
            'sampler is "best"; expected one of grid, tpe',
        ),
        (
            ["hydra.sweeper.trials=1", "hydra.sweeper.pruner=some"],
            "pruner is .*; expected one of none, median",
        ),
        (["hydra.sweeper.trials=1", "hydra.sweeper.study=a/b"], "a name without /"),
        ([], "sampler=tpe would never end; add hydra.sweeper.trials=N"),
        (
            ["hydra.sweeper.trials=0", "seed=range(2,1)"],
            r"2 errors(.|\n)*trials is 0(.|\n)*seed=range\(2,1\) has no value",
        ),
    ],
)
def test_wrong_options_are_sentences(words, message):
    with pytest.raises(ConfigError, match=message):
        sweep(Batched(bowl), *SPACE, *words)
    assert not Path("sweep").exists()


def test_a_sampler_without_its_package_names_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"sampler=gp needs the package torch, which is not installed"
    ):
        sweep(Batched(bowl), *SPACE, "hydra.sweeper.trials=1", "hydra.sweeper.sampler=gp")


def test_the_yaml_has_the_options_of_the_sweeper_and_explains_them():
    lines = [
        line
        for line in (searching.CONF / "hydra/sweeper/search.yaml").read_text().splitlines()
        if line[0] != "#"
    ]
    keys = {line.split(":")[0] for line in lines} - {"_target_"}
    assert all("#" in line for line in lines if not line.startswith("_target_"))
    options = dataclasses.fields(Options)
    assert keys == {option.name for option in options} == set(RULES)
    assert all(option.default is dataclasses.MISSING for option in options)


def test_optuna_is_not_imported_where_nothing_is_searched():
    code = "import sys; from hydra.core.plugins import Plugins; Plugins.instance(); sys.exit('optuna' in sys.modules)"
    command = f"import goldilocks.sweep.callback; {code}"
    subprocess.run([sys.executable, "-c", command], check=True)


def test_figures_of_trials_that_do_not_differ_are_drawn(figures):
    sweep(Batched(lambda number, values: 1.0), *GRID)
    assert not (figures / "importances.png").exists()


def test_a_search_without_a_finished_trial_has_a_table(figures, capsys):
    def job(number, values):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sweep(Batched(job), *SPACE, "hydra.sweeper.trials=2")
    assert "no trial has finished" in capsys.readouterr().out
    assert [file.name for file in figures.iterdir()] == ["trials.csv"]
