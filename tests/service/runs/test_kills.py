"""A worker is killed while it is at a run, again and again; the run does not notice."""

from pathlib import Path
from typing import Any

import pytest

from tests.service.runs.conftest import Deployment, deployed

KILLS = 3
IN_FLIGHT = 8


def _run(service: Deployment, kills: int) -> dict[str, Any]:
    service.standin.faults.latency_ms = 30.0
    worker = service.start_worker()
    run_id = service.start(**service.simulated(service.upload(), seed=11, budget={"max_calls": 300}))
    for _ in range(kills):
        service.until_asked(service.standin.received + 40)
        worker.kill()
        worker.wait()
        worker = service.start_worker()
    run = service.until(run_id)
    assert run["status"] == "succeeded", run
    return run


@pytest.mark.timeout(300)
def test_a_run_whose_worker_is_killed_is_the_run_that_it_would_have_been(
    tmp_path: Path, database_url: str
) -> None:
    with deployed(tmp_path / "calm", max_in_flight=IN_FLIGHT) as calm:
        undisturbed, twice = _run(calm, kills=0), calm.standin.paid_twice
    with deployed(tmp_path / "killed", database_url, max_in_flight=IN_FLIGHT) as service:
        run = _run(service, KILLS)
        assert run["artifact_digest"] == undisturbed["artifact_digest"]
        assert run["spend"]["calls"] == undisturbed["spend"]["calls"]
        assert service.standin.paid_twice - twice <= KILLS * IN_FLIGHT
