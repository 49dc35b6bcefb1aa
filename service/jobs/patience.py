"""Waiting for a database that is away: what was paid for is stored when it is back."""

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = structlog.get_logger(__name__)

AGAIN_AFTER_S = 1.0
AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""The server is gone, the file is locked, the disk is full: each may pass."""

Result = TypeVar("Result")


class Patience:
    """Tries again until it works, or until the worker has no time left."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def end(self) -> None:
        """Give up from now on: the first failure counts."""
        self._over.set()

    def until_stored(self, write: Callable[[], Result]) -> Result:
        """The result of `write`, tried as long as the database is away.

        Raises:
            OperationalError, InterfaceError, TimeoutError: it is away, and patience has ended.
        """
        while True:
            try:
                return write()
            except AWAY as error:
                if self._over.is_set():
                    raise
                log.warning("database_away", error_type=type(error).__name__, again_after_s=AGAIN_AFTER_S)
                self._over.wait(AGAIN_AFTER_S)
