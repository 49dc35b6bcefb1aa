"""Priorities and exclusive runs, versions of workers, counters of all processes, removals yet to do."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
RUNNING_ONE = sa.text("status = 'running'")


def upgrade() -> None:
    # Defaults stay in the database: a process of the version before may still insert rows.
    op.add_column("concord_jobs", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("concord_jobs", sa.Column("exclusive_key", sa.String(128)))
    op.add_column("concord_jobs", sa.Column("time_left_s", sa.Double()))
    op.create_index(
        "ix_concord_jobs_exclusive",
        "concord_jobs",
        ["exclusive_key"],
        unique=True,
        sqlite_where=RUNNING_ONE,
        postgresql_where=RUNNING_ONE,
    )
    op.add_column(
        "concord_worker_leases",
        sa.Column("version", sa.String(32), nullable=False, server_default="jobs-1"),
    )
    op.create_table(
        "concord_counters",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("labels", sa.String(400), primary_key=True),
        sa.Column("value", sa.Double(), nullable=False),
    )
    op.create_table(
        "concord_removals",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("held_until", sa.Double(), nullable=False),
        sa.Column("trouble", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
    )
