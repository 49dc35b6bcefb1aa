"""What is told about any job."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from optimizers.errors import PauseReason
from service.jobs.queue import HIGHEST, LOWEST
from service.jobs.states import Status
from service.jobs.tables import JobRow

Priority = Annotated[
    int,
    Field(ge=LOWEST, le=HIGHEST, description="Higher ones are taken first; of equal ones the older."),
]


class Progress(BaseModel):
    """`done` of `total` judgements of `phase`. Before the end, a search can only say its most.

    `time_left_s` is estimated from what is left (of the budget, while a run searches) and the pace of the
    last minute; null when unknown."""

    phase: str
    done: int
    total: int
    time_left_s: float | None = None


class Spend(BaseModel):
    """What it took up to now. `calls` are logical, `cached_calls` those that the ledger answered;
    `cost_usd` is at recorded prices, null where one is unknown; `wall_s` are seconds of work."""

    calls: int = 0
    cached_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    wall_s: float = 0.0


class JobState(BaseModel):
    """Where a job is. `cause` says in one sentence why it is paused or failed."""

    status: Status
    pause_reason: PauseReason | None = None
    cause: str | None = None
    cancel_requested: bool = Field(default=False, description="A worker was asked, and is about to stop.")
    pause_requested: bool = False
    priority: int = 0
    waiting_for: str | None = Field(
        default=None, description="The run that this exclusive one waits for, while it is queued."
    )
    progress: Progress | None = None
    spend: Spend


def state_of(job: JobRow, waiting_for: str | None = None) -> dict[str, Any]:
    """The fields of `JobState`, for views that have more."""
    return {
        "status": job.status,
        "pause_reason": job.reason,
        "cause": job.cause,
        "cancel_requested": job.cancel_requested,
        "pause_requested": job.pause_requested,
        "priority": job.priority,
        "waiting_for": waiting_for,
        "progress": _progress(job),
        "spend": Spend.model_validate({**job.usage, "wall_s": job.wall_s}),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
    }


def _progress(job: JobRow) -> Progress | None:
    if not job.phase:
        return None
    return Progress(phase=job.phase, done=job.done, total=job.total, time_left_s=job.time_left_s)
