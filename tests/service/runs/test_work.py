"""A run in a worker: what an attempt starts from."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from service.clock import now
from service.composition import open_gateway
from service.errors import NotFound
from service.jobs.attempts import Attempt
from service.jobs.patience import Patience
from service.jobs.store import Claim
from service.runs.work import RunWork, age_by_now


def test_what_a_run_has_paid_for_is_not_too_old_when_it_is_resumed() -> None:
    asked_for_at = now() - timedelta(seconds=100)
    allowed_s = age_by_now(0.0, asked_for_at)
    assert allowed_s is not None
    assert 100 <= allowed_s < 200
    assert age_by_now(None, asked_for_at) is None


def test_a_database_that_is_away_when_a_run_begins_is_waited_for(sqlite_engine: Engine) -> None:
    tried: list[Connection] = []

    def be_away_once(connection: Connection) -> None:
        tried.append(connection)
        if len(tried) == 1:
            raise OperationalError("BEGIN", None, ConnectionError("the server is restarting"))

    event.listen(sqlite_engine, "begin", be_away_once)
    attempt = Attempt(Claim(job_id="run_1", kind="run", fence=1), sqlite_engine, Patience())
    with open_gateway(None) as (gateway, loop), pytest.raises(NotFound, match="run_1"):
        RunWork(gateway, loop, max_in_flight=4)(attempt)
    assert len(tried) == 2
