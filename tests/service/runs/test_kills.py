"""A worker is killed while it is at a run, again and again; the run does not notice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.service.runs.conftest import Deployment, deployed

IN_FLIGHT = 8


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and how many questions were charged for a second time on the way."""

    run: dict[str, Any]
    paid_twice: int


def _outcome(service: Deployment, kills: int) -> Outcome:
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
    return Outcome(run=run, paid_twice=service.standin.paid_twice)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    with deployed(tmp_path_factory.mktemp("undisturbed"), max_in_flight=IN_FLIGHT) as service:
        yield _outcome(service, kills=0)


def _is_the_same(outcome: Outcome, undisturbed: Outcome, kills: int) -> None:
    assert outcome.run["artifact_digest"] == undisturbed.run["artifact_digest"]
    assert outcome.run["spend"]["calls"] == undisturbed.run["spend"]["calls"]
    assert outcome.run["trials"] == undisturbed.run["trials"]
    # What was in flight at a kill was charged and its answer lost; a second sample (the winner's
    # repeatability) is charged in the undisturbed run too.
    assert outcome.paid_twice - undisturbed.paid_twice <= kills * IN_FLIGHT


def test_a_run_killed_three_times_is_the_run_that_it_would_have_been(
    tmp_path: Path, undisturbed: Outcome
) -> None:
    with deployed(tmp_path, max_in_flight=IN_FLIGHT) as service:
        _is_the_same(_outcome(service, kills=3), undisturbed, kills=3)


def test_so_it_is_on_postgresql(tmp_path: Path, undisturbed: Outcome, postgres_url: str) -> None:
    with deployed(tmp_path, postgres_url, max_in_flight=IN_FLIGHT) as service:
        _is_the_same(_outcome(service, kills=1), undisturbed, kills=1)
