"""A look at an upload before anything is stored: it tells and refuses nothing."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.examples import support_desk_path
from optimizers.errors import DatasetRejected, InvalidInput
from service.datasets.ingest import FileUpload, Limits
from service.datasets.inspecting import CELL_MAX_CHARS, RAW_MAX_CHARS, look
from service.datasets.inspection_schemas import DatasetInspected
from service.errors import MediaUnsupported, TooLarge
from tests.service.datasets.conftest import Api


def _look(
    content: bytes,
    name: str = "rows.csv",
    *,
    label_mapping: dict[str, str] | None = None,
    columns: dict[str, Any] | None = None,
    limits: Limits | None = None,
) -> DatasetInspected:
    upload = FileUpload(io.BytesIO(content), name)
    return look(upload, label_mapping=label_mapping, columns=columns, limits=limits or Limits())


def _values(found: DatasetInspected) -> dict[str, tuple[str | None, int]]:
    return {value.value: (value.means, value.rows) for value in found.labels.values}


def test_it_tells_what_each_column_is_read_as() -> None:
    found = _look(b"id;question;answer;label;annotator_mira;colour\n1;a;b;1;0;red\n")
    assert [(c.name, c.role, c.annotator) for c in found.columns] == [
        ("id", "id", None),
        ("question", "input", None),
        ("answer", "output", None),
        ("label", "label", None),
        ("annotator_mira", None, "mira"),
        ("colour", None, None),
    ]
    assert (found.format, found.delimiter, found.rows, found.usable) == ("csv", ";", 1, 1)


def test_it_shows_the_first_ten_rows_as_they_would_be_stored_and_as_they_stand() -> None:
    rows = b"".join(b"r%d,q%d,a%d,1,fine,g\n" % (n, n, n) for n in range(12))
    found = _look(b"id,input,output,label,critique,group\n" + rows)
    assert [row.id for row in found.first_rows] == [f"r{n}" for n in range(10)]
    first = found.first_rows[0]
    assert (first.line, first.input, first.label, first.critique, first.group) == (
        2,
        "q0",
        "pass",
        "fine",
        "g",
    )
    assert found.raw_rows[9].cells["label"] == "1"
    assert len(found.raw_rows) == 10


def test_long_texts_are_cut_and_marked() -> None:
    found = _look(b"input,output\n" + b"x" * 5_000 + b",b\n")
    assert (len(found.first_rows[0].input), found.first_rows[0].cut) == (CELL_MAX_CHARS, True)
    assert len(found.raw_rows[0].cells["input"] or "") == RAW_MAX_CHARS


def test_each_way_of_writing_a_label_is_counted_with_what_it_means() -> None:
    found = _look(b"input,output,label,annotator_a\na,b,PASS,1\nc,d,pass,\ne,f,bad,\ng,h,,\n")
    assert _values(found) == {"1": ("pass", 0), "bad": ("fail", 1), "pass": ("pass", 2)}
    assert found.labels.classes.model_dump() == {"pass": 2, "fail": 1}
    assert (found.labels.unlabelled, found.labels.switchable) == (1, False)


def test_words_that_are_not_understood_are_counted_too() -> None:
    found = _look(b"input,output,label\na,b,yes\nc,d,yes\ne,f,no\n")
    assert _values(found) == {"no": (None, 1), "yes": (None, 2)}
    assert (found.usable, found.refused.rows, found.acceptable) == (0, 3, False)


def test_a_second_look_with_a_mapping_turns_the_classes() -> None:
    content = b"input,output,label\na,b,1\nc,d,1\ne,f,0\n"
    assert _look(content).labels.switchable
    found = _look(content, label_mapping={"1": "fail", "0": "pass"})
    assert found.labels.classes.model_dump() == {"pass": 1, "fail": 2}


def test_annotators_are_told_with_their_labels() -> None:
    found = _look(b"input,output,annotator_a,annotator_b\na,b,1,0\nc,d,1,\n")
    assert [(a.name, a.column, a.labels.model_dump()) for a in found.annotators] == [
        ("a", "annotator_a", {"pass": 2, "fail": 0}),
        ("b", "annotator_b", {"pass": 0, "fail": 1}),
    ]
    assert (found.labels.tied, found.labels.classes.passed) == (1, 1)


def test_annotators_of_nested_labels_have_no_column() -> None:
    line = json.dumps({"input": "a", "output": "b", "labels": {"anna": "pass"}}).encode()
    found = _look(line + b"\n", "rows.jsonl")
    assert [(a.name, a.column, a.labels.passed) for a in found.annotators] == [("anna", None, 1)]


# --- what cannot be used is a part of the answer ----------------------------------------------------


def test_unusable_rows_are_listed_and_the_others_counted() -> None:
    found = _look(b"input,output,label\na,b,1\nc,,1\ne,f,meh\n")
    assert (found.rows, found.usable, found.refused.rows, found.refused.total) == (3, 1, 2, 2)
    assert [(p.line, p.column, p.value) for p in found.refused.problems] == [
        (3, "output", ""),
        (4, "label", "meh"),
    ]


def test_a_hundred_problems_are_listed_and_all_are_counted() -> None:
    found = _look(b"input,output\n" + b"a,\n" * 350)
    assert (len(found.refused.problems), found.refused.total, found.rows) == (100, 350, 350)


def test_columns_that_are_not_found_are_told_with_what_there_is() -> None:
    found = _look(b"ticket,draft,grade\na,b,1\nc,d,0\n")
    assert [lack.role for lack in found.missing] == ["input", "output"]
    assert (found.rows, found.usable, found.first_rows) == (2, 0, [])
    assert found.raw_rows[0].cells == {"ticket": "a", "draft": "b", "grade": "1"}


def test_columns_that_are_named_are_found_in_a_second_look() -> None:
    found = _look(b"ticket,draft,grade\na,b,1\n", columns={"input": "ticket", "output": "draft"})
    assert (found.missing, found.usable, found.acceptable) == ([], 1, True)


def test_a_role_that_two_columns_could_play_is_a_question() -> None:
    found = _look(b"question,prompt,output\na,b,c\n")
    assert [(doubt.role, doubt.candidates) for doubt in found.unclear] == [("input", ["prompt", "question"])]
    assert found.raw_rows[0].cells["prompt"] == "b"


def test_all_columns_of_a_parquet_file_are_shown() -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"ticket": ["a"], "reply": ["b"], "score": [3]}), file)
    found = _look(file.getvalue(), "rows.parquet")
    assert [column.name for column in found.columns] == ["ticket", "reply", "score"]
    assert found.raw_rows[0].cells == {"ticket": "a", "reply": "b", "score": "3"}


def test_a_header_without_rows_is_told() -> None:
    found = _look(b"input,output\n")
    assert (found.rows, found.acceptable) == (0, False)
    assert found.refused.problems[0].message == "there are no rows below the header"


def test_a_file_that_breaks_off_is_told_up_to_there() -> None:
    rows = "".join(f"question {n},answer {n}\n" for n in range(20_000))  # a file is decoded in blocks
    found = _look(f"input,output\n{rows}".encode("utf-16") + b"\x00\xd8\x00")
    assert 1_000 < found.usable <= 20_000
    assert (found.acceptable, len(found.first_rows)) == (False, 10)
    assert "utf-16" in found.refused.problems[-1].message


@pytest.mark.parametrize("content", [b"", b" ", b"input,input\na,b\n"])
def test_only_that_of_which_nothing_can_be_read_is_refused(content: bytes) -> None:
    with pytest.raises(DatasetRejected):
        _look(content)


def test_a_quote_that_never_ends_is_told() -> None:
    found = _look(b'input,output\na,b\n"c,d\n')
    assert (found.rows, found.usable, found.refused.problems[0].line) == (2, 1, 3)


def test_lines_that_are_no_json_at_all_are_refused() -> None:
    with pytest.raises(DatasetRejected) as caught:
        _look(b"garbage\nmore\n", "rows.jsonl")
    assert caught.value.total == 2


def test_limits_and_kinds_hold_as_for_an_upload() -> None:
    with pytest.raises(MediaUnsupported):
        _look(b"PK\x03\x04", "rows.xlsx")
    with pytest.raises(TooLarge):
        _look(b"input,output\n" + b"a,b\n" * 5, limits=Limits(max_rows=4))
    with pytest.raises(InvalidInput):
        _look(b"input,output\na,b\n", columns={"colour": "x"})


def test_a_wrong_column_of_labels_does_not_fill_the_answer() -> None:
    rows = b"".join(b"q%d,a%d,text %d\n" % (n, n, n) for n in range(1_000))
    assert len(_look(b"input,output,label\n" + rows).labels.values) == 100


# --- warnings ---------------------------------------------------------------------------------------


def test_critiques_beside_passes_look_like_inverted_labels() -> None:
    fails = b"".join(b"q%d,a%d,1,too rude\n" % (n, n) for n in range(8))
    passes = b"".join(b"p%d,b%d,0,\n" % (n, n) for n in range(8))
    content = b"input,output,label,critique\n" + fails + passes
    assert any("look inverted" in warning for warning in _look(content).warnings)
    turned = _look(content, label_mapping={"1": "fail", "0": "pass"})
    assert not any("inverted" in warning for warning in turned.warnings)


def test_a_column_named_after_a_defect_looks_like_inverted_labels() -> None:
    content = b"input,output,is_bad\na,b,1\nc,d,0\n"
    found = _look(content, columns={"label": "is_bad"})
    assert any("'is_bad'" in warning for warning in found.warnings)


def test_critiques_beside_fails_are_as_expected() -> None:
    fails = b"".join(b"q%d,a%d,0,too rude\n" % (n, n) for n in range(8))
    passes = b"".join(b"p%d,b%d,1,\n" % (n, n) for n in range(8))
    assert _look(b"input,output,label,critique\n" + fails + passes).warnings == []


def test_one_class_and_duplicates_and_a_large_group_are_warned_of() -> None:
    content = b"id,input,output,label\n1,a,b,1\n2,a,b,1\n3,c,d,1\n"
    one_class, large, repeated = _look(content).warnings
    assert "all 3 labels are pass" in one_class
    assert "one group holds 2 of 3 rows" in large
    assert "1 rows repeat" in repeated


def test_the_shipped_example_has_no_warning() -> None:
    with support_desk_path().open("rb") as file:
        upload = FileUpload(file, "support_desk.csv")
        found = look(upload, label_mapping=None, columns=None, limits=Limits())
    assert (found.acceptable, found.rows, found.warnings) == (True, 261, [])


# --- over HTTP --------------------------------------------------------------------------------------


def test_a_file_is_looked_at_and_nothing_is_stored(api: Api) -> None:
    response = api.client.post(
        "/api/datasets/inspect",
        files={"file": ("rows.csv", b"input,output,label\na,b,1\nc,,0\n")},
        data={"label_mapping": json.dumps({"1": "fail", "0": "pass"})},
    )
    body = response.json()
    assert (response.status_code, body["rows"], body["usable"]) == (200, 2, 1)
    assert body["labels"]["classes"] == {"pass": 0, "fail": 1}
    assert api.client.get("/api/datasets").json()["items"] == []


def test_rows_of_a_json_body_are_looked_at(api: Api) -> None:
    rows = [{"input": "a", "output": "b", "label": True}, {"input": "c"}]
    body = api.client.post("/api/datasets/inspect", json={"examples": rows}).json()
    assert (body["format"], body["rows"], body["usable"]) == ("json", 2, 1)


def test_a_file_of_which_nothing_can_be_read_is_a_422(api: Api) -> None:
    response = api.client.post("/api/datasets/inspect", files={"file": ("rows.csv", b"a,a\n1,2\n")})
    assert (response.status_code, response.json()["code"]) == (422, "dataset_rejected")


def test_the_example_is_one_request_away(api: Api) -> None:
    response = api.client.post("/api/datasets/example", headers={"Idempotency-Key": "one"})
    body = response.json()
    assert (response.status_code, body["examples"], body["classes"]) == (201, 261, {"pass": 148, "fail": 113})
    assert response.headers["location"] == f"/api/datasets/{body['id']}"
    again = api.client.post("/api/datasets/example", headers={"Idempotency-Key": "one"})
    assert again.json()["id"] == body["id"]
