"""A connection to PostgreSQL that comes back: what it is asked to do survives a server's restart."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import make_url

from optimizers.errors import StorageFailed

T = TypeVar("T")
Rows = list[tuple[Any, ...]]  # Any: columns of whatever type
Statement = tuple[str, Mapping[str, object]]

CONNECT_TIMEOUT_S = 5
AGAIN_AFTER_S = 0.25
NAME = "concord-ledger"
_SESSION = """
SET lock_timeout = '5s';
SET statement_timeout = '60s';
SET idle_in_transaction_session_timeout = '5s';
"""
_END_FROZEN = f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = '{NAME}' AND datname = current_database() AND usename = current_user
    AND wait_event = 'ClientRead' AND xact_start < clock_timestamp() - interval '5 seconds'
"""  # noqa: S608  # only a constant
"""A worker that is frozen in the middle of a transaction must not hold its rows for the others. The server's
own limit does not see it: it counts from a transaction's last complete message, and a pipeline's first one
ends with the transaction. So whoever waits for a lock in vain ends those that the server waits for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation(Generic[T]):
    """Statements that run in one transaction, perhaps beside others'; `read` makes the result of their
    rows. It may run twice (after a lost connection), so its effect must be that of once, or err on the
    side of what was paid.

    Operations of one transaction run in the order of `order`: all workers lock rows in the same order,
    so that none waits for another in a circle. One that locks several rows is `alone`.
    """

    statements: tuple[Statement, ...]
    read: Callable[[Sequence[Rows]], T]
    order: tuple[int, str] = (0, "")
    alone: bool = False


class PatientConnection:
    """For one thread. It connects when it is first needed.

    `patience_s` is how long operations wait for a server that is away. Without `durable`, a crash of
    the server may undo the last half second.
    """

    def __init__(self, url: str, *, patience_s: float, durable: bool = True) -> None:
        self._url = plain_url(url)
        self._patience_s = patience_s
        self._durable = durable
        self._connection: psycopg.Connection | None = None
        self._away_since: float | None = None
        self._over = threading.Event()

    def run(self, operations: Sequence[Operation[Any]]) -> list[Any]:
        """The results, in the order of `operations`, of one transaction.

        Raises:
            StorageFailed: the server is away for too long.
            psycopg.Error: it refuses one of them; none has an effect.
        """
        while True:
            try:
                results = self._attempt(operations)
            except DeadlockDetected:
                continue
            except LockNotAvailable as error:
                self._end_frozen()
                self._wait(error)
            except (
                psycopg.Error
            ) as error:  # whatever its class: a server that ends a session names its reason
                if not self._is_lost():
                    raise
                self._wait(error)
            else:
                self._away_since = None
                return results

    def give_up(self) -> None:
        """From now on the first failure counts. Any thread may call it."""
        self._over.set()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _attempt(self, operations: Sequence[Operation[Any]]) -> list[Any]:
        connection = self._open()
        cursors: dict[int, list[psycopg.Cursor]] = {}
        with connection.pipeline(), connection.transaction():
            for place in sorted(range(len(operations)), key=lambda place: operations[place].order):
                cursors[place] = [
                    connection.execute(text, values) for text, values in operations[place].statements
                ]
        return [
            operation.read([_rows(cursor) for cursor in cursors[place]])
            for place, operation in enumerate(operations)
        ]

    def _end_frozen(self) -> None:
        with suppress(psycopg.OperationalError):
            self._open().execute(_END_FROZEN)

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                application_name=NAME,
                connect_timeout=CONNECT_TIMEOUT_S,
                prepare_threshold=2,
                tcp_user_timeout=15_000,  # ms; a host that vanished does not say goodbye
            )
            self._connection.execute(_SESSION)
            if not self._durable:
                self._connection.execute("SET synchronous_commit = off")
        return self._connection

    def _is_lost(self) -> bool:
        return self._connection is None or self._connection.closed

    def _wait(self, error: psycopg.Error) -> None:
        self.close()
        now = time.monotonic()
        self._away_since = now if self._away_since is None else self._away_since
        if self._over.is_set() or now - self._away_since >= self._patience_s:
            raise StorageFailed(f"the ledger's database is away: {_sentence(error)}") from error
        self._over.wait(AGAIN_AFTER_S)


def plain_url(url: str) -> str:
    """A database's address as libpq reads it, without SQLAlchemy's driver."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def refusal(error: psycopg.Error) -> StorageFailed:
    """What a refused operation's caller is told."""
    return StorageFailed(f"the ledger's database refused: {_sentence(error)}")


def _rows(cursor: psycopg.Cursor) -> Rows:
    return cursor.fetchall() if cursor.description is not None else []


def _sentence(error: psycopg.Error) -> str:
    return " ".join(str(error).split()) or type(error).__name__
