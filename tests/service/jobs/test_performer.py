"""What an attempt's end becomes, whatever came first."""

from collections.abc import Callable

import pytest

from optimizers.errors import RunCancelled
from service.db import transaction
from service.jobs import dispatch
from service.jobs.attempts import Attempt, Attempts, Order
from service.jobs.leases import LeaseKeeper
from service.jobs.patience import Patience
from service.jobs.performer import Performer, Publish
from tests.service.jobs.conftest import Shop

JOB = "5-a"
Perform = Callable[[Callable[[Attempt], Publish]], str]


@pytest.fixture
def perform(sqlite_shop: Shop) -> Perform:
    """Has one job done by a handler; the state in which that leaves it."""

    def perform(handler: Callable[[Attempt], Publish]) -> str:
        keeper, patience = LeaseKeeper(sqlite_shop.engine, "me", lease_s=60), Patience()
        keeper.acquire()
        with transaction(sqlite_shop.engine) as session:
            dispatch.submit(session, sqlite_shop.sender, job_id=JOB, kind="count", dataset_id="d")
        attempts = Attempts(sqlite_shop.engine, patience)
        handlers = {"count": handler}
        Performer(sqlite_shop.engine, handlers, attempts, lambda: keeper.lease, patience).perform(JOB, 1)
        return sqlite_shop.job(JOB).status

    return perform


@pytest.mark.parametrize("order", [Order.LEAVE, Order.LOST])
def test_what_breaks_while_the_worker_leaves_is_not_the_jobs_failure(perform: Perform, order: Order) -> None:
    def handler(attempt: Attempt) -> Publish:
        attempt.give(order)
        raise RuntimeError("the background loop is closed")

    assert perform(handler) == "queued"


def test_a_cancel_overrides_a_pause_that_is_under_way(perform: Perform, sqlite_shop: Shop) -> None:
    def handler(attempt: Attempt) -> Publish:
        attempt.give(Order.PAUSE)
        sqlite_shop.order(JOB, dispatch.cancel)
        attempt.give(Order.CANCEL)
        attempt.control.check()
        raise AssertionError("it was told to stop")

    assert perform(handler) == "cancelled"


def test_a_cancel_that_a_leaving_worker_has_not_seen_is_carried_out(
    perform: Perform, sqlite_shop: Shop
) -> None:
    def handler(attempt: Attempt) -> Publish:
        attempt.give(Order.LEAVE)
        sqlite_shop.order(JOB, dispatch.cancel)
        raise RunCancelled

    assert perform(handler) == "cancelled"


def test_a_resume_withdraws_a_pause_that_is_under_way(perform: Perform, sqlite_shop: Shop) -> None:
    def handler(attempt: Attempt) -> Publish:
        sqlite_shop.order(JOB, dispatch.pause)
        attempt.give(Order.PAUSE)
        sqlite_shop.order(JOB, lambda session, job: dispatch.resume(session, sqlite_shop.sender, job))
        attempt.control.check()
        raise AssertionError("it was told to stop")

    assert perform(handler) == "queued"
