"""Tables of jobs, their events and the workers' leases."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Double, Index, Text, text
from sqlmodel import Field, SQLModel

from service.clock import UtcDateTime, now
from service.datasets.tables import BIG_SERIAL

RUNNING_ONE = text("status = 'running'")


class JobRow(SQLModel, table=True):
    """One piece of work. This row is the truth about it; the job engine only brings it to a worker."""

    __tablename__ = "concord_jobs"
    __table_args__ = (
        Index("ix_concord_jobs_kind_created", "kind", "created_at", "id"),
        Index("ix_concord_jobs_status", "status"),
        Index(
            "ix_concord_jobs_exclusive",
            "exclusive_key",
            unique=True,
            sqlite_where=RUNNING_ONE,
            postgresql_where=RUNNING_ONE,
        ),
    )

    id: str = Field(primary_key=True, max_length=32)
    kind: str = Field(max_length=16)
    dataset_id: str = Field(max_length=32, foreign_key="concord_datasets.id", ondelete="CASCADE", index=True)
    status: str = Field(max_length=16)
    reason: str | None = Field(default=None, max_length=16)
    """Why it is paused."""
    cause: str | None = Field(default=None, sa_column=Column(Text))
    """Why it is paused or failed, in one sentence."""

    priority: int = 0
    """Higher ones are taken first; of equal ones the older."""
    exclusive_key: str | None = Field(default=None, max_length=128)
    """Of the jobs that share it one runs at a time: the index on it says so, whatever a worker does."""

    dispatch: int = 0
    """How often it was sent to the workers: with the id, the name of the engine's workflow."""
    fence: int = 0
    """Goes up with each change of hands. A write that shows an older one is refused."""
    worker_id: str | None = Field(default=None, max_length=64)
    cancel_requested: bool = False
    pause_requested: bool = False

    phase: str = Field(default="", max_length=32)
    done: int = 0
    total: int = 0
    usage: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What it took up to now: the fields of the core's `Usage`."""
    wall_s: float = Field(default=0.0, sa_column=Column(Double, nullable=False))
    """Seconds of work, without the waits between attempts."""

    time_left_s: float | None = Field(default=None, sa_column=Column(Double))
    """An estimate by what is left of the budget and the pace; unknown outside of a running attempt."""

    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class EventRow(SQLModel, table=True):
    """Something that happened to a job. Only added to, so that a stream can be taken up anywhere."""

    __tablename__ = "concord_events"
    __table_args__ = (Index("ix_concord_events_job", "job_id", "number"),)

    number: int | None = Field(default=None, sa_column=Column(BIG_SERIAL, primary_key=True))
    job_id: str = Field(max_length=32, foreign_key="concord_jobs.id", ondelete="CASCADE")
    kind: str = Field(max_length=16)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class LeaseRow(SQLModel, table=True):
    """A worker that is alive until `expires_at`, in POSIX seconds on the database's clock."""

    __tablename__ = "concord_worker_leases"

    worker_id: str = Field(primary_key=True, max_length=64)
    generation: int
    host: str = Field(max_length=255)
    version: str = Field(default="jobs-1", max_length=32)
    """Which jobs it can do; see the engine's `JOBS_VERSION`."""
    expires_at: float = Field(sa_column=Column(Double, nullable=False))
