"""The inputs of the field: files and folders as people brought them, each made from a seed.

Each kind was seen in a public bug report; no file is copied from one. `make` writes the inputs of a
case, by its number, into a folder; what is rightly expected of them stands in test_field.py.
"""

import decimal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

ROWS = 300  # of most tables
CLASSES = ("rot", "blau")
GOOD = ["great", "lovely", "superb", "warm", "bright", "kind"]
BAD = ["awful", "dull", "cold", "grim", "weak", "rude"]
REST = [
    "the",
    "film",
    "room",
    "hotel",
    "was",
    "and",
    "we",
    "had",
    "a",
    "very",
    "day",
    "table",
    "food",
    "it",
    "is",
]
ODD_NAMES = (
    "Price ($)", "a=b", "x, y", "T (degC)", "T [°C]", "#sold", "价格", "null", "2020", "true",
    "it's", "50%", "{k}", "a:b", "a/b", "C:\\x", "1e3", "${x}",
)  # fmt: skip
MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"

Maker = Callable[[Path, np.random.Generator], None]
MAKERS: dict[str, Maker] = {}


def makes(number: str) -> Callable[[Maker], Maker]:
    """Enter a function as the maker of a case's inputs."""

    def entered(maker: Maker) -> Maker:
        MAKERS[number] = maker
        return maker

    return entered


def make(number: str, folder: Path) -> Path:
    """Write the inputs of a case into a folder, and return it."""
    folder.mkdir(parents=True)
    MAKERS[number](folder, np.random.default_rng(0))
    return folder


