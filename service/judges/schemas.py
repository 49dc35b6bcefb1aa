"""Shapes of requests and answers about named judges."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from optimizers.report import Conclusion
from optimizers.types import FailureKind, Label
from service.datasets.labelling_schemas import without_nul
from service.datasets.tables import ID_MAX_CHARS
from service.figures import ConfusionOut, IntervalOut
from service.judges.measured import MeasuredBy
from service.judges.tables import NAME_MAX_CHARS
from service.runs.schemas import MAX_JUDGED, TEXT_MAX_CHARS, VerdictOut

SOURCES = ("run_id", "evaluation_id", "artifact")
NOTE_MAX_CHARS = 10_000
MAX_SAMPLE = 1_000

Name = Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{NAME_MAX_CHARS - 1}}}$")]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NOTE_MAX_CHARS),
    AfterValidator(without_nul),
]
Person = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=ID_MAX_CHARS),
    AfterValidator(without_nul),
]
Text = Annotated[str, StringConstraints(max_length=TEXT_MAX_CHARS), AfterValidator(without_nul)]
RowId = Annotated[str, StringConstraints(min_length=1, max_length=ID_MAX_CHARS), AfterValidator(without_nul)]


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


Since = Annotated[datetime, AfterValidator(_in_utc)]
"""A moment; without a zone it is UTC's."""

Drift = Literal["ok", "fallen", "too few", "not watched"]


class SourceName(StrEnum):
    """What a version was kept from."""

    RUN = "run"
    EVALUATION = "evaluation"
    ARTIFACT = "artifact"


