import datetime
import subprocess
import sys

import numpy as np
import pandas
import pytest

from goldilocks.dataset import Vectorization, texts
from goldilocks.errors import DataError

HOW = {
    "encoding": "tf_idf",
    "hashing": False,
    "token": "word",
    "max_tokens": 50,
    "maxlen": 5,
    "truncating": "pre",
    "padding": "post",
    "reverse": False,
}
ROWS = 40
LINES = [f"Line {row}, naïve or not" for row in range(ROWS)]


READING = {
    "header": None,
    "decimal": "auto",
    "missing": [],
    "ignore_case": False,
    "drop_classes": [],
    "validation_dir": None,
    "test_dir": None,
    "outer_folders": "auto",
    "validation_file": None,
    "test_file": None,
    "split": None,
}


def load(dir=None, file=None, text=None, target=None, problem="auto", subset=None, **reading):
    given = {
        name: None if path is None else str(path) for name, path in (("dir", dir), ("file", file))
    }
    return texts.load(
        **given,
        text=text,
        target=target,
        problem=problem,
        subset=subset,
        **HOW,
        **{**READING, **reading},
    )


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def mail(tmp_path):
    """A folder of 12 texts for each of two classes."""
    for kind in ("spam", "ham"):
        folder = tmp_path / "mail" / kind
        folder.mkdir(parents=True)
        for number in range(12):
            (folder / f"{number}.txt").write_text(
                f" {kind} no. {number}, naïve\nor not\n\n", encoding="utf-8"
            )
    return tmp_path / "mail"


@pytest.fixture
def write(tmp_path):
    def to_file(name="rows.csv", **columns):
        frame = pandas.DataFrame({"line": LINES, **columns})
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
        return path

    return to_file


def halves(first, second):
    return [first, second] * (ROWS // 2)


def test_a_folder_per_class(mail):
    found = load(dir=mail, subset=9)
    assert found.x.tolist() == [
        f"{kind} no. {n}, naïve\nor not" for kind in ("ham", "spam") for n in range(12)
    ]
    assert (found.x.dtype, found.y.dtype, found.y.tolist()) == (
        object,
        np.float32,
        [0.0] * 12 + [1.0] * 12,
    )
    assert (found.name, found.kind, found.problem, found.source) == (
        "texts",
        "text",
        "binary",
        "original",
    )
    assert (found.classes, found.location, found.fixed) == (("ham", "spam"), str(mail), {})
    assert (found.subset, found.vectorization) == (9, Vectorization(**HOW))
    assert any("The class predicted as 1 is spam" in note for note in found.notes)


def test_a_single_folder_inside_is_descended_into(mail):
    assert load(dir=mail.parent).x.tolist() == load(dir=mail).x.tolist()


def test_three_folders_are_a_multiclass_problem(mail):
    (mail / "Eggs").mkdir()
    for number in range(3):
        (mail / "Eggs" / f"{number}.txt").write_text(f"egg {number}")
    found = load(dir=mail)
    assert (found.problem, found.y.dtype) == ("multiclass", np.int64)
    assert [found.classes[label] for label in found.y] == ["Eggs"] * 3 + ["ham"] * 12 + [
        "spam"
    ] * 12
    with pytest.raises(DataError, match=r"'folder' has 3 values .* is binary; expected two"):
        load(dir=mail, problem="binary")
    with pytest.raises(DataError, match=r"'folder' holds texts .* is regression; expected numbers"):
        load(dir=mail, problem="regression")


def test_other_files_empty_ones_and_a_mark_of_utf_8_are_no_texts(mail):
    (mail / "ham" / "0.txt").write_bytes(b"\xef\xbb\xbfham no. 0")
    (mail / "spam" / "3.txt").write_text(" \n\t")
    (mail / "spam" / "a.pdf").write_text("x")
    found = load(dir=mail)
    assert (found.x[0], len(found.x)) == ("ham no. 0", 23)
    assert any(
        "Skipped 1 of 24 files, because they are empty: spam/3.txt." in note for note in found.notes
    )
    assert any("Ignored in" in note and "1 .pdf" in note for note in found.notes)


@pytest.mark.parametrize("content", ["Grüße".encode("latin-1"), "text".encode("utf-16"), b"text\0"])
def test_a_few_files_that_are_not_utf_8_are_named_and_skipped(mail, content, monkeypatch):
    (mail / "ham" / "7.txt").write_bytes(content)
    with pytest.raises(
        DataError,
        match=r"^1 of 24 files in .*mail are not UTF-8 texts: ham/7\.txt\. .*at most 1%.*iconv",
    ):
        load(dir=mail)
    monkeypatch.setattr(texts.textfiles, "BROKEN_LIMIT", 0.05)
    found = load(dir=mail)
    assert len(found.x) == 23
    assert not any("no. 7" in text for text in found.x[:11])
    assert any(
        "1 of 24 files" in note and "were skipped: ham/7.txt." in note for note in found.notes
    )


def test_a_folder_is_read_once_and_again_when_a_file_changes(mail, monkeypatch):
    first = load(dir=mail)
    monkeypatch.setattr(texts.textfiles, "_read_all", None)
    assert load(dir=mail).digest == first.digest
    monkeypatch.undo()
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(mail.parent / "cache"))
    (mail / "ham" / "7.txt").write_text("another")
    again = load(dir=mail)
    assert again.x[7] == "another"
    assert again.digest != first.digest


