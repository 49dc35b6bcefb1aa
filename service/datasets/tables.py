"""Tables of datasets, examples, labels, marks and snapshots."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from service.clock import UtcDateTime, now

BIG_SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up INTEGER keys alone."""

ID_MAX_CHARS = 200
"""Of example ids, annotators and groups."""


class DatasetRow(SQLModel, table=True):
    """A dataset: what pass means, how labels are read, and how its rows are split."""

    __tablename__ = "concord_datasets"
    __table_args__ = (Index("ix_concord_datasets_created_at_id", "created_at", "id"),)

    id: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=200)
    criterion: str = Field(sa_column=Column(Text, nullable=False))
    label_mapping: dict[str, str] | None = Field(default=None, sa_column=Column(JSON))
    split_train: float
    split_dev: float
    split_test: float
    understood: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """How the columns and labels of the last upload were understood."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class ExampleRow(SQLModel, table=True):
    """One example. `given_*` is what the file said; `label` and `critique` are what counts now."""

    __tablename__ = "concord_examples"
    __table_args__ = (
        UniqueConstraint("dataset_id", "example_id", name="uq_concord_examples_example_id"),
        # Lists without texts, and counts, find all that they need in these: they read no row.
        Index("ix_concord_examples_order", "dataset_id", "number", "example_id", "label"),
        Index("ix_concord_examples_label", "dataset_id", "label", "label_source", "part"),
        Index("ix_concord_examples_group", "dataset_id", "group_key"),
        Index("ix_concord_examples_pair", "dataset_id", "pair_hash"),
    )

    number: int | None = Field(default=None, sa_column=Column(BIG_SERIAL, primary_key=True))
    """The order of arrival: of pages and exports, of nothing that a run decides."""
    dataset_id: str = Field(max_length=32, foreign_key="concord_datasets.id", ondelete="CASCADE")
    example_id: str = Field(max_length=ID_MAX_CHARS)
    input: str = Field(sa_column=Column(Text, nullable=False))
    output: str = Field(sa_column=Column(Text, nullable=False))
    group_name: str | None = Field(default=None, max_length=ID_MAX_CHARS)
    group_key: str = Field(max_length=ID_MAX_CHARS + 8)
    pair_hash: str = Field(max_length=64)
    """SHA-256 over input and output: one pair has one truth."""
    given_label: str | None = Field(default=None, max_length=8)
    given_critique: str | None = Field(default=None, sa_column=Column(Text))
    label: str | None = Field(default=None, max_length=8)
    label_source: str | None = Field(default=None, max_length=16)
    """`given`, `majority`, `adjudicated`, or `tie` (then without a label)."""
    critique: str | None = Field(default=None, sa_column=Column(Text))
    picked_by: str = Field(default="given", max_length=16)
    part: str | None = Field(default=None, max_length=8)
    """Set when a snapshot first takes the row in, and never moved after that."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class LabelRow(SQLModel, table=True):
    """What one annotator said about one example, at one time. Rows are added, never changed, but for
    `current`, which marks each annotator's last word. A withdrawn label has no `label`."""

    __tablename__ = "concord_labels"
    __table_args__ = (
        ForeignKeyConstraint(
            ["dataset_id", "example_id"],
            ["concord_examples.dataset_id", "concord_examples.example_id"],
            name="fk_concord_labels_example",
            ondelete="CASCADE",
        ),
        Index(
            "uq_concord_labels_current",
            "dataset_id",
            "example_id",
            "annotator",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
        Index("ix_concord_labels_example", "dataset_id", "example_id", "number"),
    )

    number: int | None = Field(default=None, sa_column=Column(BIG_SERIAL, primary_key=True))
    dataset_id: str = Field(max_length=32)
    example_id: str = Field(max_length=ID_MAX_CHARS)
    annotator: str = Field(max_length=ID_MAX_CHARS)
    label: str | None = Field(default=None, max_length=8)
    critique: str | None = Field(default=None, sa_column=Column(Text))
    picked_by: str = Field(default="given", max_length=16)
    adjudicates: bool = False
    """This label settles the row, whatever others said."""
    current: bool = True
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class MarkRow(SQLModel, table=True):
    """An annotator's mark on an example: a flag, or a skip. No part of any snapshot."""

    __tablename__ = "concord_marks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["dataset_id", "example_id"],
            ["concord_examples.dataset_id", "concord_examples.example_id"],
            name="fk_concord_marks_example",
            ondelete="CASCADE",
        ),
    )

    dataset_id: str = Field(primary_key=True, max_length=32)
    example_id: str = Field(primary_key=True, max_length=ID_MAX_CHARS)
    annotator: str = Field(primary_key=True, max_length=ID_MAX_CHARS)
    kind: str = Field(max_length=8)
    note: str | None = Field(default=None, sa_column=Column(Text))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class SnapshotRow(SQLModel, table=True):
    """A dataset's state as a run saw it, under its digest; written once, never changed."""

    __tablename__ = "concord_snapshots"

    digest: str = Field(primary_key=True, max_length=64)
    dataset_id: str = Field(
        primary_key=True, max_length=32, foreign_key="concord_datasets.id", ondelete="CASCADE", index=True
    )
    n_rows: int
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """Compressed canonical JSON."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
