"""Shapes of evaluation requests and answers."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from optimizers.types import Label
from service.catalog.schemas import Limits, PromptIn
from service.datasets.schemas import HumanAgreementOut
from service.figures import ConfusionOut, GainOut, IntervalOut
from service.jobs.schemas import JobState, Priority

SOURCES = ("instruction", "prompt", "artifact", "run_id")

Rows = Literal["labelled", "all"]
Cell = Literal["tp", "fp", "fn", "tn", "unparseable"]
CellFilter = Literal["tp", "fp", "fn", "tn", "unparseable", "failure"]


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
    rows: Rows = "labelled"
    spend_cap: Limits | None = None
    force: bool = Field(default=False, description="Evaluate with fewer than 20 labels.")
    priority: Priority = 0


class JudgeOut(BaseModel):
    """The judge as it was asked for. `run_id` is the run that found it, `instruction` its own words where
    it was given any; without both, the dataset's criterion is all that it has."""

    source: str
    model: str
    instruction: str | None
    run_id: str | None
    artifact_digest: str | None


class EvaluationOut(JobState):
    """An evaluation. `agreement` is there once it has succeeded and some judged row has a label; it is
    with the labels of that time. See `/agreement` for those of now."""

    id: str
    dataset_id: str
    model: str
    source: str
    judge: JudgeOut
    rows: Rows
    judged: int
    agreement: dict[str, Any] | None
    human_agreement: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class JudgedRow(BaseModel):
    """The judge's word on one row beside people's, as they stand now.

    `agrees` is null where one of them is missing. `cell` is the row's in the confusion table, with fail
    as the positive class; null without a label. `label_when_judged` is there where it was another.
    """

    example_id: str
    input: str
    output: str
    label: Label | None
    critique: str | None
    label_changed: bool = Field(description="Since the row was judged.")
    label_when_judged: Label | None
    verdict: Label | None
    agrees: bool | None
    cell: Cell | None
    fail_probability: float | None
    rationale: str | None
    failure: str | None
    message: str | None


# --- the alignment card -----------------------------------------------------------------------------


class SupervisedOut(BaseModel):
    """TF-IDF and logistic regression, fitted on the other rows and measured on `n` rows: what a judge has
    to beat to be worth its price. `judge_gain` is the judge's kappa minus this one's, on these rows."""

    kappa: IntervalOut
    accuracy: IntervalOut
    judge_gain: GainOut
    n: int


class LabelsSince(BaseModel):
    """What people have done since the rows were judged. `changed` rows have another label than then,
    `added` ones a label that they had not, `withdrawn` ones none any more."""

    changed: int
    added: int
    withdrawn: int
    not_judged: int = Field(description="Labelled rows of the dataset without a verdict in this evaluation.")


class AgreementOut(BaseModel):
    """How the judge agrees with people's labels as they are now, over the rows that are judged so far.

    `recall` and `coverage` are the same: the share of bad outputs that the judge fails. `unparseable`
    counts labelled rows without a verdict, which agree with nobody; `failures` all rows without one, by
    kind. `supervised_baseline` is there once the evaluation has succeeded with enough labels.
    """

    judged: int
    n: int = Field(description="Judged rows that have a label.")
    n_labelled: int = Field(description="Rows of the dataset that have a label.")
    searched: int = Field(
        description="Of the `n` rows, those that the run which found this judge has learned or chosen from: "
        "on them its agreement flatters it. `part=test` leaves them out."
    )
    kappa: IntervalOut
    answered_kappa: float | None = Field(description="Over the rows that have a verdict.")
    accuracy: IntervalOut
    precision: IntervalOut
    recall: IntervalOut
    coverage: IntervalOut
    f1: IntervalOut
    false_failure_rate: IntervalOut
    confusion: ConfusionOut
    unparseable: int
    failures: dict[str, int]
    human_agreement: HumanAgreementOut | None
    supervised_baseline: SupervisedOut | None
    as_of: LabelsSince
