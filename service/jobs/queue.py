"""Who goes first: priorities, and jobs of which one runs at a time.

The engine orders what was sent by priority and age. What must wait for another job of its key is not
sent at all; should it be (a race of two senders), the claim refuses it, and so does the index beneath.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from service.jobs.states import Status
from service.jobs.tables import JobRow

LOWEST, HIGHEST = -100, 100
"""The priorities that a request may name; 0 unless it does."""


def ahead_of(session: Session, job: JobRow) -> str | None:
    """The job that a queued one has to wait for."""
    return waiting_for(session, [job]).get(job.id)


def waiting_for(session: Session, jobs: Sequence[JobRow]) -> Mapping[str, str]:
    """Of those of `jobs` that are queued and have to wait for another of their key: for which.

    That is the one that runs, or else the one that goes next. A paused one is not waited for.
    """
    ids = [job.id for job in jobs if job.exclusive_key is not None and job.status == Status.QUEUED]
    if not ids:
        return {}
    mine, other = aliased(JobRow), aliased(JobRow)
    runs_first = (col(other.status) == Status.RUNNING).desc()
    statement = (
        select(col(mine.id), col(other.id))
        .join(other, and_(col(other.exclusive_key) == col(mine.exclusive_key), col(other.id) != col(mine.id)))
        .where(col(mine.id).in_(ids), or_(col(other.status) == Status.RUNNING, _goes_before(other, mine)))
        .order_by(runs_first, col(other.priority).desc(), col(other.created_at), col(other.id))
    )
    found: dict[str, str] = {}
    for waiting, ahead in session.execute(statement):
        found.setdefault(waiting, ahead)
    return found


def none_of_its_key_runs() -> ColumnElement[bool]:
    """A condition on a job that is about to be claimed. One that runs already is its own predecessor."""
    other = aliased(JobRow)
    runs = (
        select(col(other.id))
        .where(
            col(other.exclusive_key) == col(JobRow.exclusive_key),
            col(other.id) != col(JobRow.id),
            col(other.status) == Status.RUNNING,
        )
        .exists()
    )
    return ~runs


def _goes_before(other: type[JobRow], mine: type[JobRow]) -> ColumnElement[bool]:
    older = or_(
        col(other.created_at) < col(mine.created_at),
        and_(col(other.created_at) == col(mine.created_at), col(other.id) < col(mine.id)),
    )
    first = or_(
        col(other.priority) > col(mine.priority),
        and_(col(other.priority) == col(mine.priority), older),
    )
    return and_(col(other.status) == Status.QUEUED, first)
