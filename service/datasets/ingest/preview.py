"""A look at an upload that refuses nothing: what would be stored, what would not, and why."""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import islice

from optimizers.errors import DatasetRejected, RowProblem
from optimizers.types import Label
from service.datasets.adjudication import LabelSource
from service.datasets.ingest.columns import Columns
from service.datasets.ingest.inspection import FirstLook, Refused, understood_of
from service.datasets.ingest.reader import Reading, RowStream, Upload
from service.datasets.ingest.rows import Record, Row
from service.datasets.ingest.source import whole_file

FIRST_ROWS = 10
MAX_HEADERS = 200
"""Keys that are told: each line of a JSONL file may have its own."""


@dataclass(kw_only=True)
class Tally:
    """What is counted over the usable rows."""

    labels: Counter[Label] = field(default_factory=Counter)
    """By the label that counts."""
    critiques: Counter[Label] = field(default_factory=Counter)
    """Rows with a critique, by the label that counts."""
    tied: int = 0
    unlabelled: int = 0
    repeated: int = 0
    """Rows whose input and output stood on an earlier row."""
    groups: Counter[int] = field(default_factory=Counter)
    """Sizes, by a hash of the group's key."""
    annotators: dict[str, Counter[Label]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WordSeen:
    """A way of writing a label: what it means, if it is understood, and where it stands how often."""

    means: Label | None
    rows: int
    annotations: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How an upload would be understood."""

    format: str
    encoding: str | None
    delimiter: str | None
    headers: tuple[str, ...]
    columns: Columns
    n_rows: int
    n_usable: int
    refused: Refused
    criterion: str | None
    first: tuple[Row, ...]
    raw: tuple[Record, ...]
    words: Mapping[str, WordSeen]
    allowed_words: str
    tally: Tally


def preview(upload: Upload, reading: Reading) -> Preview:
    """Look at a whole upload.

    Raises:
        DatasetRejected: nothing of it can be read.
        MediaUnsupported, TooLarge: it is not to be read.
    """
    stream, look = RowStream(upload, reading), _Look()
    try:
        for found in stream:
            look.take(found)
    except DatasetRejected as error:  # what was read before is told
        if not stream.shapes:
            raise
        look.stop(error.problems)
    found_wrong = look.first_look.problems.result()
    if found_wrong.total and not stream.shapes:
        raise DatasetRejected(found_wrong.problems, found_wrong.total)
    raw = _raw_records(upload, reading, look)
    if not look.n_rows and upload.format != "json":
        look.stop([whole_file("there are no rows below the header", "at least one row")])
    return _preview(upload, stream, look, raw)


def _raw_records(upload: Upload, reading: Reading, look: "_Look") -> tuple[Record, ...]:
    """The first records as they stand. Where roles are missing, no row was read: then all are counted."""
    first: list[Record] = []
    n_records = 0
    with suppress(DatasetRejected, UnicodeDecodeError), closing(_records(upload, reading)) as records:
        for found in records:
            n_records += 1
            if isinstance(found, Record) and len(first) < FIRST_ROWS:
                first.append(found)
            if look.n_rows and n_records >= FIRST_ROWS:
                break
    look.n_records = n_records
    return tuple(first)


def _records(upload: Upload, reading: Reading) -> Generator[Record | RowProblem]:
    with upload.records(reading.columns, whole=True) as records:
        yield from records.stream


class _Look:
    """One pass over the rows. Of a row that shows to be unusable only later it has counted the labels:
    that is right for all but the first of two that contradict each other."""

    def __init__(self) -> None:
        self.first_look = FirstLook()
        self.first: list[Row] = []
        self.tally = Tally()
        self.n_records = 0
        """Of an upload whose rows were not read, since its roles are not known."""
        self._n_readable = 0
        self._unreadable: set[int] = set()
        self._pairs: set[bytes] = set()

    def take(self, found: Row | RowProblem) -> None:
        n_usable = self.first_look.n_usable
        self.first_look.take(found)
        if isinstance(found, RowProblem):
            self._unreadable.add(found.line)
            return
        self._n_readable += 1
        if len(self.first) < FIRST_ROWS:
            self.first.append(found)
        if self.first_look.n_usable > n_usable:
            self._count(found)

    def stop(self, problems: Iterable[RowProblem]) -> None:
        """Note what is wrong with the upload as a whole."""
        for problem in problems:
            self.first_look.take(problem)

    @property
    def n_rows(self) -> int:
        return self._n_readable + len(self._unreadable) or self.n_records

    def _count(self, row: Row) -> None:
        tally, decision = self.tally, row.decision
        if decision.label is not None:
            tally.labels[decision.label] += 1
            tally.critiques[decision.label] += decision.critique is not None
        elif decision.source is LabelSource.TIE:
            tally.tied += 1
        else:
            tally.unlabelled += 1
        for note in row.annotations:
            tally.annotators.setdefault(note.annotator, Counter())[note.label] += 1
        tally.groups[hash(row.example.group_key)] += 1
        pair = bytes.fromhex(row.pair_hash)[:16]
        tally.repeated += pair in self._pairs
        self._pairs.add(pair)


def _preview(upload: Upload, stream: RowStream, look: _Look, raw: tuple[Record, ...]) -> Preview:
    understood = understood_of(upload, stream)
    shapes = stream.shapes.values()
    return Preview(
        format=understood.format,
        encoding=understood.encoding,
        delimiter=understood.delimiter,
        headers=tuple(islice(dict.fromkeys(name for keys in stream.shapes for name in keys), MAX_HEADERS)),
        columns=Columns(
            roles=understood.columns,
            annotators=understood.annotators,
            ignored=understood.ignored,
            missing=_lacks(shapes),
            unclear={role: names for shape in shapes for role, names in shape.unclear.items()},
        ),
        n_rows=look.n_rows,
        n_usable=look.first_look.n_usable,
        refused=look.first_look.problems.result(),
        criterion=look.first_look.criterion,
        first=tuple(look.first),
        raw=raw,
        words=_words(stream),
        allowed_words=stream.reader.words.allowed,
        tally=look.tally,
    )


def _lacks(shapes: Iterable[Columns]) -> dict[str, str]:
    """Roles that no shape of a row has; lines that lack what others have are told one by one."""
    lacks = [shape.missing for shape in shapes]
    return {role: lacks[0][role] for role in lacks[0] if all(role in lack for lack in lacks)} if lacks else {}


def _words(stream: RowStream) -> dict[str, WordSeen]:
    reader = stream.reader
    known = sorted({*reader.label_words, *reader.annotator_words})
    unknown = sorted({word for word, _ in reader.unknown_words})
    words = {
        word: WordSeen(
            means=reader.words.read(word),
            rows=reader.label_words[word],
            annotations=reader.annotator_words[word],
        )
        for word in known
    }
    return words | {
        word: WordSeen(
            means=None,
            rows=reader.unknown_words[word, True],
            annotations=reader.unknown_words[word, False],
        )
        for word in unknown
    }
