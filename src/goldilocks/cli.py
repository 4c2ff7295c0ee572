"""The command `goldilocks`: show data, report on runs, analyse networks, predict, repair runs."""

# Each subcommand imports what it needs: `goldilocks --help` must not wait for MLflow and Keras.

import argparse
import os
import re
import shlex
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from goldilocks import console, prepare_environment
from goldilocks.errors import AnalysisError, ConfigError, StoreError

if TYPE_CHECKING:
    from goldilocks.tracking.store import MlflowStore

RUN_ID = re.compile(r"[0-9a-f]{32}")
CONF = Path(__file__).parents[2] / "conf"  # of the repository, as train.py has it
EXPERIMENT = "goldilocks"  # The MLflow experiment of conf/tracking/local.yaml.


def main(arguments: list[str] | None = None) -> None:
    """Run a subcommand; an error that a person can mend ends it with a sentence and exit status 1.

    Args:
        arguments: As typed; None: those of the process.
    """
    prepare_environment()
    parser = _parser()
    args, words = parser.parse_known_args(arguments)
    # argparse takes no more words after an option.
    if words and (args.subcommand is not _data or any(word[0] == "-" for word in words)):
        parser.error(f"unrecognized arguments: {' '.join(words)}")
    if words:
        args.overrides += words
    args.command = shlex.join(["goldilocks", *(arguments or sys.argv[1:])])
    from goldilocks.config import command_line  # Takes a second, which `--help` has not waited for.

    try:
        with command_line.stopping():
            args.subcommand(args)
    except BrokenPipeError:  # `goldilocks predict ... | head`: nobody reads on.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # Python flushes it once more at exit.
        sys.exit(1)
    except OSError as error:
        sys.exit(f"goldilocks: {error}. Expected a folder that can be written, with room.")
    except KeyboardInterrupt:
        sys.exit("\ngoldilocks: interrupted.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="goldilocks",
        description="Show how data is read, report on trained models, look into them, predict with "
        "them, and repair runs.",
    )
    parser.add_argument(
        "--version", action="version", version=f"goldilocks {version('goldilocks')}"
    )
    store = argparse.ArgumentParser(add_help=False)
    store.add_argument(
        "--uri",
        help="tracking URI of the store (default: MLFLOW_TRACKING_URI, else mlflow.db in this "
        "folder)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    text = "show how a data set is read and would be split; nothing is trained"
    data = commands.add_parser("data", help=text, description=text)
    data.set_defaults(subcommand=_data)
    data.add_argument("source", metavar="SOURCE", help="file, folder, or data set: imdb")
    data.add_argument(
        "overrides",
        nargs="*",
        metavar="KEY=VALUE",
        help="as for train.py: dataset.target=price protocol.test=0.3",
    )
    data.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    data.add_argument("--rows", type=int, default=0, metavar="N", help="show the first N rows too")

    text = (
        "draw what a network has learned: activations, filters, Grad-CAM, saliency, permutation "
        "importance, nearest words"
    )
    analyse = commands.add_parser("analyse", parents=[store], help=text, description=text)
    analyse.set_defaults(subcommand=_analyse)
    analyse.add_argument(
        "target",
        metavar="RUN_ID|NAME",
        help="ID of a run, or name of a keras.applications network: vgg16",
    )
    analyse.add_argument(
        "--image", type=Path, metavar="FILE", help="image to look at; required with a NAME"
    )
    analyse.add_argument("--layer", metavar="NAME", help="of images: the one layer to show")
    analyse.add_argument(
        "--words",
        nargs="+",
        default=[],
        metavar="WORD",
        help="of texts: words whose nearest neighbours to show",
    )
    analyse.add_argument(
        "--weights",
        choices=("imagenet", "none"),
        default="imagenet",
        help="weights of a NAME (default: imagenet)",
    )
    analyse.add_argument(
        "--output",
        type=Path,
        default=Path("analysis"),
        metavar="FOLDER",
        help="folder for the figures of a NAME (default: analysis)",
    )

    text = "compare runs in one HTML file: variants with intervals over seeds, differences, curves"
    report = commands.add_parser("report", parents=[store], help=text, description=text)
    report.set_defaults(subcommand=_report)
    report.add_argument(
        "targets",
        nargs="+",
        metavar="TARGET",
        help="ID of a run or of a sweep, or the beginning of the names of recipes: imdb",
    )
    report.add_argument(
        "--output", type=Path, metavar="FILE", help="default: report-NAME.html in this folder"
    )

    text = (
        "predict raw input with a logged model, and write CSV: of a table, images, texts, a series"
    )
    predict = commands.add_parser("predict", parents=[store], help=text, description=text)
    predict.set_defaults(subcommand=_predict)
    predict.add_argument(
        "model",
        metavar="MODEL",
        help="ID of a run, or a registered NAME, NAME/VERSION, NAME@ALIAS",
    )
    predict.add_argument(
        "input", type=Path, metavar="FILE_OR_FOLDER", help="as for training; the target may lack"
    )
    predict.add_argument(
        "--output", type=Path, metavar="FILE", help="CSV file to write (default: standard output)"
    )

    text = "send what runs of this folder left unsent, and mark those whose process is gone"
    repair = commands.add_parser("repair", parents=[store], help=text, description=text)
    repair.set_defaults(subcommand=_repair)
    repair.add_argument(
        "--forget",
        action="store_true",
        help="delete the checkpoints of interrupted runs, which then cannot be resumed",
    )
    repair.add_argument(
        "--others",
        action="store_true",
        help="end runs of other folders, too, of which nothing was heard for an hour",
    )
    return parser


def _data(args: argparse.Namespace) -> None:
    from goldilocks.config import command_line
    from goldilocks.config.options import OptionFiles
    from goldilocks.run import data_source, data_summary

    if not CONF.is_dir():
        raise ConfigError(
            f"goldilocks data reads the options of data sets in {CONF}, which is not there; "
            "expected goldilocks to be installed from its repository: pip install -e FOLDER"
        )
    warnings.showwarning = lambda message, *_: console.warning(str(message))
    overrides = data_source.overrides_of(args.source, args.overrides, OptionFiles((CONF,)))
    settings = command_line.compose_settings(overrides, CONF)
    summary = data_source.describe(settings, examples=args.rows)
    console.result(summary.to_json() if args.json else data_summary.text(summary))


def _repair(args: argparse.Namespace) -> None:
    from goldilocks.tracking import journal, repair

    if not journal.FOLDER.is_dir():
        raise StoreError(
            f"no run was started in {Path.cwd()}: it has no folder {journal.FOLDER}. Expected the "
            "folder in which you trained; change to it, then type: goldilocks repair"
        )
    from goldilocks.tracking import local

    lines = repair.everything(args.uri or local.default_uri())
    lines += repair.interrupted(forget=args.forget)
    try:
        lines += repair.others(_store(args), end=args.others)
    except StoreError as error:
        lines.append(f"runs of other folders were not asked for: {error}")
    for line in lines or ["Nothing to repair."]:
        console.result(line)


def _analyse(args: argparse.Namespace) -> None:
    is_run = RUN_ID.fullmatch(args.target) is not None
    if not is_run and args.image is None:
        raise AnalysisError(
            f"{args.target} is not the ID of a run (32 letters and digits). Of a network by its "
            "name an image to look at is needed: add --image FILE."
        )

    # A store that cannot be opened is reported before Keras is imported, which takes seconds.
    store = _store(args) if is_run else None
    from goldilocks.interpret import analyse

    if store is not None:
        analyse.run(store, args.target, layer=args.layer, image=args.image, words=args.words)
        return
    weights = None if args.weights == "none" else args.weights
    analyse.network(args.target, args.image, args.output, weights=weights, layer=args.layer)


def _store(args: argparse.Namespace) -> "MlflowStore":
    """Open the store for reading, which takes a second: no other command loads MLflow."""
    from goldilocks.tracking import local

    return local.open_existing(uri=args.uri, experiment=EXPERIMENT)


def _predict(args: argparse.Namespace) -> None:
    from goldilocks.serving import predict  # With pandas; the help does without.

    predict.run(_store(args), args.model, args.input, args.output)


def _report(args: argparse.Namespace) -> None:
    store = _store(args)
    if len(args.targets) == 1 and RUN_ID.fullmatch(args.targets[0]):
        from goldilocks.report.workflow import page

        run = store.get_run(args.targets[0])
        if run.tags.get("role") == page.ROLE:
            console.result(str(page.write(store, run, args.output)))
            return

    from goldilocks.report import compare

    console.result(str(compare.write(store, args.targets, args.output, command=args.command)))
