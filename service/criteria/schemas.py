"""What requests on criteria and assertions send, and what they get."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from optimizers.criteria.rules import ALPHA, TAU, SelectionRule
from optimizers.types import Label
from service.catalog.schemas import Limits
from service.datasets.schemas import Critique, Name, Sent, Storable
from service.figures import ConfusionOut, IntervalOut
from service.jobs.schemas import JobState, Priority, Spend

CriterionText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), Storable
]
AssertionText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000), Storable]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=100_000), Storable]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ApiBase = Annotated[str, StringConstraints(max_length=500)]

CriterionSource = Literal["written", "prompt", "labels", "history"]
"""Where a criterion that is sent comes from: a person's words, or a suggestion from a task's prompt, from
labels and critiques, or from the versions of a prompt."""
AnyCriterionSource = Literal["written", "prompt", "labels", "history", "split", "merge"]
CriterionEvent = Literal["created", "changed", "retired", "restored", "split", "merged"]
AssertionKind = Literal["prompt", "check"]
AssertionSource = Literal["written", "suggested", "carried"]
"""`carried`: the criterion's text changed, and the same instruction asks about the new one."""
Rows = Literal["labelled", "all"]
CardRows = Literal["report", "all"]

MAX_TRIED_ROWS = 100


class _WithModel(Sent):
    """A request that asks a model; without one, the service's own."""

    model: ModelName | None = None
    api_base: ApiBase | None = None


# --- criteria ---------------------------------------------------------------------------------------


class NewCriterion(Sent):
    """One thing that a good output does. Without a `name` its first words are one."""

    text: CriterionText
    name: Name | None = None
    source: CriterionSource = "written"
    author: Name | None = None
    note: Critique | None = None
    """Why it is there."""


class CriterionChange(Sent):
    """What becomes of a criterion; what is absent stays. Each change is a version, and kept."""

    text: CriterionText | None = None
    name: Name | None = None
    author: Name | None = None
    note: Critique | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.text is None and self.name is None:
            raise ValueError("text or name must be given")
        return self


class Said(Sent):
    """Who does this, and why."""

    author: Name | None = None
    note: Critique | None = None


class SplitPart(Sent):
    """One of the criteria that another is split into."""

    text: CriterionText
    name: Name | None = None


class Split(Said):
    """What a criterion is split into; it is retired."""

    into: list[SplitPart] = Field(min_length=2, max_length=20)


class Merge(Said):
    """The criteria that become one; they are retired."""

    criteria: list[str] = Field(min_length=2, max_length=20)
    text: CriterionText
    name: Name | None = None


class CriterionOut(BaseModel):
    """A criterion as it stands. `created_at` is of its first version, `changed_at` of its present text.

    `parents` are the criteria that were split or merged into it. `n_assertions` counts its live ones,
    `n_own_labels` people's labels on this criterion alone.
    """

    id: str
    dataset_id: str
    name: str
    text: str
    version: int
    source: AnyCriterionSource
    author: str | None
    created_at: datetime
    changed_at: datetime
    retired_at: datetime | None
    parents: list[str]
    n_assertions: int
    n_own_labels: int


class CriterionEntry(BaseModel):
    """Something that was done to a criterion; `version`, `name` and `text` are those after it."""

    event: CriterionEvent
    version: int
    name: str
    text: str
    source: AnyCriterionSource
    author: str | None
    note: str | None
    at: datetime


class CriterionDetail(CriterionOut):
    """A criterion with all that was done to it, oldest first."""

    history: list[CriterionEntry]


class CriterionSplit(BaseModel):
    """The criterion that was split, now retired, and what it became."""

    retired: CriterionOut
    into: list[CriterionOut]


class CriteriaMerged(BaseModel):
    """The criteria that were merged, now retired, and what they became."""

    retired: list[CriterionOut]
    merged: CriterionOut


class NewCriterionLabel(Sent):
    """One person's label on one example by one criterion alone."""

    label: Label
    critique: Critique | None = None


class CriterionLabelOut(BaseModel):
    """What a person says now. `criterion_version` is the criterion's when they said it."""

    example_id: str
    annotator: str
    label: Label
    critique: str | None
    criterion_version: int
    at: datetime


# --- suggestions ------------------------------------------------------------------------------------


