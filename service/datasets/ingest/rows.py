"""One record of a file, of whatever format, becomes a row or a list of what is wrong with it."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from optimizers.errors import RowProblem
from optimizers.types import Annotation, Example, Label, digest
from service.datasets.adjudication import Decision, Vote, decide
from service.datasets.ingest.columns import Columns
from service.datasets.ingest.labels import LabelWords, UnknownLabel, word_of
from service.datasets.tables import ID_MAX_CHARS

SHOWN_CHARS = 80
"""Of a value in a message."""
MAX_UNKNOWN_WORDS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What a file says in one row: cells by header. `line` counts from 1; a header is line 1."""

    line: int
    cells: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A usable row. `label` is the file's explicit one; `annotations` are people's."""

    line: int
    example: Example
    label: Label | None
    critique: str | None
    annotations: tuple[Annotation, ...]
    pair_hash: str
    """SHA-256 (hex) over input and output."""
    criterion: str | None = None
    """What the file says in its criterion column; files repeat it on every row."""

    @property
    def size(self) -> int:
        """Characters of its texts."""
        return len(self.example.input) + len(self.example.output) + len(self.critique or "")

    @property
    def decision(self) -> Decision:
        """The label that counts."""
        votes = [Vote(annotator=a.annotator, label=a.label, critique=a.critique) for a in self.annotations]
        return decide(self.label, self.critique, votes)


def shown(value: object) -> str:
    """A value as a message shows it: cut short, always printable."""
    text = value if isinstance(value, str) else repr(value)
    cut = text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
    return cut.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The most that is taken. `max_chars` is over all texts: a small Parquet file can unfold to anything."""

    max_rows: int = 1_000_000
    max_chars: int = 1024**3
    cell_max_chars: int = 1_000_000


class RowReader:
    """Turns records into rows, and counts the words for labels that it meets: those of the label column,
    those of annotators, and those of either that are not understood (of which it keeps the first 100)."""

    def __init__(self, words: LabelWords, limits: Limits) -> None:
        self.words = words
        self.limits = limits
        self.label_words: Counter[str] = Counter()
        self.annotator_words: Counter[str] = Counter()
        self.unknown_words: Counter[tuple[str, bool]] = Counter()
        """By the word, and whether it stands in the label column."""

    def read(self, record: Record, columns: Columns) -> Row | list[RowProblem]:
        """The row, or all that is wrong with it: one look tells everything."""
        reading = _Reading(record, columns, self)
        row = reading.row()
        return reading.problems or row


