"""Command lines and tables that nobody would write, each from a number: the same number, the same
input.

`test_generated.py` says what has to come of them.
"""

import csv
import datetime
import decimal
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from composition import FILES, NEEDED, OPTIONS, composed
from goldilocks.config.composition import plain
from goldilocks.config.settings import COMPOSED, leaves

NUMBERS = [
    "9" * 400, "-" + "9" * 400, "0." + "3" * 400, "inf", "-inf", "nan", "-0", "1e309", "-1e309",
    "1e-400", "0x10", "0b1", "0o7", "1_000", "007", "+5", "1.", ".5", "1e5", "2**3", "-1", "0", "1",
    "3", "0.5", "1.0", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
    "1:30", "٣", "1,5", "1'000", "--1", "1e", "2009-01-01",
]  # fmt: skip
TEXTS = [
    "", " ", "''", '""', "'", '"', "'a", 'a"b', "it's", "\\", "a\\", "\\'", "'a\\'", "a b", "relu",
    "Relu", "null", "None", "~", "true", "yes", "False", "π", "日本語", "\u202e", "\ufeff", "e\u0301",
    "\x00", "\x1b[31m", "\t", "a\nb", "\x7f", "\ud800", "#", "a#b", "%", "%(a)s", "{0}", "a=b", "a:b",
    "a: b", "- a", "&a", "*a", "!!python/object:os.system", "@", "?", "???", "$", "$$", "\\${seed}",
    "..", "/", "C:\\x", "~/x", "http://[", "file:///nowhere", "<b>", "a" * 20_000, "é" * 300,
]  # fmt: skip
INTERPOLATIONS = [
    "${seed}", "${trainer.epochs}", "x${seed}y", "${nowhere}", "${", "${}", "}", "${${seed}}",
    "${seed", "${oc.env:HOME}", "${oc.env:NOT_THERE}", "${oc.env:NOT_THERE,3}", "${oc.env:}",
    "${oc.select:seed}", "${oc.select:x}", "${oc.decode:'{'}", "${oc.create:[1]}", "${oc.nothing:1}",
    "${hydra:job.num}", "${hydra:nothing}", "${seed:1}", "${.}", "${..}", "${.epochs}", "${...}",
    "${oc.dict.keys:trainer}", "${oc.dict.values:model}", "${oc.deprecated:seed}", "${now:%Y}",
    "${trainer}", "${model}", "${oc.select:${seed}}", "'${seed}'", "${budget}",
]  # fmt: skip
CONTAINERS = [
    "[]", "[1,2]", "[", "]", "[1,[2]]", "[a,b", "[,]", "[1,]", "[null]", "['a', \"b\"]", "{}", "{a:1}",
    "{a:", "{1:2}", "{a:{b:[1]}}", "{a:1,a:2}", "{_target_:os.system}", "{null:1}", "{[1]:2}", "()",
    "[" * 60 + "]" * 60, "{a:" * 60 + "1" + "}" * 60, "[" + ",".join(["1"] * 500) + "]",
]  # fmt: skip
SWEEPS = [
    "1,2", "a,b,c", "1,", ",1", ",", "range(1,4)", "range(4,1)", "range(0,1,0)", "range(a)",
    "choice(1,2)", "choice()", "interval(0,1)", "glob(*)", "glob([a*,b])", "shuffle(1,2)",
    "shuffle(range(1,4))", "tag(a,choice(1,2))", "sort(2,1)", "sort(2,1,reverse=true)", "int(3.5)",
    "int(x)", "str([1])", "float(x)", "bool(2)", "json_str('{')", "extend_list(1)", "nothing(1)",
    "choice(1,2", "range(1,3),5", "1,'2',[3]",
]  # fmt: skip
VALUES = (NUMBERS, TEXTS, INTERPOLATIONS, CONTAINERS, SWEEPS)
HYDRA = [
    "hydra.run.dir=x", "hydra.run.dir=null", "hydra.run=1", "hydra/sweeper=search",
    "hydra/sweeper=nothing", "hydra/launcher=1.0", "hydra/launcher=[a]", "hydra/launcher=local",
    "hydra.job.name=a", "hydra.job.chdir=true", "hydra.searchpath=[file:///nowhere]",
    "hydra.searchpath=7", "hydra.searchpath=[pkg://nothing]", "hydra.searchpath=[1,2]",
    "hydra.searchpath=[http://x]", "+hydra.callbacks.x._target_=os.getcwd",
    "++hydra.callbacks.sweep._target_=os.system", "hydra.launcher.n_jobs=0", "hydra=null", "hydra=1",
    "hydra.verbose=true", "hydra.verbose=[a]", "hydra/help=nothing", "hydra.mode=MULTIRUN",
    "hydra.mode=NOTHING", "hydra.output_subdir=a", "hydra.sweep.dir=${nowhere}", "~hydra",
    "hydra.sweeper.trials=-1", "hydra.overrides.task=[a]", "hydra.runtime.choices.model=mlp",
    "+hydra.x=1", "hydra.job_logging.version=2", "hydra/job_logging=default", "+hydra/x=1",
    "hydra.help.template=${a", "hydra.callbacks=null", "hydra.runtime=null", "hydra.runtime.cwd=1",
    "hydra.runtime.choices=null", "hydra.runtime.config_sources=[]", "hydra.overrides=null",
    "hydra.job=null", "hydra.searchpath=null", "hydra.runtime.choices={a:1}",
]  # fmt: skip
ODD_WORDS = [
    "", "=", "=1", "seed", "seed=", "==", "+", "~", "++", "+=1", "~=", "seed==1", "+seed=1",
    "~seed", "~seed=0", "~seed=1", "++a.b.c=1", "+a=1", "~model", "~model=mlp", "~dataset",
    "+dataset=mnist", "++dataset=mnist", "model@x=mlp", "+model@other=mlp", "dataset@_global_=boston",
    "@=1", "a@b@c=1", "model=mlp=2", ".=1", ".seed=1", "seed.=1", "seed..x=1", "seed.x=1",
    "model.units.x=1", "model[0]=1", "model.filters[0]=1", "model._target_=os.system",
    "trainer._target_=goldilocks.cli.main", "dataset.traits.kind=text", "++model.traits=null",
    "model={}", "model=null", "trainer=null", "+experiment=imdb_l2", "experiment=imdb_l2",
    "experiment=[imdb_l2,imdb_l1]", "experiment=nothing", "defaults=[a]", "+defaults=[a]",
    "_target_=x", "_self_=1", "package=x", "model/mlp=1", "trainer/=1", "/model=mlp", "conf/model=mlp",
    "Seed=1", "seed =1", " seed=1", "seed= 1", "seed:1", "seed 1", "日本=1", "traits=1",
    "a" * 20_000, "+" + "a." * 300 + "b=1", "dataset.drop=[" + ",".join(["x y"] * 200) + "]",
    "problem=regression", "problem=null", "findings=1", "diagnosis=null", "diagnosis.horizon=null",
    "++trainer={epochs:1}", "++problem={}", "regularizer={l1:1}", "++regularizer.l3=1",
    "++dataset.file=x", "++model.layers=3000", "optimizer=[adam,sgd]", "optimizer=1.0", "optimizer=7",
    "budget=3", "++budget=1", "hydra=1",
]  # fmt: skip
LETTERS = "aeiost_.0@/- =+~é"


