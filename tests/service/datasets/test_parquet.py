"""Parquet files as they come."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from optimizers.types import Label
from service.errors import MediaUnsupported
from tests.service.datasets.conftest import Files

NAME = "rows.parquet"


def _parquet(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def test_rows_are_read_group_by_group(files: Files) -> None:
    n = 700
    columns = {"input": [f"i{k}" for k in range(n)], "output": ["o"] * n, "label": [k % 2 for k in range(n)]}
    rows = files.rows(_parquet(columns, row_group_size=100), NAME)
    assert [row.example.input for row in rows] == columns["input"]
    assert [row.line for row in rows] == list(range(1, n + 1))


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ([1, 0, None], pa.int64()),
        ([True, False, None], pa.bool_()),
        ([1.0, 0.0, float("nan")], pa.float64()),
        (["pass", "fail", None], pa.string()),
    ],
)
def test_labels_of_any_type_are_understood(files: Files, label: list[object], kind: pa.DataType) -> None:
    columns = {"input": ["a", "b", "c"], "output": ["x"] * 3, "label": pa.array(label, kind)}
    labels = [row.label for row in files.rows(_parquet(columns), NAME)]
    assert labels == [Label.PASS, Label.FAIL, None]


def test_annotators_may_come_as_a_struct(files: Files) -> None:
    columns = {"input": ["a"], "output": ["b"], "labels": [{"anna": "pass", "ben": None}]}
    (row,) = files.rows(_parquet(columns), NAME)
    assert [a.annotator for a in row.annotations] == ["anna"]


def test_whole_numbers_of_a_float_column_make_plain_ids(files: Files) -> None:
    columns = {"id": [1.0, 2.0], "input": ["a", "b"], "output": ["x", "y"]}
    assert [row.example.id for row in files.rows(_parquet(columns), NAME)] == ["1", "2"]


def test_a_missing_column_is_told_once(files: Files) -> None:
    (problem,) = files.problems(_parquet({"input": ["a"], "text": ["b"]}), NAME)
    assert (problem.line, problem.column, problem.value) == (1, "output", "input, text")


def test_text_that_is_not_utf_8_is_refused(files: Files) -> None:
    raw = pa.array([b"caf\xe9"], pa.binary()).view(pa.string())
    (problem,) = files.problems(_parquet({"input": raw, "output": ["b"]}), NAME)
    assert "byte 0xE9" in problem.message


@pytest.mark.parametrize("keep", [4, 20, 200])
def test_a_damaged_file_is_refused(files: Files, keep: int) -> None:
    content = _parquet({"input": ["a"] * 50, "output": ["b"] * 50})
    assert "damaged" in files.problems(content[:keep], NAME)[0].message


def test_damage_inside_is_refused(files: Files) -> None:
    content = bytearray(_parquet({"input": [f"a{n}" for n in range(999)], "output": ["b"] * 999}))
    content[10:400] = b"\xff" * 390
    assert "damaged" in files.problems(bytes(content), NAME)[0].message


def test_a_file_that_only_bears_the_name_is_refused(files: Files) -> None:
    with pytest.raises(MediaUnsupported, match="Parquet"):
        files.rows(b"input,output\na,b\n", NAME)
