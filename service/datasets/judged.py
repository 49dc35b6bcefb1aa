"""What the judges of a dataset's latest evaluations said about some of its rows."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from service.datasets.labelling_schemas import VerdictOnRow
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs.tables import JobRow

MAX_EVALUATIONS = 3


def latest_verdicts(
    session: Session, dataset_id: str, example_ids: Sequence[str]
) -> dict[str, list[VerdictOnRow]]:
    """By row, of the three latest evaluations; the newest comes first."""
    query = (
        select(col(EvaluationRow.id), col(EvaluationRow.model))
        .join(JobRow, col(JobRow.id) == col(EvaluationRow.id))
        .where(col(EvaluationRow.dataset_id) == dataset_id)
        .order_by(col(JobRow.created_at).desc(), col(JobRow.id).desc())
        .limit(MAX_EVALUATIONS)
    )
    models = dict(session.execute(query).all())
    if not models:
        return {}
    newest_first = {evaluation_id: place for place, evaluation_id in enumerate(models)}
    said = session.scalars(
        select(VerdictRow).where(
            col(VerdictRow.evaluation_id).in_(models), col(VerdictRow.example_id).in_(example_ids)
        )
    ).all()
    found: dict[str, list[VerdictOnRow]] = {}
    for row in sorted(said, key=lambda row: newest_first[row.evaluation_id]):
        found.setdefault(row.example_id, []).append(_shown(row, models[row.evaluation_id]))
    return found


def _shown(row: VerdictRow, model: str) -> VerdictOnRow:
    return VerdictOnRow.model_validate(
        {
            "evaluation_id": row.evaluation_id,
            "model": model,
            "verdict": row.verdict,
            "fail_probability": row.fail_probability,
            "rationale": row.rationale,
            "failure": row.failure,
        }
    )
