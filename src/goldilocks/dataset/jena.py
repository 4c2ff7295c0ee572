"""Jena climate: weather recorded at the Max Planck Institute for Biogeochemistry (chapters 10 and 11).

Source: https://storage.googleapis.com/tensorflow/tf-keras-datasets/jena_climate_2009_2016.csv.zip,
    13,568,290 bytes. No checksum of the archive is published. What is checked is its content: the
    header, the number of rows, and that every cell is a number. `SHA256` is that of the CSV in it
    (43,164,220 bytes) as others have recorded it; we could not compare it with a download, so that
    another one is said in a note and not refused.
Licence: none is stated with the file; the institute publishes its records at
    https://www.bgc-jena.mpg.de/wetter/.
Counts: 420,551 rows, one every 10 minutes from 2009-01-01 to 2016-12-31; some are missing or
    written twice in the record, and as the chapter does, rows are taken to be equally spaced.
Shape: 14 columns, float32: p (mbar) pressure, T (degC) temperature, Tpot (K) potential temperature,
    Tdew (degC) dew point, rh (%) relative humidity, VPmax, VPact and VPdef (mbar) saturation,
    actual and missing vapour pressure, sh (g/kg) specific humidity, H2OC (mmol/mol) water vapour,
    rho (g/m**3) air density, wv and max. wv (m/s) wind speed, wd (deg) its direction. A wind speed
    of -9999 stands for a missing one and is filled with the one before.
Known defects: 327 rows are there twice, and five gaps are longer than 10 minutes, the longest of 3
days 2 hours 20
    minutes. They stay, as in the chapter.
Target: T (degC), in °C.

Stand-in: Greensboro, North Carolina, in the wheel pvlib 0.16.1 (BSD 3-clause): the TMY3 file
    723170TYA.CSV of the National Renewable Energy Laboratory, 8,760 hours. It is a typical year:
    each month is a real one, but they are of different years, so that the weather jumps where
    months meet. 14 columns: pressure (mbar), dry-bulb temperature and dew point (°C), humidity (%),
    wind speed (m/s) and direction (degrees), total and opaque cloud (tenths), visibility and
    ceiling (m), precipitable water (cm), and radiation (W/m^2): global, direct and diffuse.
"""

import hashlib
import math
import shutil
from pathlib import Path

import numpy as np

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import archive, cache, wheel
from goldilocks.errors import DataError, SourceUnavailable

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/jena_climate_2009_2016.csv.zip"
SHA256 = "9626d3964f7afb3fa94b6f3d3a0e92fe96e4a4477c31ed9875cc64d6717c129f"
FILE, ROWS, PER_HOUR = "jena_climate_2009_2016.csv", 420_551, 6
TIME, TARGET = "Date Time", "T (degC)"
WIND = ("wv (m/s)", "max. wv (m/s)")
COLUMNS = (
    *(
        "p (mbar)",
        TARGET,
        "Tpot (K)",
        "Tdew (degC)",
        "rh (%)",
        "VPmax (mbar)",
        "VPact (mbar)",
        "VPdef (mbar)",
    ),
    *("sh (g/kg)", "H2OC (mmol/mol)", "rho (g/m**3)", *WIND, "wd (deg)"),
)
WHEEL = {
    "package": "pvlib",
    "version": "0.16.1",
    "sha256": "4e61b5228a13f782413d7cf8cc48eb6e62e7bf55d155958fa9fd72420b63603d",
    "path": "pvlib/data/723170TYA.CSV",
}
TYPICAL = (
    *(
        "Pressure (mbar)",
        "Dry-bulb (C)",
        "Dew-point (C)",
        "RHum (%)",
        "Wspd (m/s)",
        "Wdir (degrees)",
    ),
    *("TotCld (tenths)", "OpqCld (tenths)", "Hvis (m)", "CeilHgt (m)", "Pwat (cm)"),
    *("GHI (W/m^2)", "DNI (W/m^2)", "DHI (W/m^2)"),
)


def load(
    *,
    source: str,
    dir: str | None,
    lookback: float,
    step: float,
    delay: float,
    purge: bool,
    subset: int | None,
) -> Dataset:
    """The windows; x is `Windows` of 14 columns, y float32 (windows,), in °C.

    Args:
        source: "original", "stand_in" or "auto".
        dir: The folder that holds jena_climate_2009_2016.csv, or None; given, it is taken whatever
            `source` says.
        lookback: Hours that a window spans.
        step: Hours between two points that it sees.
        delay: Hours from the last point to the predicted one.
        purge: Whether the split drops windows whose target lies in the time of the next part.
        subset: Number of training windows to keep, or None for all.

    Raises:
        SourceUnavailable: The source cannot be reached.
        DataError: There is no such file in `dir`, it is another one, or no window fits into the
            series.
    """
    asked = {"lookback": lookback, "step": step, "delay": delay}
    if dir is not None:
        return _dataset(
            _read(Path(str(dir)).expanduser() / FILE), "original", str(dir), asked, purge, subset
        )
    return cache.choose(
        source,
        name="jena",
        original=lambda: _dataset(_original(), "original", URL, asked, purge, subset),
        stand_in=lambda: _stand_in(asked, purge, subset),
    )


