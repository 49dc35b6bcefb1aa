"""JSONL files as they come."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.types import Label
from service.datasets.ingest.jsonl_file import read_jsonl
from service.datasets.ingest.rows import Record
from tests.service.datasets.conftest import Files

NAME = "rows.jsonl"


def test_each_line_is_a_row(files: Files) -> None:
    content = b'{"id": 1, "input": "a", "output": "b", "label": true}\n\n{"input": "c", "output": "d"}\n'
    first, second = files.rows(content, NAME)
    assert (first.example.id, first.label, first.line) == ("1", Label.PASS, 1)
    assert (second.label, second.line) == (None, 3)


def test_a_byte_order_mark_does_no_harm(files: Files) -> None:
    assert len(files.rows('{"input": "ä", "output": "ö"}'.encode("utf-8-sig"), NAME)) == 1


def test_annotators_come_as_an_object(files: Files) -> None:
    labels = b'{"anna": 1, "ben": {"label": 0, "critique": "no"}, "c": null}'
    (row,) = files.rows(b'{"input": "a", "output": "b", "labels": ' + labels + b"}", NAME)
    assert [(a.annotator, a.label, a.critique) for a in row.annotations] == [
        ("anna", Label.PASS, None),
        ("ben", Label.FAIL, "no"),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"nonsense", "not JSON"),
        (b'{"input": "a", "output"', "not JSON"),
        (b"[1, 2]", "not an object"),
        (b'{"input": "a", "output": NaN}', "NaN"),
        (b"[" * 100_000, "not JSON"),
        (b'{"input": "a", "output": ' + b"1" * 5000 + b"}", "not JSON"),
    ],
)
def test_a_line_that_is_no_object_is_told(files: Files, line: bytes, words: str) -> None:
    problems = files.problems(b'{"input": "a", "output": "b"}\n' + line + b"\n", NAME)
    assert problems[0].line == 2
    assert words in problems[0].message


def test_a_row_without_an_output_is_told_on_its_line(files: Files) -> None:
    (problem,) = files.problems(b'{"input": "a", "output": "b"}\n{"input": "a"}\n', NAME)
    assert (problem.line, problem.column) == (2, "output")


@pytest.mark.parametrize("value", ["[1]", '{"a": 1}', "true"])
def test_a_text_must_be_a_text(files: Files, value: str) -> None:
    content = f'{{"input": {value}, "output": "b"}}'.encode()
    if value == "true":
        assert files.rows(content, NAME)[0].example.input == "True"
        return
    assert "not a text" in files.problems(content, NAME)[0].message


def test_half_a_surrogate_pair_is_refused(files: Files) -> None:
    (problem,) = files.problems(b'{"input": "a\\ud800", "output": "b"}', NAME)
    assert "half of a surrogate pair" in problem.message


def test_a_wrong_byte_is_refused(files: Files) -> None:
    (problem,) = files.problems(b'{"input": "caf\xe9", "output": "b"}', NAME)
    assert "byte 0xE9" in problem.message


def test_an_array_says_what_to_do_instead(files: Files) -> None:
    with pytest.raises(Exception, match="one object a line"):
        files.rows(b'[{"input": "a", "output": "b"}]', NAME)


def test_a_line_that_never_ends_is_passed_over(monkeypatch: pytest.MonkeyPatch, files: Files) -> None:
    monkeypatch.setattr("service.datasets.ingest.jsonl_file.LINE_MAX_CHARS", 50)
    content = b'{"input": "' + b"x" * 500 + b'", "output": "b"}\n{"input": "", "output": ""}\n'
    first, second = files.problems(content, NAME)
    assert (first.line, second.line) == (1, 2)
    assert "longer than 50" in first.message


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    for found in read_jsonl(io.StringIO(text)):
        assert isinstance(found, Record) or found.message
