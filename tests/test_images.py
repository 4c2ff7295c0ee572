import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from goldilocks.dataset import images
from goldilocks.dataset.readers import content, folders, pixels
from goldilocks.errors import DataError

SETTINGS = {
    "image_size": 8,
    "cache_gib": 1.0,
    "broken_limit": 0.0,
    "pixel_limit": 50,
    "subset": None,
    "validation_dir": None,
    "test_dir": None,
    "outer_folders": "auto",
    "drop_classes": [],
    "file": None,
    "validation_file": None,
    "test_file": None,
    "split": None,
    "target": None,
    "problem": "auto",
    "header": None,
    "decimal": "auto",
    "missing": [],
    "ignore_case": False,
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def picture(number, mode="RGB", size=(12, 10)):
    noise = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    return Image.fromarray(noise[..., : 4 if mode in ("LA", "RGBA") else 3]).convert(mode)


def encoded(number, form="JPEG", **kwargs):
    buffer = io.BytesIO()
    picture(number, **kwargs).save(buffer, form)
    return buffer.getvalue()


def write(folder, names):
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(number))
    return folder


@pytest.fixture
def pets(tmp_path):
    return write(
        tmp_path / "pets",
        [f"{kind}/{number}.jpg" for kind in ("dogs", "cats") for number in range(12)],
    )


def load(folder, **changed):
    return images.load(**{"dir": str(folder), **SETTINGS, **changed})


def test_a_folder_per_class_is_a_binary_problem_in_natural_order(pets):
    data = load(pets)
    assert (data.name, data.kind, data.problem, data.source) == (
        "images",
        "image",
        "binary",
        "original",
    )
    assert data.classes == ("cats", "dogs")
    assert data.x.shape == (24, 8, 8, 3)
    assert data.x.dtype == np.uint8
    assert isinstance(data.x, np.memmap)
    assert data.y.dtype == np.float32
    assert data.y.tolist() == [0.0] * 12 + [1.0] * 12
    assert data.notes == ()
    assert data.image_size is None
    order = [file for file in folders.find(pets, content.IMAGES).files if file.startswith("cats")]
    assert order == [f"cats/{number}.jpg" for number in range(12)]


def test_three_classes_are_multiclass(tmp_path):
    write(
        tmp_path / "in",
        [f"{kind}/deep/er/{number}.jpg" for kind in ("b", "A", "c") for number in range(3)],
    )
    data = load(tmp_path / "in", subset=4)
    assert data.problem == "multiclass"
    assert data.classes == ("A", "b", "c")
    assert data.y.dtype == np.int64
    assert data.y.tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert data.subset == 4


def test_a_wrapping_folder_is_descended_into_and_other_files_are_counted(tmp_path):
    root = write(
        tmp_path / "in",
        [f"PetImages/{kind}/{number}.jpg" for kind in ("Cat", "Dog") for number in range(3)],
    )
    (root / "readme[1].txt").write_text("read")
    (root / "PetImages" / "Cat" / "Thumbs.db").write_text("thumbs")
    (root / "PetImages" / "Dog" / ".hidden.jpg").write_text("hidden")
    (root / "__MACOSX" / "Cat").mkdir(parents=True)
    found = folders.find(root, content.IMAGES)
    assert found.classes == ("Cat", "Dog")
    assert found.folder == root / "PetImages"
    assert len(found.files) == 6
    assert found.notes[0].startswith("Ignored in ")
    assert all(kind in found.notes[0] for kind in ("1 .txt", "1 .db", "1 hidden"))


def test_a_flat_folder_has_the_class_in_the_names(tmp_path):
    found = folders.find(
        write(
            tmp_path / "in", [f"train/{kind}.{n}.jpg" for n in range(11) for kind in ("dog", "cat")]
        ),
        content.IMAGES,
    )
    assert found.classes == ("cat", "dog")
    assert found.files == tuple(
        f"{kind}.{number}.jpg" for kind in ("cat", "dog") for number in range(11)
    )
    assert found.labels.tolist() == [0] * 11 + [1] * 11


