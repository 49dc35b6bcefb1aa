"""What is ordered in the transaction that deletes something here, and taken by a worker later."""

from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from service.jobs.database_clock import database_now
from service.jobs.store import UNTRACKED
from service.removals.tables import RemovalRow

LEDGER, MLFLOW = "ledger", "mlflow"
HOLD_S = 120.0
"""How long a worker may take over one removal before another tries."""
SETTLE_S = 3.0
"""What was under way for the deleted thing when it was deleted (a projection into MLflow) ends first."""


def order(session: Session, kind: str, subject: str) -> None:
    """Have `subject` removed from the ledger (an account) or from MLflow (a dataset)."""
    row = RemovalRow(kind=kind, subject=subject)
    session.add(row)
    session.flush()
    _hold(session, row.number, SETTLE_S)


def take(session: Session) -> RemovalRow | None:
    """A removal to do now; nobody else takes it for `HOLD_S` seconds."""
    free = col(RemovalRow.held_until) <= database_now()
    statement = (
        select(RemovalRow)
        .where(free)
        .order_by(col(RemovalRow.held_until), col(RemovalRow.number))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.scalars(statement).one_or_none()
    if row is not None:
        _hold(session, row.number, HOLD_S)
    return row


def done(session: Session, number: int | None) -> None:
    """It is removed."""
    session.execute(delete(RemovalRow).where(col(RemovalRow.number) == number))


def put_off(session: Session, number: int | None, trouble: str, *, for_s: float) -> None:
    """It could not be removed now."""
    _hold(session, number, for_s, trouble=trouble)


def _hold(session: Session, number: int | None, for_s: float, **values: Any) -> None:  # Any: columns
    statement = (
        update(RemovalRow)
        .where(col(RemovalRow.number) == number)
        .values(held_until=database_now() + for_s, **values)
    )
    session.execute(statement.execution_options(**UNTRACKED))
