"""What is told about evaluations and their verdicts."""

from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from service.errors import NotFound
from service.evaluations import shards
from service.evaluations.actions import KIND
from service.evaluations.schemas import EvaluationOut, JudgedRow
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs import store
from service.jobs.listing import cursor_of, newest_first
from service.jobs.schemas import state_of
from service.jobs.states import ENDED
from service.jobs.tables import JobRow
from service.paging import Page, PageRequest, page_of


def one(session: Session, evaluation_id: str) -> EvaluationOut:
    """An evaluation as it is now.

    Raises:
        NotFound: there is none.
    """
    parts = session.execute(_parts().where(col(EvaluationRow.id) == evaluation_id)).one_or_none()
    if parts is None:
        raise NotFound(KIND, evaluation_id)
    return _evaluation(parts)


def page(session: Session, request: PageRequest, *, dataset_id: str | None) -> Page[EvaluationOut]:
    """Evaluations, newest first."""
    statement = _parts()
    if dataset_id is not None:
        statement = statement.where(col(EvaluationRow.dataset_id) == dataset_id)
    rows = session.execute(newest_first(statement, request)).all()
    return page_of(rows, request, lambda row: cursor_of(row[1]), _evaluation)


def verdicts(
    session: Session, evaluation_id: str, request: PageRequest, *, agrees: bool | None
) -> Page[JudgedRow]:
    """Verdicts in the order of the rows; those that agree with people or not, where asked.

    Until it has ended, those behind a gap that a shard has yet to fill are not shown: whoever reads on
    from the last cursor misses none.
    """
    job = store.get(session, KIND, evaluation_id)
    statement = select(VerdictRow).where(col(VerdictRow.evaluation_id) == evaluation_id)
    gap = None if job.status in ENDED else shards.judged_up_to(session, evaluation_id)
    if gap is not None:
        statement = statement.where(col(VerdictRow.number) <= gap)
    if agrees is not None:
        same = col(VerdictRow.label) == col(VerdictRow.verdict)
        statement = statement.where(same if agrees else ~same)
    after = request.after_like(int)
    if after is not None:
        statement = statement.where(col(VerdictRow.number) > after[0])
    rows = session.scalars(statement.order_by(col(VerdictRow.number)).limit(request.limit + 1)).all()
    return page_of(rows, request, lambda row: (row.number,), _judged)


def _parts() -> Any:  # Any: a select of three columns, whose type no one would read
    """In one statement, which sees one moment: no evaluation has succeeded without its agreement."""
    return select(EvaluationRow, JobRow, shards.judged_beside()).join(
        JobRow, col(JobRow.id) == col(EvaluationRow.id)
    )


def _evaluation(parts: Any) -> EvaluationOut:  # Any: a row of the select above
    evaluation: EvaluationRow = parts[0]
    job: JobRow = parts[1]
    in_shards: int = parts[2]
    return EvaluationOut(
        **state_of(job),
        id=evaluation.id,
        dataset_id=evaluation.dataset_id,
        model=evaluation.model,
        source=evaluation.judge["source"],
        judged=evaluation.judged + in_shards,
        agreement=evaluation.agreement,
        human_agreement=evaluation.human_agreement,
    )


def _judged(row: VerdictRow) -> JudgedRow:
    both = row.label is not None and row.verdict is not None
    return JudgedRow(
        example_id=row.example_id,
        label=row.label,
        verdict=row.verdict,
        agrees=row.label == row.verdict if both else None,
        fail_probability=row.fail_probability,
        rationale=row.rationale,
        failure=row.failure,
        message=row.message,
    )
