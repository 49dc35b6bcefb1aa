"""The database goes away under two workers, for longer than a lease, and comes back."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from service.db import open_engine, transaction
from service.jobs import store
from service.schema import migrate
from tests.service.jobs.conftest import Shop, open_shop
from tests.service.jobs.outage import Door, door_before

LEASE_S = 1.0


@pytest.fixture
def door(postgres_url: str) -> Iterator[Door]:
    url = make_url(postgres_url)
    with door_before(url.host or "127.0.0.1", url.port or 5432) as door:
        yield door


@pytest.fixture
def shop(postgres_url: str, door: Door, tmp_path: Path) -> Iterator[Shop]:
    """The test's own connections go past the door, those of the workers through it."""
    engine = open_engine(postgres_url)
    migrate(engine)
    through = make_url(postgres_url).set(host="127.0.0.1", port=door.port)
    shop = open_shop(engine, postgres_url, tmp_path)
    shop.url = through.render_as_string(hide_password=False)
    yield shop
    shop.close()
    engine.dispose()


def _taken_from_a_worker(shop: Shop, job_id: str) -> int:
    with transaction(shop.engine, read_only=True) as session:
        events = store.events_after(session, job_id, 0, 1000)
    return [event.data.get("status") for event in events].count("running") - 1


def test_a_job_survives_an_outage_of_the_database(shop: Shop, door: Door, tmp_path: Path) -> None:
    for host in ("one host", "another host"):
        shop.start_worker_and_wait(lease_s=LEASE_S, home=tmp_path / host)
    job_id = shop.submit(400)
    shop.until_counted(job_id, 5)
    door.shut()
    time.sleep(2.5 * LEASE_S)
    door.reopen()
    shop.until(job_id, "succeeded")
    assert [step for step, _ in shop.steps(job_id)] == list(range(400))
    assert all(worker.poll() is None for worker in shop.workers)
    later = shop.submit(3)
    shop.until(later, "succeeded")


def test_a_short_outage_costs_no_job_its_worker(shop: Shop, door: Door, tmp_path: Path) -> None:
    for host in ("one host", "another host"):
        shop.start_worker_and_wait(lease_s=6.0, home=tmp_path / host)
    job_id = shop.submit(300)
    shop.until_counted(job_id, 5)
    door.shut()
    time.sleep(1.0)
    door.reopen()
    shop.until(job_id, "succeeded")
    assert _taken_from_a_worker(shop, job_id) == 0