def test_links_are_followed_but_not_round_and_round(pets, tmp_path):
    (pets / "dogs" / "up").symlink_to(pets / "dogs")
    (pets / "birds").symlink_to(pets / "cats")
    found = folders.find(pets, content.IMAGES)
    assert found.classes == ("birds", "cats", "dogs")
    assert np.bincount(found.labels).tolist() == [12, 12, 12]
    assert "1 link to a folder that is there already (up)" in found.notes[0]


def test_folders_that_all_link_to_each_other_come_to_an_end(tmp_path):
    names = [f"{kind}/{number}.jpg" for kind in "abcdefghij" for number in range(3)]
    root = write(tmp_path / "in", names)
    for kind in "abcdefghij":
        for other in set("abcdefghij") - {kind}:
            (root / kind / other).symlink_to(root / other)
    assert len(folders.below(root, content.IMAGES)) <= 10 * 3 * folders.MOST_VISITS


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no images. Expected two classes or more: a subfolder for each"),
        (
            [f"cats/{n}.jpg" for n in range(3)],
            "has no class in its name, and .* has no class folders",
        ),
        ([f"cat.{n}.jpg" for n in range(3)], r"holds one class, 'cat' \(3 images\)"),
        (
            [f"{kind}/{n}.jpg" for kind in "ab" for n in range(3)] + ["c/1.jpg"],
            "'c' has 1. Expected at least 3",
        ),
    ],
)
def test_a_folder_without_classes_is_an_error(tmp_path, names, message):
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match=message):
        load(write(tmp_path / "in", names))


def test_folders_of_parts_are_a_published_split(tmp_path):
    names = [
        f"{part}/{n}.jpg" for part in ("train/a", "train/b", "test/a", "test/b") for n in "123"
    ]
    root = write(tmp_path / "in", names)
    data = load(root)
    assert data.y.tolist() == [0.0] * 6 + [1.0] * 6
    assert {part: rows.tolist() for part, rows in data.fixed.items()} == {
        "test": [3, 4, 5, 9, 10, 11]
    }
    one_by_one = load(root / "train", test_dir=str(root / "test"))
    np.testing.assert_array_equal(one_by_one.x, data.x)
    np.testing.assert_array_equal(one_by_one.fixed["test"], data.fixed["test"])
    merged = load(root, outer_folders="merged")
    assert (merged.fixed, len(merged.x)) == ({}, 12)
    grouped = load(root, outer_folders="groups")
    assert grouped.groups.tolist() == [0] * 3 + [1] * 3 + [0] * 3 + [1] * 3
    assert len({load(root).digest, merged.digest, grouped.digest}) == 3


def test_a_broken_file_does_not_move_the_rows_of_a_part(tmp_path):
    names = [
        f"{part}/{n}.jpg" for part in ("train/a", "train/b", "test/a", "test/b") for n in "123"
    ]
    root = write(tmp_path / "in", names)
    (root / "train/a/2.jpg").write_bytes(b"")
    assert load(root, broken_limit=0.1).fixed["test"].tolist() == [2, 3, 4, 8, 9, 10]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"Could not read .*missing.* Expected a folder"):
        load(tmp_path / "missing")


