"""The page for one's own data: its commands are right, and run on files as it describes them."""

import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from composition import CONF, ROOT
from goldilocks.config import command_line

PAGE = (ROOT / "docs" / "your-data.md").read_text()
COMMANDS = re.findall(r"(?:^    |`)((?:goldilocks data|python \w+\.py) [^`\n]+)", PAGE, flags=re.M)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with the files that the page names."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    size, rooms = rng.uniform(40, 180, 300).round(1), rng.integers(1, 7, 300)
    price = (2.1 * size + 9 * rooms + rng.normal(scale=20, size=300)).round(1)
    houses = pd.DataFrame({"size": size, "rooms": rooms, "price": price})
    houses["city"] = rng.choice(["Aachen", "Bonn", "Trier"], 300)
    houses.to_csv(folder / "houses.csv", index=False, sep=";", decimal=",")

    spent = rng.normal(size=600)
    churn = np.where(spent + rng.normal(size=600) > 2.3, "yes", "no")
    pd.DataFrame(
        {"spent": spent.round(3), "visits": rng.integers(0, 9, 600), "churn": churn}
    ).to_csv(folder / "churn.csv", index=False)

    for name, bright in {"day": 190, "night": 40}.items():
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(40):
            pixels = rng.normal(bright, 30, (40, 40, 3)).clip(0, 255).astype("uint8")
            Image.fromarray(pixels).save(folder / "photos" / name / f"{number}.jpg")

    words = {"good": ["great", "lovely", "warm"], "bad": ["dull", "cold", "late"]}
    stars = rng.choice(list(words), 200)
    texts = [
        " ".join([*rng.choice(words[star], 4), *rng.choice(["a", "b", "c"], 4)]) for star in stars
    ]
    pd.DataFrame({"review": texts, "stars": stars}).to_csv(folder / "reviews.csv", index=False)

    days = pd.date_range("2021-01-01", periods=400)
    amount = (rng.normal(size=400) + 3).round(2)
    orders = pd.DataFrame({"day": days, "items": (amount * 3).round(), "amount": amount})
    orders.to_csv(folder / "orders.csv", index=False)

    months = pd.date_range("1990-01-01", periods=360, freq="MS")
    sales = (
        100 + np.arange(360) / 3 + 20 * np.sin(np.arange(360) * np.pi / 6) + rng.normal(size=360)
    )
    pd.DataFrame({"month": months, "sales": sales.round(2)}).to_csv(
        folder / "sales.csv", index=False
    )
    return folder


def run(command, folder):
    """Run a command of the page in the folder of the files."""
    program, *words = shlex.split(command)
    if program == "goldilocks":
        words = ["-c", "from goldilocks.cli import main; main()", *words]
    else:
        words = [str(ROOT / words[0]), *words[1:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_the_page_has_commands():
    assert len(COMMANDS) >= 9


@pytest.mark.parametrize("command", [word for word in COMMANDS if "train.py" in word])
def test_a_command_is_right(command, files, monkeypatch):
    monkeypatch.chdir(files)
    words = shlex.split(command)[2:]
    if words[0] == "-m":  # The first of its jobs.
        words = [re.sub(",.*", "", word) for word in words[1:]]
    command_line.compose_settings(words, CONF)


@pytest.mark.long
@pytest.mark.parametrize("command", [word for word in COMMANDS if "goldilocks data" in word])
def test_a_file_is_shown(command, files):
    done = run(command, files)
    assert done.returncode == 0, done.stderr
    assert "price" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("command", [word for word in COMMANDS if "goldilocks data" not in word])
def test_a_command_trains(command, files):
    done = run(command, files)
    assert done.returncode == 0, done.stderr
    assert ("page " if "workflow.py" in command else "verdict ") in done.stdout
