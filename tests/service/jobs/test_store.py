"""Claims, fences and events, on both kinds of database."""

from collections.abc import Callable

import pytest
from sqlmodel import Session

from optimizers.errors import PauseReason
from optimizers.types import Usage
from service.db import transaction
from service.errors import Conflict, NotFound
from service.jobs import dispatch, store
from service.jobs.leases import LeaseKeeper
from service.jobs.states import Status
from service.jobs.store import Claim, NotOurs
from service.jobs.tables import JobRow
from tests.service.jobs.conftest import Shop

JOB = "5-a"


@pytest.fixture
def keeper(shop: Shop) -> LeaseKeeper:
    """This process as a worker, with one job waiting."""
    keeper = LeaseKeeper(shop.engine, "me", lease_s=60)
    keeper.acquire()
    with transaction(shop.engine) as session:
        dispatch.submit(session, shop.sender, job_id=JOB, kind="count", dataset_id="d")
    return keeper


def _claim(shop: Shop, keeper: LeaseKeeper, number: int = 1) -> Claim | None:
    with transaction(shop.engine) as session:
        return store.claim(session, JOB, number, keeper.lease)


def _claimed(shop: Shop, keeper: LeaseKeeper) -> Claim:
    claim = _claim(shop, keeper)
    assert claim is not None
    return claim


def _refused(shop: Shop, write: Callable[[Session], None]) -> bool:
    try:
        with transaction(shop.engine) as session:
            write(session)
    except NotOurs:
        return True
    return False


def test_a_claim_makes_a_job_run_here(shop: Shop, keeper: LeaseKeeper) -> None:
    _claimed(shop, keeper)
    job = shop.job(JOB)
    assert (job.status, job.worker_id) == ("running", "me")


def test_a_second_claim_fences_the_first_off(shop: Shop, keeper: LeaseKeeper) -> None:
    first, second = _claimed(shop, keeper), _claimed(shop, keeper)
    assert _refused(shop, lambda session: store.touch(session, first))
    assert not _refused(shop, lambda session: store.touch(session, second))


def test_what_a_fenced_worker_writes_beside_the_job_is_not_stored(shop: Shop, keeper: LeaseKeeper) -> None:
    first = _claimed(shop, keeper)
    _claimed(shop, keeper)

    def write(session: Session) -> None:
        session.merge(JobRow(id="other", kind="count", dataset_id="d", status="queued"))
        store.settle(session, first, Status.SUCCEEDED, wall_s=1.0)

    assert _refused(shop, write)
    assert shop.job(JOB).status == "running"
    with pytest.raises(NotFound):
        shop.job("other")


def test_an_old_dispatch_is_void(shop: Shop, keeper: LeaseKeeper) -> None:
    shop.order(JOB, dispatch.pause)
    shop.order(JOB, lambda session, job: dispatch.resume(session, shop.sender, job))
    assert _claim(shop, keeper, 1) is None
    assert _claim(shop, keeper, 2) is not None


def test_a_cancelled_job_is_not_claimed(shop: Shop, keeper: LeaseKeeper) -> None:
    shop.order(JOB, dispatch.cancel)
    assert _claim(shop, keeper) is None


def test_without_a_lease_nothing_is_claimed(shop: Shop, keeper: LeaseKeeper) -> None:
    keeper.release()
    assert _claim(shop, keeper) is None


def test_progress_and_the_end_are_stored(shop: Shop, keeper: LeaseKeeper) -> None:
    claim = _claimed(shop, keeper)
    with transaction(shop.engine) as session:
        store.report_progress(session, claim, "search", 3, 9, Usage(calls=3, cost_usd=0.5))
        store.settle(
            session,
            claim,
            Status.PAUSED,
            wall_s=2.0,
            reason=PauseReason.SPEND_CAP,
            cause="cap reached",
        )
    job = shop.job(JOB)
    assert (job.phase, job.done, job.total, job.usage["cost_usd"], job.wall_s) == ("search", 3, 9, 0.5, 2.0)
    assert (job.status, job.reason, job.cause) == ("paused", "spend_cap", "cap reached")


def test_a_settled_claim_is_no_longer_good(shop: Shop, keeper: LeaseKeeper) -> None:
    claim = _claimed(shop, keeper)
    with transaction(shop.engine) as session:
        store.settle(session, claim, Status.SUCCEEDED, wall_s=0.0)
    assert _refused(shop, lambda session: store.settle(session, claim, Status.FAILED, wall_s=0.0))


def test_a_living_worker_is_asked_to_cancel(shop: Shop, keeper: LeaseKeeper) -> None:
    claim = _claimed(shop, keeper)
    shop.order(JOB, dispatch.cancel)
    with transaction(shop.engine, read_only=True) as session:
        assert store.orders(session, [JOB, "gone"]) == {JOB: (claim.fence, True, False)}
    assert shop.job(JOB).status == "running"


def test_orders_given_twice_are_no_error(shop: Shop, keeper: LeaseKeeper) -> None:
    for order in (dispatch.pause, dispatch.pause, dispatch.cancel, dispatch.cancel):
        shop.order(JOB, order)
    assert shop.job(JOB).status == "cancelled"


def test_what_has_succeeded_takes_no_orders(shop: Shop, keeper: LeaseKeeper) -> None:
    claim = _claimed(shop, keeper)
    with transaction(shop.engine) as session:
        store.settle(session, claim, Status.SUCCEEDED, wall_s=0.0)
    for order in (
        dispatch.cancel,
        dispatch.pause,
        lambda session, job: dispatch.resume(session, shop.sender, job),
        lambda session, job: dispatch.retry(session, shop.sender, job),
    ):
        with pytest.raises(Conflict):
            shop.order(JOB, order)


def test_a_dead_workers_job_obeys_what_was_asked_of_it(shop: Shop, keeper: LeaseKeeper) -> None:
    _claimed(shop, keeper)
    shop.order(JOB, dispatch.cancel)
    with transaction(shop.engine) as session:
        assert store.give_back(session, JobRow.worker_id == "me") == [JOB]  # type: ignore[arg-type]  # a column
    assert shop.job(JOB).status == "cancelled"


def test_events_are_read_from_where_one_stopped(shop: Shop, keeper: LeaseKeeper) -> None:
    claim = _claimed(shop, keeper)
    with transaction(shop.engine) as session:
        store.settle(session, claim, Status.FAILED, wall_s=0.0, cause="no")
    with transaction(shop.engine, read_only=True) as session:
        found = store.events_after(session, JOB, 0, 100)
        rest = store.events_after(session, JOB, found[0].number or 0, 100)
    assert [event.data["status"] for event in found] == ["queued", "running", "failed"]
    assert [event.number for event in rest] == [event.number for event in found[1:]]
