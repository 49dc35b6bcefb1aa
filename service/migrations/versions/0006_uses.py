"""Who used which answer of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "concord_ledger_uses",
        sa.Column("account", sa.String(128), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("used_at", sa.Double(), nullable=False),
    )
    op.create_index("ix_concord_ledger_uses_key", "concord_ledger_uses", ["key"])
