"""CSV: any delimiter, quoted line breaks, records one at a time."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from optimizers.errors import DatasetRejected, RowProblem
from service.datasets.ingest.rows import Record, shown
from service.datasets.ingest.source import whole_file

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_CHARS = 256 * 1024
SAMPLE_RECORDS = 50
FIELD_MAX_CHARS = 16 * 1024 * 1024
"""Ends a cell that an unclosed quote would let run to the end of the file."""

csv.field_size_limit(max(csv.field_size_limit(), FIELD_MAX_CHARS))


def find_delimiter(text: TextIO, roles_found: Callable[[Sequence[str]], int]) -> str:
    """The delimiter under which the header has most known columns and the records its length.

    `roles_found` counts the roles that a header fills. Leaves `text` where it was: at its start.
    """
    sample = text.read(SAMPLE_CHARS)
    if len(sample) == SAMPLE_CHARS:  # the last line is probably cut
        sample = sample[: sample.rfind("\n") + 1] or sample
    text.seek(0)

    def fit(delimiter: str) -> tuple[int, float, int]:
        records = _sample_records(sample, delimiter)
        header = records[0] if records else []
        same = sum(len(record) == len(header) for record in records)
        return roles_found(header), same / max(len(records), 1), len(header)

    return max(DELIMITERS, key=fit)


def _sample_records(sample: str, delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        for record in reader:
            if record:
                records.append(record)
            if len(records) == SAMPLE_RECORDS:
                break
    except csv.Error:
        pass  # judged by what was read; the real reading reports the line
    return records


class CsvRecords:
    """The records of a CSV text, after its header.

    Raises:
        DatasetRejected: there is no header, or a cell never ends.
    """

    def __init__(self, text: TextIO, delimiter: str) -> None:
        self._reader = csv.reader(text, delimiter=delimiter, strict=True)
        self.header = self._read_header()

    def __iter__(self) -> Iterator[Record | RowProblem]:
        """One record after the other; a broken one is a problem, and the next line is tried."""
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._broken(line, error)
                continue
            if any(cells):
                yield self._record(line, cells)

    def _read_header(self) -> tuple[str, ...]:
        try:
            header = tuple(name.strip() for name in next(filter(any, self._reader)))
        except StopIteration:
            raise DatasetRejected([whole_file("the file is empty", "a header and rows")]) from None
        except csv.Error as error:
            raise DatasetRejected([self._broken(1, error)]) from error
        twice = sorted({name for name in header if name and header.count(name) > 1})
        if twice:
            names = shown(", ".join(twice))
            message = "columns of one name cannot be told apart"
            raise DatasetRejected([whole_file(message, "unique names", value=names)])
        return header

    def _record(self, line: int, cells: list[str]) -> Record | RowProblem:
        width = len(self.header)
        if any(cells[width:]):
            return RowProblem(
                line=line,
                column="",
                value=shown(cells[width]),
                message=f"the row has {len(cells)} fields, the header {width}",
                allowed=f"{width} fields; quote a text that holds the delimiter",
            )
        return Record(line=line, cells=dict(zip(self.header, [*cells, *[""] * width], strict=False)))

    def _broken(self, line: int, error: csv.Error) -> RowProblem:
        problem = RowProblem(
            line=line,
            column="",
            value="",
            message=f"the row cannot be read: {error}",
            allowed='quotes in pairs; a quote inside a quoted text is written ""',
        )
        if "field limit" in str(error):
            raise DatasetRejected([problem]) from error
        return problem
