"""The database: SQLite by default, PostgreSQL by its URL; the same tables and the same code."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.errors import IdleInTransactionSessionTimeout
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

BUSY_TIMEOUT_S = 30.0
"""How long a SQLite writer waits for another; PostgreSQL queues by itself."""
CONNECT_TIMEOUT_S = 5
SUBSECOND_SINCE = (3, 42, 0)
"""The SQLite version from which `unixepoch` knows `subsec`."""
FROZEN_S = 10.0
"""How long a worker may be silent within a transaction: less than a lease, so that who takes its jobs over
does not have to wait for its locks."""
POOL_SIZE = 5
MAX_OVERFLOW = 35
"""With `POOL_SIZE`, as many connections as the API has threads."""


def open_engine(database_url: str) -> Engine:
    """Connect lazily to `database_url`; a SQLite file's folder is made.

    `postgresql://` means psycopg 3. In SQLite a transaction takes the write lock when it begins
    (`BEGIN IMMEDIATE`), so that it cannot fail halfway because another one wrote first; connections
    with the execution option `read_only` do not.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
    )


def _open_sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    teach_unixepoch(connection)
    connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    _use_write_ahead_log(connection)


def teach_unixepoch(connection: sqlite3.Connection) -> None:
    """Give an older SQLite the function that DBOS has in its tables' defaults.

    Every connection needs it: with Python 3.12 and newer, DBOS does not bring its own.
    """
    if sqlite3.sqlite_version_info < SUBSECOND_SINCE:
        connection.create_function("unixepoch", -1, _unixepoch)


def _unixepoch(*_arguments: object) -> float:
    return time.time()


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Readers never wait for a writer. The switch ignores the busy timeout, hence the loop."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def end_idle_transactions(engine: Engine, after_s: float) -> None:
    """Let PostgreSQL undo a transaction of `engine` that may write and in which nothing happens for so many
    seconds: a process that is frozen in the middle of one must not keep others from what it locked. When it
    wakes, its connection is gone (OperationalError). Readers lock nothing and may take their time.

    SQLite knows no such limit: there, who is frozen while it writes keeps all others waiting.
    """
    if engine.dialect.name != "postgresql":
        return
    limit = f"SET LOCAL idle_in_transaction_session_timeout = {round(1000 * after_s)}"  # milliseconds

    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("read_only", False):
            connection.exec_driver_sql(limit)

    event.listen(engine, "begin", begin)
    event.listen(engine, "handle_error", _tell_of_a_lost_connection, retval=True)


def _tell_of_a_lost_connection(context: ExceptionContext) -> OperationalError | None:
    """Psycopg calls the end of an idle transaction an internal error."""
    error = context.original_exception
    if not isinstance(error, IdleInTransactionSessionTimeout):
        return None
    context.is_disconnect = True
    return OperationalError(context.statement, None, error, connection_invalidated=True)


@contextmanager
def transaction(engine: Engine, *, read_only: bool = False) -> Iterator[Session]:
    """A session that commits once, at its end, or leaves no trace."""
    bind = engine.execution_options(read_only=True) if read_only else engine
    with Session(bind, expire_on_commit=False) as session:
        yield session
        session.commit()
