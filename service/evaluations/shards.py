"""The shards of a large evaluation: planned once, seen and steered together.

Each is a job of its own, which any worker may take. All writers lock the evaluation's job before its
shards' (ids in their order do the same), so that none waits for another in a circle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from secrets import token_hex

from sqlalchemy import ScalarSelect, delete, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from optimizers.errors import PauseReason
from optimizers.types import Usage
from service.evaluations import rows
from service.evaluations.tables import EvaluationRow, ShardRow, VerdictRow
from service.jobs import dispatch
from service.jobs.engine import Sender
from service.jobs.states import ENDED, Status
from service.jobs.tables import JobRow

KIND = "shard"


@dataclass(frozen=True, kw_only=True)
class Shard:
    """One shard and how far it is."""

    n_rows: int
    status: Status
    reason: str | None
    cause: str | None
    done: int
    usage: Usage

    @property
    def judged(self) -> int:
        """Its rows that have an answer."""
        return self.n_rows if self.status is Status.SUCCEEDED else min(self.done, self.n_rows)

    @property
    def is_left_over(self) -> bool:
        """Whether an order stopped it that was for the evaluation, which goes on now."""
        return self.status is Status.CANCELLED or (
            self.status is Status.PAUSED and self.reason == PauseReason.BY_HAND
        )


def plan(session: Session, sender: Sender, evaluation: EvaluationRow, *, after: int, shard_rows: int) -> None:
    """Make the rows after `after` into shards of `shard_rows`, and send them to the workers."""
    verdicts = delete(VerdictRow).where(col(VerdictRow.evaluation_id) == evaluation.id)
    session.execute(verdicts.where(col(VerdictRow.number) > after))
    priority = session.get_one(JobRow, evaluation.id).priority
    while numbers := rows.numbers(session, evaluation, after=after, limit=shard_rows):
        shard_id = f"shard_{token_hex(12)}"
        dispatch.submit(
            session,
            sender,
            job_id=shard_id,
            kind=KIND,
            dataset_id=evaluation.dataset_id,
            priority=priority,
        )
        session.add(
            ShardRow(
                id=shard_id,
                evaluation_id=evaluation.id,
                after_row=after,
                last_row=numbers[-1],
                n_rows=len(numbers),
            )
        )
        session.flush()
        after = numbers[-1]


def every(session: Session, evaluation_id: str) -> Sequence[Shard]:
    """All shards, in the order of their rows; none where the evaluation is one job."""
    statement = (
        select(ShardRow.n_rows, JobRow.status, JobRow.reason, JobRow.cause, JobRow.done, JobRow.usage)  # type: ignore[call-overload]  # no overload for six columns
        .join(JobRow, col(JobRow.id) == col(ShardRow.id))
        .where(col(ShardRow.evaluation_id) == evaluation_id)
        .order_by(col(ShardRow.after_row))
    )
    return [
        Shard(
            n_rows=row.n_rows,
            status=Status(row.status),
            reason=row.reason,
            cause=row.cause,
            done=row.done,
            usage=Usage(**row.usage),
        )
        for row in session.execute(statement)
    ]


def begins_after(session: Session, evaluation_id: str) -> int | None:
    """The row after which the shards begin; `None` where none are planned."""
    return session.scalar(
        select(func.min(col(ShardRow.after_row))).where(col(ShardRow.evaluation_id) == evaluation_id)
    )


def judged_up_to(session: Session, evaluation_id: str) -> int | None:
    """The row up to which all shards have stored their verdicts; `None`: there is no gap."""
    return session.scalar(
        select(func.min(col(ShardRow.after_row)))
        .join(JobRow, col(JobRow.id) == col(ShardRow.id))
        .where(col(ShardRow.evaluation_id) == evaluation_id, col(JobRow.status) != Status.SUCCEEDED)
    )


def judged_beside() -> ScalarSelect[int]:
    """For a select of `EvaluationRow`: how many rows its shards have stored verdicts for."""
    job = aliased(JobRow)
    return (
        select(func.coalesce(func.sum(col(ShardRow.n_rows)), 0))
        .join(job, col(job.id) == col(ShardRow.id))
        .where(col(ShardRow.evaluation_id) == col(EvaluationRow.id), col(job.status) == Status.SUCCEEDED)
        .correlate(EvaluationRow)
        .scalar_subquery()
    )


def usage(shards: Sequence[Shard]) -> Usage:
    """What they took together."""
    return reduce(add, (shard.usage for shard in shards), Usage())


# --- orders -----------------------------------------------------------------------------------------


def stop(session: Session, evaluation_id: str, order: Callable[[Session, JobRow], None]) -> None:
    """Give `order` (`dispatch.cancel`, `dispatch.pause`) to all shards that have not ended."""
    for job in _jobs(session, evaluation_id):
        if job.status not in ENDED:
            order(session, job)


def go_on(session: Session, sender: Sender, evaluation_id: str) -> None:
    """Send again what was stopped or has failed."""
    for job in _jobs(session, evaluation_id):
        if job.status != Status.SUCCEEDED:
            dispatch.resume(session, sender, job)


def clear(session: Session, evaluation_id: str) -> None:
    """Remove the shards of an evaluation that has its result."""
    mine = select(col(ShardRow.id)).where(col(ShardRow.evaluation_id) == evaluation_id)
    session.execute(delete(JobRow).where(col(JobRow.id).in_(mine)))


def _jobs(session: Session, evaluation_id: str) -> Sequence[JobRow]:
    statement = (
        select(JobRow)
        .join(ShardRow, col(ShardRow.id) == col(JobRow.id))
        .where(col(ShardRow.evaluation_id) == evaluation_id)
        .order_by(col(JobRow.id))
        .with_for_update(of=JobRow)
        .execution_options(populate_existing=True)
    )
    return session.scalars(statement).all()
