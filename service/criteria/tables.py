"""Tables of criteria, assertions, what assertions say of rows, and people's labels on a criterion alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from service.clock import UtcDateTime, now
from service.datasets.tables import BIG_SERIAL, ID_MAX_CHARS


class CriterionRow(SQLModel, table=True):
    """A criterion as it stands; `concord_criterion_versions` has what it was."""

    __tablename__ = "concord_criteria"

    id: str = Field(primary_key=True, max_length=32)
    dataset_id: str = Field(max_length=32, foreign_key="concord_datasets.id", ondelete="CASCADE", index=True)
    version: int = 1
    name: str = Field(max_length=ID_MAX_CHARS)
    text: str = Field(sa_column=Column(Text, nullable=False))
    source: str = Field(max_length=16)
    author: str | None = Field(default=None, max_length=ID_MAX_CHARS)
    """Of the present version."""
    parents: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """The criteria that were split or merged into it."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    changed_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    """When its text was last another."""
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CriterionEntryRow(SQLModel, table=True):
    """Something that was done to a criterion, and how it stood after that. Rows are added, never changed."""

    __tablename__ = "concord_criterion_versions"

    criterion_id: str = Field(
        primary_key=True, max_length=32, foreign_key="concord_criteria.id", ondelete="CASCADE"
    )
    number: int = Field(primary_key=True)
    """Counts what was done, from 1; `version` counts texts and names."""
    event: str = Field(max_length=16)
    version: int
    name: str = Field(max_length=ID_MAX_CHARS)
    text: str = Field(sa_column=Column(Text, nullable=False))
    source: str = Field(max_length=16)
    author: str | None = Field(default=None, max_length=ID_MAX_CHARS)
    note: str | None = Field(default=None, sa_column=Column(Text))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class AssertionRow(SQLModel, table=True):
    """A way to tell whether an output meets a criterion. It never changes: a change is another row."""

    __tablename__ = "concord_assertions"

    id: str = Field(primary_key=True, max_length=32)
    dataset_id: str = Field(max_length=32, foreign_key="concord_datasets.id", ondelete="CASCADE", index=True)
    criterion_id: str = Field(
        max_length=32, foreign_key="concord_criteria.id", ondelete="CASCADE", index=True
    )
    criterion_version: int
    criterion_text: str = Field(sa_column=Column(Text, nullable=False))
    """The text of that version, which a `prompt` asks about."""
    kind: str = Field(max_length=8)
    text: str = Field(sa_column=Column(Text, nullable=False))
    reasoning: bool = True
    author: str | None = Field(default=None, max_length=ID_MAX_CHARS)
    source: str = Field(default="written", max_length=16)
    replaces: str | None = Field(default=None, max_length=32)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AssertionVerdictRow(SQLModel, table=True):
    """What an assertion says of one example. Without a `verdict` there is a `failure`."""

    __tablename__ = "concord_assertion_verdicts"

    assertion_id: str = Field(
        primary_key=True, max_length=32, foreign_key="concord_assertions.id", ondelete="CASCADE"
    )
    model_key: str = Field(primary_key=True, max_length=16)
    """A hash of the model's name and address; empty for checks, which ask none."""
    example_id: str = Field(primary_key=True, max_length=ID_MAX_CHARS)
    model: str | None = Field(default=None, max_length=200)
    verdict: str | None = Field(default=None, max_length=8)
    fail_probability: float | None = None
    rationale: str | None = Field(default=None, sa_column=Column(Text))
    failure: str | None = Field(default=None, max_length=16)
    message: str | None = Field(default=None, sa_column=Column(Text))
    """Why there is no verdict."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class AssertionRunRow(SQLModel, table=True):
    """A run of assertions over a dataset's rows, beside its job."""

    __tablename__ = "concord_assertion_runs"

    id: str = Field(primary_key=True, max_length=32, foreign_key="concord_jobs.id", ondelete="CASCADE")
    dataset_id: str = Field(max_length=32, foreign_key="concord_datasets.id", ondelete="CASCADE", index=True)
    model: str | None = Field(default=None, max_length=200)
    api_base: str | None = Field(default=None, max_length=500)
    model_key: str = Field(default="", max_length=16)
    assertions: list[str] = Field(sa_column=Column(JSON, nullable=False))
    only_labelled: bool = True
    last_row: int = Field(sa_column=Column(BigInteger, nullable=False))
    """The newest row of the dataset when it was asked for; later ones are not judged."""
    spend_cap: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    judged: int = 0
    """Cells that are there: an assertion on a row."""


class CriterionLabelRow(SQLModel, table=True):
    """What one annotator said about one example by one criterion alone, at one time. Rows are added, never
    changed, but for `current`. A withdrawn label has no `label`."""

    __tablename__ = "concord_criterion_labels"
    __table_args__ = (
        Index(
            "uq_concord_criterion_labels_current",
            "criterion_id",
            "example_id",
            "annotator",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
    )

    number: int | None = Field(default=None, sa_column=Column(BIG_SERIAL, primary_key=True))
    criterion_id: str = Field(
        max_length=32, foreign_key="concord_criteria.id", ondelete="CASCADE", index=True
    )
    criterion_version: int
    """The criterion's when it was said."""
    example_id: str = Field(max_length=ID_MAX_CHARS)
    annotator: str = Field(max_length=ID_MAX_CHARS)
    label: str | None = Field(default=None, max_length=8)
    critique: str | None = Field(default=None, sa_column=Column(Text))
    current: bool = True
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