def test_images_need_no_tensorflow(pets, tmp_path):
    code = (
        "import sys; from goldilocks.dataset import images\nfrom goldilocks.errors import "
        "DataError\n"
        f"settings = {SETTINGS!r}\n"
        f"images.load(dir={str(pets)!r}, **settings)\n"
        "try:\n    images.load(dir='missing', **settings)\n"
        "except DataError:\n    sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_broken_files_are_named_and_skipped_up_to_the_limit(pets):
    whole = (pets / "cats" / "3.jpg").read_bytes()
    (pets / "cats" / "3.jpg").write_bytes(whole[: len(whole) * 2 // 3])
    (pets / "cats" / "11.jpg").write_bytes(b"")
    (pets / "dogs" / "0.jpg").write_text("<html>")
    sentence = (
        r"3 of 24 images in .* cannot be decoded.*cats/3\.jpg \(JPEG cut short\), "
        r"cats/11\.jpg \(empty\), "
        r"dogs/0\.jpg \(an HTML page; save the image itself\)"
    )
    with pytest.raises(
        DataError, match=rf"{sentence}.*at most the fraction 0\.1\..*dataset\.broken_limit=0\.125"
    ):
        load(pets, broken_limit=0.1)
    data = load(pets, broken_limit=0.125)
    assert data.x.shape == (21, 8, 8, 3)
    assert data.y.tolist() == [0.0] * 10 + [1.0] * 11
    assert re.search(sentence, data.notes[0])
    listing = folders.find(pets, content.IMAGES)
    paths = np.array([str(listing.folder / file) for file in listing.files[:3]])
    np.testing.assert_array_equal(data.x[:3], pixels.decode_all(paths, (8, 8), None))


def test_a_class_of_broken_files_is_an_error(pets):
    for number in range(10):
        (pets / "dogs" / f"{number}.jpg").write_bytes(b"")
    with pytest.raises(
        DataError,
        match=r"Too few images that can be decoded in .*: 'dogs' has 2\. Expected at least 3",
    ):
        load(pets, broken_limit=1.0)


def test_the_second_load_decodes_nothing(pets, monkeypatch):
    first = load(pets)
    monkeypatch.setattr(images, "_decode_all", None)
    second = load(pets)
    assert second.digest == first.digest
    np.testing.assert_array_equal(second.x, first.x)


def test_a_changed_file_is_decoded_again_and_changes_the_digest(pets):
    first = load(pets)
    (pets / "cats" / "0.jpg").write_bytes(encoded(99))
    second = load(pets)
    assert second.digest != first.digest
    assert (second.x[0] != first.x[0]).any()
    np.testing.assert_array_equal(second.x[1:], first.x[1:])


def test_the_digest_is_of_names_contents_and_size(pets, tmp_path):
    moved = pets.rename(tmp_path / "moved")
    digest = load(moved).digest
    assert load(moved.rename(pets)).digest == digest
    assert load(pets, image_size=9).digest != digest
    (pets / "cats" / "0.jpg").rename(pets / "cats" / "100.jpg")
    assert load(pets).digest != digest


def test_hashes_are_remembered_for_files_that_have_settled(pets, monkeypatch):
    listing = folders.find(pets, content.IMAGES)
    first = folders.hashes(listing)
    now = folders.time.time_ns()
    monkeypatch.setattr(folders.time, "time_ns", lambda: now + 10**10)
    np.testing.assert_array_equal(folders.hashes(listing), first)
    monkeypatch.setattr(folders.hashlib, "file_digest", None)
    np.testing.assert_array_equal(folders.hashes(listing), first)


def test_streamed_images_are_the_held_ones(pets):
    (pets / "cats" / "5.jpg").write_bytes(b"")
    held = load(pets, broken_limit=0.1)
    streamed = load(pets, broken_limit=0.1, cache_gib=0.0)
    assert streamed.x.dtype.kind == "U"
    assert streamed.image_size == (8, 8)
    assert streamed.notes == held.notes
    assert streamed.digest == held.digest
    np.testing.assert_array_equal(streamed.y, held.y)
    decoded = pixels.decode_all(streamed.x, (8, 8), streamed.levels)
    np.testing.assert_array_equal(decoded, held.x)


def test_streaming_checks_the_files_once(pets, monkeypatch):
    first = load(pets, cache_gib=0.0)
    monkeypatch.setattr(images, "_decode_all", None)
    np.testing.assert_array_equal(load(pets, cache_gib=0.0, image_size=9).x, first.x)


def test_what_a_viewer_decides_is_said_once(pets):
    frames = [picture(number) for number in range(3)]
    frames[0].save(pets / "cats" / "wave.gif", save_all=True, append_images=frames[1:])
    for number in range(6):
        picture(number, "RGBA").save(pets / "dogs" / f"glass {number}.png")
    notes = load(pets).notes
    assert notes == (
        f"1 of 31 images in {pets} hold several pictures, of which the first one is taken: "
        "cats/wave.gif.",
        f"6 of 31 images in {pets} are transparent, and put on white: dogs/glass 0.png, "
        "dogs/glass 1.png, dogs/glass 2.png, dogs/glass 3.png, dogs/glass 4.png, ....",
    )


def test_all_files_of_more_than_8_bits_have_one_range(pets):
    for number, highest in enumerate((900, 3000)):
        gray = np.full((8, 8), highest, np.uint16)
        gray[0] = 0
        Image.fromarray(gray).save(pets / "cats" / f"{number}.png")
    held, streamed = load(pets), load(pets, cache_gib=0.0)
    assert held.levels == streamed.levels == (0, 4095)
    shown = [held.x[held_row, 5, 5].tolist() for held_row in (1, 3)]
    assert shown == [[56] * 3, [187] * 3]
    np.testing.assert_array_equal(pixels.decode_all(streamed.x, (8, 8), streamed.levels), held.x)
    assert any(
        "2 of 26 images" in note and "0 to 4095 became 0 to 255: cats/0.png" in note
        for note in held.notes
    )


def test_images_beyond_the_limit_are_broken(pets):
    picture(0, size=(1000, 600)).save(pets / "cats" / "5.jpg")
    with pytest.raises(
        DataError, match=r"cats/5\.jpg \(1000 x 600 pixels, too many.+limit=1 takes"
    ):
        load(pets, pixel_limit=0.5)
    assert len(load(pets, pixel_limit=0.6).x) == 24


def test_what_is_no_regular_file_is_named_and_never_opened(pets):
    os.mkfifo(pets / "cats" / "pipe.jpg")
    (pets / "dogs" / "gone.jpg").symlink_to(pets / "nowhere.jpg")
    (pets / "dogs" / "round").symlink_to(pets / "dogs" / "round")
    listing = folders.find(pets, content.IMAGES)
    assert len(listing.files) == 24
    assert "1 pipe, socket or device (pipe.jpg)" in listing.notes[0]
    assert "1 link to nothing (gone.jpg)" in listing.notes[0]
    assert "1 link to nothing (round)" in listing.notes[0]


def test_images_are_told_by_what_they_hold(pets):
    (pets / "cats" / "0.jpg").rename(pets / "cats" / "0.JPG_large")
    (pets / "cats" / "1.jpg").rename(pets / "cats" / "scan")
    (pets / "cats" / "2.jpg").rename(pets / "cats" / "IMG_2.HEIC")
    (pets / "cats" / "3.jpg").rename(pets / "cats" / "3.jfif")
    (pets / "dogs" / "labels.xml").write_text("<dog/>")
    (pets / "dogs" / "IMG_3.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    (pets / "dogs" / "raw.nef").write_bytes(b"II*\0" + bytes(99))
    listing = folders.find(pets, content.IMAGES)
    assert len(listing.files) == 24
    taken, ignored, converted = listing.notes
    assert taken.startswith("Took 3 files")
    assert all(name in taken for name in ("cats/0.JPG_large", "cats/scan", "cats/IMG_2.HEIC"))
    assert all(kind in ignored for kind in ("1 .xml", "1 .heic", "1 .nef"))
    assert converted.startswith("To use .heic, .nef, convert them to JPEG or PNG")
    assert f'find "{pets}" -iname "*.heic"' in converted


def test_a_class_of_files_to_convert_says_how(pets):
    for number in range(12):
        (pets / "dogs" / f"{number}.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
        (pets / "dogs" / f"{number}.jpg").rename(pets / "dogs" / f"{number}.heic")
    with pytest.raises(DataError, match=r"'dogs' has 0\..+12 \.heic.+convert them to JPEG"):
        load(pets)
