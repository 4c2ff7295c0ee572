"""The command `goldilocks`: look into, predict with and report on what was trained; repair what was interrupted."""

import argparse
import os
import re
import shlex
import sys
from pathlib import Path

from goldilocks import console, environment

RUN_ID = re.compile(r"[0-9a-f]{32}")
EXPERIMENT = "goldilocks"  # The MLflow experiment of conf/tracking/local.yaml.


def main(arguments: list[str] | None = None) -> None:
    """Run a subcommand; what a person can mend ends it with a sentence and exit status 1.

    Args:
        arguments: As typed; None: those of the process.
    """
    environment.prepare()
    given = _parser().parse_args(
        arguments
    )  # Before the imports, which take a second: `--help` does not wait.
    from goldilocks.config import command_line

    try:
        with command_line.stopping():
            given.subcommand(given)
    except BrokenPipeError:  # `goldilocks predict ... | head`: nobody reads on.
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # Python flushes it once more at exit.
        sys.exit(1)
    except OSError as error:
        sys.exit(f"goldilocks: {error}. Expected a folder that can be written, with room.")
    except KeyboardInterrupt:
        sys.exit("\ngoldilocks: interrupted.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="goldilocks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    text = (
        "what a network has learned: activations, filters, heat maps; words; what columns are worth"
    )
    analyse = commands.add_parser("analyse", help=text, description=text)
    analyse.set_defaults(subcommand=_analyse)
    analyse.add_argument(
        "target",
        metavar="RUN_ID|NAME",
        help="a run's ID, or a network of keras.applications: vgg16",
    )
    analyse.add_argument(
        "--image", type=Path, metavar="FILE", help="an image to look at; a NAME needs one"
    )
    analyse.add_argument("--layer", metavar="NAME", help="of images: the one layer to show")
    analyse.add_argument(
        "--words",
        nargs="+",
        default=[],
        metavar="WORD",
        help="of texts: words to show neighbours of",
    )
    analyse.add_argument(
        "--uri", help="of the store; else MLFLOW_TRACKING_URI, else mlflow.db in this folder"
    )
    analyse.add_argument(
        "--weights", choices=("imagenet", "none"), default="imagenet", help="of a NAME"
    )
    analyse.add_argument(
        "--output",
        type=Path,
        default=Path("analysis"),
        metavar="FOLDER",
        help="of a NAME: where the figures go",
    )
    text = "compare runs in one HTML file: variants with intervals over seeds, differences, curves"
    report = commands.add_parser("report", help=text, description=text)
    report.set_defaults(subcommand=_report)
    report.add_argument(
        "targets",
        nargs="+",
        metavar="TARGET",
        help="the ID of a run or of a sweep, or the beginning of the names of recipes: imdb",
    )
    report.add_argument(
        "--output", type=Path, metavar="FILE", help="else report-NAME.html in this folder"
    )
    report.add_argument(
        "--uri", help="of the store; else MLFLOW_TRACKING_URI, else mlflow.db in this folder"
    )
    text = "predict raw input with a logged model: a table, images, texts, a series; CSV comes out"
    predict = commands.add_parser("predict", help=text, description=text)
    predict.set_defaults(subcommand=_predict)
    predict.add_argument(
        "model", metavar="MODEL", help="a run's ID; or a registered NAME, NAME/VERSION, NAME@ALIAS"
    )
    predict.add_argument(
        "input", type=Path, metavar="FILE_OR_FOLDER", help="as for training; no target is needed"
    )
    predict.add_argument(
        "--output", type=Path, metavar="FILE", help="the CSV file to write; else it is printed"
    )
    predict.add_argument(
        "--uri", help="of the store; else MLFLOW_TRACKING_URI, else mlflow.db in this folder"
    )
    text = "send what runs of this folder left unsent, and mark those whose process is gone"
    repair = commands.add_parser("repair", help=text, description=text)
    repair.set_defaults(subcommand=_repair)
    repair.add_argument(
        "--forget",
        action="store_true",
        help="delete what interrupted runs could go on from, and its checkpoints",
    )
    return parser


def _repair(given: argparse.Namespace) -> None:
    from goldilocks.tracking import repair

    for line in repair.everything():
        console.result(line)
    for left in repair.interrupted(forget=given.forget):
        why = f"{left.unsent} entries are not in its store" if left.unsent else "interrupted"
        kept = "they wait here" if left.unsent else "the command that started it goes on with it"
        done = "forgotten" if given.forget else kept
        console.result(
            f"run {left.run_id} ({left.name}): {why}; {done} ({left.size / 2**20:.1f} MiB)."
        )
    console.result("every run of this folder is in its store, but for those named above.")


def _analyse(given: argparse.Namespace) -> None:
    from goldilocks import backend  # isort: skip  First: it is quiet.
    from goldilocks.errors import AnalysisError
    from goldilocks.interpret import analyse
    from goldilocks.tracking import local

    backend.find_devices()
    if RUN_ID.fullmatch(given.target):
        store = local.connect(uri=given.uri, experiment=EXPERIMENT)
        analyse.run(store, given.target, layer=given.layer, image=given.image, words=given.words)
        return
    if given.image is None:
        raise AnalysisError(
            f"{given.target} is not the ID of a run (32 letters and digits). Of a network by its "
            "name an image "
            "to look at is needed: add --image FILE."
        )
    weights = None if given.weights == "none" else given.weights
    analyse.network(given.target, given.image, given.output, weights=weights, layer=given.layer)


def _predict(given: argparse.Namespace) -> None:
    from goldilocks.serving import predict
    from goldilocks.tracking import local

    predict.run(
        local.connect(uri=given.uri, experiment=EXPERIMENT), given.model, given.input, given.output
    )


def _report(given: argparse.Namespace) -> None:
    from goldilocks.tracking import local

    store = local.connect(uri=given.uri, experiment=EXPERIMENT)
    if len(given.targets) == 1 and RUN_ID.fullmatch(given.targets[0]):
        from goldilocks.report.workflow import page

        run = store.found(given.targets[0])
        if run.tags.get("role") == page.ROLE:
            console.result(str(page.write(store, run, given.output)))
            return
    from goldilocks.report import compare

    typed = ["goldilocks", "report", *given.targets]
    typed += ["--output", str(given.output)] if given.output else []
    typed += ["--uri", given.uri] if given.uri else []
    file = compare.write(store, given.targets, given.output, command=shlex.join(typed))
    console.result(str(file))
