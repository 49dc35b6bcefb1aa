"""What can be done with assertions. Their texts never change: a change is a new assertion."""

from collections.abc import Sequence

from sqlmodel import Session

from optimizers.checks import CheckRunner
from optimizers.types import Assertion, AssertionKind
from service.clock import now
from service.criteria import store
from service.criteria.assertion_schemas import AssertionChange, AssertionSource, NewAssertion
from service.criteria.carrying import new_id, replace
from service.criteria.tables import AssertionRow
from service.errors import Conflict


def live_assertions(session: Session, dataset_id: str) -> tuple[Assertion, ...]:
    """A dataset's assertions in use, in the order in which they came."""
    return tuple(
        Assertion(
            id=row.id,
            criterion=row.criterion_text,
            kind=AssertionKind(row.kind),
            text=row.text,
            reasoning=row.reasoning,
        )
        for row in store.assertions_of(session, dataset_id)
    )


def require_check(checks: CheckRunner, kind: str, text: str) -> None:
    """Refuse an expression that cannot be a check. Call it before any statement: it takes its time.

    Raises:
        CheckRefused: with line, column and reason.
        ChecksUnavailable: checks cannot be evaluated here.
    """
    if kind == "check":
        checks.verify(text)


def create(
    session: Session, dataset_id: str, asked: NewAssertion, *, source: AssertionSource = "written"
) -> AssertionRow:
    """Store a new assertion, whose check has been verified.

    Raises:
        NotFound: there is no such dataset or criterion.
        Conflict: the criterion is retired.
    """
    criterion = store.get_criterion(session, dataset_id, asked.criterion_id, lock=True)
    if criterion.retired_at is not None:
        raise Conflict(f"{criterion.id} is retired; restore it to add assertions to it")
    row = AssertionRow(
        id=new_id(),
        dataset_id=dataset_id,
        criterion_id=criterion.id,
        criterion_version=criterion.version,
        criterion_text=criterion.text,
        kind=asked.kind,
        text=asked.text,
        reasoning=asked.reasoning,
        author=asked.author,
        source=source,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    return row


def change(session: Session, dataset_id: str, assertion_id: str, asked: AssertionChange) -> AssertionRow:
    """Put another in an assertion's place, about its criterion as it stands, and retire it; the new one.
    The same words again, about the same text, change nothing.

    Raises:
        NotFound: there is no such dataset or assertion.
        Conflict: it, or its criterion, is retired.
    """
    row = store.get_assertion(session, dataset_id, assertion_id, lock=True)
    criterion = store.get_criterion(session, dataset_id, row.criterion_id)
    if row.retired_at is not None or criterion.retired_at is not None:
        raise Conflict(f"{assertion_id} is retired; what is retired is not changed")
    text = row.text if asked.text is None else asked.text
    reasoning = row.reasoning if asked.reasoning is None else asked.reasoning
    if (text, reasoning, criterion.text) == (row.text, row.reasoning, row.criterion_text):
        return row
    return replace(
        session, row, criterion, now(), text=text, reasoning=reasoning, source="written", author=asked.author
    )


def retire(session: Session, dataset_id: str, assertion_id: str) -> AssertionRow:
    """Use an assertion no more; what it said is kept. Retiring twice is no error.

    Raises:
        NotFound: there is no such dataset or assertion.
    """
    row = store.get_assertion(session, dataset_id, assertion_id, lock=True)
    if row.retired_at is None:
        row.retired_at = now()
        session.add(row)
        session.flush()
    return row


def wanted(session: Session, dataset_id: str, ids: Sequence[str] | None) -> Sequence[AssertionRow]:
    """The assertions that are named, in that order; without names, all live ones.

    Raises:
        NotFound: there is no such dataset, or no such assertion of it.
    """
    if ids is None:
        return store.assertions_of(session, dataset_id)
    return [store.get_assertion(session, dataset_id, assertion_id) for assertion_id in dict.fromkeys(ids)]
