"""What can be done with criteria. Everything that is done to one is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_hex

from sqlmodel import Session

from optimizers.errors import InvalidInput
from service.clock import now
from service.criteria import store
from service.criteria.carrying import carry
from service.criteria.schemas import CriterionChange, Merge, NewCriterion, Said, Split
from service.criteria.tables import CriterionRow
from service.datasets.store import get_dataset
from service.errors import Conflict

NAME_CHARS = 60
"""Of a name that is made of the text's first words."""
MOMENT = timedelta(microseconds=1)


def create(session: Session, dataset_id: str, asked: NewCriterion) -> CriterionRow:
    """Store a new criterion.

    Raises:
        NotFound: there is no such dataset.
    """
    get_dataset(session, dataset_id)
    said = Said(author=asked.author, note=asked.note)
    return _add(session, dataset_id, asked.text, asked.name, asked.source, said, at=now())


def change(session: Session, dataset_id: str, criterion_id: str, asked: CriterionChange) -> CriterionRow:
    """Restate or rename a criterion: a new version. What is the same already changes nothing.

    Where the text changes, the prompts that ask about it ask about the new text from now on: each is
    replaced by a successor, so that what was said of the old text stays what it was.

    Raises:
        NotFound: there is no such dataset or criterion.
        Conflict: it is retired.
    """
    row = _live(session, dataset_id, criterion_id)
    text, name = asked.text or row.text, asked.name or row.name
    if (text, name) == (row.text, row.name):
        return row
    at, restated = now(), text != row.text
    row.text, row.name, row.author = text, name, asked.author
    row.version += 1
    if restated:
        row.changed_at = at
    session.add(row)
    store.add_entry(session, row, "changed", at, author=asked.author, note=asked.note)
    if restated:
        carry(session, row, at)
    return row


def retire(session: Session, dataset_id: str, criterion_id: str, said: Said) -> CriterionRow:
    """Use a criterion, and its assertions, no more. Retiring twice is no error.

    Raises:
        NotFound: there is no such dataset or criterion.
    """
    row = store.get_criterion(session, dataset_id, criterion_id, lock=True)
    if row.retired_at is None:
        _retire(session, row, "retired", said, now())
    return row


def restore(session: Session, dataset_id: str, criterion_id: str, said: Said) -> CriterionRow:
    """Use a retired criterion again, with the assertions that it had. Restoring twice is no error.

    Raises:
        NotFound: there is no such dataset or criterion.
    """
    row = store.get_criterion(session, dataset_id, criterion_id, lock=True)
    if row.retired_at is not None:
        row.retired_at = None
        session.add(row)
        store.add_entry(session, row, "restored", now(), author=said.author, note=said.note)
    return row


def split(
    session: Session, dataset_id: str, criterion_id: str, asked: Split
) -> tuple[CriterionRow, list[CriterionRow]]:
    """Retire a criterion and put others in its place; the retired one and they.

    Raises:
        NotFound: there is no such dataset or criterion.
        Conflict: it is retired.
    """
    row = _live(session, dataset_id, criterion_id)
    at = now()
    into = [
        # A moment apart, so that they are listed in the order in which they were sent.
        _add(
            session,
            dataset_id,
            part.text,
            part.name,
            "split",
            asked,
            at=at + MOMENT * place,
            parents=[row.id],
        )
        for place, part in enumerate(asked.into)
    ]
    _retire(session, row, "split", asked, at)
    return row, into


def merge(session: Session, dataset_id: str, asked: Merge) -> tuple[list[CriterionRow], CriterionRow]:
    """Retire criteria and put one in their place; the retired ones and it.

    Raises:
        NotFound: there is no such dataset, or no such criterion.
        Conflict: one of them is retired.
        InvalidInput: one is named twice.
    """
    repeated = [name for name in asked.criteria if asked.criteria.count(name) > 1]
    if repeated:
        raise InvalidInput(f"criteria must be different ones, got {repeated[0]!r} twice")
    # In the order of their ids: of two who merge at the same moment, none waits for the other in a circle.
    rows = {name: _live(session, dataset_id, name) for name in sorted(asked.criteria)}
    at = now()
    merged = _add(session, dataset_id, asked.text, asked.name, "merge", asked, at=at, parents=asked.criteria)
    retired = [rows[name] for name in asked.criteria]
    for row in retired:
        _retire(session, row, "merged", asked, at)
    return retired, merged


def _live(session: Session, dataset_id: str, criterion_id: str) -> CriterionRow:
    row = store.get_criterion(session, dataset_id, criterion_id, lock=True)
    if row.retired_at is not None:
        raise Conflict(f"{criterion_id} is retired; restore it first")
    return row


def _add(
    session: Session,
    dataset_id: str,
    text: str,
    name: str | None,
    source: str,
    said: Said,
    *,
    at: datetime,
    parents: Sequence[str] = (),
) -> CriterionRow:
    row = CriterionRow(
        id=f"crit_{token_hex(12)}",
        dataset_id=dataset_id,
        name=name or name_of(text),
        text=text,
        source=source,
        author=said.author,
        parents=list(parents),
        created_at=at,
        changed_at=at,
    )
    session.add(row)
    session.flush()
    store.add_entry(session, row, "created", at, author=said.author, note=said.note)
    return row


def _retire(session: Session, row: CriterionRow, event: str, said: Said, at: datetime) -> None:
    row.retired_at = at
    session.add(row)
    store.add_entry(session, row, event, at, author=said.author, note=said.note)


def name_of(text: str) -> str:
    """A text's first words as a name."""
    words = " ".join(text.split())
    if len(words) <= NAME_CHARS:
        return words.rstrip(".")
    return words[:NAME_CHARS].rsplit(" ", 1)[0].rstrip(" ,;:.") + "..."
