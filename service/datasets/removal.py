"""Deleting a dataset, and all that came of it, wherever that is kept."""

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, SQLModel, col, select

from service.datasets import store
from service.datasets.schemas import DatasetRemoved
from service.datasets.tables import ExampleRow, SnapshotRow
from service.errors import Conflict
from service.jobs.states import ENDED, Status
from service.jobs.tables import JobRow
from service.judges.store import judges_of
from service.removals import orders


def delete(session: Session, dataset_id: str) -> DatasetRemoved:
    """Remove a dataset with its rows, labels, snapshots, and the runs and evaluations on it; have a
    worker remove the answers that they alone used from the ledger, and their runs from MLflow.

    Raises:
        NotFound: there is no such dataset.
        Conflict: work on it is queued, running or paused, or a named judge has a version of it.
    """
    dataset = store.get_dataset(session, dataset_id, lock=True)
    alive = [status for status in Status if status not in ENDED]
    job = session.exec(
        select(JobRow).where(JobRow.dataset_id == dataset_id, col(JobRow.status).in_(alive)).limit(1)
    ).first()
    if job is not None:
        raise Conflict(f"{job.id} works on {dataset_id} and is {job.status}; cancel it first")
    judges = judges_of(session, dataset_id)
    if judges:
        raise Conflict(f"the judge {judges[0]!r} has a version of {dataset_id}; delete that judge first")
    removed = _removal_of(session, dataset_id)
    jobs = session.exec(select(JobRow.id).where(JobRow.dataset_id == dataset_id)).all()
    for job_id in jobs:
        orders.order(session, orders.LEDGER, job_id)
    if removed.runs:
        orders.order(session, orders.MLFLOW, dataset_id)
    session.delete(dataset)
    session.flush()
    return removed


def _removal_of(session: Session, dataset_id: str) -> DatasetRemoved:
    def count(table: type[SQLModel], *conditions: ColumnElement[bool]) -> int:
        return session.exec(select(func.count()).select_from(table).where(*conditions)).one()

    of_kind = [col(JobRow.dataset_id) == dataset_id]
    runs = count(JobRow, *of_kind, col(JobRow.kind) == "run")
    jobs = count(JobRow, *of_kind)
    return DatasetRemoved(
        id=dataset_id,
        examples=count(ExampleRow, col(ExampleRow.dataset_id) == dataset_id),
        snapshots=count(SnapshotRow, col(SnapshotRow.dataset_id) == dataset_id),
        runs=runs,
        evaluations=count(JobRow, *of_kind, col(JobRow.kind) == "evaluation"),
        to_follow=[what for what, due in (("ledger", jobs), ("mlflow", runs)) if due],
    )
