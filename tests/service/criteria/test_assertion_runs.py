"""Assertion runs through the API, with a worker and a simulated model."""

import time
from typing import Any

import pytest

from experiments.standin import Fault, FaultKind
from tests.service.runs.conftest import AT_REST, LIVENESS_S, ROWS, Deployment, calm, service

__all__ = ["calm", "service"]

N = 40


class Asking:
    """A dataset of `N` labelled rows with one criterion, and what is asked about it."""

    def __init__(self, service: Deployment) -> None:
        self.service = service
        self.dataset = service.upload(N)
        self.at = f"/datasets/{self.dataset}"
        criterion = service.post(f"{self.at}/criteria", {"text": "It is a good reply."}, expect=201)
        self.criterion = str(criterion["id"])

    def assertion(self, kind: str, text: str = "") -> str:
        body = {"criterion_id": self.criterion, "kind": kind, "text": text}
        return str(self.service.post(f"{self.at}/assertions", body, expect=201)["id"])

    def begin(self, *, expect: int = 202, **options: Any) -> dict[str, Any]:
        model = {"model": "openai/simulated", "api_base": self.service.standin.api_base}
        body = {"dataset_id": self.dataset} | model | options
        return self.service.post("/assertion-runs", body, expect=expect)

    def until(self, run_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + LIVENESS_S
        while (found := self.service.get(f"/assertion-runs/{run_id}"))["status"] not in AT_REST:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found

    def run(self, **options: Any) -> dict[str, Any]:
        return self.until(self.begin(**options)["id"])

    def said(self, assertion: str) -> list[dict[str, Any]]:
        found = self.service.get(f"{self.at}/assertions/{assertion}/verdicts?limit=500")
        items: list[dict[str, Any]] = found["items"]
        return items


@pytest.fixture
def asking(calm: Deployment) -> Asking:
    return Asking(calm)


def test_every_assertion_says_something_of_every_row(asking: Asking) -> None:
    strict, plain = asking.assertion("prompt", "Be strict, one."), asking.assertion("prompt")
    short = asking.assertion("check", "words(output) <= 40")
    found = asking.run()
    assert (found["status"], found["judged"], found["spend"]["calls"]) == ("succeeded", 3 * N, 2 * N), found
    assert (found["progress"]["done"], found["assertions"]) == (3 * N, [strict, plain, short])
    for assertion in (strict, plain, short):
        assert [one["example_id"] for one in asking.said(assertion)] == sorted(r.id for r in ROWS[:N])
    lengths = {row.id: len(row.output.split()) <= 40 for row in ROWS}
    said = {one["example_id"]: one["verdict"] for one in asking.said(short)}
    assert sum(lengths[i] == (word == "pass") for i, word in said.items()) > 0.9 * N
    assert asking.service.get(f"/assertion-runs?dataset_id={asking.dataset}")["items"][0]["id"] == found["id"]


def test_what_is_there_is_not_asked_again(asking: Asking) -> None:
    first = asking.assertion("prompt", "Be strict, two.")
    assert asking.run()["spend"]["calls"] == N
    asking.assertion("prompt", "Be kind, two.")
    again = asking.run()
    assert (again["judged"], again["spend"]["calls"]) == (2 * N, N)
    assert asking.service.standin.received == 2 * N
    assert asking.run(assertions=[first])["spend"]["calls"] == 0


def test_verdicts_appear_while_it_runs_and_a_resumed_run_pays_nothing_twice(asking: Asking) -> None:
    asking.service.standin.faults.latency_ms = 40.0
    assertions = [asking.assertion("prompt", f"Be strict, three {k}.") for k in range(3)]
    run_id = asking.begin()["id"]
    deadline = time.monotonic() + LIVENESS_S
    while not asking.said(assertions[0]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert asking.service.get(f"/assertion-runs/{run_id}")["status"] == "running"
    asking.service.post(f"/assertion-runs/{run_id}/pause")
    paused = asking.until(run_id)
    assert (paused["status"], paused["pause_reason"]) == ("paused", "by_hand")
    assert 0 < paused["judged"] < 3 * N
    asking.service.post(f"/assertion-runs/{run_id}/resume")
    done = asking.until(run_id)
    assert (done["status"], done["judged"]) == ("succeeded", 3 * N)
    # What was on the way when it was told to wait may have been asked again.
    assert asking.service.standin.received <= 3 * N + asking.service.settings.max_in_flight


def test_an_outage_pauses_it_and_what_was_said_stays(asking: Asking) -> None:
    asking.assertion("prompt", "Be strict, four.")
    own = asking.assertion("prompt", "Be kind, four.")
    asking.service.standin.faults.add(Fault(kind=FaultKind.SERVER_ERROR, from_call=20))
    found = asking.run()
    assert (found["status"], found["pause_reason"]) == ("paused", "provider"), found
    assert not [one for one in asking.said(own) if one["verdict"] is None]
    asking.service.standin.faults.clear()
    asking.service.post(f"/assertion-runs/{found['id']}/resume")
    assert asking.until(found["id"])["judged"] == 2 * N


def test_checks_ask_no_model(asking: Asking) -> None:
    own = asking.assertion("check", "json(output).items.size() > 0")
    found = asking.run(model="openai/nobody", api_base=None)
    assert (found["status"], found["model"], found["spend"]["calls"]) == ("succeeded", None, 0)
    assert {one["failure"] for one in asking.said(own)} == {"check"}
    assert asking.said(own)[0]["message"]


def test_unlabelled_rows_are_asked_about_where_wanted(asking: Asking) -> None:
    own = asking.assertion("check", "size(output) > 0")
    more = [{"id": row.id, "input": row.input, "output": row.output} for row in ROWS[N:]]
    asking.service.post(f"{asking.at}/examples", {"examples": more}, expect=201)
    assert asking.run()["judged"] == N
    assert asking.run(rows="all")["judged"] == len(ROWS) == len(asking.said(own))


def test_it_is_refused_where_there_is_nothing_to_ask(asking: Asking) -> None:
    assert "no assertions" in asking.begin(expect=409)["detail"]
    own = asking.assertion("prompt")
    refused = asking.begin(api_base="http://169.254.169.254/v1", expect=422)
    assert "api_base" in refused["detail"]
    asking.begin(assertions=[own, "asrt_no"], expect=404)
    unlabelled = [{"id": "a", "input": "q", "output": "a"}]
    body = {"name": "new", "criterion": "c", "examples": unlabelled}
    asking.dataset = str(asking.service.post("/datasets", body, expect=201)["id"])
    asking.at = f"/datasets/{asking.dataset}"
    asking.criterion = str(asking.service.post(f"{asking.at}/criteria", {"text": "c"}, expect=201)["id"])
    asking.assertion("check", "true")
    assert "no labelled row" in asking.begin(expect=409)["detail"]


def test_one_that_is_cancelled_can_be_tried_again(asking: Asking) -> None:
    asking.service.standin.faults.latency_ms = 40.0
    asking.assertion("prompt", "Be strict, five.")
    run_id = asking.begin()["id"]
    asking.service.post(f"/assertion-runs/{run_id}/cancel")
    assert asking.until(run_id)["status"] == "cancelled"
    asking.service.post(f"/assertion-runs/{run_id}/retry")
    assert asking.until(run_id)["judged"] == N
