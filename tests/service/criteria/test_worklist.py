"""Orders of the worklist that go by what assertions have said."""

from typing import Any

from sqlalchemy import Engine

from optimizers.types import Part
from service.datasets.snapshots import snapshot
from service.db import transaction
from tests.service.criteria.conftest import Api, say


def _list(data: Api, order: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = data.get("/worklist", annotator="anna", order=order, **more)
    return found


def _ids(found: dict[str, Any]) -> list[str]:
    return [row["id"] for row in found["rows"]]


def _asserted(data: Api, engine: Engine, *words: str) -> None:
    for k, said in enumerate(words):
        say(engine, data.assertion(data.criterion(f"Criterion {k}.")["id"]), said)


def test_evalgen_takes_turns_from_the_worst_and_the_cleanest(api: Api, engine: Engine) -> None:
    data = api.filled("......")
    # r1 is failed by all three, r2 by one; the other four by none
    _asserted(data, engine, "pfpppp", "pfpppp", "pffppp")
    found = _list(data, "evalgen")
    assert (found["order"], found["reason"]) == ("evalgen", None)
    assert _ids(found)[0] == "r1"
    assert _ids(found)[1] in {"r0", "r3", "r4", "r5"}
    assert _ids(found)[2] == "r2"
    assert {row["picked_by"] for row in found["rows"]} == {"evalgen"}


def test_what_is_settled_or_labelled_comes_after_open_rows(api: Api, engine: Engine) -> None:
    data = api.filled("..p...")
    _asserted(data, engine, "pfpppf")
    data.label("f")
    path = f"{data.at}/examples/r1/labels/ben"
    data.send("PUT", path, {"label": "fail"})
    data.send("PUT", f"{data.at}/examples/r5/marks/anna", {"kind": "skip"})
    found = _list(data, "evalgen")
    assert set(_ids(found)[:2]) == {"r3", "r4"}
    assert _ids(found)[2:] == ["r1", "r2", "r0", "r5"]
    assert [row["picked_by"] for row in found["rows"]][2:5] == ["order", "order", "order"]


def test_before_any_assertion_was_asked_the_order_is_the_given_one(api: Api) -> None:
    found = _list(api, "evalgen")
    assert (found["order"], found["asked"], _ids(found)) == ("given", "evalgen", [f"r{k}" for k in range(6)])
    assert "start an assertion run" in found["reason"]


def test_what_labels_leave_open_is_looked_for_by_chance_at_first(api: Api, engine: Engine) -> None:
    data = api.filled("." * 40)
    _asserted(data, engine, "f" * 40)
    found = _list(data, "uncertain")
    assert (found["order"], {row["picked_by"] for row in found["rows"]}) == ("random", {"random"})
    assert "20 labels" in found["reason"]
    assert _ids(found) == _ids(_list(data, "uncertain")) != [f"r{k}" for k in range(40)]
    assert _ids(_list(data, "uncertain", seed=1)) != _ids(found)


def test_then_come_the_rows_of_which_the_labels_say_least(api: Api, engine: Engine) -> None:
    labelled = "fp" * 12
    data = api.filled(labelled + "...")
    # Both fit the labels; r24 is clear to both, r25 is clear the other way, on r26 they say different things.
    _asserted(data, engine, labelled + "fpf", labelled + "fpp")
    found = _list(data, "uncertain")
    assert (found["order"], _ids(found)[0]) == ("uncertain", "r26")
    assert [row["picked_by"] for row in found["rows"][:3]] == ["learning"] * 3


def test_rows_that_assertions_chose_stay_out_of_test(api: Api, engine: Engine) -> None:
    data = api.filled("." * 30 + "fp" * 15)
    _asserted(data, engine, "fpp" * 20)
    for row in _list(data, "evalgen")["rows"][:30]:
        path = f"{data.at}/examples/{row['id']}/labels/anna"
        data.send("PUT", path, {"label": "pass", "picked_by": row["picked_by"]})
    with transaction(engine) as session:
        in_test = {row.id for row in snapshot(session, data.dataset).part(Part.TEST)}
    assert in_test
    assert in_test.isdisjoint(f"r{k}" for k in range(30))
