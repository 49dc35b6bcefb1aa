"""Marks: an annotator flags a row for somebody to look at, or skips it for now."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, exists, func, select
from sqlmodel import Session, col

from service.clock import now
from service.datasets import store
from service.datasets.labelling_schemas import MarkKind, MarkOut, NewMark
from service.datasets.schemas import MarkCounts
from service.datasets.tables import ExampleRow, MarkRow


def put_mark(session: Session, dataset_id: str, example_id: str, annotator: str, wanted: NewMark) -> MarkOut:
    """Set an annotator's mark on a row in the place of their last one; the same again changes nothing.

    Raises:
        NotFound: there is no such dataset or example.
    """
    store.get_example(session, dataset_id, example_id, lock=True)
    mark = session.get(MarkRow, (dataset_id, example_id, annotator))
    note = wanted.note or None
    if mark is None:
        mark = MarkRow(dataset_id=dataset_id, example_id=example_id, annotator=annotator, kind=wanted.kind)
    elif (mark.kind, mark.note) == (wanted.kind, note):
        return shown(mark)
    mark.kind, mark.note, mark.created_at = wanted.kind, note, now()
    session.add(mark)
    session.flush()
    return shown(mark)


def remove_mark(session: Session, example: ExampleRow, annotator: str) -> None:
    """Take an annotator's mark off a row; without one, nothing happens."""
    gone = delete(MarkRow).where(
        col(MarkRow.dataset_id) == example.dataset_id,
        col(MarkRow.example_id) == example.example_id,
        col(MarkRow.annotator) == annotator,
    )
    session.execute(gone)


def marks_on(session: Session, dataset_id: str, example_ids: Sequence[str]) -> dict[str, dict[str, MarkOut]]:
    """Marks by example and annotator."""
    query = (
        select(MarkRow)
        .where(col(MarkRow.dataset_id) == dataset_id, col(MarkRow.example_id).in_(example_ids))
        .order_by(col(MarkRow.annotator))
    )
    found: dict[str, dict[str, MarkOut]] = {}
    for mark in session.scalars(query):
        found.setdefault(mark.example_id, {})[mark.annotator] = shown(mark)
    return found


def is_marked(kind: MarkKind, annotator: str | None) -> ColumnElement[bool]:
    """The condition on an example that somebody, or `annotator`, has marked it so."""
    on_row = and_(
        col(MarkRow.dataset_id) == col(ExampleRow.dataset_id),
        col(MarkRow.example_id) == col(ExampleRow.example_id),
        col(MarkRow.kind) == kind,
    )
    mine = and_(on_row, col(MarkRow.annotator) == annotator) if annotator is not None else on_row
    return exists().where(mine)


def count(session: Session, dataset_id: str) -> MarkCounts:
    """How many rows somebody has marked, by kind."""
    query = (
        select(col(MarkRow.kind), func.count(func.distinct(col(MarkRow.example_id))))
        .where(col(MarkRow.dataset_id) == dataset_id)
        .group_by(col(MarkRow.kind))
    )
    found: dict[str, int] = dict(session.execute(query).all())
    return MarkCounts(flag=found.get("flag", 0), skip=found.get("skip", 0))


def shown(mark: MarkRow) -> MarkOut:
    """As it looks outside."""
    return MarkOut.model_validate({"kind": mark.kind, "note": mark.note, "at": mark.created_at})
