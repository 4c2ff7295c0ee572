"""What a search has found: in words, as a table of its trials, and as figures."""

import math
import shlex
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pandas
from matplotlib import pyplot, rc_context
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from optuna.exceptions import ExperimentalWarning
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from goldilocks.plots import style

HEIGHT = 500  # pixels

TITLES = {
    "history": "{measure} of each trial, and the best so far",
    "importances": "Share of each parameter in the differences of {measure}",
    "parallel_coordinates": "Every finished trial: its {measure}, and its parameters",
}

# Fewer different values do not show which parameter matters.
FEWEST_FOR_IMPORTANCES = 2


def said(study: optuna.Study, *, measure: str) -> str:
    """How many trials there were, which is the best, and what it takes to have it again."""
    trials = study.get_trials(deepcopy=False)
    counts = Counter(trial.state for trial in trials)
    ended = [
        trial.params for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    ]
    failed = sum(trial.state == TrialState.FAIL and trial.params not in ended for trial in trials)
    parts = f"{counts[TrialState.COMPLETE]} finished, {counts[TrialState.PRUNED]} pruned, {failed} failed"
    if again := counts[TrialState.FAIL] - failed:
        parts += f", {again} failed or cut off and done again"
    epochs = sum(_epochs(trial) for trial in trials)
    lines = [
        f"searched  {len(trials)} trial{'s' * (len(trials) != 1)}: {parts}"
        + (f"; {epochs} epochs trained" if epochs else "")
    ]
    if counts[TrialState.COMPLETE]:
        best = study.best_trial
        command = shlex.join(["python", "train.py", *best.user_attrs["overrides"]])
        lines.append(f"best      {measure} {best.value:.6g} in trial {best.number}: {command}")
    else:
        lines.append("best      no trial has finished")
    if _values(study) < FEWEST_FOR_IMPORTANCES:
        lines.append(
            f"          importances need {FEWEST_FOR_IMPORTANCES} finished trials that differ, and "
            "are not drawn"
        )
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
    from optuna.visualization import (
        plot_optimization_history,
        plot_parallel_coordinate,
        plot_param_importances,
    )

    _draw(
        "history",
        folder,
        plot_optimization_history,
        drawn.plot_optimization_history,
        study,
        measure,
    )
    if any(trial.params for trial in finished):
        _draw(
            "parallel_coordinates",
            folder,
            plot_parallel_coordinate,
            drawn.plot_parallel_coordinate,
            study,
            measure,
        )
        if _values(study) >= FEWEST_FOR_IMPORTANCES:
            _draw(
                "importances",
                folder,
                plot_param_importances,
                drawn.plot_param_importances,
                study,
                measure,
            )


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


def _values(study: optuna.Study) -> int:
    """How many different values the finished trials have, without those of diverged runs."""
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return len(
        {
            trial.value
            for trial in finished
            if trial.value is not None and math.isfinite(trial.value)
        }
    )


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
    title = TITLES[name].format(measure=measure)
    named = {} if name == "importances" else {"target_name": measure}
    with warnings.catch_warnings(), rc_context():  # Optuna changes matplotlib's style for good.
        # What Optuna may still change about its figures is their signature, and the version is
        # pinned.
        warnings.simplefilter("ignore", ExperimentalWarning)
        # All trials may have the same value.
        warnings.filterwarnings("ignore", message="Attempting to set identical low and high")
        shown = interactive(study, **named)
        axes = drawn(study, **named)
        shown.update_layout(title=title)
        shown.write_html(folder / f"{name}.html", include_plotlyjs="directory")
        figure = axes.figure
        assert isinstance(figure, Figure)
        axes.set_title("")
        axes.set_title(title, loc="left", pad=20)
        _mend(figure, axes, rising=study.direction == StudyDirection.MAXIMIZE)
        figure.savefig(folder / f"{name}.png", bbox_inches="tight", dpi=style.DPI)
        pyplot.close(figure)


def _mend(figure: Figure, axes: Axes, *, rising: bool) -> None:
    """Make a figure of Optuna's readable: no grid, no line as pale as the paper, labels that stand out from lines."""
    figure.set_size_inches(style.WIDTH / style.DPI, HEIGHT / style.DPI)
    if (legend := axes.get_legend()) and len(axes.get_legend_handles_labels()[0]) == 1:
        legend.remove()  # It has nothing to tell apart.
    for each in figure.axes:
        each.set_facecolor("white")
        each.grid(visible=False)
        each.spines[["left", "bottom"]].set_color(style.QUIET)
        for label in each.get_yticklabels():
            label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})
    for lines in axes.collections:
        if isinstance(lines, LineCollection):
            lines.set(cmap="viridis_r" if rising else "viridis", linewidth=1.2, alpha=0.8)
