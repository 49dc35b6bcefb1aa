"""Lists of jobs, newest first."""

from datetime import datetime
from typing import Any

from sqlmodel import and_, col, or_

from service.errors import CursorInvalid
from service.jobs.tables import JobRow
from service.paging import Cursor, PageRequest


def newest_first(statement: Any, request: PageRequest) -> Any:  # Any: a select of whatever tables
    """`statement`, which has `JobRow` in it, for one page and one row more.

    Raises:
        CursorInvalid: the cursor is of another list.
    """
    ordered = statement.order_by(col(JobRow.created_at).desc(), col(JobRow.id).desc())
    after = request.after_like(str, str)
    if after is not None:
        at, last_id = _moment(str(after[0])), str(after[1])
        created = col(JobRow.created_at)
        ordered = ordered.where(or_(created < at, and_(created == at, col(JobRow.id) < last_id)))
    return ordered.limit(request.limit + 1)


def cursor_of(job: JobRow) -> Cursor:
    """The place of a job in such a list."""
    return job.created_at.isoformat(), job.id


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise CursorInvalid("cursor is not one of ours; send back the value of `next`")
    return moment
