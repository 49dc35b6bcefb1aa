"""Labels by hand: given, corrected, settled, taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from urllib.parse import quote

import pytest

from tests.service.datasets.conftest import Api

ROW = {"id": "r1", "input": "a", "output": "b"}


def test_a_first_label_counts(api: Api) -> None:
    dataset = api.create(ROW)["id"]
    found = api.label(dataset, "r1", "anna", "fail", critique="rude", picked_by="random")
    assert (found["label"], found["label_source"], found["critique"]) == ("fail", "majority", "rude")
    assert (found["picked_by"], found["labels"]) == (
        "random",
        {"anna": {"label": "fail", "critique": "rude"}},
    )
    assert api.dataset(dataset)["labelled"] == 1


def test_the_same_label_again_changes_nothing(api: Api) -> None:
    dataset = api.create(ROW)["id"]
    once = api.label(dataset, "r1", "anna", "fail")
    assert api.label(dataset, "r1", "anna", "fail") == once
    assert len(once["history"]) == 1


def test_another_word_replaces_it_and_both_are_kept(api: Api) -> None:
    dataset = api.create(ROW)["id"]
    api.label(dataset, "r1", "anna", "fail")
    found = api.label(dataset, "r1", "anna", "pass")
    assert (found["label"], [e["label"] for e in found["history"]]) == ("pass", ["fail", "pass"])


def test_annotators_vote(api: Api) -> None:
    dataset = api.create(ROW)["id"]
    api.label(dataset, "r1", "anna", "fail")
    tied = api.label(dataset, "r1", "ben", "pass")
    assert (tied["label"], tied["label_source"]) == (None, "tie")
    assert api.dataset(dataset)["tied"] == 1


def test_a_word_on_a_tied_row_settles_it(api: Api) -> None:
    dataset = api.create({**ROW, "labels": {"anna": "fail", "ben": "pass"}})["id"]
    settled = api.label(dataset, "r1", "carl", "fail")
    assert (settled["label"], settled["label_source"]) == ("fail", "adjudicated")
    assert api.dataset(dataset)["tied"] == 0


def test_a_correction_overrules_the_reference(api: Api) -> None:
    dataset = api.create({**ROW, "label": "pass", "critique": "well done"})["id"]
    found = api.label(dataset, "r1", "anna", "fail", critique="not at all")
    assert (found["label"], found["label_source"], found["critique"]) == ("fail", "adjudicated", "not at all")
    assert [(e["annotator"], e["label"]) for e in found["history"]] == [(None, "pass"), ("anna", "fail")]


def test_a_blind_second_opinion_leaves_the_reference(api: Api) -> None:
    dataset = api.create({**ROW, "label": "pass"})["id"]
    found = api.label(dataset, "r1", "anna", "fail", adjudicates=False)
    assert (found["label"], found["labels"]["anna"]["label"]) == ("pass", "fail")


def test_a_label_can_be_taken_back(api: Api) -> None:
    dataset = api.create({**ROW, "label": "pass"})["id"]
    api.label(dataset, "r1", "anna", "fail")
    response = api.client.delete(f"/api/datasets/{dataset}/examples/r1/labels/anna")
    assert (response.json()["label"], response.json()["label_source"]) == ("pass", "given")
    assert [e["label"] for e in response.json()["history"]] == ["pass", "fail", None]


def test_a_label_that_was_taken_back_can_be_given_again(api: Api) -> None:
    dataset = api.create(ROW)["id"]
    api.label(dataset, "r1", "anna", "fail")
    path = f"/api/datasets/{dataset}/examples/r1/labels/anna"
    assert api.client.delete(path).json()["label"] is None
    assert api.label(dataset, "r1", "anna", "pass")["label"] == "pass"


def test_a_row_s_history_has_every_word_with_its_time_and_annotator(api: Api) -> None:
    dataset = api.create({**ROW, "label": "pass"})["id"]
    api.label(dataset, "r1", "anna", "fail", critique="rude", picked_by="random", adjudicates=False)
    api.label(dataset, "r1", "ben", "fail")
    api.client.delete(f"/api/datasets/{dataset}/examples/r1/labels/anna")
    history = api.client.get(f"/api/datasets/{dataset}/examples/r1").json()["history"]
    assert [(e["annotator"], e["label"], e["adjudicates"]) for e in history] == [
        (None, "pass", False),
        ("anna", "fail", False),
        ("ben", "fail", True),
        ("anna", None, False),
    ]
    assert (history[1]["critique"], history[1]["picked_by"]) == ("rude", "random")
    times = [datetime.fromisoformat(event["at"]) for event in history]
    assert times == sorted(times)
    assert all(at.tzinfo is not None for at in times)


def test_how_a_row_was_picked_is_that_of_the_label_that_made_it_count(api: Api) -> None:
    dataset = api.create(ROW, {**ROW, "id": "r2", "label": 1})["id"]
    api.label(dataset, "r1", "anna", "fail", picked_by="random")
    second = api.label(dataset, "r1", "ben", "fail", picked_by="disagreement")
    assert (second["picked_by"], second["history"][1]["picked_by"]) == ("random", "disagreement")
    assert api.label(dataset, "r2", "anna", "fail", picked_by="disagreement")["picked_by"] == "given"


def test_what_was_never_given_cannot_be_taken_back(api: Api) -> None:
    dataset = api.create(ROW)["id"]
    assert api.client.delete(f"/api/datasets/{dataset}/examples/r1/labels/anna").status_code == 404


@pytest.mark.parametrize("example_id", ["a/b", "a/labels/b", "ä ö?#%", "1"])
def test_ids_may_hold_anything(api: Api, example_id: str) -> None:
    dataset = api.create({**ROW, "id": example_id})["id"]
    quoted = quote(example_id, safe="")
    assert api.label(dataset, quoted, "anna%20b", "pass")["id"] == example_id
    found = api.client.get(f"/api/datasets/{dataset}/examples/{quoted}").json()
    assert (found["id"], list(found["labels"])) == (example_id, ["anna b"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"label": "1"},
        {"label": "maybe"},
        {"label": "pass", "picked_by": "whim"},
        {"label": "pass", "x": 1},
    ],
)
def test_a_label_is_pass_or_fail(api: Api, body: dict[str, object]) -> None:
    dataset = api.create(ROW)["id"]
    response = api.client.put(f"/api/datasets/{dataset}/examples/r1/labels/anna", json=body)
    assert response.status_code == 422


def test_unknown_rows_are_named(api: Api) -> None:
    dataset = api.create(ROW)["id"]
    response = api.client.put(f"/api/datasets/{dataset}/examples/r9/labels/anna", json={"label": "pass"})
    assert (response.status_code, response.json()["kind"], response.json()["id"]) == (404, "example", "r9")


def test_labels_at_the_same_moment_all_land(api: Api) -> None:
    dataset = api.create(ROW)["id"]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: api.label(dataset, "r1", f"a{n}", "fail", adjudicates=False), range(6)))
        list(pool.map(lambda word: api.label(dataset, "r1", "a0", word), ["pass", "fail"] * 3))
    found = api.client.get(f"/api/datasets/{dataset}/examples/r1").json()
    assert (len(found["labels"]), found["label"]) == (6, "fail")
