"""Shapes of requests and answers about assertions, code checks and assertion runs."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from optimizers.types import Label
from service.catalog.schemas import Limits
from service.criteria.schemas import AssertionKind, Rows, WithModel
from service.datasets.schemas import Name, Sent, Storable
from service.jobs.schemas import JobState, Priority, Spend

AssertionText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000), Storable]
AssertionSource = Literal["written", "suggested", "carried"]
"""`carried`: the criterion's text changed, and the same instruction asks about the new one."""
MAX_TRIED_ROWS = 100
"""Of one request that tries a check."""

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


class NewAssertionRun(WithModel):
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
