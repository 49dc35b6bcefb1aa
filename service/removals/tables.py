"""What is yet to be removed elsewhere."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Double, Text
from sqlmodel import Field, SQLModel

from service.clock import UtcDateTime, now
from service.datasets.tables import BIG_SERIAL


class RemovalRow(SQLModel, table=True):
    """One thing to remove in another store; the row goes when that is done."""

    __tablename__ = "concord_removals"

    number: int | None = Field(default=None, sa_column=Column(BIG_SERIAL, primary_key=True))
    kind: str = Field(max_length=16)
    """`ledger` or `mlflow`."""
    subject: str = Field(max_length=64)
    """The account whose answers go, or the dataset or run whose MLflow runs go."""
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    held_until: float = Field(default=0.0, sa_column=Column(Double, nullable=False))
    """POSIX seconds on the database's clock: one worker tries at a time, and not at once again."""
    trouble: str | None = Field(default=None, sa_column=Column(Text))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
