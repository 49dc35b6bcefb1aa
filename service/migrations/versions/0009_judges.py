"""Named judges: versions, promotions, traffic and samples of it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_judges()
    _create_versions()
    _create_promotions()
    _create_traffic()
    _create_samples()


def _of_judge() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["judge_id"], ["concord_judges.id"], ondelete="CASCADE")


def _create_judges() -> None:
    op.create_table(
        "concord_judges",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("champion", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
    )


def _create_versions() -> None:
    op.create_table(
        "concord_judge_versions",
        sa.Column("judge_id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("source_id", sa.String(32)),
        sa.Column("dataset_id", sa.String(32)),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("artifact_digest", sa.String(64), nullable=False),
        sa.Column("conclusion", sa.String(16)),
        sa.Column("measured", sa.JSON()),
        sa.Column("note", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        _of_judge(),
        sa.ForeignKeyConstraint(["dataset_id"], ["concord_datasets.id"]),
    )
    op.create_index("ix_concord_judge_versions_dataset_id", "concord_judge_versions", ["dataset_id"])


def _create_promotions() -> None:
    op.create_table(
        "concord_promotions",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("judge_id", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.Integer()),
        sa.Column("ground", sa.String(16), nullable=False),
        sa.Column("because", sa.Text()),
        sa.Column("by", sa.String(200)),
        sa.Column("created_at", MOMENT, nullable=False),
        _of_judge(),
    )
    op.create_index("ix_concord_promotions_judge_id", "concord_promotions", ["judge_id"])


def _create_traffic() -> None:
    op.create_table(
        "concord_traffic",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("judge_id", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.String(200)),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("pair_hash", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(8)),
        sa.Column("fail_probability", sa.Float()),
        sa.Column("rationale", sa.Text()),
        sa.Column("failure", sa.String(16)),
        sa.Column("message", sa.Text()),
        sa.Column("sample", sa.Integer()),
        sa.Column("example_id", sa.String(200)),
        sa.Column("created_at", MOMENT, nullable=False),
        _of_judge(),
    )
    op.create_index("ix_concord_traffic_version", "concord_traffic", ["judge_id", "version", "created_at"])
    op.create_index("ix_concord_traffic_row", "concord_traffic", ["judge_id", "row_id"])


def _create_samples() -> None:
    op.create_table(
        "concord_samples",
        sa.Column("judge_id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _of_judge(),
    )
