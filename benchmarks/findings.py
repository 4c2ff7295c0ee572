"""Plant each finding in several tables, count false alarms on 20 clean ones, and time a large one.

    .venv/bin/python benchmarks/findings.py [tune|report|time|still [SEEDS]]

`tune` has the tables that thresholds were chosen on, `report` others: statsmodels' own, where it is
installed, and made ones of other seeds. `still` counts findings of drift in tables whose relation
is the same at all times.
"""

from __future__ import annotations

import importlib.util
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn import datasets

from goldilocks.dataset import Dataset, findings, table
from goldilocks.dataset.checks.evidence import Evidence
from goldilocks.dataset.findings import Finding
from goldilocks.protocol import holdout

Table = tuple[pd.DataFrame, str]
CONF = Path(__file__).parents[1] / "conf" / "dataset" / "table.yaml"
NOT_OPTIONS = ("defaults", "_target_", "traits", "file", "target")
OPTIONS = {
    key: value for key, value in yaml.safe_load(CONF.read_text()).items() if key not in NOT_OPTIONS
}
METRICS = {"binary": "accuracy", "multiclass": "accuracy", "multilabel": "binary_accuracy"}


def load(frame: pd.DataFrame, target: str, **options: object) -> Dataset:
    """Return a table as it is read from a CSV file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        frame.to_csv(file, index=False)
        return table.load(file=str(file), target=target, **{**OPTIONS, **options})


def found(dataset: Dataset, metric: str = "") -> list[Finding]:
    """Return the findings of a data set with the default split."""
    [split] = holdout.split(dataset, validation=0.25, test=0.25, seed=0)
    evidence = Evidence(
        dataset=dataset,
        train=split.train,
        validation=split.validation,
        test=split.test,
        metric=metric or METRICS.get(dataset.problem, "mae"),
    )
    return findings.find(evidence)


def packaged(name: str) -> Table:
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    return bunch.frame.rename(columns={"target": "answer"}), "answer"


def made(kind: str, rows: int, seed: int, decimals: int = 2) -> Table:
    maker = {
        "classification": lambda: datasets.make_classification(rows, 10, random_state=seed),
        "hard": lambda: datasets.make_classification(
            rows, 10, flip_y=0.3, class_sep=0.5, random_state=seed
        ),
        "three": lambda: datasets.make_classification(
            rows, 12, n_informative=6, n_classes=3, random_state=seed
        ),
        "regression": lambda: datasets.make_regression(rows, 8, noise=20, random_state=seed),
        "friedman1": lambda: datasets.make_friedman1(rows, noise=1, random_state=seed),
        "friedman2": lambda: datasets.make_friedman2(rows, noise=50, random_state=seed),
        "friedman3": lambda: datasets.make_friedman3(rows, noise=0.1, random_state=seed),
        "moons": lambda: datasets.make_moons(rows, noise=0.2, random_state=seed),
        "blobs": lambda: datasets.make_blobs(rows, 8, random_state=seed, cluster_std=4),
        "quantiles": lambda: datasets.make_gaussian_quantiles(
            n_samples=rows, n_features=8, random_state=seed
        ),
    }[kind]
    x, y = maker()[:2]
    frame = pd.DataFrame(x, columns=[f"x{number}" for number in range(x.shape[1])]).round(decimals)
    return frame.assign(answer=np.round(y, decimals)), "answer"


def houses(rows: int, seed: int) -> Table:
    """Make a table of a usual kind: numbers, words, gaps, a skewed price."""
    rng = np.random.default_rng(seed)
    size, rooms = rng.lognormal(4.4, 0.4, rows), rng.integers(1, 8, rows)
    city = rng.choice(
        ["Aachen", "Bonn", "Ulm", "Kiel", "Jena"], rows, p=[0.4, 0.3, 0.15, 0.1, 0.05]
    )
    year = rng.integers(1900, 2024, rows)
    price = 2_000 * size + 9_000 * rooms + 40_000 * (city == "Bonn") + rng.normal(0, 30_000, rows)
    frame = pd.DataFrame({"size": size.round(1), "rooms": rooms, "city": city, "year": year})
    frame["garden"] = np.where(rng.random(rows) < 0.6, rng.lognormal(5, 1, rows).round(), np.nan)
    return frame.assign(price=price.round(-2)), "price"


def people(rows: int, seed: int) -> Table:
    """Make a table of few values: many rows are equal by chance."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, rows),
            "sex": rng.choice(["f", "m"], rows),
            "job": rng.choice(["office", "farm", "school", "none"], rows),
            "hours": rng.choice([20, 35, 38, 40, 45], rows),
            "children": rng.poisson(1.2, rows),
        }
    )
    rich = frame.age / 20 + frame.hours / 15 + rng.normal(0, 1, rows) > 5
    return frame.assign(rich=np.where(rich, "yes", "no")), "rich"


