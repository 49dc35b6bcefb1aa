"""What every worker does for all: jobs of the dead go back to the queue, and no job is forgotten."""

from pathlib import Path

import structlog
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from service.db import transaction
from service.jobs import leases, liveness, queue, store
from service.jobs.dispatch import dispatch
from service.jobs.engine import MAX_RECOVERIES, Receiver, Sender, Sending, take_over, workflow_id
from service.jobs.leases import LeaseKeeper
from service.jobs.states import Status
from service.jobs.store import Lease
from service.jobs.tables import JobRow

log = structlog.get_logger(__name__)

UNDER_WAY = frozenset({"PENDING", "ENQUEUED", "DELAYED"})
WORN_OUT = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
BATCH = 500


class Housekeeping:
    """One round is one call of `sweep`; several workers may sweep at the same moment."""

    def __init__(
        self, engine: Engine, sender: Sender, receiver: Receiver, keeper: LeaseKeeper, life_signs: Path
    ) -> None:
        self._engine = engine
        self._sender = sender
        self._receiver = receiver
        self._keeper = keeper
        self._life_signs = life_signs

    def sweep(self) -> None:
        """Bury the dead, take over their jobs, and send again what got lost on the way."""
        for lease in self._dead():
            self._bury(lease)
        orphaned = self._receiver.executors_at_work() - self._known_workers()
        if orphaned:
            take_over(sorted(orphaned))
        self._send_lost()

    def _dead(self) -> list[Lease]:
        with transaction(self._engine, read_only=True) as session:
            known = leases.every(session)
            silent = set(leases.expired(session)) if self._keeper.may_judge else set()
        others = [lease for lease in known if lease.worker_id != self._keeper.lease.worker_id]
        return [lease for lease in others if lease in silent or self._is_surely_dead(lease)]

    def _is_surely_dead(self, lease: Lease) -> bool:
        return liveness.is_surely_dead(self._life_signs, lease.worker_id)

    def _bury(self, lease: Lease) -> None:
        """In one transaction: the lease ends, and whoever held it can write to none of its jobs."""
        sure = self._is_surely_dead(lease)
        with transaction(self._engine) as session:
            if not leases.end(session, lease, unless_renewed=not sure):
                return
            jobs = store.give_back(session, col(JobRow.worker_id) == lease.worker_id)
        if sure:
            liveness.forget(self._life_signs, lease.worker_id)
        log.warning("worker_lost", worker_id=lease.worker_id, jobs=jobs)

    def _known_workers(self) -> set[str]:
        with transaction(self._engine, read_only=True) as session:
            return {lease.worker_id for lease in leases.every(session)}

    def _send_lost(self) -> None:
        """A job that waits while the engine holds nothing for it (its worker stopped, or could not
        record its end; the job that it waited for has ended; no worker of its version is left) is sent
        again; one that killed too many workers has failed."""
        with transaction(self._engine, read_only=True) as session:
            waiting = select(col(JobRow.id), col(JobRow.dispatch), col(JobRow.fence)).where(
                col(JobRow.status).in_([Status.QUEUED, Status.RUNNING])
            )
            jobs = [(row[0], row[1], row[2]) for row in session.execute(waiting)]
            able = leases.versions(session)
        for start in range(0, len(jobs), BATCH):
            batch = jobs[start : start + BATCH]
            states = self._receiver.states([workflow_id(id_, number) for id_, number, _ in batch])
            for id_, number, fence in batch:
                sending = states.get(workflow_id(id_, number))
                if not _is_under_way(sending, able):
                    self._send_again(id_, fence, sending)

    def _send_again(self, job_id: str, fence: int, sending: Sending | None) -> None:
        with transaction(self._engine, read_only=True) as session:
            job = session.get(JobRow, job_id)
            if job is None or queue.ahead_of(session, job) is not None:
                return
        with transaction(self._engine) as session:
            job = _unchanged(session, job_id, fence)
            if job is None:
                return
            before = workflow_id(job_id, job.dispatch)
            if sending is not None and sending.status == WORN_OUT:
                cause = f"{MAX_RECOVERIES} workers ended while they were at it; their logs say how"
                store.move(session, job, Status.FAILED, cause=cause)
                return
            if job.status == Status.RUNNING:
                store.move(session, job, Status.QUEUED)
            dispatch(session, self._sender, job)
        if sending is not None and sending.status in UNDER_WAY:
            self._receiver.withdraw(before)  # it was for workers of a version that is gone
        log.info("job_sent_again", job_id=job_id)


def _is_under_way(sending: Sending | None, able: set[str]) -> bool:
    """Whether the engine will bring the job to a worker, or has. A sending that only workers of another
    version can take, of which none is left, is as good as lost: the job begins again, and finds in the
    ledger what was answered."""
    return sending is not None and sending.status in UNDER_WAY and sending.version in able


def _unchanged(session: Session, job_id: str, fence: int) -> JobRow | None:
    statement = (
        select(JobRow)
        .where(
            col(JobRow.id) == job_id,
            col(JobRow.fence) == fence,
            col(JobRow.status).in_([Status.QUEUED, Status.RUNNING]),
        )
        .with_for_update()
    )
    return session.scalars(statement).one_or_none()
