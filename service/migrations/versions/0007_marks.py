"""Annotators' marks on examples, and an index that lists examples without reading their texts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "concord_marks",
        sa.Column("dataset_id", sa.String(32), primary_key=True),
        sa.Column("example_id", sa.String(200), primary_key=True),
        sa.Column("annotator", sa.String(200), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id", "example_id"],
            ["concord_examples.dataset_id", "concord_examples.example_id"],
            name="fk_concord_marks_example",
            ondelete="CASCADE",
        ),
    )
    op.drop_index("ix_concord_examples_dataset_number", "concord_examples")
    op.create_index(
        "ix_concord_examples_order", "concord_examples", ["dataset_id", "number", "example_id", "label"]
    )
