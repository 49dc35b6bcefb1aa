"""A dataset as a file that can be uploaded again: CSV or JSONL, in pieces."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service.datasets import store
from service.datasets.tables import ExampleRow, LabelRow
from service.db import transaction

ExportFormat = Literal["csv", "jsonl"]
MEDIA_TYPES: dict[ExportFormat, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
COLUMNS = ("id", "input", "output", "label", "critique", "group")
ANNOTATOR_PREFIX = "annotator_"

Exported = tuple[ExampleRow, list[LabelRow]]


def export(
    engine: Engine, dataset_id: str, format_: ExportFormat, annotators: Sequence[str]
) -> Iterator[str]:
    """The rows in the order of their arrival, as one transaction sees them.

    The label that counts stands in `label`, as pass or fail whatever the dataset's own words were.
    """
    with transaction(engine, read_only=True) as session:
        if format_ == "csv":
            yield _csv_line([*COLUMNS, *(ANNOTATOR_PREFIX + name for name in annotators)])
        for rows in _batches(session, dataset_id):
            if format_ == "csv":
                yield "".join(_csv_line(_csv_cells(row, labels, annotators)) for row, labels in rows)
            else:
                yield "".join(_json_line(row, labels) for row, labels in rows)


def _batches(session: Session, dataset_id: str) -> Iterator[list[Exported]]:
    last = 0
    while True:
        query = select(ExampleRow).where(ExampleRow.dataset_id == dataset_id, col(ExampleRow.number) > last)
        rows = session.exec(query.order_by(col(ExampleRow.number)).limit(store.BATCH_ROWS)).all()
        if not rows:
            return
        labels = store.current_labels(session, dataset_id, [row.example_id for row in rows])
        yield [(row, labels.get(row.example_id, [])) for row in rows]
        last = rows[-1].number or 0
        session.expunge_all()  # what was sent is not kept


def _csv_cells(row: ExampleRow, labels: list[LabelRow], annotators: Sequence[str]) -> list[str]:
    said = {note.annotator: note.label or "" for note in labels}
    own = (row.example_id, row.input, row.output, row.label, row.critique, row.group_name)
    return [cell or "" for cell in own] + [said.get(name, "") for name in annotators]


def _csv_line(cells: Sequence[str]) -> str:
    """With RFC 4180's line ends; with others the module would leave a lone carriage return unquoted."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _json_line(row: ExampleRow, labels: list[LabelRow]) -> str:
    value: dict[str, Any] = {"id": row.example_id, "input": row.input, "output": row.output}
    optional = {"label": row.label, "critique": row.critique, "group": row.group_name}
    value |= {name: cell for name, cell in optional.items() if cell is not None}
    if labels:
        value["labels"] = {note.annotator: _said(note) for note in labels}
    return json.dumps(value, ensure_ascii=False) + "\n"


def _said(note: LabelRow) -> str | dict[str, str | None] | None:
    return note.label if note.critique is None else {"label": note.label, "critique": note.critique}
