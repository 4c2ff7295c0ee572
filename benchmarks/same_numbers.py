"""Prove that no number has changed since commit BASE: train in both trees, compare run by run.

Run: `.venv/bin/python benchmarks/same_numbers.py BASE [--only PATTERN] [--close 1e-6] [--keep]`
Takes: about 4 minutes on 2 idle cores, most of them for the start of TensorFlow
Expect: a row for each command that says `equal`; exit status 1 if a number differs or a command
    fails.

BASE is checked out into a temporary worktree. Each tree trains with this Python and its own `src`.
Each command has an empty store of its own in each tree, so that nothing is reused. The two trees
share the downloaded wheels, but not the arrays prepared from them: preparation is compared as well.

Commands are written with the keys of today. `RENAMED_KEYS` translates them for a tree whose `conf`
does not have a key.
"""

import argparse
import logging
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import yaml
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

ROOT = Path(__file__).parents[1]
LAST_LINES = 15  # of the output of a command that fails


class Renamed(NamedTuple):
    """The old spelling of an override's key, and of those values that were renamed with it."""

    key: str
    values: Mapping[str, str] = {}


SIDES = {"pre": "before", "post": "after"}
RENAMED_KEYS = {
    "dataset.max_tokens": Renamed("dataset.words"),
    "dataset.maxlen": Renamed("dataset.length"),
    "dataset.padding": Renamed("dataset.pad", SIDES),
    "dataset.truncating": Renamed("dataset.truncate", SIDES),
    "dataset.cache_gib": Renamed("dataset.hold"),
    "model.kernel_size": Renamed("model.kernel"),
    "model.pool_size": Renamed("model.pool"),
    "model.output_dim": Renamed("model.dimensions"),
}

# The names of each value in a store, new and old. The first one that a run has counts.
TAGS = {"verdict": ("verdict",), "weights": ("weights",), "role": ("role",), "fold": ("fold",)}
METRICS = {"loss": ("val_loss", "loss"), "best loss": ("best_val_loss", "best_loss")}
TEST_SCORE = re.compile(r"test_(?!looks|evaluations)")  # those two count evaluations

SWEPT = re.compile(r"=[^[]*,")  # several values; a list has brackets

COMMANDS = [
    # Tables, and everything around a training: folds, repeats, sweeps and the test rows.
    "dataset=boston regularizer=l2 protocol=kfold protocol.k=2 trainer.epochs=3",
    "dataset=boston model.units=8 trainer.epochs=2"
    " protocol=iterated_kfold protocol.k=2 protocol.iterations=2",
    "dataset=boston optimizer=adam optimizer.learning_rate=0.1 trainer.epochs=6 trainer.repeats=2"
    " regularizer=early_stopping regularizer.patience=1 regularizer.dropout=0.3",
    "-m dataset=boston model.units=4,8 regularizer=l1_l2 trainer.epochs=3",
    "dataset=boston model.units=8 trainer.epochs=3 final=true",
    # Images.
    "dataset=mnist model=convnet model.filters=[4,8] model.units=16 trainer=smoke seed=1",
    "dataset=mnist model=mlp model.units=16 regularizer=l1 trainer=smoke final=true",
    "dataset=catsdogs dataset.image_size=16 dataset.cache_gib=0 regularizer=augmentation"
    " model=convnet model.filters=[4,8] model.units=16 trainer=smoke",
    "dataset=catsdogs dataset.image_size=32 model=pretrained model.weights=null model.pooling=avg"
    " model.units=8 trainer=smoke",
    # Texts.
    "dataset=imdb dataset.max_tokens=500 dataset.subset=200 model=mlp model.units=8"
    " regularizer=dropout trainer.epochs=2",
    "dataset=imdb dataset.max_tokens=500 dataset.maxlen=30 dataset.subset=200 model=embedding"
    " model.output_dim=4 trainer.epochs=3",
    "dataset=reuters dataset.max_tokens=500 dataset.maxlen=20 dataset.padding=post"
    " dataset.truncating=post dataset.subset=200 model=rnn model.units=4 model.output_dim=4"
    " trainer=smoke",
    "dataset=reuters dataset.max_tokens=500 dataset.maxlen=40 dataset.subset=200 model=conv1d"
    " model.filters=[4,4] model.kernel_size=3 model.pool_size=2 model.output_dim=4 trainer=smoke",
    # Series.
    "dataset=jena dataset.lookback=24 dataset.subset=500 model=rnn model.units=4"
    " regularizer.recurrent_dropout=0.2 trainer=smoke",
    "dataset=jena dataset.lookback=24 dataset.subset=500 model=conv_rnn model.filters=[4]"
    " model.kernel_size=3 model.pool_size=2 model.units=4 trainer=smoke",
    "dataset=jena dataset.lookback=24 dataset.subset=500 model=baseline",
]


