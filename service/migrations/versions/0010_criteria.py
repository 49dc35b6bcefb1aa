"""Criteria with their history, assertions with what they say of rows, and labels on a criterion alone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_criteria()
    _create_versions()
    _create_assertions()
    _create_verdicts()
    _create_runs()
    _create_labels()


def _of(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"concord_{table}.id"], ondelete="CASCADE")


def _create_criteria() -> None:
    op.create_table(
        "concord_criteria",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dataset_id", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("author", sa.String(200)),
        sa.Column("parents", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT),
        _of("dataset_id", "datasets"),
    )
    op.create_index("ix_concord_criteria_dataset_id", "concord_criteria", ["dataset_id"])


def _create_versions() -> None:
    op.create_table(
        "concord_criterion_versions",
        sa.Column("criterion_id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("author", sa.String(200)),
        sa.Column("note", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        _of("criterion_id", "criteria"),
    )


def _create_assertions() -> None:
    op.create_table(
        "concord_assertions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dataset_id", sa.String(32), nullable=False),
        sa.Column("criterion_id", sa.String(32), nullable=False),
        sa.Column("criterion_version", sa.Integer(), nullable=False),
        sa.Column("criterion_text", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reasoning", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(200)),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("replaces", sa.String(32)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("retired_at", MOMENT),
        _of("dataset_id", "datasets"),
        _of("criterion_id", "criteria"),
    )
    for column in ("dataset_id", "criterion_id"):
        op.create_index(f"ix_concord_assertions_{column}", "concord_assertions", [column])


def _create_verdicts() -> None:
    op.create_table(
        "concord_assertion_verdicts",
        sa.Column("assertion_id", sa.String(32), primary_key=True),
        sa.Column("model_key", sa.String(16), primary_key=True),
        sa.Column("example_id", sa.String(200), primary_key=True),
        sa.Column("model", sa.String(200)),
        sa.Column("verdict", sa.String(8)),
        sa.Column("fail_probability", sa.Float()),
        sa.Column("rationale", sa.Text()),
        sa.Column("failure", sa.String(16)),
        sa.Column("message", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        _of("assertion_id", "assertions"),
    )


def _create_runs() -> None:
    op.create_table(
        "concord_assertion_runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dataset_id", sa.String(32), nullable=False),
        sa.Column("model", sa.String(200)),
        sa.Column("api_base", sa.String(500)),
        sa.Column("model_key", sa.String(16), nullable=False),
        sa.Column("assertions", sa.JSON(), nullable=False),
        sa.Column("only_labelled", sa.Boolean(), nullable=False),
        sa.Column("last_row", sa.BigInteger(), nullable=False),
        sa.Column("spend_cap", sa.JSON()),
        sa.Column("judged", sa.Integer(), nullable=False),
        _of("id", "jobs"),
        _of("dataset_id", "datasets"),
    )
    op.create_index("ix_concord_assertion_runs_dataset_id", "concord_assertion_runs", ["dataset_id"])


def _create_labels() -> None:
    op.create_table(
        "concord_criterion_labels",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("criterion_id", sa.String(32), nullable=False),
        sa.Column("criterion_version", sa.Integer(), nullable=False),
        sa.Column("example_id", sa.String(200), nullable=False),
        sa.Column("annotator", sa.String(200), nullable=False),
        sa.Column("label", sa.String(8)),
        sa.Column("critique", sa.Text()),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _of("criterion_id", "criteria"),
    )
    op.create_index("ix_concord_criterion_labels_criterion_id", "concord_criterion_labels", ["criterion_id"])
    op.create_index(
        "uq_concord_criterion_labels_current",
        "concord_criterion_labels",
        ["criterion_id", "example_id", "annotator"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
