"""Who is alive: each worker renews a lease, on the database's clock, that all others can read."""

import socket
import time

from sqlalchemy import ColumnElement, Engine, delete, insert, select, update
from sqlmodel import Session, col

from service.db import transaction
from service.jobs.database_clock import database_now
from service.jobs.engine import JOBS_VERSION
from service.jobs.store import Lease
from service.jobs.tables import LeaseRow

RENEWALS = 10
"""A lease is renewed at least so often in its time: a few may fail."""
LONGEST_INTERVAL_S = 2.0
"""Each renewal is followed by a look after the others, which must not wait however long a lease is."""


class LeaseKeeper:
    """This worker's own lease. `renew` is called every `interval_s` by one thread."""

    def __init__(self, engine: Engine, worker_id: str, lease_s: float) -> None:
        self._engine = engine
        self._lease_s = lease_s
        self._lease = Lease(worker_id=worker_id, generation=1)
        self._renewed_at = time.monotonic()
        self._expires_at = 0.0
        self._contact_since = 0.0
        self._held = False

    @property
    def lease(self) -> Lease:
        """The present one. It may have run out: the database has the last word on each claim."""
        return self._lease

    @property
    def interval_s(self) -> float:
        """Seconds between two renewals."""
        return min(self._lease_s / RENEWALS, LONGEST_INTERVAL_S)

    @property
    def may_judge(self) -> bool:
        """Whether the database has answered for a whole lease without a gap.

        After an outage every lease has run out, the living's too: they get the time to renew.
        """
        return self._expires_at - self._lease_s - self._contact_since >= self._lease_s

    @property
    def is_overdue(self) -> bool:
        """Whether so long has passed without a renewal that others may have taken this worker for dead."""
        return self._held and time.monotonic() - self._renewed_at > self._lease_s

    def acquire(self) -> None:
        """Begin a lease."""
        with transaction(self._engine) as session:
            statement = insert(LeaseRow).values(
                worker_id=self._lease.worker_id,
                generation=self._lease.generation,
                host=socket.gethostname(),
                version=JOBS_VERSION,
                expires_at=database_now() + self._lease_s,
            )
            session.execute(statement)
            expires_at = session.scalars(select(col(LeaseRow.expires_at)).where(*self._mine())).one()
        self._contact_since = expires_at - self._lease_s
        self._held = True
        self._note(expires_at)

    def renew(self) -> bool:
        """Whether the lease was still ours; if not, a new generation of it begins."""
        with transaction(self._engine) as session:
            statement = (
                update(LeaseRow)
                .where(*self._mine())
                .values(expires_at=database_now() + self._lease_s)
                .returning(col(LeaseRow.expires_at))
                .execution_options(synchronize_session=False)
            )
            expires_at = session.scalars(statement).one_or_none()
        if expires_at is None:
            self._lease = Lease(worker_id=self._lease.worker_id, generation=self._lease.generation + 1)
            self.acquire()
            return False
        if expires_at - self._expires_at > self._lease_s:
            self._contact_since = expires_at - self._lease_s
        self._note(expires_at)
        return True

    def release(self) -> None:
        """End the lease: others need not wait for it to run out."""
        self._held = False
        with transaction(self._engine) as session:
            session.execute(delete(LeaseRow).where(*self._mine()))

    def _note(self, expires_at: float) -> None:
        self._expires_at = expires_at
        self._renewed_at = time.monotonic()

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return (
            col(LeaseRow.worker_id) == self._lease.worker_id,
            col(LeaseRow.generation) == self._lease.generation,
        )


def expired(session: Session) -> list[Lease]:
    """The leases that have run out."""
    return _leases(session, only_expired=True)


def alive(session: Session, worker_id: str | None) -> bool:
    """Whether this worker's lease is good."""
    statement = select(col(LeaseRow.worker_id)).where(
        col(LeaseRow.worker_id) == worker_id, col(LeaseRow.expires_at) > database_now()
    )
    return session.scalars(statement).one_or_none() is not None


def every(session: Session) -> list[Lease]:
    """All leases, good or not."""
    return _leases(session, only_expired=False)


def versions(session: Session) -> set[str]:
    """The versions of the workers that hold a lease, good or not."""
    return set(session.scalars(select(col(LeaseRow.version)).distinct()))


def end(session: Session, lease: Lease, *, unless_renewed: bool) -> bool:
    """End somebody else's lease; false where another was quicker, or it has been renewed meanwhile."""
    conditions = [
        col(LeaseRow.worker_id) == lease.worker_id,
        col(LeaseRow.generation) == lease.generation,
    ]
    if unless_renewed:
        conditions.append(col(LeaseRow.expires_at) <= database_now())
    statement = delete(LeaseRow).where(*conditions).returning(col(LeaseRow.worker_id))
    return session.scalars(statement.execution_options(synchronize_session=False)).one_or_none() is not None


def _leases(session: Session, *, only_expired: bool) -> list[Lease]:
    statement = select(col(LeaseRow.worker_id), col(LeaseRow.generation))
    if only_expired:
        statement = statement.where(col(LeaseRow.expires_at) <= database_now())
    return [Lease(worker_id=row[0], generation=row[1]) for row in session.execute(statement)]
