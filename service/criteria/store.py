"""Statements on criteria and assertions."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from service.criteria.tables import (
    AssertionRow,
    AssertionVerdictRow,
    CriterionEntryRow,
    CriterionLabelRow,
    CriterionRow,
)
from service.datasets.store import get_dataset
from service.errors import NotFound


def get_criterion(
    session: Session, dataset_id: str, criterion_id: str, *, lock: bool = False
) -> CriterionRow:
    """One criterion of a dataset; with `lock`, nobody else changes it until the transaction ends.

    Raises:
        NotFound: there is no such dataset, or no such criterion of it.
    """
    query = select(CriterionRow).where(CriterionRow.id == criterion_id, CriterionRow.dataset_id == dataset_id)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        get_dataset(session, dataset_id)
        raise NotFound("criterion", criterion_id)
    return row


def criteria_of(session: Session, dataset_id: str, *, retired: bool = False) -> Sequence[CriterionRow]:
    """A dataset's criteria in the order in which they came; the retired ones too, where asked for.

    Raises:
        NotFound: there is no such dataset.
    """
    get_dataset(session, dataset_id)
    query = select(CriterionRow).where(CriterionRow.dataset_id == dataset_id)
    if not retired:
        query = query.where(col(CriterionRow.retired_at).is_(None))
    return session.exec(query.order_by(col(CriterionRow.created_at), col(CriterionRow.id))).all()


def entries(session: Session, criterion_id: str) -> Sequence[CriterionEntryRow]:
    """All that was done to a criterion, oldest first."""
    query = select(CriterionEntryRow).where(CriterionEntryRow.criterion_id == criterion_id)
    return session.exec(query.order_by(col(CriterionEntryRow.number))).all()


def add_entry(
    session: Session, row: CriterionRow, event: str, at: datetime, *, author: str | None, note: str | None
) -> None:
    """Note what was done to `row`, which stands as it became."""
    last = session.exec(
        select(func.max(col(CriterionEntryRow.number))).where(CriterionEntryRow.criterion_id == row.id)
    ).one()
    session.add(
        CriterionEntryRow(
            criterion_id=row.id,
            number=(last or 0) + 1,
            event=event,
            version=row.version,
            name=row.name,
            text=row.text,
            source=row.source,
            author=author,
            note=note or None,
            created_at=at,
        )
    )
    session.flush()


def get_assertion(
    session: Session, dataset_id: str, assertion_id: str, *, lock: bool = False
) -> AssertionRow:
    """One assertion of a dataset.

    Raises:
        NotFound: there is no such dataset, or no such assertion of it.
    """
    query = select(AssertionRow).where(AssertionRow.id == assertion_id, AssertionRow.dataset_id == dataset_id)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        get_dataset(session, dataset_id)
        raise NotFound("assertion", assertion_id)
    return row


def assertions_of(
    session: Session, dataset_id: str, *, criterion_id: str | None = None, retired: bool = False
) -> Sequence[AssertionRow]:
    """A dataset's assertions, or one criterion's, in the order in which they came. Live ones are not retired
    themselves, and neither is their criterion; the others come too, where asked for."""
    query = select(AssertionRow).where(AssertionRow.dataset_id == dataset_id)
    if criterion_id is not None:
        query = query.where(AssertionRow.criterion_id == criterion_id)
    if not retired:
        query = query.join(CriterionRow, col(CriterionRow.id) == col(AssertionRow.criterion_id)).where(
            col(AssertionRow.retired_at).is_(None), col(CriterionRow.retired_at).is_(None)
        )
    return session.exec(query.order_by(col(AssertionRow.created_at), col(AssertionRow.id))).all()


def count_assertions(session: Session, criterion_ids: Iterable[str]) -> dict[str, int]:
    """How many assertions of each criterion are not retired."""
    query = (
        select(AssertionRow.criterion_id, func.count())
        .where(
            col(AssertionRow.criterion_id).in_(list(criterion_ids)), col(AssertionRow.retired_at).is_(None)
        )
        .group_by(col(AssertionRow.criterion_id))
    )
    return dict(session.exec(query).all())


def count_own_labels(session: Session, criterion_ids: Iterable[str]) -> dict[str, int]:
    """How many labels people give now on each criterion alone."""
    query = (
        select(CriterionLabelRow.criterion_id, func.count())
        .where(
            col(CriterionLabelRow.criterion_id).in_(list(criterion_ids)),
            col(CriterionLabelRow.current),
            col(CriterionLabelRow.label).is_not(None),
        )
        .group_by(col(CriterionLabelRow.criterion_id))
    )
    return dict(session.exec(query).all())


def count_judged(session: Session, assertion_ids: Iterable[str]) -> dict[str, int]:
    """On how many rows each assertion has a verdict or a failure, by whatever model."""
    verdict = AssertionVerdictRow
    query = (
        select(verdict.assertion_id, func.count(func.distinct(col(verdict.example_id))))
        .where(col(verdict.assertion_id).in_(list(assertion_ids)))
        .group_by(col(verdict.assertion_id))
    )
    return dict(session.exec(query).all())
