"""The command `goldilocks`: look into what was trained, and report on what was compared."""

import argparse
import re
import sys
from pathlib import Path

RUN_ID = re.compile(r"[0-9a-f]{32}")
EXPERIMENT = "goldilocks"  # The MLflow experiment of conf/tracking/local.yaml.


def main(arguments: list[str] | None = None) -> None:
    """Run a subcommand; what a person can mend ends it with a sentence and exit status 1.

    Args:
        arguments: As typed; None: those of the process.
    """
    given = _parser().parse_args(arguments)  # Before the imports, which take a second: `--help` does not wait.
    from goldilocks import command_line

    try:
        with command_line.stopping():
            given.subcommand(given)
    except OSError as error:
        sys.exit(f"goldilocks: {error}. Expected a folder that can be written, with room.")
    except KeyboardInterrupt:
        sys.exit("\ngoldilocks: interrupted.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="goldilocks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    text = "what a network has learned: activations, filters, heat maps; words; what columns are worth"
    analyse = commands.add_parser("analyse", help=text, description=text)
    analyse.set_defaults(subcommand=_analyse)
    analyse.add_argument("target", metavar="RUN_ID|NAME", help="a run's ID, or a network of keras.applications: vgg16")
    analyse.add_argument("--image", type=Path, metavar="FILE", help="an image to look at; a NAME needs one")
    analyse.add_argument("--layer", metavar="NAME", help="of images: the one layer to show")
    analyse.add_argument("--words", nargs="+", default=[], metavar="WORD", help="of texts: words to show neighbours of")
    analyse.add_argument("--uri", help="of the store; else MLFLOW_TRACKING_URI, else mlflow.db in this folder")
    analyse.add_argument("--weights", choices=("imagenet", "none"), default="imagenet", help="of a NAME")
    analyse.add_argument(
        "--output", type=Path, default=Path("analysis"), metavar="FOLDER", help="of a NAME: where the figures go"
    )
    report = commands.add_parser("report", help="the page of a study", description="Write the page of a study.")
    report.set_defaults(subcommand=_report)
    report.add_argument("--study", required=True, metavar="NAME", help="a folder of experiments/ with a study.yaml")
    report.add_argument("--uri", help="of the store; else MLFLOW_TRACKING_URI, else mlflow.db in this folder")
    return parser


def _analyse(given: argparse.Namespace) -> None:
    from goldilocks import backend  # isort: skip  First: it is quiet.
    from goldilocks import analyse
    from goldilocks.analysis import AnalysisError
    from goldilocks.tracking import local

    backend.find_devices()
    if RUN_ID.fullmatch(given.target):
        store = local.connect(uri=given.uri, experiment=EXPERIMENT)
        analyse.run(store, given.target, layer=given.layer, image=given.image, asked=given.words)
        return
    if given.image is None:
        raise AnalysisError(
            f"{given.target} is not the ID of a run (32 letters and digits). Of a network by its name an image "
            "to look at is needed: add --image FILE."
        )
    weights = None if given.weights == "none" else given.weights
    analyse.network(given.target, given.image, given.output, weights=weights, layer=given.layer)


def _report(given: argparse.Namespace) -> None:
    from goldilocks import study
    from goldilocks.tracking import local

    store = local.connect(uri=given.uri, experiment=EXPERIMENT)
    print(study.write(given.study, store, Path.cwd()))
