"""DBOS, the engine that brings jobs to workers, set up the one way that suits this service.

Its tables live in the service's own database, so that a job is stored and sent in one transaction.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from dbos import DBOS, DBOSClient
from dbos._dbos import _get_dbos_instance as _dbos
from dbos._dbos_config import DBOSConfig
from dbos._serialization import DBOSPortableJSONSerializer, DefaultSerializer
from dbos._sys_db_sqlite import SQLiteSystemDatabase
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session

from service.db import (
    BUSY_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    FROZEN_S,
    end_idle_transactions,
    teach_unixepoch,
)

APPLICATION = "concord"
JOBS_VERSION = "jobs-1"
"""Which workers can do which jobs. Changes only when a worker would misread what an older one left."""
WORKFLOW = "concord.job"
MAX_RECOVERIES = 10
"""A job that took so many workers down with it is not tried again."""
POLL_S = 0.1
MIDDLE_PRIORITY = 1_000
"""The engine takes low numbers first and has none below 1; jobs have priorities around 0, high first."""
POOL_SIZE = 5
LOG_LEVEL = "WARNING"


# --- the database -----------------------------------------------------------------------------------


def open_jobs_engine(database_url: str) -> Engine:
    """DBOS's own connections: it begins its transactions by itself, unlike the service's."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=POOL_SIZE,
            max_overflow=POOL_SIZE,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
        )
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = "IMMEDIATE"
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")
    # The write-ahead log is a property of the file: the service's own connections have set it.
    teach_unixepoch(connection)


def migrate(database_url: str) -> None:
    """Bring DBOS's tables to the version of this code; several processes may do so at the same moment."""
    engine = open_jobs_engine(database_url)
    try:
        client = _client(engine)
        client._sys_db.run_migrations()  # DBOS.migrate takes no engine, and ours knows `unixepoch`
    finally:
        engine.dispose()


# --- sending ----------------------------------------------------------------------------------------


class Sender:
    """Sends jobs to the workers, within the transaction that stores them."""

    def __init__(self, engine: Engine) -> None:
        """`engine` is the one whose sessions `send` will be given."""
        self._client = _client(engine)

    def send(self, session: Session, *, kind: str, job_id: str, dispatch: int, priority: int = 0) -> None:
        """Put a job into the queue of its kind. It is there once the session commits."""
        self._client.enqueue_in_transaction(
            session,
            {
                "workflow_name": WORKFLOW,
                "queue_name": queue_name(kind),
                "workflow_id": workflow_id(job_id, dispatch),
                "app_version": JOBS_VERSION,
                "priority": MIDDLE_PRIORITY - priority,
            },
            job_id,
            dispatch,
        )


def queue_name(kind: str) -> str:
    """Each kind waits in a line of its own: a short evaluation not behind long runs."""
    return f"concord-{kind}"


def workflow_id(job_id: str, dispatch: int) -> str:
    """The engine's name for one sending of a job."""
    return f"{job_id}.{dispatch}"


def _client(engine: Engine) -> Any:  # Any: DBOS's types are not followed
    _refuse_pickles()
    logging.getLogger("dbos").setLevel(LOG_LEVEL)  # it would tell of each table that it makes
    return DBOSClient(
        system_database_engine=engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        lazy=True,
        retry_connection_errors=False,
    )


def _log_as_everybody() -> None:
    """DBOS prints lines of its own form past this process's logging, where no secret would be hidden."""
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True


@cache
def _refuse_pickles() -> None:
    """DBOS reads whatever calls itself a pickle, and writes one where JSON does not fit. Who can write
    to the database shall not be able to run code in a worker."""

    def refuse(*_arguments: object) -> NoReturn:
        raise TypeError("jobs are sent as JSON; pickles are neither read nor written")

    DefaultSerializer.serialize = refuse
    DefaultSerializer.deserialize = refuse


@cache
def _count_within_the_claim() -> None:
    """Python's SQLite begins a transaction only before it writes: DBOS would count the jobs at work before
    the transaction in which it claims more, and two workers could both fill the same places."""

    @contextmanager
    def begin(self: SQLiteSystemDatabase, _isolation: str | None) -> Iterator[Connection]:
        with self.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    SQLiteSystemDatabase._begin = begin