def statsmodels_table(name: str, target: str, file: str = "") -> Table:
    spec = importlib.util.find_spec("statsmodels")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "datasets" / name / f"{file or name}.csv"
    separator = "," if "," in path.read_text().splitlines()[0] else r"\s"
    frame = pd.read_csv(path, sep=separator, engine="python")
    return frame.rename(columns=lambda name: name.strip(" '")), target


TUNE: dict[str, Callable[[], Table]] = {
    **{
        name: lambda name=name: packaged(name)
        for name in ("iris", "wine", "breast_cancer", "digits", "diabetes")
    },
    **{
        kind: lambda kind=kind: made(kind, 600, 0)
        for kind in ("classification", "three", "regression", "friedman1", "moons")
    },
    "houses": lambda: houses(800, 0),
    "people": lambda: people(1_000, 0),
}
REPORT: dict[str, Callable[[], Table]] = {
    "linnerud": lambda: (datasets.load_linnerud(as_frame=True).frame, "Weight"),
    "california-like": lambda: houses(5_000, 7),
    "people 3,000": lambda: people(3_000, 7),
    **{
        f"{kind}, other seed": lambda kind=kind: made(kind, 900, 11, decimals=3)
        for kind in ("friedman1", "three", "regression", "moons", "hard")
    },
    **{
        kind: lambda kind=kind: made(kind, 900, 11, decimals=3)
        for kind in ("friedman2", "friedman3", "blobs", "quantiles")
    },
}
if importlib.util.find_spec("statsmodels"):
    REPORT |= {
        "anes96": lambda: statsmodels_table("anes96", "vote"),
        "cancer": lambda: statsmodels_table("cancer", "cancer"),
        "ccard": lambda: statsmodels_table("ccard", "AVGEXP"),
        "engel": lambda: statsmodels_table("engel", "foodexp"),
        "fair": lambda: statsmodels_table("fair", "affairs"),
        "heart": lambda: statsmodels_table("heart", "survival"),
        "randhie": lambda: statsmodels_table("randhie", "mdvis"),
        "spector": lambda: statsmodels_table("spector", "GRADE"),
        "star98": lambda: statsmodels_table("star98", "MATHTOT"),
        "statecrime": lambda: statsmodels_table("statecrime", "murder"),
        "stackloss": lambda: statsmodels_table("stackloss", "STACKLOSS"),
        "scotland": lambda: statsmodels_table("scotland", "YES", "scotvote"),
    }


def clean(tables: dict[str, Callable[[], Table]]) -> None:
    severities: Counter[str] = Counter()
    for name, make in tables.items():
        frame, target = make()
        problem = "regression" if frame[target].nunique() > 10 else "auto"
        alarms = found(load(frame, target, problem=problem))
        severities.update(finding.severity for finding in alarms)
        for finding in alarms:
            if finding.severity != "note" or "-v" in sys.argv:
                print(f"  {name}: {finding}")
        print(f"  {name}: notes {findings.codes([f for f in alarms if f.severity == 'note'])}")
    print(f"{len(tables)} clean tables: {dict(severities)}")


