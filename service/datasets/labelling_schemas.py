"""What labelling row after row sends and gets: one's own words, marks, the list of rows to work through."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from optimizers.types import Label

PickedBy = Literal[
    "given", "order", "random", "traffic", "disagreement", "evalgen", "learning", "doubt", "suspect"
]
"""How a row came up: as it was given, in order, by chance (also from a judge's traffic), by a
sampler; or again, since its label was in doubt after a criterion changed, or suspect."""
SECOND_LOOKS = frozenset({"doubt", "suspect"})
"""Of a label that is given again, knowing that it was in question: the same word is news then."""
MarkKind = Literal["flag", "skip"]
Order = Literal["given", "random", "disagreement", "evalgen", "uncertain"]

NOTE_MAX_CHARS = 2_000


def without_nul(text: str) -> str:
    """A text that both databases can store."""
    if "\x00" in text:
        raise ValueError("text must not hold NUL characters")
    return text


def with_line_feeds(text: str) -> str:
    """The same words whether they came as JSON or in a form, whose lines browsers end with CR LF."""
    return text.replace("\r\n", "\n")


Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=NOTE_MAX_CHARS), AfterValidator(without_nul)
]


class NewMark(BaseModel):
    """`flag`: somebody should look at this row. `skip`: later, or never; it goes to the end of one's list."""

    model_config = ConfigDict(extra="forbid")

    kind: MarkKind
    note: Note | None = None


class MarkOut(BaseModel):
    """A mark as it stands: each annotator has one on a row at most."""

    kind: MarkKind
    note: str | None
    at: datetime


class OwnLabel(BaseModel):
    """What the asking annotator says now."""

    label: Label
    critique: str | None
    picked_by: str
    at: datetime


class VerdictOnRow(BaseModel):
    """What the judge of an evaluation said about the row; without a `verdict` there is a `failure`."""

    evaluation_id: str
    model: str
    verdict: Label | None
    fail_probability: float | None
    rationale: str | None
    failure: str | None


@dataclass(kw_only=True, slots=True)
class WorklistRow:
    """A row to label, without its texts. `label` and `mark` are one's own; `settled`: a label counts on the
    row, whoever gave it; `picked_by` is to be sent with the label: how this row came up."""

    # No model: there are thousands in an answer, and all of them are our own.

    id: str
    label: Literal["pass", "fail"] | None
    mark: MarkKind | None
    settled: bool
    picked_by: PickedBy


class WorklistCounts(BaseModel):
    """Of the rows: all, and those that one has dealt with."""

    total: int
    labelled_by_you: int
    flagged: int
    skipped: int
    settled: int


class Worklist(BaseModel):
    """All rows of a dataset in the order in which an annotator works through them; skipped ones last."""

    order: Order
    """The order that it has; `given` where `asked` cannot be had."""
    asked: Order
    reason: str | None = Field(description="Why the order is not the one that was asked for.")
    seed: int | None
    """Of a random order, or of one that begins by chance."""
    disagreed_on: int
    """Rows on which stored verdicts differ; 0 unless the order is `disagreement`."""
    rows: list[WorklistRow]
    counts: WorklistCounts
