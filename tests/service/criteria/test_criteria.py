"""Criteria: added, restated, split, merged, retired, each with its history."""

import pytest

from tests.service.criteria.conftest import Api


def _events(api: Api, criterion: str) -> list[tuple[str, int, str]]:
    history = api.get(f"/criteria/{criterion}")["history"]
    return [(entry["event"], entry["version"], entry["text"]) for entry in history]


def test_a_criterion_stands_as_it_was_written(api: Api) -> None:
    found = api.criterion("Polite.", name="politeness", author="anna", note="two rows were rude")
    assert (found["name"], found["text"], found["source"], found["author"]) == (
        "politeness",
        "Polite.",
        "written",
        "anna",
    )
    assert (found["version"], found["retired_at"], found["n_assertions"], found["n_own_labels"]) == (
        1,
        None,
        0,
        0,
    )
    assert found["history"][0]["note"] == "two rows were rude"
    listed = api.get("/criteria")["items"]
    assert [one["id"] for one in listed] == [found["id"]]


def test_a_name_is_made_of_the_first_words(api: Api) -> None:
    assert api.criterion("It is short.")["name"] == "It is short"
    assert api.criterion("word " * 40)["name"] == " ".join(["word"] * 12) + "..."


def test_each_change_is_a_version_that_is_kept(api: Api) -> None:
    cid = api.criterion("Short.", author="anna")["id"]
    changed = api.change(cid, text="At most 50 words.", author="ben", note="what is short?")
    assert (changed["version"], changed["text"], changed["author"]) == (2, "At most 50 words.", "ben")
    assert api.change(cid, name="length")["version"] == 3
    assert _events(api, cid) == [
        ("created", 1, "Short."),
        ("changed", 2, "At most 50 words."),
        ("changed", 3, "At most 50 words."),
    ]


def test_the_same_words_again_change_nothing(api: Api) -> None:
    cid = api.criterion("Short.")["id"]
    assert api.change(cid, text="Short.")["version"] == 1


def test_a_new_name_leaves_the_time_of_the_text(api: Api) -> None:
    before = api.criterion()
    assert api.change(before["id"], name="length")["changed_at"] == before["changed_at"]
    assert api.change(before["id"], text="Long.")["changed_at"] > before["changed_at"]


def test_what_is_retired_is_listed_only_where_asked_for_and_comes_back(api: Api) -> None:
    cid = api.criterion("Short.")["id"]
    api.send("POST", f"{api.at}/criteria/{cid}/retire", {"author": "anna", "note": "nobody cares"})
    api.send("POST", f"{api.at}/criteria/{cid}/retire")
    assert (api.names(), api.names(retired=True)) == ([], ["Short"])
    assert "restore it first" in api.change(cid, text="x", expect=409)["detail"]
    api.send("POST", f"{api.at}/criteria/{cid}/restore")
    assert api.names() == ["Short"]
    assert [event for event, _, _ in _events(api, cid)] == ["created", "retired", "restored"]


def test_one_criterion_becomes_several(api: Api) -> None:
    cid = api.criterion("Short and polite.")["id"]
    into = [{"text": "Short."}, {"text": "Polite.", "name": "manners"}]
    found = api.post(f"/criteria/{cid}/split", {"into": into, "author": "anna"})
    assert [(one["name"], one["parents"], one["source"]) for one in found["into"]] == [
        ("Short", [cid], "split"),
        ("manners", [cid], "split"),
    ]
    assert found["retired"]["retired_at"] is not None
    assert api.names() == ["Short", "manners"]
    assert _events(api, cid)[-1][0] == "split"


def test_several_criteria_become_one(api: Api) -> None:
    ids = [api.criterion(text)["id"] for text in ("Short.", "Terse.", "Polite.")]
    found = api.post("/criteria/merge", {"criteria": ids[:2], "text": "Brief."})
    assert (found["merged"]["parents"], found["merged"]["source"]) == (ids[:2], "merge")
    assert sorted(api.names()) == ["Brief", "Polite"]
    assert _events(api, ids[0])[-1][0] == "merged"
    retired = api.post("/criteria/merge", {"criteria": ids[:2], "text": "Brief."}, expect=409)
    assert "is retired" in retired["detail"]
    twice = api.post("/criteria/merge", {"criteria": [ids[2], ids[2]], "text": "x"}, expect=422)
    assert "different" in twice["detail"]


