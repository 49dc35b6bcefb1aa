"""Marks: flagged for somebody to look at, skipped for now."""

from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import select

from service.datasets.tables import MarkRow
from service.db import transaction
from tests.service.datasets.conftest import Api

ROWS = [{"id": f"r{k}", "input": f"q{k}", "output": "a"} for k in range(3)]


def _mark(api: Api, dataset: str, example: str, annotator: str, **body: Any) -> dict[str, Any]:
    path = f"/api/datasets/{dataset}/examples/{example}/marks/{annotator}"
    response = api.client.put(path, json=body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def _marks(api: Api, dataset: str, example: str) -> dict[str, str]:
    row = api.client.get(f"/api/datasets/{dataset}/examples/{example}").json()
    return {name: mark["kind"] for name, mark in row["marks"].items()}


def test_a_row_is_flagged_with_a_note(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    mark = _mark(api, dataset, "r0", "anna", kind="flag", note=" unclear ")
    assert (mark["kind"], mark["note"]) == ("flag", "unclear")
    assert api.examples(dataset)[0]["marks"] == {"anna": mark}


def test_each_annotator_has_one_mark_on_a_row(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    _mark(api, dataset, "r0", "anna", kind="flag")
    _mark(api, dataset, "r0", "ben", kind="skip")
    _mark(api, dataset, "r0", "anna", kind="skip")
    assert _marks(api, dataset, "r0") == {"anna": "skip", "ben": "skip"}


def test_the_same_mark_again_changes_nothing(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    once = _mark(api, dataset, "r0", "anna", kind="flag", note="why")
    assert _mark(api, dataset, "r0", "anna", kind="flag", note="why") == once


def test_a_mark_is_taken_off_however_often(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    _mark(api, dataset, "r0", "anna", kind="flag")
    _mark(api, dataset, "r0", "ben", kind="flag")
    path = f"/api/datasets/{dataset}/examples/r0/marks/anna"
    assert [api.client.delete(path).status_code for _ in range(2)] == [204, 204]
    assert _marks(api, dataset, "r0") == {"ben": "flag"}


def test_a_label_ends_one_s_own_skip_and_no_flag(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    _mark(api, dataset, "r0", "anna", kind="skip")
    _mark(api, dataset, "r0", "ben", kind="skip")
    _mark(api, dataset, "r1", "anna", kind="flag")
    assert list(api.label(dataset, "r0", "anna", "pass")["marks"]) == ["ben"]
    assert list(api.label(dataset, "r1", "anna", "pass")["marks"]) == ["anna"]
    assert (_marks(api, dataset, "r0"), _marks(api, dataset, "r1")) == ({"ben": "skip"}, {"anna": "flag"})


def test_marked_rows_are_listed_of_all_or_of_one(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    _mark(api, dataset, "r0", "anna", kind="flag")
    _mark(api, dataset, "r1", "ben", kind="flag")
    _mark(api, dataset, "r2", "ben", kind="skip")

    def found(**filters: str) -> list[str]:
        return [row["id"] for row in api.examples(dataset, **filters)]

    assert found(marked="flag") == ["r0", "r1"]
    assert found(marked="flag", annotator="ben") == ["r1"]
    assert found(marked="skip") == ["r2"]


def test_marked_rows_are_counted(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    for annotator in ("anna", "ben"):
        _mark(api, dataset, "r0", annotator, kind="flag")
    assert api.dataset(dataset)["marked"] == {"flag": 1, "skip": 0}


def test_marks_go_with_their_dataset(api: Api, engine: Engine) -> None:
    dataset = api.create(*ROWS)["id"]
    _mark(api, dataset, "r0", "anna", kind="flag")
    assert api.client.delete(f"/api/datasets/{dataset}").status_code == 200
    with transaction(engine, read_only=True) as session:
        assert session.exec(select(func.count()).select_from(MarkRow)).one() == 0


@pytest.mark.parametrize(
    "body", [{}, {"kind": "star"}, {"kind": "flag", "x": 1}, {"kind": "flag", "note": "\x00"}]
)
def test_a_mark_is_a_flag_or_a_skip(api: Api, body: dict[str, str]) -> None:
    dataset = api.create(*ROWS)["id"]
    response = api.client.put(f"/api/datasets/{dataset}/examples/r0/marks/anna", json=body)
    assert response.status_code == 422


def test_a_mark_needs_a_row(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    path = f"/api/datasets/{dataset}/examples/r9/marks/anna"
    for response in (api.client.put(path, json={"kind": "flag"}), api.client.delete(path)):
        assert (response.status_code, response.json()["kind"]) == (404, "example")
