"""Large evaluations, spread over workers that are killed, frozen out and stopped."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.standin import Fault, FaultKind
from tests.service.runs.conftest import AT_REST, LIVENESS_S, ROWS, Deployment, deployed

IN_FLIGHT = 4
Found = dict[str, Any]


def _start(service: Deployment, dataset_id: str, instruction: str = "Decide.") -> str:
    judge = {"model": "openai/simulated", "api_base": service.standin.api_base, "instruction": instruction}
    return str(service.post("/evaluations", {"dataset_id": dataset_id, "judge": judge}, expect=202)["id"])


def _until(service: Deployment, evaluation_id: str, *statuses: str) -> Found:
    deadline = time.monotonic() + LIVENESS_S
    while (found := service.get(f"/evaluations/{evaluation_id}"))["status"] not in (statuses or AT_REST):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def _verdicts(service: Deployment, evaluation_id: str) -> list[Found]:
    found: list[Found] = service.get(f"/evaluations/{evaluation_id}/verdicts?limit=500")["items"]
    return found


def _is_whole(service: Deployment, found: Found) -> None:
    assert found["status"] == "succeeded", found
    verdicts = _verdicts(service, found["id"])
    assert [verdict["example_id"] for verdict in verdicts] == [row.id for row in ROWS]
    assert found["judged"] == found["agreement"]["n"] == found["progress"]["done"] == len(ROWS)
    assert found["spend"]["calls"] == len(ROWS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Found, list[Found]]]:
    """The same evaluation as one job: what every other one must come to."""
    with deployed(tmp_path_factory.mktemp("whole")) as service:
        service.start_worker()
        found = _until(service, _start(service, service.upload()))
        yield found, _verdicts(service, found["id"])


def _equals(service: Deployment, found: Found, whole: tuple[Found, list[Found]]) -> None:
    _is_whole(service, found)
    assert found["agreement"] == whole[0]["agreement"]
    assert _verdicts(service, found["id"]) == whole[1]


def _killed(service: Deployment, whole: tuple[Found, list[Found]]) -> None:
    """Two workers are at it; each is killed once, the one that watches over the shards too."""
    service.standin.faults.latency_ms = 100.0
    workers = [service.start_worker(), service.start_worker()]
    evaluation_id = _start(service, service.upload())
    for worker in workers:
        service.until_asked(service.standin.received + 15)
        worker.kill()
        worker.wait()
        service.start_worker()
    _equals(service, _until(service, evaluation_id), whole)
    # Each worker works on two shards at a time.
    assert service.standin.paid_twice <= 2 * 2 * IN_FLIGHT


def test_killed_workers_change_nothing(tmp_path: Path, whole: tuple[Found, list[Found]]) -> None:
    with deployed(tmp_path, shard_rows=11, max_in_flight=IN_FLIGHT) as service:
        _killed(service, whole)


def test_so_it_is_on_postgresql(tmp_path: Path, whole: tuple[Found, list[Found]], postgres_url: str) -> None:
    with deployed(tmp_path, postgres_url, shard_rows=11, max_in_flight=IN_FLIGHT) as service:
        _killed(service, whole)


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A service with two workers and small shards."""
    with deployed(tmp_path_factory.mktemp("spread"), shard_rows=6, max_in_flight=IN_FLIGHT) as service:
        service.start_worker()
        service.start_worker()
        yield service


@pytest.fixture
def calm(spread: Deployment) -> Iterator[Deployment]:
    spread.standin.faults.clear()
    spread.standin.faults.latency_ms = 0.0
    spread.standin.faults.accepted_key = None
    spread.standin.forget()
    yield spread
    spread.standin.faults.clear()
    spread.standin.faults.accepted_key = None


def test_the_result_does_not_depend_on_workers_and_shards(
    calm: Deployment, whole: tuple[Found, list[Found]]
) -> None:
    found = _until(calm, _start(calm, calm.upload()))
    _equals(calm, found, whole)
    assert calm.standin.received == len(ROWS)


def test_an_outage_in_one_shard_pauses_the_evaluation_and_all_shards(calm: Deployment) -> None:
    calm.standin.faults.add(Fault(kind=FaultKind.SERVER_ERROR, from_call=45))
    found = _until(calm, _start(calm, calm.upload(), "Until the outage."))
    assert (found["status"], found["pause_reason"]) == ("paused", "provider"), found
    assert "the provider failed on" in found["cause"]
    shown = [verdict["example_id"] for verdict in _verdicts(calm, found["id"])]
    assert shown == [row.id for row in ROWS][: len(shown)]
    assert 32 <= len(shown) <= found["judged"] < len(ROWS)
    calm.standin.faults.clear()
    calm.post(f"/evaluations/{found['id']}/resume")
    _is_whole(calm, _until(calm, found["id"]))


def test_a_spread_evaluation_is_paused_and_resumed_as_one(calm: Deployment) -> None:
    calm.standin.faults.latency_ms = 150.0
    evaluation_id = _start(calm, calm.upload(), "Pause and resume.")
    calm.until_asked(36)
    calm.post(f"/evaluations/{evaluation_id}/pause")
    found = _until(calm, evaluation_id)
    assert (found["status"], found["pause_reason"]) == ("paused", "by_hand"), found
    time.sleep(0.6)
    asked = calm.standin.received
    time.sleep(0.6)
    assert calm.standin.received == asked < len(ROWS)
    calm.post(f"/evaluations/{evaluation_id}/resume")
    _is_whole(calm, _until(calm, evaluation_id))


def test_a_cancelled_one_asks_nothing_more_until_it_is_retried(calm: Deployment) -> None:
    calm.standin.faults.latency_ms = 150.0
    evaluation_id = _start(calm, calm.upload(), "Cancel and retry.")
    calm.until_asked(36)
    calm.post(f"/evaluations/{evaluation_id}/cancel")
    _until(calm, evaluation_id, "cancelled")
    time.sleep(0.6)
    asked = calm.standin.received
    time.sleep(0.6)
    assert calm.standin.received == asked < len(ROWS)
    calm.post(f"/evaluations/{evaluation_id}/retry")
    _is_whole(calm, _until(calm, evaluation_id))


def test_a_wrong_key_costs_one_call_however_many_workers(calm: Deployment) -> None:
    calm.standin.faults.accepted_key = "another"
    found = _until(calm, _start(calm, calm.upload(), "With a wrong key."))
    assert found["status"] == "failed"
    assert calm.standin.received == 1


def test_a_key_that_is_withdrawn_fails_the_whole_with_its_cause(calm: Deployment) -> None:
    calm.standin.faults.latency_ms = 150.0
    evaluation_id = _start(calm, calm.upload(), "Withdrawn.")
    calm.until_asked(36)
    calm.standin.faults.accepted_key = "another"
    found = _until(calm, evaluation_id)
    assert found["status"] == "failed"
    assert "key" in found["cause"]
    calm.standin.faults.accepted_key = None
    calm.post(f"/evaluations/{evaluation_id}/retry")
    _is_whole(calm, _until(calm, evaluation_id))


def test_the_spend_cap_is_one_for_all_shards(calm: Deployment) -> None:
    judge = {"model": "openai/simulated", "api_base": calm.standin.api_base, "instruction": "Capped."}
    body = {"dataset_id": calm.upload(), "judge": judge, "spend_cap": {"max_calls": 50}}
    found = _until(calm, calm.post("/evaluations", body, expect=202)["id"])
    assert (found["status"], found["pause_reason"]) == ("paused", "spend_cap"), found
    assert calm.standin.received == 50