def photo(rng, *, red: bool, size=(40, 32)) -> Image.Image:
    """Noise around red or around blue."""
    color = np.array([190, 60, 60] if red else [60, 60, 190])
    pixels = color + rng.normal(0, 30, (size[1], size[0], 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def photos(rng, root: Path, count=30, *, suffix="jpg", names=CLASSES) -> None:
    """A folder per class, red pictures in the first."""
    for number, name in enumerate(names):
        (root / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            photo(rng, red=number == 0).save(root / name / f"{index}.{suffix}")


def houses(rng) -> pd.DataFrame:
    """Sizes, rooms, kinds and prices of flats, and whether they are cheap."""
    frame = pd.DataFrame({"size": rng.uniform(20, 200, ROWS), "rooms": rng.integers(1, 7, ROWS)})
    frame["kind"] = rng.choice(["flat", "house", "loft"], ROWS)
    frame["price"] = 900 * frame["size"] + 15000 * frame["rooms"]
    frame["price"] += 60000 * (frame["kind"] == "house") + rng.normal(0, 8000, ROWS)
    frame["cheap"] = (frame["price"] < frame["price"].median()).astype(int)
    return frame


def plain(rng, target="cheap") -> pd.DataFrame:
    """Size, rooms and a target, rounded as people write them."""
    frame = houses(rng).round({"size": 1, "price": 0})
    return frame[["size", "rooms", target]]


def load_of(rng, hours: pd.DatetimeIndex) -> np.ndarray:
    """kWh of each hour: a day's course, and noise."""
    return (40 + 15 * np.sin((hours.hour - 6) * np.pi / 12) + rng.normal(0, 2, len(hours))).round(2)


def review(rng, *, good: bool, words=14) -> str:
    """Three words that tell, and others that do not."""
    return " ".join([*rng.choice(GOOD if good else BAD, 3), *rng.choice(REST, words)])


def write(folder: Path, name: str, **columns) -> None:
    """Write columns as a CSV file."""
    pd.DataFrame(columns).to_csv(folder / name, index=False)


def with_commas(values, decimals: int) -> list[str]:
    return [f"{value:,.{decimals}f}" for value in values]


def with_decimal_commas(values, decimals=1) -> list[str]:
    return [f"{value:.{decimals}f}".replace(".", ",") for value in values]


@makes("01")
def hidden_folders(folder, rng):
    root = folder / "photos"
    photos(rng, root)
    for extra in (".ipynb_checkpoints", "__MACOSX", "rot/.ipynb_checkpoints"):
        (root / extra).mkdir()
        photo(rng, red=True).save(root / extra / "0-checkpoint.jpg")
    for junk in (".DS_Store", "Thumbs.db", "desktop.ini", "rot/Thumbs.db", "blau/.DS_Store"):
        (root / junk).write_bytes(b"\0\1junk")


@makes("03")
def parts_by_other_names(folder, rng):
    for name, parts in {
        "a": ("training_set", "test_set"),
        "b": ("seg_train", "seg_test"),
        "c": ("train_images", "test_images"),
        "d": ("train", "test"),
    }.items():
        for part in parts:
            photos(rng, folder / name / part, 20)


@makes("04")
def palettes(folder, rng):
    """Two colours of one brightness in each class."""
    colours = {"rot": (200, 40, 40, 180, 50, 60), "gruen": (20, 119, 28, 30, 108, 36)}
    for name, palette in colours.items():
        (folder / "photos" / name).mkdir(parents=True)
        for index in range(60):
            image = Image.new("P", (20, 20))
            image.putpalette([*palette] + [0] * 762)
            image.putdata(rng.integers(0, 2, 400).tolist())
            clear = {"transparency": 1} if index % 3 == 0 else {}
            bits = (8, 4, 2, 1)[index % 4]
            image.save(folder / "photos" / name / f"{index}.png", bits=bits, **clear)


@makes("07")
def turned_by_exif(folder, rng):
    """Stripes that lie or stand as a viewer shows them; every third file is marked as turned."""
    for name in ("liegt", "steht"):
        for root in ("photos", "upright"):
            (folder / root / name).mkdir(parents=True)
        for index in range(60):
            pixels = np.zeros((32, 32))
            pixels[::8] = pixels[1::8] = pixels[2::8] = 220
            pixels = np.roll(pixels, rng.integers(8), 0) + rng.normal(0, 15, pixels.shape)
            pixels = np.clip(pixels, 0, 255).astype(np.uint8)
            if name == "steht":
                pixels = pixels.T
            upright = Image.fromarray(pixels).convert("RGB")
            upright.save(folder / "upright" / name / f"{index}.jpg", quality=92)

            exif = Image.Exif()
            stored = upright
            if index % 3 == 0:
                exif[0x0112] = 6
                stored = Image.fromarray(np.rot90(pixels)).convert("RGB")
            stored.save(folder / "photos" / name / f"{index}.jpg", exif=exif, quality=92)


@makes("08")
def cmyk(folder, rng):
    for name, mode in (("druck", "CMYK"), ("netz", "RGB")):
        (folder / "photos" / name).mkdir(parents=True)
        for index in range(20):
            picture = photo(rng, red=index % 2 == 0).convert(mode)
            picture.save(folder / "photos" / name / f"{index}.jpg", quality=95)


@makes("09")
def other_suffixes(folder, rng):
    for name, suffix, form in (("a", "jfif", "JPEG"), ("b", "tif", "TIFF")):
        for number, label in enumerate(CLASSES):
            (folder / name / label).mkdir(parents=True)
            for index in range(12):
                picture = photo(rng, red=number == 0)
                picture.save(folder / name / label / f"{index}.{suffix}", form)

    # The brand of HEIC in the first bytes of a file that no decoder here reads.
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    photos(rng, folder / "c", 12)
    for file in list((folder / "c/blau").iterdir()):
        file.unlink()
        file.with_suffix(".HEIC").write_bytes(heic + file.stem.encode())
    photos(rng, folder / "d", 30)
    for file in sorted((folder / "d/blau").iterdir())[:25]:
        file.rename(file.with_suffix(".jfif"))


@makes("10")
def odd_paths(folder, rng):
    root = folder / "Meine Fotos (1) [neu]"
    photos(rng, root, 12, names=("Straßen & Wege", "猫 #1"))
    for name in ("a b 100%.JPG", 'it\'s "x".JPEG', "ü=1,2.Png", "{x}.jpg", "*.jpg"):
        form = "PNG" if name.endswith("Png") else "JPEG"
        photo(rng, red=True).save(root / "Straßen & Wege" / name, form)
    photos(rng, folder / "woanders", 12, names=("Links",))
    (root / "Links").symlink_to((folder / "woanders/Links").resolve())
    (root / "Straßen & Wege/link.jpg").symlink_to((root / "Straßen & Wege/0.jpg").resolve())


@makes("11")
def not_what_it_says(folder, rng):
    photos(rng, folder / "a")
    photos(rng, folder / "b", 150)
    for index, form in enumerate(("PNG", "WEBP", "BMP", "GIF")):
        photo(rng, red=True).save(folder / "a/rot" / f"{index}.jpg", form)
    for index in (7, 8):
        (folder / "a/blau" / f"{index}.jpg").write_text("<!doctype html><title>404</title>")
    damaged = folder / "b/rot/3.jpg"
    damaged.write_bytes(damaged.read_bytes()[:300])
    (folder / "b/blau/5.jpg").write_bytes(b"")


@makes("12")
def labels_in_a_csv(folder, rng):
    (folder / "photos").mkdir()
    labels = []
    for index in range(40):
        photo(rng, red=index % 2 == 0).save(folder / "photos" / f"id_{index:04}.jpg")
        labels.append(CLASSES[index % 2])
    names = [f"id_{index:04}.jpg" for index in range(40)]
    write(folder, "photos/labels.csv", image=names, label=labels)


@makes("14")
def a_rare_class(folder, rng):
    for name, count in (("a", 3), ("b", 2), ("c", 0)):
        photos(rng, folder / name, 150, names=("rot",))
        (folder / name / "blau").mkdir()
        for index in range(count):
            photo(rng, red=False).save(folder / name / "blau" / f"{index}.jpg")


@makes("15")
def animated_and_tiny(folder, rng):
    root = folder / "photos"
    photos(rng, root, 20)
    first, *others = (photo(rng, red=True) for _ in range(3))
    first.save(root / "rot/a.gif", save_all=True, append_images=others)
    photo(rng, red=True, size=(1, 1)).save(root / "rot/c.png")
    photo(rng, red=False, size=(2000, 2)).save(root / "blau/d.png")
    photo(rng, red=False).convert("L").save(root / "blau/e.jpg")
    photo(rng, red=False).convert("LA").save(root / "blau/f.png")
    photo(rng, red=False).convert("1").save(root / "blau/g.png")
    photo(rng, red=True).save(root / "rot/progressive.jpg", progressive=True)
    photo(rng, red=True).convert("RGBA").save(root / "rot/h.webp")
    photo(rng, red=True).convert("P").save(root / "rot/i.bmp")


@makes("16")
def an_animated_webp(folder, rng):
    photos(rng, folder / "photos")
    first, *others = (photo(rng, red=True) for _ in range(3))
    sticker = folder / "photos/rot/sticker.webp"
    first.save(sticker, save_all=True, append_images=others, duration=100)
    (folder / "one").mkdir()
    (folder / "one/sticker.webp").write_bytes(sticker.read_bytes())


@makes("20")
def thousands(folder, rng):
    frame = houses(rng)
    area, price, rooms = frame["size"] * 100, frame["price"], frame["rooms"]
    write(folder, "a.csv", area=with_commas(area, 0), rooms=rooms, kind=frame["kind"],
          price=with_commas(price, 0))  # fmt: skip

    swapped = str.maketrans(",.", ".,")
    european = {
        "area": [text.translate(swapped) for text in with_commas(area, 2)],
        "rooms": rooms,
        "price": [text.translate(swapped) for text in with_commas(price, 2)],
    }
    pd.DataFrame(european).to_csv(folder / "b.csv", index=False, sep=";")
    spaced = [text.replace(",", "\u00a0") for text in with_commas(area, 0)]
    write(folder, "c.csv", area=spaced, rooms=rooms, price=price.round())
    swiss = [text.replace(",", "'") for text in with_commas(area, 2)]
    write(folder, "d.csv", area=swiss, rooms=rooms, price=price.round())


@makes("22")
def decimal_commas(folder, rng):
    frame = houses(rng)
    size, price, rooms = frame["size"], frame["price"], frame["rooms"]
    comma = with_decimal_commas(size)
    write(folder, "a.csv", size=comma, rooms=rooms, price=with_decimal_commas(price))
    late = [*size[:150].round().astype(int).astype(str), *comma[150:]]
    mixed = pd.DataFrame({"size": late, "rooms": rooms, "cheap": frame["cheap"]})
    mixed.to_csv(folder / "b.csv", index=False, sep=";")
    ratio = [f"{value:.3f}" for value in rng.uniform(0, 1, ROWS)]
    both = pd.DataFrame({"size": comma, "ratio": ratio, "rooms": rooms, "price": price.round()})
    both.to_csv(folder / "c.csv", index=False, sep=";")


@makes("24")
def columns_of_one_name(folder, rng):
    frame = plain(rng, "price")
    frame["copy"] = frame["price"]
    for name, header in {
        "a": ["size", "rooms", "price", "price"],
        "b": ["size", "size", "rooms", "price"],
        "c": ["size", "size ", "rooms", "price"],
    }.items():
        frame.to_csv(folder / f"{name}.csv", index=False, header=header)


@makes("25")
def saved_index(folder, rng):
    frame = plain(rng)
    frame.to_csv(folder / "a.csv")
    noise = rng.normal(size=(ROWS, 2)).round(3)
    patients = pd.DataFrame(noise, columns=["x1", "x2"])
    patients["sick"] = np.repeat([0, 1], ROWS // 2)
    patients.sample(frac=1, random_state=0).to_csv(folder / "b.csv")
    frame["cheap"] = frame["cheap"].astype("Int64")
    frame.loc[[3, 50, 99, 150, 200], "cheap"] = pd.NA
    frame.to_csv(folder / "c.csv")


@makes("26")
def encodings(folder, rng):
    frame = plain(rng)
    german = frame.set_axis(["Größe", "Räume", "cheap"], axis=1)
    german.to_csv(folder / "a.csv", index=False, encoding="cp1252")
    german.to_csv(folder / "b.txt", index=False, sep="\t", encoding="utf-16")
    german.to_csv(folder / "c.csv", index=False, encoding="utf-8-sig")
    german.to_csv(folder / "e.csv", index=False, encoding="utf-16")

    lines = [b"size,town,cheap"]
    for index in range(3000):
        size, cheap = frame["size"][index % ROWS], frame["cheap"][index % ROWS]
        lines.append(f"{size:.1f},Lyon,{cheap}".encode())
    lines[2900] = lines[2900].replace(b"Lyon", b"Orl\xe9ans")
    (folder / "d.csv").write_bytes(b"\n".join(lines))


@makes("27")
def lines_above_the_header(folder, rng):
    frame = plain(rng, "price")
    text = frame.to_csv(index=False)
    (folder / "a.csv").write_text("sep=;\n" + frame.to_csv(index=False, sep=";"))
    (folder / "b.csv").write_text("# exported 2024\n# by the till\n" + text)
    (folder / "c.csv").write_text("Sales report\n" + text)
    header, rows = text.split("\n", 1)
    (folder / "d.csv").write_text(f"{header}\nm2,-,EUR\n{rows}")


@makes("29")
def spelled_differently(folder, rng):
    frame = plain(rng)
    words = {1: ["Yes", "yes", "YES"], 0: [" no", "No"]}
    frame["bought"] = [rng.choice(words[cheap]) for cheap in frame.pop("cheap")]
    frame.to_csv(folder / "a.csv", index=False)


@makes("30")
def label_types(folder, rng):
    frame = houses(rng)
    price, cheap = frame["price"], frame["cheap"]
    inputs = {"size": frame["size"].round(1), "rooms": frame["rooms"]}
    third = np.digitize(price, np.quantile(price, [1 / 3, 2 / 3]))
    truths = (cheap == 1).astype(object)
    truths[7] = None
    floats = cheap.astype(float)
    floats[3] = None
    grades = np.digitize(price, np.linspace(price.min(), price.max(), 25))
    for name, labels in {
        "a": np.array([1, 5, 9])[third],
        "b": cheap + 1.0,
        "c": truths,
        "d": floats,
        "e": [f"{stars} stars" for stars in third + 1],
        "f": grades,
    }.items():
        write(folder, f"{name}.csv", **inputs, y=labels)


@makes("31")
def one_in_a_hundred(folder, rng):
    fraud = rng.permutation(np.repeat([1, 0], [30, 2970]))
    for name, shift in (("a", 3.5), ("b", 0)):
        first = (rng.normal(size=3000) + shift * fraud).round(2)
        write(folder, f"{name}.csv", a=first, b=rng.normal(size=3000).round(2), fraud=fraud)


@makes("33")
def several_labels(folder, rng):
    frame = houses(rng)
    inputs = frame[["size", "rooms", "kind"]].round(1)
    on = np.stack([frame["cheap"] == 0, frame["size"] > 100, frame["rooms"] > 3], axis=1)
    labels = pd.DataFrame(on.astype(int), columns=["l1", "l2", "l3"])
    pd.concat([inputs, labels], axis=1).to_csv(folder / "a.csv", index=False)
    words = labels.map(["no", "yes"].__getitem__)
    pd.concat([inputs, words], axis=1).to_csv(folder / "b.csv", index=False)
    tags = ["|".join(np.array(["red", "blue", "big"])[row]) for row in on]
    inputs.assign(tags=tags).to_csv(folder / "c.csv", index=False)
    gap = labels.astype({"l1": float})
    gap.loc[4, "l1"] = None
    pd.concat([inputs, gap], axis=1).to_csv(folder / "d.csv", index=False)
    odd = labels.set_axis(["C++", "R&D, other", "100% (a=b)"], axis=1)
    pd.concat([inputs, odd], axis=1).to_csv(folder / "e.csv", index=False)


@makes("35")
def holes_in_a_table(folder, rng):
    frame = plain(rng, "price").assign(const=7, empty=np.nan)
    size = frame["size"]
    frame["inf"] = np.where(rng.random(ROWS) < 0.1, np.inf, size)
    frame["big"] = np.where(rng.random(ROWS) < 0.1, 1.797e308, size)
    frame["neg"] = np.where(rng.random(ROWS) < 0.1, -999, frame["rooms"])
    for name, word in (("dots", "."), ("dashes", "-"), ("words", "unknown")):
        missing = rng.random(ROWS) < 0.15
        frame[name] = np.where(missing, word, size.map("{:.1f}".format))
    frame.to_csv(folder / "a.csv", index=False)
    frame[["big", "price"]].to_csv(folder / "b.csv", index=False)
    frame[["dots", "price"]].to_csv(folder / "c.csv", index=False)


@makes("38")
def odd_names(folder, rng):
    frame = plain(rng)
    frame["rooms/floor (m)"] = frame["=x+1"] = frame.pop("rooms")
    for number, name in enumerate(ODD_NAMES):
        frame.rename(columns={"cheap": name}).to_csv(folder / f"{number}.csv", index=False)


@makes("39")
def very_wide(folder, rng):
    names = [f"a_rather_long_name_of_a_column_{index:04}" for index in range(700)]
    frame = pd.DataFrame(rng.normal(size=(ROWS, 700)).round(2), columns=names)
    frame.assign(y=plain(rng)["cheap"]).to_csv(folder / "a.csv", index=False)


@makes("41")
def typed_columns(folder, rng):
    houses_ = houses(rng)
    size, flag = houses_["size"].round(), pd.array(houses_["cheap"] == 1, dtype="boolean")
    frame = pd.DataFrame(
        {
            "size": size.astype("Int64"),
            "kind": pd.Categorical(houses_["kind"]),
            "dec": [decimal.Decimal(str(round(value, 2))) for value in houses_["size"]],
            "when": pd.date_range("2024-03-30", periods=ROWS, freq="h", tz="Europe/Berlin"),
            "dur": pd.to_timedelta(houses_["rooms"], unit="h"),
            "many": [[1, 2]] * ROWS,
            "y": pd.Categorical(houses_["cheap"].map({1: "low", 0: "high"}), ordered=True),
        }
    )
    frame.loc[5, "size"] = pd.NA
    frame["flag"] = pd.Series(flag).where(rng.random(ROWS) < 0.8)
    frame.to_parquet(folder / "a.parquet")


@makes("43")
def too_small(folder, rng):
    frame = plain(rng)
    for name, count in (("a", 0), ("b", 1), ("c", 19), ("d", 20)):
        frame[:count].to_csv(folder / f"{name}.csv", index=False)
    frame[["cheap"]].to_csv(folder / "e.csv", index=False)


@makes("44")
def surprises_for_predict(folder, rng):
    frame = houses(rng).round({"size": 1, "price": 0}).drop(columns="cheap")
    frame.insert(3, "zip", rng.choice(["01067", "80331", "10115"], ROWS))
    frame.to_csv(folder / "train.csv", index=False)
    rows = frame[:30].drop(columns="price")
    size = rows["size"]
    for name, changed in {
        "same": rows,
        "unseen": rows.assign(kind="castle"),
        "words": rows.assign(size=size.astype(object).where(rows.index != 3, "n.v.")),
        "renamed": rows.rename(columns={"size": "Size"}),
        "empty": rows[:0],
        "thousands": rows.assign(size=with_commas(1000 + size, 1)),
        "larger": rows.assign(size=1000 + size),
        "missing": rows.assign(size=np.nan),
        "order": rows[["zip", "kind", "size", "rooms"]],
    }.items():
        changed.to_csv(folder / f"{name}.csv", index=False)
    rows.to_csv(folder / "commas.csv", index=False, sep=";", decimal=",")
    rows.assign(kind="größer").to_csv(folder / "cp1252.csv", index=False, encoding="cp1252")


@makes("61")
def date_and_time_apart(folder, rng):
    hours = pd.date_range("2006-12-16 17:24", periods=1500, freq="h")
    load = pd.Series(load_of(rng, hours)).astype(object)
    load[40:60] = "?"
    frame = pd.DataFrame({"Date": hours.strftime("%d/%m/%Y"), "Time": hours.strftime("%H:%M:%S")})
    frame.assign(kw=load).to_csv(folder / "a.csv", index=False, sep=";")


@makes("62")
def dates_two_ways(folder, rng):
    days = pd.date_range("2022-01-01", periods=700, freq="D")
    values = (50 + np.arange(700) * 0.05 + rng.normal(0, 1, 700)).round(2)
    hours = pd.date_range("2023-03-01", periods=280, freq="h")
    orders = [day.strftime("%d.%m.%Y" if row % 2 else "%m.%d.%Y") for row, day in enumerate(days)]
    months = MONTHS.split()
    german = [f"{day.day}. {months[day.month - 1]} {day.year}" for day in days]
    for name, texts in {
        "a": days.strftime("%d.%m.%Y"),
        "b": days.strftime("%m/%d/%Y"),
        "c": hours.strftime("%d.%m.%Y %H:%M"),
        "d": orders,
        "e": days.strftime("%d.%m.%y"),
        "f": german,
    }.items():
        write(folder, f"{name}.csv", day=texts, y=values[: len(texts)])


@makes("63")
def two_series_and_order(folder, rng):
    hours = pd.date_range("2024-01-01", periods=600, freq="h")
    frame = pd.DataFrame({"hour": hours.strftime("%Y-%m-%d %H:%M"), "kwh": load_of(rng, hours)})
    second = frame.assign(store="B", kwh=load_of(rng, hours))
    total = pd.DataFrame({"hour": ["Total"], "kwh": [frame["kwh"].sum()]})
    for name, rows in {
        "a": pd.concat([frame.assign(store="A"), second]),
        "b": frame[::-1],
        "c": pd.concat([frame, total]),
        "d": pd.concat([frame, frame[100:101]]),
    }.items():
        rows.to_csv(folder / f"{name}.csv", index=False)


@makes("65")
def kinds_of_time(folder, rng):
    hours = pd.date_range("2024-01-01", periods=400, freq="h")
    months = pd.date_range("1995-01-01", periods=240, freq="MS")
    weeks = pd.date_range("2015-01-05", periods=300, freq="7D")
    load = load_of(rng, hours)
    rising = (100 + np.arange(240) + rng.normal(0, 3, 240)).round(1)
    days = (hours - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
    zones = [
        hour.strftime("%Y-%m-%d %H:%M") + ("+01:00" if row > 200 else "")
        for row, hour in enumerate(hours)
    ]
    ends = [hour.strftime("%Y-%m-%d %H:%M") for hour in hours]
    for row in np.flatnonzero(hours.hour == 0):
        ends[row] = (hours[row] - pd.Timedelta(hours=1)).strftime("%Y-%m-%d 24:00")
    for name, times, values in (
        ("a", (hours - pd.Timestamp("1970-01-01")) // pd.Timedelta(milliseconds=1), load),
        ("b", months.strftime("%Y%m"), rising),
        ("c", months.strftime("%b-%y"), rising),
        ("d", days.to_numpy().round(6), load),
        ("e", weeks.strftime("%G-W%V"), load[:300]),
        ("f", zones, load),
        ("g", hours.strftime("%m/%d/%Y %I:%M %p"), load),
        ("h", ends, load),
    ):
        write(folder, f"{name}.csv", t=times, v=values)


@makes("66")
def short_and_odd_target(folder, rng):
    months = pd.date_range("2010-01-01", periods=144, freq="MS")
    season = 30 * np.sin(np.arange(144) * np.pi / 6) + rng.normal(0, 5, 144)
    write(
        folder, "a.csv", t=months.strftime("%Y-%m"), v=(100 + np.arange(144) * 2 + season).round()
    )
    hours = pd.date_range("2024-01-01", periods=500, freq="h")
    times = hours.strftime("%Y-%m-%d %H:%M")
    write(folder, "c.csv", t=times, v=with_commas(load_of(rng, hours) * 100, 0))
    write(folder, "d.csv", t=times, x=load_of(rng, hours), v=(hours.hour > 12).astype(int))
    sky = rng.choice(["sun", "rain"], 500)
    write(folder, "e.csv", t=times, sky=sky, v=load_of(rng, hours))


@makes("67")
def month_names(folder, rng):
    months = pd.date_range("2001-01-01", periods=240, freq="MS")
    write(folder, "a.csv", t=months.strftime("%b-%y"), v=np.arange(240))
    write(folder, "b.csv", t=months.strftime("%y-%b"), v=np.arange(240))
    hours = pd.date_range("2022-01-01", periods=720, freq="h")
    short = [f"{hour.month}/{hour.day}/{hour:%y} {hour.hour}:{hour.minute:02}" for hour in hours]
    write(folder, "c.csv", t=short, v=load_of(rng, hours))
    days = pd.date_range("2022-01-01", periods=700, freq="D")
    write(folder, "d.csv", t=days.strftime("%d.%m.%y"), v=np.arange(700))
    hours = pd.date_range("2024-01-01", periods=400, freq="h")
    write(folder, "e.csv", t=hours.strftime("%m/%d/%Y %I:%M %p"), v=load_of(rng, hours))


@makes("81")
def unlabelled_texts(folder, rng):
    for name, count in (("pos", 60), ("neg", 60), ("unsup", 200)):
        (folder / "train" / name).mkdir(parents=True)
        for index in range(count):
            good = name == "pos" or (name == "unsup" and index % 2 == 1)
            file = folder / "train" / name / f"{index}_{rng.integers(1, 11)}.txt"
            file.write_text(review(rng, good=good))
    (folder / "train/urls_pos.txt").write_text("x")


@makes("82")
def odd_texts(folder, rng):
    texts = [review(rng, good=row % 2 == 1) for row in range(ROWS)]
    texts[0:10] = [""] * 5 + ["   "] * 5
    texts[10:20] = ["😀👍🏽", "😡👎"] * 5
    texts[20:30] = [f"<p class='a'>{text}<br/>&amp;</p>" for text in texts[20:30]]
    texts[30] *= 3000
    texts[40:50] = [BAD[0], GOOD[0]] * 5
    texts[50:60] = ["None", "NA", "null", "nan", "N/A"] * 2
    texts[60:70] = ["12345"] * 10
    write(folder, "a.csv", review=texts, label=[row % 2 for row in range(ROWS)])
    write(folder, "b.csv", review=["12345", "777"] * 30, label=[0, 1] * 30)


@makes("83")
def one_text_two_labels(folder, rng):
    rows = [(review(rng, good=row % 2 == 1), ("neg", "pos")[row % 2]) for row in range(400)]
    other = {"pos": "neg", "neg": "pos"}
    rows += [(text, other[label]) for text, label in rows[:60]] + rows[100:140]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(folder / "a.csv", index=False)


@makes("84")
def labels_of_texts(folder, rng):
    texts = [review(rng, good=row % 2 == 1) for row in range(240)]
    write(folder, "a.csv", text=texts, label=[row % 4 for row in range(240)])
    decimals = [1.0 + row % 2 for row in range(240)]
    decimals[9] = np.nan
    write(folder, "b.csv", text=texts, label=decimals)
    write(folder, "c.csv", text=texts, stars=[1 + row % 10 for row in range(240)])
    lines = []
    for row, text in enumerate(texts):
        quoted = text.replace("film", 'fi"lm') if row % 7 == 0 else text
        lines.append(f"{('ham', 'spam')[row % 2]}\t{quoted}")
    (folder / "d.tsv").write_text("\n".join(lines))


@makes("86")
def quoting(folder, rng):
    texts = [review(rng, good=row % 2 == 1) for row in range(200)]
    escaped = [f'"he said \\"{text}\\", then left",{row % 2}' for row, text in enumerate(texts)]
    (folder / "a.csv").write_text("\n".join(["text,label", *escaped]))
    unquoted = [
        f"{row % 2},{text}" + (", really, yes" if row % 5 == 4 else "")
        for row, text in enumerate(texts)
    ]
    (folder / "b.csv").write_text("\n".join(["label,text", *unquoted]))
    labels = [row % 2 for row in range(200)]
    write(folder, "c.csv", text=[text.replace(" ", "; ") for text in texts], label=labels)
    write(folder, "d.csv", text=[text.replace(" ", "\t") for text in texts], label=labels)


@makes("93")
def lists_in_sweeps(folder, rng):
    frame = plain(rng)
    frame.assign(**{"x, y": frame["cheap"]}).to_csv(folder / "a.csv", index=False)