@pytest.mark.parametrize(
    ("values", "problem", "dtype"),
    [
        (halves("yes", "no"), "binary", np.float32),
        (["a", "b", "c", "d"] * 10, "multiclass", np.int64),
        (list(np.linspace(-2, 7.5, ROWS)), "regression", np.float32),
    ],
)
@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_a_file_with_a_column_of_texts(write, name, values, problem, dtype):
    found = load(file=write(name, y=values, other=LINES), text="line", target="y")
    assert (found.problem, found.y.dtype) == (problem, dtype)
    assert (found.x.dtype, found.x.tolist()) == (object, LINES)
    names = [found.classes[int(label)] for label in found.y] if found.classes else found.y.tolist()
    assert names == values if found.classes else names == pytest.approx(values, abs=1e-6)
    assert any(f"Took 'y' for a {problem} target" in note for note in found.notes)


def test_the_problem_can_be_set_and_several_targets_are_labels(write):
    path = write(share=np.linspace(0, 1, ROWS), a=halves(0, 1), b=[0, 0, 1, 1] * 10)
    assert (
        load(file=path, text="line", target="share", problem="unit_regression").problem
        == "unit_regression"
    )
    found = load(file=path, text="line", target=["a", "b"])
    assert (found.problem, found.classes, found.y.shape) == ("multilabel", ("a", "b"), (ROWS, 2))


def test_csv_and_parquet_of_the_same_texts_have_one_digest(write):
    csv, parquet = write(y=halves(0, 1)), write("rows.parquet", y=halves(0, 1))
    digests = {load(file=file, text="line", target="y").digest for file in (csv, parquet)}
    assert len(digests) == 1
    assert (
        load(file=write("other.csv", y=halves(1, 0)), text="line", target="y").digest not in digests
    )


def test_rows_without_a_text_or_a_target_are_left_out(write):
    lines = ["  ", None, *LINES[2:-1], " last "]
    found = load(
        file=write(line=lines, y=[*halves("a", "b")[:4], None, *halves("a", "b")[5:]]),
        text="line",
        target="y",
    )
    assert found.x.tolist() == [*LINES[2:4], *LINES[5:-1], "last"]
    assert [found.classes[int(label)] for label in found.y] == ["a", "b", *halves("a", "b")[5:]]
    assert any(
        "Left out 3 of 40 rows: 2 have no text, and 1 no target." in note for note in found.notes
    )


def test_texts_with_commas_line_ends_and_quotes_and_long_ones(write):
    lines = ['one, "two"\nthree', "x" * 200_000, *LINES[2:]]
    assert load(file=write(line=lines, y=halves(0, 1)), text="line", target="y").x.tolist() == lines


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        (
            {},
            {"target": None},
            r"dataset=texts needs the column to predict: add dataset\.target=NAME; .*: line, y",
        ),
        ({}, {"text": "lime"}, r"no column 'lime'; .* Did you mean dataset.text=line\?"),
        ({}, {"target": "Y"}, r"no column 'Y'; .* Did you mean dataset.target=y\?"),
        ({}, {"target": "line"}, r"'line' is both dataset\.text and dataset\.target"),
        (
            {"y": [1.0, 0.0] * 5 + [None] * 30},
            {},
            r"10 rows with a text \(line\) and a target \(y\) of 40 .* least 20",
        ),
        ({"y": [7] * ROWS}, {}, r"'y' is 7 in every row"),
    ],
)
def test_columns_that_do_not_fit_are_a_sentence(write, columns, options, said):
    with pytest.raises(DataError, match=said):
        load(
            file=write(**{"y": halves(0, 1), **columns}),
            **{"text": "line", "target": "y", **options},
        )


