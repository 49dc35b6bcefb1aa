"""Uploads over HTTP: all, nothing, or what was asked to be skipped."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.service.datasets.conftest import Api

CSV = b"id,input,output,label,feedback,annotator_1,annotator_2\nr1,a,b,1,good,1,1\nr2,c,d,0,bad,0,1\n"

JSON = {"content-type": "application/json"}


def test_a_file_becomes_a_dataset(api: Api) -> None:
    response = api.upload(CSV, "replies.csv", criterion="It answers.")
    body = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/api/datasets/{body['id']}"
    assert (body["name"], body["examples"], body["labelled"]) == ("replies", 2, 2)
    assert body["classes"] == {"pass": 1, "fail": 1}
    assert body["refused"] == {"rows": 0, "total": 0, "problems": []}


def test_the_response_says_how_the_file_was_understood(api: Api) -> None:
    understood = api.upload(CSV).json()["understood"]
    assert understood["columns"]["critique"] == "feedback"
    assert understood["labels"] == {"0": {"means": "fail", "rows": 1}, "1": {"means": "pass", "rows": 1}}


def test_a_mapping_turns_the_classes(api: Api) -> None:
    mapping = json.dumps({"1": "fail", "0": "pass"})
    body = api.upload(b"input,output,label\na,b,1\nc,d,1\ne,f,0\n", label_mapping=mapping).json()
    assert body["classes"] == {"pass": 1, "fail": 2}
    assert body["label_mapping"] == {"1": "fail", "0": "pass"}


def test_columns_are_taken_as_asked(api: Api) -> None:
    columns = json.dumps({"input": "ticket", "output": "draft"})
    body = api.upload(b"ticket,draft,label\na,b,1\n", columns=columns).json()
    assert body["understood"]["columns"]["input"] == "ticket"


def test_a_bad_row_refuses_the_whole_file_and_nothing_is_stored(api: Api) -> None:
    response = api.upload(b"input,output,label\na,b,1\nc,,1\n")
    body = response.json()
    assert (response.status_code, body["code"], body["total"]) == (422, "dataset_rejected", 1)
    assert body["problems"][0] == {
        "line": 3,
        "column": "output",
        "value": "",
        "message": "the output is empty",
        "allowed": "a text with at least one character",
    }
    assert api.client.get("/api/datasets").json()["items"] == []


def test_skipping_stores_the_rest_and_lists_what_was_refused(api: Api) -> None:
    response = api.upload(b"input,output,label\na,b,1\nc,,1\ne,f,meh\n", on_error="skip")
    body = response.json()
    assert (response.status_code, body["added"], body["examples"]) == (201, 1, 1)
    assert [p["line"] for p in body["refused"]["problems"]] == [3, 4]


def test_json_rows_become_a_dataset(api: Api) -> None:
    body = api.create(
        {"id": 7, "input": "a", "output": "b", "label": True, "critique": "fine", "group": 3},
        {"input": "c", "output": "d", "labels": {"anna": "pass", "ben": "fail"}},
        split={"train": 0.5, "dev": 0.5, "test": 0},
    )
    assert (body["examples"], body["labelled"], body["tied"]) == (2, 1, 1)
    assert body["split"] == {"train": 0.5, "dev": 0.5, "test": 0.0}
    assert api.examples(body["id"])[0]["id"] == "7"


def test_json_rows_are_refused_by_their_number(api: Api) -> None:
    rows = [{"input": "a", "output": "b"}, {"input": "c"}, {"input": "\ud800", "output": "d", "label": "meh"}]
    body = {"name": "n", "criterion": "c", "examples": rows}
    response = api.client.post("/api/datasets", content=json.dumps(body), headers=JSON)
    assert response.status_code == 422
    assert [(p["line"], p["column"]) for p in response.json()["problems"]] == [
        (2, "output"),
        (3, "input"),
        (3, "label"),
    ]


def test_a_dataset_may_begin_empty(api: Api) -> None:
    assert api.create()["examples"] == 0


def test_a_criterion_is_needed_unless_the_file_says_it(api: Api) -> None:
    files = {"file": ("r.csv", b"input,output\na,b\n")}
    response = api.client.post("/api/datasets", files=files)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    assert "criterion" in response.json()["detail"]
    with_column = {"file": ("r.csv", b"input,output,criterion\na,b,polite\n")}
    assert api.client.post("/api/datasets", files=with_column).json()["criterion"] == "polite"


def test_a_criterion_reads_the_same_from_a_form_and_from_json(api: Api) -> None:
    response = api.upload(CSV, criterion="It answers.\r\n\r\n- kindly")
    assert response.json()["criterion"] == "It answers.\n\n- kindly"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"label_mapping": "nonsense"}, "label_mapping"),
        ({"label_mapping": '{"1": "perhaps"}'}, "label_mapping"),
        ({"columns": '{"inptu": "x"}'}, "columns"),
        ({"split": '{"train": 1, "dev": 1, "test": 1}'}, "split"),
        ({"split": '{"train": 1, "dev": 0, "test": 0}'}, "split.dev"),
        ({"on_error": "ignore"}, "on_error"),
        ({"criterium": "x"}, "criterium"),
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
    ],
)
def test_a_wrong_field_is_named(api: Api, fields: dict[str, str], named: str) -> None:
    response = api.upload(CSV, **fields)
    assert response.status_code == 422
    assert named in response.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name": "x"}', b"\xff", b"[" * 50_000])
def test_a_body_that_is_no_dataset_is_refused(api: Api, body: bytes) -> None:
    response = api.client.post("/api/datasets", content=body, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")


def test_a_form_without_a_file_is_refused(api: Api) -> None:
    response = api.client.post("/api/datasets", files={"other": ("r.csv", b"x")}, data={"criterion": "c"})
    assert response.status_code == 422
    assert "file" in response.json()["detail"]


def test_other_kinds_of_bodies_and_files_are_refused(api: Api) -> None:
    plain = api.client.post("/api/datasets", content=b"a,b", headers={"content-type": "text/csv"})
    assert (plain.status_code, plain.json()["code"]) == (415, "media_unsupported")
    assert api.upload(b"PK\x03\x04rest", "rows.xlsx").status_code == 415


def test_a_broken_multipart_body_is_refused(api: Api) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = api.client.post("/api/datasets", content=b"--y\r\nnonsense", headers=headers)
    assert response.status_code in (400, 422)


def test_limits_hold(small_api: Api) -> None:
    rows = b"input,output\n" + b"".join(b"a%d,b\n" % n for n in range(6))
    many = small_api.upload(rows)
    assert (many.status_code, many.json()["code"]) == (413, "too_large")
    large = small_api.upload(b"input,output\n" + b"a,b\n" * 600)
    assert (large.status_code, "2,000" in large.json()["detail"]) == (413, True)
    long_cell = small_api.upload(b"input,output\na," + b"b" * 101 + b"\n")
    assert (long_cell.status_code, long_cell.json()["problems"][0]["line"]) == (422, 2)


def test_a_body_far_above_the_limit_is_answered_and_not_just_cut_off(small_api: Api) -> None:
    response = small_api.upload(b"x" * (20 * 1024 * 1024))
    assert response.status_code == 413


def test_two_uploads_of_one_file_at_the_same_moment_make_two_datasets(api: Api) -> None:
    rows = b"".join(b"r%d,in %d,out %d,1\n" % (n, n, n) for n in range(1500))
    content = b"id,input,output,label\n" + rows
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda _: api.upload(content), range(4)))
    assert [r.status_code for r in responses] == [201] * 4
    assert len({r.json()["id"] for r in responses}) == 4
    assert {api.dataset(r.json()["id"])["examples"] for r in responses} == {1500}


def test_appending_adds_rows_under_the_dataset_s_own_words(api: Api) -> None:
    dataset = api.create({"input": "a", "output": "b", "label": 1}, label_mapping={"1": "fail", "0": "pass"})
    path = f"/api/datasets/{dataset['id']}/examples"
    response = api.client.post(path, files={"file": ("more.csv", b"input,output,label\nc,d,0\n")})
    assert (response.status_code, response.json()["added"]) == (201, 1)
    assert response.json()["classes"] == {"pass": 1, "fail": 1}


def test_appended_rows_may_not_clash_with_those_that_are_there(api: Api) -> None:
    dataset = api.create({"id": "r1", "input": "a", "output": "b", "label": 1})
    rows = [
        {"id": "r1", "input": "x", "output": "y"},
        {"id": "r2", "input": "a", "output": "b", "label": 0},
        {"id": "r3", "input": "c", "output": "d", "label": 0},
    ]
    path = f"/api/datasets/{dataset['id']}/examples"
    refused = api.client.post(path, json={"examples": rows})
    assert [(p["line"], p["column"]) for p in refused.json()["problems"]] == [(1, "id"), (2, "label")]
    assert api.dataset(dataset["id"])["examples"] == 1
    skipped = api.client.post(path, json={"examples": rows, "on_error": "skip"})
    assert (skipped.json()["added"], skipped.json()["refused"]["rows"]) == (1, 2)


def test_appending_to_nothing_is_not_found(api: Api) -> None:
    assert api.client.post("/api/datasets/ds_no/examples", json={"examples": []}).status_code == 404


def test_the_same_append_twice_under_one_key_adds_once(api: Api) -> None:
    dataset = api.create()
    path = f"/api/datasets/{dataset['id']}/examples"
    body = {"examples": [{"id": "r1", "input": "a", "output": "b"}]}
    for _ in range(2):
        response = api.client.post(path, json=body, headers={"Idempotency-Key": "k"})
        assert (response.status_code, response.json()["examples"]) == (201, 1)


@pytest.mark.parametrize(("filename", "name"), [("my replies.csv", "my replies"), (" .csv", "dataset")])
def test_a_file_lends_its_name(api: Api, filename: str, name: str) -> None:
    assert api.upload(CSV, filename).json()["name"] == name
