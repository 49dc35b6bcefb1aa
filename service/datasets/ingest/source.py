"""What kind of file it is, judged by its first bytes, and its text."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import BinaryIO

from optimizers.errors import DatasetRejected, RowProblem
from service.errors import MediaUnsupported

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins like it
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FOREIGN = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (save it as CSV)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (save it as CSV)"),
    (b"\x1f\x8b", "compressed with gzip (unpack it)"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "a SQLite database"),
)
JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})
TABLES = frozenset({".csv", ".tsv", ".tab", ".psv", ".txt", ""})
ALLOWED = "CSV (any delimiter), JSONL (one object a line) or Parquet"


class Format(StrEnum):
    """The kinds of file that are read."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file that can be read from its start as often as needed."""

    file: BinaryIO
    format: Format
    encoding: str

    def rewound(self) -> BinaryIO:
        """The file, at its start."""
        self.file.seek(0)
        return self.file

    @contextmanager
    def text(self) -> Iterator[io.TextIOWrapper]:
        """The file as text. A byte that is not UTF-8 becomes a lone surrogate, which is then found
        in its cell and told with its line."""
        errors = "surrogateescape" if self.encoding.startswith("utf-8") else "strict"
        wrapper = io.TextIOWrapper(self.rewound(), encoding=self.encoding, errors=errors, newline="")
        try:
            yield wrapper
        finally:
            wrapper.detach()  # else the file would be closed with it


def open_source(file: BinaryIO, filename: str) -> Source:
    """Judge a seekable file by its first bytes; where they leave it open, by its name.

    Raises:
        MediaUnsupported: it is of a kind that is not read.
        DatasetRejected: it is empty.
    """
    file.seek(0)
    start = file.read(64)
    _refuse_foreign(start, filename)
    if not start.strip():
        raise DatasetRejected([whole_file("the file is empty", "a header and rows")])
    if start.startswith(b"PAR1"):
        return Source(file=file, format=Format.PARQUET, encoding="binary")
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if start.startswith(mark)), "utf-8")
    return Source(file=file, format=_text_format(start, encoding, filename), encoding=encoding)


def whole_file(message: str, allowed: str, *, value: str = "", line: int = 1) -> RowProblem:
    """What is wrong with a file as a whole."""
    return RowProblem(line=line, column="", value=value, message=message, allowed=allowed)


def _refuse_foreign(start: bytes, filename: str) -> None:
    for magic, kind in FOREIGN:
        if start.startswith(magic):
            raise MediaUnsupported(f"{filename!r} is {kind}; {ALLOWED} is read")
    suffix = PurePath(filename).suffix.lower()
    if suffix == ".parquet" and not start.startswith(b"PAR1"):
        raise MediaUnsupported(f"{filename!r} is named like a Parquet file but is none; {ALLOWED} is read")


def _text_format(start: bytes, encoding: str, filename: str) -> Format:
    head = start.decode(encoding, "ignore").lstrip()
    if head.count("\x00") > len(head) // 4:
        message = "the text holds a NUL at every other place: UTF-16 without its byte order mark"
        raise DatasetRejected([whole_file(message, "UTF-8, or UTF-16 with a byte order mark")])
    suffix = PurePath(filename).suffix.lower()
    if suffix in JSON_LINES and head.startswith("["):
        raise MediaUnsupported(
            f"{filename!r} is one JSON array; send one object a line (JSONL), or its rows as a JSON body"
        )
    if suffix in JSON_LINES or (suffix not in TABLES and head.startswith("{")):
        return Format.JSONL
    return Format.CSV
