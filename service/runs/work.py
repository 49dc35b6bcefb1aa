"""A run in a worker: from its row to its result."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from experiments.runner import RunResult, run_optimization
from experiments.spec import RunSpec
from optimizers.lm.gateway import Gateway
from optimizers.lm.loop import BackgroundLoop
from optimizers.types import Snapshot, Usage
from service.clock import now
from service.datasets.snapshots import load_snapshot
from service.errors import NotFound
from service.jobs.attempts import Attempt
from service.jobs.performer import Publish
from service.jobs.tables import JobRow
from service.runs import outbox
from service.runs.actions import KIND
from service.runs.recorder import Recorder
from service.runs.stored import pack_evaluations, spec_of
from service.runs.tables import ResultRow, RunRow, TrialRow


class RunWork:
    """Does runs. `max_in_flight` bounds the model calls that one has open."""

    def __init__(self, gateway: Gateway, loop: BackgroundLoop, *, max_in_flight: int) -> None:
        self._gateway = gateway
        self._loop = loop
        self._max_in_flight = max_in_flight

    def __call__(self, attempt: Attempt) -> Publish:
        """Run to the end, or to where somebody or something stops it; see `run_optimization`."""
        spec, snapshot = attempt.read(partial(_asked, run_id=attempt.job_id))
        result = run_optimization(
            replace(spec, max_in_flight=self._max_in_flight),
            snapshot,
            self._gateway,
            self._loop,
            Recorder(attempt, spec, snapshot),
            attempt.control,
        )
        attempt.progress("finished", 1, 1, _spent(result))
        return partial(_publish, run_id=attempt.job_id, result=result)


def _asked(session: Session, run_id: str) -> tuple[RunSpec, Snapshot]:
    run = session.get(RunRow, run_id)
    if run is None:
        raise NotFound(KIND, run_id)
    snapshot = load_snapshot(session, run.snapshot_digest, dataset_id=run.dataset_id)
    readings = session.scalar(
        select(func.count())
        .select_from(RunRow)
        .where(
            col(RunRow.dataset_id) == run.dataset_id,
            col(RunRow.id) != run.id,
            col(RunRow.conclusion).is_not(None),
        )
    )
    created_at = session.get_one(JobRow, run_id).created_at
    spec = replace(spec_of(run.spec), test_readings=readings or 0)
    return replace(spec, max_age_s=age_by_now(spec.max_age_s, created_at)), snapshot


def age_by_now(max_age_s: float | None, created_at: datetime) -> float | None:
    """The age in seconds up to which an answer counts in an attempt that begins now. The limit was set
    when the run was asked for: what the run itself has paid for since is never too old."""
    return None if max_age_s is None else max_age_s + max(0.0, (now() - created_at).total_seconds())


def _publish(session: Session, *, run_id: str, result: RunResult) -> None:
    """Store the result. Trials beyond its own, from an attempt of an older version, go."""
    run = session.get_one(RunRow, run_id)
    test = {"baseline": result.test_baseline, "best": result.test_best}
    session.merge(
        ResultRow(
            run_id=run_id,
            artifact=result.artifact.to_json(),
            report=result.report.to_dict(),
            test=pack_evaluations(test),
        )
    )
    beyond = col(TrialRow.number) >= len(result.trials)
    session.execute(delete(TrialRow).where(col(TrialRow.run_id) == run_id, beyond))
    best = result.report.test.best
    run.trials = len(result.trials)
    run.best_trial, run.best_kappa = result.best.number, result.best.kappa
    run.conclusion, run.recommended = result.report.conclusion, result.report.recommended
    run.test_kappa = best.kappa.value if best is not None else None
    run.artifact_digest = result.artifact.digest
    session.add(run)
    outbox.note(session, run_id)


def _spent(result: RunResult) -> Usage:
    """What the run took, by its report."""
    spend = result.report.spend
    return Usage(
        calls=spend.calls,
        cached_calls=spend.cached_calls,
        prompt_tokens=spend.prompt_tokens,
        completion_tokens=spend.completion_tokens,
        cost_usd=spend.cost_usd,
    )
