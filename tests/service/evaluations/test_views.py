"""What is told about an evaluation whose state changes while one looks."""

from typing import Any

import pytest
from sqlalchemy import Engine, event

from service.datasets.tables import DatasetRow
from service.db import open_engine, transaction
from service.evaluations import shards, views
from service.evaluations.tables import EvaluationRow, ShardRow
from service.jobs.states import Status
from service.jobs.tables import JobRow
from service.paging import PageRequest

ID = "eval_1"


@pytest.fixture
def running(engine: Engine) -> Engine:
    """An evaluation that has judged 32 rows itself and 8 in its only shard."""
    with transaction(engine) as session:
        session.add(
            DatasetRow(id="d", name="d", criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3)
        )
        session.flush()
        session.add(JobRow(id=ID, kind="evaluation", dataset_id="d", status=Status.RUNNING))
        session.add(JobRow(id="shard_1", kind=shards.KIND, dataset_id="d", status=Status.SUCCEEDED))
        session.flush()
        session.add(
            EvaluationRow(id=ID, dataset_id="d", model="m", judge={"source": "x"}, last_row=40, judged=32)
        )
        session.flush()
        session.add(ShardRow(id="shard_1", evaluation_id=ID, after_row=32, last_row=40, n_rows=8))
    return engine


def conclude(engine: Engine) -> None:
    """As a worker does it, in one transaction."""
    with transaction(engine) as session:
        evaluation = session.get_one(EvaluationRow, ID)
        evaluation.judged, evaluation.agreement = 40, {"n": 40}
        session.get_one(JobRow, ID).status = Status.SUCCEEDED
        shards.clear(session, ID)


@pytest.mark.parametrize("in_a_list", [False, True])
def test_an_evaluation_is_told_as_of_one_moment(running: Engine, database_url: str, in_a_list: bool) -> None:
    looking = open_engine(database_url)
    seen: list[str] = []

    def end_it_after_the_first_look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)
            if len(seen) == 1:
                conclude(running)

    event.listen(looking, "after_cursor_execute", end_it_after_the_first_look)
    with transaction(looking, read_only=True) as session:
        if in_a_list:
            found = views.page(session, PageRequest(), dataset_id="d").items[0]
        else:
            found = views.one(session, ID)
    looking.dispose()
    assert seen
    assert found.judged == 40
    assert (found.status == Status.SUCCEEDED) == (found.agreement is not None)
