"""Counts of all processes come together in the database, and `/metrics` tells them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, insert
from sqlmodel import select

from optimizers.types import ModelAnswer
from service.app import create_app
from service.datasets.tables import DatasetRow
from service.db import open_engine, transaction
from service.jobs.database_clock import database_now
from service.jobs.tables import JobRow, LeaseRow
from service.metrics.counters import CountedCalls, Counters, Flusher
from service.metrics.exposition import Requests, exposition
from service.metrics.tables import CounterRow
from service.settings import Settings
from tests.service.conftest import serve


def _stored(engine: Engine) -> dict[str, float]:
    with transaction(engine, read_only=True) as session:
        return {f"{row.name}{row.labels}": row.value for row in session.exec(select(CounterRow)).all()}


def _lines(engine: Engine) -> list[str]:
    return exposition(engine, Requests()).decode().splitlines()


def test_what_several_processes_count_is_summed(engine: Engine) -> None:
    def count(_: int) -> None:
        counters = Counters()
        for _ in range(5):
            counters.add("calls", model="a")
            counters.add("calls", model="b")
            Flusher(engine, counters).flush()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert _stored(engine) == {'calls{"model": "a"}': 20.0, 'calls{"model": "b"}': 20.0}


def test_what_could_not_be_stored_is_stored_later_and_once(tmp_path: Path, engine: Engine) -> None:
    counters = Counters()
    counters.add("calls", model="a")
    Flusher(open_engine(f"sqlite:///{tmp_path / 'empty.db'}"), counters).flush()
    counters.add("calls", model="a")
    Flusher(engine, counters).flush()
    Flusher(engine, counters).flush()
    assert _stored(engine) == {'calls{"model": "a"}': 2.0}


def test_calls_are_counted_by_model_and_outcome(engine: Engine) -> None:
    counters = Counters()
    calls = CountedCalls(counters)
    answer = ModelAnswer(text="pass", prompt_tokens=7, completion_tokens=2, cost_usd=0.5)
    calls.attempted("openai/x", "rate_limited", again=False, answer=None)
    calls.attempted("openai/x", "answered", again=True, answer=answer)
    calls.found("openai/x")
    Flusher(engine, counters).flush()
    lines = _lines(engine)
    for line in (
        'concord_model_calls_total{model="openai/x",outcome="answered"} 1.0',
        'concord_model_calls_total{model="openai/x",outcome="rate_limited"} 1.0',
        'concord_model_rate_limited_total{model="openai/x"} 1.0',
        'concord_model_retries_total{model="openai/x"} 1.0',
        'concord_model_tokens_total{kind="prompt",model="openai/x"} 7.0',
        'concord_model_cost_dollars_total{model="openai/x"} 0.5',
        'concord_ledger_hits_total{model="openai/x"} 1.0',
    ):
        assert line in lines


def test_jobs_and_workers_are_told_as_they_are(engine: Engine) -> None:
    with transaction(engine) as session:
        session.add(
            DatasetRow(id="d", name="d", criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3)
        )
        session.flush()
        session.add_all([JobRow(id=f"r{n}", kind="run", dataset_id="d", status="queued") for n in range(2)])
        for name, left_s in (("alive", 60), ("dead", -60)):
            values = {"worker_id": name, "generation": 1, "host": "h", "expires_at": database_now() + left_s}
            session.execute(insert(LeaseRow).values(**values))
    lines = _lines(engine)
    assert 'concord_jobs{kind="run",status="queued"} 2.0' in lines
    assert 'concord_jobs{kind="evaluation",status="failed"} 0.0' in lines
    assert "concord_workers_alive 1.0" in lines
    assert "concord_database_up 1.0" in lines
    with transaction(engine) as session:
        session.get_one(JobRow, "r0").updated_at = session.get_one(JobRow, "r0").updated_at.replace(year=2001)
    age = next(
        line for line in _lines(engine) if line.startswith('concord_oldest_queued_seconds{kind="run"}')
    )
    assert float(age.split()[-1]) > 1e8


def test_without_a_database_the_metrics_say_so(tmp_path: Path) -> None:
    lines = _lines(open_engine(f"sqlite:///{tmp_path / 'empty.db'}"))
    assert "concord_database_up 0.0" in lines


def test_requests_are_measured_by_their_route(client: httpx.Client) -> None:
    client.get("/api/datasets/nothing")
    client.get("/nowhere")
    text = client.get("/metrics").text
    name = "concord_http_request_duration_seconds_count"
    assert f'{name}{{method="GET",route="/api/datasets/{{dataset_id}}",status="404"}} 1.0' in text
    assert f'{name}{{method="GET",route="unmatched",status="404"}} 1.0' in text


@pytest.mark.parametrize(("key", "status"), [("right", 200), ("wrong", 401), ("-", 401)])
def test_metrics_want_a_key_where_the_api_does(tmp_path: Path, key: str, status: int) -> None:
    settings = Settings(home=tmp_path, api_keys=(SecretStr("right"),))
    with serve(create_app(settings)) as url:
        found = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {key}"})
    assert found.status_code == status
