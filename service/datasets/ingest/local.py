"""A file read without a server: for the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from optimizers.splits import Fractions, assign_parts, row_key
from optimizers.types import Example, LabelledExample, Snapshot, Split
from service.datasets.ingest.columns import ColumnRequest
from service.datasets.ingest.inspection import OnError, Refused, Understood, inspect, usable_rows
from service.datasets.ingest.labels import LabelWords
from service.datasets.ingest.reader import FileUpload, Reading
from service.datasets.ingest.rows import Limits, Row


@dataclass(frozen=True, kw_only=True)
class LoadedFile:
    """What a file holds."""

    rows: tuple[LabelledExample, ...]
    """The rows with a label that counts."""
    unlabelled: tuple[Example, ...]
    """The others, ties among annotators included."""
    criterion: str | None
    """What the criterion column says, where it says one thing throughout."""
    understood: Understood
    refused: Refused

    def snapshot(self, *, name: str, criterion: str, fractions: Fractions | None = None) -> Snapshot:
        """The labelled rows with their parts; the same file gives the same snapshot."""
        parts = assign_parts(map(row_key, self.rows), fractions or Fractions())
        rows = sorted((row for row in self.rows if row.id in parts), key=lambda row: row.id)
        return Snapshot(
            dataset_id=name, name=name, criterion=criterion, rows=tuple(rows), split=Split(parts=parts)
        )


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """How a file is to be read, in the words of the command line."""

    label_mapping: Mapping[str, str] | None = None
    columns: ColumnRequest = field(default_factory=ColumnRequest)
    on_error: OnError = "refuse"
    limits: Limits = field(default_factory=Limits)


def load_file(path: Path, options: LoadOptions | None = None) -> LoadedFile:
    """Read and check a file.

    Raises:
        DatasetRejected, MediaUnsupported, TooLarge: as for an upload.
        OSError: the file cannot be opened.
    """
    options = options or LoadOptions()
    reading = Reading(words=LabelWords(options.label_mapping), columns=options.columns, limits=options.limits)
    with path.open("rb") as file:
        upload = FileUpload(file, path.name)
        found = inspect(upload, reading, options.on_error)
        rows = list(usable_rows(upload, reading, found.refused))
    values = [(row, labelled(row)) for row in rows]
    return LoadedFile(
        rows=tuple(value for _, value in values if value is not None),
        unlabelled=tuple(row.example for row, value in values if value is None),
        criterion=found.criterion,
        understood=found.understood,
        refused=found.refused,
    )


def labelled(row: Row) -> LabelledExample | None:
    """The row with the label that counts; `None` where none does."""
    decision = row.decision
    if decision.label is None:
        return None
    return LabelledExample(
        example=row.example, label=decision.label, critique=decision.critique, annotations=row.annotations
    )
