"""What searching saves: epochs until TPE with pruning is as good as a grid's best, and the grid's.

Run: .venv/bin/python benchmarks/search.py [trainer.epochs=20 hydra/launcher=local]
"""

import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

import optuna

from goldilocks.search.study import open_storage

TRAIN = Path(__file__).parents[1] / "train.py"

# One problem for all: Boston's home values, a small dense network.
PROBLEM = ("dataset=boston", "dataset.source=stand_in", "trainer.epochs=20", "tracking=none")

UNITS = (4, 8, 16, 32, 64, 128)
RATES = (0.0003, 0.001, 0.003, 0.01)
GRID = (
    "hydra.sweeper.sampler=grid",
    f"model.units={','.join(map(str, UNITS))}",
    f"optimizer.learning_rate={','.join(map(str, RATES))}",
)
SPACE = (
    f"hydra.sweeper.trials={len(UNITS) * len(RATES)}",
    f"model.units=tag(log,int(interval({UNITS[0]},{UNITS[-1]})))",
    f"optimizer.learning_rate=tag(log,interval({RATES[0]},{RATES[-1]}))",
)
SEEDS = (0, 1, 2)


def searched(name: str, *overrides: str) -> optuna.Study:
    """The study of a search in a process of its own, in the present folder."""
    command = [
        sys.executable,
        str(TRAIN),
        "-m",
        "hydra/sweeper=search",
        f"hydra.sweeper.study={name}",
    ]
    subprocess.run(
        [*command, *PROBLEM, *overrides],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return optuna.load_study(study_name=name, storage=open_storage(f"search/{name}.log"))


def epochs(trials: list[optuna.trial.FrozenTrial]) -> int:
    return sum(trial.user_attrs.get("epochs", trial.last_step or 0) for trial in trials)


def until(study: optuna.Study, value: float) -> int | None:
    """Epochs of all trials up to the first that is at least so good; None if there is none."""
    trials = study.get_trials(deepcopy=False)
    for count, trial in enumerate(trials, 1):
        if (
            trial.state == optuna.trial.TrialState.COMPLETE
            and trial.value is not None
            and trial.value <= value
        ):
            return epochs(trials[:count])
    return None


def main(given: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        grid = searched("grid", *GRID, *given)
        print(
            f"grid      best val_loss {grid.best_value:.3f}, {len(grid.trials)} trials, "
            f"{epochs(grid.trials)} epochs",
            flush=True,
        )
        for seed in SEEDS:
            for pruner in ("median", "hyperband"):
                study = searched(
                    f"{pruner}{seed}",
                    *SPACE,
                    f"hydra.sweeper.pruner={pruner}",
                    f"hydra.sweeper.seed={seed}",
                    *given,
                )
                reached = until(study, grid.best_value)
                print(
                    f"tpe, {pruner:9} seed {seed}: best val_loss {study.best_value:.3f}, "
                    f"{len(study.trials)} trials, "
                    f"{epochs(study.trials)} epochs; as good as the grid "
                    + ("at no time" if reached is None else f"after {reached} epochs"),
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1:])
