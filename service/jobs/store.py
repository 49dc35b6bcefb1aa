"""What is known about jobs. All writers lock the job's row first, so that its events are numbered in
the order in which they are committed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Update, exists, select, update
from sqlmodel import Session, col

from optimizers.errors import PauseReason
from optimizers.types import Usage
from service.clock import now
from service.errors import NotFound
from service.jobs.database_clock import database_now
from service.jobs.queue import none_of_its_key_runs
from service.jobs.states import ENDED, Status, require_way
from service.jobs.tables import EventRow, JobRow, LeaseRow

PAUSED_BY_HAND = "paused by hand"
UNTRACKED = {"synchronize_session": False}
"""These statements say all that changes; no object of the session follows them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A worker's right to hold jobs. A new `generation` begins when it had lost the last one."""

    worker_id: str
    generation: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The right to write what becomes of a job, until somebody else takes it."""

    job_id: str
    kind: str
    fence: int


class NotOurs(Exception):  # a fact, which ends the attempt quietly
    """Another worker, or a person, has taken the job: nothing of this attempt may be stored."""


def get(session: Session, kind: str, job_id: str, *, lock: bool = False) -> JobRow:
    """The job of this kind, locked until the transaction's end where asked.

    Raises:
        NotFound: there is none.
    """
    statement = select(JobRow).where(col(JobRow.id) == job_id, col(JobRow.kind) == kind)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = session.scalars(statement).one_or_none()
    if row is None:
        raise NotFound(kind, job_id)
    return row


def move(
    session: Session, job: JobRow, to: Status, *, reason: str | None = None, cause: str | None = None
) -> None:
    """Take a locked job to another state, by a person's order or the housekeeping's. Whoever works on
    it is fenced off.

    Raises:
        Conflict: there is no way from its state to this one.
    """
    require_way(job.id, Status(job.status), to)
    job.status, job.reason, job.cause = to, reason, cause
    job.fence += 1
    job.worker_id = None
    job.time_left_s = None
    job.cancel_requested = job.pause_requested = False
    job.updated_at = now()
    job.ended_at = job.updated_at if to in ENDED else None
    session.add(job)
    session.flush()
    _add_status_event(session, job.id, to, reason, cause)


# --- by the worker that holds it --------------------------------------------------------------------


def claim(session: Session, job_id: str, dispatch: int, lease: Lease) -> Claim | None:
    """Begin an attempt; `None` where the job is not to be done, has to wait for another, or this
    worker's lease has run out.

    Raises:
        IntegrityError: another job of its key was claimed at the same moment.
    """
    holds = exists().where(
        col(LeaseRow.worker_id) == lease.worker_id,
        col(LeaseRow.generation) == lease.generation,
        col(LeaseRow.expires_at) > database_now(),
    )
    statement = (
        update(JobRow)
        .where(
            col(JobRow.id) == job_id,
            col(JobRow.dispatch) == dispatch,
            col(JobRow.status).in_([Status.QUEUED, Status.RUNNING]),
            holds,
            none_of_its_key_runs(),
        )
        .values(
            status=Status.RUNNING,
            reason=None,
            cause=None,
            worker_id=lease.worker_id,
            fence=JobRow.fence + 1,
            updated_at=now(),
        )
        .returning(col(JobRow.fence), col(JobRow.kind), col(JobRow.started_at))
        .execution_options(**UNTRACKED)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    claimed = Claim(job_id=job_id, kind=row.kind, fence=row.fence)
    if row.started_at is None:
        touch(session, claimed, started_at=now())
    _add_status_event(session, job_id, Status.RUNNING)
    return claimed


def touch(session: Session, claim: Claim, **values: object) -> None:
    """Write `values` to a claimed job's row, or nothing but that it was written to.

    Raises:
        NotOurs: the claim is no longer good; the transaction must not be committed.
    """
    if _count(session, _owned(claim).values(updated_at=now(), **values)) != 1:
        raise NotOurs(claim.job_id)


def settle(
    session: Session,
    claim: Claim,
    to: Status,
    *,
    wall_s: float,
    reason: str | None = None,
    cause: str | None = None,
) -> None:
    """End an attempt that took `wall_s` seconds. Where the job could go on later, what a person asked
    for meanwhile counts.

    Raises:
        NotOurs: the claim is no longer good; the transaction must not be committed.
    """
    touch(session, claim)  # locks the row, so that no further order comes between
    if to in {Status.QUEUED, Status.PAUSED}:
        to, reason, cause = _as_asked(session, claim, to, reason, cause)
    require_way(claim.job_id, Status.RUNNING, to)
    touch(
        session,
        claim,
        status=to,
        reason=reason,
        cause=cause,
        worker_id=None,
        time_left_s=None,
        fence=JobRow.fence + 1,
        cancel_requested=False,
        pause_requested=False,
        wall_s=JobRow.wall_s + wall_s,
        ended_at=now() if to in ENDED else None,
    )
    _add_status_event(session, claim.job_id, to, reason, cause)


def _as_asked(
    session: Session, claim: Claim, to: Status, reason: str | None, cause: str | None
) -> tuple[Status, str | None, str | None]:
    """Where an attempt that gives its job back leads: an order may have come, or been withdrawn, after
    the worker last looked."""
    _, cancel, pause = orders(session, [claim.job_id])[claim.job_id]
    if cancel:
        return Status.CANCELLED, None, None
    if pause and to is Status.QUEUED:
        return Status.PAUSED, PauseReason.BY_HAND, PAUSED_BY_HAND
    if reason == PauseReason.BY_HAND and not pause:
        return Status.QUEUED, None, None
    return to, reason, cause


def report_progress(
    session: Session,
    claim: Claim,
    phase: str,
    done: int,
    total: int,
    usage: Usage,
    time_left_s: float | None = None,
) -> None:
    """Store how far a claimed job is.

    Raises:
        NotOurs: the claim is no longer good; the transaction must not be committed.
    """
    values = {"phase": phase, "done": done, "total": total, "usage": asdict(usage)}
    touch(session, claim, **values, time_left_s=time_left_s)


def _owned(claim: Claim) -> Update:
    return update(JobRow).where(
        col(JobRow.id) == claim.job_id,
        col(JobRow.fence) == claim.fence,
        col(JobRow.status) == Status.RUNNING,
    )


def _count(session: Session, statement: Update) -> int:
    changed = session.execute(statement.execution_options(**UNTRACKED))
    return cast("CursorResult[Any]", changed).rowcount


# --- several at once --------------------------------------------------------------------------------


def orders(session: Session, job_ids: Sequence[str]) -> Mapping[str, tuple[int, bool, bool]]:
    """Of each job that is there: its fence, and whether it shall be cancelled or paused."""
    columns = (JobRow.id, JobRow.fence, JobRow.cancel_requested, JobRow.pause_requested)
    rows = session.execute(select(*map(col, columns)).where(col(JobRow.id).in_(job_ids)))
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def give_back(session: Session, condition: ColumnElement[bool]) -> list[str]:
    """Return the running jobs that meet `condition` to the queue, fencing off who held them. What a
    person asked for meanwhile is done at once."""
    statement = select(JobRow).where(col(JobRow.status) == Status.RUNNING, condition)
    locked = statement.order_by(col(JobRow.id)).with_for_update()  # in the order of all who lock several
    jobs = session.scalars(locked.execution_options(populate_existing=True)).all()
    for job in jobs:
        if job.cancel_requested:
            move(session, job, Status.CANCELLED)
        elif job.pause_requested:
            move(session, job, Status.PAUSED, reason=PauseReason.BY_HAND, cause=PAUSED_BY_HAND)
        else:
            move(session, job, Status.QUEUED)
    return [job.id for job in jobs]


# --- events -----------------------------------------------------------------------------------------


def add_event(session: Session, job_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Append an event. The caller has written to the job's row before, in the same transaction."""
    session.add(EventRow(job_id=job_id, kind=kind, data=dict(data)))
    session.flush()


def events_after(session: Session, job_id: str, number: int, limit: int) -> Sequence[EventRow]:
    """The next events of a job, oldest first."""
    statement = (
        select(EventRow)
        .where(col(EventRow.job_id) == job_id, col(EventRow.number) > number)
        .order_by(col(EventRow.number))
        .limit(limit)
    )
    return session.scalars(statement).all()


def _add_status_event(
    session: Session, job_id: str, status: Status, reason: str | None = None, cause: str | None = None
) -> None:
    add_event(session, job_id, "status", {"status": status, "reason": reason, "cause": cause})
