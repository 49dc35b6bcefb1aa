"""Assertions: prompts and code checks, verified when they come, replaced when they change."""

from typing import Any

import pytest
from sqlalchemy import Engine

from optimizers.types import Failure, FailureKind, Label, ModelRef, Verdict
from service.criteria import verdicts
from service.criteria.assertions import live_assertions
from service.db import transaction
from tests.service.criteria.conftest import Api

SHORT = "words(output) <= 50"


def _assertion(
    api: Api, criterion: str, kind: str = "check", text: str = SHORT, **more: Any
) -> dict[str, Any]:
    body = {"criterion_id": criterion, "kind": kind, "text": text} | more
    found: dict[str, Any] = api.post("/assertions", body)
    return found


def _ids(api: Api, **params: Any) -> list[str]:
    return [one["id"] for one in api.get("/assertions", **params)["items"]]


def test_a_criterion_has_assertions_of_both_kinds(api: Api) -> None:
    cid = api.criterion("Short.")["id"]
    check = _assertion(api, cid, author="anna")
    prompt = _assertion(api, cid, "prompt", "", reasoning=False)
    assert (check["kind"], check["text"], check["author"], check["source"]) == (
        "check",
        SHORT,
        "anna",
        "written",
    )
    assert (prompt["text"], prompt["reasoning"], prompt["is_behind"], prompt["n_judged"]) == (
        "",
        False,
        False,
        0,
    )
    assert _ids(api) == _ids(api, criterion=cid) == [check["id"], prompt["id"]]
    assert api.get(f"/criteria/{cid}")["n_assertions"] == 2


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("words(output) <=", 1, 17, "mismatched input"),
        ("true &&\n  wrods(output) < 3", 2, 8, "undeclared reference"),
        ("words(output)", 1, 1, "must be true or false"),
        ('output.matches("(a")', 1, 16, "missing"),
    ],
)
def test_a_check_that_cannot_be_used_is_refused_with_its_place(
    api: Api, text: str, line: int, column: int, reason: str
) -> None:
    cid = api.criterion()["id"]
    body = {"criterion_id": cid, "kind": "check", "text": text}
    refused = api.post("/assertions", body, expect=422)
    assert (refused["code"], refused["line"], refused["column"]) == ("check_refused", line, column)
    assert reason in refused["reason"]
    assert _ids(api) == []


def test_a_change_is_a_new_assertion_and_the_old_one_is_kept(api: Api) -> None:
    old = _assertion(api, api.criterion()["id"])
    path = f"{api.at}/assertions/{old['id']}"
    new = api.send("PATCH", path, {"text": "words(output) <= 60", "author": "ben"})
    assert (new["replaces"], new["text"], new["author"]) == (old["id"], "words(output) <= 60", "ben")
    assert (_ids(api), _ids(api, all=True)) == ([new["id"]], [old["id"], new["id"]])
    assert "retired" in api.send("PATCH", path, {"text": SHORT}, expect=409)["detail"]
    bad = api.send("PATCH", f"{api.at}/assertions/{new['id']}", {"text": "1 +"}, expect=422)
    assert bad["code"] == "check_refused"


def test_the_same_words_again_are_the_same_assertion(api: Api) -> None:
    old = _assertion(api, api.criterion()["id"])
    assert api.send("PATCH", f"{api.at}/assertions/{old['id']}", {"text": SHORT})["id"] == old["id"]


def test_prompts_follow_their_criterion_and_checks_fall_behind(api: Api) -> None:
    cid = api.criterion("Short.")["id"]
    check, prompt = _assertion(api, cid), _assertion(api, cid, "prompt", "Count first.")
    api.change(cid, text="At most 50 words.")
    found = {one["kind"]: one for one in api.get("/assertions")["items"]}
    assert (found["check"]["id"], found["check"]["is_behind"]) == (check["id"], True)
    assert (found["prompt"]["replaces"], found["prompt"]["source"]) == (prompt["id"], "carried")
    assert (found["prompt"]["criterion_version"], found["prompt"]["is_behind"]) == (2, False)
    api.change(cid, name="length")
    assert {one["id"] for one in api.get("/assertions")["items"]} == {one["id"] for one in found.values()}


