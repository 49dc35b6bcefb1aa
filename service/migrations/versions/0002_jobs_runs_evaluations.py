"""Jobs with their events and leases, runs, evaluations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_jobs()
    _create_events()
    _create_leases()
    _create_runs()
    _create_trials()
    _create_results()
    _create_tracking()
    _create_evaluations()
    _create_verdicts()


def _belongs_to(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"concord_{table}.id"], ondelete="CASCADE")


def _create_jobs() -> None:
    op.create_table(
        "concord_jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("dataset_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(16)),
        sa.Column("cause", sa.Text()),
        sa.Column("dispatch", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.String(64)),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("pause_requested", sa.Boolean(), nullable=False),
        sa.Column("phase", sa.String(32), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("usage", sa.JSON(), nullable=False),
        sa.Column("wall_s", sa.Double(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("updated_at", MOMENT, nullable=False),
        _belongs_to("dataset_id", "datasets"),
    )
    op.create_index("ix_concord_jobs_kind_created", "concord_jobs", ["kind", "created_at", "id"])
    op.create_index("ix_concord_jobs_status", "concord_jobs", ["status"])
    op.create_index("ix_concord_jobs_dataset_id", "concord_jobs", ["dataset_id"])


def _create_events() -> None:
    op.create_table(
        "concord_events",
        sa.Column("number", SERIAL, primary_key=True),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _belongs_to("job_id", "jobs"),
    )
    op.create_index("ix_concord_events_job", "concord_events", ["job_id", "number"])


def _create_leases() -> None:
    op.create_table(
        "concord_worker_leases",
        sa.Column("worker_id", sa.String(64), primary_key=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
    )


def _create_runs() -> None:
    op.create_table(
        "concord_runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dataset_id", sa.String(32), nullable=False),
        sa.Column("snapshot_digest", sa.String(64), nullable=False),
        sa.Column("strategy", sa.String(64), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("best_trial", sa.Integer()),
        sa.Column("best_kappa", sa.Float()),
        sa.Column("conclusion", sa.String(16)),
        sa.Column("recommended", sa.String(16)),
        sa.Column("test_kappa", sa.Float()),
        sa.Column("artifact_digest", sa.String(64)),
        _belongs_to("id", "jobs"),
        _belongs_to("dataset_id", "datasets"),
    )
    op.create_index("ix_concord_runs_dataset_id", "concord_runs", ["dataset_id"])


def _create_trials() -> None:
    op.create_table(
        "concord_trials",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("candidate_id", sa.String(16), nullable=False),
        sa.Column("parent_id", sa.String(16)),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("kappa", sa.Float()),
        sa.Column("candidate", sa.JSON(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("dev", sa.JSON(), nullable=False),
        sa.Column("usage", sa.JSON(), nullable=False),
        sa.Column("outcomes", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _belongs_to("run_id", "runs"),
    )


def _create_results() -> None:
    op.create_table(
        "concord_results",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("artifact", sa.Text(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("test", sa.LargeBinary(), nullable=False),
        _belongs_to("run_id", "runs"),
    )


def _create_tracking() -> None:
    op.create_table(
        "concord_tracking",
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("held_by", sa.String(64)),
        sa.Column("held_until", sa.Double(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("trouble", sa.Text()),
        _belongs_to("run_id", "runs"),
    )
    op.create_index("ix_concord_tracking_due", "concord_tracking", ["due"])


def _create_evaluations() -> None:
    op.create_table(
        "concord_evaluations",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("dataset_id", sa.String(32), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("judge", sa.JSON(), nullable=False),
        sa.Column("only_labelled", sa.Boolean(), nullable=False),
        sa.Column("last_row", sa.BigInteger(), nullable=False),
        sa.Column("spend_cap", sa.JSON()),
        sa.Column("judged", sa.Integer(), nullable=False),
        sa.Column("agreement", sa.JSON()),
        sa.Column("human_agreement", sa.JSON()),
        _belongs_to("id", "jobs"),
        _belongs_to("dataset_id", "datasets"),
    )
    op.create_index("ix_concord_evaluations_dataset_id", "concord_evaluations", ["dataset_id"])


def _create_verdicts() -> None:
    op.create_table(
        "concord_verdicts",
        sa.Column("evaluation_id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("example_id", sa.String(200), nullable=False),
        sa.Column("label", sa.String(8)),
        sa.Column("verdict", sa.String(8)),
        sa.Column("fail_probability", sa.Float()),
        sa.Column("rationale", sa.Text()),
        sa.Column("failure", sa.String(16)),
        sa.Column("message", sa.Text()),
        _belongs_to("evaluation_id", "evaluations"),
    )
    op.create_index("ix_concord_verdicts_example", "concord_verdicts", ["evaluation_id", "example_id"])


def downgrade() -> None:
    tables = ("verdicts", "evaluations", "tracking", "results", "trials", "runs")
    for table in (*tables, "worker_leases", "events", "jobs"):
        op.drop_table(f"concord_{table}")