class SuggestCriteria(_WithModel):
    """Where suggestions shall come from: `prompt` needs the task's prompt as `prompt`, `history` its
    versions, oldest first, as `prompts`; `labels` reads the dataset's labels and critiques."""

    source: Literal["prompt", "labels", "history"]
    prompt: Prompt | None = None
    prompts: list[Prompt] | None = Field(default=None, min_length=2, max_length=50)
    n: int = Field(default=5, ge=1, le=20)
    sample: int = Field(default=0, ge=0, le=1_000, description="Another number gives other suggestions.")

    @model_validator(mode="after")
    def _has_what_its_source_needs(self) -> Self:
        if self.source == "prompt" and self.prompt is None:
            raise ValueError("source 'prompt' needs prompt: the task's prompt")
        if self.source == "history" and self.prompts is None:
            raise ValueError("source 'history' needs prompts: at least two versions, oldest first")
        return self


class SuggestedCriterionOut(BaseModel):
    """A criterion that is not stored yet: `POST .../criteria` with its `name` and `text` does that.

    `category` is SPADE's, where it comes from a prompt's history; `example_ids` are rows that show it.
    """

    name: str
    text: str
    why: str
    category: str | None
    example_ids: list[str]


class CriteriaSuggested(BaseModel):
    """Suggestions, none of which the dataset has already, and what they took."""

    suggestions: list[SuggestedCriterionOut]
    model: str
    usage: Spend


class SuggestAssertions(_WithModel):
    """How many assertions of which kinds a model shall write for a criterion."""

    n: int = Field(default=3, ge=1, le=10)
    kinds: list[AssertionKind] = Field(default=["prompt", "check"], min_length=1, max_length=2)
    sample: int = Field(default=0, ge=0, le=1_000, description="Another number gives other assertions.")


# --- assertions and checks --------------------------------------------------------------------------


class NewAssertion(Sent):
    """A way to tell whether an output meets a criterion: `prompt` asks a model, with `text` as a further
    instruction beside the criterion (it may be empty); `check` is an expression that is true if it does."""

    criterion_id: str = Field(max_length=32)
    kind: AssertionKind
    text: AssertionText = ""
    reasoning: bool = True
    """Whether the model writes its reasons first; of a `check` it says nothing."""
    author: Name | None = None

    @model_validator(mode="after")
    def _a_check_says_something(self) -> Self:
        if self.kind == "check" and not self.text:
            raise ValueError("text of a check must be an expression, as in words(output) <= 120")
        return self


class AssertionChange(Sent):
    """What an assertion shall say instead: a new one takes its place, and the old one is kept, retired."""

    text: AssertionText | None = None
    reasoning: bool | None = None
    author: Name | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.text is None and self.reasoning is None:
            raise ValueError("text or reasoning must be given")
        return self


class AssertionOut(BaseModel):
    """An assertion. Its text never changes: a change is a new assertion that `replaces` it.

    `is_behind`: it was written for an earlier text of its criterion. `n_judged` counts the rows on which it
    has a verdict or a failure.
    """

    id: str
    dataset_id: str
    criterion_id: str
    criterion_version: int
    is_behind: bool
    kind: AssertionKind
    text: str
    reasoning: bool
    author: str | None
    source: AssertionSource
    replaces: str | None
    created_at: datetime
    retired_at: datetime | None
    n_judged: int


class RefusedAssertion(BaseModel):
    """What a model wrote that cannot be used, and why."""

    text: str
    reason: str


class AssertionsSuggested(BaseModel):
    """What was written and stored, what was refused, and what it took."""

    assertions: list[AssertionOut]
    refused: list[RefusedAssertion]
    model: str
    usage: Spend


class AssertionVerdict(BaseModel):
    """What an assertion says of a row, beside people's label; without a `verdict` there is a `failure`."""

    example_id: str
    label: Label | None
    verdict: Label | None
    fail_probability: float | None
    rationale: str | None
    failure: str | None
    message: str | None
    model: str | None
    at: datetime


