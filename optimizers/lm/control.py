"""Orders to a run: cancel, pause, fail. Any thread may give one; every wait ends at once."""

import threading
from collections.abc import Callable

from optimizers.errors import PauseReason, RunCancelled, RunFailed, RunPaused, RunStopped

_Order = Callable[[], RunStopped]


class RunControl:
    """One run's switch. The first order counts, except that a cancel overrides a pause."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._order: _Order | None = None
        self._cancelled = False
        self._listeners: list[Callable[[], None]] = []

    @property
    def stopped(self) -> bool:
        """Whether an order was given."""
        return self._order is not None

    def cancel(self, message: str = "the run was cancelled") -> None:
        """End the run. No new call starts after this."""
        with self._lock:
            if not self._cancelled:
                self._cancelled = True
                self._order = lambda: RunCancelled(message)
        self._tell()

    def pause(self, reason: PauseReason, message: str) -> None:
        """Let the run wait; it can be resumed and pays for nothing twice."""
        self._give(lambda: RunPaused(reason, message))

    def fail(self, error: Exception) -> None:
        """End the run for `error`, which would meet every further call."""
        self._give(lambda: RunFailed(error))

    def check(self) -> None:
        """Pass, or carry the order out.

        Raises:
            RunCancelled, RunPaused, RunFailed: an order was given.
        """
        if self._order is not None:
            raise self._order()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` once an order is given (at once if there is one), in the thread that gives
        it. Returns what ends the subscription."""
        with self._lock:
            self._listeners.append(listener)
        if self.stopped:
            listener()
        return lambda: self._forget(listener)

    def _give(self, order: _Order) -> None:
        with self._lock:
            if self._order is None:
                self._order = order
        self._tell()

    def _forget(self, listener: Callable[[], None]) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
