"""Train, sweep and go through the workflow from Python: `goldilocks.train` and its neighbours.

A training runs in this process, and leaves it as it was. A sweep and the workflow, which have
processes of their own, run as the commands do.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Sequence
from pathlib import Path

from goldilocks import console, prepare_environment
from goldilocks.config import command_line
from goldilocks.config.options import CONF, OptionFiles
from goldilocks.errors import ConfigError
from goldilocks.formatting import quoted
from goldilocks.notebook import commands, frames
from goldilocks.notebook.frames import Data
from goldilocks.notebook.tracked_run import Run, load_run
from goldilocks.run import data_source
from goldilocks.tracking import local
from goldilocks.tracking.store import MlflowStore

__all__ = ["Run", "load_run", "run_sweep", "run_workflow", "train"]


def train(
    *overrides: str,
    data: Data | None = None,
    target: str | Sequence[str] | None = None,
    quiet: bool = False,
) -> Run:
    """Train, judge and track one configuration, as `python train.py` does, in this process.

    The same call again trains nothing: it returns the run that has the result. Random states,
    TensorFlow's deterministic mode, Keras's session and settings and MLflow's tracking URI are put
    back; Keras must run on TensorFlow.

    >>> run = goldilocks.train("dataset=boston", "model=mlp")  # doctest: +SKIP
    >>> run = goldilocks.train("model=mlp", data=frame, target="price")  # doctest: +SKIP
    >>> run.history["val_loss"], run.verdict, run.model(), run.figure()  # doctest: +SKIP

    Args:
        overrides: As typed behind `train.py`.
        data: A table with a row per example, the target among its columns; it is kept in a file of
            this folder. Or the path of a file or folder, or the name of a data set.
        target: Name of the column to predict, or several.
        quiet: Whether to print warnings alone.

    Returns:
        The run: `history`, `metrics`, `verdict`, `model()`, `figure()`, `id`.

    Raises:
        goldilocks.errors.UserError: What was asked for cannot be done; the message says why, and
            what to type instead.
    """
    words = _words(overrides, data, target)
    settings = command_line.compose_settings(words, CONF)
    if settings.choices["tracking"] == "none":
        raise ConfigError(
            "tracking=none keeps no run, and goldilocks.train returns the run that it kept. Leave "
            "tracking=none out."
        )

    from goldilocks import backend  # With TensorFlow, for which an error must not wait.
    from goldilocks.run.run import track

    with _level(quiet), local.keeping_uri(), backend.preserved():
        run_id = track(settings).run_id
        store: MlflowStore = settings.builder("tracking")()
        return Run(store, store.get_run(run_id))


def run_sweep(
    *overrides: str,
    data: Data | None = None,
    target: str | Sequence[str] | None = None,
    quiet: bool = False,
) -> Run:
    """Train every combination of values, as `python train.py -m` does, in processes of its own.

    >>> sweep = goldilocks.run_sweep("dataset=boston", "model.units=4,64")  # doctest: +SKIP
    >>> min(sweep.runs, key=lambda run: run.metrics["best_val_loss"])  # doctest: +SKIP

    Args:
        overrides: As typed behind `train.py -m`.
        data: As of `train`, and so are the others.
        target: As of `train`.
        quiet: As of `train`.

    Returns:
        The run of the sweep, whose `runs` are those of its jobs.

    Raises:
        goldilocks.errors.UserError: As of `train`, or a job failed.
    """
    return commands.run("train", ["-m", *_words(overrides, data, target)], quiet=quiet)


def run_workflow(
    *overrides: str,
    data: Data | None = None,
    target: str | Sequence[str] | None = None,
    quiet: bool = False,
) -> Run:
    """Take a data set from nothing to one tested model, as `python workflow.py` does.

    >>> workflow = goldilocks.run_workflow("dataset=imdb", "budget=10")  # doctest: +SKIP

    Args:
        overrides: As typed behind `workflow.py`.
        data: As of `train`, and so are the others.
        target: As of `train`.
        quiet: As of `train`.

    Returns:
        The run of the workflow, whose `runs` are its steps.

    Raises:
        goldilocks.errors.UserError: As of `train`, or a step failed.
    """
    return commands.run("workflow", _words(overrides, data, target), quiet=quiet)


def _words(
    overrides: Sequence[object], data: Data | None, target: str | Sequence[str] | None
) -> list[str]:
    """Return the overrides, as typed, of a call.

    Raises:
        ConfigError: An override is no text.
        DataError: The data is none of what can be given.
    """
    prepare_environment()
    words = [word for word in overrides if isinstance(word, str)]
    if len(words) < len(overrides):
        wrong = next(word for word in overrides if not isinstance(word, str))
        raise ConfigError(
            f"An override is a {type(wrong).__name__}; expected texts as for train.py, such as "
            '"model=mlp". Give data by its name: data=..., target="NAME".'
        )

    if target is not None:
        names = [quoted(target)] if isinstance(target, str) else list(map(quoted, target))
        text = names[0] if isinstance(target, str) else f"[{','.join(names)}]"
        words.append(f"dataset.target={text}")
    if data is None:
        return words
    is_frame = not isinstance(data, str | Path)
    source = data if isinstance(data, str) else str(frames.path_of(data))
    return data_source.overrides_of(source, words, OptionFiles((CONF,)), is_frame=is_frame)


@contextlib.contextmanager
def _level(quiet: bool) -> Generator[None]:
    """Print warnings alone while it is quiet."""
    before = console.logger.level
    if quiet:
        console.logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        console.logger.setLevel(before)
