"""Tables of runs: what was asked, what was tried, what came out."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Double, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

from service.clock import UtcDateTime, now


class RunRow(SQLModel, table=True):
    """A run beside its job: the request, resolved to a specification, and its outcome at a glance."""

    __tablename__ = "concord_runs"

    id: str = Field(primary_key=True, max_length=32, foreign_key="concord_jobs.id", ondelete="CASCADE")
    dataset_id: str = Field(max_length=32, foreign_key="concord_datasets.id", ondelete="CASCADE", index=True)
    snapshot_digest: str = Field(max_length=64)
    strategy: str = Field(max_length=64)
    model: str = Field(max_length=200)
    spec: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """The fields of the runner's `RunSpec`, as plain values."""

    trials: int = 0
    best_trial: int | None = None
    best_kappa: float | None = None
    """On dev, where it was chosen."""
    conclusion: str | None = Field(default=None, max_length=16)
    recommended: str | None = Field(default=None, max_length=16)
    test_kappa: float | None = None
    artifact_digest: str | None = Field(default=None, max_length=64)


class TrialRow(SQLModel, table=True):
    """One candidate, measured on dev."""

    __tablename__ = "concord_trials"

    run_id: str = Field(primary_key=True, max_length=32, foreign_key="concord_runs.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    candidate_id: str = Field(max_length=16)
    parent_id: str | None = Field(default=None, max_length=16)
    origin: str = Field(sa_column=Column(Text, nullable=False))
    complete: bool
    kappa: float | None = None
    candidate: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    prompt: str = Field(sa_column=Column(Text, nullable=False))
    """Its rendered messages, as a person reads them."""
    dev: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """Its agreement with people on the dev rows that it saw."""
    usage: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    outcomes: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Its verdicts and failures by example id: compressed JSON."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ResultRow(SQLModel, table=True):
    """What a run that succeeded leaves: the winner's file and its evidence."""

    __tablename__ = "concord_results"

    run_id: str = Field(primary_key=True, max_length=32, foreign_key="concord_runs.id", ondelete="CASCADE")
    artifact: str = Field(sa_column=Column(Text, nullable=False))
    report: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    test: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """The evaluations of baseline and winner on test: compressed JSON."""


class TrackingRow(SQLModel, table=True):
    """How far a run's projection into MLflow has come: an outbox of one line a run."""

    __tablename__ = "concord_tracking"
    __table_args__ = (Index("ix_concord_tracking_due", "due"),)

    run_id: str = Field(primary_key=True, max_length=32, foreign_key="concord_runs.id", ondelete="CASCADE")
    revision: int = 1
    """Goes up with each trial and with the result."""
    due: bool = True
    """Whether it has changed since it was projected."""
    status: str = Field(default="", max_length=16)
    """The job's, as it was projected."""
    held_by: str | None = Field(default=None, max_length=64)
    held_until: float = Field(default=0.0, sa_column=Column(Double, nullable=False))
    """POSIX seconds on the database's clock: one projects a run at a time."""
    links: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    trouble: str | None = Field(default=None, sa_column=Column(Text))
    """Why it is behind, as MLflow or its client said it."""
