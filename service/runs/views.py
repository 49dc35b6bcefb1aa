"""What is told about runs."""

from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from optimizers.report import Conclusion, Recommended
from service.errors import Conflict, NotFound
from service.jobs import queue
from service.jobs.listing import cursor_of, newest_first
from service.jobs.schemas import state_of
from service.jobs.tables import JobRow
from service.paging import Page, PageRequest, page_of
from service.runs.actions import KIND
from service.runs.schemas import BestSoFar, RunOut, TestedOut
from service.runs.stored import spec_of
from service.runs.tables import ResultRow, RunRow, TrackingRow

PAGES = ("run", "trials", "compare", "experiment")
"""The pages of MLflow that a run has."""


def one(session: Session, run_id: str) -> RunOut:
    """A run as it is now.

    Raises:
        NotFound: there is none.
    """
    parts = session.execute(_parts().where(col(RunRow.id) == run_id)).one_or_none()
    if parts is None:
        raise NotFound(KIND, run_id)
    return _run(parts, queue.ahead_of(session, parts[1]))


def page(session: Session, request: PageRequest, *, dataset_id: str | None) -> Page[RunOut]:
    """Runs, newest first."""
    statement = _parts()
    if dataset_id is not None:
        statement = statement.where(col(RunRow.dataset_id) == dataset_id)
    rows = session.execute(newest_first(statement, request)).all()
    ahead = queue.waiting_for(session, [row[1] for row in rows])
    return page_of(rows, request, lambda row: cursor_of(row[1]), lambda row: _run(row, ahead.get(row[1].id)))


def require(session: Session, run_id: str) -> RunRow:
    """The run's row.

    Raises:
        NotFound: there is none.
    """
    run = session.get(RunRow, run_id)
    if run is None:
        raise NotFound(KIND, run_id)
    return run


def result(session: Session, run_id: str) -> ResultRow:
    """What a run left.

    Raises:
        NotFound: there is no such run.
        Conflict: it has not succeeded, so far.
    """
    require(session, run_id)
    found = session.get(ResultRow, run_id)
    if found is None:
        status = session.get_one(JobRow, run_id).status
        raise Conflict(f"{run_id} is {status}: only a run that has succeeded has a best judge and a report")
    return found


def best_of_dataset(session: Session, dataset_id: str) -> ResultRow:
    """The result of the dataset's best run: of those that measured an improvement, or else of all, the
    one with the highest kappa on test, or else on dev. Ties go to the older run.

    Raises:
        NotFound: the dataset has none.
    """
    statement = (
        select(ResultRow)
        .join(RunRow, col(RunRow.id) == col(ResultRow.run_id))
        .join(JobRow, col(JobRow.id) == col(RunRow.id))
        .where(col(RunRow.dataset_id) == dataset_id)
        .order_by(
            (col(RunRow.recommended) == "best").desc(),
            func.coalesce(col(RunRow.test_kappa), col(RunRow.best_kappa), -1.0).desc(),
            col(JobRow.created_at),
        )
        .limit(1)
    )
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("best judge of dataset", dataset_id)
    return found


_TESTED = {
    "baseline": ("test", "baseline", "kappa"),
    "best": ("test", "best", "kappa"),
    "gain": ("test", "gain"),
}
"""Where a report holds what a list shows of it: the database picks it out, the rest stays there."""


def _parts() -> Any:  # Any: a select of several tables, whose type no one would read
    report = col(ResultRow.report)
    return (
        select(RunRow, JobRow, TrackingRow, *(report[path].label(name) for name, path in _TESTED.items()))
        .join(JobRow, col(JobRow.id) == col(RunRow.id))
        .join(TrackingRow, col(TrackingRow.run_id) == col(RunRow.id))
        .outerjoin(ResultRow, col(ResultRow.run_id) == col(RunRow.id))
    )


def _tested(parts: Any) -> TestedOut | None:  # Any: a row of the select above
    found = {name: getattr(parts, name) for name in _TESTED}
    return None if None in found.values() else TestedOut.model_validate(found)


def _run(parts: Any, waiting_for: str | None) -> RunOut:  # Any: a row of the select above
    run: RunRow = parts[0]
    job: JobRow = parts[1]
    tracking: TrackingRow = parts[2]
    spec = spec_of(run.spec)
    best = None
    if run.best_trial is not None and run.best_kappa is not None:
        best = BestSoFar(trial=run.best_trial, kappa=run.best_kappa)
    links = {name: tracking.links.get(name) for name in PAGES}
    return RunOut(
        **state_of(job, waiting_for),
        id=run.id,
        dataset_id=run.dataset_id,
        snapshot=run.snapshot_digest,
        strategy=run.strategy,
        model=run.model,
        proposer_model=spec.proposer.name,
        exclusive=job.exclusive_key is not None,
        seed=spec.seed,
        earlier_runs=[earlier.run_id for earlier in spec.earlier],
        budget=run.spec["budget"],
        spend_cap=run.spec["spend_cap"],
        trials=run.trials,
        best=best,
        conclusion=Conclusion(run.conclusion) if run.conclusion else None,
        recommended=Recommended(run.recommended) if run.recommended else None,
        test_kappa=run.test_kappa,
        test=_tested(parts),
        artifact_digest=run.artifact_digest,
        mlflow_url=links["run"],
        mlflow=links,
        mlflow_trouble=tracking.trouble,
    )
