"""What a run's records say, and what becomes of them."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import Session

from service.datasets import removal
from service.datasets.tables import DatasetRow
from service.db import transaction
from service.jobs import dispatch, store
from service.jobs.engine import Sender
from service.jobs.engine import migrate as migrate_jobs
from service.jobs.tables import EventRow, JobRow
from service.paging import PageRequest
from service.runs import actions, views
from service.runs.schemas import NewRun
from service.runs.stored import spec_json
from service.runs.tables import ResultRow, RunRow, TrackingRow, TrialRow
from service.settings import Settings

BASE = "http://127.0.0.1:9/v1"
RECORDS = (JobRow, EventRow, RunRow, TrialRow, ResultRow, TrackingRow)


@pytest.mark.parametrize(("model", "simulated"), [("openai/simulated", True), ("openai/gpt-4o-mini", False)])
def test_a_run_on_the_stand_in_is_marked_as_simulated(tmp_path: Path, model: str, simulated: bool) -> None:
    asked = NewRun(dataset_id="d", model=model, api_base=BASE)
    spec = actions.specify(asked, "run_1", Settings(home=tmp_path, api_bases=(BASE,)))
    assert spec.simulated is simulated


def _store_a_run(
    session: Session,
    sender: Sender,
    *,
    report: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
) -> None:
    session.add(DatasetRow(id="d", name="d", criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3))
    dispatch.submit(session, sender, job_id="run_1", kind=actions.KIND, dataset_id="d")
    session.add(
        RunRow(
            id="run_1", dataset_id="d", snapshot_digest="s", strategy="gepa", model="offline", spec=spec or {}
        )
    )
    session.flush()
    said: dict[str, Any] = {"candidate": {}, "prompt": "", "dev": {}, "usage": {}, "outcomes": b""}
    session.add(
        TrialRow(run_id="run_1", number=0, candidate_id="c", origin="baseline", complete=True, **said)
    )
    session.add(ResultRow(run_id="run_1", artifact="", report=report or {}, test=b""))
    session.add(TrackingRow(run_id="run_1"))
    dispatch.cancel(session, store.get(session, actions.KIND, "run_1"))


def test_a_removed_dataset_takes_the_records_of_its_runs_with_it(engine: Engine, database_url: str) -> None:
    migrate_jobs(database_url)
    with transaction(engine) as session:
        _store_a_run(session, Sender(engine))
    with transaction(engine) as session:
        assert all(session.scalar(select(func.count()).select_from(table)) for table in RECORDS)
        removal.delete(session, "d")
    with transaction(engine, read_only=True) as session:
        assert not any(session.scalar(select(func.count()).select_from(table)) for table in RECORDS)


@pytest.mark.parametrize("is_measured", [True, False])
def test_a_list_of_runs_tells_of_each_what_its_test_measured(
    engine: Engine, database_url: str, tmp_path: Path, is_measured: bool
) -> None:
    migrate_jobs(database_url)
    kappa = {"value": 0.4, "low": 0.2, "high": 0.6, "n": 78, "level": 0.95, "undefined": None}
    gain = {"value": 0.0, "low": -0.1, "high": 0.1, "p_value": 0.5, "undefined": None}
    agreement = {"kappa": kappa, "n": 78}
    measured = {"baseline": agreement, "best": agreement, "gain": gain, "readings": 1}
    test = measured if is_measured else {"baseline": None, "best": None, "gain": None, "readings": 0}
    spec = spec_json(actions.specify(NewRun(dataset_id="d"), "run_1", Settings(home=tmp_path)))
    with transaction(engine) as session:
        _store_a_run(session, Sender(engine), report={"test": test}, spec=spec)
    with transaction(engine, read_only=True) as session:
        listed = views.page(session, PageRequest(), dataset_id="d").items[0]
        assert listed == views.one(session, "run_1")
    found = listed.model_dump()["test"]
    del kappa["level"]
    assert found == ({"baseline": kappa, "best": kappa, "gain": gain} if is_measured else None)
