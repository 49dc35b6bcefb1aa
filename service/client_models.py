"""What the API answers, as far as a client acts on it; everything else it said is kept as extra fields."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

ENDED = frozenset({"cancelled", "failed", "succeeded"})
AT_REST = ENDED | {"paused"}

Json = Mapping[str, Any]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Dataset(_Answer):
    """A dataset and its counts. `classes` has `pass` and `fail`; `refused` what an upload left out."""

    id: str
    name: str
    criterion: str = ""
    examples: int = 0
    labelled: int = 0
    tied: int = 0
    groups: int = 0
    classes: dict[str, int] = {}
    warnings: list[str] = []
    next_milestone: dict[str, Any] | None = None
    agreement: dict[str, Any] | None = None
    understood: dict[str, Any] = {}
    added: int | None = None
    refused: dict[str, Any] | None = None


class Progress(_Answer):
    """`done` of `total` judgements of `phase`. `time_left_s` is an estimate, `None` where unknown."""

    phase: str
    done: int
    total: int
    time_left_s: float | None = None


class Spend(_Answer):
    """Logical calls, those of them that the ledger answered, tokens, dollars (`None`: unknown), seconds."""

    calls: int = 0
    cached_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    wall_s: float = 0.0


class Job(_Answer):
    """Work on the server. `status` is queued, running, paused, cancelled, failed or succeeded; `cause`
    says in one sentence why it is paused or failed; `waiting_for` names the run that a queued one of the
    exclusive kind waits for."""

    resource: ClassVar[str]

    id: str
    status: str
    dataset_id: str = ""
    pause_reason: str | None = None
    cause: str | None = None
    priority: int = 0
    waiting_for: str | None = None
    progress: Progress | None = None
    spend: Spend = Spend()

    @property
    def at_rest(self) -> bool:
        """Whether nothing more happens unless somebody acts."""
        return self.status in AT_REST


class Run(Job):
    """An optimization run. The last four fields are there once it has succeeded."""

    resource: ClassVar[str] = "runs"

    strategy: str = ""
    model: str = ""
    earlier_runs: list[str] = []
    trials: int = 0
    best: dict[str, Any] | None = None
    mlflow_url: str | None = None
    conclusion: str | None = None
    recommended: str | None = None
    test_kappa: float | None = None
    artifact_digest: str | None = None


class Evaluation(Job):
    """One judge over a dataset's rows; `agreement`, with the labels of that time, once it has succeeded."""

    resource: ClassVar[str] = "evaluations"

    model: str = ""
    judge: dict[str, Any] = {}
    judged: int = 0
    agreement: dict[str, Any] | None = None


class AssertionRun(Job):
    """Assertions over a dataset's rows; `judged` counts the cells (an assertion on a row) that are there."""

    resource: ClassVar[str] = "assertion-runs"

    model: str | None = None
    assertions: list[str] = []
    judged: int = 0


class Criterion(_Answer):
    """One thing that a good output does."""

    id: str
    name: str
    text: str
    version: int = 1
    source: str = "written"
    retired_at: str | None = None
    n_assertions: int = 0
    n_own_labels: int = 0
    history: list[dict[str, Any]] = []


class Assertion(_Answer):
    """A way to tell whether an output meets a criterion: a `prompt` or a `check`."""

    id: str
    criterion_id: str
    kind: str
    text: str = ""
    is_behind: bool = False
    retired_at: str | None = None
    n_judged: int = 0


class Event(BaseModel):
    """One server-sent event: its id (to resume after), its kind (`status`, `trial`, `progress`), its data."""

    model_config = ConfigDict(frozen=True)

    id: str | None = None
    kind: str = "message"
    data: Any = None


class JudgedExample(_Answer):
    """A verdict (`pass` or `fail`), or `None` with the failure's kind and message."""

    id: str = ""
    verdict: str | None = None
    rationale: str | None = None
    fail_probability: float | None = None
    failure: str | None = None
    message: str | None = None


class NamedJudge(_Answer):
    """A judge under a name. `drift` is `ok`, `fallen`, `too few` labels, or `not watched`; `reading` is the
    latest labelled sample of its traffic, `measured` the champion's agreement when it was kept."""

    name: str
    champion: int | None = None
    versions: int = 0
    dataset_id: str | None = None
    measured: dict[str, Any] | None = None
    traffic: int = 0
    reading: dict[str, Any] | None = None
    drift: str = ""


class JudgeVersion(_Answer):
    """One version of a named judge; `conclusion` is that of its run."""

    version: int
    is_champion: bool = False
    source: str = ""
    conclusion: str | None = None
    measured: dict[str, Any] | None = None
    artifact_digest: str = ""
