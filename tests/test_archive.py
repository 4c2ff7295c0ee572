import hashlib
import io
import stat
import tarfile
import zipfile

import pytest

import loopback
from goldilocks.dataset.sources import archive
from goldilocks.errors import DataError, SourceUnavailable

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(archive, "PAUSE", 0.0)
    return tmp_path / "cache"


@pytest.fixture
def site():
    with loopback.serve() as site:
        site.files["/pets.zip"] = CONTENT
        yield site


def downloads(cache):
    return sorted(path.name for path in (cache / "downloads").iterdir())


def test_fetch_downloads_once(site, cache):
    path = archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    assert path.read_bytes() == CONTENT
    assert path == cache / "downloads" / "pets-pets.zip"
    assert archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets") == path
    assert len(site.asked) == 1


def test_fetch_without_a_terminal_writes_one_plain_line(site, capfd):
    archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    written = capfd.readouterr().err
    assert written.count("\n") <= 1
    assert "\x1b" not in written


def test_fetch_replaces_a_file_that_was_damaged_on_disk(site):
    path = archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    path.write_bytes(b"something else")
    assert archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets").read_bytes() == CONTENT


def test_an_interrupted_download_is_resumed_where_it_broke_off(site, cache):
    site.cut = [300_000, 200_000]
    path = archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    assert path.read_bytes() == CONTENT
    assert site.asked[0] == ""
    assert all(asked.startswith("bytes=") for asked in site.asked[1:])
    assert len(site.asked) == 3
    assert downloads(cache) == ["pets-pets.zip"]


def test_an_interrupted_download_begins_again_where_the_server_cannot_resume(site):
    site.cut, site.resumable = [300_000], False
    assert archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets").read_bytes() == CONTENT


def test_a_download_that_always_breaks_off_leaves_nothing_and_succeeds_later(site, cache):
    site.cut = [0] * 20
    with pytest.raises(SourceUnavailable, match=r"Could not download http.*dataset\.dir=FOLDER"):
        archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    assert len(site.asked) == 1 + archive.RESUMES
    assert downloads(cache) == []
    site.cut = []
    assert archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets").read_bytes() == CONTENT


def test_a_wrong_checksum_is_an_error_with_both_values_and_leaves_nothing(site, cache):
    wrong = "0" * 64
    with pytest.raises(
        SourceUnavailable,
        match=rf"published file.*expected sha256:{wrong} but got {SHA256}.*dataset.dir",
    ):
        archive.fetch(f"{site.url}/pets.zip", wrong, name="pets")
    assert downloads(cache) == []


def test_a_refusal_of_the_server_is_an_error(site):
    with pytest.raises(SourceUnavailable, match=r"refused http.*/missing\.zip: 404"):
        archive.fetch(f"{site.url}/missing.zip", SHA256, name="pets")


def test_no_server_is_an_error():
    with loopback.serve() as closed:
        url = closed.url
    with pytest.raises(
        SourceUnavailable,
        match=r"Could not download http\S+: \S*Errno \d+\] Connection refused\. Try",
    ):
        archive.fetch(f"{url}/pets.zip", SHA256, name="pets")


def test_a_read_only_cache_is_an_error(site, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"Could not store .*GOLDILOCKS_CACHE") as raised:
        archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    assert not isinstance(raised.value, SourceUnavailable)


def make_zip(path, members, links=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
        for name, target in links:
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            opened.writestr(info, target)
    return path


def make_tar(path, members, links=(), kind=tarfile.SYMTYPE):
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as opened:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            opened.addfile(info)
    return path


@pytest.mark.parametrize(
    ("make", "name"), [(make_zip, "a.zip"), (make_tar, "a.tar"), (make_tar, "a.tar.gz")]
)
def test_extract_unpacks_once(tmp_path, make, name):
    packed = make(tmp_path / name, {"pets/cat/1.jpg": b"one", "pets/dog/2.jpg": b"two"})
    folder = archive.extract(packed, tmp_path / "made" / "out")
    assert (folder / "pets" / "cat" / "1.jpg").read_bytes() == b"one"
    packed.unlink()
    assert archive.extract(packed, folder) == folder
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


OUTSIDE = ["../evil.txt", "pets/../../evil.txt", "/evil.txt", "..\\evil.txt", "C:\\evil.txt"]


@pytest.mark.parametrize("member", OUTSIDE)
@pytest.mark.parametrize(("make", "name"), [(make_zip, "a.zip"), (make_tar, "a.tar.gz")])
def test_extract_refuses_paths_outside(tmp_path, make, name, member):
    packed = make(tmp_path / name, {"good.txt": b"good", member: b"evil"})
    with pytest.raises(DataError, match=r"written outside the folder\. Nothing was unpacked"):
        archive.extract(packed, tmp_path / "inner" / "out")
    assert list((tmp_path / "inner").iterdir()) == []
    assert not (tmp_path / "evil.txt").exists()


def test_extract_refuses_links_and_devices(tmp_path):
    hostile = [
        make_zip(tmp_path / "a.zip", {}, [("link", "/etc/passwd")]),
        make_tar(tmp_path / "soft.tar", {}, [("link", "/etc")]),
        make_tar(tmp_path / "hard.tar", {"good": b""}, [("link", "good")], tarfile.LNKTYPE),
        make_tar(tmp_path / "device.tar", {}, [("null", "")], tarfile.CHRTYPE),
        make_tar(tmp_path / "fifo.tar", {}, [("pipe", "")], tarfile.FIFOTYPE),
    ]
    for packed in hostile:
        with pytest.raises(DataError, match="is a link or a device"):
            archive.extract(packed, tmp_path / "out")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("make", "name"), [(make_zip, "a.zip"), (make_tar, "a.tar.gz")])
def test_extract_refuses_what_unpacks_to_too_much(tmp_path, monkeypatch, make, name):
    monkeypatch.setattr(archive, "SIZE_LIMIT", 2**20)
    packed = make(tmp_path / name, {"a": bytes(600_000), "b": bytes(600_000)})
    with pytest.raises(DataError, match="unpacks to more than"):
        archive.extract(packed, tmp_path / "out")


def test_extract_does_not_trust_a_size_that_is_declared_too_small(tmp_path):
    packed = make_zip(tmp_path / "a.zip", {"a": bytes(600_000)})
    packed.write_bytes(
        packed.read_bytes().replace((600_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    )
    with pytest.raises(DataError, match="is damaged"):
        archive.extract(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("make", "name"), [(make_zip, "a.zip"), (make_tar, "a.tar.gz")])
def test_extract_tells_a_damaged_archive(tmp_path, make, name):
    packed = make(
        tmp_path / name, {"a": hashlib.sha256(b"noise").digest() * 9000, "b": CONTENT[:999]}
    )
    content = bytearray(packed.read_bytes())
    content[60:120] = bytes(60)
    packed.write_bytes(content)
    with pytest.raises(DataError, match=r"is damaged|is neither"):
        archive.extract(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_extract_tells_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "page.zip").write_text("<html>")
    with pytest.raises(DataError, match="neither a zip nor a tar"):
        archive.extract(tmp_path / "page.zip", tmp_path / "out")
    with pytest.raises(DataError, match="Could not unpack"):
        archive.extract(tmp_path / "missing.zip", tmp_path / "out")
