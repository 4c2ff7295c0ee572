"""Figures of a search, as Optuna draws them."""

import warnings
from pathlib import Path

import optuna
from matplotlib import pyplot, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState
from optuna.visualization import matplotlib as visualization

from goldilocks.plots import style
from goldilocks.search.results import FEWEST_FOR_IMPORTANCES, distinct_values

HEIGHT = 500  # pixels


def draw(study: optuna.Study, folder: Path, *, measure: str) -> None:
    """Draw the figures that the trials of a study have enough values for.

    Args:
        study: All of its trials are shown.
        folder: Gets a PNG file per figure.
        measure: What is compared, by name.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return

    with warnings.catch_warnings(), rc_context():  # Optuna changes matplotlib's style for good.
        # What Optuna may still change is the signature of its figures, and its version is pinned.
        warnings.simplefilter("ignore", ExperimentalWarning)
        # All trials may have the same value.
        warnings.filterwarnings("ignore", message="Attempting to set identical low and high")

        history = visualization.plot_optimization_history(study, target_name=measure)
        _save(history, folder / "history.png", f"{measure} of each trial, and the best so far")
        if any(trial.params for trial in complete):
            parallel = visualization.plot_parallel_coordinate(study, target_name=measure)
            title = f"Every finished trial: its {measure}, and its parameters"
            _save(parallel, folder / "parallel_coordinates.png", title)
        if distinct_values(study) >= FEWEST_FOR_IMPORTANCES:
            importances = visualization.plot_param_importances(study)
            title = f"Share of each parameter in the differences of {measure}"
            _save(importances, folder / "importances.png", title)


def _save(axes: Axes, file: Path, title: str) -> None:
    """Write a figure of Optuna's with a title of ours, and close it."""
    axes.set_title("")
    axes.set_title(title, loc="left", pad=20)
    figure = axes.figure
    assert isinstance(figure, Figure)
    figure.set_size_inches(style.WIDTH / style.DPI, HEIGHT / style.DPI)
    for panel in figure.axes:  # Lines of parallel coordinates cross the labels.
        for label in panel.get_yticklabels():
            label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})

    figure.savefig(file, bbox_inches="tight", dpi=style.DPI)
    pyplot.close(figure)
