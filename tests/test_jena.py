import hashlib
import io
import zipfile

import numpy as np
import pandas
import pytest

from goldilocks.dataset import jena
from goldilocks.dataset.sources import archive, cache
from goldilocks.errors import DataError, SourceUnavailable
from loopback import serve

HOW = {"lookback": 240, "step": 1, "delay": 24, "purge": True, "subset": None}
SMALL = 2_000  # rows of a small record with the layout of the original


def load(source="stand_in", dir=None, **changes):
    return jena.load(source=source, dir=dir, **{**HOW, **changes})


@pytest.fixture(scope="module")
def stand_in():
    return load()


@pytest.fixture
def record(monkeypatch, tmp_path):
    """A small record as it is published: a CSV in a zip, every column in its place."""
    monkeypatch.setattr(jena, "ROWS", SMALL)
    monkeypatch.setattr(cache, "_UNREACHABLE", set())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({name: rng.uniform(1, 20, SMALL).round(2) for name in jena.COLUMNS})
    frame.loc[[7, 8], "wv (m/s)"] = -9999.0
    times = pandas.date_range("2009-01-01 00:10", periods=SMALL, freq="10min").strftime(
        "%d.%m.%Y %H:%M:%S"
    )
    frame.insert(0, jena.TIME, times)
    return frame


def packed(frame, name=jena.FILE):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr(name, frame.to_csv(index=False))
    return file.getvalue()


def test_the_stand_in_is_a_year_of_hours_with_as_many_columns_as_the_original(stand_in):
    assert stand_in.x.values.shape == (8760, 14)
    assert len(jena.COLUMNS) == len(jena.TYPICAL) == 14
    assert stand_in.x.values.dtype == np.float32
    assert np.isfinite(stand_in.x.values).all()
    assert len(stand_in.y) == 8760 - 240 - 24 + 1
    assert (stand_in.source, stand_in.unit, stand_in.problem, stand_in.overlap) == (
        "stand_in",
        "°C",
        "regression",
        263,
    )
    assert stand_in.x.seen([0]).shape == (1, 240, 14)
    assert -20 < stand_in.y.min() < 0 < 30 < stand_in.y.max() < 40  # Greensboro's temperatures
    assert stand_in.notes == ()


def test_the_stand_in_stays_the_same(stand_in):
    assert stand_in.digest == "b1cdb8dda763a6491de60908b2c59c255ef4d8f33574de34bde0b715890b3874"
    first = dict(zip(jena.TYPICAL, stand_in.x.values[0].tolist(), strict=True))
    assert first["Dry-bulb (C)"] == 10.0
    assert first["Pressure (mbar)"] == 993.0
    assert first["Pwat (cm)"] == 1.5


def test_another_window_is_the_same_data(stand_in):
    assert load(lookback=120, delay=12).digest == stand_in.digest


def test_a_step_that_is_finer_than_the_source_becomes_an_hour_and_says_so():
    data = load(lookback=120, step=0.5)
    assert data.x.step == 1
    assert data.notes == (
        "dataset.step is 0.5 hours; this source has one row every 60 minutes, so it became 1 hours.",
    )


def test_the_original_is_fetched_unpacked_checked_and_read(record, monkeypatch):
    with serve() as site:
        site.files["/jena.csv.zip"] = packed(record)
        monkeypatch.setattr(jena, "URL", f"{site.url}/jena.csv.zip")
        data = load("original", lookback=24, delay=24)
        again = load("original", lookback=24, delay=24)
        assert site.asked == 1
    assert data.source == "original"
    assert (data.x.lookback, data.x.step, data.x.delay) == (144, 6, 144)  # 6 rows an hour
    assert data.x.seen([0]).shape == (1, 24, 14)
    assert data.y[0] == pytest.approx(record[jena.TARGET][144 + 144 - 1])
    wind = data.x.values[:, jena.COLUMNS.index("wv (m/s)")]
    assert wind[7] == wind[8] == wind[6]
    text = record.to_csv(index=False).encode()
    assert data.notes == (
        f"The SHA-256 of {jena.FILE} is {hashlib.sha256(text).hexdigest()}; others have recorded "
        f"{jena.SHA256} for it.",
        "Filled 2 missing wind speeds (-9999 in the record) with the ones before.",
    )
    assert again.digest == data.digest