def _original() -> dict[str, np.ndarray]:
    packed = archive.fetch(URL, None, name="jena")
    folder = packed.with_suffix("")
    try:
        return _read(archive.extract(packed, folder) / FILE)
    except DataError as error:
        if isinstance(error.__cause__, OSError):  # The disk, not what was sent.
            raise
        packed.unlink(missing_ok=True)  # Else it would be taken for the published file ever after.
        shutil.rmtree(folder, ignore_errors=True)
        raise SourceUnavailable(
            f"{URL} did not send the published file: {error} What it sent was deleted; try again "
            "later."
        ) from error


def _read(path: Path) -> dict[str, np.ndarray]:
    """The record, once checked and parsed, from the cache ever after."""
    if not path.is_file():
        raise DataError(
            f"There is no {FILE} in {path.parent}; give the folder that holds it: "
            "dataset.dir=FOLDER."
        )

    def build() -> dict[str, np.ndarray]:
        import pandas

        own = "For a series of your own: dataset=series dataset.file=FILE."
        try:
            frame = pandas.read_csv(path, low_memory=False)
        except ValueError as error:  # Those of the parser and of UTF-8 are these.
            raise DataError(
                f"{path} cannot be read as CSV ({str(error).strip().rstrip('.')}). {own}"
            ) from error
        if tuple(frame.columns) != (TIME, *COLUMNS) or len(frame) != ROWS:
            raise DataError(
                f"{path} has {len(frame)} rows and the columns "
                f"{', '.join(map(str, frame.columns[:20]))}; expected "
                f"{ROWS} rows and {TIME}, {', '.join(COLUMNS)}. {own}"
            )
        numbers = frame[list(COLUMNS)].apply(pandas.to_numeric, errors="coerce").astype("float64")
        unread = numbers.isna()
        if unread.to_numpy().any():
            row, column = (int(place) for place in np.argwhere(unread.to_numpy())[0])
            raise DataError(
                f"{path} has {str(frame[COLUMNS[column]].iloc[row])!r} in the column "
                f"{COLUMNS[column]} of row "
                f"{row + 1}; expected a number. {own}"
            )
        calm = numbers[list(WIND)] < 0
        numbers[list(WIND)] = numbers[list(WIND)].mask(calm).ffill()
        if calm.iloc[0].any():
            raise DataError(
                f"{path} begins with a missing wind speed (-9999); expected one to fill the others "
                "with."
            )
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        filled = int(calm.any(axis=1).sum())
        return {
            "values": numbers.to_numpy("float32"),
            "filled": np.array([filled]),
            "sha256": np.array([found]),
        }

    size, changed = path.stat().st_size, path.stat().st_mtime_ns
    key = {
        "dataset": "jena",
        "file": str(path.resolve()),
        "size": size,
        "changed": changed,
        "layout": 2,
    }
    return cache.prepared(key, build)


def _stand_in(asked: dict[str, float], purge: bool, subset: int | None) -> Dataset:
    def build() -> dict[str, np.ndarray]:
        import pandas

        frame = pandas.read_csv(wheel.member(**WHEEL), skiprows=1, usecols=list(TYPICAL))
        return {"values": frame[list(TYPICAL)].to_numpy("float32"), "filled": np.array([0])}

    location = f"{WHEEL['path']} in the wheel {WHEEL['package']} {WHEEL['version']}"
    arrays = cache.prepared({"dataset": "jena", "source": WHEEL, "columns": TYPICAL}, build)
    return _dataset(arrays, "stand_in", location, asked, purge, subset)


def _dataset(
    arrays: dict[str, np.ndarray],
    source: str,
    location: str,
    asked: dict[str, float],
    purge: bool,
    subset: int | None,
) -> Dataset:
    published = source == "original"
    columns, per_hour = (COLUMNS, PER_HOUR) if published else (TYPICAL, 1)
    rows, notes = _rows(asked, per_hour)
    filled = int(arrays["filled"][0])
    if "sha256" in arrays and str(arrays["sha256"][0]) != SHA256:
        notes.append(
            f"The SHA-256 of {FILE} is {arrays['sha256'][0]}; others have recorded {SHA256} for it."
        )
    if filled:
        notes.append(
            f"Filled {filled} missing wind speeds (-9999 in the record) with the ones before."
        )
    target = columns.index(TARGET if published else "Dry-bulb (C)")
    windows = Windows(np.asarray(arrays["values"]), columns, target, **rows)
    if len(windows) == 0:
        raise DataError(
            f"dataset.lookback={asked['lookback']:g} and dataset.delay={asked['delay']:g} hours "
            "span "
            f"{rows['lookback'] + rows['delay']} rows, and there are {len(windows.values)}; "
            "expected fewer."
        )
    return Dataset(
        name="jena",
        kind="series",
        problem="regression",
        x=windows,
        y=windows.targets.copy(),
        classes=(),
        source=source,
        location=location,
        digest=cache.digest(",".join(columns), windows.values),
        subset=subset,
        unit="°C",
        overlap=rows["lookback"] + (rows["delay"] if purge else 0) - 1,
        persistence=windows.persistence,
        target=columns[windows.target],
        notes=tuple(notes),
    )


def _rows(asked: dict[str, float], per_hour: int) -> tuple[dict[str, int], list[str]]:
    """Hours as numbers of rows, at least 1 each; and a sentence for each that had to be rounded."""
    rows, notes = {}, []
    for name, hours in asked.items():
        rows[name] = max(1, math.floor(hours * per_hour + 0.5))
        if rows[name] != hours * per_hour:
            notes.append(
                f"dataset.{name} is {hours:g} hours; this source has one row every "
                f"{60 // per_hour} minutes, so it "
                f"became {rows[name] / per_hour:g} hours."
            )
    return rows, notes
