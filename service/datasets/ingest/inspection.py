"""The first look at an upload: everything is checked, and only hashes are kept."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from optimizers.errors import DatasetRejected, RowProblem
from service.datasets.ingest.checks import CrossChecks
from service.datasets.ingest.reader import Reading, RowStream, Upload
from service.datasets.ingest.rows import Row
from service.datasets.ingest.source import whole_file

MAX_PROBLEMS = 100
"""That are listed, those of the first lines; all are counted."""

OnError = Literal["refuse", "skip"]


@dataclass(frozen=True, kw_only=True)
class Understood:
    """How an upload was read: for its owner to confirm."""

    format: str
    encoding: str | None
    delimiter: str | None
    columns: dict[str, str]
    """Role to header."""
    annotators: dict[str, str]
    """Annotator to header."""
    ignored: tuple[str, ...]
    """Headers that are not read."""
    labels: dict[str, dict[str, str | int]]
    """Each word of the label column: what it `means`, and in how many `rows` it stands."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The rows that are not usable: the first 100 problems, and how many there are."""

    problems: tuple[RowProblem, ...] = ()
    total: int = 0
    lines: frozenset[int] = frozenset()
    """Of all refused rows."""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What the first look found."""

    n_rows: int
    """Usable rows."""
    refused: Refused
    understood: Understood
    criterion: str | None
    """What the criterion column says, where it says one thing throughout."""


class ProblemList:
    """Collects problems: the first 100 by line, the number of all, the lines of all."""

    def __init__(self, start: Refused | None = None) -> None:
        start = start or Refused()
        self._kept = list(start.problems)
        self.total = start.total
        self._lines = set(start.lines)

    def add(self, problem: RowProblem) -> None:
        """Note one more."""
        self.total += 1
        self._lines.add(problem.line)
        self._kept.append(problem)
        if len(self._kept) > 2 * MAX_PROBLEMS:
            self._kept = self._first()

    def _first(self) -> list[RowProblem]:
        return sorted(self._kept, key=lambda problem: problem.line)[:MAX_PROBLEMS]

    def result(self) -> Refused:
        """All that was noted."""
        return Refused(problems=tuple(self._first()), total=self.total, lines=frozenset(self._lines))


def inspect(upload: Upload, reading: Reading, on_error: OnError = "refuse") -> Inspection:
    """Check a whole upload.

    Raises:
        DatasetRejected: rows are not usable and `on_error` is `refuse`, or none is usable.
        MediaUnsupported, TooLarge: the upload as a whole is not.
    """
    stream, first_look = RowStream(upload, reading), FirstLook()
    for found in stream:
        first_look.take(found)
    refused = first_look.problems.result()
    if refused.total and (on_error == "refuse" or not first_look.n_usable):
        raise DatasetRejected(refused.problems, refused.total)
    if not first_look.n_usable and upload.format != "json":
        raise DatasetRejected([whole_file("there are no rows below the header", "at least one row")])
    return Inspection(
        n_rows=first_look.n_usable,
        refused=refused,
        understood=understood_of(upload, stream),
        criterion=first_look.criterion,
    )


class FirstLook:
    """What is kept of the rows while they pass: what is wrong with them, and how many are not."""

    def __init__(self) -> None:
        self.problems = ProblemList()
        self._checks = CrossChecks()
        self._n_readable = 0
        self._doubtful: set[int] = set()
        self._criteria: set[str | None] = set()

    def take(self, found: Row | RowProblem) -> None:
        """Note one row, or one problem."""
        if isinstance(found, RowProblem):
            self.problems.add(found)
            return
        self._n_readable += 1
        if len(self._criteria) < 2:
            self._criteria.add(found.criterion)
        for problem in self._checks.check(found):
            self._doubtful.add(problem.line)
            self.problems.add(problem)

    @property
    def n_usable(self) -> int:
        """Rows with which nothing is wrong."""
        return self._n_readable - len(self._doubtful)

    @property
    def criterion(self) -> str | None:
        """What the criterion column says, where it says one thing throughout."""
        return next(iter(self._criteria)) if len(self._criteria) == 1 else None


def understood_of(upload: Upload, stream: RowStream) -> Understood:
    """One account of all shapes that were met; a table has one."""
    roles: dict[str, str] = {}
    annotators: dict[str, str] = {}
    for shape in stream.shapes.values():
        roles = {**shape.roles, **roles}
        annotators = {**shape.annotators, **annotators}
    read = {*roles.values(), *annotators.values()}
    ignored = dict.fromkeys(h for shape in stream.shapes.values() for h in shape.ignored if h not in read)
    words = stream.reader.label_words
    return Understood(
        format=upload.format,
        encoding=upload.encoding,
        delimiter=stream.delimiter,
        columns=roles,
        annotators=annotators,
        ignored=tuple(ignored)[:MAX_PROBLEMS],
        labels={
            word: {"means": str(stream.reader.words.read(word)), "rows": words[word]}
            for word in sorted(words)
        },
    )


def usable_rows(upload: Upload, reading: Reading, refused: Refused) -> Generator[Row]:
    """The second reading: the rows that were not refused in the first."""
    for found in RowStream(upload, reading):
        if isinstance(found, Row) and found.line not in refused.lines:
            yield found