def command_line(number: int) -> list[str]:
    """Return the words of a command line, whatever they are."""
    dice = random.Random(f"command line {number}")
    words = []
    dataset = dice.choice(OPTIONS["dataset"])
    if dice.random() < 0.8:
        words = [f"dataset={dataset}", *NEEDED.get(dataset, ())]
    if dice.random() < 0.3:
        group = dice.choice(COMPOSED)
        words.append(f"{group}={dice.choice(OPTIONS[group])}")
    if dice.random() < 0.1:
        words.append(f"experiment={dice.choice(OPTIONS['experiment'])}")

    makers = (_good, _good, _valued, _valued, _valued, _mistyped, _grouped, _odd, _odd, _hydra)
    words += [dice.choice(makers)(dice) for _ in range(dice.choice([0, 1, 1, 2, 2, 3, 6]))]
    if dice.random() < 0.1:
        dice.shuffle(words)
    if dice.random() < 0.15:
        words.insert(0, dice.choice(["-m", "--multirun"]))
    return words


def _defaults() -> dict[str, Any]:
    """Return every key that there is, with a default of it."""
    keys = leaves(plain(composed()))
    for group in COMPOSED:
        for option in OPTIONS[group]:
            keys |= leaves({group: FILES.read(group, option)})
    return keys


def _good(dice: random.Random) -> str:
    key, value = dice.choice(sorted(_defaults().items(), key=str))
    if isinstance(value, bool):
        value = not value
    elif isinstance(value, int):
        value += 1
    return f"{key}={'null' if value is None else str(value).replace(' ', '')}"