class FunctionOut(BaseModel):
    """A function of the language of checks: how it is called, what it gives, an example of a check."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    call: str
    gives: str
    example: str


class TriedRow(Sent):
    """A row to try a check on."""

    input: str = Field(max_length=1_000_000)
    output: str = Field(max_length=1_000_000)


class TryCheck(Sent):
    """An expression, and rows to see what it says of them."""

    expression: AssertionText
    rows: list[TriedRow] = Field(default=[], max_length=MAX_TRIED_ROWS)


class TriedCell(BaseModel):
    """What the check says of a row; without a `verdict`, why there is none."""

    verdict: Label | None
    error: str | None


class CheckTried(BaseModel):
    """One cell for each row, in their order. An expression that cannot be a check is refused instead."""

    cells: list[TriedCell]


# --- assertion runs ---------------------------------------------------------------------------------


class NewAssertionRun(_WithModel):
    """Which assertions shall be asked about which rows; without `assertions`, all live ones of the dataset.
    Rows that they have been asked about already, by the same model, are not asked again."""

    dataset_id: str = Field(max_length=32)
    assertions: list[str] | None = Field(default=None, min_length=1, max_length=500)
    rows: Rows = "labelled"
    spend_cap: Limits | None = None
    priority: Priority = 0


class AssertionRunOut(JobState):
    """An assertion run. `judged` counts the cells (an assertion on a row) that are there of those it is for,
    those of earlier runs included. `model` is null where all of its assertions are checks."""

    id: str
    dataset_id: str
    model: str | None
    assertions: list[str]
    rows: Rows
    judged: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


# --- how it fits labels -----------------------------------------------------------------------------


class RowsBehindOut(BaseModel):
    """The ids of the rows behind the numbers. `unanswered` have no verdict; `pending` have a label and have
    not been judged yet: they are in no number."""

    model_config = ConfigDict(from_attributes=True)

    caught: list[str]
    missed: list[str]
    wrongly_failed: list[str]
    rightly_passed: list[str]
    unanswered: list[str]
    pending: list[str]


class CardOut(BaseModel):
    """How verdicts fit people's labels on `n` rows, `bad` of them failed by people.

    `coverage` is the share of bad rows that are caught, `false_failure_rate` that of good rows that are
    failed, `separation` the first minus the second, `alignment` the harmonic mean of coverage and 1 - false
    failure rate. `support` says in words what the labels say of it.
    """

    model_config = ConfigDict(from_attributes=True)

    n: int
    bad: int
    coverage: IntervalOut
    false_failure_rate: IntervalOut
    separation: IntervalOut
    alignment: IntervalOut
    kappa: IntervalOut
    support: str
    rows: RowsBehindOut


class MeasuresOut(BaseModel):
    """Plain measures on `n` rows; null where they are undefined."""

    n: int
    coverage: float | None
    false_failure_rate: float | None
    alignment: float | None
    kappa: float | None
    confusion: ConfusionOut


class AssertionMeasures(MeasuresOut):
    """One assertion's measures on the card's rows."""

    assertion_id: str
    kind: AssertionKind


class CriterionCardOut(BaseModel):
    """A criterion against the labels that count, and against its own where people gave such.

    `assertion_id` is the one that stands for it: of several, the best by EvalGen's rule on the rows that
    nothing is reported on. `overall` is null where no assertion of the criterion has been asked yet.
    """

    criterion_id: str
    name: str
    text: str
    version: int
    assertion_id: str | None
    supported: bool
    overall: CardOut | None
    own: CardOut | None
    assertions: list[AssertionMeasures]


class ReportCardOut(BaseModel):
    """The report card. `whole` is the set of all criteria, which fails a row where any of them does.

    `report` rows are those that no assertion was chosen on (dev), `all` all that are not in test, on which
    the numbers flatter. `unsupported` are criteria that nobody's labels support. `model` is the one whose
    verdicts these are, null where there are none but checks'.
    """

    dataset_id: str
    rows: CardRows
    model: str | None
    n_labelled: int = Field(description="Rows with a label among those that the card is of.")
    whole: CardOut | None
    criteria: list[CriterionCardOut]
    unsupported: list[str]


class Selection(_WithModel):
    """How assertions are chosen: `kappa` (the best kappa less what its members cost), `evalgen` (for each
    criterion the most coverage within `tau`), or SPADE's programmes within both bounds. `model` is the one
    whose verdicts count; without one, that of the latest assertion run."""

    rule: SelectionRule = SelectionRule.KAPPA
    alpha: float = Field(default=ALPHA, ge=0, le=1, description="Coverage at least.")
    tau: float = Field(default=TAU, ge=0, le=1, description="False failure rate at most.")
    assertions: list[str] | None = Field(default=None, min_length=1, max_length=500)
    """From these alone; without, from all live ones."""
    force: bool = Field(default=False, description="Choose with fewer than 20 labels.")


class SelectionRows(BaseModel):
    """How many rows the set was chosen on, and measured on; `not_judged` are labelled rows of either kind
    that some assertion has not been asked about, and that were left out."""

    selection: int
    report: int
    not_judged: int


class SelectionOut(BaseModel):
    """The chosen set: it fails an output if any member does.

    `selection` is measured on the rows it was chosen on (train) and flatters; `report` on others (dev), null
    where there are none. `waiting` are assertions that took no part, since they have been asked about too few
    rows.
    """

    rule: SelectionRule
    model: str | None
    assertions: list[AssertionOut]
    selection: MeasuresOut
    report: CardOut | None
    rows: SelectionRows
    waiting: list[str]


# --- labels in doubt, and people --------------------------------------------------------------------


class CriterionChanged(BaseModel):
    """The last change of a criterion's text."""

    version: int
    old: str
    new: str
    author: str | None
    note: str | None
    at: datetime


