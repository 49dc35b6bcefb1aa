"""What is told about assertion runs."""

from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from service.criteria.assertion_schemas import AssertionRunOut
from service.criteria.runs import KIND
from service.criteria.tables import AssertionRunRow
from service.errors import NotFound
from service.jobs.listing import cursor_of, newest_first
from service.jobs.schemas import state_of
from service.jobs.tables import JobRow
from service.paging import Page, PageRequest, page_of


def one(session: Session, run_id: str) -> AssertionRunOut:
    """An assertion run as it is now.

    Raises:
        NotFound: there is none.
    """
    parts = session.execute(_parts().where(col(AssertionRunRow.id) == run_id)).one_or_none()
    if parts is None:
        raise NotFound(KIND, run_id)
    return _shown(parts)


def page(session: Session, request: PageRequest, *, dataset_id: str | None) -> Page[AssertionRunOut]:
    """Assertion runs, newest first."""
    statement = _parts()
    if dataset_id is not None:
        statement = statement.where(col(AssertionRunRow.dataset_id) == dataset_id)
    rows = session.execute(newest_first(statement, request)).all()
    return page_of(rows, request, lambda row: cursor_of(row[1]), _shown)


def _parts() -> Any:  # Any: a select of two tables, whose type no one would read
    return select(AssertionRunRow, JobRow).join(JobRow, col(JobRow.id) == col(AssertionRunRow.id))


def _shown(parts: Any) -> AssertionRunOut:  # Any: a row of the select above
    run: AssertionRunRow = parts[0]
    job: JobRow = parts[1]
    return AssertionRunOut(
        **state_of(job),
        id=run.id,
        dataset_id=run.dataset_id,
        model=run.model,
        assertions=run.assertions,
        rows="labelled" if run.only_labelled else "all",
        judged=run.judged,
    )
