import codecs
import csv
import gzip
import io
import re
import shutil
import subprocess
import zipfile

import pandas as pd
import pytest

from goldilocks.dataset.readers import delimited, files
from goldilocks.errors import DataError

TABLE = "size,kind,price\n" + "".join(
    f"{20 + at}.5,{('flat', 'house', 'loft')[at % 3]},{1000 * at}\n" for at in range(30)
)


@pytest.fixture
def write(tmp_path):
    """Writes a file of text or bytes, and gives its path."""

    def to_file(content, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to_file


def read(path, header=None):
    return files.read_cells(path, header=header)


def rows(path, header=None):
    """Return the names of the columns, and the rows of cells; "" where one is empty."""
    frame = read(path, header).frame
    return list(frame.columns), frame.fillna("").to_numpy().tolist()


def plain(text=TABLE, separator=","):
    names, *lines = (line.split(separator) for line in text.splitlines())
    return names, lines


@pytest.mark.parametrize("separator", list(delimited.SEPARATORS))
@pytest.mark.parametrize("space", ["", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_separator_is_found(write, separator, space, end):
    content = TABLE.replace(",", separator + space).replace("\n", end)
    names, lines = rows(write(content))
    assert names == plain()[0]
    assert [[cell.strip() for cell in line] for line in lines] == plain()[1]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas_do_not_separate(write, separator):
    content = TABLE.replace(",", separator).replace(".", ",")
    names, lines = rows(write(content))
    assert names == plain()[0]
    assert lines[0] == ["20,5", "flat", "0"]


def test_decimal_commas_in_quotes_do_not_separate(write):
    content = re.sub(r"(\d+)\.5", r'"\1,5"', TABLE)
    assert rows(write(content))[1][1] == ["21,5", "house", "1000"]


def test_decimal_commas_in_one_column_of_two(write):
    content = "size;price\n" + "".join(f"{at},5;{at},25\n" for at in range(30))
    assert rows(write(content))[1][3] == ["3,5", "3,25"]


def written(lines, **style):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", **style).writerows(lines)
    return file.getvalue()


ODD = [["text", "label"]] + [
    [("a, b; c\td | e", "two\nlines", 'she said "no"', "it's", "plain")[at % 5], str(at)]
    for at in range(40)
]


@pytest.mark.parametrize("separator", list(delimited.SEPARATORS))
def test_quoted_separators_line_ends_and_doubled_quotes(write, separator):
    names, lines = rows(write(written(ODD, delimiter=separator)))
    assert [names, *lines] == ODD


@pytest.mark.parametrize("separator", list(delimited.SEPARATORS))
def test_quotes_escaped_by_a_backslash(write, separator):
    content = written(
        ODD, delimiter=separator, doublequote=False, escapechar="\\", quoting=csv.QUOTE_ALL
    )
    names, lines = rows(write(content))
    assert [names, *lines] == ODD


@pytest.mark.parametrize("late", [0, 5000])
def test_quotes_that_begin_late_in_the_file(write, late):
    lines = [["text", "label"], *([f"word {at}", str(at)] for at in range(late)), *ODD[1:]]
    names, found = rows(write(written(lines)))
    assert [names, *found] == lines


def test_quotes_within_a_cell_are_letters(write):
    content = "text\tlabel\n" + "".join(f'a 5" wide {at}\tx{at % 2}\n' for at in range(30))
    assert rows(write(content, "rows.tsv"))[1][0] == ['a 5" wide 0', "x0"]


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    ],
    ids=["utf-8", "utf-16-le", "utf-16-be"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_marks_are_heeded(write, encode, end):
    content = TABLE.replace("flat", "größe").replace("\n", end)
    names, lines = rows(write(encode(content)))
    assert (names, lines) == plain(TABLE.replace("flat", "größe"))


def mended(path, sentence):
    """Run the command of a sentence, and return the cells of what it wrote."""
    if shutil.which("iconv") is None:
        pytest.skip("needs iconv")
    command = re.search(r"`(.*iconv .+?)`", sentence)[1]  # pyright: ignore[reportOptionalSubscript]
    subprocess.run(command, shell=True, cwd=path.parent, check="-c" not in command)
    return rows(path.parent / "utf8.csv")


@pytest.mark.parametrize("name", ["rows.csv", "my rows (1).csv", "it's.csv"])
def test_another_encoding_is_a_sentence_with_a_command_that_works(write, name):
    content = TABLE.replace("loft", "größe")
    path = write(content.encode("cp1252"), name)
    with pytest.raises(
        DataError, match=r"is not UTF-8: line 4 has the byte 0xf6\. Save it"
    ) as said:
        read(path)
    assert mended(path, str(said.value)) == plain(content)


@pytest.mark.parametrize("unpack", ["gzip", "unzip"])
def test_the_command_unpacks_a_packed_file(write, unpack):
    if shutil.which(unpack) is None:
        pytest.skip(f"needs {unpack}")
    content = TABLE.replace("loft", "größe")
    old = content.encode("cp1252")
    path = write(gzip.compress(old), "rows.csv.gz")
    if unpack == "unzip":
        path = write(packed(a_csv=old), "rows.zip")
    with pytest.raises(DataError, match=rf"`{unpack} ") as said:
        read(path)
    assert mended(path, str(said.value)) == plain(content)


def test_utf_16_without_a_mark_is_a_sentence_with_a_command_that_works(write):
    content = TABLE.replace("loft", "größe")
    for encoding in ("utf-16-le", "utf-16-be"):
        path = write(content.encode(encoding))
        with pytest.raises(DataError, match=r"UTF-16[BL]E") as said:
            read(path)
        assert mended(path, str(said.value)) == plain(content)


@pytest.mark.parametrize("before", [10, 200_000])
def test_a_bad_byte_is_named_with_its_line(write, before):
    lines = [f"{at},word" for at in range(before)]
    content = "\n".join(["a,b", *lines]).encode() + b"\n7,caf\xe9\n8,word\n"
    path = write(content)
    with pytest.raises(DataError, match=rf"line {before + 2:d} has the byte 0xe9"):
        read(path)


def test_a_bad_byte_among_letters_of_several_bytes_is_left_out(write):
    content = TABLE.replace("loft", "größe")
    path = write(content.encode() + b"9.5,gr\xc3\xb6\xff,7\n")
    with pytest.raises(DataError, match=r"line 32 has the byte 0xff\. Correct it, or") as said:
        read(path)
    assert "iconv -c -f UTF-8" in str(said.value)
    assert mended(path, str(said.value))[1][-1] == ["9.5", "grö", "7"]


def packed(**named):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in named.items():
            archive.writestr(name.replace("_csv", ".csv"), content)
    return file.getvalue()


def test_packed_files_are_unpacked(write):
    assert rows(write(gzip.compress(TABLE.encode()), "rows.csv.gz")) == plain()
    assert rows(write(packed(a_csv=TABLE, readme="hello"), "rows.zip")) == plain()


def test_a_zip_of_two_tables_is_a_sentence(write):
    with pytest.raises(DataError, match=r"holds 2 files that end in .* \(a\.csv, b\.csv\)"):
        read(write(packed(a_csv=TABLE, b_csv=TABLE), "rows.zip"))
    with pytest.raises(DataError, match=r"holds 0 files that end in"):
        read(write(packed(readme="hello"), "rows.zip"))


@pytest.mark.parametrize(
    ("name", "content"),
    [("rows.zip", TABLE), ("rows.csv.gz", TABLE), ("rows.xlsx", TABLE), ("rows.parquet", TABLE)],
)
def test_what_is_not_what_its_suffix_says_is_a_sentence(write, name, content):
    with pytest.raises(DataError, match=r"cannot be read as (zip|gz|xlsx|parquet) \("):
        read(write(content, name))


def test_a_damaged_archive_is_a_sentence(write):
    content = bytearray(gzip.compress(TABLE.encode()))
    content[20:60] = bytes(40)
    with pytest.raises(DataError, match=r"rows\.csv\.gz cannot be read as gz \("):
        read(write(bytes(content), "rows.csv.gz"))


def test_a_line_of_units_below_all_rows_is_a_sentence(write):
    with pytest.raises(DataError, match=r"no row below line 99, which dataset\.header=1,99 names"):
        read(write(TABLE), header=[1, 99])


def test_what_no_separator_fits_is_a_sentence_that_names_the_file_itself(write):
    content = gzip.compress(b'size,price\n1,"2\n3,4\n' * 3)
    with pytest.raises(DataError, match=r"rows\.csv\.gz cannot be read with ',' between cells"):
        read(write(content, "rows.csv.gz"))


FRAME = pd.DataFrame({"size": [20.5, 21.5], "kind": ["flat", None], "rooms": [1, 2]})


def test_parquet_keeps_its_types(tmp_path):
    FRAME.to_parquet(tmp_path / "rows.parquet")
    pd.testing.assert_frame_equal(read(tmp_path / "rows.parquet").frame, FRAME)


def test_a_spreadsheet_keeps_its_types(tmp_path):
    pytest.importorskip("openpyxl")
    FRAME.to_excel(tmp_path / "rows.xlsx", index=False)
    found = read(tmp_path / "rows.xlsx").frame
    assert found["size"].tolist() == [20.5, 21.5]
    assert found["rooms"].tolist() == [1, 2]
    assert found["kind"].fillna("").tolist() == ["flat", ""]


@pytest.mark.parametrize("count", [30, 30_000])
def test_a_row_with_too_many_cells_is_named_with_its_line(write, count):
    lines = [f"{at},word" for at in range(count)]
    path = write("\n".join(["a,b", *lines, "1,two,3", *lines]))
    with pytest.raises(DataError, match=rf"line {count + 2:d} \(Expected .*'1,two,3'; expected"):
        read(path)


def test_a_line_for_the_spreadsheet_is_no_header(write):
    found = read(write("sep=;\n" + TABLE.replace(",", ";")))
    assert list(found.frame.columns) == plain()[0]
    assert (len(found.frame), found.header) == (30, 2)
    assert "sep=;" in found.notes[0]


@pytest.mark.parametrize("above", ["# exported\n", "# exported\n# by the, till\n", "\n\n"])
def test_comments_above_the_header_are_left_out_and_said(write, above):
    found = read(write(above + TABLE))
    assert list(found.frame.columns) == plain()[0]
    assert (len(found.frame), found.header) == (30, above.count("\n") + 1)


@pytest.mark.parametrize("title", ["Sales report", "Sales, all shops", "Sales report\n\n"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_title_above_the_header_is_asked_about(write, title, separator):
    path = write(f"{title}\n" + TABLE.replace(",", separator))
    line = title.count("\n") + 2
    with pytest.raises(DataError, match=rf"type dataset\.header={line:d} if that is the header"):
        read(path)
    assert rows(path, header=line) == plain()


def test_a_file_without_a_header_has_numbers_for_names(write):
    path = write(TABLE.split("\n", 1)[1])
    assert rows(path, header=0) == (["1", "2", "3"], plain()[1])


def test_trailing_separators_make_no_column(write):
    content = TABLE.replace("\n", ",\n")
    assert rows(write(content)) == plain()
    # The header has none.
    head, body = content.split("\n", 1)
    assert rows(write(head.rstrip(",") + "\n" + body)) == plain()


def test_only_a_header_and_a_single_row(write):
    assert rows(write("a,b\n")) == (["a", "b"], [])
    assert rows(write("a,b")) == (["a", "b"], [])
    assert rows(write("a,b\n1,x\n")) == (["a", "b"], [["1", "x"]])
    assert rows(write("a;b\n1,5;x\n")) == (["a", "b"], [["1,5", "x"]])


def test_one_column_has_no_separator(write):
    content = "text\n" + "".join(f"good film number {at}\n" for at in range(30))
    assert rows(write(content)) == (["text"], [[f"good film number {at}"] for at in range(30)])


@pytest.mark.parametrize("at", [0, 5, 29])
def test_a_cell_of_a_megabyte(write, at):
    long = "word, " * 170_000
    lines = [[long if row == at else f"word {row}", str(row)] for row in range(30)]
    assert rows(write(written([["text", "label"], *lines])))[1] == lines


@pytest.mark.parametrize("name", ["price", " price", '"price "'])
def test_names_that_are_alike_are_refused(write, name):
    content = f"size,price,{name}\n" + "".join(f"{at},{at},{at}\n" for at in range(30))
    with pytest.raises(DataError, match=r"more than one column named 'price'"):
        read(write(content))


def test_empty_files_are_a_sentence(write):
    with pytest.raises(DataError, match="holds nothing but empty lines"):
        read(write("\n \n\n"))


XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
OFFICE = "http://schemas.openxmlformats.org"
MAIN = f'xmlns="{OFFICE}/spreadsheetml/2006/main"'
RELATED = f"{OFFICE}/officeDocument/2006/relationships"


def workbook(**sheets):
    """Return the bytes of a spreadsheet; cells are numbers, texts, dates (of a tuple) or None."""
    files, names, links, kinds = {}, "", "", ""
    for at, (name, lines) in enumerate(sheets.items(), start=1):
        rows = ""
        for number, line in enumerate(lines, start=1):
            rows += f'<row r="{number}">'
            for letter, cell in zip("ABCDEFGH", line, strict=False):
                where = f'r="{letter}{number}"'
                if isinstance(cell, str):
                    rows += f'<c {where} t="inlineStr"><is><t>{cell}</t></is></c>'
                elif isinstance(cell, tuple):
                    rows += f'<c {where} s="1"><v>{cell[0]}</v></c>'
                elif cell is not None:
                    rows += f"<c {where}><v>{cell}</v></c>"
            rows += "</row>"
        files[f"xl/worksheets/sheet{at}.xml"] = (
            f"{XML}<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>"
        )
        names += f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>'
        links += f'<Relationship Id="r{at}" Type="{RELATED}/worksheet" Target="worksheets/sheet{at}.xml"/>'
        kinds += (
            f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="application/'
            'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        )
    package = f"{OFFICE}/package/2006"
    files["xl/workbook.xml"] = (
        f'{XML}<workbook {MAIN} xmlns:r="{RELATED}"><sheets>{names}</sheets></workbook>'
    )
    files["xl/styles.xml"] = (
        f'{XML}<styleSheet {MAIN}><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
        "</styleSheet>"
    )
    links += f'<Relationship Id="styles" Type="{RELATED}/styles" Target="styles.xml"/>'
    head = f'{XML}<Relationships xmlns="{package}/relationships">'
    files["xl/_rels/workbook.xml.rels"] = f"{head}{links}</Relationships>"
    files["_rels/.rels"] = (
        f'{head}<Relationship Id="r1" Type="{RELATED}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    )
    files["[Content_Types].xml"] = (
        f'{XML}<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName='
        '"/xl/workbook.xml" ContentType="application/'
        f'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>{kinds}</Types>'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


SHEET = [
    ["size", "kind", "sold"],
    [20.5, "flat", (43831,)],
    [None, "house", (43832,)],
    [7, None, None],
]


def test_a_spreadsheet_has_numbers_texts_dates_and_gaps(write):
    found = read(write(workbook(Houses=SHEET), "rows.xlsx"))
    assert found.notes == ()
    assert found.frame["size"].tolist()[::2] == [20.5, 7]
    assert found.frame["kind"].fillna("").tolist() == ["flat", "house", ""]
    assert str(found.frame["sold"].iloc[0]) == "2020-01-01 00:00:00"
    assert found.frame.isna().sum().tolist() == [1, 1, 1]


def test_header_lines_within_a_spreadsheet_and_a_line_of_units_are_left_out_and_said(write):
    lines = [["size", "sold"], ["m2", "EUR"], [20.5, 7], ["size", "sold"], [30, 8]]
    found = read(write(workbook(Houses=lines), "rows.xlsx"), header=[1, 2])
    assert found.frame["size"].tolist() == [20.5, 30]
    assert found.notes == (
        "Left out line 2: ['m2', 'EUR'].",
        "Left out 1 row repeating the header line, as joined files do.",
    )


def test_a_spreadsheet_without_a_name_above_its_first_column_is_read(write):
    lines = [[None, "size", "kind"], [0, 20.5, "flat"], [1, 3, 7], [2, None, "flat"]]
    found = read(write(workbook(Houses=lines), "rows.xlsx"))
    assert list(found.frame.columns) == ["column 1", "size", "kind"]
    assert found.frame["column 1"].tolist() == [0, 1, 2]


def test_an_empty_spreadsheet_is_refused(write):
    with pytest.raises(DataError, match="holds no cells; expected a header line and rows"):
        read(write(workbook(Houses=[]), "rows.xlsx"))


def test_of_two_sheets_the_first_is_read_and_said(write):
    found = read(write(workbook(Houses=SHEET, Notes=[["a"], [1]]), "rows.xlsx"))
    assert list(found.frame.columns) == ["size", "kind", "sold"]
    assert found.notes == ("Read the sheet 'Houses', the first one, and not 'Notes'.",)
