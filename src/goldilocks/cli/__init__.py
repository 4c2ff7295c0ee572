"""The command `goldilocks` and its subcommands, which `cli.yaml` lists."""

# Each subcommand imports what it needs: `goldilocks --help` must not wait for MLflow and Keras.

import argparse
import os
import re
import shlex
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

import goldilocks
from goldilocks import console, prepare_environment
from goldilocks.errors import AnalysisError, HistoryError, StoreError, did_you_mean

if TYPE_CHECKING:
    from goldilocks.tracking.store import MlflowStore

RUN_ID = re.compile(r"[0-9a-f]{4,32}|last")  # an ID, its beginning, or the last run's


def _data(args: argparse.Namespace) -> None:
    from goldilocks.config import command_line
    from goldilocks.config.options import CONF, OptionFiles
    from goldilocks.run import data_source, data_summary

    warnings.showwarning = lambda message, *_: console.warning(str(message))
    overrides = data_source.overrides_of(args.source, args.overrides, OptionFiles((CONF,)))
    settings = command_line.compose_settings(overrides, CONF)
    summary = data_source.describe(settings, examples=args.rows)
    console.result(summary.to_json() if args.json else data_summary.text(summary))


def _judge(args: argparse.Namespace) -> None:
    from goldilocks.diagnosis.frameworks import columns_of

    columns = columns_of("/dev/stdin" if args.history == "-" else args.history)
    for name, column in args.columns:
        if column not in columns:
            raise HistoryError(
                f"--columns names {column}; {args.history} has {', '.join(columns)}."
                f"{did_you_mean(column, columns)}"
            )
        columns[name] = columns[column]
    verdict = goldilocks.judge(
        columns, metric=args.metric, baseline=dict(args.baseline), validation_rows=args.rows
    )
    console.result(verdict.to_json() if args.json else str(verdict))


def _pair(word: str) -> tuple[str, str]:
    name, value = word.split("=", 1)
    return name, value


def _named_number(word: str) -> tuple[str, float]:
    name, value = _pair(word)
    return name, float(value)


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
            f"{args.target} is not the ID of a run (or its beginning, or last). Of a network by "
            "its name an image to look at is needed: add --image FILE."
        )

    # A store that cannot be opened is reported before Keras is imported, which takes seconds.
    store = _store(args) if is_run else None
    from goldilocks.interpret import analyse

    if store is not None:
        from goldilocks.tracking.selection import run_id_of

        run_id = run_id_of(store, args.target) or args.target
        analyse.run(store, run_id, layer=args.layer, image=args.image, words=args.words)
        return
    weights = None if args.weights == "none" else args.weights
    analyse.network(args.target, args.image, args.output, weights=weights, layer=args.layer)


def _store(args: argparse.Namespace) -> "MlflowStore":
    """Open the store for reading, which takes a second: no other command loads MLflow."""
    from goldilocks.tracking import local

    return local.open_existing(uri=args.uri, experiment=local.EXPERIMENT)


def _predict(args: argparse.Namespace) -> None:
    from goldilocks.serving import predict  # With pandas; the help does without.

    predict.run(_store(args), args.model, args.input, args.output)


def _report(args: argparse.Namespace) -> None:
    store = _store(args)
    from goldilocks.tracking.selection import run_id_of

    if len(args.targets) == 1 and (run_id := run_id_of(store, args.targets[0])):
        from goldilocks.report.workflow import page

        run = store.get_run(run_id)
        if run.tags.get("role") == page.ROLE:
            console.result(str(page.write(store, run, args.output)))
            return

    from goldilocks.report import compare

    console.result(str(compare.write(store, args.targets, args.output, command=args.command)))


def _ui(args: argparse.Namespace) -> None:
    from goldilocks.tracking import ui
    from goldilocks.tracking.selection import run_id_of

    store, run = _store(args), None
    if args.target:
        run = store.get_run(run_id_of(store, args.target) or args.target)
    ui.show(store, run)


SUBCOMMANDS = {
    "data": _data,
    "judge": _judge,
    "analyse": _analyse,
    "report": _report,
    "predict": _predict,
    "repair": _repair,
    "ui": _ui,
}
# Subcommands whose words Hydra reads: an entry point, and what stands before the words.
PROGRAMS = {"train": ("train",), "sweep": ("train", "-m"), "workflow": ("workflow",)}


def main(arguments: list[str] | None = None) -> None:
    """Run a subcommand; an error that a person can mend ends it with a sentence and exit status 1.

    Args:
        arguments: As typed; None: those of the process.
    """
    prepare_environment()
    typed = sys.argv[1:] if arguments is None else arguments
    # `goldilocks help report` is `goldilocks report --help`.
    if typed[:1] == ["help"] or not typed:
        typed = [*typed[1:2], "--help"]
    if typed[0] in PROGRAMS:
        from goldilocks.cli import entry_points

        program, *flags = PROGRAMS[typed[0]]
        sys.argv[1:] = [*flags, *typed[1:]]
        getattr(entry_points, program)()
        return

    parser = _parser()
    args, words = parser.parse_known_args(typed)
    # argparse takes no more words after an option.
    if words and (args.subcommand is not _data or any(word[0] == "-" for word in words)):
        parser.error(f"unrecognized arguments: {' '.join(words)}")
    if words:
        args.overrides += words
    args.command = shlex.join(["goldilocks", *typed])
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


class Version(argparse.Action):
    """Print the version, which takes longer to look up than all of the help."""

    def __call__(self, *parsed: object) -> None:
        """Print it, and end the program."""
        from importlib.metadata import version

        console.result(f"goldilocks {version('goldilocks')}")
        sys.exit(0)


# What bash offers for an argument, by what it is called in the help.
COMPLETED = {"FILE": "FILE", "FILE_OR_FOLDER": "FILE", "SOURCE": "FILE", "FOLDER": "DIRECTORY"}


class Completion(argparse.Action):
    """Print the program by which a shell completes this command."""

    def __call__(self, parser: argparse.ArgumentParser, *parsed: object) -> None:
        """Print it, and end the program."""
        import shtab  # Which no other call needs.

        actions = list(parser._actions)  # pyright: ignore[reportPrivateUsage]
        for action in actions:  # Those of the subcommands are added as they come.
            if isinstance(action.choices, dict):
                actions += [one for command in action.choices.values() for one in command._actions]
            if kind := COMPLETED.get(str(action.metavar)):
                action.complete = getattr(shtab, kind)  # pyright: ignore[reportAttributeAccessIssue]
        console.result(shtab.complete(parser, shell="bash"))
        sys.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="goldilocks",
        description="Train models, show how data is read, judge learning curves, report on "
        "models, look into them, predict with them, repair runs, and open their pages.",
    )
    parser.add_argument(
        "--version", action=Version, nargs=0, help="show program's version number and exit"
    )
    parser.add_argument(
        "--print-completion",
        action=Completion,
        nargs=0,
        help='print tab completion for bash: eval "$(goldilocks --print-completion)"',
    )
    texts = Path(__file__).with_name("cli.yaml").read_bytes()
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text in yaml.load(texts, Loader=yaml.CSafeLoader).items():
        command = commands.add_parser(name, help=text["help"], description=text["help"])
        command.set_defaults(subcommand=SUBCOMMANDS.get(name))
        command.register("type", "path", Path)
        command.register("type", "whole number", int)
        command.register("type", "NAME=COLUMN", _pair)
        command.register("type", "NAME=NUMBER", _named_number)
        for argument, options in text["arguments"].items():
            command.add_argument(argument, **options)
    return parser