class Tree(NamedTuple):
    """A checkout, the folder that its commands work in, and the environment that they have."""

    name: str
    root: Path
    work: Path
    environment: Mapping[str, str]


class CommandFailed(Exception):
    """A command ended with an error; the message has the last lines of its output."""


def keys_of(conf: Path) -> set[str]:
    """Return the keys that any option of a group of `conf` has, such as `dataset.subset`."""
    return {
        f"{file.parent.name}.{key}"
        for file in conf.glob("*/*.yaml")
        for key in yaml.safe_load(file.read_text()) or ()
    }


def spelled(command: str, keys: set[str]) -> list[str]:
    """Return the words of a command, each key spelled as a tree with these keys spells it."""
    words = []
    for word in command.split():
        key, equals, value = word.partition("=")

        if key in RENAMED_KEYS and key not in keys:
            old = RENAMED_KEYS[key]
            word = f"{old.key}{equals}{old.values.get(value, value)}"
        words.append(word)
    return words


def first_of(values: Mapping[str, object], spellings: Sequence[str]) -> object:
    """Return the value of the first of these names that has one, or None."""
    return next((values[name] for name in spellings if name in values), None)


def numbers_of(run: Run) -> dict[str, object]:
    """Return the losses, test scores, verdict and weights of a run, without those it lacks."""
    tags, metrics = run.data.tags, run.data.metrics
    numbers = {name: first_of(metrics, METRICS[name]) for name in METRICS}
    numbers |= {name: first_of(tags, TAGS[name]) for name in ("verdict", "weights")}
    numbers |= {name: value for name, value in metrics.items() if TEST_SCORE.match(name)}
    return {name: value for name, value in numbers.items() if value is not None}


def label_of(run: Run, swept: Sequence[str]) -> str:
    """Return the role, fold, seed and swept values of a run: others of its command differ."""
    tags, params = run.data.tags, run.data.params
    label = str(first_of(tags, TAGS["role"]))
    values = {"fold": first_of(tags, TAGS["fold"]), "seed": params.get("seed")}
    for key in swept:
        values[key] = first_of(params, (key, RENAMED_KEYS[key].key if key in RENAMED_KEYS else key))

    return " ".join([label, *(f"{name}={value}" for name, value in values.items() if value)])


def runs_of(folder: Path, swept: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return the numbers of all runs in a folder's store, by label; equal labels count by start."""
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiments = [each.experiment_id for each in client.search_experiments()]
    runs = client.search_runs(experiments, order_by=["attributes.start_time ASC"], max_results=1000)

    numbered: Counter[str] = Counter()
    numbers = {}
    for run in runs:
        label = label_of(run, swept)
        numbered[label] += 1
        numbers[f"{label} #{numbered[label]}"] = numbers_of(run)
    return numbers


def differences(
    base: Mapping[str, Mapping[str, object]],
    this: Mapping[str, Mapping[str, object]],
    *,
    close: float = 0.0,
) -> list[str]:
    """Return a line for each number that differs and for each run that only one tree has.

    Args:
        base: Numbers of BASE by run and name.
        this: Those of this tree.
        close: Numbers that differ by less than this fraction of them are equal.
    """
    lines = []
    for label in sorted({*base, *this}):
        if label not in this or label not in base:
            lines.append(f"{label}: only {'BASE' if label in base else 'this tree'} has this run")
            continue

        for name in sorted({*base[label], *this[label]}):
            before, after = base[label].get(name), this[label].get(name)
            # By repr: NaN equals itself, and every digit counts.
            equal = repr(before) == repr(after)
            if isinstance(before, float) and isinstance(after, float):
                equal = equal or math.isclose(before, after, rel_tol=close)
            if not equal:
                lines.append(f"{label}: {name} is {before!r} in BASE and {after!r} in this tree")

    if not any(this.values()):
        lines.append("no run has a number to compare")
    return lines


def environment_of(root: Path, work: Path) -> dict[str, str]:
    """Return the environment of a tree's commands: its `src`, its cache, and one thread."""
    home = Path.home() / ".cache" / "goldilocks"
    shared = Path(os.environ.get("GOLDILOCKS_CACHE") or home) / "wheels"
    shared.mkdir(parents=True, exist_ok=True)

    cache = work / "cache"
    cache.mkdir(parents=True)
    (cache / "wheels").symlink_to(shared, target_is_directory=True)

    environment = {
        name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"
    }
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        environment[name] = "1"
    own = {"GOLDILOCKS_CACHE": str(cache), "GOLDILOCKS_LEDGER": str(work / "ledger.db")}
    return environment | {"PYTHONPATH": str(root / "src"), **own}


def check_import(tree: Tree) -> None:
    """Raise CommandFailed unless the tree's commands import its own package, not another."""
    command = [sys.executable, "-c", "import goldilocks; print(goldilocks.__file__)"]
    done = subprocess.run(
        command, cwd=tree.work, env=tree.environment, capture_output=True, text=True
    )
    imported, own = done.stdout.strip(), tree.root / "src" / "goldilocks" / "__init__.py"

    if not imported or Path(imported).resolve() != own.resolve():
        raise CommandFailed(
            f"{tree.name} imports goldilocks from {imported or done.stderr!r}, expected {own}."
        )
    print(f"{tree.name:9} imports {imported}", flush=True)


def train(tree: Tree, number: int, command: str, empty_store: Path) -> dict[str, dict[str, object]]:
    """Run a command in a new folder with an empty store, and return the numbers of its runs."""
    folder = tree.work / f"command{number}"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")

    words = spelled(command, keys_of(tree.root / "conf"))
    arguments = [sys.executable, str(tree.root / "train.py"), *words, "dataset.source=stand_in"]
    done = subprocess.run(
        arguments,
        cwd=folder,
        env=tree.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-LAST_LINES:])
        raise CommandFailed(
            f"{tree.name}: exit status {done.returncode} of {' '.join(words)}\n{last}"
        )

    swept = [word.partition("=")[0] for word in command.split() if SWEPT.search(word)]
    return runs_of(folder, swept)