def test_another_file_than_the_published_one_is_refused(record, monkeypatch):
    with serve() as site:
        site.files["/jena.csv.zip"] = packed(record.drop(columns="rh (%)"))
        monkeypatch.setattr(jena, "URL", f"{site.url}/jena.csv.zip")
        with pytest.raises(
            DataError, match=r"has 2000 rows and the columns Date Time.+expected 2000 rows"
        ):
            load("original")


def test_the_recorded_checksum_needs_no_note(record, monkeypatch, tmp_path):
    record.to_csv(tmp_path / jena.FILE, index=False)
    monkeypatch.setattr(
        jena, "SHA256", hashlib.sha256((tmp_path / jena.FILE).read_bytes()).hexdigest()
    )
    assert [note[:6] for note in load(dir=str(tmp_path), lookback=24).notes] == ["Filled"]


def test_what_is_not_the_published_file_is_deleted_so_that_the_next_time_it_is_fetched_again(
    record, monkeypatch
):
    facts = {"source": "stand_in", "location": "Greensboro", "target": "T"}
    greensboro = jena.Record(np.zeros((600, 1), np.float32), ("T",), 1, facts)
    with serve() as site:
        monkeypatch.setattr(jena, "URL", f"{site.url}/jena.csv.zip")
        for sent in (
            b"<html>Sign in to this network</html>",
            packed(record[:9]),
            packed(record, "other.csv"),
        ):
            site.files["/jena.csv.zip"] = sent
            with pytest.raises(
                SourceUnavailable, match=r"did not send the published file: .+was deleted"
            ):
                load("original")
            assert list((cache.cache_dir() / "downloads").iterdir()) == []
        site.files["/jena.csv.zip"] = sent
        with monkeypatch.context() as patched:
            patched.setattr(jena, "_stand_in", lambda: greensboro)
            with pytest.warns(
                UserWarning, match=r"did not send the published file.+Using the stand-in instead"
            ):
                assert load("auto").location == "Greensboro"
        site.files["/jena.csv.zip"] = packed(record)
        assert load("original", lookback=24).source == "original"


def test_a_full_disk_is_no_reason_for_the_stand_in(record, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with serve() as site:
        site.files["/jena.csv.zip"] = packed(record)
        monkeypatch.setattr(jena, "URL", f"{site.url}/jena.csv.zip")
        monkeypatch.setattr(archive.zipfile.ZipFile, "extractall", full)
        with pytest.raises(DataError, match=r"Could not unpack .+No space left"):
            load("auto")
    assert len(list((cache.cache_dir() / "downloads").iterdir())) == 1


@pytest.mark.parametrize(
    ("row", "column", "value", "sentence"),
    [
        (11, "rh (%)", "wet", r"cannot be read as CSV \(.*'wet'.*\)\. .+dataset=series"),
        (11, "rh (%)", None, r"has empty cells, or begins"),
        (0, "wv (m/s)", -9999.0, r"begins with a missing wind speed \(-9999\)"),
    ],
)
def test_an_unusable_cell_is_an_error(record, tmp_path, row, column, value, sentence):
    record[column] = record[column].astype(object)
    record.loc[row, column] = value
    record.to_csv(tmp_path / jena.FILE, index=False)
    with pytest.raises(DataError, match=sentence):
        load(dir=str(tmp_path))


def test_a_hostile_archive_writes_nothing(record, monkeypatch, tmp_path):
    with serve() as site:
        site.files["/jena.csv.zip"] = packed(record, "../../escaped.csv")
        monkeypatch.setattr(jena, "URL", f"{site.url}/jena.csv.zip")
        with pytest.raises(SourceUnavailable, match=r"There is no jena_climate.+was deleted"):
            load("original")
    assert not list(tmp_path.rglob("escaped.csv"))


def test_without_a_network_auto_takes_the_stand_in_with_a_warning(monkeypatch, stand_in):
    monkeypatch.setattr(cache, "_UNREACHABLE", set())
    monkeypatch.setattr(jena, "URL", "http://127.0.0.1:9/jena.csv.zip")
    with pytest.warns(UserWarning, match=r"^offline: dataset=jena uses its stand-in"):
        assert load("auto").digest == stand_in.digest


def test_a_folder_of_the_user_is_read(record, tmp_path):
    record.to_csv(tmp_path / jena.FILE, index=False)
    assert load("stand_in", str(tmp_path), lookback=24, delay=24).source == "original"
    with pytest.raises(
        DataError, match=r"There is no jena_climate_2009_2016\.csv in .+dataset\.dir=FOLDER"
    ):
        load(dir=str(tmp_path / "cache"))
