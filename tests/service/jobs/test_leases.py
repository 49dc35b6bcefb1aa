"""Leases on the database's clock."""

import time

from sqlalchemy import Engine, select, update
from sqlmodel import Session

from service.db import transaction
from service.jobs import leases
from service.jobs.database_clock import database_now
from service.jobs.leases import LeaseKeeper
from service.jobs.store import Lease
from service.jobs.tables import LeaseRow


def _keeper(engine: Engine, worker_id: str = "me", lease_s: float = 60.0) -> LeaseKeeper:
    keeper = LeaseKeeper(engine, worker_id, lease_s)
    keeper.acquire()
    return keeper


def _let_run_out(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(update(LeaseRow).values(expires_at=database_now() - 1))


def _expired(engine: Engine) -> list[Lease]:
    with transaction(engine, read_only=True) as session:
        return leases.expired(session)


def test_the_databases_clock_tells_the_time(engine: Engine) -> None:
    with transaction(engine, read_only=True) as session:
        now = session.scalar(select(database_now()))
    assert now is not None
    assert abs(now - time.time()) < 5


def test_the_databases_clock_knows_fractions_of_a_second(engine: Engine) -> None:
    readings = set()
    for _ in range(20):
        with transaction(engine, read_only=True) as session:
            readings.add(session.scalar(select(database_now())))
        time.sleep(0.002)
    assert len(readings) > 5


def test_a_new_lease_is_good(engine: Engine) -> None:
    _keeper(engine)
    with transaction(engine, read_only=True) as session:
        assert leases.alive(session, "me")
        assert not leases.alive(session, "somebody else")
        assert not leases.alive(session, None)
    assert _expired(engine) == []


def test_a_lease_that_ran_out_can_still_be_renewed(engine: Engine) -> None:
    keeper = _keeper(engine)
    _let_run_out(engine)
    assert _expired(engine) == [keeper.lease]
    assert keeper.renew()
    assert _expired(engine) == []


def test_a_lease_that_was_ended_by_another_begins_anew(engine: Engine) -> None:
    keeper = _keeper(engine)
    before = keeper.lease
    _let_run_out(engine)
    with transaction(engine) as session:
        assert leases.end(session, before, unless_renewed=True)
    assert not keeper.renew()
    assert keeper.lease.generation == before.generation + 1
    assert keeper.renew()


def test_a_lease_that_was_renewed_meanwhile_is_not_ended(engine: Engine) -> None:
    keeper = _keeper(engine)
    with transaction(engine) as session:
        assert not leases.end(session, keeper.lease, unless_renewed=True)


def test_only_one_of_two_ends_a_lease(engine: Engine) -> None:
    keeper = _keeper(engine)
    _let_run_out(engine)

    def end(session: Session) -> bool:
        return leases.end(session, keeper.lease, unless_renewed=True)

    with transaction(engine) as session:
        first = end(session)
    with transaction(engine) as session:
        second = end(session)
    assert (first, second) == (True, False)


def test_who_has_just_come_waits_a_lease_before_judging_others(sqlite_engine: Engine) -> None:
    keeper = _keeper(sqlite_engine, lease_s=0.2)
    assert not keeper.may_judge
    for _ in range(5):
        time.sleep(0.05)
        keeper.renew()
    assert keeper.may_judge


def test_after_an_outage_a_worker_waits_a_lease_before_judging_others(sqlite_engine: Engine) -> None:
    keeper = _keeper(sqlite_engine, lease_s=0.1)
    for _ in range(5):
        time.sleep(0.03)
        keeper.renew()
    assert keeper.may_judge
    time.sleep(0.25)  # no renewal for longer than a lease
    keeper.renew()
    assert not keeper.may_judge


def test_a_worker_knows_when_others_may_think_it_dead(sqlite_engine: Engine) -> None:
    keeper = _keeper(sqlite_engine, lease_s=0.2)
    seen = [keeper.is_overdue]
    time.sleep(0.25)
    seen.append(keeper.is_overdue)
    keeper.release()
    seen.append(keeper.is_overdue)
    assert seen == [False, True, False]