def _valued(dice: random.Random) -> str:
    key = dice.choice(sorted(_defaults()))
    prefix = dice.choice(["", "", "", "", "+", "++", "~"])
    return f"{prefix}{key}={dice.choice(dice.choice(VALUES))}"


def _mistyped(dice: random.Random) -> str:
    """Return a word of which letters are lost, changed or new."""
    word = list(dice.choice([_good, _grouped])(dice))
    for _ in range(dice.choice([1, 1, 2, 5])):
        place = dice.randrange(len(word))
        word[place : place + dice.randrange(2)] = dice.choice(["", dice.choice(LETTERS)])
    return "".join(word) or "x"


def _grouped(dice: random.Random) -> str:
    group = dice.choice([*COMPOSED, "experiment"])
    options = OPTIONS[group]
    value = dice.choice([dice.choice(options), dice.choice(dice.choice(VALUES))])
    if dice.random() < 0.1:
        value = f"[{','.join(dice.sample(options, 2))}]"
    return f"{dice.choice(['', '', '', '+', '++', '~'])}{group}={value}"


def _odd(dice: random.Random) -> str:
    return dice.choice(ODD_WORDS)


def _hydra(dice: random.Random) -> str:
    return dice.choice(HYDRA)


NAMES = [
    "price", "size", "Price ($)", "a=b", "x, y", "T [°C]", "价格", "null", "2020", "true", "it's",
    '"q"', "50%", "${x}", "{k}", "C:\\x", "1e3", " ", "", "a\nb", "\x00", "=1+1", "n" * 500, "split",
    "text", "time", "\ufeffid", "nan", "-", "#", "Unnamed: 0", "target", "index", "row", "0", "p\u0301",
]  # fmt: skip
DATES = [
    "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S+02:00", "%H:%M",
    "%d %b %Y", "%Y%m%d", "%s", "%Y", "%d/%m/%y", "%Y-W%W", "%I:%M %p",
]  # fmt: skip
WORDS = ["red", "blue", "Red", "NA", "n/a", "null", "None", "-", "?", "", "it's", "a,b", "π", "no"]
ODD_CELLS = [
    *NUMBERS, *TEXTS[:-2], "9" * 400, "1e300", "-1e300", "1e400", "Infinity", "-inf", "NaN", "#N/A",
    "#DIV/0!", "1,234.5", "1.234,5", "12 %", "€ 5", "(3)", "5-", "\u22125", "1\u00a0000", "½", "0000-00-00",
    "9999-12-31", "0001-01-01", "2020-02-30", "24:00", "[1, 2]", '{"a": 1}', "=1+1", "a" * 5000, "1j",
]  # fmt: skip
ENCODINGS = [
    "utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252",
    "shift-jis", "gb18030", "utf-7",
]  # fmt: skip

Column = Callable[[random.Random, int], list[Any]]


def _integers(dice: random.Random, rows: int) -> list[Any]:
    high = dice.choice([1, 2, 5, 100, 10**6, 10**18, 10**30, 10**400])
    return [dice.randint(-high if high > 5 else 0, high) for _ in range(rows)]


def _reals(dice: random.Random, rows: int) -> list[Any]:
    style = dice.choice(["{:.2f}", "{:.2f}", "{:,.2f}", "{:e}", "{:.0f} %", "${:.2f}", "{:g}"])
    scale = dice.choice([1, 1, 1000, 1e-300, 1e300, 1e308])
    cells = [style.format(dice.gauss(0, 1) * scale) for _ in range(rows)]
    if dice.random() < 0.2:
        cells = [cell.replace(".", ",") for cell in cells]
    return cells


def _dates(dice: random.Random, rows: int) -> list[Any]:
    start = datetime.datetime(dice.choice([1, 1899, 1970, 2020, 9990]), 1, 1)
    step = datetime.timedelta(seconds=dice.choice([0, 1, 3600, 86_400, 86_400]))
    style = dice.choice(DATES)
    times = [(start + step * row).strftime(style) for row in range(rows)]
    if dice.random() < 0.3:
        dice.shuffle(times)
    return times


def _words(dice: random.Random, rows: int) -> list[Any]:
    words = dice.sample(WORDS, dice.randint(1, 5))
    return [dice.choice(words) for _ in range(rows)]


def _sentences(dice: random.Random, rows: int) -> list[Any]:
    return [" ".join(dice.choices(WORDS, k=8)) for _ in range(rows)]


def _odd_cells(dice: random.Random, rows: int) -> list[Any]:
    return [dice.choice(ODD_CELLS) for _ in range(rows)]


