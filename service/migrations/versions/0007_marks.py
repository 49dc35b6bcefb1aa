"""Annotators' marks on examples, and indexes that list and count examples without reading their texts."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_marks()
    op.drop_index("ix_concord_examples_dataset_number", "concord_examples")
    op.drop_index("ix_concord_examples_label", "concord_examples")
    for name, columns in (
        ("order", ("number", "example_id", "label")),
        ("label", ("label", "label_source", "part")),
        ("group", ("group_key",)),
    ):
        op.create_index(f"ix_concord_examples_{name}", "concord_examples", ["dataset_id", *columns])


def _create_marks() -> None:
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
