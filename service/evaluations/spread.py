"""A large evaluation that is spread over all workers, seen from its own job."""

import time
from collections.abc import Callable, Sequence

from sqlmodel import Session

from optimizers.errors import ConcordError, PauseReason, RunPaused
from optimizers.types import Usage
from service.evaluations import shards
from service.evaluations.shards import Shard
from service.evaluations.tables import EvaluationRow
from service.jobs import dispatch
from service.jobs.attempts import Attempt
from service.jobs.engine import Sender
from service.jobs.states import Status
from service.jobs.tables import JobRow

LOOK_S = 0.3
REST_S = 5.0
"""How long shards get to stop; those of a worker that died take longer."""


class Spread:
    """The shards of one evaluation in one attempt. They are the same ones in every attempt, whoever
    makes it: another worker goes on watching those that a dead one planned."""

    def __init__(self, sender: Sender, attempt: Attempt, evaluation: EvaluationRow) -> None:
        self._sender = sender
        self._attempt = attempt
        self._evaluation = evaluation

    def watch(self, *, after: int, shard_rows: int, done: int, usage: Usage) -> None:
        """Have the rows after `after` judged in shards, beside `done` others that took `usage`.

        Raises:
            RunPaused: a shard cannot go on for now; its reason is the evaluation's.
            ConcordError: a shard has failed; its cause is the evaluation's.
            RunStopped: by order; whoever gave it has told the shards.
        """
        self._write(lambda session: self._begin(session, after, shard_rows))
        while True:
            self._attempt.control.check()
            found = self._attempt.read(lambda session: shards.every(session, self._evaluation.id))
            self._tell(found, done, usage)
            if all(shard.status is Status.SUCCEEDED for shard in found):
                return
            fault = _fault(found)
            if fault is not None:
                self._come_to_rest()
                raise fault
            if any(shard.is_left_over for shard in found):
                self._write(lambda session: shards.go_on(session, self._sender, self._evaluation.id))
            time.sleep(LOOK_S)

    def _come_to_rest(self) -> None:
        """Stop all shards, and wait for those under way: one that is still in the trouble of now must not
        be what stops the evaluation again once it was resumed."""
        self._write(lambda session: halt(session, self._evaluation.id))
        deadline = time.monotonic() + REST_S
        while time.monotonic() < deadline:
            self._attempt.control.check()
            found = self._attempt.read(lambda session: shards.every(session, self._evaluation.id))
            if all(shard.status is not Status.RUNNING for shard in found):
                return
            time.sleep(LOOK_S)

    def _begin(self, session: Session, after: int, shard_rows: int) -> None:
        if shards.begins_after(session, self._evaluation.id) is None:
            shards.plan(session, self._sender, self._evaluation, after=after, shard_rows=shard_rows)
        else:
            shards.go_on(session, self._sender, self._evaluation.id)

    def _write(self, change: Callable[[Session], None]) -> None:
        """A change to the shards, unless the evaluation itself was told to stop meanwhile."""

        def unless_ordered(session: Session) -> None:
            job = session.get_one(JobRow, self._evaluation.id, populate_existing=True)
            if not (job.cancel_requested or job.pause_requested):
                change(session)

        self._attempt.write(unless_ordered)

    def _tell(self, found: Sequence[Shard], done: int, usage: Usage) -> None:
        total = done + sum(shard.n_rows for shard in found)
        judged = done + sum(shard.judged for shard in found)
        taken = usage + shards.usage(found)
        left = (total - judged) * taken.calls / judged if judged else None
        self._attempt.progress("judging", judged, total, taken, calls_left=left)


def halt(session: Session, evaluation_id: str) -> None:
    """Let the shards wait, since their evaluation has to."""
    shards.stop(session, evaluation_id, dispatch.pause)


def _fault(found: Sequence[Shard]) -> ConcordError | RunPaused | None:
    """What keeps the evaluation from going on, by the first shard that has a word on it."""
    for shard in found:
        if shard.status is Status.FAILED:
            return ConcordError(shard.cause)
        if shard.status is Status.PAUSED and not shard.is_left_over:
            return RunPaused(PauseReason(shard.reason or PauseReason.PROVIDER), shard.cause or "")
    return None
