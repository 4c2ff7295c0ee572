"""Every command that README, the guides and the list of experiments show can be typed as it stands.

All of them are composed and checked here. The slow tests run them, in the order of each page, in
a folder with files of the names that they have: networks are trained for an epoch, workflows have
three trainings. What stands in `docs/your-data.md` and `docs/blueprint.md` has tests of its own.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from fnmatch import fnmatch

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from composition import CONF, OPTIONS, ROOT
from goldilocks.config.command_line import composition_errors
from goldilocks.config.composition import compose, settled
from goldilocks.tracking import local

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "experiments" / "README.md",
]
TESTED_ELSEWHERE = {"your-data.md", "blueprint.md", "field.md", "faults.md", "settings.md"}
PROGRAM = r"(?:\.venv/bin/)?(?:python (?:train\.py|workflow\.py|\w+/[\w/]+\.py)|goldilocks \w+)"
COMMAND = re.compile(rf"^    ({PROGRAM}\b(?:.*\\\n)*.*)$|`({PROGRAM}\b[^`]*)`", re.MULTILINE)
# Not whole: "...", a choice, a word in brackets for what a person has.
NOT_WHOLE = re.compile(r"\.\.\.|<|\w\|\w")
ID = re.compile(r"\b(RUN_ID|SWEEP_ID|RUN|MODEL|ID)\b")


def commands(page):
    """The whole commands of a page, in their order, without comments and repetitions."""
    found = []
    for match in COMMAND.finditer(page.read_text("utf-8")):
        command = re.sub(r"\s+# .*", "", (match[1] or match[2]).replace("\\\n", " "))
        command = command.removeprefix(".venv/bin/")
        words = command.split()
        is_bare = words[0] == "goldilocks" and len(words) == 2 and words[1] != "repair"
        if not NOT_WHOLE.search(command) and not is_bare:
            found.append(" ".join(words))
    return list(dict.fromkeys(found))


SHOWN = {
    str(page.relative_to(ROOT)): commands(page)
    for page in PAGES
    if page.name not in TESTED_ELSEWHERE and commands(page)
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with files of the names that the commands have."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    write = [sys.executable, ROOT / "docs" / "example_files.py", folder]
    subprocess.run(write, check=True)
    size, price = rng.uniform(40, 180, (2, 300)).round(1)
    hours = pd.date_range("2021-01-01", periods=900, freq="h")
    load = np.sin(np.arange(900) * np.pi / 12) + rng.normal(0, 0.1, 900)
    x, y = rng.normal(size=(2, 600)).round(3)
    labels = (x[:, None] + rng.normal(size=(600, 3)) > 0.5).astype(int)
    genres = np.array(["drama", "comedy", "war"])
    named = ["|".join(genres[row == 1]) for row in labels]
    reviews = [
        f"{' '.join(words)} a film {number % 50}"
        for number, words in enumerate(map(str.split, named))
    ]
    for name, table in {
        "own.csv": {"size": size, "price": price},
        "load.csv": {"hour": hours, "kwh": load.round(3)},
        "rare.csv": {"x": x, "y": y, "churn": np.where(x + y > 2.2, "yes", "no")},
        # Labels in columns, and others in one: neither may be read off the other.
        "films.csv": {
            "x": x,
            "y": y,
            **dict(zip(genres, labels.T, strict=True)),
            "genres": rng.permutation(named),
        },
        "reviews.csv": {"review": reviews, "topics": named},
    }.items():
        pd.DataFrame(table).to_csv(folder / name, index=False)

    rows = []
    for kind, bright in {"cats": 190, "dogs": 40}.items():
        (folder / "photos" / kind).mkdir(parents=True)
        (folder / "mails" / kind).mkdir(parents=True)
        for number in range(60):
            pixels = rng.normal(bright, 60, (40, 40, 3)).clip(0, 255).astype("uint8")
            Image.fromarray(pixels).save(folder / "photos" / kind / f"{kind}{number}.jpg")
            text = f"{kind} {number} " + " ".join(rng.choice(["hello", "bye", "money"], 5))
            (folder / "mails" / kind / f"{number}.txt").write_text(text)
            rows.append({"image": f"{kind}{number}.jpg", "label": kind})
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)
    losses = np.linspace(0.6, 0.3, 20)
    history = {"loss": losses, "val_loss": losses + 0.05}
    history |= {"accuracy": 1 - losses, "val_accuracy": 0.95 - losses}
    pd.DataFrame(history).to_csv(folder / "history.csv", index=False)
    (folder / "mypackage.py").write_text(
        "def retention(y_true, y_pred):\n    return y_true[y_pred[:, 0].argsort()[-60:]].mean()\n\n\n"
        "retention.greater_is_better = True\n"
    )
    return folder


def words_of(command):
    """The words of a command, with a folder that is there in place of FOLDER."""
    return [re.sub(r"=(FOLDER|PHOTOGRAPHS)$", "=photos", word) for word in shlex.split(command)]


def first(word):
    """A swept word with the first of its values."""
    key, _, value = word.partition("=")
    if pattern := re.fullmatch(r"glob\((.*)\)", value):
        value = next(name for name in OPTIONS["experiment"] if fnmatch(name, pattern[1]))
    elif re.match(r"(range|int|interval|tag)\(", value):
        value = re.search(r"\d[\d.e-]*", value)[0]
    return f"{key}={value if value.startswith('[') else value.partition(',')[0]}"


def check(words):
    """Compose and check what train.py or workflow.py is given, of a sweep its first job."""
    program, *typed = words
    if typed[:1] == ["-m"]:
        typed = [first(word) for word in typed[1:] if not word.startswith("hydra/launcher=")]
    name = "workflow" if program == "workflow.py" else "config"
    with composition_errors(typed, CONF, name):
        cfg = compose(typed, CONF, name)
        settled(cfg, hydra=cfg.hydra, overrides=typed)


@pytest.mark.long
@pytest.mark.parametrize("page", SHOWN)
def test_every_command_of_a_page_can_be_typed(page, files, monkeypatch):
    monkeypatch.chdir(files)
    monkeypatch.syspath_prepend(files)
    for command in SHOWN[page]:
        program, *words = words_of(command)
        if program == "goldilocks" or "--help" in words:
            continue
        if words[0] in ("train.py", "workflow.py"):
            check(words)
        else:
            assert (ROOT / words[0]).is_file(), command


def short(words):
    """The words with an epoch, or three trainings, in place of what was typed."""
    program, *typed = words
    if "--help" in typed or program not in ("train.py", "workflow.py"):
        return words
    if program == "workflow.py":
        return [
            program,
            *(word for word in typed if not word.startswith("budget=")),
            "budget=3runs",
        ]
    kept = [
        word for word in typed if not word.startswith(("trainer.epochs=", "hydra.sweeper.trials="))
    ]
    trials = ["hydra.sweeper.trials=2"] if "hydra/sweeper=search" in typed else []
    return [program, *kept, *trials, "trainer.epochs=1"]


def placed(words, folder):
    """The words with the ID of a run that they can mean: the last one that finished."""
    store = local.open_existing(uri=f"sqlite:///{folder / 'mlflow.db'}", experiment="goldilocks")
    runs = [
        run for run in store.search("") if run.status == "FINISHED" and "best_epoch" in run.metrics
    ]
    meant = runs
    if "houses.csv" in " ".join(words):
        meant = [run for run in runs if run.params.get("dataset.file") == "houses.csv"]
    elif "--words" in words:
        meant = [run for run in runs if run.params.get("experiment") == "embedding_learned"]
    elif any("init_from" in word for word in words):
        meant = [run for run in runs if "frozen_aug" in run.params.get("experiment", "")]
    last = max(meant, key=lambda run: run.started)
    return [ID.sub(last.run_id, word) for word in words]


# Servers of pages, clusters that are not here, programs that measure for hours or write in the
# repository, and what a folder of weights or another file of the reader is needed for.
NOT_RUN = re.compile(
    r"goldilocks ui|ray_cluster|slurm|benchmarks/|experiments/|tests/|vgg16|FILE|SOURCE|faces|elephant"
)
TO_RUN = {
    page: kept
    for page, shown in SHOWN.items()
    if (kept := [command for command in shown if not NOT_RUN.search(command)])
}


def shortened(words):
    """What Python is given for a command: train.py, workflow.py or `goldilocks`."""
    program, *rest = words
    if program == "goldilocks":
        return ["-c", "from goldilocks.cli import main; main()", *rest]
    return [str(ROOT / rest[0]), *short(rest)[1:]]


def ran(arguments, folder):
    """Run Python in a folder, with a ledger of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "GOLDILOCKS_LEDGER": str(folder / "ledger.db"),
        },
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def folder(files):
    """The folder with files, and with runs that commands for RUN_ID can mean."""
    for typed in (
        "experiment=embedding_learned",
        "experiment=catsdogs_pretrained_frozen_aug dataset.image_size=64 trainer.steps_per_epoch=2",
        "dataset=table dataset.file=houses.csv dataset.target=price",
        "dataset=mnist",
    ):
        done = ran(shortened(["python", "train.py", *typed.split()]), files)
        assert done.returncode == 0, done.stderr
    return files


@pytest.fixture(scope="module")
def seen():
    """What has been run on other pages."""
    return set()


@pytest.mark.slow
@pytest.mark.parametrize("page", TO_RUN)
def test_every_command_of_a_page_runs(page, folder, tmp_path, seen):
    # In a copy: what another page evaluates on test rows is not the reader's of this one.
    here, failed = tmp_path / "files", []
    shutil.copytree(folder, here)
    for command in TO_RUN[page]:
        words = words_of(command)
        if ID.search(command):
            words = placed(words, here)
        arguments = shortened(words)
        if tuple(arguments) in seen:
            continue
        seen.add(tuple(arguments))
        start = time.perf_counter()
        done = ran(arguments, here)
        print(f"{time.perf_counter() - start:6.1f} s  {done.returncode}  {command}")
        if done.returncode != 0:
            failed.append(f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    assert not failed, "\n\n".join(failed)


def test_pages_show_commands():
    assert len(SHOWN) > 15
    assert sum(map(len, SHOWN.values())) > 80
