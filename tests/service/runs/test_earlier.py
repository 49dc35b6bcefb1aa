"""Runs that start from what earlier runs on the dataset found."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from experiments.spec import EarlierRun, RunSpec
from optimizers.artifact import from_json
from optimizers.types import Candidate, Demonstration, Label, ModelRef
from service.clock import now
from service.datasets.tables import DatasetRow
from service.db import transaction
from service.jobs.states import Status
from service.jobs.tables import JobRow
from service.runs import actions, earlier
from service.runs.stored import spec_json, spec_of
from service.runs.tables import RunRow, TrialRow
from tests.service.runs.conftest import Deployment

SHOWN = Demonstration(example_id="r1", input="in", output="out", label=Label.FAIL, rationale="Rude.")
WINNER = Candidate(instruction="Fail a rude reply.", demonstrations=(SHOWN,), probability=True)
SPEC = RunSpec(
    run_id="run_9",
    strategy="joint",
    model=ModelRef(name="offline"),
    earlier=(EarlierRun(run_id="run_1", candidate=WINNER),),
)

# --- whole runs -------------------------------------------------------------------------------------


def finished(service: Deployment, dataset_id: str, **options: object) -> dict[str, object]:
    body = service.simulated(dataset_id, strategy="joint", budget={"max_calls": 300}) | options
    run = service.until(service.start(**body))
    assert run["status"] == "succeeded", run
    return run


def first_field(service: Deployment, run: dict[str, object]) -> list[str]:
    trials = service.get(f"/runs/{run['id']}/trials?limit=500")["items"]
    return [trial["candidate_id"] for trial in trials if trial["origin"] == "first field"]


def winner(service: Deployment, run: dict[str, object]) -> str:
    return from_json(service.api.get(f"/api/runs/{run['id']}/best").text).id


def test_a_run_starts_from_the_winner_of_the_one_before_unless_it_is_to_start_afresh(
    calm: Deployment,
) -> None:
    dataset_id = calm.upload()
    first = finished(calm, dataset_id)
    second = finished(calm, dataset_id, seed=1)
    fresh = finished(calm, dataset_id, seed=1, from_earlier_runs=False)
    assert (first["earlier_runs"], second["earlier_runs"], fresh["earlier_runs"]) == ([], [first["id"]], [])
    assert winner(calm, first) in first_field(calm, second)
    assert winner(calm, first) not in first_field(calm, fresh)
    told = from_json(calm.api.get(f"/api/runs/{second['id']}/best").text).provenance["configuration"]
    assert isinstance(told, dict)
    assert told["earlier_runs"] == [first["id"]]
    assert "earlier" not in told


def test_a_fresh_repeat_asks_nobody_and_is_the_same(calm: Deployment) -> None:
    dataset_id = calm.upload()
    first = finished(calm, dataset_id)
    asked = len(calm.standin.calls)
    again = finished(calm, dataset_id, from_earlier_runs=False)
    assert len(calm.standin.calls) == asked
    assert again["artifact_digest"] == first["artifact_digest"]


def test_a_dataset_whose_runs_built_on_each_other_is_deleted_with_all_of_them(calm: Deployment) -> None:
    dataset_id = calm.upload()
    runs = [finished(calm, dataset_id, seed=seed) for seed in (0, 1)]
    removed = calm.api.delete(f"/api/datasets/{dataset_id}")
    assert (removed.status_code, removed.json()["runs"]) == (200, 2)
    assert {calm.api.get(f"/api/runs/{run['id']}").status_code for run in runs} == {404}


# --- which runs -------------------------------------------------------------------------------------

START = now()


def store_run(
    session: Session,
    number: int,
    *,
    best_trial: int = 1,
    status: Status = Status.SUCCEEDED,
    dataset_id: str = "d",
) -> None:
    """Run `number`, which ended `number` minutes after the start."""
    run_id = f"run_{number}"
    ended_at = START + timedelta(minutes=number)
    job = JobRow(id=run_id, kind=actions.KIND, dataset_id=dataset_id, status=status, ended_at=ended_at)
    session.add(job)
    session.flush()
    told: dict[str, Any] = {"strategy": "gepa", "model": "offline", "spec": {}, "best_trial": best_trial}
    session.add(RunRow(id=run_id, dataset_id=dataset_id, snapshot_digest="s", **told))
    session.flush()
    for trial, candidate in enumerate((Candidate(), replace(WINNER, instruction=f"Of run {number}."))):
        said: dict[str, Any] = {"candidate": asdict(candidate), "prompt": "", "dev": {}, "usage": {}}
        said |= {"origin": "", "complete": True, "outcomes": b""}
        session.add(TrialRow(run_id=run_id, number=trial, candidate_id=candidate.id, **said))
    session.flush()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with transaction(engine) as opened:
        for id_ in ("d", "other"):
            opened.add(
                DatasetRow(id=id_, name=id_, criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3)
            )
        opened.flush()
        yield opened


def test_the_two_that_ended_last_come_the_latest_first(session: Session) -> None:
    for number in (2, 3, 1):
        store_run(session, number)
    found = earlier.winners(session, "d")
    assert [run.run_id for run in found] == ["run_3", "run_2"]
    assert found[0].candidate == replace(WINNER, instruction="Of run 3.")


def test_runs_that_found_nothing_or_did_not_succeed_do_not_count(session: Session) -> None:
    store_run(session, 1)
    store_run(session, 2, best_trial=0)
    store_run(session, 3, status=Status.CANCELLED)
    store_run(session, 4, dataset_id="other")
    assert [run.run_id for run in earlier.winners(session, "d")] == ["run_1"]
    assert earlier.winners(session, "nobody's") == ()


# --- what is stored ---------------------------------------------------------------------------------


def test_a_specification_reads_back_with_what_it_starts_from() -> None:
    assert spec_of(spec_json(SPEC)) == SPEC


def test_a_specification_of_before_there_was_a_start_still_reads() -> None:
    plain = spec_json(SPEC)
    del plain["earlier"]
    assert spec_of(plain) == replace(SPEC, earlier=())
