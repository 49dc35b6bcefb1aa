"""Criteria and assertions as they look outside."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from service.criteria import store
from service.criteria.assertion_schemas import AssertionOut
from service.criteria.schemas import CriterionDetail, CriterionEntry, CriterionOut
from service.criteria.tables import AssertionRow, CriterionEntryRow, CriterionRow


def criteria(session: Session, rows: Sequence[CriterionRow]) -> list[CriterionOut]:
    """Criteria with their counts, in the order of `rows`."""
    return [CriterionOut(**fields) for fields in _criteria(session, rows)]


def criterion(session: Session, row: CriterionRow) -> CriterionDetail:
    """One criterion with its history."""
    history = [_entry(entry) for entry in store.entries(session, row.id)]
    return CriterionDetail(**_criteria(session, [row])[0], history=history)


def _criteria(session: Session, rows: Sequence[CriterionRow]) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    assertions, labels = store.count_assertions(session, ids), store.count_own_labels(session, ids)
    return [
        row.model_dump() | {"n_assertions": assertions.get(row.id, 0), "n_own_labels": labels.get(row.id, 0)}
        for row in rows
    ]


def _entry(row: CriterionEntryRow) -> CriterionEntry:
    return CriterionEntry.model_validate(row.model_dump() | {"at": row.created_at})


def assertions(session: Session, rows: Sequence[AssertionRow]) -> list[AssertionOut]:
    """Assertions, in the order of `rows`."""
    judged = store.count_judged(session, [row.id for row in rows])
    of = list({row.criterion_id for row in rows})
    texts = dict(
        session.exec(select(CriterionRow.id, CriterionRow.text).where(col(CriterionRow.id).in_(of))).all()
    )
    return [
        AssertionOut.model_validate(
            row.model_dump()
            | {
                "is_behind": texts[row.criterion_id] != row.criterion_text,
                "n_judged": judged.get(row.id, 0),
            }
        )
        for row in rows
    ]


def assertion(session: Session, row: AssertionRow) -> AssertionOut:
    """One assertion."""
    return assertions(session, [row])[0]
