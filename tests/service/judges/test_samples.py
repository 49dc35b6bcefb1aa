"""Samples of traffic for people to label, and what their labels say of the judge."""

import pytest

from tests.service.judges.conftest import GOOD, ROWS, TRAFFIC, House


def _draw(house: House, name: str, n: int, **options: object) -> list[str]:
    found = house.post(f"/judges/{name}/samples", {"n": n, **options}, expect=201)
    assert found["n"] == len(found["example_ids"])
    return list(found["example_ids"])


def test_a_sample_is_put_into_the_dataset_to_be_labelled(house: House) -> None:
    dataset_id = house.in_use("sampled")
    house.judge("sampled", TRAFFIC[:40])
    found = house.post("/judges/sampled/samples", {"n": 15, "seed": 7}, expect=201)
    assert (found["sample"], found["n"], found["left"], found["dataset_id"]) == (1, 15, 25, dataset_id)
    rows = [house.get(f"/datasets/{dataset_id}/examples/{i}") for i in found["example_ids"]]
    assert {(row["label"], row["picked_by"]) for row in rows} == {(None, "traffic")}
    texts = {(row["input"], row["output"]) for row in rows}
    assert texts <= {(row.input, row.output) for row in TRAFFIC[:40]}
    assert len(texts) == 15
    # In the order of the traffic a sample of 15 of 40 would be its first rows: chance picked these.
    assert texts != {(row.input, row.output) for row in TRAFFIC[:15]}


def test_no_row_is_drawn_twice_and_at_last_none_is_left(house: House) -> None:
    house.in_use("drained")
    house.judge("drained", TRAFFIC[:10])
    first, second = _draw(house, "drained", 6), _draw(house, "drained", 6)
    assert (len(first), len(second), set(first) & set(second)) == (6, 4, set())
    refused = house.post("/judges/drained/samples", {"n": 1}, expect=409)
    assert "left to draw from" in refused["detail"]


def test_what_the_dataset_has_already_is_not_asked_again(house: House) -> None:
    house.in_use("known")
    house.judge("known", [*ROWS[:5], TRAFFIC[0]])
    assert len(_draw(house, "known", 10)) == 1


def test_a_file_without_a_dataset_has_nowhere_to_put_a_sample(house: House) -> None:
    plain = house.artifact(GOOD).to_plain()
    house.keep("homeless", artifact=plain)
    house.judge("homeless", TRAFFIC[:5], version=1)
    refused = house.post("/judges/homeless/samples", {"n": 2, "version": 1}, expect=409)
    assert "no dataset" in refused["detail"]


def test_labels_of_traffic_leave_the_rates_traffic_and_say_how_the_judge_errs(house: House) -> None:
    dataset_id = house.in_use("learned", test=0)
    house.judge("learned", TRAFFIC[:120])
    house.label(dataset_id, _draw(house, "learned", 50))
    rate = house.get("/judges/learned/rate")
    assert (rate["n"], rate["labelled"]["measured"], rate["labelled"]["traffic"]) == (70, 0, 50)
    assert rate["pass_rate"]["low"] < rate["pass_rate"]["value"] < rate["pass_rate"]["high"]


def test_a_row_of_traffic_stays_one_unless_verdicts_had_a_say_in_its_labelling(house: House) -> None:
    dataset_id = house.in_use("reasons")
    house.judge("reasons", TRAFFIC[:10])
    chance, picked = _draw(house, "reasons", 2)
    house.label(dataset_id, [chance])
    path = f"/datasets/{dataset_id}/examples/{picked}"
    house.api.put(f"{path}/labels/ann", json={"label": "pass", "picked_by": "disagreement"})
    assert house.get(f"/datasets/{dataset_id}/examples/{chance}")["picked_by"] == "traffic"
    assert house.get(path)["picked_by"] == "disagreement"
    monitor = house.get("/judges/reasons/monitor")
    assert [(s["drawn"], s["labelled"]) for s in monitor["samples"]] == [(2, 1)]


# --- the monitor ------------------------------------------------------------------------------------


def test_a_judge_that_agrees_with_new_labels_has_not_fallen(house: House) -> None:
    dataset_id = house.in_use("steady")
    house.judge("steady", TRAFFIC[:100])
    assert house.get("/judges/steady/monitor")["status"] == "too few"
    for _ in range(2):
        house.label(dataset_id, _draw(house, "steady", 30))
    found = house.get("/judges/steady/monitor")
    assert (found["status"], found["n"], found["fallen_at"]) == ("ok", 60, None)
    assert [look["name"] for look in found["looks"]] == ["sample 1", "sample 2"]
    judge = house.get("/judges/steady")
    assert (judge["drift"], judge["reading"]) == ("ok", found["looks"][-1])


def test_a_judge_that_new_labels_contradict_has_fallen_and_the_list_says_so(house: House) -> None:
    dataset_id = house.in_use("fallen")
    house.judge("fallen", TRAFFIC)
    house.label(dataset_id, _draw(house, "fallen", 30))
    house.label(dataset_id, _draw(house, "fallen", 60), wrong=True)
    found = house.get("/judges/fallen/monitor")
    assert (found["status"], found["fallen_at"]) == ("fallen", "sample 2")
    assert found["evidence"] >= found["alarm_at"] == pytest.approx(40)
    listed = next(judge for judge in house.get("/judges")["items"] if judge["name"] == "fallen")
    assert listed["drift"] == "fallen"


def test_after_a_fall_only_labels_of_the_traffic_say_how_the_judge_errs(house: House) -> None:
    dataset_id = house.in_use("shifted")
    house.judge("shifted", TRAFFIC)
    house.label(dataset_id, _draw(house, "shifted", 60))
    assert house.get("/judges/shifted/rate")["labelled"]["measured"] > 0
    house.label(dataset_id, _draw(house, "shifted", 25), wrong=True)
    rate = house.get("/judges/shifted/rate")
    assert (rate["labelled"]["measured"], rate["labelled"]["traffic"]) == (0, 85)
    assert "agreement has fallen (sample 2)" in rate["warnings"][0]


def test_nothing_measured_is_nothing_to_fall_from_unless_a_bound_is_named(house: House) -> None:
    house.in_use("boundless", test=0)
    assert house.get("/judges/boundless")["drift"] == "not watched"
    assert "bound" in house.get("/judges/boundless/monitor", expect=409)["detail"]
    assert house.get("/judges/boundless/monitor", bound=0.4)["bound"] == 0.4
    house.get("/judges/boundless/monitor", expect=422, bound=1.5)
