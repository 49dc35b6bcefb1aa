"""Statements on datasets and their rows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import BindParameter, Table, bindparam, insert
from sqlmodel import Session, col, select

from optimizers.types import Label
from service.datasets.adjudication import Vote
from service.datasets.ingest import Row
from service.datasets.tables import DatasetRow, ExampleRow, LabelRow, MarkRow
from service.errors import NotFound

BATCH_ROWS = 500

EXAMPLES: Table = ExampleRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on tables
LABELS: Table = LabelRow.__table__  # type: ignore[attr-defined]
MARKS: Table = MarkRow.__table__  # type: ignore[attr-defined]

# Of each label by hand: built once, since building them takes longer than asking them.
_IN_DATASET: BindParameter[str] = bindparam("in_dataset")
_OF_EXAMPLE: BindParameter[str] = bindparam("of_example")
_EXAMPLE = select(ExampleRow).where(
    ExampleRow.dataset_id == _IN_DATASET, ExampleRow.example_id == _OF_EXAMPLE
)
_HISTORY = (
    select(LabelRow)
    .where(LabelRow.dataset_id == _IN_DATASET, LabelRow.example_id == _OF_EXAMPLE)
    .order_by(col(LabelRow.number))
)
_MARKS = (
    select(MarkRow)
    .where(MarkRow.dataset_id == _IN_DATASET, MarkRow.example_id == _OF_EXAMPLE)
    .order_by(col(MarkRow.annotator))
)
_LOCKED_EXAMPLE = _EXAMPLE.with_for_update()


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in lists of at most `BATCH_ROWS`."""
    stream = iter(rows)
    while batch := list(islice(stream, BATCH_ROWS)):
        yield batch


def get_dataset(session: Session, dataset_id: str, *, lock: bool = False) -> DatasetRow:
    """One dataset; with `lock`, no other transaction changes it or adds rows until this one ends.

    Raises:
        NotFound: there is no such dataset.
    """
    query = select(DatasetRow).where(DatasetRow.id == dataset_id)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound("dataset", dataset_id)
    return row


def get_example(session: Session, dataset_id: str, example_id: str, *, lock: bool = False) -> ExampleRow:
    """One example.

    Raises:
        NotFound: there is no such dataset, or no such example in it.
    """
    named = {"in_dataset": dataset_id, "of_example": example_id}
    row = session.exec(_LOCKED_EXAMPLE if lock else _EXAMPLE, params=named).first()
    if row is None:
        get_dataset(session, dataset_id)
        raise NotFound("example", example_id)
    return row


def insert_rows(
    session: Session, dataset_id: str, rows: Sequence[Row], at: datetime, *, picked_by: str = "given"
) -> None:
    """Add rows with their annotators' labels, in two statements."""
    connection = session.connection()
    values = [_example_values(dataset_id, row, at) | {"picked_by": picked_by} for row in rows]
    connection.execute(insert(EXAMPLES), values)
    labels = [values for row in rows for values in _label_values(dataset_id, row, at)]
    if labels:
        connection.execute(insert(LABELS), labels)


def _example_values(dataset_id: str, row: Row, at: datetime) -> dict[str, Any]:
    decision = row.decision
    return {
        "dataset_id": dataset_id,
        "example_id": row.example.id,
        "input": row.example.input,
        "output": row.example.output,
        "group_name": row.example.group,
        "group_key": row.example.group_key,
        "pair_hash": row.pair_hash,
        "given_label": row.label.value if row.label else None,
        "given_critique": row.critique,
        "label": decision.label.value if decision.label else None,
        "label_source": decision.source.value if decision.source else None,
        "critique": decision.critique,
        "created_at": at,
    }


def _label_values(dataset_id: str, row: Row, at: datetime) -> Iterator[dict[str, Any]]:
    for note in row.annotations:
        yield {
            "dataset_id": dataset_id,
            "example_id": row.example.id,
            "annotator": note.annotator,
            "label": note.label.value,
            "critique": note.critique,
            "picked_by": "given",
            "adjudicates": False,
            "current": True,
            "created_at": at,
        }


def ids_there(session: Session, dataset_id: str, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that the dataset already has."""
    found = select(ExampleRow.example_id).where(
        ExampleRow.dataset_id == dataset_id, col(ExampleRow.example_id).in_(ids)
    )
    return set(session.exec(found))


def labels_of_pairs(session: Session, dataset_id: str, hashes: Sequence[str]) -> dict[str, set[Label]]:
    """The labels that count on these pairs of input and output, where they have any."""
    found = select(ExampleRow.pair_hash, ExampleRow.label).where(
        ExampleRow.dataset_id == dataset_id,
        col(ExampleRow.pair_hash).in_(hashes),
        col(ExampleRow.label).is_not(None),
    )
    labels: dict[str, set[Label]] = {}
    for pair, label in session.exec(found):
        assert label is not None
        labels.setdefault(pair, set()).add(Label(label))
    return labels


def current_labels(
    session: Session, dataset_id: str, example_ids: Sequence[str]
) -> dict[str, list[LabelRow]]:
    """What annotators say now about these examples, oldest first."""
    query = (
        select(LabelRow)
        .where(
            LabelRow.dataset_id == dataset_id,
            col(LabelRow.example_id).in_(example_ids),
            col(LabelRow.current),
            col(LabelRow.label).is_not(None),
        )
        .order_by(col(LabelRow.number))
    )
    found: dict[str, list[LabelRow]] = {}
    for row in session.exec(query):
        found.setdefault(row.example_id, []).append(row)
    return found


def votes_of(labels: Iterable[LabelRow]) -> list[Vote]:
    """As the rule of decision takes them."""
    return [
        Vote(
            annotator=row.annotator,
            label=Label(row.label or ""),
            critique=row.critique,
            adjudicates=row.adjudicates,
        )
        for row in labels
    ]


def label_history(session: Session, dataset_id: str, example_id: str) -> list[LabelRow]:
    """All that annotators ever said about an example, oldest first."""
    named = {"in_dataset": dataset_id, "of_example": example_id}
    return list(session.exec(_HISTORY, params=named))


def marks_of(session: Session, dataset_id: str, example_id: str) -> list[MarkRow]:
    """The marks on an example, by annotator."""
    named = {"in_dataset": dataset_id, "of_example": example_id}
    return list(session.exec(_MARKS, params=named))
