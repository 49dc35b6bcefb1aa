"""Rows from a file and verdicts into one, without a server."""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from optimizers.errors import InvalidInput
from optimizers.splits import Fractions, assign_parts, row_key
from optimizers.types import Evaluation, Example, Failure, LabelledExample, Snapshot, Split
from service.client_models import JudgedExample
from service.datasets.ingest.columns import ColumnRequest
from service.datasets.ingest.inspection import Inspection, OnError, inspect, usable_rows
from service.datasets.ingest.labels import LabelWords
from service.datasets.ingest.reader import FileUpload, Reading
from service.datasets.ingest.rows import Row

VERDICT_COLUMNS = ("id", "verdict", "fail_probability", "rationale", "failure")


@dataclass(frozen=True, kw_only=True)
class RowFile:
    """A file's usable rows, and what was found on the first look."""

    rows: tuple[Row, ...]
    inspection: Inspection

    @property
    def examples(self) -> tuple[Example, ...]:
        """The rows as a judge sees them, in the file's order."""
        return tuple(row.example for row in self.rows)

    @property
    def labelled(self) -> tuple[LabelledExample, ...]:
        """The rows with a label that counts, sorted by id."""
        found = (_labelled(row) for row in self.rows if row.decision.label is not None)
        return tuple(sorted(found, key=lambda row: row.id))


def read_file(
    path: Path,
    *,
    label_mapping: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    on_error: OnError = "refuse",
) -> RowFile:
    """Read a file as an upload is read.

    Raises:
        DatasetRejected, MediaUnsupported, TooLarge: as an upload would be refused.
        InvalidInput: there is no such file.
    """
    reading = Reading(
        words=LabelWords(label_mapping or None), columns=ColumnRequest.parse(dict(columns or {}))
    )
    try:
        with path.open("rb") as file:
            upload = FileUpload(file, path.name)
            inspection = inspect(upload, reading, on_error)
            rows = tuple(usable_rows(upload, reading, inspection.refused))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    return RowFile(rows=rows, inspection=inspection)


def _labelled(row: Row) -> LabelledExample:
    decision = row.decision
    assert decision.label is not None
    return LabelledExample(
        example=row.example, label=decision.label, critique=decision.critique, annotations=row.annotations
    )


def snapshot_of(file: RowFile, *, name: str, criterion: str | None, fractions: Fractions) -> Snapshot:
    """The labelled rows as what a run is tied to. The file's own criterion counts where none is given.

    Raises: InvalidInput, when nobody says what pass means.
    """
    criterion = criterion or file.inspection.criterion
    if not criterion:
        raise InvalidInput("--criterion is missing: say what pass means, in your own words")
    rows = file.labelled
    parts = assign_parts([row_key(row) for row in rows], fractions)
    return Snapshot(
        dataset_id=name,
        name=name,
        criterion=criterion,
        rows=tuple(row for row in rows if row.id in parts),
        split=Split(parts=parts),
    )


def write_verdicts(evaluation: Evaluation, rows: Sequence[Example], out: Path | None) -> None:
    """One CSV line a row, in the file's order; to standard output without `out`."""
    with _opened(out) as file:
        writer = csv.writer(file)
        writer.writerow(VERDICT_COLUMNS)
        writer.writerows(_line(evaluation, row.id) for row in rows)


def write_judged(judged: Sequence[JudgedExample], out: Path | None) -> None:
    """The same for verdicts that a server gave."""
    with _opened(out) as file:
        writer = csv.writer(file)
        writer.writerow(VERDICT_COLUMNS)
        for row in judged:
            failure = f"{row.failure}: {row.message}" if row.failure else ""
            said = (row.verdict or "", _blank(row.fail_probability), row.rationale or "")
            writer.writerow((row.id, *said, failure))


def write_table(rows: Iterable[Mapping[str, object]], columns: Sequence[str], out: Path | None) -> None:
    """The `columns` of objects from a server, a line each."""
    with _opened(out) as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def _line(evaluation: Evaluation, row_id: str) -> tuple[object, ...]:
    outcome = evaluation.outcomes[row_id]
    if isinstance(outcome, Failure):
        return (row_id, "", "", "", f"{outcome.kind}: {outcome.message}")
    return (row_id, outcome.label, _blank(outcome.fail_probability), outcome.rationale or "", "")


def _blank(value: float | None) -> float | str:
    return "" if value is None else value


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", newline="", encoding="utf-8") as file:
        yield file
