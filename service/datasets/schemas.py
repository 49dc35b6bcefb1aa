"""What requests on datasets send, and what they get."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Json, StringConstraints, WithJsonSchema

from optimizers.errors import RowProblem
from optimizers.splits import Fractions
from optimizers.types import Label
from service.datasets.adjudication import LabelSource
from service.datasets.bodies import inlined
from service.datasets.ingest import OnError, Refused, Understood
from service.datasets.labelling_schemas import (
    MarkOut,
    OwnLabel,
    PickedBy,
    VerdictOnRow,
    with_line_feeds,
    without_nul,
)
from service.datasets.tables import ID_MAX_CHARS

Storable = AfterValidator(without_nul)
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=ID_MAX_CHARS), Storable
]
Criterion = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000),
    Storable,
    AfterValidator(with_line_feeds),
]
Critique = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000), Storable]


class Sent(BaseModel):
    """A request's body: an unknown field is a mistake that is told."""

    model_config = ConfigDict(extra="forbid")


# --- sent -------------------------------------------------------------------------------------------


class SplitShares(Sent):
    """Shares of the labelled rows, together 1. `test` 0 means that nothing will be measured."""

    train: float = 0.4
    dev: float = 0.3
    test: float = 0.3

    def fractions(self) -> Fractions:
        """As the core takes them.

        Raises:
            InvalidInput: a share is out of range, or they do not add up to 1.
        """
        return Fractions(train=self.train, dev=self.dev, test=self.test)


class SentLabel(BaseModel):
    """One annotator's label with their words."""

    label: str | int | float | bool | None
    critique: str | None = None


class SentExample(BaseModel):
    """A row. Labels are read by the dataset's words; without an id a row is named by its content."""

    id: str | int | None = None
    input: str
    output: str
    label: str | int | float | bool | None = None
    critique: str | None = None
    group: str | int | None = None
    labels: dict[str, str | int | float | bool | SentLabel | None] | None = None
    """What each annotator said: a label, or an object with `label` and `critique`."""


ExampleObject = Annotated[dict[str, Any], WithJsonSchema(inlined(SentExample))]
"""Any: what is wrong with a row is told with its number, like a row of a file."""


class WithExamples(Sent):
    """A JSON body with rows."""

    examples: list[ExampleObject]


class NewDataset(WithExamples):
    """A dataset as a JSON body."""

    name: Name
    criterion: Criterion | None = None
    """What pass means. Needed, unless every row says the same in a field `criterion`."""
    label_mapping: dict[str, str] | None = None
    split: SplitShares = SplitShares()
    columns: dict[str, Any] | None = None
    on_error: OnError = "refuse"


class NewDatasetForm(Sent):
    """The fields beside the file in a multipart body. Objects are sent as JSON text."""

    name: Name | None = None
    """The file's name when absent."""
    criterion: Criterion | None = None
    label_mapping: Json[dict[str, str]] | None = None
    split: Json[SplitShares] | SplitShares = SplitShares()
    columns: Json[dict[str, Any]] | None = None
    on_error: OnError = "refuse"


class MoreExamples(WithExamples):
    """Rows to append, as a JSON body."""

    columns: dict[str, Any] | None = None
    on_error: OnError = "refuse"


class MoreExamplesForm(Sent):
    """The fields beside a file of rows to append."""

    columns: Json[dict[str, Any]] | None = None
    on_error: OnError = "refuse"


class DatasetChange(Sent):
    """What can be changed of a dataset; what is absent stays."""

    name: Name | None = None
    criterion: Criterion | None = None
    split: SplitShares | None = None
    """Only before the first snapshot: afterwards parts are settled."""


class NewLabel(Sent):
    """One person's label on one example."""

    label: Label
    critique: Critique | None = None
    picked_by: PickedBy = "given"
    """How the row came up. Rows picked because judges disagreed stay out of test."""
    adjudicates: bool | None = None
    """Whether this label settles the row. When absent: it does on a row that is tied or has a
    reference label (a correction), and is one vote more on any other."""


# --- got --------------------------------------------------------------------------------------------


class ClassCounts(BaseModel):
    """Rows by the label that counts."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    passed: int = Field(0, alias="pass")
    failed: int = Field(0, alias="fail")


class PartCounts(BaseModel):
    """Rows whose part is settled."""

    train: int = 0
    dev: int = 0
    test: int = 0


class MarkCounts(BaseModel):
    """Rows that somebody has marked."""

    flag: int = 0
    skip: int = 0


class AnnotatorCount(BaseModel):
    """How many rows a person has labelled."""

    name: str
    labels: int


class PairKappa(BaseModel):
    """Cohen's kappa of two people on the `n` rows that both labelled; null where it is undefined."""

    annotators: tuple[str, str]
    n: int
    kappa: float | None


