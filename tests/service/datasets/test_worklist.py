"""The list that an annotator works through."""

from typing import Any

import pytest
from sqlalchemy import Engine

from optimizers.types import Part
from service.datasets.snapshots import snapshot
from service.db import transaction
from tests.service.datasets.conftest import Api
from tests.service.datasets.judging import evaluate, run


def _rows(n: int) -> list[dict[str, Any]]:
    return [{"id": f"r{k}", "input": f"q{k}", "output": f"a{k}"} for k in range(n)]


def _list(api: Api, dataset: str, annotator: str = "anna", **asked: Any) -> dict[str, Any]:
    response = api.client.get(f"/api/datasets/{dataset}/worklist", params={"annotator": annotator, **asked})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def _ids(found: dict[str, Any]) -> list[str]:
    return [row["id"] for row in found["rows"]]


def _mark(api: Api, dataset: str, example: str, kind: str, annotator: str = "anna") -> None:
    path = f"/api/datasets/{dataset}/examples/{example}/marks/{annotator}"
    assert api.client.put(path, json={"kind": kind}).status_code == 200


def test_it_holds_all_rows_with_one_s_own_labels_and_marks(api: Api) -> None:
    dataset = api.create(*_rows(3), {"id": "given", "input": "x", "output": "y", "label": 1})["id"]
    api.label(dataset, "r0", "anna", "fail")
    api.label(dataset, "r1", "ben", "pass")
    _mark(api, dataset, "r2", "flag")
    _mark(api, dataset, "r0", "flag", "ben")
    found = _list(api, dataset)
    rest = {"picked_by": "order"}
    assert found["rows"] == [
        {"id": "r0", "label": "fail", "mark": None, "settled": True, **rest},
        {"id": "r1", "label": None, "mark": None, "settled": True, **rest},
        {"id": "r2", "label": None, "mark": "flag", "settled": False, **rest},
        {"id": "given", "label": None, "mark": None, "settled": True, **rest},
    ]
    counts = {"total": 4, "labelled_by_you": 1, "flagged": 1, "skipped": 0, "settled": 3}
    assert (found["order"], found["reason"], found["counts"]) == ("given", None, counts)


def test_a_label_that_was_taken_back_is_none(api: Api) -> None:
    dataset = api.create(*_rows(1))["id"]
    api.label(dataset, "r0", "anna", "fail")
    api.client.delete(f"/api/datasets/{dataset}/examples/r0/labels/anna")
    assert _list(api, dataset)["rows"][0]["label"] is None


def test_skipped_rows_come_last(api: Api) -> None:
    dataset = api.create(*_rows(4))["id"]
    for example in ("r0", "r2"):
        _mark(api, dataset, example, "skip")
    assert _ids(_list(api, dataset)) == ["r1", "r3", "r0", "r2"]
    assert _list(api, dataset)["counts"]["skipped"] == 2
    assert _ids(_list(api, dataset, "ben")) == ["r0", "r1", "r2", "r3"]


def test_a_random_order_is_the_same_each_time_and_each_annotator_s_own(api: Api) -> None:
    dataset = api.create(*_rows(40))["id"]
    one = _ids(_list(api, dataset, order="random"))
    assert one == _ids(_list(api, dataset, order="random")) != [f"r{k}" for k in range(40)]
    others = [_list(api, dataset, "ben", order="random"), _list(api, dataset, order="random", seed=1)]
    assert all(sorted(_ids(other)) == sorted(one) and _ids(other) != one for other in others)
    assert {row["picked_by"] for row in others[0]["rows"]} == {"random"}


def test_rows_that_are_added_leave_a_random_order_as_it_was(api: Api) -> None:
    dataset = api.create(*_rows(20))["id"]
    before = _ids(_list(api, dataset, order="random"))
    api.client.post(f"/api/datasets/{dataset}/examples", json={"examples": _rows(30)[20:]})
    assert [i for i in _ids(_list(api, dataset, order="random")) if i in before] == before


