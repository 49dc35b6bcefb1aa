"""Shapes of evaluation requests and answers."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.catalog.schemas import Limits, PromptIn
from service.jobs.schemas import JobState, Priority

SOURCES = ("instruction", "prompt", "artifact", "run_id")


class JudgeIn(BaseModel):
    """A judge: a model with an instruction, with a prompt of one's own, from a judge file, or a run's
    best. With none of them, the plain instruction of this service. `model` overrides a file's."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(default=None, min_length=1, max_length=200)
    api_base: str | None = Field(default=None, max_length=500)
    instruction: str | None = Field(default=None, max_length=100_000)
    reasoning: bool = True
    prompt: PromptIn | None = None
    artifact: dict[str, Any] | None = None
    run_id: str | None = Field(default=None, max_length=32)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"a judge is one of {', '.join(SOURCES)}; got {' and '.join(given)}")
        return self


class NewEvaluation(BaseModel):
    """Which judge, over which rows. `all` judges those without a label too; agreement needs labels."""

    model_config = ConfigDict(extra="forbid")

    dataset_id: str = Field(max_length=32)
    judge: JudgeIn = JudgeIn()
    rows: Literal["labelled", "all"] = "labelled"
    spend_cap: Limits | None = None
    force: bool = Field(default=False, description="Evaluate with fewer than 20 labels.")
    priority: Priority = 0


class EvaluationOut(JobState):
    """An evaluation. `agreement` is there once it has succeeded and some judged row has a label."""

    id: str
    dataset_id: str
    model: str
    source: str
    judged: int
    agreement: dict[str, Any] | None
    human_agreement: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class JudgedRow(BaseModel):
    """The judge's word on one row beside people's. `agrees` is null where one of them is missing."""

    example_id: str
    label: str | None
    verdict: str | None
    agrees: bool | None
    fail_probability: float | None
    rationale: str | None
    failure: str | None
    message: str | None
