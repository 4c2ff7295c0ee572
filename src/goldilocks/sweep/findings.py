"""What a search has found: in words, as a table of its trials, and as figures."""

import shlex
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pandas
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from optuna.exceptions import ExperimentalWarning
from optuna.trial import FrozenTrial, TrialState

# Inches: wide enough for six parameters side by side.
SIZE = (11.0, 5.0)

# Fewer finished trials do not show which parameter matters.
FEWEST_FOR_IMPORTANCES = 2

LONGEST_LABEL = 24  # signs; longer names of keys and values are cut in figures


def said(study: optuna.Study, *, measure: str) -> str:
    """How many trials there were, which is the best, and what it takes to have it again."""
    trials = study.get_trials(deepcopy=False)
    counts = Counter(trial.state for trial in trials)
    words = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    parts = ", ".join(f"{counts[state]} {word}" for state, word in words.items())
    epochs = sum(_epochs(trial) for trial in trials)
    lines = [f"searched  {len(trials)} trials: {parts}" + (f"; {epochs} epochs trained" if epochs else "")]
    if counts[TrialState.COMPLETE]:
        best = study.best_trial
        command = shlex.join(["python", "train.py", *best.user_attrs["overrides"]])
        lines.append(f"best      {measure} {best.value:.6g} in trial {best.number}: {command}")
    else:
        lines.append("best      no trial has finished")
    if counts[TrialState.COMPLETE] < FEWEST_FOR_IMPORTANCES:
        lines.append(f"          importances need {FEWEST_FOR_IMPORTANCES} finished trials, and are not drawn")
    return "\n".join(lines)


def write(study: optuna.Study, folder: Path, *, measure: str) -> None:
    """Write `trials.csv`, and each figure as PNG and as HTML that needs no network.

    Args:
        study: All of its trials are shown.
        folder: Made where it is not there.
        measure: What is compared, by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table(study, measure=measure).to_csv(folder / "trials.csv", index=False)
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not finished:
        return
    from optuna.visualization import matplotlib as drawn
    from optuna.visualization import plot_optimization_history, plot_parallel_coordinate, plot_param_importances

    _draw("history", folder, plot_optimization_history, drawn.plot_optimization_history, study, measure)
    if any(trial.params for trial in finished):
        _draw("parallel_coordinates", folder, plot_parallel_coordinate, drawn.plot_parallel_coordinate, study, measure)
        if len(finished) >= FEWEST_FOR_IMPORTANCES:
            _draw("importances", folder, plot_param_importances, drawn.plot_param_importances, study, measure)


def table(study: optuna.Study, *, measure: str) -> pandas.DataFrame:
    """A row for each trial: number, state, value, parameters, epochs, seconds and overrides."""
    rows: list[dict[str, Any]] = []
    for trial in study.get_trials(deepcopy=False):
        seconds = trial.duration.total_seconds() if trial.duration else None
        overrides = " ".join(trial.user_attrs.get("overrides", []))
        rows.append(
            {"trial": trial.number, "state": trial.state.name.lower(), measure: trial.value}
            | dict(sorted(trial.params.items()))
            | {"epochs": _epochs(trial), "seconds": seconds, "overrides": overrides}
        )
    last = ["epochs", "seconds", "overrides"]
    found = pandas.DataFrame(rows)
    return found[[name for name in found if name not in last] + last] if rows else found


def _epochs(trial: FrozenTrial) -> int:
    """Epochs trained in all trainings; of a job that did not come to say it, those that it told of."""
    return trial.user_attrs.get("epochs", trial.last_step or 0)


def _draw(
    name: str,
    folder: Path,
    interactive: Callable[..., Any],
    drawn: Callable[..., Axes],
    study: optuna.Study,
    measure: str,
) -> None:
    """One figure twice: HTML beside the one plotly.min.js that all share, and PNG."""
    with warnings.catch_warnings():
        # What Optuna may still change about its figures is their signature, and the version is pinned.
        warnings.simplefilter("ignore", ExperimentalWarning)
        named = {} if name == "importances" else {"target_name": measure}
        shown = interactive(study, **named)
        axes = drawn(study, **named)
    shown.write_html(folder / f"{name}.html", include_plotlyjs="directory")
    figure = axes.figure
    assert isinstance(figure, Figure)
    figure.set_size_inches(*SIZE)
    figure.savefig(folder / f"{name}.png", bbox_inches="tight", dpi=110)
    pyplot.close(figure)
