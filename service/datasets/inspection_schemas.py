"""What a look at an upload sends and gets: nothing is stored, nothing is refused."""

from typing import Any

from pydantic import BaseModel, Json

from optimizers.types import Label
from service.datasets.ingest import OnError
from service.datasets.schemas import (
    ClassCounts,
    Criterion,
    Name,
    RefusedOut,
    Sent,
    SplitShares,
    WithExamples,
)

# --- sent: the bodies of a new dataset, with nothing required but the rows --------------------------


class InspectDataset(WithExamples):
    """Rows to be looked at, as a JSON body. What a new dataset needs besides may be there already."""

    name: Name | None = None
    criterion: Criterion | None = None
    label_mapping: dict[str, str] | None = None
    split: SplitShares | None = None
    columns: dict[str, Any] | None = None
    on_error: OnError | None = None


class InspectDatasetForm(Sent):
    """The fields beside a file to be looked at."""

    name: Name | None = None
    criterion: Criterion | None = None
    label_mapping: Json[dict[str, str]] | None = None
    split: Json[SplitShares] | None = None
    columns: Json[dict[str, Any]] | None = None
    on_error: OnError | None = None


# --- got --------------------------------------------------------------------------------------------


class ColumnOut(BaseModel):
    """A column or key of the upload, and the part that it plays. `annotator` names whose labels it holds;
    one with neither is not read."""

    name: str
    role: str | None = None
    annotator: str | None = None


class ColumnLack(BaseModel):
    """A role that no column plays, though it is needed or was asked for; `allowed` says what would do."""

    role: str
    allowed: str


class ColumnDoubt(BaseModel):
    """A role that several columns could play: name one of `candidates` in `columns`."""

    role: str
    candidates: list[str]


class LabelValue(BaseModel):
    """One way of writing a label. `means` is null for a word that is not understood."""

    value: str
    means: Label | None
    rows: int
    """In how many cells of the label column it stands."""
    annotations: int
    """In how many cells of annotators' columns."""


class LabelsUnderstood(BaseModel):
    """How labels were read, and how the classes come out."""

    values: list[LabelValue]
    classes: ClassCounts
    """Usable rows by the label that counts."""
    unlabelled: int
    tied: int
    """Usable rows on which annotators are split evenly."""
    switchable: bool
    """All labels are numbers or true/false, which tools use either way: offer to turn them."""
    allowed: str
    """The words that are understood."""


class AnnotatorUnderstood(BaseModel):
    """A person whose labels the upload holds. `column` is null where they stand in an object."""

    name: str
    column: str | None
    labels: ClassCounts


class FirstRow(BaseModel):
    """A row as it would be stored; long texts are cut, which `cut` says."""

    line: int
    id: str
    input: str
    output: str
    label: Label | None
    critique: str | None
    group: str | None
    labels: dict[str, Label]
    """By annotator."""
    cut: bool


class RawRow(BaseModel):
    """A row as it stands in the upload, by column; long cells are cut. It shows what a column holds even
    where its role is not known."""

    line: int
    cells: dict[str, str | None]


class DatasetInspected(BaseModel):
    """How an upload would be understood."""

    format: str
    encoding: str | None
    delimiter: str | None
    rows: int
    """All rows of the upload."""
    usable: int
    acceptable: bool
    """Whether `POST /datasets` would take it as it is, without `on_error=skip`."""
    columns: list[ColumnOut]
    missing: list[ColumnLack]
    unclear: list[ColumnDoubt]
    first_rows: list[FirstRow]
    raw_rows: list[RawRow]
    labels: LabelsUnderstood
    annotators: list[AnnotatorUnderstood]
    criterion: str | None
    """What the criterion column says, where it says one thing throughout."""
    refused: RefusedOut
    warnings: list[str]