# Each takes a table with its target and a generator, and returns one with a fault, and what to
# expect of `load`.
def equal_rows(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    return pd.concat([frame, frame.sample(40, random_state=int(rng.integers(99)))])


def contradictions(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    again = frame.sample(40, random_state=int(rng.integers(99)))
    labels = frame[target].unique()
    others = [rng.choice([each for each in labels if each != label]) for label in again[target]]
    return pd.concat([frame, again.assign(**{target: others})])


def one_column_differs(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    again = frame.sample(60, random_state=int(rng.integers(99))).reset_index(drop=True)
    inputs = frame.columns.drop(target)
    for row in range(len(again)):
        name = rng.choice(inputs)
        again.loc[row, name] = frame[name].sample(1, random_state=row).iloc[0]
    return pd.concat([frame, again])


def jitter(columns: int, size: float):
    def plant(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
        again = frame.sample(60, random_state=int(rng.integers(99))).reset_index(drop=True)
        numeric = frame.drop(columns=target).select_dtypes("number").columns
        again[numeric] = again[numeric].astype(float)
        for row in range(len(again)):
            names = rng.choice(numeric, min(columns, len(numeric)), replace=False)
            again.loc[row, names] += rng.normal(0, size, len(names)) * frame[names].std().to_numpy()
        return pd.concat([frame, again])

    return plant


def oversampled(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    label = frame[target].value_counts().index[-1]
    return pd.concat([frame, *[frame[frame[target] == label]] * 2])


def copy(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    return frame.assign(result=frame[target])


def renamed_classes(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    names = {label: f"group {number}" for number, label in enumerate(frame[target].unique())}
    return frame.assign(diagnosis=frame[target].map(names))


def other_unit(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    return frame.assign(dollars=(frame[target] * 1.08 + 3).round(1))


def nearly_target(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    noise = rng.normal(0, 0.03 * frame[target].std(), len(frame))
    return frame.assign(estimate=(frame[target] + noise).round(3))


def curved(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    shifted = frame[target] - frame[target].min() + 1
    return frame.assign(log=np.log(shifted).round(4))


def class_leak(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    codes = pd.factorize(frame[target])[0]
    return frame.assign(score=(codes * 3 + rng.normal(0, 0.4, len(frame))).round(2))


def many_to_one(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    codes = pd.factorize(frame[target])[0]
    return frame.assign(ward=[f"ward {code}{rng.choice(list('abc'))}" for code in codes])


def telling_gaps(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    codes = pd.factorize(frame[target])[0]
    values = frame[target].to_numpy()
    cause = codes == 0
    if len(np.unique(codes)) > 20:
        cause = values > np.median(values)
    dose = np.where(cause & (rng.random(len(frame)) < 0.9), rng.normal(5, 1, len(frame)), np.nan)
    return frame.assign(dose=dose.round(2))


def saved_index(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    shuffled = frame.sort_values(target).reset_index(drop=True)
    shuffled.insert(0, "Unnamed: 0", range(len(frame)))
    return shuffled.sample(frac=0.3 if len(frame) > 500 else 0.7, random_state=0)


def identifiers(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    return frame.assign(key=[f"{number:08x}" for number in rng.permutation(10**8)[: len(frame)]])


def random_ids(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    ids = rng.choice(10**6, len(frame), replace=False) + 10**6
    return frame.assign(customerId=ids)


def subjects(name: str, kind: str, alike: bool):
    def plant(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
        number = rng.integers(len(frame) // 6, size=len(frame))
        values = number if kind == "number" else np.array([f"P{each:04}" for each in number])
        if kind == "name":
            letters = rng.choice(list("abcdefghiklmnoprstu"), (number.max() + 1, 6))
            values = np.array(["".join(each) for each in letters])[number]
        new = frame.assign(**{name: values})
        if alike:
            new["height"] = rng.normal(170, 9, number.max() + 1)[number].round()
            new["pulse"] = (rng.normal(70, 9, number.max() + 1)[number] + rng.normal(0, 5)).round()
        return new

    return plant


def dates(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    days = pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(700, size=len(frame)), "D")
    return frame.assign(sold=days.strftime("%Y-%m-%d"))


def exponential(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    """A target that grows by factors: its logarithm is what the columns explain."""
    y = (frame[target] - frame[target].mean()) / frame[target].std()
    return frame.assign(**{target: np.exp(1.5 * y + 0.2 * rng.normal(size=len(frame))).round(5)})


def drifting_input(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    """An input that grows from half to half of the days by two deviations."""
    days = pd.date_range("2015-01-01", periods=len(frame), freq="D")
    level = rng.normal(size=len(frame)) + np.linspace(0, 4, len(frame))
    return frame.assign(day=days, level=level.round(4))


def turning(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    """A target that goes with an input in the first half of the days, and against it later."""
    days = pd.date_range("2015-01-01", periods=len(frame), freq="D")
    sign = np.where(np.arange(len(frame)) < 0.37 * len(frame), 1, -1)
    pull = rng.normal(size=len(frame))
    values = sign * pull + 0.3 * rng.normal(size=len(frame))
    if frame[target].dtype.kind not in "if":
        values = np.where(values > 0, "up", "down")
    return frame.assign(**{"day": days, "pull": pull.round(4), target: values})


def slip(factor: float, count: int, decimals: int = 2):
    def plant(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
        height = rng.normal(1.75, 0.1, len(frame)).round(decimals)
        height[rng.choice(len(frame), count, replace=False)] *= factor
        return frame.assign(height=height)

    return plant


def grams(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    weight = rng.lognormal(4.2, 0.25, len(frame)).round(1)
    weight[rng.choice(len(frame), 5, replace=False)] *= 1000
    return frame.assign(weight=weight)


def constant(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    almost = np.full(len(frame), 7.0)
    almost[3] = 8
    return frame.assign(almost=almost)


def empty(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    return frame.assign(comment=np.where(rng.random(len(frame)) < 0.02, 4.5, np.nan))


def streets(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    names = [
        f"{letter}{other}-street" for letter in "abcdefghijklm" for other in "nopqrstuvwxyzaeiu"
    ]
    return frame.assign(street=rng.choice(names, len(frame)))


def mixed(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    numbers = rng.normal(50, 9, len(frame)).round(1).astype(str)
    commas = [number.replace(".", ",") if rng.random() < 0.3 else number for number in numbers]
    return frame.assign(load=commas)


def rare(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    labels = frame[target].value_counts().index
    few = frame[frame[target] == labels[-1]].index[8:]
    return frame.drop(index=few)


def spelled(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    words = "class " + frame[target].astype(str)
    return frame.assign(
        **{target: np.where(rng.random(len(frame)) < 0.3, words.str.upper(), words)}
    )


def missing_word(frame: pd.DataFrame, target: str, rng: np.random.Generator) -> pd.DataFrame:
    words = "class " + frame[target].astype(str)
    return frame.assign(**{target: words.replace(words.iloc[0], "None")})


# Tables of classes, of numbers, with many columns of numbers, and hard ones: their columns together
# do not tell the class.
BASES: dict[str, dict[str, tuple[str, ...]]] = {
    "tune": {
        "classes": ("iris", "breast_cancer", "three", "people"),
        "numbers": ("diabetes", "friedman1", "houses", "regression"),
        "wide": ("diabetes", "friedman1", "regression", "breast_cancer", "three", "houses"),
        "hard": ("three", "people", "classification"),
        "two": ("breast_cancer", "people", "classification"),
    },
    "report": {
        "classes": ("blobs", "quantiles", "three, other seed", "people 3,000"),
        "numbers": ("friedman2", "friedman3", "california-like", "regression, other seed"),
        "wide": ("friedman1, other seed", "regression, other seed", "three, other seed", "blobs"),
        "hard": ("quantiles", "people 3,000", "three, other seed"),
        "two": ("people 3,000", "moons, other seed", "hard, other seed"),
    },
}
PLANTS: dict[str, tuple[str, Callable[..., pd.DataFrame], tuple[str, ...]]] = {
    "equal rows": ("D101", equal_rows, ("classes", "numbers")),
    "equal rows, two labels": ("D102|D103", contradictions, ("classes",)),
    "near: one column differs": ("D104", one_column_differs, ("wide",)),
    "near: all columns by 0.01": ("D104", jitter(99, 0.01), ("wide",)),
    "near: four columns by 0.02": ("D104", jitter(4, 0.02), ("wide",)),
    "oversampled class": (
        "D105",
        oversampled,
        ("classes",),
    ),
    "copy": ("D201", copy, ("classes", "numbers")),
    "classes by other names": ("D201", renamed_classes, ("classes",)),
    "another unit": ("D201", other_unit, ("numbers",)),
    "target and 3 % of noise": ("D202", nearly_target, ("numbers",)),
    "logarithm of the target": ("D202", curved, ("numbers",)),
    "a score of the class": ("D202", class_leak, ("hard",)),
    "words of one class each": ("D202", many_to_one, ("hard",)),
    "gaps tell": ("D203", telling_gaps, ("classes", "numbers")),
    "saved index": ("D301|D302", saved_index, ("classes", "numbers")),
    "identifiers of letters": ("D301", identifiers, ("classes", "numbers")),
    "identifiers of numbers": ("D302", random_ids, ("classes", "numbers")),
    "nearly constant": ("D303", constant, ("classes", "numbers")),
    "nearly empty": ("D303", empty, ("classes", "numbers")),
    "patients, coded": ("D304", subjects("patient", "code", True), ("classes", "numbers")),
    "patients, nothing alike": (
        "D304",
        subjects("patient", "number", False),
        ("classes", "numbers"),
    ),
    "subjects called w, codes": ("D304", subjects("w", "code", False), ("classes", "numbers")),
    "subjects called w, names": ("D304", subjects("w", "name", True), ("classes", "numbers")),
    "subjects called w, numbers": ("D304", subjects("w", "number", True), ("classes", "numbers")),
    "dates": ("D305", dates, ("classes", "numbers")),
    "an input that grows": ("D501", drifting_input, ("classes", "numbers")),
    "a relation that turns": ("D502", turning, ("classes", "numbers")),
    "one height in cm": ("D306", slip(100, 1), ("classes", "numbers")),
    "three heights tenfold": ("D306", slip(10, 3), ("classes", "numbers")),
    "heights a tenth": ("D306", slip(0.1, 4, 3), ("classes", "numbers")),
    "grams": ("D306", grams, ("classes", "numbers")),
    "streets": ("D307", streets, ("classes", "numbers")),
    "commas and points": ("D308", mixed, ("classes", "numbers")),
    "rare class": ("D401|D404", rare, ("classes",)),
    "rare class, hidden by accuracy": ("D405", rare, ("two",)),
    "spelled in two ways": ("D402", spelled, ("classes",)),
    "a class called None": ("D403", missing_word, ("classes",)),
    "a target that grows by factors": ("D407", exponential, ("numbers",)),
}


def planted(tables: dict[str, Callable[[], Table]], groups: dict[str, tuple[str, ...]]) -> None:
    raised = tried = 0
    for name, (codes, plant, kinds) in PLANTS.items():
        bases = [base for kind in kinds for base in groups[kind]]
        missed, other = [], Counter[str]()
        for number, base in enumerate(bases):
            frame, target = tables[base]()
            rng = np.random.default_rng(number)
            try:
                alarms = found(load(plant(frame, target, rng).reset_index(drop=True), target))
            except Exception as error:  # What a table is refused for is a result too.
                missed.append(f"{base} ({type(error).__name__}: {str(error)[:90]})")
                continue
            hit = any(finding.code in codes for finding in alarms)
            other.update(f.code for f in alarms if f.code not in codes and f.severity != "note")
            if not hit:
                missed.append(base)
        raised, tried = raised + len(bases) - len(missed), tried + len(bases)
        also = f"; others: {dict(other)}" if other else ""
        misses = f"; missed: {', '.join(missed)}" if missed else ""
        print(f"  {codes:10} {name:32} {len(bases) - len(missed)} of {len(bases)}{misses}{also}")
    print(f"planted: {raised} of {tried} raised")


def timed() -> None:
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(1_000_000, 20)), columns=[f"x{i}" for i in range(20)])
    x["x3"] = pd.Series(rng.choice(["a", "b", "c"], len(x)), dtype=object)
    y = (x.x0 + rng.normal(size=len(x)) > 0).to_numpy(np.float32)
    dataset = Dataset(
        name="table",
        kind="table",
        problem="binary",
        x=x,
        y=y,
        classes=("no", "yes"),
        source="original",
        location="",
        digest="",
        target="answer",
        readings=load(x[:1000].assign(answer=y[:1000]), "answer").readings,
    )
    rows = np.arange(len(x))
    evidence = Evidence(
        dataset=dataset, train=rows[:500_000], validation=rows[500_000:750_000], test=rows[750_000:]
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for check in findings.CHECKS:
        began = time.perf_counter()
        count = len(list(check.find(evidence)))
        print(f"  {check.code} {time.perf_counter() - began:6.2f} s, {count} findings")
    began = time.perf_counter()
    findings.find(evidence)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"1,000,000 x 20: {time.perf_counter() - began:.1f} s; memory {after / 1024:.0f} MiB, of "
        f"which {before / 1024:.0f} before"
    )


def still(seeds: int) -> None:
    """Count findings of drift in tables of rows that have an order in time and no drift."""
    drift, tables = Counter[str](), 0
    for seed in range(1000, 1000 + seeds):
        rng = np.random.default_rng(seed)
        for rows in (150, 600, 3000):
            for kind in ("normal", "lognormal", "rare", "season"):
                frame = pd.DataFrame(rng.normal(size=(rows, 6)), columns=list("abcdef"))
                frame["word"] = rng.choice(["u", "v", "w"], rows)
                y = frame["a"] + frame["b"] * frame["c"] / 2 + rng.normal(size=rows)
                if kind == "season":
                    season = np.sin(np.linspace(0, 12 * np.pi, rows))
                    frame["g"] = season + 0.3 * rng.normal(size=rows)
                    y = y + frame["g"]
                frame["y"] = np.exp(1.2 * y) if kind == "lognormal" else y
                if kind == "rare":
                    frame["y"] = np.where(y > y.quantile(0.8), "yes", "no")
                frame["day"] = pd.date_range("2000-01-01", periods=rows).astype(str)
                tables += 1
                drift.update(finding.code for finding in found(load(frame, "y", time="day")))
    counts = [f"{code} {drift[code]}" for code in ("D501", "D502")]
    print(f"tables without drift: {tables}; raised: {', '.join(counts)}")


if __name__ == "__main__":
    warnings.simplefilter("error")
    part = sys.argv[1] if len(sys.argv) > 1 else "report"
    if part == "time":
        timed()
    elif part == "still":
        still(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    else:
        tables = TUNE if part == "tune" else REPORT
        clean(tables)
        planted(tables, BASES[part])
