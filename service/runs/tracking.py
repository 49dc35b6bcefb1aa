"""Keeps MLflow up with the runs, beside them: it may be down for days and no run is slower for it."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from experiments.recording import RunRecorder
from experiments.runner import RunResult
from experiments.tracking.errors import TrackingRejected, TrackingUnavailable
from experiments.tracking.links import Links
from experiments.tracking.record import RunRecord
from optimizers.artifact import from_json
from optimizers.report import Report
from service.datasets.snapshots import load_snapshot
from service.db import transaction
from service.jobs.tables import JobRow
from service.runs import outbox
from service.runs.outbox import Due
from service.runs.stored import spec_of, trial_of, unpack_evaluations
from service.runs.tables import ResultRow, RunRow, TrialRow

log = structlog.get_logger(__name__)

LOOK_S = 0.5
AWAY_S = 5.0
"""How long a server that does not answer is left alone."""
KEPT_RECORDERS = 8
"""Runs whose trials stay in memory between two projections: a trial's interval is computed once."""

Project = Callable[[RunRecord], Links]


class Tracking:
    """A thread that projects what is due. `project` is MLflow's side of it; `source_url` gives the
    address at which a dataset can be fetched."""

    def __init__(
        self, engine: Engine, project: Project, *, holder: str, source_url: Callable[[str], str]
    ) -> None:
        self._engine = engine
        self._project = project
        self._holder = holder
        self._source_url = source_url
        self._recorders: OrderedDict[str, tuple[RunRecorder, int]] = OrderedDict()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="tracking", daemon=True)

    def start(self) -> None:
        """Begin to keep up."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Stop after the projection at hand, or leave it: another worker does it again."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _keep_up(self) -> None:
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            try:
                wait_s = self._tell_one()
            except SQLAlchemyError as error:
                log.warning("tracking_unreadable", error_type=type(error).__name__)
                wait_s = AWAY_S

    def _tell_one(self) -> float:
        """Project one run; how long to wait before the next look, in seconds."""
        with transaction(self._engine, read_only=True) as session:
            if not outbox.anything_due(session):
                return LOOK_S
        with transaction(self._engine) as session:
            due = outbox.take(session, self._holder)
        if due is None:
            return LOOK_S
        return self._tell(due)

    def _tell(self, due: Due) -> float:
        write, wait_s = self._outcome(due)
        with transaction(self._engine) as session:
            write(session)
        return wait_s

    def _outcome(self, due: Due) -> tuple[Callable[[Session], None], float]:
        """What to store after the projection, and how long to wait before the next, in seconds."""
        try:
            with transaction(self._engine, read_only=True) as session:
                record = self._record(session, due)
            links = self._project(record)
        except TrackingUnavailable as error:
            return partial(outbox.put_off, due=due, trouble=str(error), for_s=AWAY_S), AWAY_S
        except TrackingRejected as error:
            log.warning("tracking_rejected", job_id=due.run_id, reason=str(error))
            return partial(outbox.refused, due=due, trouble=str(error)), 0.0
        except SQLAlchemyError:
            raise
        except Exception as error:  # tracking never ends a worker: the run stays untold, with its reason
            log.exception("tracking_failed", job_id=due.run_id)
            return partial(outbox.refused, due=due, trouble=f"{type(error).__name__}: {error}"), 0.0
        return partial(outbox.told, due=due, links=asdict(links)), 0.0

    # --- the record ---------------------------------------------------------------------------------

    def _record(self, session: Session, due: Due) -> RunRecord:
        run, job = session.get_one(RunRow, due.run_id), session.get_one(JobRow, due.run_id)
        recorder = self._recorder(session, run, job)
        result = session.get(ResultRow, run.id)
        return recorder.record(
            due.status,
            ended_at=job.ended_at.timestamp() if job.ended_at else None,
            result=_result(session, result) if result is not None else None,
            error=job.cause,
        )

    def _recorder(self, session: Session, run: RunRow, job: JobRow) -> RunRecorder:
        """The run's recorder, told of the trials that it does not know."""
        recorder, told = self._recorders.pop(run.id, (None, 0))
        if recorder is None:
            recorder = RunRecorder(
                spec_of(run.spec),
                load_snapshot(session, run.snapshot_digest, dataset_id=run.dataset_id),
                started_at=job.created_at.timestamp(),
                source_url=self._source_url(run.dataset_id),
            )
        rows = session.exec(
            select(TrialRow)
            .where(TrialRow.run_id == run.id, col(TrialRow.number) >= told)
            .order_by(col(TrialRow.number))
        ).all()
        for row in rows:
            recorder.trial(trial_of(row))
        self._recorders[run.id] = recorder, told + len(rows)
        while len(self._recorders) > KEPT_RECORDERS:
            self._recorders.popitem(last=False)
        return recorder


def _result(session: Session, row: ResultRow) -> RunResult:
    run = session.get_one(RunRow, row.run_id)
    best = session.get_one(TrialRow, (row.run_id, run.best_trial))
    test = unpack_evaluations(row.test)
    return RunResult(
        report=Report.from_dict(row.report),
        artifact=from_json(row.artifact),
        trials=(),
        best=trial_of(best),
        test_baseline=test.get("baseline"),
        test_best=test.get("best"),
    )
