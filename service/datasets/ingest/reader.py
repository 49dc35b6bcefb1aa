"""The rows of a file, one at a time: usable ones and what is wrong with the others."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from optimizers.errors import DatasetRejected, RowProblem
from service.datasets.ingest.columns import ColumnRequest, Columns, roles_found, understand
from service.datasets.ingest.csv_file import CsvRecords, find_delimiter
from service.datasets.ingest.jsonl_file import read_jsonl
from service.datasets.ingest.labels import LabelWords
from service.datasets.ingest.rows import Limits, Record, Row, RowReader, shown
from service.datasets.ingest.source import Format, Source, open_source, whole_file
from service.errors import TooLarge

MAX_SHAPES = 1_000
"""Different sets of keys in a JSONL file whose understanding is kept in memory."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How an upload is to be read."""

    words: LabelWords = field(default_factory=LabelWords)
    columns: ColumnRequest = field(default_factory=ColumnRequest)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, kw_only=True)
class Records:
    """The records of an upload; `header` where all of them share one."""

    stream: Iterable[Record | RowProblem]
    header: tuple[str, ...] | None = None
    delimiter: str | None = None


class FileUpload:
    """A seekable file of one of the formats.

    Raises:
        MediaUnsupported: it is of a kind that is not read.
        DatasetRejected: it is empty.
    """

    def __init__(self, file: BinaryIO, filename: str) -> None:
        self._source = open_source(file, filename)
        self.format: str = self._source.format
        self.encoding: str | None = self._source.encoding

    @contextmanager
    def records(self, request: ColumnRequest, *, whole: bool = False) -> Iterator[Records]:
        """Its records, from the start; with `whole`, with columns too that nobody asks for."""
        if self._source.format is Format.PARQUET:
            yield _parquet(self._source, request, whole=whole)
            return
        with self._source.text() as text:
            if self._source.format is Format.JSONL:
                yield Records(stream=read_jsonl(text))
                return
            delimiter = find_delimiter(text, partial(roles_found, request=request))
            table = CsvRecords(text, delimiter)
            yield Records(stream=table, header=table.header, delimiter=delimiter)


def _parquet(source: Source, request: ColumnRequest, *, whole: bool) -> Records:
    # Imported here since most uploads are text, and pyarrow takes longer to load than they do to read.
    from service.datasets.ingest.parquet_file import ParquetRecords  # noqa: PLC0415

    table = ParquetRecords(source.rewound())
    columns = understand(table.header, request)
    used = [*columns.roles.values(), *columns.annotators.values()]
    return Records(stream=table.read(table.header if whole else used), header=table.header)


class BodyUpload:
    """Rows of a JSON body, in the words of the interface. `line` is a row's position, from 1."""

    format: str = "json"
    encoding: str | None = None

    def __init__(self, examples: Sequence[dict[str, object]]) -> None:
        self._examples = examples

    @contextmanager
    def records(self, request: ColumnRequest, *, whole: bool = False) -> Iterator[Records]:
        """Its records, from the start."""
        del request, whole  # the interface fixes the names
        yield Records(stream=(Record(line=n, cells=cells) for n, cells in enumerate(self._examples, 1)))


Upload = FileUpload | BodyUpload


class RowStream:
    """One reading of an upload. What it understood is complete when its rows are exhausted."""

    def __init__(self, upload: Upload, reading: Reading) -> None:
        self._upload = upload
        self._request = reading.columns
        self._limits = reading.limits
        self.reader = RowReader(reading.words, reading.limits)
        self.shapes: dict[tuple[str, ...], Columns] = {}
        self.delimiter: str | None = None

    def __iter__(self) -> Iterator[Row | RowProblem]:
        """The rows in order, and the problems of those that are not usable.

        Raises:
            DatasetRejected: the file as a whole cannot be read.
            TooLarge: there are too many rows, or too much text.
        """
        line = n_rows = n_chars = 0
        try:
            with self._upload.records(self._request) as records:
                self._look_at(records)
                for record in records.stream:
                    line, n_rows = record.line, n_rows + 1
                    for found in self._read(record):
                        n_chars += found.size if isinstance(found, Row) else 0
                        yield found
                    self._keep_within(n_rows, n_chars)
        except UnicodeDecodeError as error:
            raise _undecodable(error, line + 1) from error

    def _look_at(self, records: Records) -> None:
        """A header that lacks a column is told once, before any row."""
        self.delimiter = records.delimiter
        if records.header is not None:
            problems = _column_problems(self._columns(records.header), records.header, line=1)
            if problems:
                raise DatasetRejected(problems)

    def _read(self, record: Record | RowProblem) -> Iterable[Row | RowProblem]:
        if isinstance(record, RowProblem):
            return [record]
        keys = tuple(record.cells)
        columns = self._columns(keys)
        if columns.missing or columns.unclear:
            return _column_problems(columns, keys, line=record.line)
        read = self.reader.read(record, columns)
        return [read] if isinstance(read, Row) else read

    def _columns(self, keys: tuple[str, ...]) -> Columns:
        if keys not in self.shapes:
            if len(self.shapes) >= MAX_SHAPES:
                self.shapes.clear()
            self.shapes[keys] = understand(keys, self._request)
        return self.shapes[keys]

    def _keep_within(self, n_rows: int, n_chars: int) -> None:
        if n_rows > self._limits.max_rows:
            raise TooLarge(
                f"there are more than {self._limits.max_rows:,} rows; send them in several uploads"
            )
        if n_chars > self._limits.max_chars:
            raise TooLarge(f"the rows hold more than {self._limits.max_chars:,} characters")


def read_rows(file: BinaryIO, filename: str, reading: Reading | None = None) -> Iterator[Row | RowProblem]:
    """The rows of a seekable file and the problems of those that are not usable, in order.

    What shows only when rows are seen together (ids that come twice, contradictions) is not checked.

    Raises:
        MediaUnsupported, TooLarge, DatasetRejected: the file as a whole cannot be read.
    """
    return iter(RowStream(FileUpload(file, filename), reading or Reading()))


def _column_problems(columns: Columns, keys: Sequence[str], *, line: int) -> list[RowProblem]:
    there = shown(", ".join(keys))
    missing = [
        RowProblem(
            line=line, column=role, value=there, message=f"there is no column for {role}", allowed=allowed
        )
        for role, allowed in columns.missing.items()
    ]
    unclear = [
        RowProblem(
            line=line,
            column=role,
            value=shown(", ".join(candidates)),
            message=f"several columns could be the {role}",
            allowed=f'name one: columns={{"{role}": "{candidates[0]}"}}',
        )
        for role, candidates in columns.unclear.items()
    ]
    return missing + unclear


def _undecodable(error: UnicodeDecodeError, line: int) -> DatasetRejected:
    """A file is decoded in blocks, so that the fault may lie some lines further on."""
    byte = error.object[error.start]
    message = f"byte 0x{byte:02X}, here or soon after, is not {error.encoding}: {error.reason}"
    return DatasetRejected([whole_file(message, "UTF-8, or UTF-16 with a byte order mark", line=line)])