def _constant(dice: random.Random, rows: int) -> list[Any]:
    return [dice.choice(ODD_CELLS)] * rows


def _truths(dice: random.Random, rows: int) -> list[Any]:
    pair = dice.choice([("true", "false"), ("0", "1"), ("yes", "no"), ("Y", "N"), ("1", "1")])
    return [dice.choice(pair) for _ in range(rows)]


def _missing(dice: random.Random, rows: int) -> list[Any]:
    return [dice.choice(["", "", "NA", "nan"])] * rows


def _keys(dice: random.Random, rows: int) -> list[Any]:
    return list(range(rows))


COLUMNS: list[Column] = [
    _integers, _integers, _reals, _reals, _reals, _dates, _words, _words, _sentences, _odd_cells,
    _constant, _truths, _missing, _keys,
]  # fmt: skip


def table(number: int, folder: Path) -> dict[str, Any]:
    """Write a table into a folder, and return the option of `dataset` and its keys to read it."""
    dice = random.Random(f"table {number}")
    oddity = dice.choice([0.0, 0.0, 0.05, 0.3])  # how often something is not as it should be
    rows = dice.choice([25, 30, 40, 50, 60])
    if dice.random() < oddity:
        rows = dice.choice([0, 1, 2, 3, 19, 20, 21])
    names = [
        dice.choice(NAMES) if dice.random() < oddity else f"c{column}"
        for column in range(dice.choice([2, 3, 3, 4, 5, 8, 12]))
    ]
    if dice.random() < oddity:
        names = names[: dice.choice([0, 1])]
    option = dice.choice(["table", "table", "table", "table", "texts", "series"])
    usual = COLUMNS if oddity else COLUMNS[:8]
    columns = [dice.choice(usual)(dice, rows) for _ in names]
    if columns and option != "table" and dice.random() >= oddity:
        columns[0] = {"texts": _sentences, "series": _dates}[option](dice, rows)
    for column in columns:
        if dice.random() < oddity:
            column[:] = [dice.choice([cell, cell, cell, "", *ODD_CELLS[:1]]) for cell in column]
        if rows and dice.random() < oddity / 2:
            column[dice.randrange(rows)] = dice.choice(ODD_CELLS)

    if dice.random() < 0.2:
        file = folder / "t.parquet"
        file.write_bytes(_parquet(dice, oddity, names, columns, rows))
    else:
        file = folder / f"t.{dice.choice(['csv', 'csv', 'csv', 'tsv', 'txt', 'csv.gz', 'zip'])}"
        file.write_bytes(_packed(dice, oddity, file, _delimited(dice, oddity, names, columns)))
    return {"option": option, "file": str(file), **_keys_of(dice, oddity, option, names)}


def _keys_of(dice: random.Random, oddity: float, option: str, names: list[str]) -> dict[str, Any]:
    """Return keys of an option of `dataset`, by their names."""

    def name() -> str:
        return dice.choice([*names * 5, "nothing", "c1,c2"]) or "c0"

    first, last = [*names, "c0"][0], ["c0", *names][-1]
    if dice.random() < oddity * 2:
        first, last = name(), name()
    keys: dict[str, Any] = {"target": last}
    if option == "texts":
        keys["text"] = first
    if option == "series":
        keys |= {"time": first, "lookback": dice.choice([2, 24]), "fill": dice.choice([0, 1, 1000])}
    if dice.random() > oddity:
        return keys

    if option == "table":
        keys["target"] = dice.choice([last, None, [name(), name()]])
        keys |= dice.choice([{}, {"group": name()}, {"split": name()}, {"drop": [name()]}])
    if option == "series":
        keys["time"] = [name(), name()]
    else:
        keys["problem"] = dice.choice(["auto", "regression", "binary", "unit_regression"])
    keys["header"] = dice.choice([None, 0, 1, 2, 99, [1, 2], [1, 99]])
    keys["decimal"] = dice.choice(["auto", "point", "comma"])
    return keys