class DoubtOut(BaseModel):
    """A label to look at again. `criterion_id` is set for a label on the criterion alone. `strength`, in
    [0, 1], ranks and is no probability; `words` are those of the critique that the change concerns."""

    example_id: str
    criterion_id: str | None
    annotator: str | None
    label: Label
    critique: str | None
    strength: float
    grounds: list[str]
    words: list[str]


class DoubtsOut(BaseModel):
    """Labels that a criterion's last change puts in doubt, strongest first. `compared` counts the labelled
    rows on which an assertion was asked about both texts. A label that is given again, by `picked_by`
    `doubt`, is in doubt no more, also where it stays the same."""

    criterion_id: str
    change: CriterionChanged | None
    compared: int
    doubts: list[DoubtOut]


class WitnessOut(BaseModel):
    """A candidate whose verdict contradicts the label."""

    model_config = ConfigDict(from_attributes=True)

    candidate_id: str
    kappa: float
    fail_probability: float | None


class SuspectOut(BaseModel):
    """One person's label in doubt; `annotator` is null for the dataset's own label. `quality` is how probable
    the label is by what all others say."""

    example_id: str
    annotator: str | None
    label: Label
    quality: float
    contradicted_by: list[WitnessOut]
    asked: int
    others: list[str]


class SuspectsOut(BaseModel):
    """Labels that good candidates contradict with confidence, least probable first; or why there are none to
    be had. Nothing is relabelled."""

    suspects: list[SuspectOut]
    witnesses: list[str]
    looked_at: int
    why_none: str | None


class PersonOut(BaseModel):
    """How many rows a person has labelled."""

    name: str
    rows: int


class PeoplePair(BaseModel):
    """Cohen's kappa of two people on the rows that both labelled; `disagreed` are ids."""

    model_config = ConfigDict(from_attributes=True)

    annotators: tuple[str, str]
    kappa: IntervalOut
    enough: bool
    disagreed: list[str]


class HalvesOut(BaseModel):
    """The share of fails in the earlier and later half of a person's labels; `change` is late minus early."""

    model_config = ConfigDict(from_attributes=True)

    early: IntervalOut
    late: IntervalOut
    change: IntervalOut
    p_value: float
    adjusted: float


class RepeatsOut(BaseModel):
    """Rows that a person labelled twice: the first word against the last."""

    model_config = ConfigDict(from_attributes=True)

    n: int
    same: IntervalOut
    kappa: float | None
    to_fail: list[str]
    to_pass: list[str]
    p_value: float
    adjusted: float


class DriftOut(BaseModel):
    """One person's change over time: `no change shown`, `changed`, or `too few labels`. All tests of all
    people together raise a false alarm in at most 5 % of cases."""

    model_config = ConfigDict(from_attributes=True)

    annotator: str
    labels: int
    status: str
    halves: HalvesOut | None
    repeats: RepeatsOut | None


class PeopleOut(BaseModel):
    """How people agree: each pair, all together (Krippendorff's alpha), and each with themselves over time.
    `enough` is false below 20 rows with labels of two people."""

    people: list[PersonOut]
    pairs: list[PeoplePair]
    alpha: IntervalOut
    enough: bool
    drift: list[DriftOut]


def spend_of(usage: Any) -> Spend:  # Any: the core's `Usage`, by its fields
    """What a request took, as it is shown."""
    return Spend(
        calls=usage.calls,
        cached_calls=usage.cached_calls,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cost_usd=usage.cost_usd,
    )
