"""Train, sweep and go through the workflow from Python: `goldilocks.train` and its neighbours.

A training runs in this process, and leaves it as it was. A sweep and the workflow, which have
processes of their own, run as the commands do.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from goldilocks import console, diagnosis, errors, prepare_environment
from goldilocks.config import command_line
from goldilocks.config.options import CONF, OptionFiles, check_conf
from goldilocks.errors import ConfigError, DataError, JobError, UserError
from goldilocks.formatting import quoted
from goldilocks.run import data_source
from goldilocks.tracking import local, query
from goldilocks.tracking.journal import FOLDER
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import run_id_of
from goldilocks.tracking.store import MlflowStore

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from goldilocks.diagnosis import Verdict

Data = pd.DataFrame | str | Path

FRAMES = FOLDER / "frames"  # of data that was given as a DataFrame, a file for each
BASELINE = "baseline/val_"  # beginning of the names of its scores


@dataclass(frozen=True)
class Run:
    """A run of the store: what `goldilocks.train` and `goldilocks.load_run` return.

    Attributes:
        store: Where it is.
        stored: What the store has of it, without curves and artifacts, which are read when they are
            asked for.
    """

    store: MlflowStore
    stored: StoredRun

    def __repr__(self) -> str:
        """Return its ID and name, and what is known of it."""
        verdict = "" if self.verdict is None else f"\n{self.verdict}"
        return f"run {self.id} ({self.name}, {self.stored.status}){verdict}"

    @property
    def id(self) -> str:
        """ID of the run, 32 letters and digits."""
        return self.stored.run_id

    @property
    def name(self) -> str:
        """Name of the run, as MLflow shows it."""
        return self.stored.name

    @property
    def metrics(self) -> Mapping[str, float]:
        """All logged metrics; of those of each epoch the last value."""
        return self.stored.metrics

    @property
    def params(self) -> Mapping[str, str]:
        """All logged parameters, by their dotted keys."""
        return self.stored.params

    @functools.cached_property
    def history(self) -> dict[str, list[float]]:
        """Values per epoch, by Keras's names, as `keras.callbacks.History.history` has them.

        Raises:
            StoreError: The run has none: it is a sweep, or did not finish.
        """
        with local.keeping_uri():
            text = self.store.read_artifact(self.id, "history.csv").decode()
        columns = pd.read_csv(io.StringIO(text), index_col="epoch")
        return {str(name): column.tolist() for name, column in columns.items()}

    @functools.cached_property
    def verdict(self) -> Verdict | None:
        """The verdict on its learning curves; None of a run that has none, such as a final one."""
        if "verdict" not in self.stored.tags:
            return None
        with local.keeping_uri():
            text = self.store.read_artifact(self.id, "verdict.json").decode()
        return diagnosis.from_json(text)

    @functools.cached_property
    def runs(self) -> list[Run]:
        """The runs below it: of a sweep its jobs, of the workflow its steps, of folds each fold."""
        with local.keeping_uri():
            return [Run(self.store, stored) for stored in query.children(self.store, self.stored)]

    def model(self) -> keras.Model:
        """Load the trained model. It takes raw rows: what encodes them is part of it.

        Raises:
            StoreError: The run logged no model.
        """
        with local.keeping_uri():
            return self.store.load_model(self.id)

    def predict(self, data: Data) -> pd.DataFrame:
        """Return predictions of raw rows, as `goldilocks predict` writes them.

        Args:
            data: As of `train`; the target may lack. Where it is there, its score is said.

        Returns:
            A row for each: its prediction and, of classes, the probability of each.

        Raises:
            StoreError: The run logged no model.
            DataError: The data is not what the model takes.
        """
        from goldilocks.serving import predict

        with local.keeping_uri():
            path = Path(data) if isinstance(data, str | Path) else _written(data)
            return pd.concat(predict.tables(self.store, self.id, path), ignore_index=True)

    def figure(self) -> Figure:
        """Draw the learning curves, with the verdict.

        Raises:
            StoreError: As of `history`.
        """
        from goldilocks.plots import curves, style  # With matplotlib, which few need.

        tags, best_epoch = self.stored.tags, self.metrics.get("best_epoch")
        figure = curves.learning_curves(
            self.history,
            metrics=[query.primary_metric(self.stored)],
            best_epoch=None if best_epoch is None else int(best_epoch),
            verdict=tags.get("verdict"),
            reason=tags.get("verdict.reason"),
            baseline={
                name.removeprefix(BASELINE): value
                for name, value in self.metrics.items()
                if name.startswith(BASELINE)
            },
            title=self.name,
        )
        # A notebook shows a figure that pyplot has not made by this alone.
        figure.__dict__["_repr_png_"] = functools.partial(style.png, figure)
        return figure


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
        return Run(store, store.get_run(run_id_of(store, run_id) or run_id))


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
    return _run_command("train.py", ["-m", *_words(overrides, data, target)], quiet=quiet)


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
    return _run_command("workflow.py", _words(overrides, data, target), quiet=quiet)


def load_run(run_id: str, *, uri: str | None = None) -> Run:
    """Find a run of the store, of a training, a sweep or the workflow.

    Args:
        run_id: Its ID, the beginning of it, or "last".
        uri: Tracking URI of the store; None: `MLFLOW_TRACKING_URI`, else mlflow.db in this folder.

    Raises:
        goldilocks.errors.StoreError: There is no such run, or no store.
    """
    with local.keeping_uri():
        store = local.open_existing(uri=uri, experiment=local.EXPERIMENT)
        return Run(store, store.get_run(run_id_of(store, run_id) or run_id))


def _words(
    overrides: Sequence[object], data: Data | None, target: str | Sequence[str] | None
) -> list[str]:
    """Return the overrides, as typed, of a call.

    Raises:
        ConfigError: An override is no text, or the options are not there.
        DataError: The data is none of what can be given.
    """
    prepare_environment()
    check_conf()
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
    source = str(data) if isinstance(data, str | Path) else str(_written(data))
    return data_source.overrides_of(source, words, OptionFiles((CONF,)))


def _written(data: object) -> Path:
    """Write a table to a file of this folder that is named after what is in it.

    Args:
        data: A DataFrame of pandas, or of a library whose tables have `to_pandas`.

    Raises:
        DataError: It is none, or a column holds values of several types.
    """
    table = getattr(data, "to_pandas", lambda: data)()
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"data is a {type(data).__name__}; expected a pandas.DataFrame with the target among "
            "its columns, or the path of a file or folder. Of arrays: "
            "pd.DataFrame(x).assign(target=y)."
        )
    frame = pd.DataFrame(table).rename(columns=str)
    if frame.index.name is not None:
        frame = frame.reset_index()
    elif not pd.api.types.is_integer_dtype(frame.index):
        raise DataError(
            f"The index of data holds {frame.index.dtype} and has no name, so that it is not clear "
            "whether it is an input. Give it a name (data.index.name = ...) to have it as a "
            "column, or leave it out: data.reset_index(drop=True)."
        )

    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except (ValueError, TypeError) as error:  # pyarrow's own are both.
        reason = str(error).splitlines()[0]
        raise DataError(
            f"data cannot be written: {reason}. Expected one type a column, and names that differ."
        ) from error
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()[:8]
    file = FRAMES / f"frame-{digest}.parquet"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(buffer.getvalue())
        part.replace(file)
    return file


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


def _run_command(script: str, words: Sequence[str], *, quiet: bool) -> Run:
    """Run a command of the repository, show what it prints, and return its run.

    Raises:
        UserError: What the command ended with.
        JobError: It ended without a word.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, str(CONF.parent / script), *words]
        environment = {**os.environ, console.ANSWER: str(answer)}
        with subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            lines = _shown(process, quiet=quiet)
        values = json.loads(answer.read_text()) if answer.exists() else {}

    if "error" in values:
        kind = getattr(errors, values["error"], UserError)
        raise kind(values["message"])
    if process.returncode or "uri" not in values:
        raise JobError(
            f"{script} ended with exit status {process.returncode}. Its last lines: "
            + "\n".join(lines[-20:])
        )
    return load_run(values["run_id"], uri=values["uri"])


def _shown(process: subprocess.Popen[str], *, quiet: bool) -> list[str]:
    """Show what a process prints while it runs, and return its lines; Ctrl-C is for it as well."""
    lines: list[str] = []
    assert process.stdout is not None
    while True:
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                if not quiet:
                    sys.stdout.write(line)
            process.wait()
            return lines
        except KeyboardInterrupt:
            # Of a terminal it has had the same signal; a notebook sends it to this process alone.
            process.terminate()
            process.wait()
            raise
