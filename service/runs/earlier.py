"""What earlier runs on a dataset found, for a run that starts from it."""

from sqlmodel import Session, and_, col, select

from experiments.spec import EarlierRun
from service.jobs.states import Status
from service.jobs.tables import JobRow
from service.runs.stored import candidate_of
from service.runs.tables import RunRow, TrialRow

MOST = 2
"""Runs that a run starts from, the latest first: a later winner has mostly taken in what came before."""


def winners(session: Session, dataset_id: str) -> tuple[EarlierRun, ...]:
    """The latest runs on the dataset that succeeded with another winner than their baseline, at most
    `MOST`, the one that ended last first."""
    statement = (
        select(TrialRow)
        .join(RunRow, and_(col(RunRow.id) == col(TrialRow.run_id), RunRow.best_trial == TrialRow.number))
        .join(JobRow, col(JobRow.id) == col(RunRow.id))
        .where(RunRow.dataset_id == dataset_id, JobRow.status == Status.SUCCEEDED, TrialRow.number != 0)
        .order_by(col(JobRow.ended_at).desc(), col(JobRow.id).desc())
        .limit(MOST)
    )
    return tuple(
        EarlierRun(run_id=trial.run_id, candidate=candidate_of(trial)) for trial in session.exec(statement)
    )
