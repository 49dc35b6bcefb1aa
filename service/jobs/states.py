"""The states of a job and the ways between them."""

from collections.abc import Mapping
from enum import StrEnum

from service.errors import Conflict


class Status(StrEnum):
    """Where a job is. The last three are ends; of them only `succeeded` is final."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FAILED = "failed"
    SUCCEEDED = "succeeded"


ENDED = frozenset({Status.CANCELLED, Status.FAILED, Status.SUCCEEDED})

WAYS: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.PAUSED, Status.CANCELLED, Status.FAILED}),
    # A worker that stops or dies gives its job back to the queue.
    Status.RUNNING: frozenset(Status) - {Status.RUNNING},
    Status.PAUSED: frozenset({Status.QUEUED, Status.CANCELLED}),
    Status.CANCELLED: frozenset({Status.QUEUED}),
    Status.FAILED: frozenset({Status.QUEUED}),
    Status.SUCCEEDED: frozenset(),
}


def require_way(job_id: str, from_: Status, to: Status) -> None:
    """Refuse a step that `WAYS` does not have.

    Raises:
        Conflict: it names both states and where one can go from here.
    """
    if to not in WAYS[from_]:
        ways = ", ".join(sorted(WAYS[from_])) or "nowhere: this is final"
        raise Conflict(f"{job_id} is {from_} and cannot become {to}; from here it can go to: {ways}")
