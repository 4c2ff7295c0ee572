"""A table of labels beside files: which column names them, what is predicted, what is left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from goldilocks.dataset import images, texts
from goldilocks.dataset.readers.reading import Reading
from goldilocks.errors import DataError
from test_images import SETTINGS, cache, encoded  # noqa: F401  The cache is used by itself.
from test_texts import HOW, READING

FILES = 24
NAMES = [f"id_{number:03}" for number in range(FILES)]
KINDS = ["cat" if number % 3 else "dog" for number in range(FILES)]


@pytest.fixture
def load(tmp_path):
    """Load images, each in one of two folders, with a table of some columns."""

    def with_table(columns, **changed):
        for number, name in enumerate(NAMES):
            file = tmp_path / "photos" / "ab"[number % 2] / f"{name}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded(number, "PNG"))
        pd.DataFrame(columns).to_csv(tmp_path / "labels.csv", index=False)
        paths = {"dir": str(tmp_path / "photos"), "file": str(tmp_path / "labels.csv")}
        return images.load(**{**SETTINGS, **paths, **changed})

    return with_table


@pytest.mark.parametrize(
    ("written", "how"),
    [
        ([f"{'ab'[at % 2]}/{name}.png" for at, name in enumerate(NAMES)], "the paths of files"),
        ([f".\\{'ab'[at % 2]}\\{name}" for at, name in enumerate(NAMES)], "without their suffixes"),
        ([f"/data/all/{'ab'[at % 2]}/{name}.png" for at, name in enumerate(NAMES)], "the paths"),
        ([f"{name}.PNG" for name in NAMES], "the names of files"),
        (NAMES, "the names of files without their suffixes"),
    ],
)
def test_the_column_that_names_files_is_found_and_said(load, written, how):
    # The codes are the numbers of a few files as well.
    data = load({"kind": KINDS, "where": written})
    assert (data.problem, data.classes, data.target) == ("binary", ("cat", "dog"), "kind")
    assert data.y.tolist() == [float(kind == "dog") for kind in KINDS]
    assert len(np.unique(data.x.reshape(FILES, -1), axis=0)) == FILES
    assert (
        f"Took the column 'where' of labels.csv for {how}" in data.notes[0] or how in data.notes[0]
    )


def test_a_column_of_classes_that_are_names_of_files_too_is_not_taken_for_names(tmp_path):
    for number in range(FILES):
        (tmp_path / f"{number}.txt").write_text(f"text {number}")
    table = pd.DataFrame({"label": np.arange(FILES) % 2, "file": range(FILES)})
    table.to_csv(tmp_path / "labels.csv", index=False)
    paths = {"dir": str(tmp_path), "file": str(tmp_path / "labels.csv")}
    given = {"text": None, "target": None, "problem": "auto", "subset": None}
    data = texts.load(**{**HOW, **READING, **given, **paths})
    assert data.x.tolist() == [f"text {number}" for number in range(FILES)]
    assert data.y.tolist() == [number % 2 for number in range(FILES)]
    assert data.target == "label"


def test_several_columns_of_yes_and_no_are_labels(load):
    columns = {"red": [number % 2 for number in range(FILES)], "big": ["yes", "no", "No"] * 8}
    data = load({"image": NAMES, **columns, "wet": ["N", "Y", "y"] * 8})
    assert (data.problem, data.classes) == ("multilabel", ("red", "big", "wet"))
    assert data.y.tolist()[:3] == [[0, 1, 0], [1, 0, 1], [0, 0, 1]]


def test_a_column_of_tags_is_labels(load):
    tags = ["red|big", "big|red", "red", None] * 6
    data = load({"image": [*NAMES, NAMES[0]], "tags": [*tags, " big |red"]})
    assert (data.problem, data.classes, data.target) == ("multilabel", ("big", "red"), "tags")
    assert data.y[:4].tolist() == [[1, 1], [1, 1], [0, 1], [0, 0]]
    assert data.target_reading == Reading(kind="tags", format="|")
    assert "1 rows repeat another one (a/id_000.png)" in " ".join(data.notes)
    with pytest.raises(DataError, match=r"1 images in several rows, with .*: a/id_000\.png\."):
        load({"image": [*NAMES, NAMES[0]], "tags": [*tags, "red"]})


def test_texts_may_have_labels_in_a_table_beside_them(tmp_path):
    for number in range(FILES):
        (tmp_path / f"{number}.txt").write_text(f"text {number}")
    tags = pd.DataFrame({"file": range(FILES), "tags": ["red;big", "red", "big", None] * 6})
    tags.assign(red=[1, 1, 0, 0] * 6).to_csv(tmp_path / "labels.csv", index=False)
    paths = {"dir": str(tmp_path), "file": str(tmp_path / "labels.csv")}
    given = {"text": None, "target": "tags", "problem": "auto", "subset": None}
    data = texts.load(**{**HOW, **READING, **given, **paths})
    assert (data.problem, data.classes, data.target) == ("multilabel", ("big", "red"), "tags")
    assert data.y[:4].tolist() == [[1, 1], [0, 1], [1, 0], [0, 0]]
    assert data.target_reading == Reading(kind="tags", format=";")
    with pytest.raises(DataError, match=r"needs the column to predict: .*: tags, red\."):
        texts.load(**{**HOW, **READING, **given, **paths, "target": None})


def test_a_column_of_numbers_is_a_regression(load):
    data = load({"image": NAMES, "age": np.linspace(20, 70, FILES).round(2)})
    assert (data.problem, data.classes) == ("regression", ())
    classes = load({"image": NAMES, "stars": [1, 2, 3] * 8}, problem="regression")
    assert classes.y.tolist() == [1, 2, 3] * 8


def test_with_several_other_columns_the_target_is_asked_for(load):
    columns = {"image": NAMES, "kind": KINDS, "width": range(FILES)}
    with pytest.raises(DataError, match=r"add dataset\.target=NAME; expected .*: kind, width\."):
        load(columns)
    assert load(columns, target="kind").problem == "binary"


def test_what_has_no_partner_is_left_out_counted_and_named(load):
    table = pd.DataFrame({"image": [*NAMES[:-1], "id_999"], "kind": KINDS})
    table.loc[4, "kind"] = None
    data = load(pd.concat([table, table[:2]]), drop_classes=[], broken_limit=0)
    notes = " ".join(data.notes)
    assert len(data.y) == FILES - 2
    assert "1 rows name none of the images (id_999)" in notes
    assert "1 rows have no target (a/id_004.png)" in notes
    assert "2 rows repeat another one (a/id_000.png, b/id_001.png)" in notes
    assert "1 images are in no row (b/id_023.png)" in notes


def test_a_class_can_be_left_out_where_rows_have_no_target(load):
    kinds = ["cat", "dog", "emu", None] * (FILES // 4)
    data = load({"image": [*NAMES, *NAMES], "kind": kinds * 2}, drop_classes=["emu"])
    assert data.classes == ("cat", "dog")
    assert "12 rows have no target" in " ".join(data.notes)


def test_two_labels_of_one_file_are_refused(load):
    with pytest.raises(DataError, match=r"1 images in several rows, with .*: a/id_000\.png\."):
        load({"image": [*NAMES, NAMES[0]], "kind": [*KINDS, "cat"]})


def test_a_table_that_names_no_file_is_refused(load):
    with pytest.raises(
        DataError, match=r"No column of .*labels\.csv names images in .*photos; exp"
    ):
        load({"image": [f"x{name}" for name in NAMES], "kind": KINDS})


def test_the_parts_of_a_table_follow_their_rows(load):
    parts = ["train", "train", "test"] * 8
    data = load({"image": NAMES[::-1], "kind": KINDS, "part": parts}, split="part")
    assert data.fixed["test"].tolist() == list(range(2, FILES, 3))
    assert data.target == "kind"


def test_labels_are_in_the_digest(load):
    first = load({"image": NAMES, "kind": KINDS}).digest
    assert load({"image": NAMES, "kind": [*KINDS[1:], "cat"]}).digest != first


def test_a_problem_that_class_folders_do_not_make_is_refused(load, tmp_path):
    load({"image": NAMES, "kind": KINDS})
    folder = str(Path(tmp_path / "photos"))
    with pytest.raises(DataError, match=r"problem is regression, and .* has 2 classes; expected"):
        images.load(**{**SETTINGS, "dir": folder, "problem": "regression"})
