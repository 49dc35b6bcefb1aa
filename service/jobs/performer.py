"""The edge of a job: claims it, has it done, and records how it ended before the engine hears of it."""

import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import Session

from optimizers.errors import (
    BudgetExhausted,
    ConcordError,
    PauseReason,
    ProviderUnavailable,
    RunCancelled,
    RunPaused,
    StorageFailed,
)
from service.db import transaction
from service.errors import ServiceError
from service.jobs import store
from service.jobs.attempts import Attempt, Attempts, Order
from service.jobs.patience import AWAY, Patience
from service.jobs.states import Status
from service.jobs.store import Claim, Lease, NotOurs

log = structlog.get_logger(__name__)

Publish = Callable[[Session], None]
"""Stores a result, in the transaction that makes the job `succeeded`."""
Handler = Callable[[Attempt], Publish]
"""Does the work of one kind of job."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ended. `cause` is one sentence for people."""

    status: Status
    reason: PauseReason | None = None
    cause: str | None = None
    publish: Publish | None = None


class Performer:
    """Does jobs, one call each, in the engine's threads."""

    def __init__(
        self,
        engine: Engine,
        handlers: Mapping[str, Handler],
        attempts: Attempts,
        lease: Callable[[], Lease],
        patience: Patience,
    ) -> None:
        self._engine = engine
        self._handlers = handlers
        self._attempts = attempts
        self._lease = lease
        self._patience = patience
        self._leaving = threading.Event()

    def leave(self) -> None:
        """Begin no more jobs, and give back those under way."""
        self._leaving.set()
        self._attempts.give_all(Order.LEAVE)

    def perform(self, job_id: str, dispatch: int) -> None:
        """Do one job, unless it is void, taken, or this worker is about to stop: it is then sent again."""
        if self._leaving.is_set():
            return
        claim = self._patience.until_stored(lambda: self._claim(job_id, dispatch))
        if claim is None:
            return
        names = {"job_id": job_id, f"{claim.kind}_id": job_id, "worker_id": self._lease().worker_id}
        with structlog.contextvars.bound_contextvars(**names), self._attempts.begin(claim) as attempt:
            if self._leaving.is_set():  # it was set between the two looks
                attempt.give(Order.LEAVE)
            log.info("job_started", kind=claim.kind)
            ending = self._work(attempt)
            self._record(attempt, ending)
            attempt.span.end({"concord.status": ending.status, "concord.worker_id": names["worker_id"]})

    def _claim(self, job_id: str, dispatch: int) -> Claim | None:
        try:
            with transaction(self._engine) as session:
                return store.claim(session, job_id, dispatch, self._lease())
        except IntegrityError:  # another job of its key was quicker; this one is sent again after it
            return None

    def _work(self, attempt: Attempt) -> Ending:
        """The handler's work. Every way in which it can end becomes a value here; an exception that
        went further would end the engine's workflow without a word in the job's row."""
        try:
            publish = self._handlers[attempt.claim.kind](attempt)
            return Ending(status=Status.SUCCEEDED, publish=publish)
        except (RunCancelled, RunPaused) as stop:
            return _stopped(attempt, stop)
        except BudgetExhausted as stop:
            return Ending(status=Status.FAILED, cause=f"the budget ended before there was a result: {stop}")
        except Exception as error:  # a job's failure becomes a value: its state
            log.exception("job_failed")
            if attempt.order in {Order.LEAVE, Order.LOST}:  # it may be for want of what is being closed
                return Ending(status=Status.QUEUED)
            return _failed(error)

    def _record(self, attempt: Attempt, ending: Ending) -> None:
        """Store the ending; a result that cannot be stored for its own sake fails the job."""
        try:
            self._patience.until_stored(lambda: self._settle(attempt, ending))
        except NotOurs:
            log.info("ending_dropped", status=ending.status)
        except AWAY:
            log.exception("ending_not_stored")  # the job is sent again: nothing paid is lost
        except SQLAlchemyError as error:
            log.exception("result_not_stored")
            self._record(attempt, _failed(error))
        else:
            log.info("job_ended", status=ending.status, cause=ending.cause)

    def _settle(self, attempt: Attempt, ending: Ending) -> None:
        attempt.flush()
        with transaction(self._engine) as session:
            store.settle(
                session,
                attempt.claim,
                ending.status,
                wall_s=attempt.wall_s,
                reason=ending.reason,
                cause=ending.cause,
            )
            if ending.publish is not None:
                ending.publish(session)


def _stopped(attempt: Attempt, stop: RunCancelled | RunPaused) -> Ending:
    if attempt.order is Order.LEAVE:
        return Ending(status=Status.QUEUED)
    if isinstance(stop, RunPaused):
        return Ending(status=Status.PAUSED, reason=stop.reason, cause=stop.message)
    return Ending(status=Status.QUEUED if attempt.order is Order.LOST else Status.CANCELLED)


def _failed(error: Exception) -> Ending:
    match error:
        case StorageFailed() | OSError():
            return Ending(status=Status.PAUSED, reason=PauseReason.STORAGE, cause=_sentence(error))
        case _ if isinstance(error, AWAY):
            cause = "the database did not take what was to be stored; the worker's log says why"
            return Ending(status=Status.PAUSED, reason=PauseReason.STORAGE, cause=cause)
        case ProviderUnavailable():
            return Ending(status=Status.PAUSED, reason=PauseReason.PROVIDER, cause=_sentence(error))
        case ConcordError() | ServiceError():
            return Ending(status=Status.FAILED, cause=_sentence(error))
        case _:
            where = traceback.extract_tb(error.__traceback__)[-1]
            cause = (
                f"an unexpected {type(error).__name__} in {where.name}; the worker's log has its traceback"
            )
            return Ending(status=Status.FAILED, cause=cause)


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
