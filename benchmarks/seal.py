"""What opens the seal of test rows: each attempt as a command, and what it said.

    .venv/bin/python benchmarks/seal.py [attempts] [others] [race] [speed] [count]

Every command runs in a folder of its own, with a ledger of this benchmark.
"""

import multiprocessing
import os
import re
import runpy
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from mlflow.entities import Param
from PIL import Image

import goldilocks.sweep.preload  # noqa: F401  What every training imports.
from goldilocks.dataset import Dataset, cell_keys, overlap
from goldilocks.protocol import Split
from goldilocks.run import compared
from goldilocks.tracking import local

ROOT = Path(__file__).parent.parent
QUICK = ("trainer=smoke", "trainer.epochs=2", "final=true")
TABLE = ("dataset=table", "dataset.target=price")
SERIES = ("dataset=series", "dataset.time=time", "dataset.target=load")
IMAGES = ("dataset=images", "model=mlp", "dataset.image_size=16")
TRIES = 20
CONTEXT = multiprocessing.get_context("fork")


def houses(rows, seed):
    generator = np.random.default_rng(seed)
    size = generator.integers(40, 400, rows) / 2
    return pd.DataFrame({
        "size": size,
        "kind": generator.choice(["flat", "house", "loft"], rows),
        "rooms": generator.integers(1, 9, rows),
        "year": generator.integers(1900, 2020, rows),
        "fee": generator.gamma(2, 50, rows).round(2),
        "price": (3 * size + generator.normal(0, 20, rows)).round(1),
    })  # fmt: skip


def loads(rows, seed, begin="2023-01-01"):
    generator = np.random.default_rng(seed)
    times = pd.date_range(begin, periods=rows, freq="h")
    noise = generator.normal(size=(rows, 2)).round(2)
    load = (10 + 3 * np.sin(times.hour / 24 * 2 * np.pi) + noise[:, 0]).round(2)
    return pd.DataFrame({"time": times.astype(str), "load": load, "wind": noise[:, 1]})


