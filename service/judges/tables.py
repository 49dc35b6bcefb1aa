"""Tables of named judges: their versions, promotions, the traffic that they judged, and samples of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, Text
from sqlmodel import Field, SQLModel

from service.clock import UtcDateTime, now
from service.datasets.tables import BIG_SERIAL, ID_MAX_CHARS

NAME_MAX_CHARS = 100


class JudgeRow(SQLModel, table=True):
    """A name that stays while the judge behind it changes. `champion` is the version in use."""

    __tablename__ = "concord_judges"

    id: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=NAME_MAX_CHARS, unique=True)
    champion: int | None = None
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class VersionRow(SQLModel, table=True):
    """One judge under a name: its file and what was known of it when it was kept. Never changed."""

    __tablename__ = "concord_judge_versions"

    judge_id: str = Field(
        primary_key=True, max_length=32, foreign_key="concord_judges.id", ondelete="CASCADE"
    )
    number: int = Field(primary_key=True)
    source: str = Field(max_length=16)
    """`run`, `evaluation` or `artifact`."""
    source_id: str | None = Field(default=None, max_length=32)
    """The run or evaluation."""
    dataset_id: str | None = Field(default=None, max_length=32, foreign_key="concord_datasets.id", index=True)
    """Where its labels come from, and where samples of its traffic go. While there is a version of it, a
    dataset cannot be deleted: the file holds rows of it."""
    model: str = Field(max_length=200)
    artifact: str = Field(sa_column=Column(Text, nullable=False))
    artifact_digest: str = Field(max_length=64)
    conclusion: str | None = Field(default=None, max_length=16)
    """The report's, if it has one."""
    measured: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    """Its agreement with people on rows that it was not built from, as plain values."""
    note: str | None = Field(default=None, sa_column=Column(Text))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class PromotionRow(SQLModel, table=True):
    """A version became the champion: on which ground, by whom, in the place of which."""

    __tablename__ = "concord_promotions"

    number: int | None = Field(default=None, sa_column=Column(BIG_SERIAL, primary_key=True))
    judge_id: str = Field(max_length=32, foreign_key="concord_judges.id", ondelete="CASCADE", index=True)
    version: int
    replaced: int | None = None
    ground: str = Field(max_length=16)
    """`improved` (its run's report says so) or `word` (a person's)."""
    because: str | None = Field(default=None, sa_column=Column(Text))
    by: str | None = Field(default=None, max_length=ID_MAX_CHARS)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class TrafficRow(SQLModel, table=True):
    """A row that a version judged in use. Without a `verdict` there is a `failure`."""

    __tablename__ = "concord_traffic"
    __table_args__ = (
        Index("ix_concord_traffic_version", "judge_id", "version", "created_at"),
        Index("ix_concord_traffic_row", "judge_id", "row_id"),
    )

    number: int | None = Field(default=None, sa_column=Column(BIG_SERIAL, primary_key=True))
    judge_id: str = Field(max_length=32, foreign_key="concord_judges.id", ondelete="CASCADE")
    version: int
    row_id: str | None = Field(default=None, max_length=ID_MAX_CHARS)
    """What the sender calls it: a row that is sent again under its name is kept once."""
    input: str = Field(sa_column=Column(Text, nullable=False))
    output: str = Field(sa_column=Column(Text, nullable=False))
    pair_hash: str = Field(max_length=64)
    verdict: str | None = Field(default=None, max_length=8)
    fail_probability: float | None = None
    rationale: str | None = Field(default=None, sa_column=Column(Text))
    failure: str | None = Field(default=None, max_length=16)
    message: str | None = Field(default=None, sa_column=Column(Text))
    sample: int | None = None
    """The sample that it was drawn into."""
    example_id: str | None = Field(default=None, max_length=ID_MAX_CHARS)
    """What it is called in the version's dataset, once it was drawn."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class SampleRow(SQLModel, table=True):
    """A random sample of a version's traffic, put into its dataset for people to label."""

    __tablename__ = "concord_samples"

    judge_id: str = Field(
        primary_key=True, max_length=32, foreign_key="concord_judges.id", ondelete="CASCADE"
    )
    number: int = Field(primary_key=True)
    version: int
    seed: int
    n: int
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