def test_live_assertions_are_those_in_use(api: Api, engine: Engine) -> None:
    kept, gone = api.criterion("Short.")["id"], api.criterion("Polite.")["id"]
    check, retired = _assertion(api, kept), _assertion(api, kept, text="size(output) > 0")
    _assertion(api, gone, "prompt", "Be strict.")
    api.send("POST", f"{api.at}/assertions/{retired['id']}/retire")
    api.send("POST", f"{api.at}/criteria/{gone}/retire")
    with transaction(engine, read_only=True) as session:
        live = live_assertions(session, api.dataset)
    assert [(one.id, one.criterion, one.kind, one.text) for one in live] == [
        (check["id"], "Short.", "check", SHORT)
    ]
    refused = {"criterion_id": gone, "kind": "prompt"}
    assert "retired" in api.post("/assertions", refused, expect=409)["detail"]


def test_what_was_said_first_stays(api: Api, engine: Engine) -> None:
    own = _assertion(api, api.criterion()["id"], "prompt", "")["id"]
    model = ModelRef(name="offline")
    failed = Failure(kind=FailureKind.UNPARSEABLE, message="no \x00 verdict")
    with transaction(engine) as session:
        verdicts.store(session, own, model, {"r1": Verdict(label=Label.FAIL, rationale="long"), "r0": failed})
        verdicts.store(session, own, model, {"r1": Verdict(label=Label.PASS)})
    api.send("PUT", f"{api.at}/examples/r1/labels/anna", {"label": "pass"})
    said = api.get(f"/assertions/{own}/verdicts")["items"]
    assert [(one["example_id"], one["verdict"], one["failure"], one["label"]) for one in said] == [
        ("r0", None, "unparseable", None),
        ("r1", "fail", None, "pass"),
    ]
    assert (said[0]["message"], said[1]["rationale"]) == ("no \ufffd verdict", "long")
    some = api.client.get(f"/api{api.at}/assertions/{own}/verdicts", params={"id": ["r1", "r5"]})
    assert [one["example_id"] for one in some.json()["items"]] == ["r1"]
    assert api.get(f"/assertions/{own}")["n_judged"] == 2


@pytest.mark.parametrize(
    "body", [{"kind": "check"}, {"kind": "check", "text": " "}, {"kind": "python", "text": "x"}]
)
def test_what_is_no_assertion_is_refused(api: Api, body: dict[str, str]) -> None:
    api.post("/assertions", {"criterion_id": api.criterion()["id"]} | body, expect=422)


def test_an_assertion_needs_a_criterion_of_its_dataset(api: Api) -> None:
    body = {"criterion_id": "crit_no", "kind": "prompt"}
    assert api.post("/assertions", body, expect=404)["kind"] == "criterion"


# --- trying checks ----------------------------------------------------------------------------------


def test_the_functions_of_checks_are_listed_each_with_an_example(api: Api) -> None:
    found = api.send("GET", "/checks/functions")
    assert {"words", "matches", "fitsSchema"} <= {one["name"] for one in found}
    assert all(one["example"] and one["gives"] for one in found)


def test_a_check_is_tried_on_rows(api: Api) -> None:
    rows = [{"input": "", "output": "one"}, {"input": "", "output": "[1]"}, {"input": "", "output": "[]"}]
    found = api.send("POST", "/checks/try", {"expression": "json(output)[0] == 1.0", "rows": rows})["cells"]
    assert [cell["verdict"] for cell in found] == [None, "pass", None]
    assert found[1]["error"] is None
    assert found[0]["error"]


def test_a_hostile_check_is_stopped(api: Api) -> None:
    nested = "[1,2,3,4,5,6,7,8].all(a, " * 12 + "true" + ")" * 12
    refused = api.send("POST", "/checks/try", {"expression": nested}, expect=422)
    assert refused["code"] == "check_refused"
