"""Labels that a change of a criterion puts in doubt."""

from typing import Any

from sqlalchemy import Engine

from tests.service.criteria.conftest import Api, say

PAGES, WORDS = "The reply fits on a page.", "The reply has at most fifty words."


def _doubts(data: Api, cid: str) -> dict[str, Any]:
    found: dict[str, Any] = data.get("/doubts", criterion=cid)
    return found


def _rows(found: dict[str, Any]) -> list[str]:
    return [doubt["example_id"] for doubt in found["doubts"]]


def _changed(data: Api, engine: Engine, before: str, after: str) -> str:
    """A criterion whose assertion said `before` of the old text and `after` of the new one."""
    cid = str(data.criterion(PAGES)["id"])
    say(engine, data.assertion(cid), before)
    data.change(cid, text=WORDS, author="anna", note="a page is long")
    check = data.get("/assertions", criterion=cid)["items"][0]["id"]
    new = data.send("PATCH", f"{data.at}/assertions/{check}", {"text": "words(output) <= 50"})
    say(engine, new["id"], after)
    return cid


def test_a_label_that_the_new_text_s_verdict_contradicts_comes_first(api: Api, engine: Engine) -> None:
    data = api.filled("pppf")
    #                      r0: turned against the label; r1, r2: the same; r3: turned towards it
    cid = _changed(data, engine, "pppp", "fppf")
    found = _doubts(data, cid)
    assert _rows(found) == ["r0"]
    assert "contradicts the label" in found["doubts"][0]["grounds"][0]
    assert (found["compared"], found["change"]["old"], found["change"]["new"]) == (4, PAGES, WORDS)
    assert (found["change"]["version"], found["change"]["note"]) == (2, "a page is long")


def test_a_critique_that_speaks_of_what_changed_is_a_ground(api: Api) -> None:
    api.label("fpp")
    path = f"{api.at}/examples/r3/labels/anna"
    api.send("PUT", path, {"label": "fail", "critique": "This goes on for more than a page."})
    cid = api.criterion(PAGES)["id"]
    api.change(cid, text=WORDS)
    first = _doubts(api, cid)["doubts"][0]
    assert (first["example_id"], first["words"], first["label"]) == ("r3", ["page"], "fail")


def test_before_anything_was_compared_every_earlier_label_is_listed(api: Api) -> None:
    cid = api.criterion(PAGES)["id"]
    api.label("fp")
    assert _doubts(api, cid) == {"criterion_id": cid, "change": None, "compared": 0, "doubts": []}
    api.change(cid, name="length")
    assert _doubts(api, cid)["change"] is None
    api.change(cid, text=WORDS)
    api.label("xxp")
    assert _rows(_doubts(api, cid)) == ["r0", "r1"]


def test_a_label_that_is_given_again_is_in_doubt_no_more(api: Api) -> None:
    cid = api.criterion(PAGES)["id"]
    api.label("ff")
    api.change(cid, text=WORDS)
    api.label("f", picked_by="order")  # a save that comes twice is no second look
    assert _rows(_doubts(api, cid)) == ["r0", "r1"]
    api.label("f", picked_by="doubt")
    assert _rows(_doubts(api, cid)) == ["r1"]


def test_labels_on_the_criterion_alone_are_in_doubt_as_well(api: Api) -> None:
    cid = api.criterion(PAGES)["id"]
    path = f"{api.at}/criteria/{cid}/labels/r0/anna"
    api.send("PUT", path, {"label": "pass"})
    api.change(cid, text=WORDS)
    doubt = _doubts(api, cid)["doubts"][0]
    assert (doubt["criterion_id"], doubt["annotator"], doubt["label"]) == (cid, "anna", "pass")
    api.send("PUT", path, {"label": "pass"})
    assert _doubts(api, cid)["doubts"] == []


def test_a_fail_that_another_criterion_explains_is_less_in_doubt(api: Api, engine: Engine) -> None:
    data = api.filled("ff")
    say(engine, data.assertion(data.criterion("Polite.")["id"]), "fp")
    cid = _changed(data, engine, "ff", "pp")
    found = _doubts(data, cid)
    assert _rows(found) == ["r1", "r0"]
    assert "another criterion" in found["doubts"][1]["grounds"][0]


def test_doubts_are_of_a_criterion_that_there_is(api: Api) -> None:
    assert api.get("/doubts", criterion="crit_no", expect=404)["kind"] == "criterion"
    api.get("/doubts", expect=422)
