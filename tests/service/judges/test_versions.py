"""Names, versions and the champion."""

import json

import pytest

from optimizers.artifact import from_json
from tests.service.judges.conftest import FAIR, GOOD, POOR, House

WORD = {"because": "it reads better", "by": "ann"}


def test_the_first_judge_makes_the_name_and_the_next_is_a_version(house: House) -> None:
    dataset_id = house.dataset()
    first = house.keep("names", run_id=house.run(dataset_id, FAIR), note="a start")
    second = house.keep("names", run_id=house.run(dataset_id, GOOD))
    assert [first["version"], second["version"]] == [1, 2]
    found = house.get("/judges/names")
    assert [version["version"] for version in found["versions"]] == [2, 1]
    assert (found["champion"], found["dataset_id"]) == (None, dataset_id)
    assert found["versions"][1]["note"] == "a start"


def test_the_same_judge_again_is_the_version_that_it_is(house: House) -> None:
    run_id = house.run(house.dataset())
    again = [house.keep("again", run_id=run_id)["version"] for _ in range(2)]
    assert again == [1, 1]


def test_one_idempotency_key_keeps_one_version(house: House) -> None:
    body = {"name": "once", "from": {"run_id": house.run(house.dataset())}}
    sent = [house.api.post("/judges", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert sent[0].json() == sent[1].json()
    assert sent[0].headers["location"] == "/api/judges/once/versions/1"


def test_a_version_is_the_file_of_its_run_in_every_form(house: House) -> None:
    run_id = house.run(house.dataset())
    house.keep("file", run_id=run_id)
    text = house.api.get("/judges/file/versions/1").text
    assert text == house.api.get(f"/runs/{run_id}/best").text
    messages = house.api.get("/judges/file/versions/1", params={"format": "messages"}).json()
    assert messages["placeholders"]["input"] == "{{input}}"


def test_a_version_carries_its_runs_test(house: House) -> None:
    run_id = house.run(house.dataset())
    report = house.get(f"/runs/{run_id}/report")["test"]["best"]
    measured = house.keep("measured", run_id=run_id)["measured"]
    assert measured["by"] == "run"
    assert measured["confusion"] == report["confusion"]
    assert measured["kappa"]["value"] == report["kappa"]["value"]


def test_a_run_without_a_result_is_no_judge(house: House) -> None:
    run_id = house.post("/runs", {"dataset_id": house.dataset()}, expect=202)["id"]
    assert "queued" in house.keep("early", run_id=run_id, expect=409)["detail"]
    assert house.keep("early", run_id="run_none", expect=404)["id"] == "run_none"


@pytest.mark.parametrize("name", ["", "a b", "../x", ".x", "x" * 101])
def test_a_name_that_no_path_can_hold_is_refused(house: House, name: str) -> None:
    assert house.keep(name, run_id="r", expect=422)["errors"][0]["field"] == "body.name"


@pytest.mark.parametrize(
    "source", [{}, {"run_id": "r", "evaluation_id": "e"}, {"run_id": "r", "dataset_id": "d"}]
)
def test_a_judge_has_one_source(house: House, source: dict[str, str]) -> None:
    house.keep("one", expect=422, **source)


# --- files ------------------------------------------------------------------------------------------


def test_a_file_of_a_run_here_is_that_runs_judge(house: House) -> None:
    run_id = house.run(house.dataset())
    artifact = json.loads(house.api.get(f"/runs/{run_id}/best").text)
    kept = house.keep("sent-back", artifact=artifact)
    assert (kept["source"], kept["run_id"], kept["conclusion"]) == ("run", run_id, "improved")


def test_a_file_from_elsewhere_says_what_it_is_worth_but_nobody_vouches_for_it(house: House) -> None:
    found = from_json(house.api.get(f"/runs/{house.run(house.dataset())}/best").text)
    foreign = house.artifact(GOOD, report=found.report, provenance={"snapshot": "elsewhere"})
    kept = house.keep("foreign", artifact=foreign.to_plain())
    assert (kept["source"], kept["conclusion"], kept["measured"]["by"]) == ("artifact", None, "file")
    refused = house.post("/judges/foreign/champion", {"version": 1}, expect=409)
    assert "no run of this service" in refused["detail"]


def test_a_file_whose_model_may_not_be_asked_is_refused(house: House) -> None:
    plain = json.loads(house.artifact(GOOD).to_json().replace(house.standin.api_base, "http://10.0.0.1/v1"))
    refused = house.keep("stranger", artifact=plain, expect=422)
    assert "CONCORD_API_BASES" in refused["detail"]


def test_a_file_that_was_changed_by_hand_is_refused(house: House) -> None:
    plain = house.artifact(GOOD).to_plain() | {"criterion": "Anything goes."}
    assert house.keep("changed", artifact=plain, expect=422)["code"] == "artifact_invalid"


# --- the champion -----------------------------------------------------------------------------------


def test_an_improvement_is_promoted_on_its_own(house: House) -> None:
    house.keep("improved", run_id=house.run(house.dataset()))
    found = house.post("/judges/improved/champion", {"version": 1})
    assert (found["champion"], found["versions"][0]["is_champion"]) == (1, True)
    assert (found["promotions"][0]["ground"], found["promotions"][0]["replaced"]) == ("improved", None)


def test_what_is_not_improved_asks_for_a_persons_word(house: House) -> None:
    house.keep("worded", run_id=house.run(house.dataset(), POOR))
    refused = house.post("/judges/worded/champion", {"version": 1}, expect=409)
    assert refused["code"] == "conflict"
    assert "`not shown`" in refused["detail"]
    house.post("/judges/worded/champion", {"version": 1, "because": "it reads better"}, expect=409)
    said = house.post("/judges/worded/champion", {"version": 1} | WORD)["promotions"][0]
    assert (said["ground"], said["because"], said["by"]) == ("word", "it reads better", "ann")


def test_an_improvement_that_is_worse_than_the_champion_asks_for_a_word(house: House) -> None:
    dataset_id = house.dataset()
    for candidate in (GOOD, FAIR):
        house.keep("better", run_id=house.run(dataset_id, candidate))
    house.post("/judges/better/champion", {"version": 1})
    refused = house.post("/judges/better/champion", {"version": 2}, expect=409)
    assert "lower than that of the champion, version 1" in refused["detail"]
    history = house.post("/judges/better/champion", {"version": 2} | WORD)["promotions"]
    assert [(step["version"], step["replaced"]) for step in history] == [(2, 1), (1, None)]


def test_the_champion_promoted_again_adds_no_history(house: House) -> None:
    house.keep("twice", run_id=house.run(house.dataset()))
    for _ in range(2):
        found = house.post("/judges/twice/champion", {"version": 1})
    assert len(found["promotions"]) == 1


def test_a_version_that_is_not_there_is_not_promoted(house: House) -> None:
    house.keep("single", run_id=house.run(house.dataset()))
    assert house.post("/judges/single/champion", {"version": 2} | WORD, expect=404)["id"] == "2"
    house.post("/judges/nobody/champion", {"version": 1}, expect=404)


# --- lists and the end ------------------------------------------------------------------------------


def test_judges_come_in_pages_by_name(house: House) -> None:
    run_id = house.run(house.dataset())
    for name in ("zz-b", "zz-a", "zz-c"):
        house.keep(name, run_id=run_id)
    found, cursor = list[str](), None
    while cursor is not None or not found:
        page = house.get("/judges", limit=2, **({"cursor": cursor} if cursor else {}))
        found += [judge["name"] for judge in page["items"]]
        cursor = page["next"]
    assert found == sorted(found)
    assert {"zz-a", "zz-b", "zz-c"} <= set(found)


def test_a_deleted_judge_is_gone_with_its_versions(house: House) -> None:
    house.keep("gone", run_id=house.run(house.dataset()))
    removed = house.api.delete("/judges/gone").json()
    assert removed == {"name": "gone", "versions": 1, "traffic": 0}
    house.get("/judges/gone", expect=404)
    house.get("/judges/gone/versions/1", expect=404)


def test_a_dataset_of_a_judge_is_not_deleted_under_it(house: House) -> None:
    dataset_id = house.dataset()
    house.keep("holder", run_id=house.run(dataset_id))
    refused = house.api.delete(f"/datasets/{dataset_id}")
    assert (refused.status_code, "'holder'" in refused.json()["detail"]) == (409, True)
    house.api.delete("/judges/holder")
    assert house.api.delete(f"/datasets/{dataset_id}").status_code == 200
