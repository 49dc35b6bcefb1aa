"""From a request to a job in the queue: each order is one function, within the caller's transaction."""

from sqlmodel import Session

from optimizers.errors import PauseReason
from service.clock import now
from service.errors import Conflict
from service.jobs import leases, queue, store
from service.jobs.engine import Sender
from service.jobs.states import Status, require_way
from service.jobs.tables import JobRow


def submit(
    session: Session,
    sender: Sender,
    *,
    job_id: str,
    kind: str,
    dataset_id: str,
    priority: int = 0,
    exclusive_key: str | None = None,
) -> JobRow:
    """Store a new job and send it to the workers. Of those with one `exclusive_key` one runs at a time."""
    job = JobRow(
        id=job_id,
        kind=kind,
        dataset_id=dataset_id,
        status=Status.QUEUED,
        priority=priority,
        exclusive_key=exclusive_key,
    )
    session.add(job)
    session.flush()
    store.add_event(session, job.id, "status", {"status": Status.QUEUED, "reason": None, "cause": None})
    dispatch(session, sender, job)
    return job


def dispatch(session: Session, sender: Sender, job: JobRow) -> None:
    """Send a queued job; whatever was sent for it before is void. One that has to wait for another of
    its key is not sent: the housekeeping does it when its turn comes."""
    job.dispatch += 1
    job.updated_at = now()
    session.add(job)
    session.flush()
    if queue.ahead_of(session, job) is None:
        sender.send(session, kind=job.kind, job_id=job.id, dispatch=job.dispatch, priority=job.priority)


def cancel(session: Session, job: JobRow) -> None:
    """End a locked job: at once, or, where a living worker is at it, by asking that worker.

    Cancelling twice is no error.

    Raises:
        Conflict: it has ended otherwise.
    """
    if job.status == Status.CANCELLED:
        return
    require_way(job.id, Status(job.status), Status.CANCELLED)
    if job.status == Status.RUNNING and leases.alive(session, job.worker_id):
        job.cancel_requested = True
        session.add(job)
        return
    store.move(session, job, Status.CANCELLED)


def pause(session: Session, job: JobRow) -> None:
    """Let a locked job wait until somebody resumes it. Pausing twice is no error.

    Raises:
        Conflict: it has ended.
    """
    if job.status == Status.PAUSED:
        return
    require_way(job.id, Status(job.status), Status.PAUSED)
    if job.status == Status.RUNNING and leases.alive(session, job.worker_id):
        job.pause_requested = True
        session.add(job)
        return
    store.move(session, job, Status.PAUSED, reason=PauseReason.BY_HAND, cause=store.PAUSED_BY_HAND)


def resume(session: Session, sender: Sender, job: JobRow) -> None:
    """Go on with a locked job that is paused, failed or cancelled. One that is under way goes on as it is.

    Raises:
        Conflict: it has succeeded.
    """
    if job.status in {Status.QUEUED, Status.RUNNING}:
        job.pause_requested = False
        session.add(job)
        return
    _requeue(session, sender, job)


def retry(session: Session, sender: Sender, job: JobRow) -> None:
    """Begin a locked job anew that failed or was cancelled. What was answered is not paid again.

    Raises:
        Conflict: it has not ended, or it has succeeded.
    """
    if job.status not in {Status.FAILED, Status.CANCELLED}:
        raise Conflict(f"{job.id} is {job.status}; only what has failed or was cancelled can be retried")
    _requeue(session, sender, job)


def _requeue(session: Session, sender: Sender, job: JobRow) -> None:
    store.move(session, job, Status.QUEUED)
    dispatch(session, sender, job)
