"""A thread that works on all operations that are waiting at once, so that many share one commit.

Coroutines of any event loop hand operations in; none of them blocks its loop.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from optimizers.errors import StorageFailed

O = TypeVar("O")  # noqa: E741  # an operation

_MOST_IN_A_GROUP = 512

_GATHERED_S = 0.002
"""A commit costs far more than an operation, and a model's answer takes far longer than this."""


@dataclass(eq=False, kw_only=True, slots=True)
class Job(Generic[O]):
    """`result` or `error` is set by the thread before `future` is woken on `loop`."""

    operation: O
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class Groups(Generic[O]):
    """Hands groups of operations to `work`, which sets each job's result or error and raises nothing.

    `work` and, in the end, `finish` run in the one thread. An operation that `can_wait` waits a moment for
    others. `name` says in errors whose it is.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Job[O]]], None],
        *,
        can_wait: Callable[[O], bool] = lambda _: False,
        finish: Callable[[], None],
        name: str,
    ) -> None:
        self._work = work
        self._can_wait = can_wait
        self._finish = finish
        self._name = name
        self._jobs: queue.SimpleQueue[Job[O] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="concord-ledger", daemon=True)
        self._thread.start()

    def submit(self, operation: O) -> "asyncio.Future[Any]":  # Any: the operation knows its result
        """Hand `operation` in, now. Its result comes once its group is done.

        The future raises StorageFailed if this is closed, else whatever the operation's error is.
        """
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._closing:
            if self._closed:
                future.set_exception(StorageFailed(f"{self._name} is closed"))
            else:
                self._jobs.put(Job(operation=operation, future=future, loop=loop))
        return future

    def close(self) -> None:
        """Finish what was handed in, and end the thread."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._thread.join()

    # --- in the thread ----------------------------------------------------------------------------------

    def _serve(self) -> None:
        closing = False
        while not closing:
            jobs, closing = self._waiting()
            self._work(jobs)
            _wake(jobs)
        self._finish()

    def _waiting(self) -> tuple[list[Job[O]], bool]:
        """All jobs that are there now; waits for the first, and perhaps with it for those that come soon. The
        second part says: close after them."""
        jobs: list[Job[O]] = []
        job = self._jobs.get()
        if job is not None and self._can_wait(job.operation):
            time.sleep(_GATHERED_S)
        while job is not None:
            jobs.append(job)
            if len(jobs) == _MOST_IN_A_GROUP:
                return jobs, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True


def _wake(jobs: Sequence[Job[Any]]) -> None:
    for loop in {job.loop for job in jobs}:
        mine = [job for job in jobs if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine)
        except RuntimeError:  # that loop is closed: nobody waits there any more
            continue


def _settle(jobs: Sequence[Job[Any]]) -> None:
    for job in jobs:
        if job.future.done():  # its caller was cancelled; what was written stays written
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
