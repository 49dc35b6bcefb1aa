"""Shapes of run requests and answers."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from optimizers.report import Conclusion, Recommended
from optimizers.strategies.registry import DEFAULT
from optimizers.types import Failure, Outcome
from service.catalog.schemas import Limits, PromptIn
from service.figures import GainOut, IntervalOut
from service.jobs.schemas import JobState, Priority

MAX_JUDGED = 1_000
TEXT_MAX_CHARS = 1_000_000


class NewRun(BaseModel):
    """What to optimize and how. `model` and `proposer_model` are written as DSPy does, or `offline`;
    `baseline` is a prompt of one's own to start from and compare with, `instruction` its words alone."""

    model_config = ConfigDict(extra="forbid")

    dataset_id: str = Field(max_length=32)
    strategy: str = DEFAULT
    model: str | None = Field(default=None, min_length=1, max_length=200)
    api_base: str | None = Field(default=None, max_length=500)
    proposer_model: str | None = Field(default=None, min_length=1, max_length=200)
    proposer_api_base: str | None = Field(default=None, max_length=500)
    instruction: str | None = Field(default=None, max_length=100_000)
    baseline: PromptIn | None = None
    seed: int = Field(default=0, ge=0, lt=2**31)
    budget: Limits = Limits()
    spend_cap: Limits | None = None
    options: dict[str, Any] = Field(default_factory=dict, description="Of the strategy.")
    max_age_s: float | None = Field(
        default=None, ge=0, description="Oldest answer to take from the ledger; 0 asks everything anew."
    )
    from_earlier_runs: bool = Field(
        default=True, description="Start from what earlier runs on this dataset found."
    )
    force: bool = Field(default=False, description="Run with fewer labels than advised; the report says so.")
    priority: Priority = 0
    exclusive: bool = Field(
        default=False,
        description="Of the exclusive runs of one dataset and strategy one runs at a time; others wait.",
    )

    @model_validator(mode="after")
    def _one_baseline(self) -> Self:
        if self.instruction is not None and self.baseline is not None:
            raise ValueError("give a baseline or an instruction, not both")
        return self


class Resume(BaseModel):
    """What changes when a run goes on: a spend cap that it has reached can be raised."""

    model_config = ConfigDict(extra="forbid")

    spend_cap: Limits | None = None


class BestSoFar(BaseModel):
    """The trial that would win now, by its kappa on dev."""

    trial: int
    kappa: float


class TestedOut(BaseModel):
    """Kappa of the baseline and of the winner on the same test rows, and the difference."""

    __test__ = False  # not a test case, whatever pytest thinks of its name

    baseline: IntervalOut
    best: IntervalOut
    gain: GainOut


