"""Figures of a search: Optuna's, as PNG and as HTML that needs no network."""

import warnings
from pathlib import Path

import optuna
from matplotlib import pyplot, rc_context
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from optuna import visualization
from optuna.exceptions import ExperimentalWarning
from optuna.study import StudyDirection
from optuna.trial import TrialState
from optuna.visualization import matplotlib as static

from goldilocks.plots import style
from goldilocks.search.results import FEWEST_FOR_IMPORTANCES, distinct_values

HEIGHT = 500  # pixels


def draw(study: optuna.Study, folder: Path, *, measure: str) -> None:
    """Draw the figures that the trials of a study have enough values for.

    Args:
        study: All of its trials are shown.
        folder: Gets two files per figure, and the script that the HTML files share.
        measure: What is compared, by name.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return
    _draw(
        study,
        folder / "history",
        "plot_optimization_history",
        title=f"{measure} of each trial, and the best so far",
        target_name=measure,
    )

    if not any(trial.params for trial in complete):
        return
    _draw(
        study,
        folder / "parallel_coordinates",
        "plot_parallel_coordinate",
        title=f"Every finished trial: its {measure}, and its parameters",
        target_name=measure,
    )

    if distinct_values(study) < FEWEST_FOR_IMPORTANCES:
        return
    _draw(
        study,
        folder / "importances",
        "plot_param_importances",
        title=f"Share of each parameter in the differences of {measure}",
    )


def _draw(study: optuna.Study, file: Path, name: str, *, title: str, **options: str) -> None:
    """Draw a figure of Optuna's twice: HTML beside the one plotly.min.js of all, and PNG."""
    with warnings.catch_warnings(), rc_context():  # Optuna changes matplotlib's style for good.
        # What Optuna may still change is the signature of its figures, and its version is pinned.
        warnings.simplefilter("ignore", ExperimentalWarning)
        # All trials may have the same value.
        warnings.filterwarnings("ignore", message="Attempting to set identical low and high")

        page = getattr(visualization, name)(study, **options)
        page.update_layout(title=title)
        page.write_html(file.with_suffix(".html"), include_plotlyjs="directory")

        axes: Axes = getattr(static, name)(study, **options)
        axes.set_title("")
        axes.set_title(title, loc="left", pad=20)
        figure = axes.figure
        assert isinstance(figure, Figure)
        _restyle(figure, axes, reverse=study.direction == StudyDirection.MAXIMIZE)
        figure.savefig(file.with_suffix(".png"), bbox_inches="tight", dpi=style.DPI)
        pyplot.close(figure)


def _restyle(figure: Figure, axes: Axes, *, reverse: bool) -> None:
    """Remove the grid of Optuna's figure, and make its lines and labels stand out."""
    figure.set_size_inches(style.WIDTH / style.DPI, HEIGHT / style.DPI)
    legend = axes.get_legend()
    if legend and len(axes.get_legend_handles_labels()[0]) == 1:
        legend.remove()  # A single entry distinguishes nothing.

    for panel in figure.axes:
        panel.set_facecolor("white")
        panel.grid(visible=False)
        panel.spines[["left", "bottom"]].set_color(style.QUIET)
        for label in panel.get_yticklabels():
            label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})

    for lines in axes.collections:
        if isinstance(lines, LineCollection):
            lines.set(cmap="viridis_r" if reverse else "viridis", linewidth=1.2, alpha=0.8)
