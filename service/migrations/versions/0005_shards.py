"""Shards of large evaluations; verdicts carry the number of their row."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "concord_shards",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("evaluation_id", sa.String(32), nullable=False),
        sa.Column("after_row", sa.BigInteger(), nullable=False),
        sa.Column("last_row", sa.BigInteger(), nullable=False),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["concord_jobs.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["evaluation_id"], ["concord_evaluations.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_concord_shards_evaluation_id", "concord_shards", ["evaluation_id"])
    if op.get_bind().dialect.name == "postgresql":  # SQLite's integers are as wide as they need to be
        op.alter_column("concord_verdicts", "number", type_=sa.BigInteger(), existing_nullable=False)
