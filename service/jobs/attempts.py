"""The jobs that this worker is at: what they may write, how far they are, and who wants them ended."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from optimizers.errors import PauseReason
from optimizers.lm.control import RunControl
from optimizers.types import Usage
from service.db import transaction
from service.jobs import store
from service.jobs.pace import Pace
from service.jobs.patience import Patience
from service.jobs.store import Claim, NotOurs
from service.traces import JobSpan

log = structlog.get_logger(__name__)

WATCH_S = 0.2
"""How soon an order is seen; a fifth of what a person is promised."""
PROGRESS_S = 0.6

Found = TypeVar("Found")


class Order(StrEnum):
    """Why an attempt is made to end from outside."""

    CANCEL = "cancel"
    PAUSE = "pause"
    LEAVE = "leave"
    """This worker stops: the job goes back to the queue."""
    LOST = "lost"
    """The job is another's now: nothing more may be written."""


class Attempt:
    """One go at one job. Its work calls `progress` and `write`; its `control` stops the model calls."""

    def __init__(self, claim: Claim, engine: Engine, patience: Patience) -> None:
        self.claim = claim
        self.control = RunControl()
        self._engine = engine
        self._patience = patience
        self._order: Order | None = None
        self._flushing = threading.Lock()
        self._started = time.monotonic()
        self._pace = Pace()
        self.span = JobSpan(f"job {claim.kind}", {"concord.job_id": claim.job_id, "concord.kind": claim.kind})
        self._progress: tuple[str, int, int, Usage, float | None] | None = None

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.claim.job_id

    @property
    def order(self) -> Order | None:
        """The order that ends it, if there is one."""
        return self._order

    @property
    def wall_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._started

    def give(self, order: Order) -> None:
        """Stop the model calls. The first order stands, except that a lost job is lost, and that a
        pause gives way to all others."""
        if self._order in {None, Order.PAUSE} or order is Order.LOST:
            self._order = order
        if order is Order.PAUSE:
            self.control.pause(PauseReason.BY_HAND, store.PAUSED_BY_HAND)
        else:
            self.control.cancel()

    def progress(
        self, phase: str, done: int, total: int, usage: Usage, *, calls_left: float | None = None
    ) -> None:
        """Note how far the work is, and how many calls are to come if that is known; it is stored now
        and then."""
        self._pace.note(usage.calls)
        self.span.phase(phase)
        self._progress = (phase, done, total, usage, self._pace.left_s(calls_left))

    def write(self, change: Callable[[Session], None]) -> None:
        """Store a part of the result, waiting for the database if need be. Where the job is no longer
        ours nothing is stored, and the next model call ends the attempt."""

        def fenced() -> None:
            with transaction(self._engine) as session:
                store.touch(session, self.claim)
                change(session)

        try:
            self._patience.until_stored(fenced)
        except NotOurs:
            self.give(Order.LOST)

    def read(self, look: Callable[[Session], Found]) -> Found:
        """What `look` finds in the database, waiting for it if need be."""

        def looked() -> Found:
            with transaction(self._engine, read_only=True) as session:
                return look(session)

        return self._patience.until_stored(looked)

    def flush(self) -> None:
        """Store the progress that was noted last, if any is new.

        Raises:
            NotOurs: the job is another's now.
        """
        with self._flushing:  # the job must not end while its last progress is on the way
            noted, self._progress = self._progress, None
            if noted is None:
                return
            try:
                with transaction(self._engine) as session:
                    store.report_progress(session, self.claim, *noted)
            except SQLAlchemyError:
                self._progress = self._progress or noted
                raise


class Attempts:
    """All attempts of this worker, and the thread that watches over them."""

    def __init__(self, engine: Engine, patience: Patience) -> None:
        self._engine = engine
        self._patience = patience
        self._lock = threading.Lock()
        self._active: dict[str, Attempt] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="orders", daemon=True)
        self._flushed_at = 0.0

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()
        self._thread.join()

    @contextmanager
    def begin(self, claim: Claim) -> Iterator[Attempt]:
        """An attempt, watched until the block ends."""
        attempt = Attempt(claim, self._engine, self._patience)
        with self._lock:
            self._active[claim.job_id] = attempt
        try:
            yield attempt
        finally:
            with self._lock:
                if self._active.get(claim.job_id) is attempt:
                    del self._active[claim.job_id]

    def give_all(self, order: Order) -> None:
        """The same order to every attempt."""
        for attempt in self.active():
            attempt.give(order)

    def active(self) -> list[Attempt]:
        """The attempts under way."""
        with self._lock:
            return list(self._active.values())

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_S):
            attempts = self.active()
            if not attempts:
                continue
            try:
                self._obey(attempts)
                if time.monotonic() - self._flushed_at > PROGRESS_S:
                    self._flushed_at = time.monotonic()
                    self._flush(attempts)
            except SQLAlchemyError as error:  # gone for now; the next look is soon
                log.warning("orders_unreadable", error_type=type(error).__name__)

    def _obey(self, attempts: list[Attempt]) -> None:
        with transaction(self._engine, read_only=True) as session:
            orders = store.orders(session, [attempt.job_id for attempt in attempts])
        for attempt in attempts:
            fence, cancel, pause = orders.get(attempt.job_id, (-1, False, False))
            if fence > attempt.claim.fence or fence < 0:
                attempt.give(Order.LOST)
            elif cancel and attempt.order in {None, Order.PAUSE}:
                attempt.give(Order.CANCEL)
            elif pause and attempt.order is None:
                attempt.give(Order.PAUSE)

    def _flush(self, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            try:
                attempt.flush()
            except NotOurs:
                log.info("progress_dropped", job_id=attempt.job_id)  # it has ended, or _obey will see
