"""Folders inside folders: classes, parts of a split, or a question; by their names alone."""

import shlex
from collections import Counter

import pytest

from goldilocks.dataset.readers import content, folders
from goldilocks.errors import DataError


@pytest.fixture
def tree(tmp_path):
    """Write three texts into each of some folders; a name with a star is of three files."""

    def write(*names):
        for name in names:
            for number in range(3):
                file = tmp_path / "root" / (name if "*" in name else f"{name}/*")
                file = file.with_name(file.name.replace("*", str(number)) + ".txt")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("text")
        return tmp_path / "root"

    return write


def placed(folder, **options):
    """Return how many files there are of each class and part, and the notes."""
    listing = folders.find(folder, content.TEXTS, **options)
    labels = [listing.classes[label] for label in listing.labels]
    return Counter(zip(labels, listing.parts, strict=True)), " ".join(listing.notes)


def question(folder, **options):
    with pytest.raises(DataError) as error:
        folders.find(folder, content.TEXTS, **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        (["train", "test"], ["train", "test"]),
        (["Train", "Valid"], ["train", "validation"]),
        (["training/training", "dev", "testing"], ["train", "validation", "test"]),
    ],
)
def test_folders_that_are_called_as_parts_and_hold_the_same_classes_are_a_split(tree, parts, taken):
    counts, notes = placed(tree(*(f"{part}/{kind}" for part in parts for kind in "ab")))
    assert counts == {(kind, part): 3 for kind in "ab" for part in taken}
    assert "for the parts of a split, as they are called" in notes


def test_parts_may_have_their_classes_in_the_names_of_files(tree):
    counts, _ = placed(tree("train/cat.*", "train/dog.*", "val/cat.*", "val/dog.*"))
    assert counts == {
        (kind, part): 3 for kind in ("cat", "dog") for part in ("train", "validation")
    }


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["training_set", "test_set"], {"dir": "training_set", "test_dir": "test_set"}),
        (
            ["seg_train/seg_train", "seg_test/seg_test"],
            {"dir": "seg_train", "test_dir": "seg_test"},
        ),
        (
            ["TrainImages", "testImages", "my val"],
            {"dir": "TrainImages", "validation_dir": "my val"},
        ),
        (["north", "south"], {"dir": "north", "test_dir": "south"}),
    ],
)
def test_parts_called_anything_are_asked_about_with_what_to_type(tree, names, keys):
    root = tree(*(f"{name}/{kind}" for name in names for kind in ("oak", "pine")))
    sentence = question(root)
    for key, name in keys.items():
        assert shlex.quote(f"dataset.{key}={root / name}") in sentence
    parts = {
        key.removesuffix("_dir"): str(root / name) for key, name in keys.items() if key != "dir"
    }
    counts, _ = placed(root / keys["dir"], parts=parts)
    assert counts == {(kind, part): 3 for kind in ("oak", "pine") for part in ("", *parts)}
    for outer, classes in (("classes", len(names)), ("merged", 2)):
        assert f"dataset.outer_folders={outer}" in sentence
        assert len(placed(root, outer=outer)[0]) == classes


def test_many_folders_of_the_same_classes_may_be_groups(tree):
    root = tree(*(f"fold{number}/{kind}" for number in range(5) for kind in ("oak", "pine")))
    assert "dataset.outer_folders=groups if they are, and the files in one" in question(root)
    listing = folders.find(root, content.TEXTS, outer="groups")
    assert listing.groups is not None
    assert Counter(listing.groups.tolist()) == dict.fromkeys(range(5), 6)


def test_parts_inside_of_classes_are_no_classes(tree):
    sentence = question(tree("cats/train", "cats/test", "dogs/train", "dogs/test"))
    assert "folders called test, train in more than one of them" in sentence
    assert sentence.endswith("Type dataset.outer_folders=classes if cats, dogs are the classes.")


