"""What a person types after `goldilocks data` -> the summary of that data set; nothing is trained.

The data set is loaded by the function that a training loads it with.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path

from goldilocks import console
from goldilocks.config.options import OptionFiles
from goldilocks.config.settings import Settings, key_of
from goldilocks.dataset.readers import content, folders
from goldilocks.encoding import differencing
from goldilocks.encoding.targets import check_targets
from goldilocks.errors import DataError, did_you_mean, did_you_mean_file
from goldilocks.formatting import quoted
from goldilocks.run import division
from goldilocks.run.data_summary import DataSummary, summarize, summarize_columns


def overrides_of(
    source: str, overrides: Sequence[str], options: OptionFiles, *, is_frame: bool = False
) -> list[str]:
    """Return the overrides by which a training reads a source.

    A published data set's name comes before a file or folder of that name; write ./mnist for these.

    Args:
        source: A file, a folder, or an option of `dataset`; also as `train.py` takes them, with
            `dataset=`, `dataset.file=` or `dataset.dir=` before them.
        overrides: As typed beside it; those of a file tell whether it is a series or texts.
        options: The files of all options.
        is_frame: Whether the file is of a data frame; then a time alone tells nothing.

    Raises:
        DataError: The source is none of these, or a folder without images and texts; or a data
            frame has a time, and nothing says whether it is a series.
    """
    key, _, value = source.partition("=")
    if key in ("dataset", "dataset.file", "dataset.dir") and not Path(source).exists():
        source = value.strip("'")
    path, names = Path(source).expanduser(), options.names("dataset")
    if source in names:
        published = not options.traits("dataset", source).get("requires")
        if published or not path.exists():
            return [f"dataset={source}", *overrides]
    if not path.exists():
        hint = did_you_mean(source, names) or did_you_mean_file(path)
        raise DataError(
            f"{source} is no file, no folder and no option of dataset (looked from {Path.cwd()}); "
            f"expected one of these: {', '.join(names)}.{hint}"
        )

    keys = {key_of(word) for word in overrides if word != "dataset.time=null"}
    option, key = "table", "file"
    if path.is_dir():
        option, key = _option_of_folder(path), "dir"
    elif "dataset.dir" in keys:
        directory = next(word for word in overrides if key_of(word) == "dataset.dir")
        option = _option_of_folder(Path(directory.partition("=")[2].strip("'")).expanduser())
    elif "dataset.time" in keys and "dataset" not in keys:
        option = _option_with_times(keys, options, is_frame=is_frame)
    elif "dataset.text" in keys:
        option = "texts"
    chosen = [] if "dataset" in keys else [f"dataset={option}"]
    return [*chosen, f"dataset.{key}={quoted(source)}", *overrides]


def _option_with_times(keys: Set[str], options: OptionFiles, *, is_frame: bool) -> str:
    """Return what rows with times are, as the other keys tell; where they do not, say it."""
    of_series, of_table = (
        {f"dataset.{key}" for key in options.read("dataset", name)} for name in ("series", "table")
    )
    if keys & (of_series - of_table):
        return "series"
    if keys & (of_table - of_series):
        return "table"
    choice = (
        "dataset=series predicts values from earlier ones, dataset=table the target of a row from "
        "its other columns"
    )
    if is_frame:
        raise DataError(f"dataset.time does not say what the rows are; expected one: {choice}.")
    console.note(f"dataset.time: read as a series. {choice}.")
    return "series"


def _option_of_folder(folder: Path) -> str:
    images, texts = (len(folders.below(folder, kind)) for kind in (content.IMAGES, content.TEXTS))
    if images + texts == 0:
        raise DataError(
            f"{folder} holds no images and no texts ({content.shortened(content.IMAGES.suffixes)}, "
            ".txt); expected a folder of them per class. For a table, give its file."
        )
    # Beside each image a text may stand that describes it.
    if 2 * images >= texts:
        return "images"
    return "texts"


def describe(settings: Settings, *, examples: int) -> DataSummary:
    """Load a data set and split it as a training does, and return what was read.

    Args:
        settings: Checked settings.
        examples: Number of rows to show.

    Raises:
        DataError: The data cannot be used.
        SplitError: The rows cannot be split as requested.
        ProblemError: The problem type of the data does not go with the settings.
    """
    keys, mute = settings.tree["dataset"], settings.mute
    is_typed = "dataset.target" in map(key_of, settings.overrides)
    if settings.choices["dataset"] == "table" and keys["target"] is None and not is_typed:
        return summarize_columns(keys, mute=mute, examples=examples)
    dataset = settings.builder("dataset")()
    splits = division.splits_of(settings, dataset)
    dataset = differencing.resolved(dataset, splits[0].train)
    problem = settings.problem(dataset.problem)
    check_targets(problem, dataset, splits)
    return summarize(dataset, splits, metric=problem.metric, mute=mute, examples=examples)
