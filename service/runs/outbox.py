"""What MLflow has yet to be told: one line a run, so that a dead server costs a run nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Update, or_, select, update
from sqlmodel import Session, col

from service.jobs.database_clock import database_now
from service.jobs.store import UNTRACKED
from service.jobs.tables import JobRow
from service.runs.tables import TrackingRow

HOLD_S = 60.0
"""How long a worker may take over one projection before another tries."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A run that has changed since MLflow was last told: its state when it was taken."""

    run_id: str
    revision: int
    status: str


def note(session: Session, run_id: str) -> None:
    """Something about the run has changed that MLflow shall show. Its status is seen without this."""
    _write(session, _of(run_id).values(revision=TrackingRow.revision + 1, due=True))


def anything_due(session: Session) -> bool:
    """Whether there is a run to project that nobody has taken."""
    return _first_due(session) is not None


def take(session: Session, holder: str) -> Due | None:
    """A run to project now; nobody else takes it for `HOLD_S` seconds. `None` where all is told."""
    found = _first_due(session)
    if found is None:
        return None
    statement = (
        _of(found[0])
        .where(_is_free())
        .values(held_by=holder, held_until=database_now() + HOLD_S)
        .returning(col(TrackingRow.revision))
        .execution_options(**UNTRACKED)
    )
    revision = session.scalars(statement).one_or_none()
    return None if revision is None else Due(run_id=found[0], revision=revision, status=found[1])


def told(session: Session, due: Due, links: Mapping[str, Any]) -> None:
    """MLflow shows the run as it was when it was taken; what came since is still due."""
    _settle(session, due, links=dict(links), trouble=None)


def refused(session: Session, due: Due, trouble: str) -> None:
    """MLflow will never take this state of the run; the next one may fare better."""
    _settle(session, due, trouble=trouble)


def put_off(session: Session, due: Due, trouble: str, *, for_s: float) -> None:
    """MLflow does not answer now. Others are tried first meanwhile: it may be this one's fault."""
    until = database_now() + for_s
    _write(session, _of(due.run_id).values(held_by=None, held_until=until, trouble=trouble))


def _first_due(session: Session) -> tuple[str, str] | None:
    """A run's id and its job's status."""
    behind = or_(col(TrackingRow.due), col(TrackingRow.status) != col(JobRow.status))
    statement = (
        select(col(TrackingRow.run_id), col(JobRow.status))
        .join(JobRow, col(JobRow.id) == col(TrackingRow.run_id))
        .where(behind, _is_free())
        .order_by(col(TrackingRow.held_until), col(TrackingRow.run_id))
        .limit(1)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else (row[0], row[1])


def _is_free() -> ColumnElement[bool]:
    return col(TrackingRow.held_until) <= database_now()


def _settle(session: Session, due: Due, **values: object) -> None:
    statement = _of(due.run_id).values(
        due=TrackingRow.revision != due.revision,
        status=due.status,
        held_by=None,
        held_until=0.0,
        **values,
    )
    _write(session, statement)


def _of(run_id: str) -> Update:
    return update(TrackingRow).where(col(TrackingRow.run_id) == run_id)


def _write(session: Session, statement: Update) -> None:
    session.execute(statement.execution_options(**UNTRACKED))
