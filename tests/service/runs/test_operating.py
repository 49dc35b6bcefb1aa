"""What an operator sees of runs: who waits for whom, what was counted, what the log says."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from experiments.standin import Fault, FaultKind
from service.backup import backup, restore
from service.settings import Settings
from tests.service.runs.conftest import LIVENESS_S, Deployment, deployed


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployment]:
    """A service without a worker, on each kind of database."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with deployed(tmp_path, url) as service:
        yield service


def _worker_with_log(service: Deployment, path: Path) -> subprocess.Popen[bytes]:
    with path.open("wb") as log:
        return service.start_worker(CONCORD_LOG_JSON="1", stderr=log)


def _metrics(service: Deployment, *lines: str) -> str:
    """The metrics, once all of `lines` begin one of theirs: workers tell theirs every few seconds."""
    deadline = time.monotonic() + LIVENESS_S
    while True:
        text = service.api.get("/metrics").text
        if all(f"\n{line}" in text for line in lines):
            return text
        assert time.monotonic() < deadline, text
        time.sleep(0.2)


def test_an_exclusive_run_waits_its_turn_and_all_is_counted(either: Deployment, tmp_path: Path) -> None:
    dataset = either.upload()
    body = either.simulated(dataset, exclusive=True)
    first, second = either.start(**body), either.start(**body | {"seed": 1})
    shown = either.get(f"/runs/{second}")
    assert (shown["status"], shown["waiting_for"], shown["exclusive"]) == ("queued", first, True)
    assert either.get(f"/runs/{first}")["waiting_for"] is None
    listed = {run["id"]: run["waiting_for"] for run in either.get("/runs")["items"]}
    assert listed == {first: None, second: first}
    _worker_with_log(either, tmp_path / "log")
    runs = [either.until(run_id) for run_id in (first, second)]
    assert [run["status"] for run in runs] == ["succeeded", "succeeded"]
    assert runs[1]["started_at"] >= runs[0]["ended_at"]

    paid = len(either.standin.calls)
    text = _metrics(
        either,
        f'concord_model_calls_total{{model="openai/simulated",outcome="answered"}} {paid:.1f}',
        'concord_jobs{kind="run",status="succeeded"} 2.0',
        "concord_workers_alive 1.0",
        'concord_ledger_hits_total{model="openai/simulated"}',
    )
    assert 'route="/api/runs/{run_id}"' in text

    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    ended = next(line for line in lines if line["event"] == "job_ended")
    assert ended["run_id"] == ended["job_id"] == first
    assert ended["worker_id"]


def test_a_provider_s_429_and_the_retry_are_counted(tmp_path: Path) -> None:
    with deployed(tmp_path) as service:
        service.standin.faults.add(
            Fault(kind=FaultKind.RATE_LIMITED, calls=frozenset({7}), retry_after_s=0.1)
        )
        service.start_worker()
        run = service.until(service.start(**service.simulated(service.upload(), budget={"max_calls": 120})))
        assert run["status"] == "succeeded", run
        _metrics(
            service,
            'concord_model_rate_limited_total{model="openai/simulated"} 1.0',
            'concord_model_retries_total{model="openai/simulated"} 1.0',
        )


def test_priorities_have_a_range(either: Deployment) -> None:
    dataset = either.upload()
    response: httpx.Response = either.api.post("/api/runs", json=either.simulated(dataset, priority=101))
    assert response.status_code == 422
    assert "priority" in response.text
    run = either.get(f"/runs/{either.start(**either.simulated(dataset, priority=-100))}")
    assert run["priority"] == -100


def test_a_cancelled_evaluation_can_be_retried(either: Deployment) -> None:
    judge = {"model": "openai/simulated", "api_base": either.standin.api_base}
    body = {"dataset_id": either.upload(), "judge": judge, "priority": 5}
    evaluation = either.post("/evaluations", body, expect=202)["id"]
    assert either.post(f"/evaluations/{evaluation}/cancel")["status"] == "cancelled"
    assert either.post(f"/evaluations/{evaluation}/retry")["status"] == "queued"
    assert either.api.post(f"/api/evaluations/{evaluation}/retry").status_code == 409


def test_a_deleted_dataset_says_what_went_with_it(either: Deployment) -> None:
    dataset = either.upload()
    run = either.start(**either.simulated(dataset))
    assert either.api.delete(f"/api/datasets/{dataset}").status_code == 409
    either.post(f"/runs/{run}/cancel")
    removed = either.api.delete(f"/api/datasets/{dataset}").json()
    assert (removed["examples"], removed["runs"], removed["snapshots"]) == (80, 1, 1)
    assert removed["to_follow"] == ["ledger", "mlflow"]


def test_a_run_goes_on_from_a_backup_that_was_taken_while_it_ran(tmp_path: Path) -> None:
    with deployed(tmp_path / "one") as service:
        service.standin.faults.latency_ms = 30.0
        worker = service.start_worker()
        run_id = service.start(**service.simulated(service.upload(), budget={"max_calls": 300}))
        service.until_asked(60)
        backup(service.settings, tmp_path / "b.tar.gz")
        worker.kill()
        worker.wait()
        paid = len(service.standin.calls)
        restore(Settings(home=tmp_path / "another"), tmp_path / "b.tar.gz")
        with deployed(tmp_path / "another") as restored:
            restored.start_worker()
            run = restored.until(run_id)
        assert run["status"] == "succeeded", run
        assert len(service.standin.calls) - paid < run["spend"]["calls"]


def test_a_run_says_how_long_it_may_take(tmp_path: Path) -> None:
    with deployed(tmp_path) as service:
        service.standin.faults.latency_ms = 150.0
        service.start_worker()
        run_id = service.start(**service.simulated(service.upload(), budget={"max_calls": 400}))
        run = service.until(run_id, enough=lambda run: bool((run["progress"] or {}).get("time_left_s")))
        assert run["status"] == "running"
        service.standin.faults.latency_ms = 0.0
        run = service.until(run_id)
        assert run["progress"]["time_left_s"] is None
