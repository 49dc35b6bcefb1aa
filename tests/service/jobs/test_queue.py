"""Who goes first and who waits: priorities, limits, jobs of which one runs at a time."""

import time
from collections import Counter

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from service.db import transaction
from service.jobs import dispatch, queue, store
from service.jobs.database_clock import database_now
from service.jobs.states import Status
from service.jobs.store import Lease
from service.jobs.tables import JobRow, LeaseRow
from tests.service.jobs.conftest import LIVENESS_S, Shop

KEY = "d/mipro"


def _most_at_a_time(shop: Shop, job_ids: list[str]) -> tuple[int, Counter[str]]:
    """The most jobs that were seen running at once, all together and for each worker, until all ended."""
    most, by_worker = 0, Counter[str]()
    deadline = time.monotonic() + LIVENESS_S
    while time.monotonic() < deadline:
        jobs = [shop.job(job_id) for job_id in job_ids]
        running = Counter(job.worker_id or "" for job in jobs if job.status == Status.RUNNING)
        most, by_worker = max(most, running.total()), by_worker | running
        if all(job.status == Status.SUCCEEDED for job in jobs):
            return most, by_worker
        time.sleep(0.02)
    raise AssertionError([shop.job(job_id).status for job_id in job_ids])


def _ahead_of(shop: Shop, job_id: str) -> str | None:
    with transaction(shop.engine, read_only=True) as session:
        return queue.ahead_of(session, store.get(session, "count", job_id))


def test_higher_priorities_go_first(shop: Shop) -> None:
    ids = {priority: shop.submit(4, priority=priority) for priority in (0, -100, 7, 100)}
    shop.start_worker(concurrency=1)
    for job_id in ids.values():
        shop.until(job_id, "succeeded")
    started = {priority: shop.job(job_id).started_at for priority, job_id in ids.items()}
    assert sorted(ids, key=lambda priority: str(started[priority])) == [100, 7, 0, -100]


def test_all_workers_together_keep_the_global_limit(shop: Shop) -> None:
    job_ids = [shop.submit(10) for _ in range(6)]
    for _ in range(2):
        shop.start_worker(concurrency=2, global_concurrency=2)
    most, _ = _most_at_a_time(shop, job_ids)
    assert most == 2


def test_workers_that_look_at_the_same_moment_do_not_fill_the_same_place(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    for _ in range(3):
        shop.start_worker_and_wait(home=shop.home, concurrency=1, global_concurrency=1)
    most, _ = _most_at_a_time(shop, [shop.submit(3) for _ in range(20)])
    assert most == 1


def test_the_global_limit_counts_no_dead_worker_for_ever(shop: Shop) -> None:
    killed = shop.start_worker(global_concurrency=1)
    first, second = shop.submit(60), shop.submit(2)
    shop.until_counted(first, 3)
    killed.kill()
    killed.wait()
    shop.start_worker(global_concurrency=1)
    shop.until(first, "succeeded")
    shop.until(second, "succeeded")


def test_each_worker_keeps_its_own_limit(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    small = shop.start_worker_and_wait(home=shop.home, concurrency=1)
    big = shop.start_worker_and_wait(home=shop.home, concurrency=3)
    _, by_worker = _most_at_a_time(shop, [shop.submit(25) for _ in range(12)])
    most = {worker_id.split("-")[-2]: count for worker_id, count in by_worker.items() if worker_id}
    assert most == {str(small.pid): 1, str(big.pid): 3}


def test_exclusive_jobs_run_one_at_a_time_and_say_for_whom_they_wait(shop: Shop) -> None:
    first, second, third = (shop.submit(20, exclusive_key=KEY) for _ in range(3))
    other = shop.submit(3)
    assert [_ahead_of(shop, job_id) for job_id in (first, second, third, other)] == [None, first, first, None]
    for _ in range(2):
        shop.start_worker()
    most, _ = _most_at_a_time(shop, [first, second, third])
    assert most == 1
    shop.until(other, "succeeded")


def test_an_exclusive_job_waits_until_the_one_of_a_killed_worker_has_ended(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    killed = shop.start_worker()
    first, second = shop.submit(60, exclusive_key=KEY), shop.submit(2, exclusive_key=KEY)
    shop.until_counted(first, 3)
    killed.kill()
    killed.wait()
    shop.start_worker()
    shop.until(second, "succeeded")
    ended, began = shop.job(first).ended_at, shop.job(second).started_at
    assert ended is not None
    assert began is not None
    assert ended <= began


def test_an_exclusive_job_does_not_wait_for_a_paused_one(sqlite_shop: Shop) -> None:
    first, second = (sqlite_shop.submit(2, exclusive_key=KEY) for _ in range(2))
    sqlite_shop.order(first, dispatch.pause)
    assert _ahead_of(sqlite_shop, second) is None
    sqlite_shop.start_worker()
    sqlite_shop.until(second, "succeeded")


def test_a_claim_is_refused_while_another_of_its_key_runs(shop: Shop) -> None:
    first, second = (shop.submit(2, exclusive_key=KEY) for _ in range(2))
    lease = Lease(worker_id="me", generation=1)
    with transaction(shop.engine) as session:
        values = {"worker_id": "me", "generation": 1, "host": "h", "expires_at": database_now() + 60}
        session.execute(insert(LeaseRow).values(**values))
        assert store.claim(session, first, 1, lease) is not None
        assert store.claim(session, second, 1, lease) is None
        assert store.claim(session, first, 1, lease) is not None  # taken over: it is its own predecessor


def test_the_database_itself_lets_one_of_a_key_run(shop: Shop) -> None:
    ids = [shop.submit(2, exclusive_key=KEY) for _ in range(2)]
    with pytest.raises(IntegrityError), transaction(shop.engine) as session:
        session.execute(update(JobRow).where(col(JobRow.id).in_(ids)).values(status=Status.RUNNING))


# --- versions ---------------------------------------------------------------------------------------


def _forge(shop: Shop, change: str) -> None:
    schema = "dbos." if shop.url.startswith("postgresql") else ""
    with shop.engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema}workflow_status SET {change}"))


def test_a_job_sent_for_workers_of_an_older_version_begins_again_in_a_newer_one(shop: Shop) -> None:
    job_id = shop.submit(3)
    _forge(shop, "application_version = 'jobs-0'")
    shop.start_worker()
    shop.until(job_id, "succeeded")
    assert shop.job(job_id).dispatch == 2


def test_a_job_that_a_worker_of_an_older_version_left_behind_begins_again(shop: Shop) -> None:
    killed = shop.start_worker()
    job_id = shop.submit(60)
    shop.until_counted(job_id, 3)
    killed.kill()
    killed.wait()
    _forge(shop, "application_version = 'jobs-0'")
    shop.start_worker()
    shop.until(job_id, "succeeded")
    assert [step for step, _ in shop.steps(job_id)] == list(range(60))


def test_a_job_is_left_to_workers_of_its_own_version_while_one_lives(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    job_id = shop.submit(3)
    _forge(shop, "application_version = 'jobs-0'")
    with transaction(shop.engine) as session:
        values = {"worker_id": "old", "generation": 1, "host": "h", "expires_at": database_now() + 600}
        session.execute(insert(LeaseRow).values(**values, version="jobs-0"))
    shop.start_worker()
    shop.until(shop.submit(2), "succeeded")
    time.sleep(0.5)  # more than two rounds of the housekeeping
    with transaction(shop.engine, read_only=True) as session:
        assert (
            session.execute(select(col(JobRow.status)).where(col(JobRow.id) == job_id)).scalar_one()
            == "queued"
        )
