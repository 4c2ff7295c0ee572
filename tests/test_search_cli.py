import subprocess
import sys
from pathlib import Path

import pytest

from goldilocks.errors import ConfigError
from goldilocks.sweep.expand import check_measure

TRAIN = Path(__file__).parent.parent / "train.py"
SEARCH = (
    "-m",
    "hydra/sweeper=search",
    "dataset=boston",
    "dataset.source=stand_in",
    "trainer=smoke",
    "tracking=none",
)


@pytest.fixture
def train(folder):
    """Starts train.py as a person does, and returns it with its output."""

    def run(*arguments):
        return subprocess.run(
            [sys.executable, TRAIN, *SEARCH, *arguments], cwd=folder, capture_output=True, text=True
        )

    return run


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model.units=4,8"], "sampler=tpe would never end; add hydra.sweeper.trials=N"),
        (
            ["hydra.sweeper.trials=2", "model.units=interval(4,8)"],
            "model.units is 4.0; expected a whole number",
        ),
        (
            [
                "hydra.sweeper.trials=2",
                "model.units=4,8",
                "hydra.sweeper.when={model.layers: 'model.units=4'}",
            ],
            "model.layers is not given; expected one of dataset",
        ),
    ],
)
def test_a_wrong_search_stops_before_its_first_job(folder, train, arguments, message):
    done = train(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "multirun").exists()
    assert not (folder / "search").exists()


def test_jobs_that_monitor_different_values_are_not_compared(composed):
    jobs = [
        composed("model=mlp", f"trainer.monitor={name}") for name in ("val_loss", "val_accuracy")
    ]
    with pytest.raises(
        ConfigError,
        match=r"val_accuracy in jobs of this search, which compares val_loss; .*monitor=val_a",
    ):
        check_measure(jobs, "val_loss")
    check_measure(jobs[:1], "val_loss")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("problem.log_target", ("true", "false")),
        ("problem.loss", ("mse", "mae")),
        ("problem.standardize", ("true", "false")),
    ],
)
def test_losses_of_different_kinds_are_not_searched_by(composed, key, values):
    jobs = [composed("dataset=boston", f"{key}={value}") for value in values]
    with pytest.raises(ConfigError, match=rf"{key} is \w+ and \w+ in jobs .+ of different kinds"):
        check_measure(jobs, "val_loss")


def test_one_loss_under_two_names_is_searched_by(composed):
    check_measure(
        [composed("dataset=boston", f"problem.loss={loss}") for loss in ("auto", "mse")], "val_loss"
    )


@pytest.mark.slow
def test_a_search_chooses_its_jobs_and_goes_on(folder, train):
    space = (
        "model.units=int(interval(4,8))",
        "optimizer.learning_rate=tag(log,interval(1e-3,1e-2))",
    )
    first = train("hydra.sweeper.trials=2", *space)
    assert first.returncode == 0, first.stderr
    assert "2 trials: 2 finished, 0 pruned, 0 failed" in first.stdout
    assert "warning" not in first.stderr.lower()
    more = train("hydra.sweeper.trials=3", *space)
    assert "3 trials: 3 finished, 0 pruned, 0 failed" in more.stdout
    first_logs, more_logs = (
        list(run.glob("jobs/*.log")) for run in sorted(folder.glob("multirun/*/*"))
    )
    assert (len(first_logs), len(more_logs)) == (2, 1)
