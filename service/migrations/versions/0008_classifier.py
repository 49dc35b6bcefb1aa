"""What a cheap classifier says, beside the judge's verdicts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("concord_verdicts", sa.Column("classifier", sa.String(8)))
