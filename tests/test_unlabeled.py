import dataclasses
import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from goldilocks.dataset.readers.numbers import NumberStyle
from goldilocks.dataset.readers.reading import Reading
from goldilocks.encoding.schema import Schema
from goldilocks.errors import DataError
from goldilocks.serving import unlabeled

NOTHING = {"unit": "", "image_size": None, "channels": 0, "text": None, "time": (), "header": None}
NOTHING |= {
    "time_format": "",
    "fill": 0,
    "lookback": 0,
    "step": 0,
    "delay": 0,
    "columns": {},
    "classes": (),
    "target": "price",
}
TABLE = Schema(
    kind="table",
    problem="regression",
    **{**NOTHING, "columns": {"size": Reading(kind="number"), "zip": Reading(kind="category")}},
)
TEXT = Schema(kind="text", problem="binary", **{**NOTHING, "text": "review"})
FILES = Schema(kind="text", problem="binary", **NOTHING)
IMAGE = Schema(kind="image", problem="binary", **{**NOTHING, "image_size": (4, 4), "channels": 3})
SPANS = {
    "lookback": 3,
    "step": 1,
    "delay": 2,
    "time": ("hour",),
    "columns": {"kwh": Reading(kind="number"), "heat": Reading(kind="number")},
}
SERIES = Schema(kind="series", problem="regression", **{**NOTHING, **SPANS})


def read(path, schema):
    """All rows at once: what they are called, their names, x in parts, and what was said."""
    header, parts = unlabeled.read(path, schema)
    parts = list(parts)
    names, notes = (
        [each for part in parts for each in getattr(part, what)] for what in ("names", "notes")
    )
    return header, names, [part.x for part in parts], notes


def csv(folder, text):
    (folder / "rows.csv").write_text(text)
    return folder / "rows.csv"


def test_a_table_is_read_by_its_columns_names_and_categories_stay_texts(tmp_path):
    path = csv(tmp_path, "zip ,more,size\n01067,x,3\n10115,y,\n,z,inf\n")
    header, names, [x], _ = read(path, TABLE)
    assert (header, names) == ("row", [1, 2, 3])
    assert list(x.columns) == ["size", "zip"]
    assert x["zip"].tolist() == ["01067", "10115", ""]
    np.testing.assert_array_equal(x["size"], [3, np.nan, np.nan])
    assert [str(dtype) for dtype in x.dtypes] == ["float64", "object"]


def test_one_row_or_a_column_without_any_value_is_enough(tmp_path):
    _, names, [x], _ = read(csv(tmp_path, "size,zip\n,\n"), TABLE)
    assert (names, x["zip"].tolist()) == ([1], [""])
    assert np.isnan(x["size"].iloc[0])


def test_dates_of_a_table_become_days(tmp_path):
    dated = TABLE.columns | {"size": Reading(kind="date", format="ISO8601")}
    schema = dataclasses.replace(TABLE, columns=dated)
    _, _, [x], _ = read(csv(tmp_path, "size,zip\n1970-01-03,a\n1971-01-01,b\n"), schema)
    assert x["size"].tolist() == [2.0, 365.0]


def test_a_parquet_file_is_read_too(tmp_path):
    pd.DataFrame({"zip": [1, 2], "size": [True, False]}).to_parquet(tmp_path / "rows.parquet")
    _, _, [x], _ = read(tmp_path / "rows.parquet", TABLE)
    assert (x["zip"].tolist(), x["size"].tolist()) == (["1", "2"], [1.0, 0.0])


def test_the_header_is_where_it_was_in_training(tmp_path):
    schema = dataclasses.replace(TABLE, header=2)
    _, _, [x], _ = read(csv(tmp_path, "Sales of May\nsize,zip\n1,a\n2,b\n"), schema)
    assert x["size"].tolist() == [1.0, 2.0]


