"""An evaluation's rows, page by page, and the verdicts on them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from optimizers.types import Failure, Outcome
from service.datasets.tables import ExampleRow
from service.evaluations.tables import EvaluationRow, VerdictRow


def count(session: Session, evaluation: EvaluationRow) -> int:
    """How many rows it has."""
    return session.scalar(_of(select(func.count()), evaluation)) or 0


def page(
    session: Session, evaluation: EvaluationRow, *, after: int, until: int | None = None, limit: int | None
) -> Sequence[ExampleRow]:
    """The next rows after the one numbered `after`, in the order of their arrival."""
    statement = _of(select(ExampleRow), evaluation).where(col(ExampleRow.number) > after)
    if until is not None:
        statement = statement.where(col(ExampleRow.number) <= until)
    return list(session.scalars(statement.order_by(col(ExampleRow.number)).limit(limit)))


def numbers(session: Session, evaluation: EvaluationRow, *, after: int, limit: int) -> Sequence[int]:
    """The numbers of the next rows."""
    statement = _of(select(col(ExampleRow.number)), evaluation).where(col(ExampleRow.number) > after)
    return list(session.scalars(statement.order_by(col(ExampleRow.number)).limit(limit)))


def _of(statement: Any, evaluation: EvaluationRow) -> Any:  # Any: a select of whatever columns
    statement = statement.where(
        col(ExampleRow.dataset_id) == evaluation.dataset_id,
        col(ExampleRow.number) <= evaluation.last_row,
    )
    return statement.where(col(ExampleRow.label).is_not(None)) if evaluation.only_labelled else statement


def store(
    session: Session,
    evaluation_id: str,
    rows: Sequence[ExampleRow],
    outcomes: Sequence[Outcome],
    *,
    after: int,
    until: int | None = None,
) -> None:
    """Write verdicts in the place of what an earlier attempt wrote after row `after`, up to `until`."""
    old = delete(VerdictRow).where(
        col(VerdictRow.evaluation_id) == evaluation_id, col(VerdictRow.number) > after
    )
    session.execute(old if until is None else old.where(col(VerdictRow.number) <= until))
    session.add_all(
        _verdict(evaluation_id, row, outcome) for row, outcome in zip(rows, outcomes, strict=True)
    )


def _verdict(evaluation_id: str, row: ExampleRow, outcome: Outcome) -> VerdictRow:
    assert row.number is not None
    stored = VerdictRow(
        evaluation_id=evaluation_id, number=row.number, example_id=row.example_id, label=row.label
    )
    if isinstance(outcome, Failure):
        stored.failure, stored.message = outcome.kind, outcome.message
    else:
        stored.verdict, stored.rationale = outcome.label, outcome.rationale
        stored.fail_probability = outcome.fail_probability
    return stored