# --- working ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """What became of one sending of a job, and the version of the workers that it is for."""

    status: str
    version: str


Work = Callable[[str, int], None]


class Receiver:
    """DBOS in a worker: takes jobs from the queues and calls `work(job_id, dispatch)` for each.

    A process has one at a time, since DBOS is a singleton.
    """

    def __init__(
        self,
        database_url: str,
        worker_id: str,
        kinds: tuple[str, ...],
        concurrency: int,
        global_concurrency: int | None = None,
    ) -> None:
        """Of each kind, this worker does `concurrency` jobs at a time, all workers `global_concurrency`."""
        self._engine = open_jobs_engine(database_url)
        end_idle_transactions(self._engine, FROZEN_S)
        self._client = _client(self._engine)
        self._worker_id = worker_id
        self._kinds = kinds
        self._concurrency = min(concurrency, global_concurrency or concurrency)
        self._global_concurrency = global_concurrency

    def start(self, work: Work) -> None:
        """Begin to take jobs. The tables must be there."""
        _refuse_pickles()
        if self._global_concurrency is not None:
            _count_within_the_claim()
        _register(work)
        DBOS(config=self._config())
        _log_as_everybody()
        self._register_queues()
        DBOS.launch()
        self._keep_own_limit()

    def _config(self) -> DBOSConfig:
        return DBOSConfig(
            name=APPLICATION,
            system_database_url=self._engine.url.render_as_string(hide_password=False),
            system_database_engine=self._engine,
            application_version=JOBS_VERSION,
            executor_id=self._worker_id,
            serializer=DBOSPortableJSONSerializer(),
            run_migrations=False,
            enable_otlp=False,
            log_level=LOG_LEVEL,
            max_executor_threads=None,
        )

    def _register_queues(self) -> None:
        for kind in self._kinds:
            self._client.register_queue(
                queue_name(kind),
                worker_concurrency=self._concurrency,
                global_concurrency=self._global_concurrency,
                polling_interval_sec=POLL_S,
            )

    def _keep_own_limit(self) -> None:
        """DBOS keeps a queue's settings in the database, where the last worker to start would set the
        limit of every worker. The limit of all together is everybody's; its own is this one's."""
        system: Any = _dbos()._sys_db  # Any: DBOS's types are not followed
        read = system.get_queue

        def read_with_own_limit(name: str, **options: Any) -> Any:
            queue = read(name, **options)
            if queue is not None:
                queue._worker_concurrency = self._concurrency
            return queue

        system.get_queue = read_with_own_limit

    def states(self, workflow_ids: list[str]) -> dict[str, "Sending"]:
        """DBOS's word on those of the workflows that it knows."""
        found = self._client.list_workflows(workflow_ids=workflow_ids, load_input=False, load_output=False)
        return {
            status.workflow_id: Sending(status=status.status, version=status.app_version or JOBS_VERSION)
            for status in found
        }

    def withdraw(self, workflow_id: str) -> None:
        """Make a sending void that no living worker can take."""
        self._client.cancel_workflows([workflow_id])

    def executors_at_work(self) -> set[str]:
        """The workers that DBOS believes to be working."""
        found = self._client.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {status.executor_id for status in found if status.executor_id}

    def stop(self) -> None:
        """Take no more jobs. Those at work should have ended before."""
        DBOS.destroy()
        self._engine.dispose()


def take_over(executor_ids: list[str]) -> None:
    """Put what these dead workers were at back into the queue, for whoever is alive.

    DBOS recovers only the process's own jobs by itself; this is the function that it uses for that.
    """
    DBOS._recover_pending_workflows(executor_ids)


_work: list[Work] = []
"""What the registered workflow calls: one function, since DBOS's registry is the process's."""


def _register(work: Work) -> None:
    _work[:] = [work]
    _workflow()


@cache
def _workflow() -> None:
    DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MAX_RECOVERIES)(_job)


def _job(job_id: str, dispatch: int) -> None:
    _work[0](job_id, dispatch)