def test_what_only_parquet_can_hold_is_no_text(write):
    path = write("rows.parquet", y=halves(0, 1), day=[datetime.date(2020, 1, 1)] * ROWS)
    with pytest.raises(
        DataError,
        match=r"'day' of rows\.parquet holds datetime\.date\(2020, 1, 1\), which is no text",
    ):
        load(file=path, text="day", target="y")


def test_texts_are_told_by_what_they_hold(tmp_path):
    for kind in ("ham", "spam"):
        (tmp_path / kind).mkdir()
        for number, suffix in enumerate((".TXT", ".md", "", ".7c53336b37003a9286aba55d2945844c")):
            (tmp_path / kind / f"{number}{suffix}").write_text(f"{kind} {number}")
    (tmp_path / "spam" / "photo").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "spam" / "page.html").write_text("<html>")
    found = load(dir=tmp_path)
    assert found.x.tolist() == [
        f"{kind} {number}" for kind in ("ham", "spam") for number in range(4)
    ]
    taken, ignored, converted = found.notes[:3]
    assert taken.startswith(f"Took 4 files in {tmp_path} for texts by content")
    assert "1 without a suffix" in ignored
    assert converted == "To use .html, convert them to plain text (.txt)."


def test_a_folder_that_does_not_fit_is_a_sentence(mail, tmp_path):
    with pytest.raises(DataError, match=r"Could not read .*nowhere"):
        load(dir=tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        DataError,
        match=r"holds no texts\. Expected two classes or more: .*\(cats/1\.txt, dogs/1\.txt",
    ):
        load(dir=tmp_path / "empty")
    with pytest.raises(
        DataError, match=r"\d\.txt has no class in its name, and .*spam has no class folders"
    ):
        load(dir=mail / "spam")
    for number in range(10):
        (mail / "spam" / f"{number}.txt").write_text("")
    with pytest.raises(
        DataError,
        match=r"files with a text in them in .*mail: 'spam' has 2\. .* at least 3.*Skipped 10 of 24",
    ):
        load(dir=mail)
    (mail / "rare").mkdir()
    (mail / "rare" / "1.txt").write_text("one")
    with pytest.raises(
        DataError, match=r"Too few texts in .*mail: 'rare' has 1\. Expected at least 3"
    ):
        load(dir=mail)


def test_texts_need_no_tensorflow(mail):
    call = f"texts.load(dir={str(mail)!r}, file=None, text=None, target=None, problem='auto', subset=None, **{HOW | READING!r})"
    check = "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; from goldilocks.dataset import texts; {call}; {check}",
        ],
        check=True,
    )


def test_texts_of_digits_are_texts(tmp_path):
    pandas.DataFrame({"line": ["12345", "777"] * 30, "y": ["a", "b"] * 30}).to_csv(
        tmp_path / "rows.csv", index=False
    )
    found = load(file=tmp_path / "rows.csv", text="line", target="y")
    assert found.x[:2].tolist() == ["12345", "777"]


def test_words_for_missing_values_are_texts_and_classes(tmp_path):
    pandas.DataFrame({"line": ["None", "good", "NA", "bad"] * 10, "y": ["NA", "b"] * 20}).to_csv(
        tmp_path / "rows.csv", index=False
    )
    found = load(file=tmp_path / "rows.csv", text="line", target="y")
    assert found.x[:3].tolist() == ["None", "good", "NA"]
    assert found.classes == ("NA", "b")


def test_rows_without_a_text_are_counted_where_rows_are_named(tmp_path):
    table = pandas.DataFrame({"review": ["", *LINES], "answer": ["yes", "no"] * 20 + ["yes"]})
    table.to_csv(tmp_path / "texts.csv", index=False)
    dataset = load(file=tmp_path / "texts.csv", text="review", target="answer")
    assert dataset.row_number(0) == 2