def test_many_rows_come_in_parts_and_keep_their_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(unlabeled, "ROWS", 4)
    path = csv(tmp_path, "size,zip\n" + "".join(f"{row},a\n" for row in range(1, 11)))
    _, names, parts, _ = read(path, TABLE)
    assert [len(part) for part in parts] == [4, 4, 2]
    assert names == list(range(1, 11)) == pd.concat(parts)["size"].tolist()


def test_texts_of_a_column_without_those_that_are_missing(tmp_path):
    header, names, [x], notes = read(csv(tmp_path, "id,review\n1, good film\n2,\n3,1984\n"), TEXT)
    assert (header, names, x.tolist()) == ("row", [1, 3], ["good film", "1984"])
    assert notes == ["Left out 1 of 3 rows: they have no text."]


def test_a_model_of_text_files_takes_a_column_named_text_or_the_only_one(tmp_path):
    assert read(csv(tmp_path, "id,text\n1,good\n"), FILES)[2][0].tolist() == ["good"]
    assert read(csv(tmp_path, "anything\ngood\n"), FILES)[2][0].tolist() == ["good"]
    with pytest.raises(DataError, match=r"has no column 'text', which the model predicts from"):
        read(csv(tmp_path, "id,words\n1,good\n"), FILES)


def test_text_files_of_a_folder_at_any_depth(tmp_path):
    (tmp_path / "in" / "new").mkdir(parents=True)
    for name, content in {
        "2.txt": b" two\n",
        "10.txt": b"ten",
        "new/1.txt": b"",
        "bad.txt": b"\xff\xfe",
    }.items():
        (tmp_path / "in" / name).write_bytes(content)
    header, names, [x], notes = read(tmp_path / "in", TEXT)
    assert (header, names, x.tolist()) == ("file", ["2.txt", "10.txt"], ["two", "ten"])
    assert notes == ["Skipped bad.txt (no UTF-8 text).", "Skipped new/1.txt (empty)."]
    assert read(tmp_path / "in" / "2.txt", TEXT)[1:3] == (["2.txt"], [["two"]])
    with pytest.raises(DataError, match=r"No file of .+ can be read as texts"):
        read(tmp_path / "in" / "bad.txt", TEXT)