def test_a_request_that_is_sent_twice_adds_one(api: Api) -> None:
    path, headers = f"/api{api.at}/criteria", {"Idempotency-Key": "k"}
    for _ in range(2):
        assert api.client.post(path, json={"text": "Short."}, headers=headers).status_code == 201
    assert api.names() == ["Short"]


@pytest.mark.parametrize("body", [{}, {"text": " "}, {"text": "a", "source": "split"}, {"text": "a", "x": 1}])
def test_what_is_no_criterion_is_refused(api: Api, body: dict[str, str]) -> None:
    api.post("/criteria", body, expect=422)


def test_a_criterion_of_another_dataset_is_not_found(api: Api) -> None:
    cid = api.criterion()["id"]
    other = api.create()
    assert api.send("GET", f"/datasets/{other}/criteria/{cid}", expect=404)["kind"] == "criterion"
    assert api.send("GET", "/datasets/ds_no/criteria", expect=404)["kind"] == "dataset"


def test_a_dataset_takes_its_criteria_with_it(api: Api) -> None:
    cid = api.criterion()["id"]
    api.send("DELETE", api.at)
    api.get(f"/criteria/{cid}", expect=404)


# --- labels on one criterion alone ------------------------------------------------------------------


def _label(api: Api, cid: str, example: str, who: str, label: str, **more: str) -> dict[str, object]:
    path = f"{api.at}/criteria/{cid}/labels/{example}/{who}"
    found: dict[str, object] = api.send("PUT", path, {"label": label} | more)
    return found


def test_a_criterion_is_labelled_by_itself(api: Api) -> None:
    cid = api.criterion()["id"]
    _label(api, cid, "r0", "anna", "fail", critique="a whole page")
    _label(api, cid, "r0", "ben", "pass")
    _label(api, cid, "r0", "ben", "fail")
    labels = api.get(f"/criteria/{cid}/labels")["items"]
    assert [(one["annotator"], one["label"], one["critique"]) for one in labels] == [
        ("anna", "fail", "a whole page"),
        ("ben", "fail", None),
    ]
    assert api.get(f"/criteria/{cid}")["n_own_labels"] == 2
    assert api.get("/examples")["items"][0]["label"] is None


def test_the_same_label_is_news_once_the_text_has_changed(api: Api) -> None:
    cid = api.criterion()["id"]
    first = _label(api, cid, "r0", "anna", "fail")
    assert _label(api, cid, "r0", "anna", "fail") == first
    api.change(cid, text="At most 50 words.")
    again = _label(api, cid, "r0", "anna", "fail")
    assert (again["criterion_version"], api.get(f"/criteria/{cid}")["n_own_labels"]) == (2, 1)


def test_a_label_on_a_criterion_can_be_taken_back(api: Api) -> None:
    cid = api.criterion()["id"]
    _label(api, cid, "r0", "anna", "fail")
    api.send("DELETE", f"{api.at}/criteria/{cid}/labels/r0/anna", expect=204)
    assert api.get(f"/criteria/{cid}/labels")["items"] == []
    api.send("DELETE", f"{api.at}/criteria/{cid}/labels/r0/anna", expect=404)


def test_an_id_with_slashes_can_be_labelled(api: Api) -> None:
    other = Api(api.client, rows=0)
    other.post("/examples", {"examples": [{"id": "a/b", "input": "q", "output": "a"}]})
    cid = other.criterion()["id"]
    assert _label(other, cid, "a/b", "anna", "pass")["example_id"] == "a/b"


def test_who_is_asked_to_look_again_is_heard_also_where_nothing_changes(api: Api) -> None:
    path = f"{api.at}/examples/r0/labels/anna"
    for picked_by in ("order", "order", "doubt"):
        found = api.send("PUT", path, {"label": "pass", "picked_by": picked_by})
    assert [event["picked_by"] for event in found["history"]] == ["order", "doubt"]
    assert found["picked_by"] == "order"
