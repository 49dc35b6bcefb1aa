"""The SQLite file under the ledger: one connection in one thread, writes committed in groups.

Threads and coroutines hand in operations; all that are waiting share one transaction, so that an fsync
is paid once for many. Those of one kind also share their statements: the thread gives up the interpreter
for each statement, and under load waits to get it back, which costs more than the statement does. Other
processes open the same file; SQLite's write lock keeps them apart.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from optimizers.errors import StorageFailed
from optimizers.lm.groups import Groups, Job

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
Batch = Callable[[sqlite3.Connection, Sequence[Any]], Sequence[Any]]
"""Does the same for many items at once, as if one after the other; the results in their order."""

BUSY_TIMEOUT_S = 15.0
"""How long a write waits for another process's."""


@dataclass(eq=False, slots=True)  # neither frozen nor keyword-only: several are made for each judgement
class _Work:
    batch: Batch
    item: Any
    write: bool
    look: Batch | None = None  # reads first, and saves the writing where it finds a result


_Job = Job[_Work]


def _can_wait(work: _Work) -> bool:
    """Whether it surely ends in a commit, which is the dear part. What may be found by reading does not."""
    return work.write and work.look is None


class LedgerFile:
    """An open ledger file. `schema` is run once, when it is opened.

    Raises:
        StorageFailed: the file cannot be opened or is not a ledger. So do all operations when the disk
            is full, the file is read-only or another process holds it for longer than 15 seconds.
    """

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _open(path, schema)
        except (sqlite3.Error, OSError) as error:
            raise StorageFailed(f"the ledger {path} cannot be opened: {error}") from error
        self._groups = Groups(
            self._do, can_wait=_can_wait, finish=self._connection.close, name=f"the ledger {path}"
        )

    async def read(self, operation: Operation[T]) -> T:
        """Run an operation that only reads."""
        result: T = await self._groups.submit(_Work(_each, operation, False))
        return result

    def read_together(self, batch: Batch, item: Any) -> "asyncio.Future[Any]":
        """The result of `batch`, which only reads, for `item`, beside what others hand in for it."""
        return self._groups.submit(_Work(batch, item, False))

    def read_now(self, operation: Operation[T]) -> T:
        """Run an operation that only reads, in the caller's thread, which waits for it."""
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S)
            try:
                return operation(connection)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise self._named(error) from error

    async def write(self, operation: Operation[T]) -> T:
        """Run an operation in a transaction that other operations may share.

        It may run twice (when another operation in its group fails), so it must have no effect but on
        the file. It counts once this returns.
        """
        result: T = await self._groups.submit(_Work(_each, operation, True))
        return result

    def write_together(self, batch: Batch, item: Any, *, look: Batch | None = None) -> "asyncio.Future[Any]":
        """The result of `batch` for `item`, beside what others hand in for it. As for `write`, it may run
        twice and counts once this is done. Where `look`, which only reads, has a result other than
        `None`, that is the result and nothing is written."""
        return self._groups.submit(_Work(batch, item, True, look))

    def close(self) -> None:
        """Finish what was handed in and close the file."""
        self._groups.close()

    # --- in the file's thread -------------------------------------------------------------------------

    def _do(self, jobs: Sequence[_Job]) -> None:
        self._work([job for job in jobs if not job.operation.write])
        self._look([job for job in jobs if job.operation.look is not None])
        writes = (job for job in jobs if job.operation.write)
        self._work_in_one_transaction([job for job in writes if job.result is None and job.error is None])

    def _look(self, jobs: Sequence[_Job]) -> None:
        """Read what may save the writing."""
        looks: dict[Batch, list[_Job]] = {}
        for job in jobs:
            assert job.operation.look is not None
            looks.setdefault(job.operation.look, []).append(job)
        for look, some in looks.items():
            with suppress(Exception):  # whatever it is, the writing meets it too
                self._run(look, some)

    def _work(self, jobs: Sequence[_Job]) -> None:
        for batch, some in _together(jobs):
            try:
                self._run(batch, some)
            except Exception as error:  # it becomes the exception of those that it concerns
                if len(some) == 1:
                    some[0].error = self._named(error)
                    continue
                for job in some:
                    self._work([job])

    def _run(self, batch: Batch, jobs: Sequence[_Job]) -> None:
        results = batch(self._connection, [job.operation.item for job in jobs])
        for job, result in zip(jobs, results, strict=True):
            job.result = result

    def _work_in_one_transaction(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:  # it waited for them all: one by one, each would wait as long
            for job in jobs:
                job.error = self._named(error)
            return
        try:
            for batch, some in _together(jobs):
                self._run(batch, some)
            self._connection.execute("COMMIT")
        except Exception as error:  # it becomes the exception of those that it concerns
            self._roll_back()
            if len(jobs) == 1:
                jobs[0].error = self._named(error)
                return
            for job in jobs:
                self._work_in_one_transaction([job])

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):  # the next BEGIN then says what is wrong; this thread must live
                self._connection.execute("ROLLBACK")

    def _named(self, error: Exception) -> Exception:
        if isinstance(error, sqlite3.Error):
            return StorageFailed(f"the ledger {self.path} failed: {error}")
        return error


def _each(connection: sqlite3.Connection, operations: Sequence[Operation[Any]]) -> list[Any]:
    """Operations that share nothing but the transaction."""
    return [operation(connection) for operation in operations]


def _together(jobs: Sequence[_Job]) -> Iterator[tuple[Batch, list[_Job]]]:
    """The jobs by batch. One that shares no statements is not overtaken and overtakes none."""
    gathered: dict[Batch, list[_Job]] = {}
    for job in jobs:
        if job.operation.batch is _each:
            yield from gathered.items()
            gathered = {}
            yield _each, [job]
        else:
            gathered.setdefault(job.operation.batch, []).append(job)
    yield from gathered.items()


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def listed(values: Sequence[Any]) -> str:
    """`values` (rows of them, perhaps) as one parameter of a statement, which reads it by `json_each`: one
    statement is then enough for any number."""
    return _ENCODER.encode(values)


def _open(path: Path, schema: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=64
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a paid answer outlives a power failure
        connection.execute("BEGIN IMMEDIATE")
        for statement in schema.split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
