"""What a judge says in use, what is kept of it, and the pass rate that follows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from experiments.standin import Fault, FaultKind, WorldRow
from optimizers.kappa import Confusion
from optimizers.prevalence import Traffic, corrected_rate
from optimizers.types import Label
from tests.service.judges.conftest import GOOD, ROWS, TRAFFIC, House, shown

OTHER = {Label.PASS: Label.FAIL, Label.FAIL: Label.PASS}

_ASKED = count()


def _never_asked(n: int) -> list[WorldRow]:
    """Rows of which the ledger holds no answer."""
    return [replace(row, input=f"{row.input} ({next(_ASKED)})") for row in TRAFFIC[:n]]


def test_the_champion_judges_a_batch_which_is_kept(house: House) -> None:
    house.in_use("batch")
    found = house.judge("batch", TRAFFIC[:10])
    assert [verdict["id"] for verdict in found["verdicts"]] == [row.id for row in TRAFFIC[:10]]
    assert {verdict["verdict"] for verdict in found["verdicts"]} == {"pass", "fail"}
    assert (found["version"], found["kept"], found["usage"]["calls"]) == (1, 10, 10)
    assert house.get("/judges/batch")["traffic"] == 10


def test_kept_rows_are_listed_the_latest_first(house: House) -> None:
    house.in_use("listed")
    verdicts = {each["id"]: each["verdict"] for each in house.judge("listed", TRAFFIC[:7])["verdicts"]}
    first = house.get("/judges/listed/traffic", limit=5)
    rest = house.get("/judges/listed/traffic", limit=5, cursor=first["next"])
    kept = [*first["items"], *rest["items"]]
    assert [row["id"] for row in kept] == [row.id for row in reversed(TRAFFIC[:7])]
    assert {row["id"]: row["verdict"] for row in kept} == verdicts
    assert (kept[0]["input"], kept[0]["version"], kept[0]["sample"]) == (TRAFFIC[6].input, 1, None)
    assert rest["next"] is None


def test_kept_rows_are_listed_by_verdict_version_and_time(house: House) -> None:
    house.in_use("sifted")
    said = house.judge("sifted", TRAFFIC[:7])["verdicts"]

    def listed(**wanted: Any) -> set[str]:
        return {row["id"] for row in house.get("/judges/sifted/traffic", **wanted)["items"]}

    assert listed(verdict="fail") == {each["id"] for each in said if each["verdict"] == "fail"}
    assert listed(version=1, since="2020-01-01") == {each["id"] for each in said}
    assert listed(version=2) == listed(since="2100-01-01") == set()


def test_without_a_champion_a_version_has_to_be_named(house: House) -> None:
    house.keep("unpromoted", run_id=house.run(house.dataset()))
    body = {"rows": [shown(TRAFFIC[0])]}
    assert "no champion" in house.post("/judges/unpromoted/verdicts", body, expect=409)["detail"]
    assert house.post("/judges/unpromoted/verdicts", body | {"version": 1})["version"] == 1


def test_what_is_not_to_be_kept_is_not(house: House) -> None:
    house.in_use("unkept")
    assert house.judge("unkept", TRAFFIC[:3], keep=False)["kept"] == 0
    assert house.get("/judges/unkept")["traffic"] == 0


def test_a_batch_that_is_sent_again_is_kept_once_and_paid_once(house: House) -> None:
    house.in_use("again")
    new = _never_asked(6)
    house.judge("again", new[:5])
    paid = len(house.standin.calls)
    assert house.judge("again", [*new, new[5]])["kept"] == 1
    assert len(house.standin.calls) == paid + 1


def test_rows_without_a_name_count_each_time(house: House) -> None:
    house.in_use("unnamed")
    row = {"input": TRAFFIC[0].input, "output": TRAFFIC[0].output}
    found = house.post("/judges/unnamed/verdicts", {"examples": [row, row]})
    assert found["kept"] == 2
    assert house.post("/judges/unnamed/verdicts", {"examples": [row]})["kept"] == 1


def test_a_text_that_cannot_be_kept_is_refused_before_it_is_paid_for(house: House) -> None:
    house.in_use("nul")
    paid = len(house.standin.calls)
    body = {"examples": [{"input": "a\x00", "output": "b"}]}
    assert house.post("/judges/nul/verdicts", body, expect=422)["code"] == "validation_failed"
    assert len(house.standin.calls) == paid


def test_a_failure_of_the_provider_is_no_verdict_and_nothing_is_kept(house: House) -> None:
    house.in_use("outage")
    house.standin.faults.accepted_key = "sk-another"
    try:
        body = {"examples": [shown(row) for row in _never_asked(5)]}
        refused = house.post("/judges/outage/verdicts", body, expect=502)
    finally:
        house.standin.faults.accepted_key = None
    assert refused["code"] == "provider_authentication_failed"
    assert house.get("/judges/outage")["traffic"] == 0


def test_a_refusal_of_the_model_is_kept_as_a_row_without_a_verdict(house: House) -> None:
    house.in_use("refusing")
    house.judge("refusing", TRAFFIC[:10])
    house.standin.faults.add(Fault(kind=FaultKind.REFUSAL))
    try:
        found = house.judge("refusing", _never_asked(3))
    finally:
        house.standin.faults.clear()
    assert {(said["verdict"], said["failure"]) for said in found["verdicts"]} == {(None, "refused")}
    rate = house.get("/judges/refusing/rate")
    assert (rate["n"], rate["unanswered"]) == (13, 3)


def test_deleting_a_judge_removes_its_traffic(house: House) -> None:
    house.in_use("leaving")
    house.judge("leaving", TRAFFIC[:4])
    assert house.api.delete("/judges/leaving").json()["traffic"] == 4


def test_old_traffic_can_go_but_for_what_a_sample_holds(house: House) -> None:
    house.in_use("ageing")
    house.judge("ageing", TRAFFIC[:10])
    house.post("/judges/ageing/samples", {"n": 4}, expect=201)
    between = datetime.now(UTC).isoformat()
    house.judge("ageing", TRAFFIC[10:15])
    response = house.api.delete("/judges/ageing/traffic", params={"before": between})
    assert response.json() == {"removed": 6}
    assert house.get("/judges/ageing")["traffic"] == 9


# --- the rate ---------------------------------------------------------------------------------------


def test_the_rate_is_corrected_by_the_errors_on_the_runs_test_rows(house: House) -> None:
    house.in_use("rate")
    said = [verdict["verdict"] for verdict in house.judge("rate", TRAFFIC)["verdicts"]]
    rate = house.get("/judges/rate/rate")
    table = house.get("/judges/rate")["versions"][0]["measured"]["confusion"]
    counted = Traffic(failed=said.count("fail"), passed=said.count("pass"))
    expected = corrected_rate(Confusion(**table), counted)
    assert (rate["n"], rate["failed"], rate["unanswered"]) == (len(TRAFFIC), said.count("fail"), 0)
    assert rate["pass_rate"]["value"] == pytest.approx(expected.pass_rate.value)
    assert rate["labelled"] == {
        "confusion": table,
        "measured": sum(table.values()),
        "traffic": 0,
        "measured_by": "run",
    }
    true = sum(row.label is Label.PASS for row in TRAFFIC) / len(TRAFFIC)
    assert rate["pass_rate"]["low"] < true < rate["pass_rate"]["high"]
    assert rate["apparent"]["value"] != rate["fail_rate"]["value"]


def test_a_rate_since_a_moment_counts_what_came_after_it(house: House) -> None:
    house.in_use("since")
    house.judge("since", TRAFFIC[:30])
    between = datetime.now(UTC)
    house.judge("since", TRAFFIC[30:50])
    assert house.get("/judges/since/rate", since=between.isoformat())["n"] == 20
    zoneless = between.replace(tzinfo=None).isoformat()
    assert house.get("/judges/since/rate", since=zoneless)["n"] == 20
    later = (between + timedelta(days=1)).isoformat()
    refused = house.get("/judges/since/rate", expect=409, since=later)
    assert "no unlabelled traffic" in refused["detail"]


def test_each_version_has_its_own_traffic(house: House) -> None:
    dataset_id = house.in_use("two")
    house.keep("two", run_id=house.run(dataset_id, replace(GOOD, reasoning=False)))
    house.judge("two", TRAFFIC[:6])
    house.judge("two", TRAFFIC[:8], version=2)
    assert house.get("/judges/two/rate")["n"] == 6
    assert house.get("/judges/two/rate", version=2)["n"] == 8


def test_a_judge_no_better_than_chance_is_refused_with_the_numbers(house: House) -> None:
    contrary = house.dataset([replace(row, label=OTHER[row.label]) for row in ROWS])
    house.keep("contrary", run_id=house.run(contrary))
    house.judge("contrary", TRAFFIC[:20], version=1)
    refused = house.get("/judges/contrary/rate", expect=409, version=1)
    assert refused["code"] == "correction_refused"
    assert refused["sensitivity"] + refused["specificity"] <= 1
    assert refused["labelled"]["fail"] > 0


def test_without_a_labelled_row_there_is_no_corrected_rate(house: House) -> None:
    house.keep("unknown", run_id=house.run(house.dataset(test=0)))
    house.judge("unknown", TRAFFIC[:20], version=1)
    assert house.get("/judges/unknown/rate", expect=409, version=1)["code"] == "not_enough_labels"