def compare(
    number: int, command: str, trees: Sequence[Tree], empty_store: Path, *, close: float
) -> bool:
    """Run a command in both trees at once, print its row, and return whether all runs are equal."""
    with ThreadPoolExecutor(len(trees)) as pool:
        waiting = [pool.submit(train, tree, number, command, empty_store) for tree in trees]
        try:
            base, this = (each.result() for each in waiting)
        except CommandFailed as error:
            print(f"FAILED    {command}\n{error}", flush=True)
            return False

    lines = differences(base, this, close=close)
    print(f"{'DIFFERENT' if lines else 'equal':9} {len(this)} runs  {command}", flush=True)
    for line in lines:
        print(f"          {line}", flush=True)
    return not lines


@contextmanager
def checkout(commit: str, folder: Path, *, keep: bool) -> Iterator[Path]:
    """Check a commit out into a worktree in a folder, and remove both in the end unless kept."""
    git = ["git", "-C", str(ROOT), "worktree"]
    tree = folder / "base"
    try:
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), commit], check=True)
        yield tree
    finally:
        if keep:
            print(f"kept {folder}; `git worktree remove --force {tree}` ends its checkout")
        else:
            subprocess.run([*git, "remove", "--force", str(tree)], check=False)
            shutil.rmtree(folder)


def prepare(name: str, root: Path, folder: Path) -> Tree:
    """Make the working folder and the environment of a checkout, and check what it imports."""
    work = folder / f"work-{name.replace(' ', '-')}"
    tree = Tree(name, root, work, environment_of(root, work))
    check_import(tree)
    return tree


def main() -> int:
    parser = argparse.ArgumentParser(description="Prove that no number has changed since BASE.")
    parser.add_argument("base", metavar="BASE", help="the commit to compare this tree with")
    parser.add_argument(
        "--only", metavar="PATTERN", default="", help="only the commands in which this is found"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the worktree of BASE and both trees' stores"
    )
    parser.add_argument(
        "--close",
        metavar="FRACTION",
        type=float,
        default=0.0,
        help="numbers that differ by less than this fraction of them are equal",
    )
    options = parser.parse_args()

    commands = [command for command in COMMANDS if re.search(options.only, command)]
    if not commands:
        parser.error(f"no command matches {options.only!r}; all commands: {COMMANDS}")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the worktree is removed
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="same-numbers-"))
    with checkout(options.base, folder, keep=options.keep) as base:
        trees = [prepare("BASE", base, folder), prepare("this tree", ROOT, folder)]
        # MLflow needs seconds to make a store's tables; copying them takes none.
        empty_store = folder / "mlflow.db"
        MlflowClient(f"sqlite:///{empty_store}").search_experiments()

        equal = [
            compare(number, command, trees, empty_store, close=options.close)
            for number, command in enumerate(commands)
        ]

    print(f"{sum(equal)} of {len(equal)} commands left the same numbers in both trees")
    return 0 if all(equal) else 1


if __name__ == "__main__":
    sys.exit(main())