def photographs(folder, seed):
    generator = np.random.default_rng(seed)
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        for number in range(40):
            pixels = generator.integers(256, size=(20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")


def start(folder, *overrides, ledger=None):
    """Start a final training in a folder, in a process that has imported what it needs."""
    folder.mkdir(parents=True, exist_ok=True)
    process = CONTEXT.Process(
        target=_train, args=(folder, overrides, ledger or folder.parent / "ledger.db")
    )
    process.start()
    return process


def _train(folder, overrides, ledger):
    os.environ["GOLDILOCKS_LEDGER"] = str(ledger)
    os.chdir(folder)
    with open(f"said-{os.getpid()}", "w") as said:  # noqa: PTH123
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
        sys.argv = ["train.py", *overrides, *QUICK]
        runpy.run_path(str(ROOT / "train.py"), run_name="__main__")


def ended(folder, process):
    """Return the exit code of a training and what it said."""
    process.join()
    return process.exitcode, (folder / f"said-{process.pid}").read_text()


def train(folder, *overrides):
    return ended(folder, start(folder, *overrides))


def outcome(code, said):
    """Return in a word what became of a command, with the per cent that it said."""
    flat = " ".join(said.split())
    if match := re.search(r"evaluated on these test rows \((.+?) of them\)", flat):
        return f"refused ({match[1]})"
    if code:
        return f"FAILED: {flat[-300:]}"
    if match := re.search(r"(\S+ %) of the test rows were evaluated before", flat):
        return f"evaluated, said ({match[1]})"
    if "content cannot tell" in flat:
        return "evaluated, said that content cannot tell"
    return "evaluated"


def attempts(scratch):
    """Print a row for each attempt to evaluate rows again that were evaluated."""
    first, frame = scratch / "first", houses(600, 0)
    first.mkdir()
    files = {
        "houses.csv": frame,
        "renamed.csv": frame.rename(columns=lambda name: f"{name}_2".replace("price_2", "price")),
        "moved.csv": frame[frame.columns[::-1]],
        "added.csv": frame.assign(noise=np.random.default_rng(1).normal(size=600)),
        "dropped.csv": frame.drop(columns=["fee"]),
        "removed.csv": frame.drop(index=np.random.default_rng(2).permutation(600)[:100]),
        "appended.csv": pd.concat([frame, houses(100, 9)]),
        "shuffled.csv": frame.sample(frac=1, random_state=3),
        "loads.csv": loads(1500, 0),
    }
    for name, content in files.items():
        content.to_csv(first / name, index=False)
    frame.to_parquet(first / "houses.parquet")
    photographs(first / "photographs", 0)

    print("| attempt | outcome |\n|---|---|")

    def row(words, *overrides, folder=first):
        print(f"| {words} | {outcome(*train(folder, *overrides))} |", flush=True)

    table, other = (*TABLE, "dataset.file=houses.csv"), "model.units=8"
    row("a table, first evaluation", *table)
    row("the same with another seed", *table, "seed=1")
    row("another size of the model", *table, other)
    row("`dataset.drop`", *table, "dataset.drop=[fee]")
    row("`protocol.test`", *table, "protocol.test=0.3")
    row("`protocol.seed`", *table, "protocol.seed=7")
    rooms = ("dataset=table", "dataset.target=rooms", "dataset.file=houses.csv")
    row("another `dataset.target`", *rooms, "dataset.problem=multiclass")
    row("`dataset.problem`", *rooms, "dataset.problem=regression")
    for name in [*files, "houses.parquet"]:
        if name not in ("houses.csv", "loads.csv"):
            row(name, *TABLE, f"dataset.file={name}", other)
    shutil.copytree(first / "photographs", scratch / "second" / "photographs")
    for name in ("houses.csv", "loads.csv"):
        shutil.copy(first / name, scratch / "second")
    second = scratch / "second"
    row("another folder, with a store of its own", *table, other, folder=second)
    row("`tracking=none`", *table, other, "tracking=none")
    row("`tracking=none` in another folder", *table, other, "tracking=none", folder=second)

    series = (*SERIES, "dataset.file=loads.csv", "dataset.lookback=24", "dataset.step=1")
    row("a series, first evaluation", *series, "dataset.delay=1")
    row("`dataset.delay`", *series, "dataset.delay=6")
    row("`dataset.lookback`, `dataset.step`", *SERIES, "dataset.file=loads.csv",
        "dataset.lookback=48", "dataset.step=2", "dataset.delay=1")  # fmt: skip
    row("another folder", *series, "dataset.delay=1", other, folder=second)
    images = (*IMAGES, "dataset.dir=photographs")
    row("images, first evaluation", *images)
    row("`dataset.image_size`", *images, "dataset.image_size=12")
    row("another folder", *images, other, folder=second)


def others(scratch):
    """Print how many evaluations of rows that nobody has evaluated are refused."""

    def few(seed):
        generator = np.random.default_rng(seed)
        return pd.DataFrame(generator.integers(0, 4, (300, 6)), columns=list("abcdef")).assign(
            price=generator.integers(0, 10, 300)
        )

    rows = {"unrelated tables with few distinct rows": (TABLE, few)}
    rows["other months of one series"] = (
        (*SERIES, "dataset.lookback=24", "dataset.step=1", "dataset.delay=1"),
        lambda seed: loads(700, seed, f"20{seed + 10}-02-01"),
    )
    rows["other months of one source, as tables"] = (
        ("dataset=table", "dataset.target=load"),
        lambda seed: loads(700, seed, f"20{seed + 10}-02-01"),
    )
    print("| evaluated, one after the other | refused |\n|---|---|")
    for words, (how, made) in rows.items():
        folder, codes = scratch / words.replace(" ", "-"), []
        folder.mkdir()
        for seed in range(TRIES):
            made(seed).to_csv(folder / f"{seed}.csv", index=False)
            codes.append(train(folder, *how, f"dataset.file={seed}.csv"))
        refused = [outcome(*code) for code in codes if code[0]]
        print(f"| {words} | {len(refused)} of {TRIES} {refused[:1]} |", flush=True)

    published = [
        outcome(*train(scratch / name, "dataset=boston", "dataset.source=stand_in", units))
        for name, units in (("one", "model.units=4"), ("two", "model.units=8"))
    ]
    print(f"| a published set in a second folder | {published} |")


def race(scratch):
    """Print how many of two configurations in two folders on one store were evaluated at once."""
    for words, ledgers in (("one machine", (None, None)), ("two machines", ("a.db", "b.db"))):
        counts = []
        for number in range(TRIES):
            place = scratch / f"{words} {number}".replace(" ", "-")
            place.mkdir()
            houses(600, number).to_csv(place / "houses.csv", index=False)
            common = (*TABLE, f"dataset.file={place / 'houses.csv'}",
                      f"tracking.uri=sqlite:///{place / 'mlflow.db'}")  # fmt: skip

            def one(at, place=place, common=common, ledgers=ledgers):
                ledger = ledgers[at] and place / ledgers[at]
                return start(place / f"folder{at}", *common, f"model.units={4 + at}", ledger=ledger)

            started = [(place / f"folder{at}", one(at)) for at in range(2)]
            outcomes = [outcome(*ended(*each)) for each in started]
            counts.append(sum(each.startswith("evaluated") for each in outcomes))
            for failed in (each for each in outcomes if each.startswith("FAILED")):
                print(failed)
        print(f"{words}: evaluations of {TRIES} pairs: {counts}", flush=True)


def speed(_):
    """Print seconds and bytes of a table of 100,000 rows and 20 columns."""
    generator, rows = np.random.default_rng(0), 100_000
    frame = pd.DataFrame(generator.normal(size=(rows, 20))).astype("str")
    began = time.perf_counter()
    keys = cell_keys.of_frame(frame)
    read = time.perf_counter() - began
    dataset = Dataset(
        name="table", kind="table", problem="regression", x=frame, y=np.zeros(rows), classes=(),
        source="original", location="", digest="", cell_keys=keys,
    )  # fmt: skip
    order = generator.permutation(rows)
    test, training = order[:25_000], order[25_000:]
    began = time.perf_counter()
    kept = overlap.keep(keys, test, b"secret")
    keeping = time.perf_counter() - began
    began = time.perf_counter()
    asked = overlap.ask(dataset, test, training, b"secret")
    asking = time.perf_counter() - began
    known = overlap.known(asked, kept)
    print(
        f"100,000 x 20, all values distinct: keys of cells {read:.1f} s, keeping {keeping:.2f} s "
        f"and {kept.keys.nbytes / 1000:.0f} KB, asking {asking:.1f} s, and of each evaluation "
        f"{time.perf_counter() - began - asking:.2f} s (share {known and known.share})"
    )


def count(scratch):
    """Print what counting the configurations takes in a store of 300 runs over 60 tables."""
    os.chdir(scratch)
    order = np.random.default_rng(0).permutation(10_000)
    split = Split(order[:5000], np.sort(order[5000:7500]), order[7500:])
    store = local.connect(uri=None, experiment="goldilocks")

    class Folder:
        """Takes what a tracker is given."""

        def files(self, folder):
            shutil.copytree(folder, scratch / "logged", dirs_exist_ok=True)

        def tags(self, values):
            self.values = values

    def table(seed):
        frame = pd.DataFrame(np.random.default_rng(seed).normal(size=(10_000, 20)))
        return Dataset(
            name="table", kind="table", problem="regression", x=frame, y=np.zeros(10_000),
            classes=(), source="original", location="", digest=str(seed),
            cell_keys=cell_keys.of_frame(frame),
        )  # fmt: skip

    logging = []
    for seed in range(60):
        dataset, tracker = table(seed), Folder()
        began = time.process_time()
        compared.log(tracker, dataset, [split])
        logging.append(time.process_time() - began)
        for number in range(5):
            tags = {"role": "plain", "configuration": f"{seed} {number}", **tracker.values}
            run = store.client.create_run(store.experiment_id, tags=tags)
            store.client.log_artifacts(run.info.run_id, str(scratch / "logged"))
            store.client.log_batch(
                run.info.run_id, params=[Param(str(at), "1") for at in range(90)]
            )
    began = time.process_time()
    number = compared.configurations(store, table(0), split.validation)
    counting = (time.process_time() - began) / 300
    print(
        f"processor time a run: logging {1000 * np.median(logging):.0f} ms, counting "
        f"{1000 * counting:.0f} ms ({number} configurations)"
    )


def main():
    parts = {
        "attempts": attempts, "others": others, "race": race, "speed": speed, "count": count
    }  # fmt: skip
    for name in sys.argv[1:] or list(parts):
        with tempfile.TemporaryDirectory() as folder:
            parts[name](Path(folder))


if __name__ == "__main__":
    main()
