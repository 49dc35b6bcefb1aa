"""CSV files as they come."""

import codecs
import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.errors import DatasetRejected, RowProblem
from optimizers.types import Label
from service.datasets.ingest import Limits, Reading, Row, read_rows
from tests.service.datasets.conftest import Files

PLAIN = "id,input,output,label\nr1,a,b,1\nr2,c,d,0\n"


def _pairs(rows: list[Row]) -> list[tuple[str, str, Label | None]]:
    return [(row.example.input, row.example.output, row.label) for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(files: Files, delimiter: str) -> None:
    rows = files.rows(PLAIN.replace(",", delimiter).encode())
    assert _pairs(rows) == [("a", "b", Label.PASS), ("c", "d", Label.FAIL)]


def test_delimiters_inside_texts_do_not_mislead(files: Files) -> None:
    content = 'input;output;label\n"one, two, three, four";"a|b|c,d,e";1\n"x, y";"z, z";0\n'
    assert _pairs(files.rows(content.encode()))[0] == ("one, two, three, four", "a|b|c,d,e", Label.PASS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_with_its_byte_order_mark_is_read(files: Files, encoding: str) -> None:
    content = "input,output,label\nGrüße 👋,déjà vu,1\n".encode(encoding)
    assert _pairs(files.rows(content)) == [("Grüße 👋", "déjà vu", Label.PASS)]


def test_big_endian_utf_16_is_read(files: Files) -> None:
    content = codecs.BOM_UTF16_BE + "input,output\nä,ö\n".encode("utf-16-be")
    assert _pairs(files.rows(content)) == [("ä", "ö", None)]


def test_quoted_line_breaks_belong_to_the_text(files: Files) -> None:
    rows = files.rows(b'input,output,label\r\n"a\r\nb","c\nd",1\r\ne,f,0\r\n')
    assert [row.example.input for row in rows] == ["a\r\nb", "e"]
    assert [row.line for row in rows] == [2, 5]


def test_blank_lines_and_trailing_delimiters_do_no_harm(files: Files) -> None:
    assert len(files.rows(b"input,output,label,,\n\na,b,1,,\n,,,,\nc,d,0,,\n\n")) == 2


def test_a_wrong_byte_is_told_with_its_line_and_value(files: Files) -> None:
    content = b"input,output\nfine,fine\ncaf\xe9,x\n"
    (problem,) = files.problems(content)
    assert (problem.line, problem.column, problem.value) == (3, "input", "caf\\udce9")
    assert "byte 0xE9 (character 4 of the cell) is not UTF-8" in problem.message


def test_a_cut_utf_16_file_is_told_with_its_line(files: Files) -> None:
    content = "input,output\na,b\nc,d".encode("utf-16") + b"\x00\xd8x"
    (problem,) = files.problems(content)
    assert "utf-16" in problem.message


def test_utf_16_without_its_mark_is_told_as_such(files: Files) -> None:
    (problem,) = files.problems("input,output\na,b\n".encode("utf-16-le"))
    assert "NUL" in problem.message


def test_a_missing_column_is_told_once(files: Files) -> None:
    problems = files.problems(b"id,text\n1,a\n2,b\n3,c\n")
    assert [(p.line, p.column) for p in problems] == [(1, "input"), (1, "output")]
    assert problems[0].value == "id, text"


def test_two_columns_of_one_name_are_refused(files: Files) -> None:
    (problem,) = files.problems(b"input,output,output\na,b,c\n")
    assert problem.value == "output"


def test_a_row_with_too_many_fields_is_refused(files: Files) -> None:
    (problem,) = files.problems(b"input,output\na,b\nc,d,e\n")
    assert (problem.line, problem.value) == (3, "e")
    assert "3 fields, the header 2" in problem.message


def test_a_short_row_lacks_its_output(files: Files) -> None:
    (problem,) = files.problems(b"input,output\na,b\nc\n")
    assert (problem.line, problem.column, problem.message) == (3, "output", "the output is empty")


def test_a_quote_that_never_closes_is_told_where_it_opens(files: Files) -> None:
    (problem,) = files.problems(b'input,output\na,b\n"c,d\ne,f\n')
    assert problem.line == 3
    assert "cannot be read" in problem.message


def test_a_broken_row_does_not_hide_the_next_one(files: Files) -> None:
    problems = files.problems(b'input,output\n"a"x,b\nc,\n"d"y,e\n')
    assert [problem.line for problem in problems] == [2, 3, 4]


def test_a_nul_is_refused(files: Files) -> None:
    content = b"input,output,label\n" + b"a,b,1\n" * 20 + b"c\x00d,e,1\n"
    (problem,) = [p for p in files.problems(content) if p.line == 22]
    assert (problem.column, problem.value) == ("input", "c\\x00d")


def test_a_cell_above_the_limit_is_refused_and_cut_in_the_message(files: Files) -> None:
    reading = Reading(limits=Limits(cell_max_chars=100))
    (problem,) = read_rows(io.BytesIO(b"input,output\na," + b"x" * 500 + b"\n"), "r.csv", reading)
    assert not isinstance(problem, Row)
    assert problem.message == "the cell has 500 characters"
    assert len(problem.value) == 80


@pytest.mark.parametrize("content", [b"", b"\n\n", b"   ", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(files: Files, content: bytes) -> None:
    assert files.problems(content)[0].message == "the file is empty"


def test_a_header_without_rows_is_refused(files: Files) -> None:
    assert "no rows" in files.problems(b"input,output\n")[0].message


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(cells, cells.filter(str.strip)), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_whatever_was_written_is_read(rows: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("input", "output"), *rows])
    read = read_rows(io.BytesIO(text.getvalue().encode()), "rows.csv")
    assert [(r.example.input, r.example.output) for r in read if isinstance(r, Row)] == rows


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    assert all(found.line >= 1 for found in _read_all(b"input,output,label\n" + content))


def _read_all(content: bytes) -> list[Row | RowProblem]:
    try:
        return list(read_rows(io.BytesIO(content), "rows.csv"))
    except DatasetRejected as rejected:
        return list(rejected.problems)
