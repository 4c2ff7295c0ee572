import gc
import hashlib
import stat
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
    assert path == cache / "downloads" / "pets-pets.zip" / "pets-pets.zip"
    assert archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets") == path
    assert site.asked == 1


def test_fetch_without_a_terminal_writes_one_plain_line(site, capfd):
    archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    written = capfd.readouterr().err
    assert written.count("\n") <= 1
    assert "\x1b" not in written


def test_fetch_replaces_a_file_that_was_damaged_on_disk(site):
    path = archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    path.write_bytes(b"something else")
    assert archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets").read_bytes() == CONTENT


def test_what_a_killed_download_left_goes_with_the_next_one(site, cache):
    left = cache / "downloads" / "mnist-mnist.npz.building"
    left.mkdir(parents=True)
    (left / "tmp12345").write_bytes(b"half")
    left.with_suffix(".lock").touch()
    archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    assert downloads(cache) == ["pets-pets.zip"]


# pooch leaves its connection open when a reply breaks off, until it is collected as garbage.
@pytest.mark.long
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_download_that_breaks_off_leaves_nothing_and_succeeds_later(site, cache):
    site.cut = [300_000]
    with pytest.raises(SourceUnavailable, match=r"Could not download http.*dataset\.dir=FOLDER"):
        archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    gc.collect()
    assert downloads(cache) == []
    assert archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets").read_bytes() == CONTENT


def test_a_wrong_checksum_is_an_error_with_both_values_and_leaves_nothing(site, cache):
    wrong = "0" * 64
    with pytest.raises(
        SourceUnavailable,
        match=rf"Could not download .*expected sha256:{wrong} but got {SHA256}.*dataset.dir",
    ):
        archive.fetch(f"{site.url}/pets.zip", wrong, name="pets")
    assert downloads(cache) == []


@pytest.mark.long
def test_a_refusal_of_the_server_is_an_error(site):
    with pytest.raises(SourceUnavailable, match=r"Could not download http.*/missing\.zip: 404"):
        archive.fetch(f"{site.url}/missing.zip", SHA256, name="pets")
    gc.collect()  # A connection that is still open is a warning, and so an error.


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
    with pytest.raises(DataError, match=r"could not be written: .*GOLDILOCKS_CACHE") as raised:
        archive.fetch(f"{site.url}/pets.zip", SHA256, name="pets")
    assert not isinstance(raised.value, SourceUnavailable)


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return path


def test_extract_unpacks_once(tmp_path):
    members = {"pets/cat/1.jpg": b"one", "pets/dog/2.jpg": b"two"}
    packed = make_zip(tmp_path / "a.zip", members)
    folder = archive.extract(packed, tmp_path / "made" / "out")
    assert (folder / "pets" / "cat" / "1.jpg").read_bytes() == b"one"
    packed.unlink()
    assert archive.extract(packed, folder) == folder
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("member", ["../evil.txt", "pets/../../evil.txt", "/evil.txt"])
def test_extract_writes_nothing_outside(tmp_path, member):
    packed = make_zip(tmp_path / "a.zip", {"good.txt": b"good", member: b"evil"})
    archive.extract(packed, tmp_path / "inner" / "out")
    assert [path.name for path in (tmp_path / "inner").iterdir()] == ["out"]
    assert not (tmp_path / "evil.txt").exists()


def test_extract_writes_no_links(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(link, "/etc/passwd")
    folder = archive.extract(tmp_path / "a.zip", tmp_path / "out")
    assert not (folder / "link").is_symlink()


def test_extract_refuses_what_unpacks_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "SIZE_LIMIT", 2**20)
    packed = make_zip(tmp_path / "a.zip", {"a": bytes(600_000), "b": bytes(600_000)})
    with pytest.raises(DataError, match=r"unpacks to more than .* Nothing was unpacked"):
        archive.extract(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_extract_does_not_trust_a_size_that_is_declared_too_small(tmp_path):
    packed = make_zip(tmp_path / "a.zip", {"a": bytes(600_000)})
    packed.write_bytes(
        packed.read_bytes().replace((600_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    )
    with pytest.raises(DataError, match="is damaged"):
        archive.extract(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_extract_tells_a_damaged_archive(tmp_path):
    packed = make_zip(
        tmp_path / "a.zip", {"a": hashlib.sha256(b"noise").digest() * 9000, "b": CONTENT[:999]}
    )
    content = bytearray(packed.read_bytes())
    content[60:120] = bytes(60)
    packed.write_bytes(content)
    with pytest.raises(DataError, match=r"is damaged"):
        archive.extract(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_extract_tells_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "page.zip").write_text("<html>")
    with pytest.raises(DataError, match="is damaged: File is not a zip file"):
        archive.extract(tmp_path / "page.zip", tmp_path / "out")
    with pytest.raises(DataError, match="Could not unpack"):
        archive.extract(tmp_path / "missing.zip", tmp_path / "out")
