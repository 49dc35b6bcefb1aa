"""What can be done with datasets. The first look at an upload comes before any statement."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from sqlmodel import Session, col, select

from optimizers.errors import DatasetRejected, InvalidInput, RowProblem
from optimizers.splits import Fractions
from service.clock import now
from service.datasets import store
from service.datasets.ingest import (
    ColumnRequest,
    Inspection,
    LabelWords,
    Limits,
    OnError,
    Reading,
    Refused,
    Row,
    Upload,
    inspect,
    usable_rows,
)
from service.datasets.ingest.inspection import ProblemList
from service.datasets.ingest.rows import shown
from service.datasets.schemas import DatasetChange, understood_json
from service.datasets.tables import DatasetRow, ExampleRow
from service.errors import Conflict


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """An upload that was looked at, and what for."""

    upload: Upload
    reading: Reading
    on_error: OnError
    inspection: Inspection


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What an upload came to."""

    dataset: DatasetRow
    added: int
    refused: Refused


def look_at(
    upload: Upload,
    *,
    label_mapping: dict[str, str] | None,
    columns: dict[str, Any] | None,
    on_error: OnError,
    limits: Limits,
) -> Inspected:
    """Check an upload as a whole.

    Raises:
        DatasetRejected, MediaUnsupported, TooLarge: it cannot be used.
        InvalidInput: `label_mapping` or `columns` is wrong.
    """
    reading = Reading(words=LabelWords(label_mapping), columns=ColumnRequest.parse(columns), limits=limits)
    inspection = inspect(upload, reading, on_error)
    return Inspected(upload=upload, reading=reading, on_error=on_error, inspection=inspection)


def require_criterion(asked: str | None, inspected: Inspected) -> str:
    """The criterion that was sent, else the one that all rows agree on.

    Raises:
        InvalidInput: there is neither.
    """
    criterion = asked or inspected.inspection.criterion
    if criterion is None:
        raise InvalidInput(
            "criterion is missing: say what pass means, as a field of the request or in a column "
            "'criterion' that says the same on every row"
        )
    return criterion


def create(
    session: Session,
    inspected: Inspected,
    *,
    name: str,
    criterion: str,
    label_mapping: dict[str, str] | None,
    fractions: Fractions,
) -> Stored:
    """Store a new dataset with the usable rows of an upload."""
    dataset = DatasetRow(
        id=f"ds_{token_hex(12)}",
        name=name,
        criterion=criterion,
        label_mapping=label_mapping,
        split_train=fractions.train,
        split_dev=fractions.dev,
        split_test=fractions.test,
        understood=understood_json(inspected.inspection.understood),
    )
    session.add(dataset)
    session.flush()
    added = 0
    with closing(_rows_of(inspected)) as rows:
        for batch in store.batches(rows):
            store.insert_rows(session, dataset.id, batch, dataset.created_at)
            added += len(batch)
    return Stored(dataset=dataset, added=added, refused=inspected.inspection.refused)


def append(session: Session, dataset_id: str, inspected: Inspected) -> Stored:
    """Add the usable rows of an upload to a dataset; rows that are there are neither moved nor changed.

    Raises:
        NotFound: there is no such dataset.
        DatasetRejected: rows clash with rows that are there, and `on_error` is `refuse`.
    """
    dataset = store.get_dataset(session, dataset_id, lock=True)
    problems = ProblemList(inspected.inspection.refused)
    at, added = now(), 0
    with closing(_rows_of(inspected)) as rows:
        for batch in store.batches(rows):
            fresh = _without_clashes(session, dataset_id, batch, problems)
            if fresh and (inspected.on_error == "skip" or not problems.total):
                store.insert_rows(session, dataset_id, fresh, at)
                added += len(fresh)
    refused = problems.result()
    if refused.total and (inspected.on_error == "refuse" or not added):
        raise DatasetRejected(refused.problems, refused.total)
    dataset.understood = understood_json(inspected.inspection.understood)
    session.add(dataset)
    return Stored(dataset=dataset, added=added, refused=refused)


def _rows_of(inspected: Inspected) -> Generator[Row]:
    """The second reading. It is to be closed, since its file outlives it."""
    return usable_rows(inspected.upload, inspected.reading, inspected.inspection.refused)


def _without_clashes(session: Session, dataset_id: str, batch: list[Row], problems: ProblemList) -> list[Row]:
    lines = set()
    for clash in _clashes(session, dataset_id, batch):
        problems.add(clash)
        lines.add(clash.line)
    return [row for row in batch if row.line not in lines]


def _clashes(session: Session, dataset_id: str, batch: list[Row]) -> Iterator[RowProblem]:
    """What these rows have against the rows that are there."""
    ids = store.ids_there(session, dataset_id, [row.example.id for row in batch])
    pairs = store.labels_of_pairs(session, dataset_id, [row.pair_hash for row in batch])
    for row in batch:
        if row.example.id in ids:
            yield RowProblem(
                line=row.line,
                column="id",
                value=shown(row.example.id),
                message="the dataset already has an example with this id",
                allowed="a new id (labels of an example that is there: PUT .../labels/{annotator})",
            )
        label = row.decision.label
        others = pairs.get(row.pair_hash, set()) - {label}
        if label is not None and others:
            yield RowProblem(
                line=row.line,
                column="label",
                value=label.value,
                message=f"the dataset has the same input and output, labelled {' and '.join(sorted(others))}",
                allowed="one label for one pair of input and output",
            )


def change(session: Session, dataset_id: str, wanted: DatasetChange) -> DatasetRow:
    """Rename a dataset, restate its criterion, or set its split before it is used.

    Raises:
        NotFound: there is no such dataset.
        Conflict: the split is settled: rows have their parts.
        InvalidInput: the shares are not allowed.
    """
    dataset = store.get_dataset(session, dataset_id, lock=True)
    if wanted.name is not None:
        dataset.name = wanted.name
    if wanted.criterion is not None:
        dataset.criterion = wanted.criterion
    if wanted.split is not None:
        _set_split(session, dataset, wanted.split.fractions())
    session.add(dataset)
    session.flush()
    return dataset


def _set_split(session: Session, dataset: DatasetRow, fractions: Fractions) -> None:
    stands = Fractions(train=dataset.split_train, dev=dataset.split_dev, test=dataset.split_test)
    settled = select(ExampleRow.number).where(
        ExampleRow.dataset_id == dataset.id, col(ExampleRow.part).is_not(None)
    )
    if fractions == stands:
        return
    if session.exec(settled.limit(1)).first() is not None:
        raise Conflict(
            f"the split of {dataset.id} is settled: its rows got their parts when it was first used, and "
            "a row that was tuned on can never test; upload the rows as a new dataset for another split"
        )
    dataset.split_train, dataset.split_dev, dataset.split_test = (
        fractions.train,
        fractions.dev,
        fractions.test,
    )
