"""Workers as processes: they are killed, frozen, stopped and asked to stop, and no job is lost."""

import signal
import time
from pathlib import Path

from sqlalchemy import text

from optimizers.errors import PauseReason
from service.db import transaction
from service.jobs import dispatch, store
from service.jobs.engine import MAX_RECOVERIES
from tests.service.jobs.conftest import Shop

UNLUCKY = 13
"""As many steps kill the counting worker."""


def _results(shop: Shop, job_id: str) -> list[int]:
    with transaction(shop.engine, read_only=True) as session:
        events = store.events_after(session, job_id, 0, 1000)
        return [event.data["pid"] for event in events if event.kind == "result"]


def test_a_job_is_done_once_and_tells_how_it_went(shop: Shop) -> None:
    shop.start_worker()
    job_id = shop.submit(20)
    job = shop.until(job_id, "succeeded")
    assert [step for step, _ in shop.steps(job_id)] == list(range(20))
    assert (job.done, job.total, job.usage["calls"]) == (20, 20, 20)
    assert job.started_at is not None
    assert job.ended_at is not None


def test_a_failed_job_says_why_in_one_sentence(sqlite_shop: Shop) -> None:
    sqlite_shop.start_worker()
    job = sqlite_shop.until(sqlite_shop.submit(0), "failed")
    assert job.cause == "steps must be 1 or more, got 0"


def test_a_full_disk_pauses_a_job(sqlite_shop: Shop) -> None:
    sqlite_shop.start_worker()
    job = sqlite_shop.until(sqlite_shop.submit(1), "paused")
    assert (job.reason, job.cause) == (PauseReason.STORAGE, "the disk is full")


def test_a_running_job_is_cancelled_within_a_second(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    shop.start_worker()
    job_id = shop.submit(5_000)
    shop.until_counted(job_id, 3)
    asked_at = time.monotonic()
    shop.order(job_id, dispatch.cancel)
    shop.until(job_id, "cancelled")
    steps = len(shop.steps(job_id))
    # An idle machine takes a quarter of this; a busy one must not fail the build.
    assert time.monotonic() - asked_at < 3
    time.sleep(0.1)
    assert len(shop.steps(job_id)) == steps


def test_a_paused_job_goes_on_where_it_was(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    shop.start_worker()
    job_id = shop.submit(60)
    shop.until_counted(job_id, 3)
    shop.order(job_id, dispatch.pause)
    job = shop.until(job_id, "paused")
    assert job.reason == PauseReason.BY_HAND
    shop.order(job_id, lambda session, job: dispatch.resume(session, shop.sender, job))
    shop.until(job_id, "succeeded")
    assert [step for step, _ in shop.steps(job_id)] == list(range(60))


def test_a_cancelled_job_can_be_retried(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    job_id = shop.submit(5)
    shop.order(job_id, dispatch.cancel)
    assert shop.job(job_id).status == "cancelled"
    shop.order(job_id, lambda session, job: dispatch.retry(session, shop.sender, job))
    shop.start_worker()
    shop.until(job_id, "succeeded")


def test_a_restarted_worker_goes_on_with_what_the_killed_one_was_at(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    killed = shop.start_worker(lease_s=600)
    job_id = shop.submit(60)
    shop.until_counted(job_id, 5)
    killed.kill()
    killed.wait()
    shop.start_worker(lease_s=600)  # by the lock file: no lease has to run out
    shop.until(job_id, "succeeded")
    steps = [step for step, _ in shop.steps(job_id)]
    assert steps == list(range(60))
    assert len({pid for _, pid in shop.steps(job_id)}) == 2


def test_a_living_worker_elsewhere_takes_over_when_the_lease_runs_out(shop: Shop, tmp_path: Path) -> None:
    killed = shop.start_worker(home=tmp_path / "one host")
    job_id = shop.submit(100)
    shop.until_counted(job_id, 5)
    shop.start_worker(home=tmp_path / "another host")
    time.sleep(0.2)
    killed.kill()
    killed.wait()
    shop.until(job_id, "succeeded")
    assert [step for step, _ in shop.steps(job_id)] == list(range(100))


def test_a_worker_that_was_frozen_does_not_write_over_its_successor(shop: Shop, tmp_path: Path) -> None:
    frozen = shop.start_worker(lease_s=1.0, home=tmp_path / "one host")
    job_id = shop.submit(50)
    shop.until_counted(job_id, 5)
    frozen.send_signal(signal.SIGSTOP)
    successor = shop.start_worker(lease_s=1.0, home=tmp_path / "another host")
    shop.until(job_id, "succeeded")
    frozen.send_signal(signal.SIGCONT)
    again = shop.submit(200)
    shop.until(again, "succeeded")  # whoever took it: both are at work again
    assert _results(shop, job_id) == [successor.pid]
    assert len(_results(shop, again)) == 1


def test_a_stopping_worker_gives_its_jobs_back_at_once(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    stopping = shop.start_worker(lease_s=600)
    job_id = shop.submit(100)
    shop.until_counted(job_id, 3)
    stopping.send_signal(signal.SIGTERM)
    assert stopping.wait(timeout=120) == 0
    assert shop.job(job_id).status == "queued"
    shop.start_worker(lease_s=600)
    shop.until(job_id, "succeeded")
    assert [step for step, _ in shop.steps(job_id)] == list(range(100))


def test_a_job_of_a_dead_worker_is_cancelled_without_one(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    killed = shop.start_worker(lease_s=0.5)
    job_id = shop.submit(5_000)
    shop.until_counted(job_id, 1)
    killed.kill()
    killed.wait()
    time.sleep(0.6)
    shop.order(job_id, dispatch.cancel)
    assert shop.job(job_id).status == "cancelled"


def test_two_workers_do_every_job_once(shop: Shop) -> None:
    for _ in range(2):
        shop.start_worker()
    job_ids = [shop.submit(3) for _ in range(12)]
    for job_id in job_ids:
        shop.until(job_id, "succeeded")
        assert [step for step, _ in shop.steps(job_id)] == [0, 1, 2]


def test_a_job_that_killed_too_many_workers_is_not_tried_again(sqlite_shop: Shop) -> None:
    shop = sqlite_shop
    job_id = shop.submit(UNLUCKY)
    with shop.engine.begin() as connection:
        connection.execute(text("UPDATE workflow_status SET recovery_attempts = :n"), {"n": MAX_RECOVERIES})
    assert shop.start_worker().wait(timeout=240) == -signal.SIGKILL
    last = shop.start_worker()
    job = shop.until(job_id, "failed")
    assert job.cause is not None
    assert "workers ended while they were at it" in job.cause
    assert last.poll() is None