class RunOut(JobState):
    """A run. `conclusion`, `test_kappa`, `test` and `artifact_digest` are there once it has succeeded; the
    two about test are null without test rows."""

    id: str
    dataset_id: str
    snapshot: str
    strategy: str
    model: str
    proposer_model: str
    exclusive: bool
    seed: int
    earlier_runs: list[str] = Field(description="The runs whose winners it starts from, the latest first.")
    budget: dict[str, Any]
    spend_cap: dict[str, Any] | None
    trials: int
    best: BestSoFar | None
    conclusion: Conclusion | None
    recommended: Recommended | None
    test_kappa: float | None
    test: TestedOut | None
    artifact_digest: str | None
    mlflow_url: str | None = Field(description="The run in MLflow, once MLflow was told of it.")
    mlflow: dict[str, str | None] = Field(description="Its pages: run, trials, compare, experiment.")
    mlflow_trouble: str | None = Field(description="Why MLflow is behind, if it is.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class TrialOut(BaseModel):
    """One candidate on dev. `dev` is its agreement on the rows that it saw, all of them if `complete`.

    The baseline is the first. `parent` is the trial whose candidate this one was made from. `leads` is
    true where it was the best when it was measured, `is_best` where it is the best of all up to now;
    `best_kappa` is what was best then. `calls_so_far` and `cost_usd_so_far` are the run's at its end.
    """

    number: int
    candidate_id: str
    parent_id: str | None
    parent: int | None
    origin: str = Field(description="The move that made it.")
    is_baseline: bool
    complete: bool
    rows: int = Field(description="Dev rows that it judged.")
    kappa: float | None
    leads: bool
    is_best: bool
    best_kappa: float | None
    instruction: str
    verbatim: bool = Field(description="A prompt of the user's own, sent as it is.")
    demonstrations: int
    reasoning: bool
    threshold: float | None
    prompt: str
    dev: dict[str, Any]
    usage: dict[str, Any]
    cost_usd: float | None
    calls_so_far: int
    cost_usd_so_far: float | None


class Format(StrEnum):
    """The forms in which a judge can be had."""

    JSON = "json"
    TEXT = "text"
    MESSAGES = "messages"
    DSPY = "dspy"
    MLFLOW = "mlflow"
    PROMPTFOO = "promptfoo"


class ReportFormat(StrEnum):
    """The forms in which a report can be had."""

    JSON = "json"
    MARKDOWN = "markdown"


class RowIn(BaseModel):
    """A row to judge. `id` comes back with its verdict; without one it is the row's place."""

    id: str | None = Field(default=None, max_length=200)
    input: str = Field(max_length=TEXT_MAX_CHARS)
    output: str = Field(max_length=TEXT_MAX_CHARS)


class JudgeRequest(BaseModel):
    """Rows for the best judge."""

    model_config = ConfigDict(extra="forbid")

    examples: list[RowIn] = Field(min_length=1, max_length=MAX_JUDGED)


class VerdictOut(BaseModel):
    """A verdict, `pass` or `fail`; or none, with the failure's kind and message."""

    id: str
    verdict: str | None
    fail_probability: float | None = None
    rationale: str | None = None
    failure: str | None = None
    message: str | None = None

    @classmethod
    def of(cls, row_id: str, outcome: Outcome) -> Self:
        """What a judge said about the row that its sender calls `row_id`."""
        if isinstance(outcome, Failure):
            return cls(id=row_id, verdict=None, failure=outcome.kind, message=outcome.message)
        return cls(
            id=row_id,
            verdict=outcome.label,
            fail_probability=outcome.fail_probability,
            rationale=outcome.rationale,
        )


class Judged(BaseModel):
    """Verdicts in the order of the rows, by the judge with this digest."""

    artifact_digest: str
    verdicts: list[VerdictOut]
    usage: dict[str, Any]


class EstimateOut(BaseModel):
    """What a run would take if the ledger held none of its answers. `needed_calls` is the least budget.

    Without a `cost_usd`, `cost_unknown` says why there is none. `rows` are those of the split, by part;
    `classes` are the same by people's label, as in `{"train": {"pass": 30, "fail": 10}, ...}`.
    """

    model_config = ConfigDict(from_attributes=True)

    calls: int
    needed_calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    cost_unknown: str | None
    minutes: float
    rows: dict[str, int]
    classes: dict[str, dict[str, int]]
    limited_by: str | None


# --- two runs side by side --------------------------------------------------------------------------


class McNemarOut(BaseModel):
    """Rows on which one of the two is right alone, and the exact two-sided p-value of their being alike."""

    model_config = ConfigDict(from_attributes=True)

    only_a: int
    only_b: int
    p_value: float


class ComparedOut(BaseModel):
    """One of two runs: itself, its winner's prompt (that of its best trial while it runs), and its winner's
    agreement on the rows that both runs have tested."""

    run: RunOut
    prompt: str | None
    baseline_prompt: str | None
    test: dict[str, Any] | None = Field(description="Its own report's `test`.")
    shared: dict[str, Any] | None = Field(description="Its winner's agreement on the shared rows.")


class SharedRows(BaseModel):
    """Test rows of both runs, and of either alone. `relabelled` of the shared ones have had another label in
    the older run; the newer run's labels count."""

    model_config = ConfigDict(from_attributes=True)

    shared: int
    only_a: int
    only_b: int
    relabelled: int


class ComparisonOut(BaseModel):
    """Two runs on the same test rows. `difference` is the kappa of `b`'s winner minus that of `a`'s, with
    an interval resampled by group. Without one, `why_not` says why the two cannot be compared."""

    a: ComparedOut
    b: ComparedOut
    rows: SharedRows | None
    difference: GainOut | None
    mcnemar: McNemarOut | None
    why_not: str | None
