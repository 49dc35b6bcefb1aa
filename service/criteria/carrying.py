"""What becomes of a criterion's assertions when its text changes."""

from datetime import datetime
from secrets import token_hex

from sqlmodel import Session

from service.criteria import store
from service.criteria.tables import AssertionRow, CriterionRow


def carry(session: Session, criterion: CriterionRow, at: datetime) -> None:
    """Let each live prompt of `criterion` ask about its new text: a successor takes its place.

    Checks stay: what an expression says does not depend on the text. They are seen to be behind it.
    """
    for row in store.assertions_of(session, criterion.dataset_id, criterion_id=criterion.id):
        if row.kind == "prompt":
            replace(session, row, criterion, at, text=row.text, reasoning=row.reasoning, source="carried")


def replace(
    session: Session,
    old: AssertionRow,
    criterion: CriterionRow,
    at: datetime,
    *,
    text: str,
    reasoning: bool,
    source: str,
    author: str | None = None,
) -> AssertionRow:
    """Retire `old`; a new assertion in its place, about the criterion as it stands."""
    new = AssertionRow(
        id=new_id(),
        dataset_id=old.dataset_id,
        criterion_id=old.criterion_id,
        criterion_version=criterion.version,
        criterion_text=criterion.text,
        kind=old.kind,
        text=text,
        reasoning=reasoning,
        author=author or old.author,
        source=source,
        replaces=old.id,
        created_at=at,
    )
    old.retired_at = at
    session.add_all([old, new])
    session.flush()
    return new


def new_id() -> str:
    """An assertion's id."""
    return f"asrt_{token_hex(12)}"