def test_rows_on_which_judges_disagree_most_come_first(api: Api, engine: Engine) -> None:
    dataset = api.create(*_rows(5))["id"]
    #                          r0   r1   r2   r3; r4 was judged by nobody
    for number, words in enumerate(["pfpp", "pffp", "pfpf", "pffp"]):
        evaluate(engine, dataset, number, {f"r{k}": word for k, word in enumerate(words)})
    found = _list(api, dataset, order="disagreement")
    # of four verdicts r2 has 2 fails, r3 has 1; r0 and r1 have 0 of the smaller class
    assert (found["order"], _ids(found)) == ("disagreement", ["r2", "r3", "r0", "r1", "r4"])
    assert found["disagreed_on"] == 2
    picked = {row["id"]: row["picked_by"] for row in found["rows"]}
    assert picked == dict.fromkeys(["r0", "r1", "r2", "r3"], "disagreement") | {"r4": "order"}


def test_candidates_of_runs_count_as_well(api: Api, engine: Engine) -> None:
    dataset = api.create(*_rows(3))["id"]
    run(engine, dataset, [{"r0": "p", "r2": "p"}, {"r0": "p", "r2": "f", "r1": "?"}])
    assert _ids(_list(api, dataset, order="disagreement")) == ["r2", "r0", "r1"]


def test_one_judge_that_is_asked_twice_is_one_judge(api: Api, engine: Engine) -> None:
    dataset = api.create(*_rows(2))["id"]
    for number, word in enumerate("pf"):
        evaluate(engine, dataset, number, {"r1": word}, instruction="the same")
    found = _list(api, dataset, order="disagreement")
    assert (found["order"], found["asked"]) == ("given", "disagreement")
    assert "no row has verdicts of two judges" in found["reason"]


def test_an_order_that_cannot_be_had_says_why(api: Api, engine: Engine) -> None:
    dataset = api.create(*_rows(2))["id"]
    assert "no judge has given a verdict" in _list(api, dataset, order="disagreement")["reason"]
    for number in range(2):
        evaluate(engine, dataset, number, {"r0": "p", "r1": "?"})
    found = _list(api, dataset, order="disagreement")
    assert (found["order"], _ids(found)) == ("given", ["r0", "r1"])
    assert "agree on every row" in found["reason"]
    assert {row["picked_by"] for row in found["rows"]} == {"order"}


def test_rows_that_are_labelled_as_the_list_says_stay_out_of_test_if_judges_chose_them(
    api: Api, engine: Engine
) -> None:
    dataset = api.create(*_rows(60))["id"]
    for number in range(2):
        verdicts = {f"r{k}": "pf"[(k * number) % 2] for k in range(30)}
        evaluate(engine, dataset, number, verdicts)
    for k, row in enumerate(_list(api, dataset, order="disagreement")["rows"]):
        api.label(dataset, row["id"], "anna", ("pass", "fail")[k % 2], picked_by=row["picked_by"])
    with transaction(engine) as session:
        taken = snapshot(session, dataset)
    in_test = {row.id for row in taken.part(Part.TEST)}
    assert in_test
    assert in_test.isdisjoint(f"r{k}" for k in range(30))
    assert api.examples(dataset, id="r0")[0]["picked_by"] == "disagreement"


@pytest.mark.parametrize("asked", [{}, {"annotator": ""}, {"annotator": "a", "order": "whim"}])
def test_it_is_asked_for_by_somebody_in_an_order_that_there_is(api: Api, asked: dict[str, str]) -> None:
    dataset = api.create()["id"]
    assert api.client.get(f"/api/datasets/{dataset}/worklist", params=asked).status_code == 422


def test_of_a_dataset_that_is_not_there_there_is_none(api: Api) -> None:
    response = api.client.get("/api/datasets/ds_no/worklist", params={"annotator": "anna"})
    assert (response.status_code, response.json()["kind"]) == (404, "dataset")
