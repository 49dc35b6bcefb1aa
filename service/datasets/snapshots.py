"""Snapshots: a dataset's immutable, hashed state that a run is tied to.

A row's part (train, dev, test) is decided when a snapshot first takes the row in: all labelled rows
that have no part yet get theirs together, so that the order in which rows were sent and labelled
has no say. A part is stored on its row at once and never changes after that, whatever is appended.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from optimizers.splits import Fractions, RowKey, assign_parts
from optimizers.types import (
    Annotation,
    Example,
    Label,
    LabelledExample,
    Part,
    Snapshot,
    Split,
    canonical_json,
)
from service.datasets.tables import DatasetRow, ExampleRow, LabelRow, SnapshotRow
from service.errors import NotFound

COMPRESSION = 6


def snapshot(session: Session, dataset_id: str) -> Snapshot:
    """The present state of a dataset's labelled rows, stored under its digest.

    Rows that have no part yet get it here, for good. Rows without a label that counts (unlabelled,
    tied) are left out, and so is a row that was picked for disagreement while its group is in test.

    Raises:
        NotFound: there is no such dataset.
    """
    dataset = session.exec(select(DatasetRow).where(DatasetRow.id == dataset_id).with_for_update()).first()
    if dataset is None:
        raise NotFound("dataset", dataset_id)
    rows = list(_labelled(session, dataset_id))
    parts = _settle_parts(session, dataset, rows)
    kept = tuple(_value(row, annotations) for row, annotations in rows if row.example_id in parts)
    taken = Snapshot(
        dataset_id=dataset_id,
        name=dataset.name,
        criterion=dataset.criterion,
        rows=tuple(sorted(kept, key=lambda row: row.id)),
        split=Split(parts=parts),
    )
    _store(session, taken)
    return taken


def settle(session: Session, dataset_id: str) -> None:
    """Give the labelled rows that have no part yet theirs, for good, as a snapshot does: for whatever learns
    from some of them and measures on others.

    Raises:
        NotFound: there is no such dataset.
    """
    dataset = session.exec(select(DatasetRow).where(DatasetRow.id == dataset_id).with_for_update()).first()
    if dataset is None:
        raise NotFound("dataset", dataset_id)
    _settle_parts(session, dataset, [(row, ()) for row in _labelled_examples(session, dataset_id)])
    session.flush()


def load_snapshot(session: Session, digest: str, *, dataset_id: str | None = None) -> Snapshot:
    """The snapshot with this digest; of `dataset_id`, where several datasets have the same content.

    Raises:
        NotFound: there is none.
    """
    query = select(SnapshotRow).where(SnapshotRow.digest == digest)
    if dataset_id is not None:
        query = query.where(SnapshotRow.dataset_id == dataset_id)
    row = session.exec(query.order_by(col(SnapshotRow.created_at))).first()
    if row is None:
        raise NotFound("snapshot", digest)
    return _decode(zlib.decompress(row.payload))


Labelled = tuple[ExampleRow, tuple[Annotation, ...]]


def _labelled(session: Session, dataset_id: str) -> Iterable[Labelled]:
    notes: dict[str, list[Annotation]] = {}
    current = session.exec(
        select(LabelRow)
        .where(LabelRow.dataset_id == dataset_id, col(LabelRow.current), col(LabelRow.label).is_not(None))
        .order_by(LabelRow.annotator)
    )
    for note in current:
        assert note.label is not None
        said = Annotation(annotator=note.annotator, label=Label(note.label), critique=note.critique)
        notes.setdefault(note.example_id, []).append(said)
    examples = _labelled_examples(session, dataset_id)
    return ((row, tuple(notes.get(row.example_id, ()))) for row in examples)


def _labelled_examples(session: Session, dataset_id: str) -> Iterable[ExampleRow]:
    return session.exec(
        select(ExampleRow).where(ExampleRow.dataset_id == dataset_id, col(ExampleRow.label).is_not(None))
    )


def _value(row: ExampleRow, annotations: tuple[Annotation, ...]) -> LabelledExample:
    assert row.label is not None
    return LabelledExample(
        example=Example(id=row.example_id, input=row.input, output=row.output, group=row.group_name),
        label=Label(row.label),
        critique=row.critique,
        annotations=annotations,
        picked_by=row.picked_by,
    )


def _settle_parts(session: Session, dataset: DatasetRow, rows: Sequence[Labelled]) -> dict[str, Part]:
    """Every row's part; those that are new are stored on their rows."""
    keys = [
        RowKey(
            id=row.example_id, group_key=row.group_key, label=Label(row.label or ""), picked_by=row.picked_by
        )
        for row, _ in rows
    ]
    existing = {row.example_id: Part(row.part) for row, _ in rows if row.part is not None}
    fractions = Fractions(train=dataset.split_train, dev=dataset.split_dev, test=dataset.split_test)
    parts = assign_parts(keys, fractions, existing=existing)
    new = [
        {"number_": row.number, "part_": parts[row.example_id]}
        for row, _ in rows
        if row.part is None and row.example_id in parts
    ]
    if new:
        table = ExampleRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on tables
        change = update(table).where(table.c.number == bindparam("number_")).values(part=bindparam("part_"))
        session.connection().execute(change, new)
    return parts


# --- the stored form --------------------------------------------------------------------------------


def _store(session: Session, taken: Snapshot) -> None:
    digest = taken.digest
    if session.get(SnapshotRow, (digest, taken.dataset_id)) is None:
        payload = zlib.compress(_encode(taken), COMPRESSION)
        session.add(
            SnapshotRow(digest=digest, dataset_id=taken.dataset_id, n_rows=len(taken.rows), payload=payload)
        )
        session.flush()


def _encode(taken: Snapshot) -> bytes:
    return canonical_json(asdict(taken)).encode()


def _decode(payload: bytes) -> Snapshot:
    stored = json.loads(payload)
    return Snapshot(
        dataset_id=stored["dataset_id"],
        name=stored["name"],
        criterion=stored["criterion"],
        rows=tuple(_decode_row(row) for row in stored["rows"]),
        split=Split(parts={id_: Part(part) for id_, part in stored["split"]["parts"].items()}),
    )


def _decode_row(row: dict[str, object]) -> LabelledExample:
    example, annotations = row["example"], row["annotations"]
    assert isinstance(example, dict)
    assert isinstance(annotations, list)
    return LabelledExample(
        example=Example(**example),
        label=Label(str(row["label"])),
        critique=row["critique"] if row["critique"] is None else str(row["critique"]),
        annotations=tuple(Annotation(**{**note, "label": Label(note["label"])}) for note in annotations),
        picked_by=str(row["picked_by"]),
    )
