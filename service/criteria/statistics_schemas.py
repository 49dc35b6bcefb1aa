"""Shapes of what people's labels say of criteria and assertions, and of each other."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from optimizers.criteria.rules import ALPHA, TAU, SelectionRule
from optimizers.types import Label
from service.criteria.assertion_schemas import AssertionOut
from service.criteria.schemas import AssertionKind, WithModel
from service.figures import ConfusionOut, IntervalOut
from service.jobs.schemas import Spend

CardRows = Literal["report", "all"]

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


class Selection(WithModel):
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
