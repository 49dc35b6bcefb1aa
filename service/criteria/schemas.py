"""Shapes of requests and answers about criteria, and what all of this folder's shapes share."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from optimizers.types import Label
from service.datasets.schemas import Critique, Name, Sent, Storable
from service.jobs.schemas import Spend

CriterionText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), Storable
]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=100_000), Storable]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ApiBase = Annotated[str, StringConstraints(max_length=500)]

CriterionSource = Literal["written", "prompt", "labels", "history"]
"""Where a criterion that is sent comes from: a person's words, or a suggestion from a task's prompt, from
labels and critiques, or from the versions of a prompt."""
AnyCriterionSource = Literal["written", "prompt", "labels", "history", "split", "merge"]
CriterionEvent = Literal["created", "changed", "retired", "restored", "split", "merged"]
AssertionKind = Literal["prompt", "check"]
Rows = Literal["labelled", "all"]


class WithModel(Sent):
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


class SuggestCriteria(WithModel):
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


class SuggestAssertions(WithModel):
    """How many assertions of which kinds a model shall write for a criterion."""

    n: int = Field(default=3, ge=1, le=10)
    kinds: list[AssertionKind] = Field(default=["prompt", "check"], min_length=1, max_length=2)
    sample: int = Field(default=0, ge=0, le=1_000, description="Another number gives other assertions.")