def _delimited(
    dice: random.Random, oddity: float, names: list[str], columns: list[list[Any]]
) -> bytes:
    """Return a table as text, with what goes wrong when people and programs write such files."""
    lines = [names, *map(list, zip(*columns, strict=True))]
    if dice.random() < oddity / 2:
        lines.insert(0, ["Report of 2020"])
    if dice.random() < oddity / 2:
        for _ in range(3):
            line = dice.choice(lines)
            line[:] = dice.choice([line[:-1], [*line, "more"], [], line * 2])
    if dice.random() < oddity / 2:
        lines.pop(0)

    out = io.StringIO()
    end = dice.choice(["\n", "\n", "\r\n"])
    if dice.random() < oddity:
        end = dice.choice(["\r", "\n\n", "\n\r"])
    delimiter = dice.choice([",", ",", ";", "\t", "|"])
    if dice.random() < oddity:
        delimiter = dice.choice([" ", ":", "~", "\x1f"])
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(lines)
    text = out.getvalue()
    if dice.random() < oddity:
        place = dice.randrange(len(text) + 1)
        text = (
            text[:place] + dice.choice(['"', "'", '"' * 3, "\x00", "\n", delimiter]) + text[place:]
        )
    content = text.encode(
        dice.choice(ENCODINGS if dice.random() < oddity else ENCODINGS[:5]), errors="replace"
    )
    if dice.random() < oddity / 3:
        content = dice.choice([b"\xff\xfe", b"\xef\xbb\xbf", b"\xfe\xff", b"PK\x03\x04"]) + content
    return _damaged(dice, oddity, content)


def _damaged(dice: random.Random, oddity: float, content: bytes) -> bytes:
    """Return content as it is, mostly; or cut off, with bytes of any kind, or with zeros in it."""
    place, kind = dice.randrange(len(content) + 1), dice.random()
    if kind > oddity:
        return content
    kind = dice.random()
    if kind < 0.3:
        return content[:place]
    if kind < 0.7:
        return content[:place] + dice.randbytes(dice.choice([1, 50])) + content[place:]
    return content[:place] + bytes(20) + content[place + 20 :]


def _packed(dice: random.Random, oddity: float, file: Path, content: bytes) -> bytes:
    if dice.random() < oddity / 3:
        return content  # Not what its name says.
    if file.name.endswith(".gz"):
        return _damaged(dice, oddity, gzip.compress(content, mtime=0))
    if file.name.endswith(".zip"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            odd = dice.choice([[], ["a.csv", "b.csv"], ["../t.csv"]])
            for name in odd if dice.random() < oddity else ["t.csv"]:
                archive.writestr(zipfile.ZipInfo(name), content)
        return _damaged(dice, oddity, out.getvalue())
    return content


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _parquet(
    dice: random.Random, oddity: float, names: list[str], columns: list[list[Any]], rows: int
) -> bytes:
    """Return a Parquet file, some of whose columns have types that no CSV file knows."""
    moment = datetime.datetime(2020, 1, 1)
    makers: list[Callable[[], pa.Array]] = [
        lambda: pa.array([[1, row] for row in range(rows)], pa.list_(pa.int64())),
        lambda: pa.array([{"a": row} for row in range(rows)], pa.struct([("a", pa.int64())])),
        lambda: pa.array([[("k", row)] for row in range(rows)], pa.map_(pa.string(), pa.int64())),
        lambda: pa.array([decimal.Decimal(row) / 8 for row in range(rows)], pa.decimal128(38, 9)),
        lambda: pa.array([decimal.Decimal(10**60)] * rows, pa.decimal256(70, 2)),
        lambda: pa.array([datetime.timedelta(row) for row in range(rows)], pa.duration("us")),
        lambda: pa.array(["ab"[row % 2] for row in range(rows)]).dictionary_encode(),
        lambda: pa.array([bytes([row, 255]) for row in range(rows)], pa.binary()),
        lambda: pa.array(
            [moment.replace(day=1 + row % 28) for row in range(rows)], pa.timestamp("ns")
        ),
        lambda: pa.array([moment] * rows, pa.timestamp("us", tz="Europe/Berlin")),
        lambda: pa.array([datetime.date(9999, 1, 1 + row % 28) for row in range(rows)]),
        lambda: pa.array([datetime.time(row % 24) for row in range(rows)], pa.time64("us")),
        lambda: pa.nulls(rows),
        lambda: pa.array([row % 3 == 0 or None for row in range(rows)], pa.bool_()),
        lambda: pa.array([2**64 - 1 - row for row in range(rows)], pa.uint64()),
        lambda: pa.array([float("inf"), *map(float, range(rows))][:rows], pa.float32()),
        lambda: pa.array([1e300 * (row - 5) for row in range(rows)], pa.float64()),
        lambda: pa.array([float("nan")] * rows, pa.float64()),
    ]
    arrays = [
        dice.choice(makers)()
        if dice.random() < 0.6
        else pa.array([_storable(str(cell)) for cell in column])
        for column in columns
    ]
    out = io.BytesIO()
    parquet.write_table(pa.table(arrays, names=list(map(_storable, names))), out)
    return _damaged(dice, oddity, out.getvalue())
