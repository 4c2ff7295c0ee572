"""What following the advice brings: `python benchmarks/advice.py FOLDER [START ...]`.

From 40 runs of many kinds the first command of what to try next is followed until it says that
nothing is left, six times at most, each start in a store of its own. Measured is the loss on the
test rows, which neither a training nor a verdict sees: before, after (of the configuration with the
lowest validation loss, which a person would take), and of each move beside the best before it. A
move helped or hurt if that loss changed by more than two paired standard errors of the rows and
0.02 x sqrt(loss x baseline loss). A circle is a command whose configuration was trained before.

Finished starts stand in FOLDER/advice.csv, a line each, and are not repeated. Printed is a table by
data set; its last column is the median of the losses' ratios.
"""

from __future__ import annotations

import csv
import math
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn import datasets

MOST = 6  # moves
ROWS = 2000  # of the test part, at most
FILE = "advice.csv"
ROOT = Path(__file__).resolve().parent.parent
KEY = ("0", "")

PUBLISHED = {
    "boston": "dataset=boston dataset.source=stand_in trainer.batch_size=32",
    "mnist": "dataset=mnist dataset.source=stand_in dataset.subset=1000 trainer.batch_size=64",
    "imdb": "dataset=imdb dataset.source=stand_in dataset.subset=2000 trainer.batch_size=128",
    "reuters": "dataset=reuters dataset.source=stand_in dataset.subset=2000 trainer.batch_size=128",
}
DRAWN = {
    "rings": lambda: datasets.make_circles(1200, noise=0.25, factor=0.6, random_state=1),
    "noisy": lambda: datasets.make_classification(
        800, 30, n_informative=6, flip_y=0.2, class_sep=0.8, random_state=2
    ),
    "wide": lambda: datasets.make_classification(
        400, 120, n_informative=10, n_classes=3, class_sep=1.5, random_state=3
    ),
    "friedman": lambda: datasets.make_friedman1(1000, 12, noise=1.0, random_state=4),
    "nothing": lambda: (
        np.random.default_rng(5).normal(size=(600, 8)),
        np.random.default_rng(6).integers(0, 2, 600),
    ),
}
# What is typed behind a data set, after its name and a colon.
STARTS = [
    "boston: trainer.epochs=5",
    "boston: trainer.epochs=80",
    "boston: trainer.epochs=40 model.units=2 model.layers=1",
    "boston: trainer.epochs=100 model.units=512",
    "boston: trainer.epochs=20 optimizer.learning_rate=1e-6",
    "boston: trainer.epochs=20 optimizer.learning_rate=1.0",
    "boston: trainer.epochs=30 regularizer.dropout=0.8",
    "boston: trainer.epochs=40 regularizer.l2=0.1",
    "mnist: model=mlp trainer.epochs=3",
    "mnist: model=mlp trainer.epochs=30 model.units=512",
    "mnist: model=mlp trainer.epochs=15 model.units=2 model.layers=1",
    "mnist: model=mlp trainer.epochs=10 optimizer.learning_rate=0.3",
    "mnist: model=convnet trainer.epochs=3",
    "mnist: model=convnet trainer.epochs=20",
    "mnist: model=convnet trainer.epochs=10 'model.filters=[4,8,8,8]' model.units=8",
    "mnist: model=convnet trainer.epochs=12 regularizer=dropout",
    "imdb: trainer.epochs=2",
    "imdb: trainer.epochs=20",
    "imdb: trainer.epochs=15 model.units=4",
    "imdb: trainer.epochs=20 regularizer=dropout",
    "imdb: trainer.epochs=12 regularizer=l2_dropout",
    "imdb: trainer.epochs=10 optimizer.learning_rate=1e-6",
    "imdb: model=embedding trainer.epochs=3",
    "imdb: model=embedding trainer.epochs=20",
    "imdb: model=embedding trainer.epochs=30 model.output_dim=64",
    "reuters: trainer.epochs=3",
    "reuters: trainer.epochs=25",
    "reuters: trainer.epochs=15 model.units=4",
    "reuters: trainer.epochs=20 model.units=512 regularizer=dropout",
    "reuters: model=embedding trainer.epochs=15",
    "rings: trainer.epochs=5",
    "rings: trainer.epochs=60 model.units=2 model.layers=1",
    "rings: trainer.epochs=60 model.units=256",
    "noisy: trainer.epochs=40",
    "noisy: trainer.epochs=20 regularizer=l2",
    "wide: trainer.epochs=30",
    "wide: trainer.epochs=20 regularizer=early_stopping",
    "friedman: trainer.epochs=10",
    "friedman: trainer.epochs=80 model.units=256",
    "nothing: trainer.epochs=20",
]
COLUMNS = (
    *("start", "moves", "helped", "nothing", "hurt", "circles", "end"),
    *("verdict", "baseline", "before", "after", "outcome", "commands"),
)


def typed(start: str) -> list[str]:
    """The words of a start's command line; the table of a drawn one is written into this folder."""
    name, _, words = start.partition(": ")
    if name in PUBLISHED:
        return [*PUBLISHED[name].split(), *shlex.split(words)]

    x, y = DRAWN[name]()
    file = Path(f"{name}.csv")
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*(f"x{number}" for number in range(x.shape[1])), "y"])
        for values, target in zip(x, y, strict=True):
            target = float(target) if name == "friedman" else f"class {target}"
            writer.writerow([*map(float, values.round(4)), target])
    return ["dataset=table", f"dataset.file={file}", "dataset.target=y", *shlex.split(words)]


