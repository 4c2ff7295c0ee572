"""Write the tables that commands of the docs name: python docs/example_files.py [FOLDER]."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd


def houses() -> pd.DataFrame:
    """600 houses with two numbers to predict, and a column of words with gaps."""
    random = np.random.default_rng(0)
    size, rooms = random.uniform(40, 180, 600).round(1), random.integers(1, 7, 600)
    price = (2.1 * size + 9 * rooms + random.normal(scale=20, size=600)).round(1)
    rent = (8 * size + random.normal(scale=60, size=600)).round()
    city = random.choice(["Aachen", "Bonn", "Trier", ""], 600)
    return pd.DataFrame({"size": size, "rooms": rooms, "price": price, "rent": rent, "city": city})


def churn() -> pd.DataFrame:
    """3,000 customers, of whom 4 % left."""
    random = np.random.default_rng(1)
    spent, visits = random.normal(size=3000), random.integers(0, 9, 3000)
    left = np.where(spent - visits / 4 + random.normal(size=3000) > 1.7, "yes", "no")
    return pd.DataFrame({"spent": spent.round(3), "visits": visits, "left": left})


def tags() -> pd.DataFrame:
    """2,000 rows with any of four tags, of which one is rare."""
    random = np.random.default_rng(0)
    x = random.normal(size=(2000, 12))
    odds = np.stack([x[:, 0] + x[:, 1], 1.5 * x[:, 2] * x[:, 3], x[:, 4] - 1.2, -x[:, 5] - 2], 1)
    has = random.random(odds.shape) < 1 / (1 + np.exp(-2 * odds))
    names = np.array(["sport", "news", "music", "rare"])
    table = pd.DataFrame(x.round(4), columns=[f"x{number}" for number in range(12)])
    return table.assign(tags=["|".join(names[row]) for row in has])


def walk() -> pd.DataFrame:
    """A random walk of 1,200 days beside another, which says nothing about it."""
    random = np.random.default_rng(1)
    level, y = random.normal(size=(2, 1200)).cumsum(axis=1).round(3)
    days, other = pd.date_range("2019-01-01", periods=1200), random.normal(size=1200).round(3)
    return pd.DataFrame({"day": days, "level": level, "other": other, "y": y})


def turning() -> pd.DataFrame:
    """2,000 days on which the target goes with an input, more and more weakly, then against it."""
    random = np.random.default_rng(2)
    a, b = random.normal(size=(2, 2000)).round(4)
    y = (np.linspace(2, -2, 2000) * a + b + 0.5 * random.normal(size=2000)).round(4)
    return pd.DataFrame({"day": pd.date_range("2018-01-01", periods=2000), "a": a, "b": b, "y": y})


def orders() -> pd.DataFrame:
    """1,500 orders, whose skewed amount has a course of the day."""
    random = np.random.default_rng(4)
    when = pd.date_range("2019-01-01", periods=1500, freq="17h")
    amount = np.exp(2 + np.sin(2 * np.pi * when.hour / 24) + 0.3 * random.normal(size=1500))
    return pd.DataFrame({"when": when, "amount": amount.round(2)})


def sales() -> pd.DataFrame:
    """360 months that grow, with a season that grows with them."""
    random, months = np.random.default_rng(0), np.arange(360)
    season = 20 * np.sin(months * np.pi / 6) * (1 + months / 400)
    y = (100 + months / 2 + season + 2 * random.normal(size=360)).round(3)
    return pd.DataFrame({"month": pd.date_range("1990-01-01", periods=360, freq="MS"), "sales": y})


TABLES: Mapping[str, Callable[[], pd.DataFrame]] = {
    "houses.csv": houses,
    "churn.csv": churn,
    "tags.csv": tags,
    "walk.csv": walk,
    "turning.csv": turning,
    "orders.csv": orders,
    "sales.csv": sales,
}


def write(folder: Path) -> None:
    """Write all tables into a folder."""
    for name, table in TABLES.items():
        table().to_csv(folder / name, index=False)


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