def picture(path, color, size=(8, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


def test_images_flat_or_nested_and_broken_ones_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(unlabeled, "IMAGES", 2)
    for name in ("2.png", "10.png", "deep/er/1.png"):
        picture(tmp_path / "in" / name, (10, 20, 30))
    (tmp_path / "in" / "11.png").write_bytes(b"no image")
    (tmp_path / "in" / "12.jpg").write_bytes(b"")
    (tmp_path / "in" / "notes.csv").write_text("a")
    header, names, parts, notes = read(tmp_path / "in", IMAGE)
    assert (header, names) == ("file", ["2.png", "10.png", "deep/er/1.png"])
    pixels = np.concatenate(parts)
    assert (pixels.shape, pixels.dtype) == ((3, 4, 4, 3), np.uint8)
    np.testing.assert_array_equal(pixels, np.broadcast_to([10, 20, 30], pixels.shape))
    assert notes == ["Skipped 11.png (no image).", "Skipped 12.jpg (empty)."]
    assert read(tmp_path / "in" / "10.png", IMAGE)[1] == ["10.png"]
    with pytest.raises(DataError, match=r"No file of .+ can be read as images"):
        read(tmp_path / "in" / "notes.csv", IMAGE)


def test_a_model_of_gray_images_sees_gray(tmp_path):
    picture(tmp_path / "red.png", (255, 0, 0))
    picture(tmp_path / "gray.png", (200, 200, 200))
    gray = Schema(
        kind="image", problem="binary", **{**NOTHING, "image_size": (4, 4), "channels": 1}
    )
    [pixels] = read(tmp_path / "red.png", gray)[2]
    assert pixels.shape == (1, 4, 4, 1)
    assert set(pixels.ravel()) == {
        np.asarray(Image.new("RGB", (1, 1), (255, 0, 0)).convert("L"))[0, 0]
    }
    assert set(read(tmp_path / "gray.png", gray)[2][0].ravel()) == {200}


def test_deep_images_are_scaled_as_in_training_and_named_where_they_do_not_fit(tmp_path):
    trained = dataclasses.replace(IMAGE, levels=(0, 4095))
    for name, value in (("fits.png", 2048), ("light.png", 9000)):
        Image.fromarray(np.full((4, 4), value, np.uint16)).save(tmp_path / name)
    picture(tmp_path / "plain.png", (9, 9, 9))
    _, names, [x], notes = read(tmp_path, trained)
    assert dict(zip(names, x[:, 0, 0, 0].tolist(), strict=True)) == {
        "fits.png": 128,
        "light.png": 255,
        "plain.png": 9,
    }
    assert notes == ["light.png has values of 9000 to 9000, and the model saw 0 to 4095."]
    [note] = read(tmp_path / "fits.png", IMAGE)[3]
    assert note.endswith("and the model saw values of 8 bits alone.")


def test_of_animations_and_turned_photographs_predict_sees_what_training_saw(tmp_path):
    others = [Image.new("RGB", (8, 6), color) for color in ("red", "blue")]
    Image.new("RGB", (8, 6), (0, 99, 0)).save(
        tmp_path / "wave.webp", save_all=True, append_images=others, lossless=True
    )
    _, _, [x], notes = read(tmp_path / "wave.webp", IMAGE)
    assert (x == (0, 99, 0)).all()
    assert notes == ["wave.webp holds several pictures: the first one is taken."]
    exif = Image.Exif()
    exif[0x0112] = 3
    half = np.zeros((4, 4, 3), np.uint8)
    half[0] = 200
    Image.fromarray(half).save(tmp_path / "turned.png", exif=exif)
    [x] = read(tmp_path / "turned.png", IMAGE)[2]
    assert (x[0, 3] == 200).all()


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png is a pipe, socket or device; expected a file"):
        read(tmp_path / "pipe.png", IMAGE)


def test_a_series_gives_a_window_for_each_time_that_has_a_whole_past(tmp_path):
    lines = [
        "2020-01-01 04:00,5,50",
        "2020-01-01 00:00,1,",
        "2020-01-01 01:00,2,20",
        "2020-01-01 02:00,3,",
    ]
    lines += ["2020-01-01 03:00,4,40", "2020-01-01 05:00,6,60"]
    header, names, [x], notes = read(
        csv(tmp_path, "hour,kwh,heat\n" + "\n".join(lines) + "\n"), SERIES
    )
    assert header == "hour"
    assert names == ["2020-01-01 05:00", "2020-01-01 06:00", "2020-01-01 07:00"]
    np.testing.assert_array_equal(x[:, -1], [[4, 40], [5, 50], [6, 60]])
    np.testing.assert_array_equal(x[0], [[2, 20], [3, 20], [4, 40]])
    assert (
        "Each answer is for the time beside it, 2 rows after the last one that the model saw."
        in notes
    )
    ahead = dataclasses.replace(SERIES, horizon=3)
    _, names, _, notes = read(csv(tmp_path, "hour,kwh,heat\n" + "\n".join(lines) + "\n"), ahead)
    assert names == ["2020-01-01 03:00", "2020-01-01 04:00", "2020-01-01 05:00"]
    assert "Beside each row of answers stands the last time that the model saw." in notes
    assert any("Filled 1 missing" in note for note in notes)
    assert any(
        "hole in hour; the first: 1 row without 'heat' from 2020-01-01 to" in note for note in notes
    )


@pytest.mark.parametrize(
    ("times", "predicted"),
    [
        (pd.date_range("2020-01-01", periods=5, freq="MS").strftime("%Y-%m"), "2020-07"),
        (pd.date_range("2020-01-31", periods=5, freq="ME").strftime("%d.%m.%Y"), "31.07.2020"),
        (pd.bdate_range("2020-01-01", periods=15).strftime("%Y/%m/%d"), "2020/01/23"),
        (["2020-10-24T23:00+02:00", "2020-10-25T02:00+02:00", "2020-10-25T04:00+01:00"],
         "2020-10-25T10:00+01:00"),
        ([2001, 2002, 2003, 2004], "2006"),
        ([1_700_000_000 + 60 * minute for minute in range(9)], "1700000600"),
        (["2020-W05", "2020-W06", "2020-W07"], "2020-W09"),
    ],
)  # fmt: skip
def test_a_forecast_beyond_the_file_is_dated_by_its_calendar_and_written_alike(
    tmp_path, times, predicted
):
    pd.DataFrame({"hour": times, "kwh": 1.5, "heat": 2.5}).to_csv(
        tmp_path / "rows.csv", index=False
    )
    _, names, _, _ = read(tmp_path / "rows.csv", SERIES)
    assert names[-1] == predicted


def test_no_answer_sees_across_a_hole_and_one_that_lies_in_it_is_dated(tmp_path):
    times = pd.date_range("2020-01-01", periods=12, freq="h").delete([5, 6, 7, 8])
    frame = pd.DataFrame({"hour": times, "kwh": np.arange(8.0), "heat": 1.0})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    _, names, [x], notes = read(tmp_path / "rows.csv", SERIES)
    assert [name[11:16] for name in names] == ["04:00", "05:00", "06:00", "13:00"]
    assert x[:, :, 0].tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [5, 6, 7]]
    assert any("hole in hour; the first: 4 rows from 2020-01-01 05:00 to" in note for note in notes)
    filling = dataclasses.replace(SERIES, fill=4)
    _, names, [x], _ = read(tmp_path / "rows.csv", filling)
    assert [name[11:16] for name in names] == [f"{hour:02d}:00" for hour in range(4, 14)]
    assert x[4, :, 0].tolist() == [4, 4, 4]


def test_times_are_read_as_in_training_and_else_in_the_way_that_fits(tmp_path):
    trained = dataclasses.replace(SERIES, time_format="%d/%m/%Y")
    rows = "".join(f"{day:02d}/02/2020,{day},1\n" for day in range(1, 6))
    _, names, _, _ = read(csv(tmp_path, f"hour,kwh,heat\n{rows}"), trained)
    assert names == ["05/02/2020", "06/02/2020", "07/02/2020"]
    rows = "".join(f"2020-02-{day:02d},{day},1\n" for day in range(1, 6))
    _, names, _, _ = read(csv(tmp_path, f"hour,kwh,heat\n{rows}"), trained)
    assert names[-1] == "2020-02-07"


@pytest.mark.parametrize(
    ("schema", "text", "sentence"),
    [
        (TABLE, "Size,zip\n1,a\n", r"has no column 'size', .+ expected size, zip, in any order\..+ "
                                   r"Did you mean 'Size'\?"),
        (TABLE, "a,b\n1,a\n", r"has no column 'size', 'zip'"),
        (TABLE, "size,zip\n", r"has a header line and no rows; expected at least one"),
        (TABLE, "size,zip\n1,a\nbig,b\n", r"'size' holds 'big' in row 2; expected a number, "
                                          r"as in the rows"),
        (TABLE, "", r"is empty \(0 bytes\)"),
        (TEXT, "review\n\" \"\n", r"has no text in the column 'review'"),
        (SERIES, "hour,kwh,heat\n1,1,1\n2,1,1\n", r"has 2 rows, of which no 3 follow each other "
                                                  r"without a hole"),
        (SERIES, "hour,kwh,heat\n1,,\n2,,\n3,,\n4,,\n", r"has 4 rows, of which no 3 follow each"),
        (SERIES, "hour,kwh,heat\n1,1,1\n2,,\n3,1,1\n4,1,1\n", r"has 4 rows, of which no 3 follow"),
        (SERIES, "hour,kwh,heat\n1,a,1\n2,1,1\n", r"the column 'kwh' holds 'a' in row 1; expected a number"),
        (SERIES, "hour,heat\n1,1\n", r"has no column 'kwh'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_in_a_sentence(tmp_path, schema, text, sentence):
    with pytest.raises(DataError, match=sentence):
        read(csv(tmp_path, text), schema)


def test_what_is_no_file_of_that_kind_is_said_in_a_sentence(tmp_path):
    csv(tmp_path, "a\n1\n")
    with pytest.raises(DataError, match=r"row\.csv is not there .+ Did you mean .+rows\.csv\?"):
        read(tmp_path / "row.csv", TABLE)
    with pytest.raises(
        DataError, match=r"is a folder, and the model was trained on a table; expected a file"
    ):
        read(tmp_path, TABLE)
    with pytest.raises(DataError, match=r"holds no images, and the model was trained on images"):
        read(tmp_path, IMAGE)
    (tmp_path / "letter.pdf").write_bytes(b"x")
    with pytest.raises(
        DataError,
        match=r"ends in \.pdf, and the model was trained on texts; .+ or a folder of \.txt",
    ):
        read(tmp_path / "letter.pdf", TEXT)


def test_a_word_that_was_no_gap_in_training_is_refused_and_one_that_was_is_a_gap(tmp_path):
    path = csv(tmp_path, "size,zip\n1,a\nn.v.,b\n")
    with pytest.raises(
        DataError, match=r"the column 'size' holds 'n\.v\.' in row 2; expected a num"
    ):
        read(path, TABLE)
    gap = TABLE.columns | {"size": Reading(kind="number", words=("n.v.",))}
    _, _, [x], _ = read(path, dataclasses.replace(TABLE, columns=gap))
    assert np.isnan(x["size"].iloc[1])


@pytest.mark.parametrize("text", ["size,zip\n0.12,a\n", "size,zip\n12 kg,a\n"])
def test_numbers_without_the_unit_of_training_are_refused(tmp_path, text):
    percent = Reading(kind="number", style=NumberStyle(behind="%"))
    schema = dataclasses.replace(TABLE, columns=TABLE.columns | {"size": percent})
    with pytest.raises(DataError, match=r"expected a number, written 1234\.5 %"):
        read(csv(tmp_path, text), schema)
    _, _, [x], _ = read(csv(tmp_path, "size,zip\n12%,a\n"), schema)
    assert x["size"].tolist() == [12]


def test_numbers_of_a_typed_file_are_no_dates_and_dates_no_numbers(tmp_path):
    days = pd.date_range("2020-01-01", periods=2)
    for kind, values in (("date", [18262.0, 18263.0]), ("number", days)):
        pd.DataFrame({"size": values, "zip": "a"}).to_parquet(tmp_path / "rows.parquet")
        columns = TABLE.columns | {"size": Reading(kind=kind, format="ISO8601")}
        with pytest.raises(DataError, match=f"expected a {kind}"):
            read(tmp_path / "rows.parquet", dataclasses.replace(TABLE, columns=columns))


def test_gaps_of_training_are_gaps_in_dates_and_categories(tmp_path):
    columns = {
        "size": Reading(kind="date", format="ISO8601", words=("unknown",)),
        "zip": Reading(kind="category", words=("none given",)),
    }
    path = csv(tmp_path, "size,zip\nunknown,none given\n1970-01-02,b\nNA,c\n")
    _, _, [x], _ = read(path, dataclasses.replace(TABLE, columns=columns))
    np.testing.assert_array_equal(x["size"], [np.nan, 1, np.nan])
    assert x["zip"].tolist() == ["", "b", "c"]
