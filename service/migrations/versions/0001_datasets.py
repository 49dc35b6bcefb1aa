"""Datasets, examples, labels, snapshots, idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_datasets()
    _create_examples()
    _create_labels()
    _create_snapshots()
    _create_idempotency()


def _create_datasets() -> None:
    op.create_table(
        "concord_datasets",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("label_mapping", sa.JSON()),
        sa.Column("split_train", sa.Float(), nullable=False),
        sa.Column("split_dev", sa.Float(), nullable=False),
        sa.Column("split_test", sa.Float(), nullable=False),
        sa.Column("understood", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("ix_concord_datasets_created_at_id", "concord_datasets", ["created_at", "id"])


def _create_examples() -> None:
    op.create_table(
        "concord_examples",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("dataset_id", sa.String(32), nullable=False),
        sa.Column("example_id", sa.String(200), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("group_name", sa.String(200)),
        sa.Column("group_key", sa.String(208), nullable=False),
        sa.Column("pair_hash", sa.String(64), nullable=False),
        sa.Column("given_label", sa.String(8)),
        sa.Column("given_critique", sa.Text()),
        sa.Column("label", sa.String(8)),
        sa.Column("label_source", sa.String(16)),
        sa.Column("critique", sa.Text()),
        sa.Column("picked_by", sa.String(16), nullable=False),
        sa.Column("part", sa.String(8)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["concord_datasets.id"], ondelete="CASCADE"),
        sa.UniqueConstraint("dataset_id", "example_id", name="uq_concord_examples_example_id"),
    )
    for name, column in (("dataset_number", "number"), ("pair", "pair_hash"), ("label", "label")):
        op.create_index(f"ix_concord_examples_{name}", "concord_examples", ["dataset_id", column])


def _create_labels() -> None:
    op.create_table(
        "concord_labels",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("dataset_id", sa.String(32), nullable=False),
        sa.Column("example_id", sa.String(200), nullable=False),
        sa.Column("annotator", sa.String(200), nullable=False),
        sa.Column("label", sa.String(8)),
        sa.Column("critique", sa.Text()),
        sa.Column("picked_by", sa.String(16), nullable=False),
        sa.Column("adjudicates", sa.Boolean(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id", "example_id"],
            ["concord_examples.dataset_id", "concord_examples.example_id"],
            name="fk_concord_labels_example",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_concord_labels_example", "concord_labels", ["dataset_id", "example_id", "number"])
    op.create_index(
        "uq_concord_labels_current",
        "concord_labels",
        ["dataset_id", "example_id", "annotator"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )


def _create_snapshots() -> None:
    op.create_table(
        "concord_snapshots",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("dataset_id", sa.String(32), primary_key=True),
        sa.Column("n_rows", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["concord_datasets.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_concord_snapshots_dataset_id", "concord_snapshots", ["dataset_id"])


def _create_idempotency() -> None:
    op.create_table(
        "concord_idempotency",
        sa.Column("scope", sa.String(64), primary_key=True),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("ix_concord_idempotency_created_at", "concord_idempotency", ["created_at"])


def downgrade() -> None:
    for table in ("idempotency", "snapshots", "labels", "examples", "datasets"):
        op.drop_table(f"concord_{table}")
