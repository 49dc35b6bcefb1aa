"""The ledger of several hosts: answers, claims, accounts, reservations, provider limits."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "concord_ledger_answers",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("api_base", sa.Text()),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
    )
    op.create_table(
        "concord_ledger_claims",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
    )
    op.create_table(
        "concord_ledger_accounts",
        sa.Column("account", sa.String(128), primary_key=True),
        *_counts("calls", "prompt_tokens", "completion_tokens", "cost_pico", "unpriced_calls"),
    )
    op.create_table(
        "concord_ledger_reservations",
        sa.Column("id", SERIAL, primary_key=True),
        sa.Column("account", sa.String(128), nullable=False),
        *_counts("prompt_tokens", "completion_tokens"),
        sa.Column("cost_pico", sa.BigInteger()),
    )
    op.create_table(
        "concord_provider_lanes",
        sa.Column("lane", sa.String(512), primary_key=True),
        sa.Column("requests_until", sa.Double(), nullable=False),
        sa.Column("tokens_until", sa.Double(), nullable=False),
        sa.Column("admitted_at", sa.Double(), nullable=False),
    )


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def downgrade() -> None:
    ledger = ("ledger_reservations", "ledger_accounts", "ledger_claims", "ledger_answers")
    for table in ("provider_lanes", *ledger):
        op.drop_table(f"concord_{table}")
