import hashlib
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

import loopback
from goldilocks.dataset import catsdogs
from goldilocks.dataset.sources import archive, cache
from goldilocks.errors import DataError, SourceUnavailable

SETTINGS = {
    "image_size": 8,
    "cache_gib": 1.0,
    "broken_limit": 0.1,
    "pixel_limit": 50,
    "subset": None,
}


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """A cache of its own, and the chapter's split a hundredth of its size: 10 + 5 + 5 of each
    class.
    """
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(cache, "_UNREACHABLE", set())
    monkeypatch.setattr(catsdogs, "SPLIT", {"train": 10, "validation": 5, "test": 5})
    monkeypatch.setattr(catsdogs, "DRAWN", 40)


@pytest.fixture
def pencil(monkeypatch):
    """Instead of faces: rows all of one colour, 2 * number + label."""
    drawn = []

    def draw(rows, *, size, seed):
        drawn.append((rows, size, seed))
        colours = np.arange(rows, dtype=np.uint8)[:, None, None, None]
        x = np.broadcast_to(colours, (rows, size, size, 3)).copy()
        return x, (np.arange(rows) % 2).astype(np.float32)

    monkeypatch.setattr(catsdogs.faces, "draw", draw)
    return drawn


def photograph(number, label):
    """A JPEG of one colour, so that its number can be read from its pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (11, 9), (number * 5, label * 200, 0)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def petimages(count=25):
    """The archive in the layout of the original, with an empty and a truncated photograph, and what
    lies beside.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for label, kind in enumerate(("Cat", "Dog")):
            for number in range(count):
                content = photograph(number, label)
                if (kind, number) == ("Cat", 6):
                    content = b""
                if (kind, number) == ("Dog", 12):
                    content = content[: len(content) // 2]
                opened.writestr(f"PetImages/{kind}/{number}.jpg", content)
            opened.writestr(f"PetImages/{kind}/Thumbs.db", b"thumbs")
        opened.writestr("readme[1].txt", b"read")
        opened.writestr("MSR-LA - 3467.docx", b"licence")
    return buffer.getvalue()


def load(**changed):
    return catsdogs.load(**{"source": "auto", "dir": None, **SETTINGS, **changed})


def numbers(data, rows):
    """The numbers of the photographs, read from their pixels."""
    return np.rint(np.asarray(data.x)[rows, 4, 4, 0] / 5).astype(int).tolist()


def test_the_original_is_cut_to_the_chapters_rows(monkeypatch, tmp_path):
    content = petimages()
    with loopback.serve() as site:
        site.files["/pets.zip"] = content
        monkeypatch.setattr(catsdogs, "URL", f"{site.url}/pets.zip")
        monkeypatch.setattr(catsdogs, "SHA256", hashlib.sha256(content).hexdigest())
        data = load(subset=7)
        assert site.asked == 1
    assert (data.name, data.problem, data.source, data.location) == (
        "catsdogs",
        "binary",
        "original",
        catsdogs.URL,
    )
    assert data.classes == ("cat", "dog")
    assert data.subset == 7
    assert data.x.shape == (40, 8, 8, 3)
    assert any("2 of 42 images" in note and "Cat/6.jpg (empty)" in note for note in data.notes)
    assert {name: len(rows) for name, rows in data.fixed.items()} == {
        "train": 20,
        "validation": 10,
        "test": 10,
    }
    assert all(rows.dtype == np.int64 for rows in data.fixed.values())
    assert sorted(np.concatenate(list(data.fixed.values()))) == list(range(40))
    for rows in data.fixed.values():
        assert data.y[rows].mean() == 0.5
    # In order of number; the broken cat 6 and dog 12 are replaced by the next numbers.
    assert numbers(data, data.fixed["train"]) == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, *range(10)]
    assert numbers(data, data.fixed["validation"]) == [*range(11, 16), 10, 11, 13, 14, 15]
    assert numbers(data, data.fixed["test"]) == [*range(16, 21), *range(16, 21)]

    # The server is gone: the second time comes from the cache, and needs neither the archive nor
    # decoding.
    monkeypatch.setattr(archive, "fetch", None)
    monkeypatch.setattr("goldilocks.dataset.images._decode_all", None)
    again = load(source="original")
    assert again.digest == data.digest
    np.testing.assert_array_equal(again.x, data.x)


def test_a_wrong_archive_falls_back_to_the_stand_in_with_one_warning(monkeypatch, pencil):
    with loopback.serve() as site:
        site.files["/pets.zip"] = petimages()
        monkeypatch.setattr(catsdogs, "URL", f"{site.url}/pets.zip")
        with pytest.warns(
            UserWarning, match=r"dataset=catsdogs: .*expected sha256:.*Using the stand-in"
        ) as warned:
            data = load()
        assert len(warned) == 1
        assert data.source == "stand_in"
        with pytest.raises(SourceUnavailable, match=r"expected sha256:b7974bd0.* but got"):
            load(source="original")


def test_the_stand_in_is_drawn_once(pencil):
    data = load(source="stand_in", subset=3)
    assert pencil == [(40, 8, 0)]
    assert (data.source, data.problem, data.kind, data.subset) == ("stand_in", "binary", "image", 3)
    assert isinstance(data.x, np.memmap)
    assert data.x.shape == (40, 8, 8, 3)
    assert data.y.dtype == np.float32
    assert data.x[data.fixed["train"], 0, 0, 0].tolist() == [*range(0, 20, 2), *range(1, 20, 2)]
    assert data.x[data.fixed["test"], 0, 0, 0].tolist() == [*range(30, 40, 2), *range(31, 40, 2)]
    assert data.digest == cache.digest(data.x, data.y)
    assert load(source="stand_in").digest == data.digest
    assert len(pencil) == 1
    assert load(source="stand_in", image_size=9).x.shape == (40, 9, 9, 3)


def test_with_a_folder_nothing_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "fetch", None)
    for label, kind in enumerate(("cat", "dog")):
        for number in range(12):
            (tmp_path / f"train/{kind}.{number}.jpg").parent.mkdir(exist_ok=True)
            (tmp_path / f"train/{kind}.{number}.jpg").write_bytes(photograph(number, label))
    data = load(dir=str(tmp_path / "train"))
    assert (data.source, data.location) == ("original", str(tmp_path / "train"))
    assert data.x.shape == (
        24,
        8,
        8,
        3,
    )  # Fewer than the chapter's: all of them, and the protocol splits.
    assert data.fixed == {}
    assert numbers(data, slice(0, 12)) == list(range(12))


def test_too_few_whole_photographs_for_the_chapters_split(tmp_path):
    for label, kind in enumerate(("cats", "dogs")):
        (tmp_path / "in" / kind).mkdir(parents=True)
        for number in range(20 + label * 5):
            (tmp_path / "in" / kind / f"{number}.jpg").write_bytes(photograph(number, label))
    (tmp_path / "in/cats/3.jpg").write_bytes(b"")
    data = load(dir=str(tmp_path / "in"))
    assert data.fixed == {}
    assert np.bincount(data.y.astype(int)).tolist() == [19, 25]


def test_other_animals_are_an_error(tmp_path):
    for kind in ("cats", "horses"):
        (tmp_path / "in" / kind).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "in" / kind / f"{number}.jpg").write_bytes(photograph(number, 0))
    with pytest.raises(
        DataError, match=r"holds the classes cats, horses, expected .*dataset=images dataset\.dir="
    ):
        load(dir=str(tmp_path / "in"))