class Ground(StrEnum):
    """Why a version was promoted."""

    IMPROVED = "improved"
    """A run of this service says so."""
    WORD = "word"
    """A person does."""


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class JudgeSource(_Sent):
    """A judge: the winner of a run, the judge of an evaluation, or a judge file. A file from elsewhere may
    name the dataset that it belongs to."""

    run_id: str | None = Field(default=None, max_length=32)
    evaluation_id: str | None = Field(default=None, max_length=32)
    artifact: dict[str, Any] | None = None
    dataset_id: str | None = Field(default=None, max_length=32, description="Of an `artifact`.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"name one of {', '.join(SOURCES)}; got {' and '.join(given) or 'none'}")
        if self.dataset_id is not None and self.artifact is None:
            raise ValueError("dataset_id goes with artifact: a run or an evaluation has its own")
        return self


class NewVersion(_Sent):
    """A judge to keep under a name: the first makes the name, each further one a version."""

    name: Name
    source: JudgeSource = Field(alias="from")
    note: Words | None = None


class Promotion(_Sent):
    """Which version is to be in use. Where no run of this service says `improved` about it, somebody has to
    answer for it: `because` in their words, `by` with their name."""

    version: int = Field(ge=1)
    because: Words | None = None
    by: Person | None = None


class TrafficIn(BaseModel):
    """A row to judge. A row with an `id` is kept once, however often it is sent."""

    id: RowId | None = None
    input: Text
    output: Text


class Batch(_Sent):
    """Rows for a version, the champion unless one is named. They are kept as traffic unless `keep` is
    false. `rows` is another name of `examples`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    examples: list[TrafficIn] = Field(
        min_length=1, max_length=MAX_JUDGED, validation_alias=AliasChoices("examples", "rows")
    )
    version: int | None = Field(default=None, ge=1)
    keep: bool = True


class NewSample(_Sent):
    """How many rows of a version's traffic to draw, by chance, for people to label."""

    n: int = Field(ge=1, le=MAX_SAMPLE)
    seed: int = Field(default=0, ge=0, lt=2**31)
    version: int | None = Field(default=None, ge=1)
    since: Since | None = Field(default=None, description="Draw from what was kept since then.")


class OnDataset(_Sent):
    """The dataset on whose labelled rows a version is measured, the champion unless one is named."""

    dataset_id: str = Field(max_length=32)
    version: int | None = Field(default=None, ge=1)


# --- got --------------------------------------------------------------------------------------------


class MeasuredOut(BaseModel):
    """Agreement with people on rows that the judge was not built from. `by` says who measured it: a `run`'s
    final test, an `evaluation`, or, for a file from elsewhere, the `file` itself."""

    by: MeasuredBy
    kappa: IntervalOut
    coverage: float | None
    false_failure_rate: float | None
    confusion: ConfusionOut
    unparseable: int
    n: int


class VersionOut(BaseModel):
    """One judge under the name. `conclusion` is that of the run of this service which found it."""

    version: int
    is_champion: bool
    source: SourceName
    run_id: str | None
    evaluation_id: str | None
    dataset_id: str | None
    model: str
    artifact_digest: str
    conclusion: Conclusion | None
    measured: MeasuredOut | None
    note: str | None
    created_at: datetime


class PromotionOut(BaseModel):
    """When a version became the champion, in the place of which. `ground` is `improved`, where a run of this
    service says so, or a person's `word`."""

    version: int
    replaced: int | None
    ground: Ground
    because: str | None
    by: str | None
    at: datetime


class LookOut(BaseModel):
    """What was known after a labelled sample: its own kappa, and the evidence of a fall of all up to it (1:
    none)."""

    name: str
    kappa: IntervalOut
    evidence: float


class JudgeSummary(BaseModel):
    """A named judge at a glance. `reading` is the latest labelled sample of the champion's traffic; `drift`
    says whether its agreement has fallen: `ok` (no fall shown), `fallen`, `too few` labels, or `not watched`
    (no champion, or nothing measured to fall from)."""

    name: str
    champion: int | None
    versions: int
    dataset_id: str | None = Field(description="The champion's; the latest version's without one.")
    measured: MeasuredOut | None = Field(description="The champion's agreement when it was kept.")
    traffic: int = Field(description="Rows kept of all versions.")
    reading: LookOut | None
    drift: Drift
    created_at: datetime


class JudgeOut(BaseModel):
    """A named judge with all its versions, the newest first, and the promotions, the latest first."""

    name: str
    champion: int | None
    dataset_id: str | None
    traffic: int
    reading: LookOut | None
    drift: Drift
    versions: list[VersionOut]
    promotions: list[PromotionOut]
    created_at: datetime


class JudgeRemoved(BaseModel):
    """What went with a judge. Rows that were drawn into a dataset stay there."""

    name: str
    versions: int
    traffic: int


class VerdictsOut(BaseModel):
    """Verdicts in the order of the rows. `kept` counts the rows that were added to the traffic."""

    judge: str
    version: int
    artifact_digest: str
    verdicts: list[VerdictOut]
    kept: int
    usage: dict[str, Any]


class TrafficOut(BaseModel):
    """A kept row with what `version` said of it; without a `verdict` there is a `failure` with its `message`.

    `id` is the sender's. `example_id` names the row in the version's dataset, where the `sample` it was drawn
    into brought it.
    """

    model_config = ConfigDict(from_attributes=True)

    number: int
    version: int
    id: str | None = Field(validation_alias="row_id")
    input: str
    output: str
    verdict: Label | None
    fail_probability: float | None
    rationale: str | None
    failure: FailureKind | None
    message: str | None
    sample: int | None
    example_id: str | None
    created_at: datetime


class TrafficRemoved(BaseModel):
    """How many kept rows were removed."""

    removed: int


class LabelledBehind(BaseModel):
    """The labelled rows behind a judge's known errors: those of the run's test or the evaluation, and those
    of its own traffic, drawn by chance and labelled since."""

    confusion: ConfusionOut
    measured: int
    traffic: int
    measured_by: MeasuredBy | None


class RateOut(BaseModel):
    """How often kept traffic that nobody has labelled passes, corrected for the judge's known errors.

    `apparent` is the share that the judge fails. `fail_rate` and `pass_rate` add up to 1; their intervals
    carry the uncertainty of both samples. `unclipped` is the corrected fail rate before it was cut to [0, 1].
    """

    judge: str
    version: int
    since: datetime | None
    n: int
    failed: int
    passed: int
    unanswered: int
    pass_rate: IntervalOut
    fail_rate: IntervalOut
    apparent: IntervalOut
    sensitivity: IntervalOut
    specificity: IntervalOut
    unclipped: float
    clipped: bool
    labelled: LabelledBehind
    warnings: list[str]


class SampleOut(BaseModel):
    """Rows of traffic that are now in the dataset, for people to label; `left` more could be drawn."""

    judge: str
    version: int
    sample: int
    seed: int
    n: int
    left: int
    dataset_id: str
    example_ids: list[str]


class SampleState(BaseModel):
    """How far people are with a sample. Labels on rows that were picked by verdicts do not count."""

    sample: int
    drawn: int
    labelled: int
    at: datetime


class MonitorOut(BaseModel):
    """Whether the judge's agreement with people has fallen, by labelled samples of its traffic.

    `evidence` is the largest so far; at `alarm_at` or above kappa has fallen below `bound`, and `fallen_at`
    names the sample that showed it. `ok` means that no fall is shown.
    """

    judge: str
    version: int
    status: Literal["ok", "fallen", "too few"]
    bound: float
    evidence: float
    alarm_at: float
    fallen_at: str | None
    n: int
    looks: list[LookOut]
    samples: list[SampleState]


class AgreementOnDataset(BaseModel):
    """A version's agreement with a dataset's labels, on rows that it was not built from.

    `built_from` labelled rows were left out because it was built from them or their group, `picked` because
    verdicts had a say in their choice. `n` is at most 1,000: of more rows always the same are drawn. `bound`
    is the lower limit of what was measured when the version was kept: kappa below it has fallen.
    """

    judge: str
    version: int
    dataset_id: str
    n: int
    kappa: IntervalOut
    coverage: float | None
    false_failure_rate: float | None
    confusion: ConfusionOut
    unparseable: int
    eligible: int
    built_from: int
    picked: int
    bound: float | None
    warnings: list[str]
    usage: dict[str, Any]
