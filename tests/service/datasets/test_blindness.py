"""Rows by their ids, and what an annotator who is to be blind can see of them."""

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.service.datasets.conftest import Api
from tests.service.datasets.judging import evaluate

SECRET = "telltale"
ROWS: list[dict[str, Any]] = [
    {
        "id": "r0",
        "input": "q0",
        "output": "a0",
        "group": "g",
        "label": 0,
        "critique": f"{SECRET} of the file",
    },
    {
        "id": "r1",
        "input": "q1",
        "output": "a1",
        "labels": {"ben": {"label": 0, "critique": f"{SECRET} of ben"}},
    },
    {"id": "r2", "input": "q2", "output": "a2"},
]


def _dataset(api: Api, engine: Engine) -> str:
    """All that others could give away is in it: labels, critiques, marks, verdicts, parts."""
    dataset: str = api.create(*ROWS)["id"]
    evaluate(engine, dataset, 1, {"r0": "f", "r1": "p", "r2": "?"})
    evaluate(engine, dataset, 2, {"r0": "p"})
    path = f"/api/datasets/{dataset}/examples/r1/marks/ben"
    api.client.put(path, json={"kind": "flag", "note": f"{SECRET} of a mark"})
    api.label(dataset, "r2", "ben", "fail", critique=SECRET, picked_by="disagreement")
    return dataset


def _blind(api: Api, dataset: str, *ids: str, annotator: str = "anna") -> list[dict[str, Any]]:
    return api.examples(dataset, id=list(ids), annotator=annotator, blind=True)


def test_rows_come_in_the_order_asked(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    assert [row["id"] for row in api.examples(dataset, id=["r2", "r0"])] == ["r2", "r0"]


def test_one_s_own_label_and_mark_are_shown(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    api.label(dataset, "r2", "anna", "fail", critique="rude", picked_by="random")
    api.client.put(f"/api/datasets/{dataset}/examples/r2/marks/anna", json={"kind": "flag", "note": "ask"})
    (row,) = _blind(api, dataset, "r2")
    own, mark = row["own"], row["mark"]
    assert (own["label"], own["critique"], own["picked_by"]) == ("fail", "rude", "random")
    assert (mark["kind"], mark["note"]) == ("flag", "ask")


def test_nothing_of_others_or_of_judges_is_in_a_hidden_row(api: Api, engine: Engine) -> None:
    rows = _blind(api, _dataset(api, engine), "r0", "r1", "r2")
    assert [set(row) for row in rows] == [{"id", "input", "output", "group", "own", "mark", "hidden"}] * 3
    assert all(row["hidden"] is True and row["own"] is None and row["mark"] is None for row in rows)
    assert SECRET not in str(rows)


def test_a_row_opens_with_one_s_own_label_and_closes_without(api: Api, engine: Engine) -> None:
    dataset = _dataset(api, engine)
    api.label(dataset, "r0", "anna", "pass", adjudicates=False)
    opened, still_hidden = _blind(api, dataset, "r0", "r1")
    assert (opened["hidden"], still_hidden["hidden"]) == (False, True)
    assert (opened["label"], opened["critique"]) == ("fail", f"{SECRET} of the file")
    assert [(v["evaluation_id"], v["verdict"]) for v in opened["verdicts"]] == [
        ("ev_2", "pass"),
        ("ev_1", "fail"),
    ]
    api.client.delete(f"/api/datasets/{dataset}/examples/r0/labels/anna")
    assert _blind(api, dataset, "r0")[0]["hidden"] is True


def test_who_is_not_blind_sees_everything(api: Api, engine: Engine) -> None:
    row = api.examples(_dataset(api, engine), id=["r1"], annotator="anna")[0]
    assert (row["hidden"], row["labels"]["ben"]["label"], row["marks"]["ben"]["kind"]) == (
        False,
        "fail",
        "flag",
    )
    assert [verdict["rationale"] for verdict in row["verdicts"]] == ["p of judge 1"]


def test_a_verdict_that_could_not_be_read_says_so(api: Api, engine: Engine) -> None:
    (verdict,) = api.examples(_dataset(api, engine), id=["r2"])[0]["verdicts"]
    assert (verdict["verdict"], verdict["failure"]) == (None, "unparseable")


def test_the_list_can_be_read_blind_too(api: Api, engine: Engine) -> None:
    dataset = _dataset(api, engine)
    rows = api.examples(dataset, annotator="anna", blind=True, labelled=True)
    assert [row["hidden"] for row in rows] == [True] * 3
    assert SECRET not in str(rows)


@pytest.mark.parametrize("tells", [{"label": "fail"}, {"disagrees_with": "ev_1"}])
def test_no_filter_tells_the_blind(api: Api, engine: Engine, tells: dict[str, str]) -> None:
    path = f"/api/datasets/{_dataset(api, engine)}/examples"
    response = api.client.get(path, params={"annotator": "anna", "blind": True, **tells})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


def test_the_blind_filter_by_their_own_marks_alone(api: Api, engine: Engine) -> None:
    dataset = _dataset(api, engine)
    assert api.examples(dataset, annotator="anna", blind=True, marked="flag") == []


def test_who_is_blind_has_a_name(api: Api) -> None:
    dataset = api.create(*ROWS)["id"]
    assert api.client.get(f"/api/datasets/{dataset}/examples", params={"blind": True}).status_code == 422


def test_ids_take_no_filter_and_are_fifty_at_most(api: Api) -> None:
    path = f"/api/datasets/{api.create(*ROWS)['id']}/examples"
    many = "&".join(f"id=x{k}" for k in range(51))
    for wrong in ("id=r0&labelled=true", many):
        assert api.client.get(f"{path}?{wrong}").status_code == 422


def test_an_id_that_is_not_there_is_named(api: Api) -> None:
    path = f"/api/datasets/{api.create(*ROWS)['id']}/examples"
    response = api.client.get(path, params={"id": ["r0", "r9"]})
    assert (response.status_code, response.json()["kind"], response.json()["id"]) == (404, "example", "r9")