@pytest.mark.parametrize("above", ["PetImages", "old/backup"])
def test_a_tree_inside_itself_is_asked_about(tree, above):
    root = tree("cats", "dogs", f"{above}/cats", f"{above}/dogs")
    top = above.split("/")[0]
    assert f"in {top} folders called as those beside it" in question(root)
    assert f"dataset.drop_classes={top} to leave out" in question(root)
    assert placed(root, drop=[top])[0] == {("cats", ""): 3, ("dogs", ""): 3}


@pytest.mark.parametrize("name", ["unsup", "unlabelled", "test1", "seg_pred", "Unlabeled images"])
def test_folders_called_as_those_of_no_class_are_asked_about(tree, name):
    root = tree("pos", "neg", name)
    assert f"files without a class in {name}" in question(root)
    assert len(placed(root, drop=[name])[0]) == 2
    assert len(placed(root, outer="classes")[0]) == 3


@pytest.mark.parametrize(
    "names", [["train", "bus", "car"], ["valid", "invalid"], ["predator", "prey"], ["a/1", "b/1"]]
)
def test_other_names_are_classes_without_a_question(tree, names):
    counts, notes = placed(tree(*names))
    assert counts == {(name.split("/")[0], ""): 3 for name in names}
    assert notes == ""


def test_folders_that_hold_differently_called_ones_are_classes_and_said(tree):
    root = tree("animals/cats", "animals/dogs", "plants/roses", "plants/tulips")
    counts, notes = placed(root)
    assert counts == {("animals", ""): 6, ("plants", ""): 6}
    assert "animals (cats, dogs), plants (roses, tulips)" in notes
    assert len(placed(root, outer="merged")[0]) == 4


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (
            ["train/a", "train/b", "train/c", "test/a", "test/b"],
            "no folder of the class c in .*test",
        ),
        (
            ["train/a", "train/b", "test"],
            r"for each part of a split\. Type dataset.drop_classes=test ",
        ),
        (["train", "test"], "dataset.outer_folders=classes if test, train are the classes"),
        (["val/a", "val/b", "test/a", "test/b"], "not one folder with classes in it for each part"),
        (
            ["train/a", "train/b", "training/a", "training/b"],
            "not one folder with classes in it for each part",
        ),
        (["train/a", "train/b", "test/a", "test/b", "more"], "dataset.drop_classes=more to leave"),
    ],
)
def test_parts_that_do_not_agree_are_refused(tree, names, sentence):
    with pytest.raises(DataError, match=sentence):
        folders.find(tree(*names), content.TEXTS)


def test_parts_in_two_folders_must_have_the_same_classes(tree):
    root = tree("a/x", "a/y", "b/x", "b/z", "c/train/x", "c/train/y", "c/test/x", "c/test/y")
    sentence = question(root / "a", parts={"test": str(root / "b")})
    assert sentence.startswith("There is no folder of the class z in ")
    assert "'dataset.drop_classes=[y,z]'" in sentence
    assert "holds parts of a split itself" in question(root / "a", parts={"test": str(root / "c")})


def test_what_is_dropped_must_be_there(tree):
    root = tree("cats", "dogs", "logs/old")
    assert "is birds; expected some of the folders" in question(root, drop=["birds"])
    assert placed(root, drop=["logs"])[1] == "Left out the folders logs."
    assert placed(root, drop="logs") == placed(root, drop=["logs"])


def test_an_empty_folder_is_a_class_without_files_and_can_be_dropped(tree):
    root = tree("Pets/cats", "Pets/dogs")
    (root / "my logs").mkdir()
    sentence = question(root)
    assert "'my logs' has 0" in sentence
    assert "'dataset.drop_classes=my logs'" in sentence
    assert len(placed(root, drop=["my logs"])[0]) == 2


def test_a_table_beside_flat_files_is_named_with_what_to_type(tree):
    root = tree("photos/id_*")
    (root / "labels.csv").write_text("id,label\n")
    assert question(root).endswith(
        f"If labels.csv says what the files show, type dataset.dir={root / 'photos'} "
        f"dataset.file={root / 'labels.csv'}."
    )
