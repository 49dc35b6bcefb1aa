"""The way of a judge from its run to its monitor, on either database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.judges.conftest import TRAFFIC, House, housed


@pytest.fixture
def house(tmp_path: Path, ready_database_url: str) -> Iterator[House]:
    with housed(tmp_path, ready_database_url) as found:
        yield found


def test_a_judge_is_kept_promoted_used_sampled_and_watched(house: House) -> None:
    dataset_id = house.dataset()
    house.keep("desk", run_id=house.run(dataset_id), note="first")
    assert house.post("/judges/desk/champion", {"version": 1})["promotions"][0]["ground"] == "improved"
    assert house.judge("desk", TRAFFIC[:60])["kept"] == 60
    assert house.judge("desk", TRAFFIC[:60])["kept"] == 0
    drawn = house.post("/judges/desk/samples", {"n": 25}, expect=201)
    house.label(dataset_id, drawn["example_ids"])
    assert house.get("/judges/desk/rate", since="2026-01-01")["n"] == 35
    assert house.get("/judges/desk/monitor")["status"] == "ok"
    assert house.post("/judges/desk/agreement", {"dataset_id": dataset_id})["n"] > 25
    assert house.get("/judges")["items"][0]["drift"] == "ok"
    assert house.api.delete(f"/datasets/{dataset_id}").status_code == 409
    assert house.api.delete("/judges/desk").json() == {"name": "desk", "versions": 1, "traffic": 60}
    assert house.api.delete(f"/datasets/{dataset_id}").status_code == 200
