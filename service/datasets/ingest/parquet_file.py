"""Parquet, read in small batches of each row group. Imported only when such a file comes."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from optimizers.errors import DatasetRejected
from service.datasets.ingest.rows import Record
from service.datasets.ingest.source import whole_file

BATCH_ROWS = 256


class ParquetRecords:
    """The records of a Parquet file; `line` is the row's position, from 1.

    Raises:
        DatasetRejected: the file is damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._file = pq.ParquetFile(file, pre_buffer=False)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error) from error
        self.header: tuple[str, ...] = tuple(self._file.schema_arrow.names)

    def read(self, columns: Sequence[str]) -> Iterator[Record]:
        """The records with `columns` alone: what is not needed is not read."""
        batches = self._file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False)
        line = 0
        try:
            for batch in batches:
                for cells in _rows(batch):
                    line += 1
                    yield Record(line=line, cells=cells)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error, line=line + 1) from error


def _rows(batch: Any) -> Iterator[dict[str, object]]:  # a pyarrow.RecordBatch; it has no types
    names = batch.schema.names
    values = [_values(column) for column in batch.columns]
    return (dict(zip(names, row, strict=True)) for row in zip(*values, strict=True))


def _values(column: Any) -> list[object]:  # a pyarrow.Array
    """As Python values; text that is not UTF-8 keeps its bytes as lone surrogates, as in CSV."""
    try:
        values: list[object] = column.to_pylist()
    except UnicodeDecodeError:
        raw = column.cast(pa.large_binary()).to_pylist()
        return [None if v is None else v.decode("utf-8", "surrogateescape") for v in raw]
    return values


def _damaged(error: Exception, line: int = 1) -> DatasetRejected:
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return DatasetRejected(
        [whole_file(f"the Parquet file is damaged: {reason}", "a complete Parquet file", line=line)]
    )