class HumanAgreementOut(BaseModel):
    """How far people agree with each other. `ceiling` is the pair that shares most rows (20 at least)."""

    ceiling: PairKappa | None
    pairs: list[PairKappa]


class Milestone(BaseModel):
    """The next number of labels that unlocks something, and what is missing."""

    labels: int
    unlocks: str
    missing: dict[str, int]


class DatasetSummary(BaseModel):
    """A dataset with its counts."""

    id: str
    name: str
    criterion: str
    label_mapping: dict[str, str] | None
    split: SplitShares
    created_at: datetime
    examples: int
    labelled: int
    unlabelled: int
    """Rows on which nobody has said anything."""
    tied: int
    """Rows on which annotators are split evenly: they wait for somebody to settle them."""
    classes: ClassCounts
    groups: int
    """Rows of one group stay in one part."""
    annotators: list[AnnotatorCount]
    parts: PartCounts
    next_milestone: Milestone | None


class MilestoneOnTheWay(Milestone):
    """One of all numbers of labels that unlock something; nothing is missing where it is `reached`."""

    reached: bool


class DatasetDetail(DatasetSummary):
    """A dataset with its counts, how people agree, and how its last upload was understood."""

    milestones: list[MilestoneOnTheWay]
    marked: MarkCounts
    agreement: HumanAgreementOut | None
    warnings: list[str]
    understood: dict[str, Any]


class ProblemOut(BaseModel):
    """What is wrong with one row."""

    line: int
    column: str
    value: str
    message: str
    allowed: str

    @classmethod
    def of(cls, problem: RowProblem) -> Self:
        """From the core's value."""
        return cls(
            line=problem.line,
            column=problem.column,
            value=problem.value,
            message=problem.message,
            allowed=problem.allowed,
        )


class RefusedOut(BaseModel):
    """What was left out by `on_error=skip`: the first 100 problems, and how many there are."""

    rows: int = 0
    total: int = 0
    problems: list[ProblemOut] = []

    @classmethod
    def of(cls, refused: Refused) -> Self:
        """From what the reading found."""
        problems = [ProblemOut.of(problem) for problem in refused.problems]
        return cls(rows=len(refused.lines), total=refused.total, problems=problems)


class DatasetCreated(DatasetDetail):
    """The new state after an upload, and the rows that it left out."""

    added: int
    refused: RefusedOut


class AnnotatorLabel(BaseModel):
    """What one person says now."""

    label: Label
    critique: str | None = None


class ExampleTexts(BaseModel):
    """A row's texts. `own` and `mark` are those of the annotator who asks, where one is named."""

    id: str
    input: str
    output: str
    group: str | None
    own: OwnLabel | None = None
    mark: MarkOut | None = None


class HiddenExample(ExampleTexts):
    """A row to be labelled without knowing what others or judges say: nothing of that is here."""

    hidden: Literal[True] = True


class ExampleOut(ExampleTexts):
    """A row with the label that counts and what each annotator says."""

    hidden: Literal[False] = False
    label: Label | None
    label_source: LabelSource | None
    critique: str | None
    picked_by: str
    part: str | None
    labels: dict[str, AnnotatorLabel]
    marks: dict[str, MarkOut]
    """By annotator."""
    verdicts: list[VerdictOnRow] | None = None
    """Of the dataset's latest evaluations, newest first; only where rows are asked for by their ids."""


class LabelEvent(BaseModel):
    """Something that somebody said at some time; `annotator` is null for the file itself, `label` is
    null for a label that was taken back."""

    annotator: str | None
    label: Label | None
    critique: str | None
    picked_by: str
    adjudicates: bool
    at: datetime


class ExampleDetail(ExampleOut):
    """A row with its labels' history, oldest first."""

    history: list[LabelEvent]


def understood_json(understood: Understood) -> dict[str, Any]:
    """As it is stored and shown."""
    return {
        "format": understood.format,
        "encoding": understood.encoding,
        "delimiter": understood.delimiter,
        "columns": understood.columns,
        "annotators": understood.annotators,
        "ignored": list(understood.ignored),
        "labels": understood.labels,
    }


class DatasetRemoved(BaseModel):
    """What was removed with a dataset. `to_follow` names the stores that a worker clears of it next:
    `ledger`, `mlflow`."""

    id: str
    examples: int
    snapshots: int
    runs: int
    evaluations: int
    to_follow: list[str]
