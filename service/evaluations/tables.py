"""Tables of evaluations and their verdicts."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from service.datasets.tables import BIG_SERIAL

ID_MAX_CHARS = 200


class EvaluationRow(SQLModel, table=True):
    """An evaluation beside its job: the judge, and, at the end, its agreement with people."""

    __tablename__ = "concord_evaluations"

    id: str = Field(primary_key=True, max_length=32, foreign_key="concord_jobs.id", ondelete="CASCADE")
    dataset_id: str = Field(max_length=32, foreign_key="concord_datasets.id", ondelete="CASCADE", index=True)
    model: str = Field(max_length=200)
    judge: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    """The judge as it was asked for: a model with an instruction, a prompt or a judge file."""
    only_labelled: bool = True
    last_row: int = Field(sa_column=Column(BigInteger, nullable=False))
    """The newest row of the dataset when it was asked for; later ones are not judged."""
    spend_cap: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    judged: int = 0
    """Rows that its own job has judged; those of its shards come on top until it has succeeded."""
    agreement: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    human_agreement: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class VerdictRow(SQLModel, table=True):
    """What the judge said about one example. Without a `verdict` there is a `failure`."""

    __tablename__ = "concord_verdicts"
    __table_args__ = (Index("ix_concord_verdicts_example", "evaluation_id", "example_id"),)

    evaluation_id: str = Field(
        primary_key=True, max_length=32, foreign_key="concord_evaluations.id", ondelete="CASCADE"
    )
    number: int = Field(sa_column=Column(BIG_SERIAL, primary_key=True, autoincrement=False))
    """The row's number in its dataset: no verdict's place depends on who judged what when."""
    example_id: str = Field(max_length=ID_MAX_CHARS)
    label: str | None = Field(default=None, max_length=8)
    """The people's, when the row was judged."""
    verdict: str | None = Field(default=None, max_length=8)
    fail_probability: float | None = None
    rationale: str | None = Field(default=None, sa_column=Column(Text))
    failure: str | None = Field(default=None, max_length=16)
    message: str | None = Field(default=None, sa_column=Column(Text))
    """Why there is no verdict."""
    classifier: str | None = Field(default=None, max_length=8)
    """What the cheap supervised classifier says, fitted on other rows; on a sample, once all are judged."""


class ShardRow(SQLModel, table=True):
    """A part of a large evaluation, a job of its own: the rows after `after_row` up to `last_row`.

    It is there until the evaluation has succeeded.
    """

    __tablename__ = "concord_shards"

    id: str = Field(primary_key=True, max_length=32, foreign_key="concord_jobs.id", ondelete="CASCADE")
    evaluation_id: str = Field(
        max_length=32, foreign_key="concord_evaluations.id", ondelete="CASCADE", index=True
    )
    after_row: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_row: int = Field(sa_column=Column(BigInteger, nullable=False))
    n_rows: int
