"""A file read without a server."""

from pathlib import Path

import pytest

from optimizers.errors import DatasetRejected
from optimizers.types import Part
from service.datasets.ingest import ColumnRequest, LoadOptions, load_file


def _write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def _rows(numbers: range) -> str:
    return "".join(f"q{n},a{n},{n % 2}\n" for n in numbers)


def test_labelled_and_unlabelled_rows_are_told_apart(tmp_path: Path) -> None:
    content = "id,input,output,label,annotator_a,annotator_b\n1,a,b,1,,\n2,c,d,,1,0\n3,e,f,,,\n"
    loaded = load_file(_write(tmp_path / "r.csv", content))
    assert [row.id for row in loaded.rows] == ["1"]
    assert [example.id for example in loaded.unlabelled] == ["2", "3"]


def test_a_snapshot_gives_every_labelled_row_a_part(tmp_path: Path) -> None:
    loaded = load_file(_write(tmp_path / "r.csv", "input,output,label\n" + _rows(range(100))))
    taken = loaded.snapshot(name="r", criterion="c")
    assert [len(taken.part(part)) for part in Part] == [40, 30, 30]


def test_a_snapshot_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    one = load_file(_write(tmp_path / "1.csv", "input,output,label\n" + _rows(range(60))))
    two = load_file(_write(tmp_path / "2.csv", "input,output,label\n" + _rows(range(59, -1, -1))))
    digests = {loaded.snapshot(name="r", criterion="c").digest for loaded in (one, two)}
    assert len(digests) == 1


def test_a_file_is_read_as_the_caller_says(tmp_path: Path) -> None:
    file = _write(tmp_path / "r.csv", "text,reply,verdict\na,b,ok\nc,d,nok\ne,,ok\n")
    options = LoadOptions(
        label_mapping={"ok": "pass", "nok": "fail"},
        columns=ColumnRequest.parse({"input": "text"}),
        on_error="skip",
    )
    loaded = load_file(file, options)
    assert [row.label.value for row in loaded.rows] == ["pass", "fail"]
    assert loaded.refused.total == 1


def test_a_bad_file_is_refused_as_an_upload_would_be(tmp_path: Path) -> None:
    with pytest.raises(DatasetRejected, match="line 2"):
        load_file(_write(tmp_path / "r.csv", "input,output\na,\n"))