class _Reading:
    """One record on its way."""

    def __init__(self, record: Record, columns: Columns, reader: RowReader) -> None:
        self._record = record
        self._columns = columns
        self._reader = reader
        self._limits = reader.limits
        self.problems: list[RowProblem] = []

    def row(self) -> Row:
        text, output = self._text("input"), self._text("output")
        if not output.strip():
            self._report("output", output, "the output is empty", "a text with at least one character")
        group = self._name("group", self._text("group").strip()) or None
        annotations = tuple(self._annotations())
        return Row(
            line=self._record.line,
            example=Example(id=self._id(text, output, group), input=text, output=output, group=group),
            label=self._explicit_label(),
            critique=self._text("critique").strip() or None,
            annotations=annotations,
            pair_hash=pair_hash(text, output),
            criterion=self._text("criterion").strip() or None,
        )

    def _explicit_label(self) -> Label | None:
        return self._label(self._header("label"), self._cell("label"), explicit=True)

    def _id(self, text: str, output: str, group: str | None) -> str:
        """As given, or named by content: never by position."""
        value = self._cell("id")
        if value is None:
            return content_id(text, output, group)
        name = self._text("id").strip()
        if not name:
            self._report("id", name, "the id is empty", "an id, or no id column at all")
        return self._name("id", name)

    def _annotations(self) -> Iterator[Annotation]:
        cells = self._record.cells
        said = {name: (header, cells.get(header)) for name, header in self._columns.annotators.items()}
        header = self._header("labels")
        nested = self._cell("labels")
        if isinstance(nested, Mapping):
            said |= {str(name): (f"{header}.{name}", value) for name, value in nested.items()}
        elif nested is not None and nested != "":
            self._report("labels", nested, "this is not an object", "{annotator: label}")
        for annotator, (column, value) in said.items():
            words = value.get("critique") if isinstance(value, Mapping) else None
            label = self._label(
                column, value.get("label") if isinstance(value, Mapping) else value, explicit=False
            )
            if label is not None:
                name = self._annotator(column, annotator.strip())
                yield Annotation(annotator=name, label=label, critique=self._words_of(column, words))

    def _words_of(self, column: str, value: object) -> str | None:
        """The critique beside an annotator's label."""
        if value is not None and not (isinstance(value, str) and _storable(value)):
            self._add(column, value, "this is not a critique", "text that can be stored as UTF-8")
            return None
        return value.strip() or None if isinstance(value, str) else None

    def _annotator(self, column: str, name: str) -> str:
        if not name or "/" in name or len(name) > ID_MAX_CHARS or not _storable(name):
            allowed = f"1 to {ID_MAX_CHARS} characters without a slash"
            self._add(column, name, "an annotator cannot have this name", allowed)
        return name

    def _label(self, column: str, value: object, *, explicit: bool) -> Label | None:
        reader = self._reader
        try:
            label = reader.words.read(value)
        except UnknownLabel:
            self._note_unknown(shown(word_of(value)), explicit=explicit)
            self._add(column, value, "this is not a known label", f"{reader.words.allowed}; blank: none")
            return None
        if label is not None:
            seen = reader.label_words if explicit else reader.annotator_words
            seen[word_of(value)] += 1
        return label

    def _note_unknown(self, word: str, *, explicit: bool) -> None:
        """A wrong column may hold a million different texts."""
        unknown = self._reader.unknown_words
        if (word, explicit) in unknown or len(unknown) < MAX_UNKNOWN_WORDS:
            unknown[word, explicit] += 1

    def _name(self, role: str, value: str) -> str:
        if len(value) > ID_MAX_CHARS:
            self._report(role, value, f"it has {len(value)} characters", f"at most {ID_MAX_CHARS}")
        return value

    # --- cells --------------------------------------------------------------------------------

    def _header(self, role: str) -> str:
        return self._columns.roles.get(role, role)

    def _cell(self, role: str) -> object:
        header = self._columns.roles.get(role)
        return None if header is None else self._record.cells.get(header)

    def _text(self, role: str) -> str:
        value = self._cell(role)
        if value is None or value != value:  # noqa: PLR0124  # only NaN differs from itself
            return ""
        if isinstance(value, float) and value.is_integer() and role in ("id", "group"):
            value = int(value)
        if not isinstance(value, str | int | float):
            self._report(role, value, "this is not a text", "text or a number")
            return ""
        text = str(value)
        self._check(role, text)
        return text

    def _check(self, role: str, text: str) -> None:
        if len(text) > self._limits.cell_max_chars:
            allowed = f"at most {self._limits.cell_max_chars:,} characters"
            self._report(role, text, f"the cell has {len(text):,} characters", allowed)
        if "\x00" in text:
            self._report(role, text, "the cell holds a NUL character", "text without NUL characters")
        if not text.isascii() and not _encodable(text):
            message = _undecoded(text)
            self._report(role, text, message, "UTF-8, or UTF-16 with a byte order mark")

    def _report(self, role: str, value: object, message: str, allowed: str) -> None:
        self._add(self._header(role), value, message, allowed)

    def _add(self, column: str, value: object, message: str, allowed: str) -> None:
        self.problems.append(
            RowProblem(
                line=self._record.line,
                column=shown(column),
                value=shown(value),
                message=message,
                allowed=allowed,
            )
        )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _storable(text: str) -> bool:
    return "\x00" not in text and _encodable(text)


def _undecoded(text: str) -> str:
    """What stands where a lone surrogate is: a byte that was not UTF-8, or a broken escape."""
    place, char = next((i, c) for i, c in enumerate(text) if "\ud800" <= c <= "\udfff")
    if "\udc80" <= char <= "\udcff":
        return f"byte 0x{ord(char) - 0xDC00:02X} (character {place + 1} of the cell) is not UTF-8"
    return f"\\u{ord(char):04x} (character {place + 1} of the cell) is half of a surrogate pair"


def content_id(text: str, output: str, group: str | None) -> str:
    """The id of a row that has none: 16 hex digits of a hash of its content."""
    content = [part.encode("utf-8", "surrogatepass").hex() for part in (text, output, group or "")]
    return digest(content)[:16]


def pair_hash(text: str, output: str) -> str:
    """SHA-256 (hex) over an input and its output, told apart by the input's length."""
    start = text.encode("utf-8", "surrogatepass")
    hashed = hashlib.sha256(len(start).to_bytes(8) + start)
    hashed.update(output.encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()
