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
from service.runs import actions
from service.runs.schemas import NewRun
from service.runs.tables import ResultRow, RunRow, TrackingRow, TrialRow
from service.settings import Settings

BASE = "http://127.0.0.1:9/v1"
RECORDS = (JobRow, EventRow, RunRow, TrialRow, ResultRow, TrackingRow)


@pytest.mark.parametrize(("model", "simulated"), [("openai/simulated", True), ("openai/gpt-4o-mini", False)])
def test_a_run_on_the_stand_in_is_marked_as_simulated(tmp_path: Path, model: str, simulated: bool) -> None:
    asked = NewRun(dataset_id="d", model=model, api_base=BASE)
    spec = actions.specify(asked, "run_1", Settings(home=tmp_path, api_bases=(BASE,)))
    assert spec.simulated is simulated


def _store_a_run(session: Session, sender: Sender) -> None:
    session.add(DatasetRow(id="d", name="d", criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3))
    dispatch.submit(session, sender, job_id="run_1", kind=actions.KIND, dataset_id="d")
    session.add(
        RunRow(id="run_1", dataset_id="d", snapshot_digest="s", strategy="gepa", model="offline", spec={})
    )
    session.flush()
    said: dict[str, Any] = {"candidate": {}, "prompt": "", "dev": {}, "usage": {}, "outcomes": b""}
    session.add(
        TrialRow(run_id="run_1", number=0, candidate_id="c", origin="baseline", complete=True, **said)
    )
    session.add(ResultRow(run_id="run_1", artifact="", report={}, test=b""))
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