def follow(start: str) -> dict[str, object]:
    """Train a start in this folder, follow its first commands, and return its line."""
    from goldilocks import backend  # noqa: F401  First: it is quiet.
    from goldilocks.config.command_line import compose_settings
    from goldilocks.evaluation.baseline import baseline_scores
    from goldilocks.evaluation.differences import Comparison
    from goldilocks.run.context import Shared
    from goldilocks.run.run import plan, run
    from goldilocks.run.summary import PROBES
    from goldilocks.tracking import query

    words, shared = typed(start), Shared()
    counts = dict.fromkeys(("helped", "nothing", "hurt", "circles"), 0)
    commands: list[str] = []
    trained = []  # validation loss, test loss and predictions of each configuration
    while True:
        settings = compose_settings(words, ROOT / "conf")
        context, [spec], _ = plan(settings, shared)
        stored = context.stored_run(spec)
        # A probe is of a configuration that was trained, but it is asked for once.
        is_probe = settings.tree["diagnosis"]["probes"] > 0
        if stored is not None and not (is_probe and PROBES not in stored.tags):
            counts["circles"] += 1
            end = "circle"
            break
        run(settings)
        stored, new = context.stored_run(spec), []
        if commands and is_probe:
            new = query.children(context.store, stored)
        baseline = baseline_scores(context.problem, context.dataset, spec.split.test[:ROWS])["loss"]
        comparison = Comparison(context.dataset, context.problem, {}, 0)
        for one in new or [stored]:
            measured = measure(context, comparison, spec, one)
            if trained:
                before = min(trained, key=first)[2]
                counts[outcome(comparison, measured[2], before, baseline)] += 1
            trained.append(measured)

        command = stored.tags["verdict.next"].splitlines()[0].partition("#")[0]
        if not command.strip() or "final=true" in command:
            end = "final" if command.strip() else "named"
            break
        if len(commands) == MOST:
            end = "six"
            break
        words = shlex.split(command)[2:]
        if " ".join(words) in commands:  # A probe that could not be trained.
            counts["circles"] += 1
            end = "circle"
            break
        commands.append(" ".join(words))

    best = min(trained, key=first)
    result = "nothing"
    if best is not trained[0]:
        result = outcome(comparison, best[2], trained[0][2], baseline)
    return {
        "start": start,
        "moves": len(commands),
        **counts,
        "end": end,
        "verdict": stored.tags["verdict"],
        "baseline": f"{baseline:.4g}",
        "before": f"{trained[0][1]:.4g}",
        "after": f"{best[1]:.4g}",
        "outcome": result,
        "commands": " | ".join(commands),
    }


def measure(context, comparison, spec, stored) -> tuple[float, float, dict]:
    """The validation loss of a finished run, its loss on the test rows, and its predictions."""
    from goldilocks.encoding import encoder

    rows = spec.split.test[:ROWS]
    model = context.store.load_model(stored.run_id)
    inputs = encoder.raw(context.dataset, rows)
    here = {KEY: (rows, model.predict(inputs, batch_size=256, verbose=0))}
    name = "best_val_data_loss" if "best_val_data_loss" in stored.metrics else "best_val_loss"
    val_loss = stored.metrics.get(name, math.inf)
    loss = comparison.score(here, "loss").mean
    return math.inf if math.isnan(val_loss) else val_loss, loss, here


def first(trained: tuple) -> float:
    """The validation loss of a configuration."""
    return trained[0]


def outcome(comparison, new, old, baseline: float) -> str:
    """Whether the test loss of new predictions is better than that of old ones, beyond noise."""
    gain = comparison.compare(new, old, "loss")
    best = min(comparison.score(part, "loss").mean for part in (new, old))
    if not math.isfinite(gain.mean):
        finite = np.isfinite(new[KEY][1]).all()
        return "helped" if finite else "nothing"
    if abs(gain.mean) <= max(2 * gain.error, 0.02 * math.sqrt(abs(best * baseline))):
        return "nothing"
    return "helped" if gain.mean > 0 else "hurt"


def main() -> None:
    """Follow the starts that are not in the file, each in a process of its own; print the sums."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if sys.argv[2:3] == ["--only"]:
        number = int(sys.argv[3])
        here = folder / f"start_{number:02}"
        here.mkdir(exist_ok=True)
        os.chdir(here)
        os.environ["GOLDILOCKS_LEDGER"] = str(here / "ledger.db")
        line = follow(STARTS[number])
        with (folder / FILE).open("a", newline="") as stream:
            csv.DictWriter(stream, COLUMNS).writerow(line)
        return

    chosen = list(map(int, sys.argv[2:])) or range(len(STARTS))
    if not (folder / FILE).exists():
        (folder / FILE).write_text(",".join(COLUMNS) + "\n")
    for number in chosen:
        if STARTS[number] not in {line["start"] for line in lines(folder)}:
            subprocess.run([sys.executable, __file__, folder, "--only", str(number)], check=True)

    finished = lines(folder)
    names = ("moves", "helped", "nothing", "hurt", "circles")
    heads = ("data", "starts", *names, "in the end", "after / before")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    of_data: dict[str, list[dict[str, str]]] = {}
    for line in sorted(finished, key=lambda line: STARTS.index(line["start"])):
        of_data.setdefault(line["start"].partition(":")[0], []).append(line)
    for name, part in [*of_data.items(), ("all", finished)]:
        sums = " | ".join(str(sum(int(line[key]) for line in part)) for key in names)
        ends = [line["outcome"] for line in part]
        end = ", ".join(f"{ends.count(word)} {word}" for word in names[1:4] if word in ends)
        ratio = np.median([float(line["after"]) / float(line["before"]) for line in part])
        print(f"| {name} | {len(part)} | {sums} | {end} | {ratio:.2f} |")


def lines(folder: Path) -> list[dict[str, str]]:
    """The lines of the finished starts."""
    with (folder / FILE).open(newline="") as stream:
        return list(csv.DictReader(stream))


if __name__ == "__main__":
    main()
