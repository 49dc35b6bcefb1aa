"""Keeping MLflow up with the runs: what is due, what waits, what is given up."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from experiments.tracking.errors import TrackingRejected, TrackingUnavailable
from experiments.tracking.links import Links, links
from experiments.tracking.record import RunRecord, trial_record
from optimizers.types import Candidate, Evaluation, Label, Part, Snapshot, Trial, Usage, Verdict
from service.datasets.snapshots import load_snapshot
from service.db import transaction
from service.runs import outbox, tracking
from service.runs.stored import trial_row
from service.runs.tables import RunRow
from service.runs.tracking import Tracking


@dataclass
class Mlflow:
    """MLflow's side, as a test has it."""

    told: list[RunRecord] = field(default_factory=list)
    trouble: Exception | None = None
    changed: threading.Event = field(default_factory=threading.Event)

    def project(self, record: RunRecord) -> Links:
        self.changed.set()
        if self.trouble is not None:
            raise self.trouble
        self.told.append(record)
        return links("http://mlflow", "7", record.run_id)


@pytest.fixture
def mlflow() -> Mlflow:
    return Mlflow()


@pytest.fixture
def run_id(client: httpx.Client) -> str:
    """A queued run."""
    rows = [
        {"id": str(n), "input": f"q {n}", "output": f"a {n}", "label": "pass" if n % 2 else "fail"}
        for n in range(60)
    ]
    created = client.post("/api/datasets", json={"name": "d", "criterion": "c", "examples": rows})
    response = client.post("/api/runs", json={"dataset_id": created.json()["id"]})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


@pytest.fixture
def engine(app: FastAPI, base_url: str) -> Engine:
    found: Engine = app.state.engine
    return found


@pytest.fixture
def keeping_up(
    engine: Engine, mlflow: Mlflow, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Tracking]]:
    monkeypatch.setattr(tracking, "AWAY_S", 0.1)
    monkeypatch.setattr(tracking, "LOOK_S", 0.02)
    started: list[Tracking] = []

    def start() -> Tracking:
        follower = Tracking(engine, mlflow.project, holder="t", source_url=lambda id_: f"http://api/{id_}")
        follower.start()
        started.append(follower)
        return follower

    yield start
    for follower in started:
        follower.stop()


def _until(enough: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not enough():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _measure(engine: Engine, run_id: str, number: int) -> None:
    """Store a trial as a worker does."""
    with transaction(engine) as session:
        run = session.get_one(RunRow, run_id)
        snapshot: Snapshot = load_snapshot(session, run.snapshot_digest)
        dev = snapshot.part(Part.DEV)
        candidate = Candidate(instruction=f"Judge, attempt {number}.")
        outcomes = {row.id: Verdict(label=Label.PASS) for row in dev}
        trial = Trial(
            number=number,
            candidate=candidate,
            evaluation=Evaluation(candidate_id=candidate.id, outcomes=outcomes),
            kappa=0.0,
            usage=Usage(calls=len(dev)),
        )
        record = trial_record(trial, dev, calls_so_far=0, prompt="p")
        session.add(trial_row(run_id, trial, record.dev, "p"))
        outbox.note(session, run_id)


def _run(client: httpx.Client, run_id: str) -> dict[str, object]:
    found: dict[str, object] = client.get(f"/api/runs/{run_id}").json()
    return found


def test_a_new_run_is_told_and_its_links_are_kept(
    client: httpx.Client, run_id: str, mlflow: Mlflow, keeping_up: Callable[[], Tracking]
) -> None:
    keeping_up()
    _until(lambda: _run(client, run_id)["mlflow_url"] is not None)
    assert [(record.run_id, record.status) for record in mlflow.told] == [(run_id, "queued")]
    assert str(_run(client, run_id)["mlflow_url"]).startswith("http://mlflow/#/experiments/7/runs/")


def test_trials_and_states_are_told_as_they_come(
    engine: Engine, client: httpx.Client, run_id: str, mlflow: Mlflow, keeping_up: Callable[[], Tracking]
) -> None:
    keeping_up()
    _until(lambda: len(mlflow.told) == 1)
    _measure(engine, run_id, 0)
    _until(lambda: len(mlflow.told[-1].trials) == 1)
    _measure(engine, run_id, 1)
    _until(lambda: len(mlflow.told[-1].trials) == 2)
    client.post(f"/api/runs/{run_id}/cancel")
    _until(lambda: mlflow.told[-1].status == "cancelled")
    assert [trial.number for trial in mlflow.told[-1].trials] == [0, 1]


def test_what_was_told_is_not_told_again(
    run_id: str, mlflow: Mlflow, keeping_up: Callable[[], Tracking]
) -> None:
    keeping_up()
    _until(lambda: len(mlflow.told) == 1)
    time.sleep(0.2)
    assert len(mlflow.told) == 1


def test_a_dead_server_is_caught_up_with_later(
    engine: Engine, client: httpx.Client, run_id: str, mlflow: Mlflow, keeping_up: Callable[[], Tracking]
) -> None:
    mlflow.trouble = TrackingUnavailable("connection refused")
    keeping_up()
    _until(lambda: _run(client, run_id)["mlflow_trouble"] == "connection refused")
    _measure(engine, run_id, 0)
    mlflow.trouble = None
    _until(lambda: _run(client, run_id)["mlflow_trouble"] is None)
    assert len(mlflow.told[-1].trials) == 1


@pytest.mark.parametrize("trouble", [TrackingRejected("no such thing"), KeyError("a mistake of ours")])
def test_what_is_refused_is_left_until_there_is_news(
    engine: Engine,
    client: httpx.Client,
    run_id: str,
    mlflow: Mlflow,
    keeping_up: Callable[[], Tracking],
    trouble: Exception,
) -> None:
    mlflow.trouble = trouble
    keeping_up()
    _until(lambda: _run(client, run_id)["mlflow_trouble"] is not None)
    mlflow.changed.clear()
    assert not mlflow.changed.wait(0.2)
    mlflow.trouble = None
    _measure(engine, run_id, 0)
    _until(lambda: len(mlflow.told) == 1)


def test_two_workers_do_not_tell_the_same_at_once(engine: Engine, run_id: str) -> None:
    with transaction(engine) as session:
        first = outbox.take(session, "one")
        second = outbox.take(session, "two")
    assert first is not None
    assert second is None


def test_news_during_a_projection_are_still_due(engine: Engine, run_id: str) -> None:
    with transaction(engine) as session:
        due = outbox.take(session, "one")
        assert due is not None
        outbox.note(session, run_id)
        outbox.told(session, due, {})
        assert outbox.anything_due(session)
